//! Public answers to GET: whoever still holds one is told so, and the database is not asked while nothing has been written.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url};

use crate::support::{Actor, TestApp, World, json};

const OPEN: &str = "{ needs(filter: { status: [PUBLISHED_OPEN] }) { nodes { title community { name } } } }";

fn asking(who: &Actor, document: &str) -> RequestBuilder {
    let mut url = Url::parse("http://localhost/graphql").expect("a URL");
    url.query_pairs_mut().append_pair("query", document);
    who.request(Method::GET, &format!("/graphql?{}", url.query().unwrap_or_default()))
}

async fn get(who: &Actor, document: &str, held: Option<&str>) -> Response {
    let mut request = asking(who, document);
    if let Some(tag) = held {
        request = request.header("if-none-match", tag);
    }
    request.send().await.expect("an answer")
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// The status of an answer to who holds a tag, and how many statements it cost.
async fn asked_again(app: &TestApp, document: &str, tag: &str) -> (u16, u64) {
    let before = app.db().statements();
    let response = get(&app.anyone(), document, Some(tag)).await;
    (response.status().as_u16(), app.db().statements() - before)
}

async fn published(w: &World, title: &str) {
    let need = json!({ "community": w.ziwei, "category": "SAFETY", "form": "SERVICE", "title": title, "wanted": "2", "measure": "处",
        "submit": true });
    let need = w.district.post_need(need).await.done();
    w.street.publish(&need).await.done();
}

both! {
    async fn what_is_still_held_is_not_sent_again_and_costs_no_statement(app) {
        let w = app.world().await;
        published(&w, "修缮楼道照明").await;
        let first = get(&app.anyone(), OPEN, None).await;
        assert_eq!((first.status().as_u16(), header(&first, "cache-control").as_str()), (200, "public, no-cache"));
        assert_eq!(header(&first, "vary"), "Accept, Accept-Language, Authorization");
        let tag = header(&first, "etag");
        assert!(first.text().await.expect("a body").contains("修缮楼道照明"));

        for held in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let before = app.db().statements();
            let again = get(&app.anyone(), OPEN, Some(&held)).await;
            assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.clone()), "{held}");
            assert_eq!(header(&again, "vary"), "Accept, Accept-Language, Authorization");
            assert_eq!(app.db().statements() - before, 0, "{held}");
            assert_eq!(again.text().await.expect("a body"), "");
        }
        let other = get(&app.anyone(), OPEN, Some("\"x\"")).await;
        assert_eq!((other.status().as_u16(), header(&other, "etag")), (200, tag.clone()));

        // What it does not show: looked at once more, and found to be the same.
        w.district.rename_area(&w.taoyuan, "桃李社区").await.done();
        let (status, statements) = asked_again(app, OPEN, &tag).await;
        assert!(status == 304 && statements > 0, "{status}, {statements} statements");
        assert_eq!(asked_again(app, OPEN, &tag).await, (304, 0));

        published(&w, "照看放学儿童").await;
        let changed = get(&app.anyone(), OPEN, Some(&tag)).await;
        assert_eq!(changed.status(), 200);
        assert_ne!(header(&changed, "etag"), tag);
        assert!(changed.text().await.expect("a body").contains("照看放学儿童"));
    }

    async fn what_one_instance_writes_the_other_no_longer_calls_unchanged(app) {
        let w = app.world().await;
        let stranger = app.anyone().at(&app.another().await);
        let tag = header(&get(&stranger, OPEN, None).await, "etag");
        assert_eq!(get(&stranger, OPEN, Some(&tag)).await.status(), 304);
        published(&w, "修缮楼道照明").await;
        let mut waited = 0;
        while get(&stranger, OPEN, Some(&tag)).await.status() == 304 {
            waited += 1;
            assert!(waited < 20, "still unchanged after a second");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn only_a_public_answer_without_an_error_has_a_tag(app) {
        let w = app.world().await;
        let own = get(&w.unit, "{ viewer { name } }", None).await;
        assert_eq!((header(&own, "etag").as_str(), header(&own, "cache-control").as_str()), ("", "no-store"));
        let again = get(&w.unit, "{ viewer { name } }", Some("*")).await;
        assert_eq!(again.status(), 200);
        for document in ["{ viewer { name } nothing }", "{ needs(first: 0) { nodes { id } } }", "{"] {
            let wrong = get(&app.anyone(), document, Some("*")).await;
            assert_eq!((header(&wrong, "etag").as_str(), header(&wrong, "cache-control").as_str()), ("", "no-store"), "{document}");
        }
        let english = asking(&app.anyone(), OPEN).header("accept-language", "en").send().await.expect("an answer");
        assert_eq!((english.status().as_u16(), header(&english, "etag").is_empty()), (200, false));
    }
}
