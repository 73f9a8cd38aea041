//! A hostile caller: slow, broken off, half-said, forged. What each tries, and what it gets.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestApp, json};

/// A connection on which nobody keeps to HTTP.
struct Raw(TcpStream);

impl Raw {
    async fn open(app: &TestApp) -> Raw {
        Raw(TcpStream::connect(app.url.trim_start_matches("http://")).await.expect("a connection"))
    }

    async fn say(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).await.is_ok()
    }

    /// What comes until the connection ends, which must be soon.
    async fn rest(&mut self, patience: Duration) -> String {
        let mut bytes = Vec::new();
        tokio::time::timeout(patience, self.0.read_to_end(&mut bytes)).await.expect("the connection is ended").unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The first line of the answer.
    async fn status(&mut self, patience: Duration) -> String {
        self.rest(patience).await.lines().next().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn headers_that_do_not_come_to_an_end_are_not_waited_for() {
    let app = TestApp::sqlite().await;
    let mut raw = Raw::open(&app).await;
    let begun = Instant::now();
    raw.say("POST /graphql HTTP/1.1\r\nhost: a\r\nx-first: 1\r\n").await;
    raw.rest(Duration::from_secs(29)).await;
    assert!(begun.elapsed() > Duration::from_secs(10), "who is merely slow has some time");
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let app = TestApp::sqlite().await;
    let mut raw = Raw::open(&app).await;
    let begun = Instant::now();
    let head = "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\naccept: application/graphql-response+json\r\ncontent-length: 1000\r\n\r\n{";
    raw.say(head).await;
    let (mut reads, mut writes) = raw.0.split();
    let trickle = async {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            if writes.write_all(b" ").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut bytes = Vec::new();
    tokio::select! {
        () = trickle => {}
        _ = reads.read_to_end(&mut bytes) => {}
        () = tokio::time::sleep(Duration::from_secs(29)) => panic!("it is still waited for"),
    }
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(begun.elapsed() > Duration::from_secs(15), "who is merely slow has some time");
}

both! {
    async fn what_is_not_http_ends_the_connection_and_nothing_else(app) {
        for nonsense in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET /graphql HTTP/9.9\r\n\r\n", "POST /graphql HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef", "GET /graphql HTTP/1.1\r\nhost: a\r\nx y: z\r\n\r\n"] {
            let mut raw = Raw::open(app).await;
            raw.say(nonsense).await;
            let status = raw.status(Duration::from_secs(20)).await;
            assert!(status.is_empty() || status.starts_with("HTTP/1.1 400") || status.starts_with("HTTP/1.1 505"), "{nonsense:?}: {status}");
        }
        let mut raw = Raw::open(app).await;
        raw.say(&format!("GET /graphql HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "x".repeat(100_000))).await;
        assert!(raw.status(Duration::from_secs(20)).await.starts_with("HTTP/1.1 431"));
        assert_eq!(app.anyone().run("{ __typename }", json!({})).await.status, 200);
    }

    async fn a_request_that_is_said_twice_is_not_smuggled(app) {
        let mut raw = Raw::open(app).await;
        let hidden = "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        let head = format!("POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n", 5 + hidden.len());
        raw.say(&(head + hidden)).await;
        let answer = raw.rest(Duration::from_secs(20)).await;
        assert!(answer.matches("HTTP/1.1").count() <= 1, "{answer}");
    }

    async fn a_caller_that_hangs_up_leaves_nothing_half_done(app) {
        let w = app.world().await;
        let body = json!({ "query": format!("mutation {{ renameArea(id: \"{}\", name: \"半途\") {{ result {{ id }} }} }}", w.taoyuan) }).to_string();
        for cut in [body.len() / 2, body.len() - 1] {
            let mut raw = Raw::open(app).await;
            let head = format!("POST /graphql HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", w.district.token_now(), body.len());
            raw.say(&(head + &body[..cut])).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(app.journal_of(&w.taoyuan).await, ["AREA_ADDED"]);
    }

    async fn five_hundred_connections_at_once_are_served(app) {
        let mut open = Vec::new();
        for _ in 0..512 {
            open.push(Raw::open(app).await);
        }
        for raw in &mut open {
            raw.say("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        }
        for raw in &mut open {
            assert_eq!(raw.status(Duration::from_secs(20)).await, "HTTP/1.1 200 OK");
        }
    }
}

/// What people have tried elsewhere.
const INJECTIONS: [&str; 12] = [
    "' OR 1=1 --",
    "'; DROP TABLE needs; --",
    "\" OR \"\"=\"",
    "\\",
    "%",
    "_",
    "$1",
    "?1",
    "{{7*7}}",
    "\u{0}",
    "\u{202e}需求",
    "*/ UNION SELECT * FROM accounts /*",
];

both! {
    async fn what_is_searched_for_is_never_a_part_of_a_statement(app) {
        let w = app.world().await;
        let need = json!({ "community": w.ziwei, "category": "SAFETY", "form": "SERVICE", "title": "修缮楼道照明", "wanted": "4", "measure": "处", "submit": true });
        let need = w.district.post_need(need).await.done();
        w.street.publish(&need).await.done();
        let before = [app.count("needs").await, app.count("accounts").await];
        for text in INJECTIONS {
            for list in ["needs", "units", "pledges", "areas", "alliances", "venues"] {
                let document = format!("query($s: String) {{ list: {list}(filter: {{ search: $s }}) {{ totalCount }} }}");
                let answer = w.district.run(&document, json!({ "s": text })).await;
                assert_eq!(answer.data()["list"]["totalCount"], 0, "{list} {text:?}: {answer}");
            }
            let answer = w.district.run("query($s: String) { accounts(search: $s) { totalCount } }", json!({ "s": text })).await;
            // Logins are plain, so that even a sign of its own in a pattern is only itself.
            let found = answer.data()["accounts"]["totalCount"].as_i64();
            assert!(found == Some(0) || (text == "_" && found == Some(2)) || text == "\u{0}", "{text:?}: {answer}");
            for (document, argument) in [
                ("query($s: String) { needs(after: $s) { totalCount } }", "a cursor"),
                ("query($s: String!) { area(code: $s) { id } }", "a code"),
                ("query($s: ID!) { node(id: $s) { id } }", "an id"),
                ("query($s: ID) { needs(filter: { area: $s }) { totalCount } }", "an area"),
            ] {
                let answer = app.anyone().run(document, json!({ "s": text })).await;
                let codes: Vec<&str> = answer.errors().iter().filter_map(|error| error["extensions"]["code"].as_str()).collect();
                assert!(!codes.contains(&"INTERNAL"), "{argument} {text:?}: {answer}");
                assert!(!answer.to_string().contains("SELECT") || text.contains("SELECT"), "{answer}");
            }
        }
        assert_eq!([app.count("needs").await, app.count("accounts").await], before);
    }
}

/// Where a test reads what was logged.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic under this lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_knows_no_secret_and_no_persons_data_and_a_line_is_a_line() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_env_filter("info,alliance=trace").with_ansi(false);
    assert!(subscriber.try_init().is_ok(), "nobody else logs in this process");
    let app = TestApp::sqlite().await;
    let w = app.world().await;
    let sign_in = "mutation($l: String!, $p: String!) { signIn(login: $l, password: $p) { result { accessToken refreshToken } } }";
    let opened = app.anyone().query(sign_in, json!({ "l": "secretary", "p": crate::support::PASSWORD })).await;
    app.anyone().run(sign_in, json!({ "l": "secretary", "p": "a wrong secret" })).await;
    let need = json!({
        "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": "为李大娘送米", "wanted": "2", "measure": "袋",
        "contactName": "王秀英", "contactPhone": "13812345678",
    });
    w.secretary.post_need(need).await.done();
    let name = "query Fine_Name { __typename }";
    app.anyone().run(name, json!({})).await;
    app.anyone().run("query A($x: String = \"a\\nERROR forged\") { area(code: $x) { id } }", json!({})).await;
    w.unit.run("mutation { disableAccount(id: \"account_0190c200000000000000000000000000\") { result { id } } }", json!({})).await;
    let text = String::from_utf8(log.0.lock().expect("no panic under this lock").clone()).expect("a text");
    let tokens = &opened["signIn"]["result"];
    let secrets = [crate::support::PASSWORD, "a wrong secret", "李大娘", "王秀英", "13812345678", "forged"];
    for secret in secrets.into_iter().chain([&tokens["accessToken"], &tokens["refreshToken"]].map(|token| token.as_str().expect("a token")))
    {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
    assert!(text.contains("Fine_Name"), "a request can be found by its operation's name:\n{text}");
}
