//! The console: pages for secretaries, unit representatives and those who look after them, rendered on the server, in Chinese and in English.
//!
//! It speaks GraphQL only, by the door that everybody's operations go through. A page is two files of `pages/`: `need.graphql` has what it asks
//! and what can be done on it, `need.html` how it looks. Every form names one of its mutations; its fields are the variables. What is done is
//! followed by a redirect, so that going back or reloading does nothing twice, and each form but those of sessions and secrets has an
//! idempotency key, so that two taps do one thing. Everything works without scripts.

mod csv;
mod days;
mod forms;
mod guard;
mod live;
mod pages;
mod sessions;
mod view;
mod visit;
mod words;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use crate::calendar::shanghai_day;
use crate::http::{Http, Peer, whole};

use forms::{Fields, Sent};
use pages::{PAGES, Who};
pub(crate) use sessions::Sessions;
use sessions::{Cookies, SEEN};
use visit::{Asked, Failure, Visit};

pub fn routes() -> Router<Http> {
    let mut router = Router::new()
        .route("/preferences", post(prefer).layer(Extension(&pages::NOWHERE)))
        .route("/live", get(live::follow).layer(Extension(&pages::NOWHERE)))
        .route("/assets/{file}", get(asset));
    for page in PAGES {
        router = router.route(page.path, get(show).post(act).layer(Extension(page)));
    }
    router
}

/// The addresses of all pages, with `{id}` in the place of ids.
pub fn paths() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|page| page.path)
}

/// Fields of one form.
const MOST_FIELDS: usize = 500;

/// Whether an address is one of a page.
pub(crate) fn is_page(path: &str) -> bool {
    let first = path.split('/').nth(1);
    PAGES.iter().any(|page| page.path.split('/').nth(1) == first)
}

/// What the session of a visitor is opened with, where a browser asks for what a page shows.
pub(crate) fn authorization(http: &Http, caller: Peer, headers: &HeaderMap) -> Option<String> {
    Cookies::read(http, caller, headers).get(sessions::ACCESS).map(bearer)
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
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

async fn show(State(http): State<Http>, visit: Visit) -> Response {
    if csv::is_asked(&visit) {
        return csv::download(http, visit).await;
    }
    render(&http, visit, Outcome::default(), StatusCode::OK).await
}

/// Does what a form asks for. All forms of a page are sent to its own address.
async fn act(State(http): State<Http>, mut visit: Visit, body: Body) -> Response {
    let Sent { fields: given, pictures, place: _place } = match Sent::read(&http, &visit, body).await {
        Ok(sent) => sent,
        Err(status) => return fail(&http, visit, status, "FORM_INCOMPLETE").await,
    };
    if given.pairs().len() > MOST_FIELDS {
        return fail(&http, visit, StatusCode::BAD_REQUEST, "FORM_INCOMPLETE").await;
    }
    if !guard::is_own(&visit, &given) {
        return fail(&http, visit, StatusCode::FORBIDDEN, "FORM_EXPIRED").await;
    }
    if visit.page.who == Who::SignedIn && visit.cookies.get(sessions::ACCESS).is_none() {
        return sign_in(visit);
    }
    let document = visit.page.document();
    let name = given.first("do").unwrap_or_default().to_owned();
    if name == ADD_PICTURES {
        return add_pictures(&http, visit, given, pictures).await;
    }
    let Some(operation) = document.mutation(&name) else {
        return fail(&http, visit, StatusCode::BAD_REQUEST, "FORM_INCOMPLETE").await;
    };
    let checked = given.first("step") == Some("check");
    let variables = forms::variables(operation, &[&given, &visit.path], &Map::new());
    let faults = forms::faults(operation, &variables, visit.lang);
    if !faults.is_empty() {
        let outcome = Outcome { done: name, given, refusals: faults.into(), ..Outcome::default() };
        return render(&http, visit, outcome, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let asked = Asked {
        document: document.text,
        operation: &name,
        variables,
        key: given.first("key").filter(|key| !key.is_empty()).map(str::to_owned),
        dry_run: checked,
    };
    let data = match visit.ask(&http, asked).await {
        Ok(data) => data,
        Err(failure) => return failed(&http, visit, failure).await,
    };
    let payload = data.as_object().and_then(|data| data.values().next()).cloned().unwrap_or_default();
    let is_refused = payload["refusals"].as_array().is_some_and(|refusals| !refusals.is_empty());
    if is_refused || checked || payload.get("secret").is_some() {
        let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let outcome = Outcome { done: name, given, refusals: payload["refusals"].clone(), payload, checked: checked && !is_refused };
        return render(&http, visit, outcome, status).await;
    }
    match name.as_str() {
        "signIn" => {
            visit.cookies.take(http.app.clock().now(), &payload["result"]);
            visit.cookies.renew_form();
        }
        "signOut" => {
            visit.cookies.end_session();
            visit.cookies.renew_form();
        }
        _ => {}
    }
    let id = payload["result"]["id"].as_str().unwrap_or_default();
    let mut warnings = payload["warnings"].clone();
    if let (Err(failure), Some(warnings)) = (visit.add_pictures(&http, id, pictures).await, warnings.as_array_mut()) {
        warnings.push(json!({ "message": failure.message }));
    }
    let to = given.first("then").map(|to| to.replace("{id}", id)).filter(|to| guard::is_local(to)).unwrap_or_else(|| visit.here.clone());
    visit.cookies.tell(&name, given.first("key").unwrap_or_default(), &warnings);
    redirect(visit, &to)
}

/// The one thing that is done with files, which GraphQL does not carry.
const ADD_PICTURES: &str = "addPictures";

async fn add_pictures(http: &Http, mut visit: Visit, given: Fields, pictures: Vec<Bytes>) -> Response {
    let refused = match visit.add_pictures(http, given.first("delivery").unwrap_or_default(), pictures).await {
        Ok(0) => visit.lang.pick("请先选择照片", "Choose pictures first").to_owned(),
        Ok(_) => {
            let to = given.first("then").filter(|to| guard::is_local(to)).unwrap_or(&visit.here).to_owned();
            visit.cookies.tell(ADD_PICTURES, "", &Value::Null);
            return redirect(visit, &to);
        }
        Err(failure) if failure.status == StatusCode::UNPROCESSABLE_ENTITY => failure.message,
        Err(failure) => return failed(http, visit, failure).await,
    };
    let refusals = json!([{ "message": refused, "path": ["pictures"] }]);
    let outcome = Outcome { done: ADD_PICTURES.to_owned(), given, refusals, ..Outcome::default() };
    render(http, visit, outcome, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// What every page may need: who comes, in which role, and the days that it is about.
fn known(http: &Http, visit: &Visit, acting: &Value) -> Map<String, Value> {
    let today = shanghai_day(http.app.clock().now());
    let days = days::known(today, |name| visit.asked.first(name)?.parse().ok());
    let mut known: Map<_, _> = days.into_iter().map(|(name, day)| (name, json!(day.to_string()))).collect();
    let (area, unit) = (&acting["area"], &acting["unit"]["id"]);
    let community = if area["level"] == "COMMUNITY" { &area["id"] } else { &Value::Null };
    for (name, id) in [("area", &area["id"]), ("community", community), ("unit", unit)] {
        if id.is_string() {
            known.insert(name.to_owned(), id.clone());
        }
    }
    if visit.asked.first("download").is_some() {
        known.insert("first".to_owned(), json!(100));
    }
    if let Some(seen) = visit.cookies.get(SEEN) {
        known.insert("seen".to_owned(), seen.into());
    }
    known
}

/// What a page is about to show: who comes, in which role, and the answer to its query.
struct Shown {
    viewer: Value,
    acting: Value,
    data: Value,
}

/// Why there is nothing to show.
enum Unshown {
    SignIn,
    /// Its template does not fit the answer.
    Broken(String),
    /// The same address is to be asked for once more.
    Again,
    Failed(Failure),
}

impl From<Failure> for Unshown {
    fn from(failure: Failure) -> Unshown {
        Unshown::Failed(failure)
    }
}

async fn gather(http: &Http, visit: &mut Visit) -> Result<Shown, Unshown> {
    let viewer = visit.viewer(http).await?;
    if viewer.is_null() && visit.page.who == Who::SignedIn {
        return Err(Unshown::SignIn);
    }
    let acting = acting(&viewer, visit.cookies.get("acting")).clone();
    let document = visit.page.document();
    let Some((name, operation)) = document.query(&viewer, &acting) else {
        return Ok(Shown { viewer, acting, data: Value::Null });
    };
    let known = known(http, visit, &acting);
    let reads_on = operation.variables.iter().any(|variable| variable.name == SEEN);
    let asked = Asked {
        document: document.text,
        operation: name,
        variables: forms::variables(operation, &[&visit.asked], &known),
        key: None,
        dry_run: false,
    };
    let data = match visit.ask(http, asked).await {
        Ok(data) => data,
        // The cursor may be one of another database.
        Err(failure) if failure.code == "BAD_USER_INPUT" && reads_on && visit.cookies.get(SEEN).is_some() => {
            visit.cookies.end(SEEN);
            return Err(Unshown::Again);
        }
        Err(failure) => return Err(failure.into()),
    };
    // Whoever comes for the first time has read all that was before.
    if let Some(latest) = data["latest"]["cursor"].as_str().filter(|_| visit.cookies.get(SEEN).is_none()) {
        visit.cookies.set(SEEN, latest, Some(sessions::YEAR));
    }
    // The first of what a page asks for is what it is about.
    let about = data.as_object().and_then(|data| data.values().next());
    if visit.page.path.contains('{') && about.is_none_or(|about| about.is_null() || about.as_object().is_some_and(Map::is_empty)) {
        return Err(Failure::of(StatusCode::NOT_FOUND, "NOT_FOUND").into());
    }
    Ok(Shown { viewer, acting, data })
}

async fn unshown(http: &Http, visit: Visit, why: Unshown) -> Response {
    match why {
        Unshown::SignIn => sign_in(visit),
        Unshown::Broken(error) => broken(visit, &error),
        Unshown::Again => {
            let here = visit.here.clone();
            redirect(visit, &here)
        }
        Unshown::Failed(failure) => failed(http, visit, failure).await,
    }
}

/// The page with its data.
async fn render(http: &Http, mut visit: Visit, outcome: Outcome, status: StatusCode) -> Response {
    let name = visit.page.name;
    let rendered = match gather(http, &mut visit).await {
        Ok(Shown { viewer, acting, data }) => {
            let context = view::Context { visit: &mut visit, viewer: &viewer, acting: &acting, data, outcome };
            view::render(http, context, name).map_err(Unshown::Broken)
        }
        Err(why) => Err(why),
    };
    match rendered {
        Ok(html) => page(visit, status, html),
        Err(why) => unshown(http, visit, why).await,
    }
}

/// The role that the viewer has chosen to act in; the first where none was.
fn acting<'a>(viewer: &'a Value, chosen: Option<&str>) -> &'a Value {
    let grants = viewer["grants"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = grants.iter().find(|grant| chosen.is_some() && grant["id"].as_str() == chosen);
    found.or_else(|| grants.first()).unwrap_or(&Value::Null)
}

async fn failed(http: &Http, visit: Visit, failure: Failure) -> Response {
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
    error(http, visit, status, &failure).await
}

async fn fail(http: &Http, visit: Visit, status: StatusCode, code: &str) -> Response {
    error(http, visit, status, &Failure::of(status, code)).await
}

async fn error(http: &Http, mut visit: Visit, status: StatusCode, failure: &Failure) -> Response {
    // Whatever is wrong may be wrong with this too.
    let viewer = visit.viewer(http).await.unwrap_or_default();
    let acting = acting(&viewer, visit.cookies.get("acting")).clone();
    let data = json!({ "code": failure.code, "message": failure.message, "incident": failure.incident });
    let context = view::Context { visit: &mut visit, viewer: &viewer, acting: &acting, data, outcome: Outcome::default() };
    match view::render(http, context, "error") {
        Ok(html) => page(visit, status, html),
        Err(error) => broken(visit, &error),
    }
}

fn broken(visit: Visit, error: &str) -> Response {
    tracing::error!(error, "a page could not be rendered");
    page(visit, StatusCode::INTERNAL_SERVER_ERROR, view::BROKEN.to_owned())
}

/// What is not there, to somebody who reads.
pub(crate) async fn nowhere(http: &Http, mut parts: Parts) -> Response {
    parts.extensions.insert(&pages::NOWHERE);
    match Visit::from_request_parts(&mut parts, http).await {
        Ok(visit) => fail(http, visit, StatusCode::NOT_FOUND, "NOT_FOUND").await,
        Err(status) => status.into_response(),
    }
}

fn sign_in(visit: Visit) -> Response {
    let then = serde_urlencoded::to_string([("then", &visit.here)]).unwrap_or_default();
    redirect(visit, &format!("/sign-in?{then}"))
}

fn redirect(visit: Visit, to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    answer(&visit, (StatusCode::SEE_OTHER, [(header::LOCATION, to)]))
}

fn page(visit: Visit, status: StatusCode, html: String) -> Response {
    answer(&visit, (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html))
}

/// With the headers of every page, and the cookies that the visit sets.
fn answer(visit: &Visit, parts: impl IntoResponse) -> Response {
    let mut response = parts.into_response();
    guard::dress(response.headers_mut());
    visit.cookies.write(response.headers_mut());
    response
}

/// What the visitor chose to see: the language, the size of the letters, the role to act in, how far the feed is read.
async fn prefer(State(http): State<Http>, mut visit: Visit, body: Body) -> Response {
    let given = Fields::read(&whole(&http.app, body).await.unwrap_or_default());
    if !guard::is_own(&visit, &given) {
        return fail(&http, visit, StatusCode::FORBIDDEN, "FORM_EXPIRED").await;
    }
    for name in ["lang", "type", "acting", SEEN] {
        if let Some(value) = given.first(name).filter(|value| value.len() < 80) {
            visit.cookies.set(name, value, Some(sessions::YEAR));
        }
    }
    let to = given.first("then").filter(|to| guard::is_local(to)).unwrap_or("/");
    redirect(visit, to)
}

async fn asset(Path(file): Path<String>, RawQuery(version): RawQuery) -> Response {
    let Some((media, bytes)) = pages::asset(&file) else { return StatusCode::NOT_FOUND.into_response() };
    // Another instance may be of another version.
    let is_this = version.is_some_and(|version| pages::asset_address(&file).ends_with(&format!("?{version}")));
    let cache = if is_this { "public, max-age=31536000, immutable" } else { "public, max-age=60" };
    let headers = [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, cache), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, bytes).into_response()
}
