//! The console: pages for secretaries, unit representatives and those who look after them, rendered on the server, in Chinese and in English.
//!
//! It speaks GraphQL only, by the door that everybody's operations go through. A page is two files of `pages/`: `need.graphql` has what it asks
//! and what can be done on it, `need.html` how it looks. Every form names one of its mutations; its fields are the variables. What is done is
//! followed by a redirect, so that going back or reloading does nothing twice, and each form has an idempotency key, so that two taps do one
//! thing. Everything works without scripts.

mod forms;
mod guard;
mod live;
mod pages;
mod sessions;
mod view;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::calendar::shanghai_day;
use crate::http::{Http, Peer, whole};
use crate::lang::Lang;

use forms::Fields;
use pages::{PAGES, Page, Who};
use sessions::{Cookies, Sessions};

/// What the handlers of the console share.
#[derive(Clone)]
pub struct Console {
    http: Http,
    sessions: Arc<Sessions>,
}

pub fn routes(http: Http) -> Router<Http> {
    let mut router = Router::new()
        .route("/preferences", axum::routing::post(prefer))
        .route("/live", get(live::follow))
        .route("/assets/{file}", get(asset));
    for page in PAGES {
        router = router.route(page.path, get(show).post(act).layer(Extension(page)));
    }
    router.with_state(Console { http, sessions: Arc::default() })
}

/// The addresses of all pages, with `{id}` in the place of ids.
pub fn paths() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|page| page.path)
}

/// Whether an address is one of a page.
pub(crate) fn is_page(path: &str) -> bool {
    let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    PAGES.iter().any(|page| first(page.path) == first(path))
}

/// One visit of a page: who comes, what the address says, what the visitor chose to see.
struct Visit {
    page: &'static Page,
    /// From the path and the query string.
    asked: Fields,
    /// Path and query string, to come back to.
    here: String,
    cookies: Cookies,
    lang: Lang,
    caller: Peer,
    headers: HeaderMap,
}

/// What became of a form, where its page is shown again.
#[derive(Default)]
struct Outcome {
    /// The mutation that was asked for.
    done: String,
    given: Fields,
    refusals: Value,
    /// The payload of a form that was only checked, or of one that shows something once.
    payload: Value,
    /// Whether it was only checked.
    checked: bool,
}

impl Visit {
    async fn new(
        console: &Console,
        page: &'static Page,
        path: HashMap<String, String>,
        query: Option<String>,
        uri: &Uri,
        headers: HeaderMap,
        caller: Peer,
    ) -> Visit {
        let mut asked = Fields::read(query.as_deref().unwrap_or_default().as_bytes());
        for (name, value) in path {
            asked.set(&name, value);
        }
        let mut cookies = Cookies::read(&headers);
        let lang = match cookies.get("lang") {
            Some("en") => Lang::En,
            Some("zh") => Lang::Zh,
            _ => Lang::accepted(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default()),
        };
        let token = cookies.get(sessions::ACCESS);
        if token.is_some_and(|token| console.http.app.tokens().check(token, console.http.app.clock().now()).is_err()) {
            cookies.end(sessions::ACCESS);
        }
        console.sessions.freshen(console, &mut cookies, caller, &headers, lang).await;
        let here = uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        Visit { page, asked, here, cookies, lang, caller, headers }
    }

    /// Sends an operation of a document, with the variables that it declares.
    async fn ask(&self, console: &Console, asked: Asked<'_>) -> Result<Value, Failure> {
        let token = self.cookies.get(sessions::ACCESS);
        let question = crate::http::Inside {
            authorization: token.map(|token| format!("Bearer {token}")),
            lang: self.lang,
            document: asked.document,
            operation: asked.operation,
            variables: asked.variables,
            key: asked.key,
            dry_run: asked.dry_run,
        };
        let (status, answer) = console.http.ask(self.caller, &self.headers, question).await;
        let error = answer["errors"].get(0);
        match error {
            None => Ok(answer["data"].clone()),
            Some(error) => Err(Failure {
                code: error["extensions"]["code"].as_str().unwrap_or_default().to_owned(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
                incident: error["extensions"]["incident"].as_str().map(str::to_owned),
                status: if status.is_success() { StatusCode::INTERNAL_SERVER_ERROR } else { status },
            }),
        }
    }
}

struct Asked<'a> {
    document: &'a str,
    operation: &'a str,
    variables: Map<String, Value>,
    key: Option<String>,
    dry_run: bool,
}

/// Why there is no answer.
struct Failure {
    code: String,
    message: String,
    incident: Option<String>,
    status: StatusCode,
}

async fn show(
    State(console): State<Console>,
    Extension(page): Extension<&'static Page>,
    Extension(caller): Extension<Peer>,
    Path(path): Path<HashMap<String, String>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::new(&console, page, path, query, &uri, headers, caller).await;
    render(&console, visit, Outcome::default(), StatusCode::OK).await
}

/// Does what a form asks for. All forms of a page are sent to its own address.
async fn act(
    State(console): State<Console>,
    Extension(page): Extension<&'static Page>,
    Extension(caller): Extension<Peer>,
    Path(path): Path<HashMap<String, String>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = whole(&console.http.app, body).await;
    let mut visit = Visit::new(&console, page, path, query, &uri, headers, caller).await;
    let given = match body {
        Ok(body) => Fields::read(&body),
        Err(status) => return fail(&console, visit, status, "FORM_INCOMPLETE").await,
    };
    if !guard::is_own(&visit.headers, &visit.cookies, &given) {
        return fail(&console, visit, StatusCode::FORBIDDEN, "FORM_EXPIRED").await;
    }
    let document = page.document();
    let name = given.first("do").unwrap_or_default().to_owned();
    let Some(operation) = document.mutation(&name) else {
        return fail(&console, visit, StatusCode::BAD_REQUEST, "FORM_INCOMPLETE").await;
    };
    let checked = given.first("step") == Some("check");
    let known = known(&console, &Value::Null, None);
    let asked = Asked {
        document: document.text,
        operation: &name,
        variables: forms::variables(operation, &[&given, &visit.asked], &known),
        key: given.first("key").filter(|key| !key.is_empty()).map(str::to_owned),
        dry_run: checked,
    };
    let data = match visit.ask(&console, asked).await {
        Ok(data) => data,
        Err(failure) => return failed(&console, visit, failure).await,
    };
    let payload = data.as_object().and_then(|data| data.values().next()).cloned().unwrap_or_default();
    let is_refused = payload["refusals"].as_array().is_some_and(|refusals| !refusals.is_empty());
    if is_refused || checked || payload.get("secret").is_some() {
        let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let outcome = Outcome { done: name, given, refusals: payload["refusals"].clone(), payload, checked: checked && !is_refused };
        return render(&console, visit, outcome, status).await;
    }
    match name.as_str() {
        "signIn" => {
            visit.cookies.take(console.http.app.clock().now(), &payload["result"]);
            visit.cookies.renew_form();
        }
        "signOut" => {
            visit.cookies.end_session();
            visit.cookies.renew_form();
        }
        _ => {}
    }
    let id = payload["result"]["id"].as_str().unwrap_or_default();
    let to = given.first("then").filter(|to| guard::is_local(to)).unwrap_or(&visit.here).replace("{id}", id);
    visit.cookies.tell(&name, &payload["warnings"]);
    redirect(visit, &to)
}

/// What every page may need: who comes, in which role, and today.
fn known(console: &Console, acting: &Value, seen: Option<&str>) -> Map<String, Value> {
    let today = shanghai_day(console.http.app.clock().now());
    let mut known = Map::new();
    let day = |days| json!((today + chrono::Days::new(days)).to_string());
    known.insert("today".to_owned(), day(0));
    known.insert("soon".to_owned(), day(7));
    let (area, unit) = (&acting["area"], &acting["unit"]["id"]);
    let community = if area["level"] == "COMMUNITY" { &area["id"] } else { &Value::Null };
    for (name, id) in [("area", &area["id"]), ("community", community), ("unit", unit)] {
        if id.is_string() {
            known.insert(name.to_owned(), id.clone());
        }
    }
    if let Some(seen) = seen {
        known.insert("seen".to_owned(), seen.into());
    }
    known
}

/// The page with its data.
async fn render(console: &Console, mut visit: Visit, outcome: Outcome, status: StatusCode) -> Response {
    let layout = pages::layout();
    let mut viewer = Value::Null;
    if visit.cookies.get(sessions::ACCESS).is_some() {
        let asked = Asked { document: layout.text, operation: "Layout", variables: Map::new(), key: None, dry_run: false };
        match visit.ask(console, asked).await {
            Ok(data) => viewer = data["viewer"].clone(),
            Err(failure) if failure.code == "UNAUTHENTICATED" => visit.cookies.end_session(),
            Err(failure) => return failed(console, visit, failure).await,
        }
    }
    if viewer.is_null() && visit.page.who == Who::SignedIn {
        return sign_in(visit);
    }
    let acting = acting(&viewer, visit.cookies.get("acting")).clone();
    let document = visit.page.document();
    let mut data = Value::Null;
    if let Some((name, operation)) = document.query(&viewer, &acting) {
        let known = known(console, &acting, visit.cookies.get(sessions::SEEN));
        let asked = Asked {
            document: document.text,
            operation: name,
            variables: forms::variables(operation, &[&visit.asked], &known),
            key: None,
            dry_run: false,
        };
        data = match visit.ask(console, asked).await {
            Ok(data) => data,
            // The cursor may be one of another database.
            Err(failure) if failure.code == "BAD_USER_INPUT" && visit.cookies.get(sessions::SEEN).is_some() => {
                visit.cookies.end(sessions::SEEN);
                let here = visit.here.clone();
                return redirect(visit, &here);
            }
            Err(failure) => return failed(console, visit, failure).await,
        };
        // Whoever comes for the first time has read all that was before.
        if let Some(latest) = data["latest"]["cursor"].as_str().filter(|_| visit.cookies.get(sessions::SEEN).is_none()) {
            visit.cookies.set(sessions::SEEN, latest, Some(sessions::YEAR));
        }
        // The first of what a page asks for is what it is about.
        let about = data.as_object().and_then(|data| data.values().next());
        if visit.page.path.contains('{') && about.is_none_or(|about| about.is_null() || about.as_object().is_some_and(Map::is_empty)) {
            return fail(console, visit, StatusCode::NOT_FOUND, "NOT_FOUND").await;
        }
    }
    let context = view::Context { visit: &mut visit, viewer: &viewer, acting: &acting, data, outcome };
    match view::render(console, context, visit_template) {
        Ok(html) => page(visit, status, html),
        Err(error) => {
            tracing::error!(error, "a page could not be rendered");
            page(visit, StatusCode::INTERNAL_SERVER_ERROR, view::BROKEN.to_owned())
        }
    }
}

fn visit_template(page: &Page) -> String {
    format!("{}.html", page.name)
}

/// The role that the viewer has chosen to act in; the first where none was.
fn acting<'a>(viewer: &'a Value, chosen: Option<&str>) -> &'a Value {
    let grants = viewer["grants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = grants.iter().find(|grant| chosen.is_some() && grant["id"].as_str() == chosen);
    found.or_else(|| grants.first()).unwrap_or(&Value::Null)
}

async fn failed(console: &Console, visit: Visit, failure: Failure) -> Response {
    if failure.code == "UNAUTHENTICATED" {
        return sign_in(visit);
    }
    let status = match failure.code.as_str() {
        "FORBIDDEN" => StatusCode::FORBIDDEN,
        "NOT_FOUND" => StatusCode::NOT_FOUND,
        "RATE_LIMITED" => StatusCode::TOO_MANY_REQUESTS,
        "BAD_USER_INPUT" | "LIMIT_EXCEEDED" => StatusCode::BAD_REQUEST,
        _ => failure.status,
    };
    error(console, visit, status, &failure.code, &failure.message, failure.incident.as_deref())
}

async fn fail(console: &Console, visit: Visit, status: StatusCode, code: &str) -> Response {
    error(console, visit, status, code, "", None)
}

fn error(console: &Console, mut visit: Visit, status: StatusCode, code: &str, message: &str, incident: Option<&str>) -> Response {
    let data = json!({ "code": code, "message": message, "incident": incident });
    let none = Value::Null;
    let context = view::Context { visit: &mut visit, viewer: &none, acting: &none, data, outcome: Outcome::default() };
    match view::render(console, context, |_| "error.html".to_owned()) {
        Ok(html) => page(visit, status, html),
        Err(error) => {
            tracing::error!(error, "a page could not be rendered");
            page(visit, status, view::BROKEN.to_owned())
        }
    }
}

/// What is not there, to somebody who reads.
pub(crate) async fn nowhere(http: Http, caller: Peer, uri: Uri, headers: HeaderMap) -> Response {
    let console = Console { http, sessions: Arc::default() };
    let visit = Visit::new(&console, &pages::NOWHERE, HashMap::new(), None, &uri, headers, caller).await;
    fail(&console, visit, StatusCode::NOT_FOUND, "NOT_FOUND").await
}

fn sign_in(visit: Visit) -> Response {
    let then = serde_urlencoded::to_string([("then", &visit.here)]).unwrap_or_default();
    redirect(visit, &format!("/sign-in?{then}"))
}

fn redirect(visit: Visit, to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    guard::dress(response.headers_mut());
    visit.cookies.write(response.headers_mut());
    response
}

fn page(visit: Visit, status: StatusCode, html: String) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    guard::dress(response.headers_mut());
    visit.cookies.write(response.headers_mut());
    response
}

/// What the visitor chose to see: the language, the size of the letters, the role to act in.
async fn prefer(State(console): State<Console>, headers: HeaderMap, body: Body) -> Response {
    let body = whole(&console.http.app, body).await.unwrap_or_default();
    let (given, mut cookies) = (Fields::read(&body), Cookies::read(&headers));
    let mut response = StatusCode::FORBIDDEN.into_response();
    if guard::is_own(&headers, &cookies, &given) {
        for name in ["lang", "type", "acting", sessions::SEEN] {
            if let Some(value) = given.first(name).filter(|value| value.len() < 80) {
                cookies.set(name, value, Some(sessions::YEAR));
            }
        }
        let to = given.first("then").filter(|to| guard::is_local(to)).unwrap_or("/");
        let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
        response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    }
    guard::dress(response.headers_mut());
    cookies.write(response.headers_mut());
    response
}

async fn asset(Path(file): Path<String>, RawQuery(version): RawQuery) -> Response {
    let Some((media, bytes)) = pages::asset(&file) else { return StatusCode::NOT_FOUND.into_response() };
    let cache = if version.is_some() { "public, max-age=31536000, immutable" } else { "public, max-age=60" };
    let headers = [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, cache), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, bytes).into_response()
}
