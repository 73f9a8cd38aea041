//! The specification to the letter, where an executor is lenient: what is not valid is not run, and what failed is null.

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Id, TestApp, Value, json};

both! {
    async fn what_failed_is_null_and_takes_along_what_may_not_be(app) {
        let w = app.world().await;
        let need = w.open_need("修缮楼道照明", "4", "处").await;
        let failing = "... on CommunityNeed { id matches(first: 0) { totalCount } }";
        let document = format!("query($id: ID!) {{ node(id: $id) {{ {failing} }} area(code: \"220303\") {{ name }} }}");
        let answer = app.anyone().run(&document, json!({ "id": need.id() })).await;
        assert_eq!((answer.status, answer.data()), (200, &json!({ "node": null, "area": { "name": "铁东区" } })));
        assert_eq!((answer.code(), &answer.errors()[0]["path"]), ("BAD_USER_INPUT", &json!(["node", "matches"])));
        let document = format!("query($id: ID!) {{ nodes(ids: [\"x\", $id]) {{ {failing} }} }}");
        let answer = app.anyone().run(&document, json!({ "id": need.id() })).await;
        assert_eq!(answer.data(), &json!({ "nodes": [null, null] }));
        let answer = app.anyone().run("{ needs(first: 1) { nodes { id matches(first: 0) { totalCount } } } }", json!({})).await;
        assert_eq!((answer.status, answer.body.get("data")), (200, Some(&Value::Null)));
        assert_eq!(answer.errors()[0]["path"], json!(["needs", "nodes", 0, "matches"]));
    }

    async fn nothing_runs_where_a_variable_does_not_fit(app) {
        let w = app.world().await;
        let document = "mutation($id: ID!, $on: Date) { a: renameArea(id: \"AREA\", name: \"改名了\") { result { id } } \
                        b: publishNeed(id: $id) { result { id } } c: renewPledge(id: $id, validUntil: $on) { result { id } } }";
        let document = document.replace("AREA", &w.taoyuan);
        for variables in [json!({}), json!({ "id": null }), json!({ "id": ["x"] }), json!({ "id": "x", "on": "nope" }), json!({ "id": "x", "on": 7 })] {
            let answer = w.district.run(&document, variables.clone()).await;
            assert_eq!((answer.status, answer.code(), answer.body.get("data")), (400, "BAD_USER_INPUT", None), "{variables}");
        }
        assert_eq!(w.district.see(&w.taoyuan).await["name"], "桃源社区");
        let input = "mutation($input: PostNeedInput!) { postNeed(input: $input) { result { id } } }";
        let need = json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": "米", "measure": "袋" });
        let unfit = [
            ("wanted", json!("1.2345")),
            ("wanted", json!({ "a": 1 })),
            ("wanted", json!([])),
            ("wanted", json!(["1"])),
            ("dueOn", json!("2025-02-30")),
            ("colour", json!("red")),
        ];
        for (field, value) in unfit {
            let mut need = need.clone();
            need["wanted"] = json!("1");
            need[field] = value;
            let answer = w.secretary.run(input, json!({ "input": need })).await;
            assert_eq!((answer.status, answer.code(), answer.body.get("data")), (400, "BAD_USER_INPUT", None), "{need}");
            assert!(!answer.errors()[0]["message"].as_str().expect("a text").contains("occurred while"), "{answer}");
        }
        let hours = "mutation($hours: [OpeningInput!]) { changeZone(input: { id: \"x\", hours: $hours }) { result { id } } }";
        for opens in [json!("25:00"), json!(8), json!(["08:00"])] {
            let day = json!([{ "weekday": "MONDAY", "opens": opens, "closes": "12:00" }]);
            let answer = w.district.run(hours, json!({ "hours": day })).await;
            assert_eq!((answer.status, answer.code(), answer.body.get("data")), (400, "BAD_USER_INPUT", None), "{opens}");
        }
    }

    async fn a_document_that_breaks_any_rule_is_not_run(app) {
        for document in [
            "{ needs(orderBy: \"NEWEST\") { totalCount } }",
            "{ needs(filter: { search: \"a\", search: \"b\" }) { totalCount } }",
            "query($f: String) { needs(first: $f) { totalCount } }",
            "query($u: Boolean) { needs { totalCount @include(if: $u) } }",
            "{ __typename @include(if: \"yes\") }",
            "{ __typename @include }",
            "{ __typename @deprecated }",
            "query($a: Int @skip(if: true)) { needs(first: $a) { totalCount } }",
            "{ node(id: \"x\") { ... on CommunityNeed { t: title } ... on Venue { t: id } } }",
            "{ node(id: \"x\") { ... on CommunityNeed { matches(first: 99999999999) { totalCount } } } }",
            "{ needs { totalCount } } fragment Unused on CommunityNeed { id }",
            "{ needs { nothing } }",
            "{ needs }",
            "query($unused: Int) { needs { totalCount } }",
        ] {
            let answer = app.anyone().run(document, json!({})).await;
            assert_eq!((answer.status, answer.code(), answer.body.get("data")), (400, "GRAPHQL_VALIDATION_FAILED", None), "{document}");
        }
        for document in ["{ area(code: \"220303\", on: \"2025-02-30\") { id } }", "{ statistics(from: \"x\", to: \"2025-01-01\") { memberUnits } }"] {
            let answer = app.anyone().run(document, json!({})).await;
            assert_eq!((answer.status, answer.code(), answer.body.get("data")), (400, "BAD_USER_INPUT", None), "{document}");
        }
        let valid = "query($u: Boolean!) { a: __typename @include(if: $u) b: __typename }";
        assert_eq!(app.anyone().query(valid, json!({ "u": false })).await, json!({ "b": "Query" }));
        let defaults = "query($w: Boolean! = true, $n: Boolean = false) { a: __typename @include(if: $w) b: __typename @skip(if: $w) c: __typename @include(if: $n) }";
        assert_eq!(app.anyone().query(defaults, json!({})).await, json!({ "a": "Query" }));
        assert_eq!(app.anyone().query(defaults, json!({ "w": false, "n": true })).await, json!({ "b": "Query", "c": "Query" }));
    }
}

/// What comes back on a connection until the other side says nothing more for a moment.
async fn heard(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(std::time::Duration::from_millis(400), stream.read(&mut part)).await {
        text.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_connection_goes_on_after_a_refused_body() {
    let app = TestApp::sqlite().await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let question = "{\"query\":\"{ __typename }\"}";
    for (line, expected) in [
        ("POST /graphql HTTP/1.1\r\nContent-Type: text/plain", " 415 "),
        ("POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nAccept: text/html", " 406 "),
        ("PUT /graphql HTTP/1.1", " 405 "),
        ("POST /nowhere HTTP/1.1", " 404 "),
        ("POST /graphql HTTP/1.1\r\nContent-Type: application/json", " 200 "),
    ] {
        let head = format!("{line}\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", question.len());
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stream.write_all(question.as_bytes()).await.expect("it is sent");
        let answer = heard(&mut stream).await;
        assert!(answer.lines().next().is_some_and(|line| line.contains(expected)), "{line}: {answer}");
        let body = answer.split("\r\n\r\n").nth(1).expect("a body");
        assert!(serde_json::from_str::<Value>(body).is_ok(), "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_served_is_told_which_are() {
    let app = TestApp::sqlite().await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = app.anyone().request(method, "/graphql").send().await.expect("an answer");
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "GET,HEAD,POST");
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }
}
