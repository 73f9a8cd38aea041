//! The feed of changes over server-sent events, and the journal behind it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, Response};
use sea_orm::ConnectionTrait;

use crate::support::{Actor, Id, TestApp, Value, json};

const PATIENCE: Duration = Duration::from_secs(2);

/// One open subscription.
struct Feed {
    response: Response,
    text: String,
}

impl Feed {
    async fn open(by: &Actor, after: &str, kinds: Value) -> Feed {
        let query = "subscription($after: String, $kinds: [ChangeKind!]) {
            changes(after: $after, kinds: $kinds) { id cursor kind at nodeId node { __typename id ... on GovernanceArea { name } } } }";
        let body = json!({ "query": query, "variables": { "after": after, "kinds": kinds } }).to_string();
        let request = by.request(Method::POST, "/graphql").header("accept", "text/event-stream").header("content-type", "application/json");
        let response = request.body(body).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Feed { response, text: String::new() }
    }

    /// The next event that is not just a sign of life: its name and data.
    async fn event(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let part = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned());
                let (name, data) = (part("event:"), part("data:").unwrap_or_default());
                self.text = rest.to_owned();
                if let Some(name) = name {
                    return (name, serde_json::from_str(&data).unwrap_or_default());
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("an event within two seconds");
            let chunk = chunk.expect("the stream goes on").expect("the stream has not ended");
            self.text += std::str::from_utf8(&chunk).expect("whole characters");
        }
    }

    async fn next(&mut self) -> Value {
        let (name, data) = self.event().await;
        assert_eq!((name.as_str(), &data["errors"]), ("next", &Value::Null), "{data}");
        data["data"]["changes"].clone()
    }

    /// The next so many, as `KIND of what kind of object`.
    async fn kinds(&mut self, n: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..n {
            kinds.push(self.next().await["kind"].as_str().expect("a kind").to_owned());
        }
        kinds
    }
}

/// The place before everything.
fn beginning() -> String {
    URL_SAFE_NO_PAD.encode("0.0")
}

fn need(community: &str, title: &str) -> Value {
    json!({ "community": community, "category": "ELDERLY", "form": "GOODS", "title": title, "wanted": "6", "measure": "张",
        "submit": true })
}

/// The ids of the journal's entries that a feed can show, in the order of their commits.
async fn journal(app: &TestApp) -> Vec<String> {
    let rows = app.rows("SELECT id FROM journal WHERE node_kind NOT IN ('account', 'grant') ORDER BY tx, seq").await;
    rows.iter().map(|row| format!("change_{}", row.try_get_by_index::<uuid::Uuid>(0).expect("a key").simple())).collect()
}

both! {
    async fn a_change_arrives_while_one_watches(app) {
        let w = app.world().await;
        let mut feed = Feed::open(&app.anyone(), &beginning(), Value::Null).await;
        assert_eq!(feed.kinds(6).await, ["AREA_ADDED"; 6]);
        w.secretary.post_need(need(&w.taoyuan, "未公开的需求")).await.done();
        w.district.rename_area(&w.taoyuan, "桃园社区").await.done();
        let change = feed.next().await;
        assert_eq!((&change["kind"], &change["nodeId"]), (&json!("AREA_RENAMED"), &json!(w.taoyuan)), "what is not public was passed over");
        assert_eq!(change["node"], json!({ "__typename": "GovernanceArea", "id": w.taoyuan, "name": "桃园社区" }));
        assert_eq!(change["at"], "2025-03-10T01:00:00+00:00");
        assert_eq!(Some(change["id"].as_str().expect("an id").to_owned()), journal(app).await.pop());
    }

    async fn who_was_away_goes_on_where_it_stopped_without_a_gap_and_without_a_repetition(app) {
        let w = app.world().await;
        let mut seen = Vec::new();
        let mut after = beginning();
        for round in 0..4 {
            w.district.rename_area(&w.taoyuan, &format!("桃园{round}社区")).await.done();
            let mut feed = Feed::open(&w.auditor, &after, Value::Null).await;
            for _ in 0..2 {
                let change = feed.next().await;
                after = change["cursor"].as_str().expect("a cursor").to_owned();
                seen.push(change["id"].as_str().expect("an id").to_owned());
            }
        }
        let mut feed = Feed::open(&w.auditor, &after, Value::Null).await;
        for _ in seen.len()..10 {
            seen.push(feed.next().await["id"].as_str().expect("an id").to_owned());
        }
        assert_eq!(seen, journal(app).await);
    }

    async fn the_feed_goes_on_after_a_move_to_a_server_that_counts_its_transactions_anew(app) {
        let w = app.world().await;
        let mut feed = Feed::open(&w.auditor, &beginning(), Value::Null).await;
        let mut after = feed.next().await["cursor"].as_str().expect("a cursor").to_owned();
        if app.db().is_postgres() {
            // As if all that there is had been written by a server that had counted far.
            app.db().pool().execute_unprepared("UPDATE journal SET tx = tx + 4000000000").await.expect("the journal is older");
            let (tx, seq) = {
                let rows = app.rows("SELECT tx, seq FROM journal WHERE node_kind NOT IN ('account', 'grant') ORDER BY tx, seq LIMIT 1").await;
                (rows[0].try_get_by_index::<i64>(0).expect("tx"), rows[0].try_get_by_index::<i64>(1).expect("seq"))
            };
            after = URL_SAFE_NO_PAD.encode(format!("{tx}.{seq}"));
        }
        for round in 0..2 {
            assert!(alliance::journal::carry_on(app.db()).await.is_ok(), "the service opens the database");
            w.district.rename_area(&w.taoyuan, &format!("桃园{round}社区")).await.done();
        }
        let mut feed = Feed::open(&w.auditor, &after, Value::Null).await;
        let mut seen = Vec::new();
        for _ in 1..journal(app).await.len() {
            seen.push(feed.next().await["id"].as_str().expect("an id").to_owned());
        }
        assert_eq!(seen, journal(app).await[1..]);
        let rows = app.rows("SELECT kind FROM journal ORDER BY tx DESC, seq DESC LIMIT 2").await;
        let last: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).expect("a kind")).collect();
        assert_eq!(last, ["AREA_RENAMED", "AREA_RENAMED"]);
    }

    async fn who_asks_from_time_to_time_gets_the_same_in_batches(app) {
        let w = app.world().await;
        let polled = async |who: &Actor, after: Value, kinds: Value, first: i32| {
            let query = "query($after: String, $kinds: [ChangeKind!], $first: Int) {
                changes(after: $after, kinds: $kinds, first: $first) { cursor hasMore changes { id kind } } }";
            who.query(query, json!({ "after": after, "kinds": kinds, "first": first })).await["changes"].clone()
        };
        for n in 0..4 {
            w.district.rename_area(&w.taoyuan, &format!("桃园{n}社区")).await.done();
        }
        // What others write in the same server may hold the latest back for a moment.
        let moment = || tokio::time::sleep(Duration::from_millis(50));
        let all = journal(app).await;
        let (mut seen, mut after, mut batches) = (Vec::new(), json!(beginning()), 0);
        while seen.len() < all.len() {
            let batch = polled(&w.auditor, after, Value::Null, 3).await;
            let changes = batch["changes"].as_array().expect("changes");
            assert!(changes.len() <= 3);
            seen.extend(changes.iter().map(|change| change["id"].as_str().expect("an id").to_owned()));
            (after, batches) = (batch["cursor"].clone(), batches + 1);
            if batch["hasMore"] == false {
                moment().await;
            }
        }
        assert_eq!(seen, all);
        assert!(batches >= 4, "{batches} batches of at most three");
        let head = polled(&w.auditor, Value::Null, Value::Null, 100).await;
        assert_eq!(head["changes"], json!([]), "from now on");
        w.secretary.post_need(need(&w.taoyuan, "未公开的需求")).await.done();
        let open = w.open_need("修缮楼道照明", "6", "张").await;
        let published = loop {
            let batch = polled(&app.anyone(), after.clone(), json!(["NEED_PUBLISHED"]), 100).await;
            if batch["changes"] != json!([]) {
                break batch["changes"].clone();
            }
            moment().await;
        };
        assert_eq!((published.as_array().map(Vec::len), &published[0]["kind"]), (Some(1), &json!("NEED_PUBLISHED")));
        assert_eq!(app.journal_of(open.id()).await.last().map(String::as_str), Some("NEED_PUBLISHED"));
        for first in [0, 101] {
            let answer = app.anyone().run("query($n: Int) { changes(first: $n) { cursor } }", json!({ "n": first })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT");
        }
    }

    async fn a_stream_is_complete_when_the_service_ends(app) {
        let w = app.world().await;
        let mut feed = Feed::open(&w.auditor, &beginning(), json!(["AREA_RENAMED"])).await;
        w.district.rename_area(&w.taoyuan, "桃园社区").await.done();
        assert_eq!(feed.kinds(1).await, ["AREA_RENAMED"]);
        app.door.end();
        assert_eq!(feed.event().await.0, "complete");
        let mut late = Feed::open(&w.auditor, &beginning(), json!(["AREA_CLOSED"])).await;
        assert_eq!(late.event().await.0, "complete");
    }

    async fn a_cursor_that_is_none_is_refused(app) {
        for cursor in ["", "x", "🦀", &URL_SAFE_NO_PAD.encode("1"), &URL_SAFE_NO_PAD.encode("a.b")] {
            let mut feed = Feed::open(&app.anyone(), cursor, Value::Null).await;
            let (_, data) = feed.event().await;
            assert_eq!(data["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{cursor}");
            assert_eq!(feed.event().await.0, "complete");
        }
    }

    async fn a_cursor_of_a_later_database_is_refused_instead_of_waiting_there(app) {
        let w = app.world().await;
        let later = URL_SAFE_NO_PAD.encode("4000000000000000000.1");
        let answer = app.anyone().run("query($after: String) { changes(after: $after) { cursor } }", json!({ "after": later })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        let mut feed = Feed::open(&app.anyone(), &later, Value::Null).await;
        assert_eq!(feed.event().await.1["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        let client = w.district.register_client(json!({ "district": w.tiedong, "name": "掌上铁东", "scopes": ["CHANGES"] })).await.done();
        let webhook = json!({ "client": client.id(), "url": "https://app.example.cn/hook", "after": later });
        w.district.register_webhook(webhook).await.failed("BAD_USER_INPUT");
    }

    async fn everybody_is_told_when_part_of_a_need_is_claimed(app) {
        let w = app.world().await;
        let need = w.open_need("修缮楼道照明", "6", "张").await;
        let mut feed = Feed::open(&app.anyone(), &beginning(), json!(["NEED_CLAIMED", "NEED_MATCHED", "NEED_RELEASED"])).await;
        let part = w.unit.claim(&need, &w.shennong, "1").await.done();
        let change = feed.next().await;
        assert_eq!((&change["kind"], &change["nodeId"]), (&json!("NEED_CLAIMED"), &json!(need.id())));
        w.unit.claim(&need, &w.shennong, "5").await.done();
        assert_eq!(feed.next().await["kind"], "NEED_MATCHED");
        w.district.reject(&part, "已另行安排").await.done();
        assert_eq!(feed.next().await["kind"], "NEED_RELEASED");
    }

    async fn a_subscription_is_answered_as_events_only(app) {
        let answer = app.anyone().run("subscription { changes { id } }", json!({})).await;
        assert_eq!((answer.status, answer.code()), (406, "BAD_USER_INPUT"));
    }

    async fn only_the_kinds_that_were_asked_for_arrive(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "6", "张").await;
        w.unit.claim(&open, &w.shennong, "6").await.done();
        let mut feed = Feed::open(&w.auditor, &beginning(), json!(["NEED_PUBLISHED", "MATCH_APPLIED"])).await;
        assert_eq!(feed.kinds(2).await, ["NEED_PUBLISHED", "MATCH_APPLIED"]);
        w.district.rename_area(&w.taoyuan, "桃园社区").await.done();
        w.open_need("添置长椅", "6", "张").await;
        assert_eq!(feed.kinds(1).await, ["NEED_PUBLISHED"]);
    }

    async fn a_need_in_its_window_is_told_to_those_it_is_directed_to_and_to_no_stranger(app) {
        let w = app.world().await;
        let directed = w.secretary.post_need(need(&w.taoyuan, "为独居老人送餐")).await.done();
        w.street.publish(&directed).await.done();
        w.secretary.withdraw_need(&directed, "已自行解决").await.done();
        w.open_need("修缮楼道照明", "6", "张").await;
        let needs = json!(["NEED_POSTED", "NEED_SUBMITTED", "NEED_PUBLISHED", "NEED_WITHDRAWN", "GONE"]);
        // The open one is told with all that led to it; of the directed one a stranger does not even hear that it went.
        for stranger in [&app.anyone(), &w.unit2, &w.secretary2, &w.partner] {
            let mut feed = Feed::open(stranger, &beginning(), needs.clone()).await;
            assert_eq!(feed.kinds(3).await, ["NEED_POSTED", "NEED_SUBMITTED", "NEED_PUBLISHED"]);
        }
        for party in [&w.unit, &w.legal, &w.secretary, &w.street] {
            let mut feed = Feed::open(party, &beginning(), needs.clone()).await;
            assert_eq!(feed.kinds(4).await, ["NEED_POSTED", "NEED_SUBMITTED", "NEED_PUBLISHED", "NEED_WITHDRAWN"]);
        }
    }

    async fn what_leaves_the_publics_sight_says_so_once(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "6", "张").await;
        let kinds = json!(["NEED_PUBLISHED", "NEED_WITHDRAWN", "GONE", "PLEDGE_LISTED", "PLEDGE_PAUSED", "PLEDGE_RESUMED"]);
        let mut nobody = Feed::open(&app.anyone(), &beginning(), kinds.clone()).await;
        let mut auditor = Feed::open(&w.auditor, &beginning(), kinds.clone()).await;
        assert_eq!(nobody.next().await["nodeId"], open.id());
        w.district.withdraw_need(&open, "已自行解决").await.done();
        w.district.withdraw_need(&open, "已自行解决").await.done();
        let pledge = json!({ "unit": w.shennong, "form": "GOODS", "category": "ELDERLY", "title": "大米", "total": "9", "measure": "袋" });
        let pledge = w.unit.pledge_resource(pledge).await.done();
        w.district.list_pledge(&pledge).await.done();
        w.unit.pause_pledge(&pledge).await.done();

        let gone = nobody.next().await;
        assert_eq!((&gone["kind"], &gone["nodeId"], &gone["node"]), (&json!("GONE"), &json!(open.id()), &Value::Null));
        assert_eq!(auditor.kinds(2).await, ["NEED_PUBLISHED", "NEED_WITHDRAWN"]);
        // Who reads it all later learns only that they are gone, and nothing of what they were.
        let mut later = Feed::open(&app.anyone(), &beginning(), kinds).await;
        for object in [open.id(), pledge.id()] {
            let gone = later.next().await;
            assert_eq!((&gone["kind"], &gone["nodeId"], &gone["node"]), (&json!("GONE"), &json!(object), &Value::Null));
        }
        w.unit.resume_pledge(&pledge).await.done();
        assert_eq!(later.kinds(1).await, ["PLEDGE_RESUMED"]);
    }

    async fn the_stream_ends_when_the_viewers_roles_or_session_do(app) {
        let w = app.world().await;
        let mut feed = Feed::open(&w.unit, &beginning(), json!(["AREA_RENAMED"])).await;
        w.district.rename_area(&w.taoyuan, "桃园社区").await.done();
        assert_eq!(feed.kinds(1).await, ["AREA_RENAMED"]);
        w.unit.query("mutation { signOut { result } }", json!({})).await;
        w.district.rename_area(&w.taoyuan, "桃源社区").await.done();
        let (_, data) = feed.event().await;
        assert_eq!(data["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(feed.event().await.0, "complete");
    }

    async fn parallel_writers_are_told_in_the_order_of_their_commits(app) {
        let w = app.world().await;
        let mut feed = Feed::open(&app.anyone(), &beginning(), json!(["AREA_RENAMED"])).await;
        let areas = [&w.tiedong, &w.beimen, &w.huangtukeng, &w.taoyuan, &w.ziwei, &w.shuanghui];
        let writers = futures_util::future::join_all((0..6).map(|n| {
            let (district, area) = (&w.district, areas[n]);
            async move {
                for round in 0..6 {
                    district.rename_area(area, &format!("{n}号{round}")).await.done();
                }
            }
        }));
        let reader = async {
            let mut seen = Vec::new();
            for _ in 0..36 {
                seen.push(feed.next().await["id"].as_str().expect("an id").to_owned());
            }
            seen
        };
        let (_, seen) = tokio::join!(writers, reader);
        let all = journal(app).await;
        assert_eq!(seen, all[all.len() - 36..], "as they committed, each once");
    }

    async fn the_journal_tells_the_auditor_who_did_what_in_which_role(app) {
        let w = app.world().await;
        let posted = w.street.post_need(need(&w.taoyuan, "添置长椅")).await.done();
        w.district.publish(&posted).await.done();
        app.pass_working_days(5).await;
        let document = "query($n: ID!) { journal(filter: { node: $n }, first: 10) {
            totalCount nodes { id at kind nodeId role onBehalf } } }";
        let data = w.auditor.query(document, json!({ "n": posted.id() })).await;
        let entries = data["journal"]["nodes"].as_array().expect("entries");
        let told = |entry: &Value| (entry["kind"].clone(), entry["role"].clone(), entry["onBehalf"].clone());
        let told: Vec<_> = entries.iter().rev().map(told).collect();
        let expected = [
            (json!("NEED_POSTED"), json!("STREET_OFFICER"), json!(true)),
            (json!("NEED_SUBMITTED"), json!("STREET_OFFICER"), json!(true)),
            (json!("NEED_PUBLISHED"), json!("DISTRICT_ADMIN"), json!(true)),
            (json!("NEED_OPENED"), Value::Null, json!(false)),
        ];
        assert_eq!(told, expected);
        assert_eq!(data["journal"]["totalCount"], 4);

        // The pages of two are the whole list, from either end.
        let mut pages = Vec::new();
        let mut after = Value::Null;
        loop {
            let page = "query($after: String) { journal(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }";
            let data = w.auditor.query(page, json!({ "after": after })).await;
            let nodes = data["journal"]["nodes"].as_array().expect("nodes");
            pages.extend(nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()));
            after = data["journal"]["pageInfo"]["endCursor"].clone();
            if data["journal"]["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        pages.reverse();
        assert_eq!(pages, journal(app).await);
        let days = w.auditor.query("{ journal(filter: { from: \"2025-03-18\", to: \"2025-03-18\" }) { nodes { kind } } }", json!({})).await;
        assert_eq!(days["journal"]["nodes"], json!([{ "kind": "NEED_OPENED" }]));
    }
}
