//! The pages that come with the service: the explorer and the reference, which load nothing from elsewhere.

use reqwest::{Response, StatusCode};

use crate::support::TestApp;

async fn get(app: &TestApp, path: &str) -> Response {
    app.http.get(format!("{}{path}", app.url)).send().await.expect("an answer")
}

#[tokio::test]
async fn pages_are_sent_under_a_strict_policy_and_once() {
    let app = TestApp::sqlite().await;
    for path in ["/graphiql", "/graphiql?plain", "/reference"] {
        let page = get(&app, path).await;
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let header = |name: &str| page.headers()[name].to_str().expect("a text").to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!((header("x-content-type-options"), header("referrer-policy")), ("nosniff".to_owned(), "no-referrer".to_owned()));
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert!(!policy.contains("http"), "nothing from elsewhere: {policy}");
        let held = app.http.get(format!("{}{path}", app.url)).header("if-none-match", header("etag")).send().await.expect("an answer");
        assert_eq!(held.status(), StatusCode::NOT_MODIFIED);
    }
    for path in ["/graphiql/plain.js", "/graphiql/plain.css", "/graphiql/examples.json", "/graphiql/reference.js"] {
        assert_eq!(get(&app, path).await.status(), StatusCode::OK, "{path}");
    }
    assert_eq!(get(&app, "/graphiql/plain.html").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&app, "/graphiql/..%2f..%2fCargo.toml").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_reference_names_every_verb_with_its_description() {
    let app = TestApp::sqlite().await;
    let text = get(&app, "/reference").await.text().await.expect("a text");
    for part in ["postNeed", "CommunityNeed", "NOT_ENOUGH_OPEN", "Registers a webhook of a client", "registerWebhook"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("<script>") && !text.contains("style="), "nothing that the policy would refuse");
}

#[tokio::test]
async fn an_operator_can_close_them() {
    let app = TestApp::with(|settings| settings.explorer = false).await;
    for path in ["/graphiql", "/graphiql?plain", "/graphiql/plain.js", "/reference"] {
        assert_eq!(get(&app, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let app = TestApp::with(|settings| settings.introspection = false).await;
    assert_eq!(get(&app, "/reference").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&app, "/graphiql").await.status(), StatusCode::OK);
}
