//! What Prometheus is told: what happened is counted, under names that the dashboard, the alert rules and the documents share.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use alliance::http::serve_metrics;
use alliance::journal::feed;
use sea_orm::{ConnectionTrait, TransactionTrait};
use tokio::net::TcpListener;

use super::sockets::Socket;
use crate::support::{Actor, PASSWORD, TestApp, Value, json};

/// What labels there are. None of them is a person, a unit, an object or a word of the caller's.
const LABELS: [&str; 10] = ["operation", "outcome", "route", "status", "caller", "object", "use", "step", "version", "database"];

/// What is told on the listener of its own.
async fn asked(app: &TestApp) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/metrics", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(serve_metrics(listener, app.door.clone()));
    let answer = app.http.get(&url).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.expect("a text");
    let elsewhere = app.http.get(url.replace("/metrics", "/graphql")).send().await.expect("an answer");
    assert_eq!(elsewhere.status(), 404, "nothing else is served there");
    serving.abort();
    text
}

/// The samples by name and labels.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').expect("a sample")).map(|(name, value)| (name, value.parse().expect("a number"))).collect()
}

/// The name that a sample belongs to.
fn family(sample: &str) -> &str {
    let name = sample.split(['{', ' ']).next().unwrap_or_default();
    ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

async fn signs_in(who: &Actor, password: &str) {
    let document = "mutation($l: String!, $p: String!) { signIn(login: $l, password: $p) { refusals { code } } }";
    assert_eq!(who.run(document, json!({ "l": "secretary", "p": password })).await.status, 200);
}

/// Something of everything.
async fn traffic(app: &TestApp) -> Socket {
    let w = app.world().await;
    signs_in(&app.anyone(), PASSWORD).await;
    for _ in 0..6 {
        signs_in(&app.anyone(), "a wrong secret").await;
    }
    let need = json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": "为李大娘送米", "wanted": "2", "measure": "袋",
        "contactName": "王秀英", "contactPhone": "13812345678", "submit": true, "directedTo": [w.shennong] });
    let need = w.secretary.post_need(need).await.done();
    w.street.publish(&need).await.done();
    app.pass_working_days(6).await;
    app.anyone().run("{ nothing }", json!({})).await;
    app.anyone().run("{ nothing", json!({})).await;
    app.anyone().run(&format!("{{ area(code: \"1\") {{ {} }} }}", " id".repeat(2000)), json!({})).await;
    app.break_table("venues").await;
    assert_eq!(w.secretary.run("query Fine_Name { venues { totalCount } }", json!({})).await.code(), "INTERNAL");
    app.mend_table("venues").await;
    app.http.get(format!("{}/calendars/nothing.ics", app.url)).send().await.expect("an answer");
    app.http.get(format!("{}/metrics", app.url)).send().await.expect("an answer");
    let upkeep = tokio::spawn(alliance::upkeep::run((**app).clone()));
    let mut socket = Socket::of_nobody(app).await;
    socket.asks("s", "subscription { changes { kind } }").await;
    // Until each step of the upkeep has been taken, and the stream has begun.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    upkeep.abort();
    socket
}

both! {
    async fn what_happened_is_counted(app) {
        let socket = traffic(app).await;
        let text = asked(app).await;
        let samples = samples(&text);
        let is = |name: &str| *samples.get(name).unwrap_or_else(|| panic!("{name} is not told:\n{text}"));
        assert_eq!(is("alliance_sign_ins_total{outcome=\"succeeded\"}"), 1.0);
        assert_eq!(is("alliance_sign_ins_total{outcome=\"failed\"}"), 5.0);
        assert_eq!(is("alliance_sign_ins_total{outcome=\"locked_out\"}"), 1.0);
        assert_eq!(is("alliance_requests_total{operation=\"query\",outcome=\"INTERNAL\"}"), 1.0);
        assert_eq!(is("alliance_requests_total{operation=\"unknown\",outcome=\"GRAPHQL_VALIDATION_FAILED\"}"), 1.0);
        assert_eq!(is("alliance_requests_total{operation=\"unknown\",outcome=\"GRAPHQL_PARSE_FAILED\"}"), 1.0);
        assert_eq!(is("alliance_requests_total{operation=\"unknown\",outcome=\"LIMIT_EXCEEDED\"}"), 1.0);
        assert_eq!(is("alliance_requests_total{operation=\"subscription\",outcome=\"OK\"}"), 1.0);
        let mutations = is("alliance_requests_total{operation=\"mutation\",outcome=\"OK\"}");
        assert!(mutations >= 9.0);
        assert_eq!(is("alliance_request_duration_seconds_count{operation=\"mutation\"}"), mutations);
        assert_eq!(is("alliance_request_cost_bucket{operation=\"mutation\",le=\"50000\"}"), mutations);
        assert!(is("alliance_request_duration_seconds_sum{operation=\"mutation\"}") > 0.0);
        assert_eq!(is("alliance_incidents_total"), 1.0);
        assert_eq!(is("alliance_http_responses_total{route=\"/calendars\",status=\"404\"}"), 1.0);
        assert_eq!(is("alliance_http_responses_total{route=\"other\",status=\"404\"}"), 1.0, "no metrics at the public door");
        assert_eq!((is("alliance_sockets_open"), is("alliance_streams_open{caller=\"anonymous\"}")), (1.0, 1.0));
        assert!(is("alliance_changes_total{object=\"need\"}") >= 3.0);
        assert!(is("alliance_deadline_steps_total{outcome=\"taken\"}") >= 1.0, "the directed window has ended");
        assert_eq!(is("alliance_deadline_steps_total{outcome=\"failed\"}"), 0.0);
        assert!(is("alliance_database_statements_total") > 50.0 && is("alliance_database_statement_seconds_total") > 0.0);
        assert_eq!(is("alliance_database_waiting{use=\"transaction\"}"), 0.0);
        assert!(is("alliance_database_connections_limit{use=\"statement\"}") >= 1.0);
        let now = app.clock().now().timestamp() as f64;
        for step in ["deadlines", "refresh", "feed", "purge"] {
            assert_eq!(is(&format!("alliance_upkeep_last_success_timestamp_seconds{{step=\"{step}\"}}")).floor(), now, "{step}");
            assert!(is(&format!("alliance_upkeep_duration_seconds{{step=\"{step}\"}}")) > 0.0);
            assert_eq!(is(&format!("alliance_upkeep_failures_total{{step=\"{step}\"}}")), 0.0);
        }
        assert_eq!(is("alliance_ready"), 1.0);
        assert!(is("alliance_process_resident_memory_bytes") > 1e6);
        let database = if app.db().is_postgres() { "postgres" } else { "sqlite" };
        assert_eq!(is(&format!("alliance_build_info{{version=\"{}\",database=\"{database}\"}}", env!("CARGO_PKG_VERSION"))), 1.0);
        drop(socket);
        app.door.end();
        assert!(asked(app).await.contains("\nalliance_ready 0\n"), "who ends is not ready");
    }

    async fn the_feed_lags_while_what_began_before_a_change_still_runs(app) {
        let w = app.world().await;
        let lag = async || feed::lag(app.db(), app.clock().now()).await.unwrap_or_else(|error| panic!("{error:?}"));
        let elder = app.db().pool().begin().await.expect("a transaction");
        if app.db().is_postgres() {
            // It has a number from now on.
            elder.execute_unprepared("SELECT pg_current_xact_id()").await.expect("a number");
            w.district.rename_area(&w.taoyuan, "桃园社区").await.done();
            app.move_to("2025-03-10 09:05").await;
            assert_eq!(lag().await, Duration::from_secs(300));
        }
        elder.rollback().await.expect("it ends");
        // Transactions of other tests on the same server hold it up too.
        for _ in 0..100 {
            if lag().await == Duration::ZERO {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the feed goes on");
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let part = |char: char| char.is_ascii_alphanumeric() || char == '_';
    text.match_indices("alliance_")
        .filter(|(at, _)| !text[..*at].ends_with(part))
        .map(|(at, _)| text[at..].split(|char| !part(char)).next().unwrap_or_default())
        .collect()
}

fn is_chinese(char: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&char)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_the_rules_and_the_documents_name_what_is_told() {
    let app = TestApp::sqlite().await;
    let socket = traffic(&app).await;
    let text = asked(&app).await;
    let told: BTreeSet<&str> = text.lines().filter(|line| !line.starts_with('#')).flat_map(names).collect();
    let families: BTreeSet<&str> = told.iter().map(|name| family(name)).collect();
    assert!(families.len() > 20, "{families:?}");
    for family in &families {
        for about in ["HELP", "TYPE"] {
            let head = format!("# {about} {family} ");
            assert_eq!(text.lines().filter(|line| line.starts_with(&head)).count(), 1, "{head}");
        }
    }

    let dashboard: Value = serde_json::from_str(&read("docs/observability/dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        for target in panel["targets"].as_array().expect("queries") {
            let asks = names(target["expr"].as_str().expect("a query"));
            assert!(!asks.is_empty() && asks.is_subset(&told), "{}: {asks:?}", panel["title"]);
        }
    }
    let rules = read("docs/observability/alerts.yml");
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() >= 8);
    for alert in alerts {
        let name = alert.lines().next().unwrap_or_default();
        for field in ["expr:", "severity:", "summary:", "description:"] {
            assert_eq!(alert.matches(field).count(), 1, "{name}: {field}");
        }
        let description = alert.split("description:").nth(1).unwrap_or_default();
        let (zh, en) =
            description.trim_start_matches([' ', '>', '-', '\n']).split_once(" / ").unwrap_or_else(|| panic!("{name}: both languages"));
        assert!(zh.chars().any(is_chinese) && !en.chars().any(is_chinese) && en.len() > 40, "{name}: what to do, in both languages");
    }
    let asked = names(&rules);
    assert!(asked.is_subset(&told), "{:?}", asked.difference(&told));

    for path in ["docs/observability.md", "docs/observability.zh-CN.md"] {
        let document = read(path);
        let documented: BTreeSet<&str> = names(&document).into_iter().map(family).collect();
        assert_eq!(documented, families, "{path}");
    }
    drop(socket);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_metric_knows_a_person_an_object_or_a_word_of_the_callers() {
    let app = TestApp::sqlite().await;
    let socket = traffic(&app).await;
    let text = asked(&app).await;
    for private in ["Fine_Name", "李大娘", "王秀英", "13812345678", "secretary", "神农", "127.0.0.1", PASSWORD] {
        assert!(!text.contains(private), "{private}:\n{text}");
    }
    let hex: Vec<&str> = text.split(|char: char| !char.is_ascii_hexdigit()).filter(|word| word.len() >= 16).collect();
    assert!(hex.iter().all(|word| word.chars().all(|char| char.is_ascii_digit())), "no ids: {hex:?}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let labels = line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(labels, _)| labels);
        for label in labels.split(',').filter(|label| !label.is_empty()).map(|label| label.split('=').next().unwrap_or_default()) {
            assert!(LABELS.contains(&label) || label == "le", "{line}");
        }
    }
    let other = TestApp::sqlite().await;
    assert_eq!(samples(&asked(&other).await)["alliance_incidents_total"], 0.0, "each application counts for itself");
    drop(socket);
}
