//! The explorer at `/graphiql` and the reference of the API at `/reference`: pages that are part of the program and load nothing from elsewhere.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::fresh::{is_held, tag};
use super::reply::refuse;
use super::{Http, reference};
use crate::graphql::{errors, schema};

/// What `build.rs` wrote: the bundle, where Node was at hand, and the examples.
mod built {
    include!(concat!(env!("OUT_DIR"), "/explorer.rs"));
}

const EXPLORER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const REFERENCE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'self'";
const FILE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

const ASKED_EACH_TIME: &str = "public, no-cache";
/// For names that change with what is in the file.
const KEPT: &str = "public, max-age=31536000, immutable";

struct File {
    body: Bytes,
    media: &'static str,
    policy: &'static str,
    frame: &'static str,
    cache: &'static str,
    gzipped: bool,
    tag: HeaderValue,
}

impl File {
    fn new(name: &str, body: impl Into<Bytes>) -> File {
        let media = match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "json" => "application/json; charset=utf-8",
            "svg" => "image/svg+xml",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        };
        let body = body.into();
        let tag = tag(&body);
        File { body, media, policy: FILE_POLICY, frame: "DENY", cache: ASKED_EACH_TIME, gzipped: false, tag }
    }

    /// Who takes no gzip is sent it all the same: no browser that runs the page is among them, and a second copy of everything would be.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let mut response = if is_held(headers, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = ([(header::CONTENT_TYPE, self.media)], self.body.clone()).into_response();
            if self.gzipped {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        };
        let written = response.headers_mut();
        written.insert(header::ETAG, self.tag.clone());
        let fixed = [
            (header::CACHE_CONTROL, self.cache),
            (header::CONTENT_SECURITY_POLICY, self.policy),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, self.frame),
        ];
        written.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }
}

/// The files below `/graphiql/`, by name; a page among them is served at `/graphiql`.
static FILES: LazyLock<HashMap<&'static str, File>> = LazyLock::new(|| {
    let own: [(&str, &'static [u8]); 9] = [
        ("plain.html", include_bytes!("../../explorer/plain/plain.html")),
        ("plain.css", include_bytes!("../../explorer/plain/plain.css")),
        ("plain.js", include_bytes!("../../explorer/plain/plain.js")),
        ("bar.css", include_bytes!("../../explorer/shared/bar.css")),
        ("examples.js", include_bytes!("../../explorer/shared/examples.js")),
        ("session.js", include_bytes!("../../explorer/shared/session.js")),
        ("icon.svg", include_bytes!("../../explorer/shared/icon.svg")),
        ("reference.css", include_bytes!("../../explorer/reference/reference.css")),
        ("reference.js", include_bytes!("../../explorer/reference/reference.js")),
    ];
    let own = own.into_iter().map(|(name, body)| (name, File::new(name, body)));
    let bundled = built::BUNDLE.iter().map(|(name, body)| {
        let cache = if name.starts_with("explorer-") { KEPT } else { ASKED_EACH_TIME };
        (*name, File { gzipped: true, cache, ..File::new(name, *body) })
    });
    let examples: Vec<_> = built::EXAMPLES.iter().map(|(query, variables)| json!({ "query": query, "variables": variables })).collect();
    let examples = ("examples.json", File::new("examples.json", json!(examples).to_string()));
    let paged = |(name, file): (&'static str, File)| {
        let file = if name.ends_with(".html") { File { policy: EXPLORER_POLICY, ..file } } else { file };
        (name, file)
    };
    own.chain(bundled).chain([examples]).map(paged).collect()
});

static REFERENCE: LazyLock<File> = LazyLock::new(|| {
    let page = reference::page(&schema::sdl(), errors::CODES);
    File { policy: REFERENCE_POLICY, frame: "SAMEORIGIN", ..File::new("reference.html", page) }
});

pub(super) fn routes() -> Router<Http> {
    Router::new().route("/graphiql", get(page)).route("/graphiql/{file}", get(file)).route("/reference", get(read))
}

/// GraphiQL; the plain page where it was not bundled, and at `/graphiql?plain`.
async fn page(State(http): State<Http>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let is_plain = query.is_some_and(|query| query == "plain");
    let bundled = FILES.get("index.html").filter(|_| !is_plain);
    serve(http.app.settings().explorer, bundled.or_else(|| FILES.get("plain.html")), &headers)
}

async fn file(State(http): State<Http>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let file = FILES.get(name.as_str()).filter(|_| !name.ends_with(".html"));
    serve(http.app.settings().explorer, file, &headers)
}

/// The reference tells what introspection tells, and is closed with it.
async fn read(State(http): State<Http>, headers: HeaderMap) -> Response {
    let settings = http.app.settings();
    let is_open = settings.explorer && settings.introspection;
    serve(is_open, is_open.then(|| &*REFERENCE), &headers)
}

fn serve(is_open: bool, file: Option<&File>, headers: &HeaderMap) -> Response {
    match file {
        Some(file) if is_open => file.answer(headers),
        _ => refuse(headers, StatusCode::NOT_FOUND, "NOT_FOUND", "此地址没有内容", "There is nothing at this address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_a_title_in_both_languages_and_variables_that_are_an_object() {
        assert!(built::EXAMPLES.len() >= 8);
        for (query, variables) in built::EXAMPLES {
            let title = query.lines().next().and_then(|line| line.strip_prefix("# "));
            assert!(title.is_some_and(|title| title.contains(" / ")), "{query}");
            let read = serde_json::from_str::<serde_json::Map<_, _>>(variables);
            assert!(variables.is_empty() || read.is_ok(), "{variables}");
        }
    }

    #[test]
    fn pages_load_only_what_is_served() {
        for (name, file) in FILES.iter().filter(|(name, file)| name.ends_with(".html") && !file.gzipped) {
            let text = std::str::from_utf8(&file.body).expect("a page is text");
            let loaded = text.split("\"graphiql/").skip(1).filter_map(|rest| rest.split('"').next());
            assert!(loaded.clone().count() > 1 && loaded.clone().all(|asset| FILES.contains_key(asset)), "{name}");
        }
    }
}
