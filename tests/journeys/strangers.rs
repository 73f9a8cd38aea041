//! Who represents 神农集团 reaches for what is 坤博集团's: it is refused, and it learns nothing.

use super::need;
use crate::support::{Id, Value, json};

/// The shape of an id that never was.
fn never(kind: &str) -> String {
    format!("{kind}_0190c2{}", "0".repeat(26))
}

both! {
    async fn nothing_of_another_unit_can_be_read_or_moved_or_told_from_what_never_was(app) {
        let w = app.world().await;
        // 坤博集团 has a pledge that waits for review, a need directed to it, and a match on it.
        let draft = json!({ "unit": w.kunbo, "form": "FUNDS", "category": "ELDERLY", "title": "助老资金", "total": "20000", "measure": "元" });
        let draft = w.unit2.pledge_resource(draft).await.done();
        let directed = w.secretary2.post_need(need(&w.shuanghui, "为老人送餐", "100", "份", json!({ "directedTo": [w.kunbo] }))).await.done();
        w.street2.publish(&directed).await.done();
        let claim = w.unit2.claim(&directed, &w.kunbo, "60").await.done();
        w.secretary2.confirm(&claim).await.done();
        let report = w.unit2.report(&claim, "20").await.done();

        for thing in [&draft, &directed, &claim, &report] {
            w.unit.sees_nothing_of(thing).await;
        }
        for list in ["matches", "needs", "pledges(filter: { status: [SUBMITTED] })"] {
            let data = w.unit.query(&format!("{{ list: {list} {{ totalCount nodes {{ id }} }} }}"), json!({})).await;
            assert_eq!(data["list"], json!({ "totalCount": 0, "nodes": [] }), "{list}");
        }
        let theirs = "query($id: ID!) { node(id: $id) { ... on MemberUnit { pledges { totalCount nodes { id } } } } }";
        let data = w.unit.query(theirs, json!({ "id": w.kunbo })).await;
        assert_eq!(data["node"]["pledges"], json!({ "totalCount": 0, "nodes": [] }));
        let filtered = w.unit.query(&format!("{{ matches(filter: {{ unit: \"{}\" }}) {{ totalCount }} }}", w.kunbo), json!({})).await;
        assert_eq!(filtered["matches"]["totalCount"], 0);

        // What it may not see answers exactly like what does not exist, whatever it tries.
        let before = app.count("journal").await;
        for (there, kind) in [(&claim, "match"), (&report, "delivery"), (&draft, "pledge"), (&directed, "need")] {
            for id in [there.id().to_owned(), never(kind)] {
                match kind {
                    "match" => {
                        w.unit.confirm(&id).await.failed("NOT_FOUND");
                        w.unit.reject(&id, "不合适").await.failed("NOT_FOUND");
                        w.unit.cancel(&id, "不合适").await.failed("NOT_FOUND");
                        w.unit.report(&id, "1").await.failed("NOT_FOUND");
                        w.unit.evaluate(&id, "POOR").await.failed("NOT_FOUND");
                        let transfer = json!({ "match": id, "toUnit": w.shennong, "reason": "转给我们" });
                        w.unit.transfer_match(transfer).await.failed("NOT_FOUND");
                    }
                    "delivery" => {
                        w.unit.accept(&id, "1").await.failed("NOT_FOUND");
                        w.unit.refuse(&id, "不合格").await.failed("NOT_FOUND");
                    }
                    "pledge" => {
                        w.unit.pause_pledge(&id).await.failed("NOT_FOUND");
                        w.unit.withdraw_pledge(&id, "不再提供").await.failed("NOT_FOUND");
                        w.unit.renew_pledge(&id).await.failed("NOT_FOUND");
                        w.secretary.request_from(&id, &w.taoyuan, "1").await.failed("NOT_FOUND");
                    }
                    _ => {
                        w.unit.claim(&id, &w.shennong, "1").await.failed("NOT_FOUND");
                        w.unit.close_need(&id, "不需要").await.failed("NOT_FOUND");
                        w.unit.update_need(json!({ "id": id, "wanted": "1" })).await.failed("NOT_FOUND");
                    }
                }
            }
        }
        assert_eq!(app.count("journal").await, before, "nothing was moved");
        w.unit2.sees(&claim, "FULFILLING: 60 = 40 outstanding + 20 delivered").await;
    }

    async fn nobody_claims_or_pledges_for_a_unit_that_is_not_its_own(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        let in_its_window = w.secretary2.post_need(need(&w.shuanghui, "为老人送餐", "100", "份", json!({}))).await.done();
        w.street2.publish(&in_its_window).await.done();
        // Units are public, so what is missing is the permission, and the answer is the same whatever the need.
        let mut answers = Vec::new();
        for id in [open.id().to_owned(), in_its_window.id().to_owned(), never("need")] {
            let error = w.unit.claim(&id, &w.kunbo, "1").await.failed("FORBIDDEN");
            assert_eq!(error["extensions"]["permission"], "CLAIM_NEED");
            answers.push(error);
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:#?}");
        let pledge = json!({ "unit": w.kunbo, "form": "FUNDS", "category": "ELDERLY", "title": "助老资金", "total": "1", "measure": "元" });
        let error = w.unit.pledge_resource(pledge).await.failed("FORBIDDEN");
        assert_eq!(error["extensions"]["permission"], "PLEDGE_RESOURCE");
        app.anyone().claim(&open, &w.kunbo, "1").await.failed("UNAUTHENTICATED");
        assert_eq!(app.count("refused_permissions").await, 4);

        // Another unit's pledge cannot be given away either.
        let theirs = w.listed(&w.unit2, &w.kunbo, "维修队工时", "40", "处", json!({})).await;
        w.unit.claim_from(&theirs, &open, &w.shennong, "1").await.failed("NOT_FOUND");
        app.anyone().sees(&theirs, "LISTED: 40 = 40 available").await;
    }

    async fn a_nested_path_shows_no_more_than_the_object_itself(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        w.unit2.claim(&open, &w.kunbo, "3").await.done();
        let document = "query($id: ID!) { node(id: $id) { ... on CommunityNeed { unmatched matches(first: 5) { totalCount } } } }";
        for (actor, seen) in [(&w.unit, 0), (&w.secretary, 0), (&app.anyone(), 0), (&w.unit2, 1), (&w.street, 1), (&w.auditor, 1)] {
            let data = actor.query(document, json!({ "id": open.id() })).await;
            assert_eq!(data["node"]["unmatched"], "1");
            assert_eq!(data["node"]["matches"]["totalCount"], seen);
        }
        // The refusal of a further claim names the need, not the match of the other unit.
        let refusal = w.unit.claim(&open, &w.shennong, "2").await.refused("NOT_ENOUGH_OPEN");
        let related: Vec<_> = refusal["related"].as_array().expect("a list").iter().map(|node| node["id"].clone()).collect();
        assert_eq!(related, [json!(open.id())]);
    }

    async fn what_may_be_done_is_told_beforehand_and_why_not(app) {
        let w = app.world().await;
        let open = w.open_need("修缮楼道照明", "4", "处").await;
        let can = async |actor: &crate::support::Actor, action: &str| actor.see(&open).await.can(action);
        assert_eq!(can(&w.unit, "CLAIM").await, Ok(()));
        assert_eq!(can(&w.unit, "WITHDRAW").await, Err("NOT_PERMITTED".to_owned()));
        assert_eq!(can(&w.street, "WITHDRAW").await, Ok(()));
        assert_eq!(can(&w.secretary, "CLAIM").await, Err("NOT_PERMITTED".to_owned()));
        assert_eq!(can(&app.anyone(), "CLAIM").await, Err("SIGN_IN_REQUIRED".to_owned()));
        w.unit2.claim(&open, &w.kunbo, "4").await.done();
        assert_eq!(can(&w.unit, "CLAIM").await, Err("NOT_ENOUGH_OPEN".to_owned()));
        let message = "query($id: ID!) { node(id: $id) { ... on CommunityNeed { viewerCan { action message } } } }";
        let data = w.unit.in_english().query(message, json!({ "id": open.id() })).await;
        let answers = data["node"]["viewerCan"].as_array().expect("a list").clone();
        let claim = answers.iter().find(|answer| answer["action"] == "CLAIM").map_or(&Value::Null, |answer| &answer["message"]);
        assert_eq!(claim, "Only 0 处 of the need is still unmatched");
    }
}
