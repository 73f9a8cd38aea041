//! The token endpoint of OAuth 2.0, for partner clients, and what it says of itself (RFC 8414).

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::rates::Peer;
use super::{Http, whole};
use crate::auth::ClientScope;
use crate::clients::rules::ALGORITHMS;
use crate::clients::tokens::{Asked, Denied, grant};

const FORM: &str = "application/x-www-form-urlencoded";

/// `POST /oauth/token`: the grant `client_credentials`; who asks says so by Basic authentication, in the form, or by a signed assertion.
pub(super) async fn token(State(http): State<Http>, Extension(peer): Extension<Peer>, headers: HeaderMap, body: Body) -> Response {
    let address = peer.caller(&headers, &http.app.settings().trusted_proxies);
    if let Err(seconds) = http.rates.take(address, 1) {
        let mut response = answer(StatusCode::TOO_MANY_REQUESTS, &error("temporarily_unavailable", "too many requests"));
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        return response;
    }
    let invalid = |why| answer(StatusCode::BAD_REQUEST, &error("invalid_request", why));
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let media = text(header::CONTENT_TYPE).and_then(|media| media.split(';').next()).map(|media| media.trim().to_ascii_lowercase());
    if media.as_deref() != Some(FORM) {
        return invalid("send application/x-www-form-urlencoded");
    }
    let Some(mut asked) = whole(&http.app, body).await.ok().and_then(|body| serde_urlencoded::from_bytes::<Asked>(&body).ok()) else {
        return invalid("the form is malformed");
    };
    if let Some(authorization) = text(header::AUTHORIZATION) {
        let Some((id, secret)) = basic(authorization) else { return invalid("only Basic authentication is known here") };
        if asked.client_secret.is_some() || asked.client_assertion.is_some() || asked.client_id.as_ref().is_some_and(|said| *said != id) {
            return invalid("prove yourself in one way");
        }
        (asked.client_id, asked.client_secret) = (Some(id), Some(secret));
    }
    let host = text(header::HOST).unwrap_or_default();
    let audiences = [http.app.settings().issuer.clone(), format!("https://{host}/oauth/token"), format!("http://{host}/oauth/token")];
    match grant(&http.app, &asked, &audiences).await {
        Ok(granted) => {
            let body = json!({ "access_token": granted.access_token, "token_type": "Bearer", "expires_in": granted.expires_in, "scope": granted.scope });
            answer(StatusCode::OK, &body)
        }
        Err(Denied::Because { error: code, description, status }) => {
            let mut response = answer(status, &error(code, description));
            if status == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"alliance\""));
            }
            response
        }
        Err(Denied::Failed(cause)) => {
            tracing::error!(?cause, "a client could not be given a token");
            answer(StatusCode::INTERNAL_SERVER_ERROR, &error("server_error", "the service failed; try again later"))
        }
    }
}

/// `GET /.well-known/oauth-authorization-server`: where tokens are given out, and for what. The addresses are those by which it was asked.
pub(super) async fn metadata(State(http): State<Http>, Extension(peer): Extension<Peer>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text("host").and_then(|host| host.parse::<Authority>().ok()).filter(|host| !host.as_str().contains('@')) else {
        return answer(StatusCode::BAD_REQUEST, &error("invalid_request", "say the host"));
    };
    let settings = http.app.settings();
    let said = text("x-forwarded-proto").filter(|_| peer.is_trusted(&settings.trusted_proxies));
    let scheme = match said {
        Some(scheme @ ("http" | "https")) => scheme,
        _ if ["localhost", "127.0.0.1", "[::1]"].contains(&host.host()) => "http",
        // TLS stands in front of what is reached from elsewhere.
        _ => "https",
    };
    let base = format!("{scheme}://{host}");
    let is_address = settings.issuer.starts_with("https://") || settings.issuer.starts_with("http://");
    let body = json!({
        "issuer": if is_address { &settings.issuer } else { &base },
        "token_endpoint": format!("{base}/oauth/token"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "scopes_supported": ClientScope::ALL.map(|scope| scope.code().to_lowercase()),
    });
    ([(header::CACHE_CONTROL, "public, max-age=60"), (header::VARY, "X-Forwarded-Proto")], axum::Json(body)).into_response()
}

/// A name and a secret as Basic authentication carries them; each was written as in a form first.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |part: &str| serde_urlencoded::from_str::<Vec<(String, String)>>(part).ok()?.pop().map(|(name, _)| name);
    Some((plain(id)?, plain(secret)?))
}

fn error(code: &str, description: &str) -> Value {
    json!({ "error": code, "error_description": description })
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, headers, axum::Json(body)).into_response()
}
