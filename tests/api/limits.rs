//! What one request may ask for. The guard stands before the executor, so that no small document can keep the service busy.

use std::time::{Duration, Instant};

use crate::support::{Answer, TestApp, json};

/// Sends a document that must be refused for its size, and fast; the limit that it names.
async fn over_the_limit(app: &TestApp, document: &str) -> String {
    let begun = Instant::now();
    let answer = app.anyone().run(document, json!({})).await;
    let took = begun.elapsed();
    assert_eq!((answer.status, answer.code()), (400, "LIMIT_EXCEEDED"), "{answer}");
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    answer.errors()[0]["extensions"]["limit"].as_str().unwrap_or_default().to_owned()
}

async fn passes(app: &TestApp, document: &str) -> Answer {
    let answer = app.anyone().run(document, json!({})).await;
    assert_eq!(answer.errors(), [] as [serde_json::Value; 0], "{answer}");
    answer
}

/// Fragments that each spread the next one twice.
fn bomb(depth: usize) -> String {
    let mut document = "{ __typename ...f0 }".to_owned();
    for n in 0..depth {
        document += &format!(" fragment f{n} on Query {{ ...f{} ...f{} }}", n + 1, n + 1);
    }
    document + &format!(" fragment f{depth} on Query {{ __typename }}")
}

both! {
    async fn a_kilobyte_of_fragments_does_not_stop_the_service(app) {
        for depth in [12, 20, 30, 31] {
            over_the_limit(app, &bomb(depth)).await;
        }
        passes(app, "{ __typename }").await;
    }

    async fn a_circle_of_fragments_is_refused(app) {
        for document in ["{ ...a } fragment a on Query { ...a }", "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"] {
            let answer = app.anyone().run(document, json!({})).await;
            assert_eq!((answer.status, answer.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{answer}");
        }
    }

    async fn each_measure_of_a_document_has_its_limit(app) {
        let deep = format!("{{ area(code: \"1\") {} }}", "{ parent ".repeat(20) + "{ id }" + &" }".repeat(20));
        assert_eq!(over_the_limit(app, &deep).await, "depth");
        let aliases = |n: usize| (0..n).map(|n| format!(" a{n}: id")).collect::<String>();
        passes(app, &format!("{{ area(code: \"1\") {{ {} }} }}", aliases(100))).await;
        assert_eq!(over_the_limit(app, &format!("{{ area(code: \"1\") {{ {} }} }}", aliases(101))).await, "aliases");
        let roots = |n: usize| format!("{{ {} }}", " __typename".repeat(n));
        passes(app, &roots(30)).await;
        assert_eq!(over_the_limit(app, &roots(31)).await, "root fields");
        let directives = format!("{{ {} }}", " __typename @skip(if: false)".repeat(26).replace(") __", ") @include(if: true) __"));
        assert_eq!(over_the_limit(app, &directives).await, "directives");
        assert_eq!(over_the_limit(app, &format!("{{ area(code: \"1\") {{ {} }} }}", " id".repeat(2000))).await, "fields");
        let long = format!("{{ area(code: \"{}\") {{ id }} }}", "长".repeat(12_000));
        assert_eq!(over_the_limit(app, &long).await, "bytes");
        assert_eq!(over_the_limit(app, &format!("{{ {} }}", " id".repeat(5001))).await, "tokens");
        let nested = format!("{{ area(code: {}1{}) {{ id }} }}", "[".repeat(200), "]".repeat(200));
        assert_eq!(over_the_limit(app, &nested).await, "nesting");
    }

    async fn a_page_within_a_page_costs_its_product(app) {
        let page = |outer: u32, inner: u32| {
            format!("{{ alliances(first: {outer}) {{ nodes {{ memberships(first: {inner}) {{ nodes {{ id unit {{ name }} }} }} }} }} }}")
        };
        passes(app, &page(100, 20)).await;
        assert_eq!(over_the_limit(app, &page(100, 100).replace("{ name }", "{ name kind id creditCode address track }")).await, "cost");
        // The same through a variable and its default.
        let variable = "query($n: Int = 100) {
            alliances(first: $n) { nodes { memberships(first: $n) { nodes { id unit { name kind id creditCode } } } } } }";
        assert_eq!(over_the_limit(app, variable).await, "cost");
    }

    async fn the_schema_may_be_asked_for_but_not_in_circles(app) {
        passes(app, "{ __schema { types { name fields { name args { name type { name ofType { name } } } } } } }").await;
        let circle = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }";
        let limit = over_the_limit(app, circle).await;
        assert!(limit.starts_with("introspection"), "{limit}");
    }

    async fn an_answer_says_what_it_cost_and_what_is_left(app) {
        let w = app.world().await;
        let page = "{ needs(first: 100) { nodes { id title } } }";
        for (who, limit, policy) in [
            (&app.anyone(), 40_000, r#""requests";q=1200;w=60, "cost";q=600000;w=60"#),
            (&w.unit, 50_000, r#""requests";q=3000;w=60, "cost";q=3000000;w=60"#),
        ] {
            let answer = who.run(page, json!({})).await;
            assert_eq!(answer.body["extensions"]["cost"], json!({ "requested": 301, "limit": limit }));
            let request = who.request(reqwest::Method::GET, "/graphql?query=%7B__typename%7D").send();
            let response = request.await.expect("an answer");
            assert_eq!(response.headers()["ratelimit-policy"], policy);
            let left = response.headers()["ratelimit"].to_str().expect("a text");
            assert!(left.starts_with(r#""requests";r="#) && left.contains(r#", "cost";r="#), "{left}");
        }
        let dear = "{ alliances(first: 100) { nodes { memberships(first: 90) { nodes { id unit { name kind } } } } } }";
        assert_eq!(over_the_limit(app, dear).await, "cost");
        assert_eq!(w.unit.run(dear, json!({})).await.errors().len(), 0, "who is signed in may ask for more");
    }

    async fn who_asks_for_too_much_is_told_when_to_come_back(app) {
        let w = app.world().await;
        let dear = "{ alliances(first: 100) { nodes { memberships(first: 60) { nodes { id unit { name } } } } } }";
        let mut served = 0;
        let refused = loop {
            let answer = app.anyone().in_english().run(dear, json!({})).await;
            if answer.status != 200 {
                break answer;
            }
            served += 1;
        };
        assert_eq!((refused.status, refused.code()), (429, "RATE_LIMITED"), "{refused}");
        assert!((24..100).contains(&served), "{served} were served");
        let wait = refused.errors()[0]["extensions"]["retryAfter"].as_u64().expect("seconds");
        assert!((1..=3).contains(&wait), "{wait} seconds");
        assert_eq!(refused.errors()[0]["message"], format!("Too many requests; try again in {wait} seconds"));
        w.unit.query(dear, json!({})).await;
        tokio::time::sleep(Duration::from_secs(wait)).await;
        passes(app, dear).await;
    }

    async fn what_is_searched_for_and_where_a_page_begins_are_short(app) {
        let long = "社".repeat(101);
        for list in ["needs", "units", "pledges", "areas", "alliances"] {
            let document = format!("query($s: String) {{ list: {list}(filter: {{ search: $s }}) {{ totalCount }} }}");
            assert_eq!(app.anyone().run(&document, json!({ "s": long })).await.code(), "BAD_USER_INPUT", "{list}");
        }
        let document = "query($c: String) { needs(after: $c) { totalCount } }";
        assert_eq!(app.anyone().run(document, json!({ "c": "x".repeat(1001) })).await.code(), "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn introspection_can_be_switched_off_and_names_are_not_guessed() {
    let app = TestApp::with(|settings| settings.introspection = false).await;
    for document in [
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "{ __typename ...a } fragment a on Query { __schema { description } }",
    ] {
        let answer = app.anyone().run(document, json!({})).await;
        assert_eq!((answer.status, answer.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{answer}");
    }
    let answer = app.anyone().run("{ __typename areaz { id } }", json!({})).await;
    assert!(!answer.to_string().contains("area("), "{answer}");
    assert!(!answer.to_string().contains("mean"), "{answer}");
    passes(&app, "{ __typename }").await;
}
