//! One operation, by whatever door it came: measured, allowed, run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use async_graphql::{Response as Answer, Variables};
use axum::http::StatusCode;
use futures_util::{Stream, StreamExt};
use opentelemetry::KeyValue;
use serde::Deserialize;

use super::Http;
use super::persisted::{Asked, Named, Persisted, unknown};
use super::rates::{Caller, Standing};
use super::reply::{Body, Cost, Rejected};
use crate::auth::{ClientScope, Viewer, outside, sessions};
use crate::clients::operations;
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::graphql::errors::LANG;
use crate::graphql::guard::{self, Admitted, Document, Refused};
use crate::graphql::order::{as_asked, mark};
use crate::graphql::{Request, Source};
use crate::lang::Lang;
use crate::telemetry::metrics::{OK, UNKNOWN};
use crate::telemetry::trail;

/// Values in all variables together.
const MOST_VALUES: usize = 1000;
/// Whoever sends these leaves no trace, in the log either.
const NAMELESS: [&str; 2] = ["fileComplaint", "objectToAnswer"];
/// What needs no token, good or bad.
const OPENING: [&str; 2] = ["signIn", "refreshSession"];

/// The parameters of a request, in a body, in a query string or in a message.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    pub(super) query: Option<String>,
    pub(super) document_id: Option<String>,
    pub(super) operation_name: Option<String>,
    #[serde(default)]
    pub(super) variables: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    pub(super) extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Who asks, from where, in which language.
pub(super) struct Asker {
    pub(super) lang: Lang,
    pub(super) address: Caller,
    pub(super) authorization: Option<String>,
    /// Only a query may be asked this way.
    pub(super) safely: bool,
}

/// An operation within the limits, and who asks for it.
pub(super) struct Operation {
    http: Http,
    lang: Lang,
    admitted: Admitted,
    query: String,
    variables: Variables,
    viewer: Viewer,
    cost: Cost,
    /// What is left of the caller's share.
    pub(super) standing: Option<Standing>,
}

impl Operation {
    /// What is asked, where it may be asked. Everything counts: for the account that asks, else for the address.
    pub(super) async fn admit(http: &Http, asker: Asker, parameters: Parameters) -> Result<Operation, Rejected> {
        let admitted = Operation::try_to_admit(http, asker, parameters).await;
        if let Err(rejected) = &admitted {
            let (code, limit) = (rejected.code(), rejected.limit());
            http.app.metrics().asked(UNKNOWN, code);
            // Who asks too often would fill the log too.
            if code == "RATE_LIMITED" {
                tracing::debug!(code, "refused");
            } else {
                tracing::info!(code, limit, "refused");
            }
        }
        admitted
    }

    async fn try_to_admit(http: &Http, asker: Asker, parameters: Parameters) -> Result<Operation, Rejected> {
        let (lang, address) = (asker.lang, asker.address);
        let too_often = |seconds| Rejected::too_often(lang, seconds);
        match Operation::look(http, asker, parameters).await {
            Ok(mut operation) => {
                let caller = operation.viewer.account_id().map_or(address, Caller::Account);
                operation.standing = http.rates.take(caller, operation.cost.requested).map_err(too_often)?;
                Ok(operation)
            }
            Err(rejected) => {
                http.rates.take(address, 1).map_err(too_often)?;
                Err(rejected)
            }
        }
    }

    async fn look(http: &Http, asker: Asker, parameters: Parameters) -> Result<Operation, Rejected> {
        let lang = asker.lang;
        let bad_request = StatusCode::BAD_REQUEST;
        let failed = |error| Rejected::failed(lang, error);
        let (query, id) = (parameters.query, parameters.document_id.as_deref());
        let (asked, seen) = match Persisted::named(lang, query, id, parameters.extensions.as_ref())? {
            Named::Document(asked) => (asked, None),
            // Whose document it may be depends on who asks.
            Named::Hash { hash, registered } => {
                let viewer = authenticate(http, asker.authorization.as_deref()).await;
                let client = viewer.as_ref().ok().and_then(Viewer::client);
                let asked = match http.persisted.sent(&hash).filter(|_| !registered) {
                    Some(asked) => Some(asked),
                    None => operations::document(&http.app, client, &hash).await.map_err(failed)?.map(|document| Asked::found(&document)),
                };
                (asked.ok_or_else(|| unknown(lang))?, Some(viewer))
            }
        };
        let given = parameters.variables.as_ref().map_or(0, |variables| variables.values().map(values).sum());
        if given > MOST_VALUES {
            let (zh, en) = ("变量中的值过多", "The variables hold too many values");
            return Err(Rejected::unrunnable(lang, bad_request, "LIMIT_EXCEEDED", zh, en));
        }
        let variables = Variables::from_json(serde_json::Value::Object(parameters.variables.unwrap_or_default()));
        let name = parameters.operation_name.filter(|name| !name.is_empty());
        let document = |refused: Refused| Rejected::document(lang, &refused);
        let admitted = guard::admit(&http.documents, &asked.query, name.as_deref(), &variables, &http.limits).map_err(document)?;
        admitted.document.check(admitted.operation_name.as_deref(), &variables).map_err(document)?;
        http.persisted.keep(&asked);
        if asker.safely && admitted.operation == OperationType::Mutation {
            return Err(Rejected::malformed(lang, StatusCode::METHOD_NOT_ALLOWED, "GET 只能用于查询", "GET is for queries only"));
        }
        if guard::is_introspection(&admitted) && !http.app.settings().introspection {
            let (zh, en) = ("本服务未开放模式自省", "Introspection is switched off here");
            return Err(Rejected::unrunnable(lang, bad_request, "GRAPHQL_VALIDATION_FAILED", zh, en));
        }
        let viewer = match seen {
            Some(viewer) => viewer,
            None => authenticate(http, asker.authorization.as_deref()).await,
        };
        let viewer = match viewer {
            // Who signs in or refreshes often still sends the token that has just expired.
            Err(AppError::Unauthenticated) if admitted.root_fields.iter().all(|field| OPENING.contains(&field.as_str())) => {
                Viewer::anonymous()
            }
            viewer => viewer.map_err(failed)?,
        };
        if let Some(client) = viewer.client()
            && operations::is_held(&http.app, client).await.map_err(failed)?
            && operations::document(&http.app, Some(client), &operations::hash(&asked.query)).await.map_err(failed)?.is_none()
        {
            return Err(failed(AppError::Forbidden { permission: "registered operation", node: None }));
        }
        let (scope, permission) = match admitted.operation {
            OperationType::Query if admitted.root_fields.iter().any(|field| field == "changes") => (ClientScope::Changes, "scope changes"),
            OperationType::Query => (ClientScope::Read, "scope read"),
            OperationType::Mutation => (ClientScope::Write, "scope write"),
            OperationType::Subscription => (ClientScope::Changes, "scope changes"),
        };
        if !viewer.within(scope) {
            return Err(failed(AppError::Forbidden { permission, node: None }));
        }
        let limit = if viewer.account.is_some() { http.limits.cost } else { http.limits.anonymous_cost };
        let cost = Cost { requested: admitted.cost, limit };
        if cost.requested > limit {
            return Err(document(Refused::Limit { what: "cost", limit }));
        }
        Ok(Operation { http: http.clone(), lang, admitted, query: asked.query, variables, viewer, cost, standing: None })
    }

    pub(super) fn kind(&self) -> OperationType {
        self.admitted.operation
    }

    /// Runs a query or a mutation to its end, or until its time is over.
    pub(super) async fn run(self, key: Option<String>, dry_run: bool) -> Result<Body, Rejected> {
        let (lang, kind, name, account) = (self.lang, self.kind(), self.admitted.operation_name.clone(), self.viewer.account_id());
        let account = account.filter(|_| !self.admitted.root_fields.iter().any(|field| NAMELESS.contains(&field.as_str())));
        let (started, cost, app) = (Instant::now(), self.cost, self.http.app.clone());
        let limit = Duration::from_secs(u64::from(self.http.app.settings().request_seconds));
        let outcome = match tokio::time::timeout(limit, self.execute(key, dry_run)).await {
            Ok(Ok(answer)) => Ok(Body::of(answer, Some(cost))),
            Ok(Err(error)) => Err(Rejected::failed(lang, error)),
            Err(_) => {
                let (zh, en) = ("处理超时，请缩小查询后再试", "The request took too long; ask for less");
                Err(Rejected::overloaded(lang, StatusCode::SERVICE_UNAVAILABLE, "LIMIT_EXCEEDED", zh, en))
            }
        };
        let errors = outcome.as_ref().map_or(1, |body| body.errors.len());
        let code = match &outcome {
            Ok(body) => body.code().unwrap_or(OK),
            Err(rejected) => rejected.code(),
        };
        let took = started.elapsed();
        app.metrics().asked(word(kind), code);
        app.metrics().took(word(kind), took, cost.requested);
        let statements = note(kind, name.as_deref(), cost.requested, errors, code);
        let (account, cost) = (account.map(tracing::field::display), cost.requested);
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(%kind, operation = name, account, errors, cost, statements, millis, "request");
        outcome
    }

    async fn execute(self, key: Option<String>, dry_run: bool) -> Result<Answer> {
        let app = &self.http.app;
        // Nobody unknown may hold the writer's place.
        let dry_run = dry_run && self.kind() == OperationType::Mutation;
        let dry = if dry_run && self.viewer.account.is_some() { Some(app.db().begin().await?) } else { None };
        let (conn, turn) = match dry {
            Some((transaction, turn)) => (Conn::Within(Arc::new(transaction)), Some(turn)),
            None => (Conn::Pool(app.db().clone()), None),
        };
        let source = Arc::new(Source::new(app.clone(), self.viewer, conn, self.lang));
        let request = Request::new(source.clone(), key, dry_run);
        let batches = request.batches.clone();
        let (document, name) = (self.admitted.document.clone(), self.admitted.operation_name.clone());
        let prepared = prepare(self.admitted, self.query, self.variables).data(request);
        let answer = LANG.scope(self.lang, batches.drive(self.http.schema.execute(prepared))).await;
        let answer = as_specified(answer, &document, name.as_deref());
        drop(batches);
        if let Some(source) = Arc::into_inner(source) {
            source.close(turn).await?;
        }
        Ok(answer)
    }

    /// The answers of a subscription, until it has no more, or the service ends.
    pub(super) fn subscribe(self) -> Result<impl Stream<Item = Body> + Send + 'static, Rejected> {
        let Operation { http, lang, admitted, query, variables, viewer, cost, .. } = self;
        let Some(place) = http.streams.take(viewer.account_id()) else {
            let (zh, en) = ("同时接收变更的连接已满，请稍后再试", "Too many streams run at the moment; try again later");
            http.app.metrics().asked(word(OperationType::Subscription), "LIMIT_EXCEEDED");
            return Err(Rejected::overloaded(lang, StatusCode::SERVICE_UNAVAILABLE, "LIMIT_EXCEEDED", zh, en));
        };
        http.app.metrics().asked(word(OperationType::Subscription), OK);
        note(OperationType::Subscription, admitted.operation_name.as_deref(), cost.requested, 0, OK);
        let trail = trail::current();
        tracing::info!(operation = admitted.operation_name, account = viewer.account_id().map(tracing::field::display), "subscription");
        let source = Source::new(http.app.clone(), viewer, Conn::Pool(http.app.db().clone()), lang);
        let request = Request::new(Arc::new(source), None, false);
        let batches = request.batches.clone();
        let mut ending = http.ending.subscribe();
        let (document, name) = (admitted.document.clone(), admitted.operation_name.clone());
        let mut answers = Box::pin(http.schema.execute_stream(prepare(admitted, query, variables).data(request)));
        Ok(async_stream::stream! {
            let _place = place;
            loop {
                // The answers are taken where the request is no more: they are its own all the same.
                let next = LANG.scope(lang, batches.drive(answers.next()));
                let answer = tokio::select! {
                    answer = trail::follow(trail.as_ref(), next) => answer,
                    // The reader goes on elsewhere, after its last cursor.
                    _ = ending.wait_for(|ending| *ending) => None,
                };
                let Some(answer) = answer else { break };
                yield Body::of(as_specified(answer, &document, name.as_deref()), None);
            }
        })
    }
}

/// The viewer that a bearer token opens; anonymous where there is none.
pub(super) async fn authenticate(http: &Http, authorization: Option<&str>) -> Result<Viewer> {
    let Some(value) = authorization else {
        return Ok(Viewer::anonymous());
    };
    let (scheme, token) = value.split_once(' ').ok_or(AppError::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AppError::Unauthenticated);
    }
    let token = token.trim();
    match http.app.outside().named(token) {
        Some(issuer) => outside::viewer(&http.app, issuer, token).await,
        None => sessions::viewer(&http.app, token).await,
    }
}

/// What is asked for, as it is counted.
fn word(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// Says in the trace of this request what it was; how many statements it took.
fn note(kind: OperationType, name: Option<&str>, cost: u64, errors: usize, code: &str) -> u64 {
    let Some(trail) = trail::current() else { return 0 };
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    trail.note([
        KeyValue::new("graphql.operation.type", word(kind)),
        KeyValue::new("alliance.cost", number(cost)),
        KeyValue::new("alliance.errors", number(errors as u64)),
        KeyValue::new("alliance.outcome", code.to_owned()),
    ]);
    trail.note(name.map(|name| KeyValue::new("graphql.operation.name", name.to_owned())));
    if code == "INTERNAL" {
        trail.fail();
    }
    trail.statements()
}

/// How many values a variable holds, itself included.
fn values(variable: &serde_json::Value) -> usize {
    match variable {
        serde_json::Value::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
        serde_json::Value::Object(fields) => 1 + fields.values().map(values).sum::<usize>(),
        _ => 1,
    }
}

/// The executor's answer with null where a field failed, its fields in the order in which they were asked for.
fn as_specified(mut answer: Answer, document: &Document, name: Option<&str>) -> Answer {
    answer.data = document.complete(name, answer.data, &answer.errors);
    answer.data = as_asked(answer.data, &document.parsed, name);
    answer
}

fn prepare(admitted: Admitted, query: String, mut variables: Variables) -> async_graphql::Request {
    // The executor knows of defaults in arguments, but not in directives.
    let name = admitted.operation_name.as_deref();
    let operations = &admitted.document.parsed.operations;
    let operation = operations.iter().find(|(known, _)| name.is_none_or(|name| known.is_some_and(|known| known == name)));
    for variable in operation.iter().flat_map(|(_, operation)| &operation.node.variable_definitions) {
        if let Some(default) = &variable.node.default_value {
            variables.entry(variable.node.name.node.clone()).or_insert_with(|| default.node.clone());
        }
    }
    let mut request = async_graphql::Request::new(query).variables(variables);
    if let Some(name) = admitted.operation_name {
        request = request.operation_name(name);
    }
    let mut document = admitted.document.parsed.clone();
    mark(&mut document);
    request.set_parsed_query(document);
    request
}
