//! What a caller sees of a broken database, and of texts that were made to break one: nothing of the inside.

use sea_orm::ConnectionTrait;

use crate::support::{Actor, Attempt, TestApp, Value, World, json};

/// What no answer may hold, in small letters.
const INSIDE: &[&str] = &[
    "secret_sql",
    "sql",
    "select",
    "insert",
    "constraint",
    "relation",
    "no such",
    "postgres",
    "sea_orm",
    "sea-orm",
    "alliance::",
    ".rs",
    "panick",
    "dberr",
    "sqlstate",
    "trigger",
    "_away",
    "/tmp",
];

fn need(w: &World, title: &str) -> Value {
    json!({
        "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": title, "wanted": "5", "measure": "件", "submit": true,
        "contactName": "王主任", "contactPhone": "13800000000", "directedTo": [w.shennong],
    })
}

/// It failed with an incident to ask about, and tells nothing else.
#[track_caller]
fn tells_nothing(attempt: Attempt) {
    assert_eq!(attempt.answer.status, 200, "{}", attempt.answer);
    let answer = attempt.answer.body.to_string().to_lowercase();
    let error = attempt.failed("INTERNAL");
    assert_eq!(error["extensions"]["incident"].as_str().map(str::len), Some(32), "{error}");
    assert_eq!(error["extensions"].as_object().map(serde_json::Map::len), Some(2), "{error}");
    for inside in INSIDE {
        assert!(!answer.contains(inside), "{inside} is told: {answer}");
    }
}

/// How many rows each table has that posting and claiming write to.
async fn written(app: &TestApp) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["needs", "need_directions", "matches", "journal", "search_words", "idempotency_keys"] {
        counts.push(app.count(table).await);
    }
    counts
}

/// From now on each write to a table fails in the words of a library.
async fn poison(app: &TestApp, table: &str) {
    let raise = if app.db().is_postgres() {
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'SECRET_SQL in relation needs'; END $$"
    } else {
        "SELECT 1"
    };
    let trigger = if app.db().is_postgres() {
        format!("CREATE TRIGGER poison BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION poison()")
    } else {
        format!("CREATE TRIGGER poison BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'SECRET_SQL in relation needs'); END")
    };
    for sql in [raise, &trigger] {
        app.db().pool().execute_unprepared(sql).await.expect("the trap is set");
    }
}

both! {
    async fn a_table_that_is_gone_is_not_told_and_nothing_is_half_written(app) {
        let w = app.world().await;
        let hall = w.secretary.post_need(need(&w, "轮椅")).await.done();
        w.street.publish(&hall).await.done();
        for (n, table) in ["need_directions", "search_words", "journal", "idempotency_keys", "pairings"].into_iter().enumerate() {
            let before = written(app).await;
            let secretary = w.secretary.with_key(&format!("key-{n}"));
            app.break_table(table).await;
            tells_nothing(secretary.post_need(need(&w, &format!("棉被{n}"))).await);
            app.mend_table(table).await;
            assert_eq!(written(app).await, before, "{table}");
            // The same request, sent again, is done now: the failure was not remembered under its key.
            secretary.post_need(need(&w, &format!("棉被{n}"))).await.done();
        }
        let before = written(app).await;
        for table in ["matches", "journal"] {
            app.break_table(table).await;
            tells_nothing(w.unit.claim(&hall, &w.shennong, "1").await);
            app.mend_table(table).await;
        }
        assert_eq!(written(app).await, before);
        w.street.sees(&hall, "PUBLISHED_DIRECTED: 5 = 5 unmatched").await;
    }

    async fn a_query_on_a_broken_table_tells_nothing_either(app) {
        let w = app.world().await;
        app.break_table("needs").await;
        for document in [
            "{ needs { nodes { id } } }",
            "{ needs(filter: { search: \"轮椅\" }) { totalCount } }",
            "{ matches { nodes { need { id } } } }",
        ] {
            let answer = w.street.run(document, json!({})).await;
            let text = answer.body.to_string().to_lowercase();
            assert!(answer.errors().iter().all(|error| error["extensions"]["code"] == "INTERNAL"), "{answer}");
            for inside in INSIDE {
                assert!(!text.contains(inside), "{inside} is told: {answer}");
            }
        }
        app.mend_table("needs").await;
        app.break_table("role_grants").await;
        app.memory().forget();
        let answer = w.street.run("{ viewer { name } }", json!({})).await;
        assert_eq!(answer.code(), "INTERNAL");
        app.mend_table("role_grants").await;
    }

    async fn an_error_text_of_the_database_is_not_passed_on(app) {
        let w = app.world().await;
        poison(app, "journal").await;
        let before = written(app).await;
        tells_nothing(w.secretary.with_key("k").post_need(need(&w, "轮椅")).await);
        tells_nothing(w.secretary.in_english().post_need(need(&w, "轮椅")).await);
        tells_nothing(w.district.in_a_dry_run().rename_area(&w.ziwei, "紫薇社区").await);
        assert_eq!(written(app).await, before);
    }

    async fn no_text_breaks_a_mutation_or_a_search(app) {
        let w = app.world().await;
        let posted = w.secretary.post_need(need(&w, "轮椅")).await.done();
        w.street.publish(&posted).await.done();
        let offer = json!({ "unit": w.shennong, "form": "GOODS", "category": "ELDERLY", "title": "轮椅", "total": "50", "measure": "件" });
        let pledge = w.unit.pledge_resource(offer.clone()).await.done();
        w.district.list_pledge(&pledge).await.done();
        let claim = w.unit.claim(&posted, &w.shennong, "3").await.done();
        w.street.confirm(&claim).await.done();
        let report = w.unit.report(&claim, "1").await.done();
        let today = app.today();
        let inputs: [(&Actor, &'static str, Value, &[&str]); 8] = [
            (&w.secretary, "postNeed", need(&w, "轮椅"),
             &["title", "description", "measure", "place", "contactName", "contactPhone", "wanted", "community"]),
            (&w.secretary, "updateNeed", json!({ "id": posted.0["id"] }), &["title", "description", "wanted", "dueOn"]),
            (&w.unit, "pledgeResource", offer,
             &["title", "description", "measure", "weeklyHours", "audience", "conditions", "total", "validUntil"]),
            (&w.unit, "claimNeed", json!({ "need": posted.0["id"], "unit": w.shennong, "quantity": "0.001" }),
             &["plan", "quantity", "promisedOn", "need"]),
            (&w.street, "requestPledge", json!({ "pledge": pledge.0["id"], "community": w.ziwei, "quantity": "0.001" }),
             &["purpose", "neededOn"]),
            (&w.unit, "transferMatch", json!({ "match": claim.0["id"], "toUnit": w.kangning, "reason": "x" }),
             &["reason", "match", "toUnit"]),
            (&w.unit, "reportDelivery", json!({ "match": claim.0["id"], "quantity": "0.001", "deliveredOn": today }),
             &["note", "fairValue", "hours"]),
            (&w.secretary, "acceptDelivery", json!({ "delivery": report.0["id"], "quantity": "99" }), &["note", "quantity"]),
        ];
        for text in hostile() {
            for (actor, verb, input, fields) in &inputs {
                for field in *fields {
                    let mut input = input.clone();
                    input[*field] = json!(text);
                    let of = format!("{}{}Input!", verb[..1].to_uppercase(), &verb[1..]);
                    unbroken(actor.tries(verb, &[("input", &of, input)], "id").await, field, &text);
                }
            }
            for verb in ["returnNeed", "withdrawNeed", "closeNeed", "withdrawPledge",
                "returnPledge", "rejectMatch", "cancelMatch", "refuseDelivery"] {
                let objects = [(json!(text), json!("x")), (posted.0["id"].clone(), json!(text)), (claim.0["id"].clone(), json!(text))];
                for (id, reason) in objects {
                    // By somebody who may not, so that the objects stay as they are.
                    unbroken(w.unit2.tries(verb, &[("id", "ID!", id), ("reason", "String!", reason)], "id").await, "reason", &text);
                }
            }
            let made = w.secretary.post_need(need(&w, "轮椅")).await.done();
            unbroken(w.secretary.withdraw_need(&made, &text).await, "reason", &text);
            searches(app, &text).await;
        }
    }
}

#[track_caller]
fn unbroken(attempt: Attempt, field: &str, text: &str) {
    let shown: String = text.chars().take(40).collect();
    let codes: Vec<_> = attempt.answer.errors().iter().map(|error| error["extensions"]["code"].clone()).collect();
    assert!(!codes.contains(&json!("INTERNAL")), "{} with {field} = {shown:?}: {}", attempt.verb, attempt.answer);
    assert!(attempt.answer.status < 500, "{} with {field} = {shown:?}: {}", attempt.verb, attempt.answer);
}

/// Every argument of a query that takes a text.
async fn searches(app: &TestApp, text: &str) {
    let lists = ["areas", "alliances", "units", "pledges", "needs"];
    let documents = lists.iter().flat_map(|list| {
        [
            format!("query($s: String!) {{ {list}(filter: {{ search: $s }}) {{ totalCount nodes {{ id }} }} }}"),
            format!(
                "query($s: String!) {{ {list}(filter: {{ search: $s }}, orderBy: RELEVANCE, first: 1) {{ pageInfo {{ endCursor }} }} }}"
            ),
            format!("query($s: String!) {{ {list}(after: $s) {{ nodes {{ id }} }} }}"),
        ]
    });
    let others = ["query($s: String!) { area(code: $s) { id } }", "query($s: ID!) { node(id: $s) { id } nodes(ids: [$s]) { id } }"];
    for document in documents.chain(others.map(str::to_owned)) {
        let answer = app.anyone().run(&document, json!({ "s": text })).await;
        assert!(answer.errors().iter().all(|error| error["extensions"]["code"] != "INTERNAL"), "{document} with {text:?}: {answer}");
    }
}

fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        "",
        " ",
        "'",
        "\"",
        "`",
        "\\",
        "%",
        "_",
        "'; DROP TABLE needs; --",
        "' OR '1'='1",
        "$1 ? :1 {0} %s",
        "\0",
        "轮\0椅",
        "\u{1}\u{1b}[31m",
        "\r\n\t",
        "\u{7f}\u{85}",
        "\u{feff}\u{200b}\u{2028}",
        "👨‍👩‍👧‍👦🦽",
        "👍",
        "שלום مرحبا",
        "\u{202e}gnirts\u{202c}",
        "e\u{301}\u{301}\u{301}",
        "ﬀﬁ①⑩㊙",
        "!!!",
        "。,、",
        "<script>alert(1)</script>",
        "=1+1",
        "{\"a\":1}",
        "null",
        "0",
        "-1",
        "1e9",
        "999999999999",
        "0.0001",
        "2025-02-30",
        "9999-12-31",
        "0000-00-00",
        "-262143-01-01",
        "need_",
        "need_00000000000000000000000000000000",
        "\u{10ffff}",
        "\u{e000}",
        "İstanbul ß ſ",
    ]
    .map(str::to_owned)
    .into();
    all.extend(["长".repeat(61), "a".repeat(5000), "轮椅 ".repeat(700), "\u{301}".repeat(60), "🦽".repeat(60), "x".repeat(60)]);
    all
}
