//! What an instance remembers is never older than what it changed itself, and little older than what others change.

use std::time::Duration;

use crate::support::{Actor, Id, Value, json};

/// Asks again until the answer is as expected, for a second.
async fn soon(by: &Actor, document: &str, variables: Value, is: impl Fn(&Value) -> bool) -> bool {
    for _ in 0..20 {
        let answer = by.run(document, variables.clone()).await;
        if is(&json!({ "data": answer.data(), "errors": answer.errors() })) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

both! {
    async fn what_one_instance_changes_another_sees_within_a_second(app) {
        let w = app.world().await;
        let there = app.another().await;
        let name = "query($id: ID!) { node(id: $id) { ... on GovernanceArea { name } } }";
        let id = json!({ "id": w.taoyuan });
        let stranger = app.anyone().at(&there);
        assert!(soon(&stranger, name, id.clone(), |answer| answer["data"]["node"]["name"] == "桃源社区").await);
        w.district.rename_area(&w.taoyuan, "桃李社区").await.done();
        let here = app.anyone().query(name, id.clone()).await;
        assert_eq!(here["node"]["name"], "桃李社区", "who changed it sees it at once");
        assert!(soon(&stranger, name, id, |answer| answer["data"]["node"]["name"] == "桃李社区").await);

        let whoami = "{ viewer { name } }";
        let token = w.unit.token_now();
        let (here, there) = (app.anyone().with_token(&token), app.anyone().at(&there).with_token(&token));
        assert!(soon(&there, whoami, json!({}), |answer| answer["errors"][0].is_null()).await);
        here.query("mutation { signOut { result } }", json!({})).await;
        assert_eq!(here.run(whoami, json!({})).await.code(), "UNAUTHENTICATED", "at once");
        assert!(soon(&there, whoami, json!({}), |answer| answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED").await);
    }

    async fn what_is_changed_and_read_at_one_moment_is_not_remembered_as_it_was(app) {
        let w = app.world().await;
        let name = "query($id: ID!) { node(id: $id) { ... on GovernanceArea { name } } }";
        for round in 0..20 {
            let new = format!("桃源{round}社区");
            let readers = futures_util::future::join_all((0..16).map(|_| app.anyone()).collect::<Vec<_>>().into_iter().map(|reader| {
                let id = json!({ "id": w.taoyuan });
                async move { reader.query(name, id).await }
            }));
            let (renamed, _) = tokio::join!(w.district.rename_area(&w.taoyuan, &new), readers);
            renamed.done();
            let seen = app.anyone().query(name, json!({ "id": w.taoyuan.id() })).await;
            assert_eq!(seen["node"]["name"], new.as_str());
        }
    }
}
