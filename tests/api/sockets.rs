//! Every operation in one connection: the protocol `graphql-transport-ws`, to the letter and beyond.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{Actor, TestApp, Value, json};

const PATIENCE: Duration = Duration::from_secs(15);
const FEED: &str = "subscription { changes(after: \"MC4w\", kinds: [AREA_RENAMED]) { kind nodeId cursor } }";

/// A client's end of a socket.
pub(super) struct Socket(pub(super) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn connect(app: &TestApp, protocol: &str) -> Socket {
        Socket::connect_to(&app.url, protocol).await
    }

    async fn connect_to(url: &str, protocol: &str) -> Socket {
        let mut request = format!("{}/graphql/ws", url.replace("http", "ws")).into_client_request().expect("an address");
        if !protocol.is_empty() {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a header"));
        }
        Socket(connect_async(request).await.expect("the service takes the socket").0)
    }

    async fn open(app: &TestApp) -> Socket {
        Socket::connect(app, "graphql-transport-ws").await
    }

    /// A socket on which somebody has said who it is.
    async fn of(app: &TestApp, actor: &Actor) -> Socket {
        let mut socket = Socket::open(app).await;
        socket.say(json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {}", actor.token_now()) } })).await;
        assert_eq!(socket.hears().await["type"], "connection_ack");
        socket
    }

    /// The same at any instance, with a token from anywhere.
    pub(super) async fn with(url: &str, token: &str) -> Socket {
        let mut socket = Socket::connect_to(url, "graphql-transport-ws").await;
        socket.say(json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } })).await;
        assert_eq!(socket.hears().await["type"], "connection_ack");
        socket
    }

    pub(super) async fn of_nobody(app: &TestApp) -> Socket {
        let mut socket = Socket::open(app).await;
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.hears().await["type"], "connection_ack");
        socket
    }

    pub(super) async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    async fn send(&mut self, message: Message) {
        self.0.send(message).await.expect("it is sent");
    }

    pub(super) async fn asks(&mut self, id: &str, query: &str) {
        self.say(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }

    async fn message(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("something in time");
            match message.expect("the socket is open").expect("a message") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub(super) async fn hears(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("a text was expected: {other:?}"),
        }
    }

    /// The code with which the service closes it.
    pub(super) async fn is_closed(&mut self) -> u16 {
        match self.message().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("a close was expected: {other:?}"),
        }
    }

    async fn is_silent(&mut self) {
        let heard = tokio::time::timeout(Duration::from_millis(600), self.message()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
}

fn renamed(message: &Value) -> (&Value, &Value) {
    assert_eq!(message["type"], "next", "{message}");
    (&message["id"], &message["payload"]["data"]["changes"]["nodeId"])
}

both! {
    async fn queries_mutations_and_subscriptions_share_one_socket(app) {
        let w = app.world().await;
        let mut socket = Socket::of(app, &w.district).await;
        socket.asks("q", "{ viewer { name } }").await;
        let answer = socket.hears().await;
        assert_eq!((&answer["id"], &answer["type"]), (&json!("q"), &json!("next")));
        assert_eq!(answer["payload"]["data"]["viewer"]["name"], "district");
        assert_eq!(socket.hears().await, json!({ "id": "q", "type": "complete" }));
        socket.asks("s", FEED).await;
        let rename = format!("mutation {{ renameArea(id: \"{}\", name: \"桃园社区\") {{ result {{ name }} }} }}", w.taoyuan);
        socket.asks("m", &rename).await;
        let mut heard = Vec::new();
        for _ in 0..3 {
            let message = socket.hears().await;
            heard.push(format!("{} {}", message["id"].as_str().unwrap_or_default(), message["type"].as_str().unwrap_or_default()));
            if message["id"] == "s" {
                assert_eq!(renamed(&message).1, &json!(w.taoyuan));
            }
        }
        heard.sort();
        assert_eq!(heard, ["m complete", "m next", "s next"]);
    }

    async fn what_cannot_run_is_an_error_of_its_operation_and_the_socket_lives_on(app) {
        let mut socket = Socket::of_nobody(app).await;
        for (document, code) in [
            ("{ nothingLikeThis }", "GRAPHQL_VALIDATION_FAILED"),
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("{ a { ...f } } fragment f on A { ...f }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { nothingLikeThis }", "GRAPHQL_VALIDATION_FAILED"),
            ("query a { __typename } query b { __typename }", "BAD_USER_INPUT"),
        ] {
            socket.asks("1", document).await;
            let message = socket.hears().await;
            assert_eq!((&message["id"], &message["type"]), (&json!("1"), &json!("error")), "{document}: {message}");
            assert_eq!(message["payload"][0]["extensions"]["code"], code, "{document}");
            assert_eq!(message["payload"][0]["path"], Value::Null, "{document}");
        }
        let roots = format!("{{ {} }}", " __typename".repeat(31));
        socket.asks("1", &roots).await;
        assert_eq!(socket.hears().await["payload"][0]["extensions"]["limit"], "root fields");
        socket.asks("1", "{ __typename }").await;
        assert_eq!(socket.hears().await["payload"]["data"], json!({ "__typename": "Query" }));
        socket.hears().await;
        socket.asks("2", "subscription { changes(after: \"x\") { id } }").await;
        let message = socket.hears().await;
        assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{message}");
        assert_eq!(socket.hears().await, json!({ "id": "2", "type": "complete" }));
    }

    async fn every_breach_of_the_protocol_has_its_code(app) {
        let mut socket = Socket::open(app).await;
        socket.asks("1", "{ __typename }").await;
        assert_eq!(socket.is_closed().await, 4401, "asked before saying hello");

        let mut socket = Socket::of_nobody(app).await;
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.is_closed().await, 4429, "a second hello");

        let mut socket = Socket::of_nobody(app).await;
        socket.asks("1", FEED).await;
        socket.asks("1", "{ __typename }").await;
        assert_eq!(socket.is_closed().await, 4409, "an id that is taken");

        for others in ["", "graphql-ws", "nonsense, graphql-ws"] {
            let mut socket = Socket::connect(app, others).await;
            assert_eq!(socket.is_closed().await, 4406, "{others}");
        }
        let mut socket = Socket::connect(app, "graphql-ws, graphql-transport-ws").await;
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.hears().await["type"], "connection_ack", "ours among others");

        for bad in ["", "{", "[]", "null", "7", "{}", r#"{"type":"start"}"#, r#"{"type":7}"#, r#"{"type":"subscribe"}"#, r#"{"type":"complete"}"#,
            r#"{"type":"subscribe","id":"1"}"#, r#"{"type":"subscribe","id":"","payload":{"query":"{ __typename }"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{ __typename }"}}"#, r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":[]}}"#, r#"{"type":"ping","payload":"x"}"#] {
            let mut socket = Socket::of_nobody(app).await;
            socket.send(Message::text(bad)).await;
            assert_eq!(socket.is_closed().await, 4400, "{bad}");
        }
        let mut socket = Socket::of_nobody(app).await;
        socket.send(Message::binary(br#"{"type":"ping"}"#.as_slice())).await;
        assert_eq!(socket.is_closed().await, 4400, "not a text");
        let mut socket = Socket::open(app).await;
        socket.send(Message::text(r#"{"type":"connection_init","payload":"x"}"#)).await;
        assert_eq!(socket.is_closed().await, 4400, "a hello that is no object");
    }

    async fn a_token_that_opens_nothing_does_not_open_a_socket(app) {
        let w = app.world().await;
        let good = w.unit.token_now();
        for bad in ["", "Bearer", "Bearer x", "Basic dTpw", &good, &format!("Bearer {good}x")] {
            let mut socket = Socket::open(app).await;
            socket.say(json!({ "type": "connection_init", "payload": { "Authorization": bad } })).await;
            assert_eq!(socket.is_closed().await, 4403, "{bad}");
        }
        let mut socket = Socket::open(app).await;
        socket.say(json!({ "type": "connection_init", "payload": { "authorization": 7 } })).await;
        assert_eq!(socket.is_closed().await, 4403);
    }

    async fn a_ping_is_answered_with_what_it_carried_also_before_hello(app) {
        let mut socket = Socket::open(app).await;
        socket.say(json!({ "type": "ping" })).await;
        assert_eq!(socket.hears().await, json!({ "type": "pong" }));
        socket.say(json!({ "type": "pong" })).await;
        socket.say(json!({ "type": "ping", "payload": { "n": 1 } })).await;
        assert_eq!(socket.hears().await, json!({ "type": "pong", "payload": { "n": 1 } }));
    }

    async fn who_says_complete_hears_no_more_and_may_use_the_id_again(app) {
        let w = app.world().await;
        let mut socket = Socket::of(app, &w.auditor).await;
        socket.asks("1", FEED).await;
        w.district.rename_area(&w.taoyuan, "桃园社区").await.done();
        assert_eq!(renamed(&socket.hears().await), (&json!("1"), &json!(w.taoyuan)));
        socket.say(json!({ "id": "1", "type": "complete" })).await;
        socket.say(json!({ "id": "never", "type": "complete" })).await;
        socket.say(json!({ "type": "ping" })).await;
        assert_eq!(socket.hears().await, json!({ "type": "pong" }));
        w.district.rename_area(&w.ziwei, "紫薇社区").await.done();
        socket.is_silent().await;
        socket.asks("1", FEED).await;
        assert_eq!(renamed(&socket.hears().await).1, &json!(w.taoyuan));
        assert_eq!(renamed(&socket.hears().await).1, &json!(w.ziwei));
    }

    async fn a_session_that_ends_closes_its_sockets(app) {
        let w = app.world().await;
        let mut socket = Socket::of(app, &w.unit).await;
        let mut other = Socket::of(app, &w.district).await;
        w.unit.query("mutation { signOut { result } }", json!({})).await;
        assert_eq!(socket.is_closed().await, 4401);
        other.asks("1", "{ viewer { name } }").await;
        assert_eq!(other.hears().await["payload"]["data"]["viewer"]["name"], "district");
    }

    async fn a_token_that_ends_closes_its_socket(app) {
        let w = app.world().await;
        let mut socket = Socket::of(app, &w.unit).await;
        socket.asks("1", FEED).await;
        app.move_to("2025-03-10 09:16").await;
        let code = loop {
            match socket.message().await {
                Message::Close(Some(frame)) => break u16::from(frame.code),
                Message::Text(text) => assert!(text.contains("UNAUTHENTICATED") || text.contains("complete"), "{text}"),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(code, 4401);
    }

    async fn so_many_operations_at_a_time_and_no_more(app) {
        let mut socket = Socket::of_nobody(app).await;
        for n in 0..32 {
            socket.asks(&n.to_string(), FEED).await;
        }
        socket.asks("one more", FEED).await;
        let message = socket.hears().await;
        assert_eq!((&message["id"], &message["type"]), (&json!("one more"), &json!("error")));
        assert_eq!(message["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
        socket.say(json!({ "id": "7", "type": "complete" })).await;
        socket.asks("one more", "{ __typename }").await;
        assert_eq!(socket.hears().await["type"], "next");
    }

    async fn so_many_sockets_of_one_address_and_no_more(app) {
        let mut open = Vec::new();
        for _ in 0..128 {
            open.push(Socket::of_nobody(app).await);
        }
        let request = || async {
            let upgrade = app.anyone().request(Method::GET, "/graphql/ws").header("connection", "upgrade").header("upgrade", "websocket");
            let upgrade = upgrade.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            upgrade.send().await.expect("an answer").status()
        };
        assert_eq!(request().await, StatusCode::SERVICE_UNAVAILABLE);
        open.clear();
        for _ in 0..50 {
            if request().await == StatusCode::SWITCHING_PROTOCOLS {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the places were not given back");
    }

    async fn a_message_beyond_the_limit_ends_the_socket(app) {
        let mut socket = Socket::of_nobody(app).await;
        socket.asks("1", &format!("{{ __typename }} # {}", "x".repeat(300_000))).await;
        let ended = loop {
            match tokio::time::timeout(PATIENCE, socket.0.next()).await.expect("it ends") {
                Some(Ok(Message::Ping(_))) => {}
                ended => break ended,
            }
        };
        // What was still on its way may cut the connection before the code arrives.
        let is_told = matches!(&ended, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1009);
        assert!(is_told || matches!(ended, Some(Err(_)) | None), "{ended:?}");
    }

    async fn the_end_of_the_service_is_no_end_of_what_was_followed(app) {
        let mut socket = Socket::of_nobody(app).await;
        socket.asks("1", FEED).await;
        app.door.end();
        assert_eq!(socket.is_closed().await, 1012, "no complete: the client connects again and goes on");
    }

    async fn an_address_for_sockets_takes_nothing_else(app) {
        let response = app.anyone().request(Method::GET, "/graphql/ws").send().await.expect("an answer");
        assert_eq!((response.status(), &response.headers()["upgrade"]), (StatusCode::UPGRADE_REQUIRED, &"websocket".parse().expect("a value")));
        assert_eq!(response.json::<Value>().await.expect("JSON")["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn who_says_nothing_is_let_go_after_ten_seconds() {
    let app = TestApp::sqlite().await;
    let mut socket = Socket::open(&app).await;
    let begun = std::time::Instant::now();
    assert_eq!(socket.is_closed().await, 4408);
    assert!(begun.elapsed() >= Duration::from_secs(9));
}
