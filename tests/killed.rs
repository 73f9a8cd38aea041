//! The service is killed outright among writers and started again: what was acknowledged is there, nothing is half there, and what was not
//! acknowledged can be sent again under its key.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use alliance::db::Db;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{Fresh, Receiver};

const WRITERS: usize = 8;
/// So many needs are acknowledged before each kill.
const ACKNOWLEDGED: usize = 60;
const PASSWORD: &str = "correct horse 2025";

const POST: &str = "mutation($input: PostNeedInput!) { postNeed(input: $input) { result { id status } refusals { code } } }";

/// What must have no rows: a need without each of the other things that were written with it, and the other way round.
const HALVES: &[&str] = &[
    "SELECT 1 FROM needs WHERE id NOT IN (SELECT node_id FROM journal WHERE kind = 'NEED_POSTED')",
    "SELECT 1 FROM needs WHERE id NOT IN (SELECT node_id FROM journal WHERE kind = 'NEED_SUBMITTED')",
    "SELECT 1 FROM journal WHERE node_kind = 'need' AND node_id NOT IN (SELECT id FROM needs)",
    "SELECT 1 FROM needs WHERE id NOT IN (SELECT node_id FROM idempotency_keys)",
    "SELECT 1 FROM idempotency_keys WHERE node_id NOT IN (SELECT id FROM needs)",
    "SELECT 1 FROM needs WHERE id NOT IN (SELECT node_id FROM search_words)",
    "SELECT 1 FROM needs WHERE status <> 'SUBMITTED'",
    "SELECT 1 FROM needs GROUP BY title HAVING COUNT(*) > 1",
];

/// The program with its settings.
fn alliance(url: &str, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alliance"));
    command.args(words).current_dir(folder).env("ALLIANCE_DATABASE_URL", url).env("ALLIANCE_KEY_FILE", folder.join("alliance.key"));
    command.env("ALLIANCE_LISTEN", "127.0.0.1:0").env("ALLIANCE_RATE_LIMIT", "off");
    command.env("ALLIANCE_WEBHOOK_NETWORKS", "127.0.0.0/8").stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Runs a command to its end.
fn run(url: &str, folder: &Path, words: &[&str]) {
    let mut child = alliance(url, folder, words).spawn().expect("the program starts");
    child.stdin.take().expect("an input").write_all(PASSWORD.as_bytes()).expect("the password is read");
    let ended = child.wait_with_output().expect("the program ends");
    assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stdout));
}

/// The service while it runs; dropped, it is killed.
struct Service {
    child: Mutex<Child>,
    url: String,
    http: reqwest::Client,
    token: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Service {
    fn kill(&self) {
        let mut child = self.child.lock().expect("a lock");
        child.kill().expect("the service is killed");
        child.wait().expect("the service is gone");
    }

    async fn start(url: &str, folder: &Path) -> Service {
        alliance::outbound::provide_cryptography();
        let mut child = alliance(url, folder, &["serve"]).stderr(Stdio::null()).spawn().expect("the service starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("a line");
        let url =
            line.split_whitespace().find(|word| word.starts_with("http://")).unwrap_or_else(|| panic!("an address: {line}")).to_owned();
        // TLS is not used here, but a client is not made without its provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut service = Service { child: Mutex::new(child), url, http: reqwest::Client::new(), token: String::new() };
        let document = "mutation($p: String!) { signIn(login: \"district\", password: $p) { result { accessToken } } }";
        let session = service.send(document, json!({ "p": PASSWORD }), None).await.expect("an answer");
        service.token = session["signIn"]["result"]["accessToken"].as_str().expect("a token").to_owned();
        service
    }

    /// The data of an answer; nothing where the connection broke. An answer with an error is none that a writer may get.
    async fn send(&self, document: &str, variables: Value, key: Option<&str>) -> Option<Value> {
        let mut request = self.http.post(&self.url).header("content-type", "application/json");
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = json!({ "query": document, "variables": variables }).to_string();
        let answer: Value = request.body(body).send().await.ok()?.json().await.ok()?;
        assert!(answer.get("errors").is_none(), "{answer}");
        Some(answer["data"].clone())
    }

    async fn add_area(&self, parent: &str, level: &str, code: &str) -> String {
        let input = json!({ "parent": parent, "level": level, "code": code, "name": code });
        let document = "mutation($input: AddAreaInput!) { addArea(input: $input) { result { id } refusals { message } } }";
        let data = self.send(document, json!({ "input": input }), None).await.expect("an answer");
        data["addArea"]["result"]["id"].as_str().unwrap_or_else(|| panic!("an area: {data}")).to_owned()
    }

    /// Posts the need that belongs to a key; its id, if the service lived to tell.
    async fn post(&self, community: &str, key: &str) -> Option<String> {
        let input = json!({
            "community": community, "category": "ELDERLY", "form": "GOODS", "title": key, "wanted": "1", "measure": "件", "submit": true,
        });
        let data = self.send(POST, json!({ "input": input }), Some(key)).await?;
        Some(data["postNeed"]["result"]["id"].as_str().unwrap_or_else(|| panic!("a need: {data}")).to_owned())
    }
}

async fn rows(db: &Db, sql: &str) -> usize {
    let statement = Statement::from_string(db.pool().get_database_backend(), sql);
    db.pool().query_all_raw(statement).await.expect("the tables can be read").len()
}

/// A district with its administrator, and the service for it; the district's id.
async fn begin(url: &str, folder: &Path) -> (Service, String) {
    run(url, folder, &["migrate"]);
    run(url, folder, &["district", "add", "--code", "220303", "--name", "铁东区"]);
    run(url, folder, &["account", "create", "--login", "district", "--name", "区级管理员", "--password-stdin"]);
    run(url, folder, &["account", "grant", "--login", "district", "--role", "DISTRICT_ADMIN", "--area-code", "220303"]);
    let service = Service::start(url, folder).await;
    let district = service.send("{ area(code: \"220303\") { id } }", json!({}), None).await.expect("an answer");
    (service, district["area"]["id"].as_str().expect("a district").to_owned())
}

async fn survives(url: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (url, folder) = (&url.replace("FOLDER", &folder.path().display().to_string()), folder.path());
    let (mut service, district) = begin(url, folder).await;
    let street = service.add_area(&district, "STREET", "220303006").await;
    let community = service.add_area(&street, "COMMUNITY", "220303006001").await;
    let db = Db::connect(url, 2, false).await.expect("the database opens");

    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..3 {
        let told = Mutex::new(Vec::new());
        let writers = (0..WRITERS).map(|writer| {
            let (told, service, community) = (&told, &service, &community);
            async move {
                let mut n = 0;
                loop {
                    let key = format!("round-{round}-{writer}-{n}");
                    let Some(id) = service.post(community, &key).await else { return key };
                    let so_far = {
                        let mut told = told.lock().expect("a lock");
                        told.push((key, id));
                        told.len()
                    };
                    if so_far == ACKNOWLEDGED {
                        service.kill();
                    }
                    n += 1;
                }
            }
        });
        let unanswered = join_all(writers).await;
        service = Service::start(url, folder).await;
        for half in HALVES {
            assert_eq!(rows(&db, half).await, 0, "{half}");
        }
        let told = told.into_inner().expect("a lock");
        assert!(told.len() >= ACKNOWLEDGED);
        known.extend(told);
        for (key, id) in &known {
            assert_eq!(service.post(&community, key).await.as_ref(), Some(id), "{key} was acknowledged");
        }
        // Sent again, twice and at once: each is one need, whether or not the first had come through.
        for key in unanswered {
            let (left, right) = tokio::join!(service.post(&community, &key), service.post(&community, &key));
            assert_eq!(left, right);
            known.insert(key, left.expect("an answer"));
        }
        assert_eq!(rows(&db, "SELECT 1 FROM needs").await, known.len());
    }
}

/// A partner is told of every change that was acknowledged, in order, though the service is killed again and again.
async fn tells(url: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (url, folder) = (&url.replace("FOLDER", &folder.path().display().to_string()), folder.path());
    let receiver = Receiver::start().await;
    let (mut service, district) = begin(url, folder).await;
    let client = "mutation($d: ID!) { registerClient(input: { district: $d, name: \"掌上铁东\", scopes: [CHANGES] }) { result { id } } }";
    let client = service.send(client, json!({ "d": district }), None).await.expect("an answer");
    let webhook =
        "mutation($c: ID!, $u: String!) { registerWebhook(input: { client: $c, url: $u }) { result { id } refusals { message } } }";
    let client = &client["registerClient"]["result"]["id"];
    let webhook = service.send(webhook, json!({ "c": client, "u": receiver.url }), None).await.expect("an answer");
    assert!(webhook["registerWebhook"]["result"]["id"].is_string(), "{webhook}");
    let rename = "mutation($id: ID!, $name: String!) { renameArea(id: $id, name: $name) { result { id } } }";
    let mut acknowledged = 0;
    for round in 0..5u64 {
        let heard = receiver.calls().len();
        for n in 0..20 {
            acknowledged +=
                usize::from(service.send(rename, json!({ "id": district, "name": format!("{round}-{n}") }), None).await.is_some());
            // Somewhere among the messages, at another place each time.
            if receiver.calls().len() > heard + 3 * round as usize {
                break;
            }
        }
        service.kill();
        service = Service::start(url, folder).await;
    }
    let expected = "{ journal(first: 100, filter: { kind: [AREA_RENAMED] }) { nodes { id } } }";
    let expected = service.send(expected, json!({}), None).await.expect("an answer");
    let expected: Vec<_> =
        expected["journal"]["nodes"].as_array().expect("entries").iter().rev().map(|entry| entry["id"].clone()).collect();
    assert!(expected.len() >= acknowledged && acknowledged >= 5);
    let told = || {
        let mut seen = BTreeSet::new();
        receiver.calls().iter().map(|call| json!(call.id())).filter(|id| seen.insert(id.to_string())).collect::<Vec<_>>()
    };
    // What was on its way when the service was killed is taken again half a minute later.
    for _ in 0..900 {
        if told().len() >= expected.len() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(told(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_is_told_of_everything_though_the_service_is_killed_on_sqlite() {
    tells("sqlite://FOLDER/alliance.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_is_told_of_everything_though_the_service_is_killed_on_postgres() {
    tells(&Fresh::create().await.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_on_sqlite() {
    survives("sqlite://FOLDER/alliance.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_on_postgres() {
    survives(&Fresh::create().await.url()).await;
}
