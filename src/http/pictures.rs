//! Pictures of deliveries, which are too large for GraphQL: sent as they are, read at the address that `Picture.path` names.

use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::operation::authenticate;
use super::rates::{Caller, Peer};
use super::reply::{Rejected, lang, refuse};
use super::{BODY, Http, whole_of};
use crate::auth::{ClientScope, Viewer};
use crate::clients::operations;
#[cfg(feature = "console")]
use crate::console;
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::lang::Lang;
use crate::matches::actions::picture;
use crate::picture::{LARGEST, make};

/// Each is in memory as a whole.
pub(super) const BODIES: usize = 16;
/// Each takes a core while it is made, and the room of the whole picture.
pub(super) const AT_A_TIME: usize = 2;
/// What sending and reading one costs of a caller's share, as if it were an operation.
const SENDING: u64 = 20_000;
const READING: u64 = 1_000;
/// A page shows what it was sent and does nothing.
const POLICY: &str = "default-src 'none'; sandbox";

#[derive(Deserialize)]
pub(super) struct Asked {
    delivery: Option<String>,
}

/// `POST /pictures?delivery=…`: 201 with the picture; the same file once more is the same picture.
pub(super) async fn add(
    State(http): State<Http>,
    Extension(peer): Extension<Peer>,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let media = text(header::CONTENT_TYPE).and_then(|media| media.split(';').next()).map(|media| media.trim().to_ascii_lowercase());
    // The content types of a form are refused: that closes cross-site requests.
    if !media.is_some_and(|media| ["image/jpeg", "image/png", "image/webp"].contains(&media.as_str())) {
        drain(body).await;
        let (zh, en) = ("请求须为 image/jpeg、image/png 或 image/webp", "Send image/jpeg, image/png or image/webp");
        return refuse(&headers, StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", zh, en);
    }
    if headers.contains_key("x-dry-run") {
        drain(body).await;
        let (zh, en) = ("照片不能试运行", "There is no dry run of pictures");
        return refuse(&headers, StatusCode::BAD_REQUEST, "BAD_USER_INPUT", zh, en);
    }
    let lang = lang(&headers);
    // Of nobody so much is kept in memory.
    let viewer = match http.caller(peer, &headers, text(header::AUTHORIZATION), lang, ClientScope::Write).await {
        Ok(viewer) => viewer,
        Err(rejected) => {
            drain(body).await;
            return rejected.answer();
        }
    };
    let place = http.uploads.acquire().await;
    let body = match whole_of(body, LARGEST).await {
        Ok(body) => body,
        Err(status) => {
            let (zh, en) = ("照片超过 12 MB 或未及时传完", "The picture has more than 12 MB or did not arrive whole in time");
            return refuse(&headers, status, "LIMIT_EXCEEDED", zh, en);
        }
    };
    let delivery = asked.ok().and_then(|asked| asked.0.delivery).unwrap_or_default();
    let kept = http.keep_picture(&viewer, &delivery, body).await;
    drop(place);
    match kept.map_err(|error| failed(lang, error)) {
        Ok(id) => {
            let (id, path) = (id.to_string(), format!("/pictures/{id}"));
            let location = HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static("/"));
            (StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(json!({ "id": id, "path": path }))).into_response()
        }
        Err(rejected) => rejected.answer(),
    }
}

/// Reads what is not wanted and keeps none of it, so that the caller hears why.
async fn drain(body: Body) {
    let read = async {
        let (mut left, mut parts) = (LARGEST, body.into_data_stream());
        while let Some(Ok(part)) = parts.next().await {
            match left.checked_sub(part.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(BODY, read).await;
}

/// `GET /pictures/{id}`: the JPEG, to whoever may see the match.
pub(super) async fn show(
    State(http): State<Http>,
    Extension(peer): Extension<Peer>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let (lang, id) = (lang(&headers), id.map(|id| id.0).unwrap_or_default());
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Pages show pictures by their address alone. No other site's page can: the cookie is not sent for it.
    #[cfg(feature = "console")]
    let authorization = authorization.or_else(|| console::authorization(&http, peer, &headers));
    let tag = HeaderValue::from_str(&format!("\"{id}\"")).ok();
    let is_held = tag.is_some() && headers.get(header::IF_NONE_MATCH) == tag.as_ref();
    let read = async {
        let viewer = http.caller(peer, &headers, authorization.as_deref(), lang, ClientScope::Read).await?;
        let id = GlobalId::parse(&id).filter(|id| id.kind == NodeKind::Picture);
        let read = match id {
            Some(id) => picture::read(&http.app, &viewer, id.key, is_held).await,
            None => Err(AppError::NotFound),
        };
        read.map_err(|error| failed(lang, error))
    };
    let mut response = match read.await {
        Ok(Some(jpeg)) => ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response(),
        Ok(None) => StatusCode::NOT_MODIFIED.into_response(),
        Err(rejected) => return rejected.answer(),
    };
    let all = [
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::VARY, "Authorization, Cookie"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in all {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().extend(tag.map(|tag| (header::ETAG, tag)));
    response
}

impl Http {
    /// Adds a picture to a delivery, for what is part of the program; the status and the error that it would have outside.
    #[cfg(feature = "console")]
    pub(crate) async fn add_picture(
        &self,
        peer: Peer,
        headers: &HeaderMap,
        authorization: Option<String>,
        lang: Lang,
        delivery: &str,
        sent: Bytes,
    ) -> Result<(), (StatusCode, serde_json::Value)> {
        let added = async {
            let viewer = self.caller(peer, headers, authorization.as_deref(), lang, ClientScope::Write).await?;
            self.keep_picture(&viewer, delivery, sent).await.map_err(|error| failed(lang, error))
        };
        added.await.map(|_| ()).map_err(|rejected| (rejected.status, rejected.error))
    }

    async fn keep_picture(&self, viewer: &Viewer, delivery: &str, sent: Bytes) -> Result<GlobalId> {
        let delivery = GlobalId::parse(delivery).filter(|id| id.kind == NodeKind::Delivery).ok_or(AppError::NotFound)?;
        let digest: String = Sha256::digest(&sent).iter().map(|byte| format!("{byte:02x}")).collect();
        // What will not be kept is not made.
        if let Some(known) = picture::look(&self.app, viewer, delivery.key, &digest).await? {
            return Ok(GlobalId::new(NodeKind::Picture, known));
        }
        let Ok(Ok(place)) = tokio::time::timeout(BODY, self.picturing.clone().acquire_owned()).await else {
            return Err(AppError::Conflict);
        };
        let make = move || {
            // Made to its end, whether or not the caller is still there.
            let _place = place;
            make(&sent)
        };
        let made = tokio::task::spawn_blocking(make).await.map_err(AppError::internal)??;
        let add = |work| {
            let (made, digest) = (&made, &digest);
            async move { picture::add(&work, delivery.key, made, digest).await }
        };
        let done = self.app.write(viewer, &Conn::Pool(self.app.db().clone()), add).await?;
        Ok(GlobalId::new(NodeKind::Picture, done.value))
    }

    async fn admitted(&self, authorization: Option<&str>, scope: ClientScope) -> Result<Viewer> {
        let viewer = authenticate(self, authorization).await?;
        if viewer.account.is_none() {
            return Err(AppError::Unauthenticated);
        }
        if !viewer.within(scope) {
            return Err(AppError::Forbidden { permission: "scope", node: None });
        }
        match viewer.client() {
            // A picture is none of its own operations.
            Some(client) if operations::is_held(&self.app, client).await? => {
                Err(AppError::Forbidden { permission: "registered operation", node: None })
            }
            _ => Ok(viewer),
        }
    }

    /// Who asks for a picture, counted like everybody else.
    async fn caller(
        &self,
        peer: Peer,
        headers: &HeaderMap,
        authorization: Option<&str>,
        lang: Lang,
        scope: ClientScope,
    ) -> Result<Viewer, Rejected> {
        let address = peer.caller(headers, &self.app.settings().trusted_proxies);
        let viewer = self.admitted(authorization, scope).await;
        let account: Option<Uuid> = viewer.as_ref().ok().and_then(Viewer::account_id);
        let cost = match (account, scope) {
            (None, _) => 1,
            (_, ClientScope::Write) => SENDING,
            _ => READING,
        };
        self.rates.take(account.map_or(address, Caller::Account), cost).map_err(|seconds| Rejected::too_often(lang, seconds))?;
        viewer.map_err(|error| failed(lang, error))
    }
}

fn failed(lang: Lang, error: AppError) -> Rejected {
    let status = match &error {
        AppError::NotFound => Some(StatusCode::NOT_FOUND),
        AppError::Refused(_) => Some(StatusCode::UNPROCESSABLE_ENTITY),
        AppError::Conflict => Some(StatusCode::SERVICE_UNAVAILABLE),
        _ => None,
    };
    let mut rejected = Rejected::failed(lang, error);
    rejected.status = status.unwrap_or(rejected.status);
    rejected
}
