//! One request followed by its id: from the answer to its lines in the log, and to its trace at a collector.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alliance::config::Settings;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::sockets::Socket;
use crate::support::{Actor, TestApp, Value, json};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: [u8; 16] = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();

/// The log as it is written in production, read by a test.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic under this lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Of this thread, which must be the only one that serves.
    fn begin(level: &str) -> (Log, tracing::subscriber::DefaultGuard) {
        let settings = Settings::of(&["--log-format", "json", "--log", level]);
        let log = Log::default();
        let writer = log.clone();
        let guard = tracing::subscriber::set_default(alliance::telemetry::log(&settings, false, move || writer.clone()));
        (log, guard)
    }

    /// The lines that bear an id.
    fn of(&self, id: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().expect("no panic under this lock").clone()).expect("a text");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is an object"));
        lines.filter(|line| line["span"]["request_id"] == id).collect()
    }

    fn messages(&self, id: &str) -> Vec<String> {
        self.of(id).iter().map(|line| line["fields"]["message"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

async fn behind_a_proxy() -> TestApp {
    TestApp::with(|settings| settings.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")]).await
}

/// The id that an answer bears, and the answer.
async fn ask(who: &Actor, document: &str) -> (String, Value) {
    let body = json!({ "query": document }).to_string();
    let request = who.request(reqwest::Method::POST, "/graphql").header("content-type", "application/json").body(body);
    let response = request.send().await.expect("an answer");
    let id = response.headers()["x-request-id"].to_str().expect("a text").to_owned();
    (id, response.json().await.expect("JSON"))
}

fn is_ours(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[tokio::test]
async fn a_request_is_followed_through_the_log_by_its_id() {
    let (log, _guard) = Log::begin("info");
    let app = behind_a_proxy().await;
    app.world().await;
    let named = app.anyone().with("x-request-id", "proxy-1");
    let (id, _) = ask(&named, "query Fine_Name { venues { totalCount } }").await;
    assert_eq!(id, "proxy-1");
    let lines = log.of("proxy-1");
    assert_eq!(log.messages("proxy-1"), ["request"]);
    let fields = &lines[0]["fields"];
    assert_eq!((&fields["operation"], &fields["kind"]), (&json!("Fine_Name"), &json!("query")));
    assert!(fields["cost"].as_u64() > Some(0) && fields["statements"].as_u64() > Some(0), "{fields}");

    app.break_table("venues").await;
    let (id, answer) = ask(&app.anyone(), "{ venues { totalCount } }").await;
    app.mend_table("venues").await;
    assert!(is_ours(&id), "{id}");
    assert_eq!(log.messages(&id), ["internal error", "request"]);
    assert_eq!(log.of(&id)[0]["fields"]["incident"], answer["errors"][0]["extensions"]["incident"]);

    let (id, _) = ask(&app.anyone(), "{ nothing").await;
    assert_eq!(log.messages(&id), ["refused"]);
    assert_eq!(log.of(&id)[0]["fields"]["code"], "GRAPHQL_PARSE_FAILED");
    for forged in ["a b", "\"", "{}", &"x".repeat(65)] {
        let (id, _) = ask(&app.anyone().with("x-request-id", forged), "{ __typename }").await;
        assert!(is_ours(&id), "{forged}: {id}");
    }
    let health = app.http.get(format!("{}/readyz", app.url)).send().await.expect("an answer");
    assert!(!health.headers().contains_key("x-request-id"), "health is not followed");
}

#[tokio::test]
async fn the_id_stands_in_what_is_written_at_any_level() {
    let (log, _guard) = Log::begin("error");
    let app = TestApp::sqlite().await;
    app.break_table("venues").await;
    let (id, _) = ask(&app.anyone(), "{ venues { totalCount } }").await;
    assert_eq!(log.messages(&id), ["internal error"]);
}

#[tokio::test]
async fn nobody_but_a_trusted_proxy_names_a_request() {
    let app = TestApp::sqlite().await;
    let (id, _) = ask(&app.anyone().with("x-request-id", "proxy-1"), "{ __typename }").await;
    assert!(is_ours(&id), "{id}");
}

#[tokio::test]
async fn an_operation_on_a_socket_is_followed_by_the_id_of_the_socket_and_its_number() {
    let (log, _guard) = Log::begin("info");
    let app = TestApp::sqlite().await;
    app.world().await;
    let mut request = format!("{}/graphql/ws", app.url.replace("http", "ws")).into_client_request().expect("an address");
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
    let (stream, response) = connect_async(request).await.expect("a socket");
    let id = response.headers()["x-request-id"].to_str().expect("a text").to_owned();
    let mut socket = Socket(stream);
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.hears().await, json!({ "type": "connection_ack", "payload": { "requestId": id } }));
    socket.asks("a", "query First { __typename }").await;
    assert_eq!(socket.hears().await["type"], "next");
    assert_eq!(socket.hears().await["type"], "complete");
    app.break_table("venues").await;
    socket.asks("b", "query Second { venues { totalCount } }").await;
    let answer = socket.hears().await;
    app.mend_table("venues").await;
    let (first, second) = (format!("{id}.1"), format!("{id}.2"));
    assert_eq!(log.messages(&first), ["request"]);
    assert_eq!(log.of(&first)[0]["fields"]["operation"], "First");
    assert_eq!(log.messages(&second), ["internal error", "request"]);
    assert_eq!(log.of(&second)[0]["fields"]["incident"], answer["payload"]["errors"][0]["extensions"]["incident"], "{answer}");
}

#[tokio::test]
async fn what_a_stream_meets_later_bears_the_id_of_its_request() {
    let (log, _guard) = Log::begin("info");
    let app = TestApp::sqlite().await;
    let body = json!({ "query": "subscription Follow { changes { kind } }" }).to_string();
    let request = app.http.post(format!("{}/graphql", app.url)).header("content-type", "application/json");
    let response = request.header("accept", "text/event-stream").body(body).send().await.expect("an answer");
    let id = response.headers()["x-request-id"].to_str().expect("a text").to_owned();
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.break_table("journal").await;
    let text = response.text().await.expect("the stream ends");
    app.mend_table("journal").await;
    assert!(text.contains("INTERNAL"), "{text}");
    assert_eq!(log.messages(&id), ["subscription", "internal error"]);
}

/// A collector that understands what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

impl Collector {
    async fn begin() -> (Collector, String) {
        let collector = Collector::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, url)
    }

    /// The spans, each with the name of the service that sent it.
    fn spans(&self) -> Vec<(String, Span)> {
        let sent = self.0.lock().expect("no panic under this lock");
        let mut spans = Vec::new();
        for resource in sent.iter().flat_map(|request| &request.resource_spans) {
            let service = resource.resource.as_ref().and_then(|resource| attribute(&resource.attributes, "service.name"));
            let service = service.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
            spans.extend(resource.scope_spans.iter().flat_map(|scope| scope.spans.clone()).map(|span| (service.clone(), span)));
        }
        spans
    }

    fn of(&self, id: &str) -> Option<Span> {
        self.spans().into_iter().map(|(_, span)| span).find(|span| attribute(&span.attributes, "request.id") == Some(json!(id)))
    }
}

async fn take(State(collector): State<Collector>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("a request as OTLP has it");
    collector.0.lock().expect("no panic under this lock").push(request);
}

fn attribute(attributes: &[KeyValue], name: &str) -> Option<Value> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.clone()?.value? {
        any_value::Value::StringValue(text) => Some(text.into()),
        any_value::Value::IntValue(number) => Some(number.into()),
        any_value::Value::DoubleValue(number) => Some(number.into()),
        _ => None,
    }
}

async fn traced(url: &str, ratio: f64) -> TestApp {
    TestApp::with(|settings| {
        settings.otlp_endpoint = Some(url.to_owned());
        settings.trace_ratio = ratio;
        settings.trusted_proxies = vec!["127.0.0.1/32".parse().expect("a network")];
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_one_span_a_request_with_sums_and_nothing_of_what_was_in_it() {
    let (collector, url) = Collector::begin().await;
    let app = traced(&url, 1.0).await;
    let w = app.world().await;
    let post = "mutation Fine_Name($i: PostNeedInput!) { postNeed(input: $i) { result { id } } }";
    let need = json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": "为李大娘送米", "wanted": "2", "measure": "袋",
        "contactName": "王秀英", "contactPhone": "13812345678" });
    w.secretary.with("traceparent", PARENT).run(post, json!({ "i": need })).await;
    let mut socket = Socket::of_nobody(&app).await;
    socket.asks("a", "query On_A_Socket { __typename }").await;
    assert_eq!(socket.hears().await["type"], "next");
    assert_eq!(socket.hears().await["type"], "complete");
    app.break_table("venues").await;
    let (failed, _) = ask(&app.anyone(), "{ venues { totalCount } }").await;
    app.mend_table("venues").await;
    app.door.flush().await;

    let spans = collector.spans();
    assert!(spans.iter().all(|(service, span)| service == "alliance" && span.name == "request"), "{spans:?}");
    let of_trace: Vec<_> = spans.iter().filter(|(_, span)| span.trace_id == TRACE).collect();
    let [(_, span)] = of_trace[..] else { panic!("one span: {of_trace:?}") };
    assert_eq!(span.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    let is = |name: &str| attribute(&span.attributes, name).unwrap_or_else(|| panic!("{name}: {span:?}"));
    assert_eq!((is("graphql.operation.type"), is("graphql.operation.name")), (json!("mutation"), json!("Fine_Name")));
    assert_eq!((is("http.route"), is("http.response.status_code")), (json!("/graphql"), json!(200)));
    assert_eq!((is("alliance.errors"), is("alliance.outcome")), (json!(0), json!("OK")));
    assert!(is("alliance.cost").as_u64() > Some(0) && is("db.statements").as_u64() > Some(5), "{span:?}");
    assert!(is("db.seconds").as_f64() > Some(0.0) && is("request.id").as_str().is_some_and(is_ours));
    assert!(span.end_time_unix_nano > span.start_time_unix_nano && span.status.as_ref().is_none_or(|status| status.code == 0));
    let failed = collector.of(&failed).expect("its span");
    assert_eq!(failed.status.map(|status| status.code), Some(2), "an error");
    let on_a_socket = spans.iter().find(|(_, span)| attribute(&span.attributes, "graphql.operation.name") == Some(json!("On_A_Socket")));
    let on_a_socket = attribute(&on_a_socket.expect("its span").1.attributes, "request.id");
    assert!(on_a_socket.is_some_and(|id| id.as_str().is_some_and(|id| id.ends_with(".1"))));
    let text = format!("{spans:?}");
    for private in ["李大娘", "王秀英", "13812345678", "Bearer", "SELECT", "secretary", "127.0.0.1"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_traced_is_a_share_and_where_a_proxy_has_decided_that_stands() {
    let (collector, url) = Collector::begin().await;
    let app = traced(&url, 0.0).await;
    ask(&app.anyone(), "{ __typename }").await;
    app.door.flush().await;
    assert_eq!(collector.spans().len(), 0);
    ask(&app.anyone().with("traceparent", PARENT), "{ __typename }").await;
    app.door.flush().await;
    assert_eq!(collector.spans().len(), 1);

    let (collector, url) = Collector::begin().await;
    let app = TestApp::with(|settings| (settings.otlp_endpoint, settings.trace_ratio) = (Some(url), 1.0)).await;
    ask(&app.anyone().with("traceparent", PARENT), "{ __typename }").await;
    app.door.flush().await;
    let spans = collector.spans();
    assert!(spans.len() == 1 && spans[0].1.trace_id != TRACE, "nobody else is believed: {spans:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_collector_neither_slows_nor_stops_the_service() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    for address in [silent.local_addr().expect("an address"), gone] {
        let app = traced(&format!("http://{address}"), 1.0).await;
        for _ in 0..100 {
            let begun = Instant::now();
            let (_, answer) = ask(&app.anyone(), "{ __typename }").await;
            assert_eq!(answer["data"]["__typename"], "Query");
            assert!(begun.elapsed() < Duration::from_secs(2));
        }
        let begun = Instant::now();
        app.door.finish().await;
        assert!(begun.elapsed() < Duration::from_secs(8), "the end does not wait long");
        ask(&app.anyone(), "{ __typename }").await;
    }
}
