//! What happens while somebody looks at a page: one word for each change, so that the page asks again for what it shows.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::Map;

use super::sessions::{ACCESS, Cookies};
use super::{guard, pages};
use crate::http::{Http, Inside, Peer};
use crate::lang::Lang;

pub(super) async fn follow(State(http): State<Http>, Extension(caller): Extension<Peer>, headers: HeaderMap) -> Response {
    let cookies = Cookies::read(&headers);
    let Some(token) = cookies.get(ACCESS) else { return StatusCode::NO_CONTENT.into_response() };
    let question = Inside {
        authorization: Some(format!("Bearer {token}")),
        lang: Lang::Zh,
        document: pages::layout().text,
        operation: "Live",
        variables: Map::new(),
        key: None,
        dry_run: false,
    };
    let Ok(changes) = http.follow(caller, &headers, question).await else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let events = changes.map(|kind| Ok::<_, Infallible>(Event::default().event("change").data(kind)));
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(12))).into_response();
    guard::dress(response.headers_mut());
    response
}
