//! Keys and dry runs, where more than one room takes part: the exchange, sessions, a service that was started anew, events.

use alliance::app::App;
use alliance::http::{Http, serve};
use reqwest::Method;
use tokio::net::TcpListener;

use crate::support::{Actor, Id, TestApp, Value, json};

/// The service as another process would serve it, on the same database.
async fn started_anew(app: &TestApp) -> String {
    let Ok(again) = App::new(app.db().clone(), app.clock().clone(), app.keys().clone(), app.settings().clone()).await else {
        panic!("the application starts");
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(serve(listener, Http::new(again), std::future::pending()));
    url
}

async fn sizes(app: &TestApp) -> [i64; 5] {
    [
        app.count("needs").await,
        app.count("matches").await,
        app.count("journal").await,
        app.count("idempotency_keys").await,
        app.count("sessions").await,
    ]
}

const CLAIM: &str = "mutation($input: ClaimNeedInput!) { claimNeed(input: $input) {
    result { id status need { unmatched } } refusals { code } warnings { code } } }";

both! {
    async fn a_key_holds_through_a_restart_of_the_service(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        let input = json!({ "need": open.id(), "unit": w.shennong, "quantity": "1" });
        let first = w.unit.with_key("1").query(CLAIM, json!({ "input": input })).await;
        let url = started_anew(app).await;
        let body = json!({ "query": CLAIM, "variables": { "input": input } }).to_string();
        let request = app.http.post(format!("{url}/graphql")).header("content-type", "application/json").header("idempotency-key", "1");
        let response = request.bearer_auth(w.unit.token_now()).body(body).send().await.expect("an answer");
        let again: Value = response.json().await.expect("JSON");
        assert_eq!(again["data"], first);
        w.unit.sees(&open, "PUBLISHED_OPEN: 4 = 3 unmatched + 1 promised").await;
    }

    async fn what_is_read_again_under_a_key_is_what_is_asked_for_today_by_who_asks_today(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        let input = json!({ "need": open.id(), "unit": w.shennong, "quantity": "1" });
        let keyed = w.unit.with_key("k");
        let first = keyed.query(CLAIM, json!({ "input": input })).await["claimNeed"]["result"]["id"].clone();
        w.street.confirm(first.as_str().expect("an id")).await.done();
        // Another selection, and written another way: the same input.
        let other = format!(
            "mutation {{ claimNeed(input: {{ quantity: \"1\", unit: \"{}\", need: \"{}\" }}) {{ result {{ id status quantity }} }} }}",
            w.shennong, open.id()
        );
        let again = keyed.query(&other, json!({})).await;
        assert_eq!(again["claimNeed"]["result"], json!({ "id": first, "status": "CONFIRMED", "quantity": "1" }));
        // The place in the answer is part of the key: under an alias it is another request.
        let aliased = keyed.query(&other.replace("claimNeed(", "again: claimNeed("), json!({})).await;
        assert_ne!(aliased["again"]["result"]["id"], first);
        assert_eq!(app.count("matches").await, 2);
        // The same key is another one with another account, and what was done cannot be read by who lost the right to.
        w.unit2.with_key("k").claim(&open, &w.kunbo, "1").await.done();
        let revoke = "query { accounts(search: \"unit\") { nodes { login grants { id } } } }";
        let accounts = w.district.query(revoke, json!({})).await["accounts"]["nodes"].clone();
        let accounts = accounts.as_array().expect("accounts");
        let account = accounts.iter().find(|account| account["login"] == "unit").expect("the account");
        let document = "mutation($id: ID!) { revokeRole(id: $id) { refusals { code } } }";
        w.district.query(document, json!({ "id": account["grants"][0]["id"] })).await;
        let answer = keyed.run(CLAIM, json!({ "input": input })).await;
        assert_eq!(answer.code(), "NOT_FOUND", "{answer}");
        assert_eq!(app.count("matches").await, 3);
    }

    async fn a_refused_claim_leaves_its_key_free_and_says_why_in_both_languages(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        let keyed = w.unit.with_key("k");
        let before = sizes(app).await;
        let zh = keyed.claim(&open, &w.shennong, "5").await.refused("NOT_ENOUGH_OPEN");
        let en = keyed.in_english().claim(&open, &w.shennong, "5").await.refused("NOT_ENOUGH_OPEN");
        assert_eq!(zh["message"], "该需求仅剩 4 处待认领，请调整数量");
        assert_eq!(en["message"], "Only 4 处 of the need is still unmatched");
        assert_eq!((&zh["path"], &zh["related"]), (&json!(["input", "quantity"]), &json!([{ "id": open.id() }])));
        assert_eq!(sizes(app).await, before);
        keyed.claim(&open, &w.shennong, "4").await.done();
        keyed.claim(&open, &w.shennong, "5").await.refused("IDEMPOTENCY_KEY_REUSED");
    }

    async fn a_dry_run_shows_the_inside_of_what_it_would_have_done(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        let before = sizes(app).await;
        let document = "mutation($need: ID!, $unit: ID!) {
            a: claimNeed(input: { need: $need, unit: $unit, quantity: \"1\" }) {
                result { need { unmatched matches { totalCount } } } refusals { code } }
            b: claimNeed(input: { need: $need, unit: $unit, quantity: \"4\" }) { result { id } refusals { code message } }
            c: claimNeed(input: { need: $need, unit: $unit, quantity: \"3\" }) {
                result { id status need { status unmatched matches { totalCount nodes { unit { name } viewerCan { action allowed } } } } }
                refusals { code } } }";
        let dry = w.unit.in_a_dry_run().with_key("k");
        let data = dry.query(document, json!({ "need": open.id(), "unit": w.shennong })).await;
        assert_eq!(data["a"]["result"]["need"], json!({ "unmatched": "3", "matches": { "totalCount": 1 } }));
        assert_eq!(data["b"]["refusals"], json!([{ "code": "NOT_ENOUGH_OPEN", "message": "该需求仅剩 3 处待认领，请调整数量" }]));
        let inside = &data["c"]["result"]["need"];
        assert_eq!((&inside["status"], &inside["unmatched"]), (&json!("MATCHED"), &json!("0")));
        assert_eq!(inside["matches"]["totalCount"], 2);
        w.unit.sees_nothing_of(data["c"]["result"]["id"].as_str().expect("an id")).await;
        w.unit.sees(&open, "PUBLISHED_OPEN: 4 = 4 unmatched").await;
        assert_eq!(sizes(app).await, before);
        w.unit.with_key("k").claim(&open, &w.shennong, "2").await.done();
    }

    async fn keys_and_dry_runs_hold_for_who_reads_the_answer_as_events_too(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        let before = sizes(app).await;
        let variables = json!({ "input": { "need": open.id(), "unit": w.shennong, "quantity": "1" } });
        let send = async |actor: Actor| {
            let request = actor.request(Method::POST, "/graphql").header("accept", "text/event-stream");
            let request = request.header("content-type", "application/json");
            let response = request.body(json!({ "query": CLAIM, "variables": variables }).to_string()).send().await.expect("an answer");
            let text = response.text().await.expect("a text");
            let data = text.lines().find_map(|line| line.strip_prefix("data:")).expect("an event");
            assert!(text.contains("event: next") && text.contains("event: complete"), "{text}");
            serde_json::from_str::<Value>(data).expect("JSON")["data"]["claimNeed"]["result"]["id"].clone()
        };
        assert_ne!(send(w.unit.in_a_dry_run()).await, Value::Null);
        assert_eq!(sizes(app).await, before);
        assert_eq!(send(w.unit.with_key("k")).await, send(w.unit.with_key("k")).await);
        assert_eq!(app.count("matches").await, 1);
    }

    async fn sessions_and_secrets_take_neither_header(app) {
        let w = app.world().await;
        let before = sizes(app).await;
        for document in [
            "mutation { it: signIn(login: \"unit\", password: \"correct horse 2025\") { result { accessToken } refusals { code } } }",
            "mutation { it: refreshSession(refreshToken: \"x\") { result { accessToken } refusals { code } } }",
            "mutation { it: signOut { result refusals { code } } }",
            "mutation { it: changePassword(current: \"correct horse 2025\", new: \"another horse 2025\") { result refusals { code } } }",
            "mutation { it: createAccount(input: { login: \"new\", name: \"新\", password: \"another horse\" }) {
                result { id } refusals { code } } }",
        ] {
            for actor in [w.district.with_key("k"), w.district.in_a_dry_run(), w.district.in_a_dry_run().with_key("k")] {
                let data = actor.query(document, json!({})).await;
                assert_eq!(data["it"], json!({ "result": null, "refusals": [{ "code": "HEADER_NOT_ALLOWED" }] }), "{document}");
            }
        }
        assert_eq!(sizes(app).await, before);
        assert_eq!(app.count("accounts").await, 12);
        w.district.query("{ viewer { name } }", json!({})).await;
    }
}
