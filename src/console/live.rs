//! What happens while somebody looks at a page: one word for each change, so that the page asks again for what it shows.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;

use super::sessions::ACCESS;
use super::visit::Visit;
use super::{guard, pages};
use crate::http::{Http, Inside};

/// Nothing more is asked for where nobody is signed in.
pub(super) async fn follow(State(http): State<Http>, visit: Visit) -> Response {
    let Some(token) = visit.cookies.get(ACCESS) else { return StatusCode::NO_CONTENT.into_response() };
    let authorization = Some(format!("Bearer {token}"));
    let question = Inside { authorization, operation: "Live", ..Inside::new(pages::layout().text, visit.lang) };
    let changes = match http.follow(visit.caller, &visit.headers, question).await {
        Ok(changes) => changes,
        Err(status) => return status.into_response(),
    };
    let events = changes.map(|kind| Ok::<_, Infallible>(Event::default().event("change").data(kind)));
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(12))).into_response();
    guard::dress(response.headers_mut());
    visit.cookies.write(response.headers_mut());
    response
}
