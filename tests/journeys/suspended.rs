//! A unit is suspended while it has live matches.

use super::need;
use crate::support::{Id, Thing, Value, World, json};

async fn membership(w: &World, unit: &str) -> Thing {
    let unit = w.district.see(unit).await;
    let memberships = unit["memberships"].as_array().expect("a list").clone();
    w.district.see(memberships[0]["id"].as_str().expect("an id")).await
}

both! {
    async fn its_matches_are_listed_for_reassignment_and_directed_windows_skip_it(app) {
        let w = app.world().await;
        let rice = w.listed(&w.unit, &w.shennong, "慰问大米", "50", "袋", json!({})).await;
        let first = w.secretary.post_need(need(&w.taoyuan, "困难家庭冬季口粮", "20", "袋", json!({}))).await.done();
        w.street.publish(&first).await.done();
        let confirmed = w.unit.claim_from(&rice, &first, &w.shennong, "20").await.done();
        w.secretary.confirm(&confirmed).await.done();
        let second = w.secretary.post_need(need(&w.taoyuan, "老人春季口粮", "10", "袋", json!({}))).await.done();
        w.street.publish(&second).await.done();
        let applied = w.unit.claim_from(&rice, &second, &w.shennong, "10").await.done();
        w.legal.sees(&second, "MATCHED: 10 = 10 promised").await;

        // The host suspends it; a stranger cannot, the unit itself cannot.
        let membership = membership(&w, &w.shennong).await;
        assert_eq!(membership["status"], "ACTIVE");
        w.street2.suspend(&membership, "连续两次未履约").await.failed("FORBIDDEN");
        w.unit.suspend(&membership, "连续两次未履约").await.failed("FORBIDDEN");
        assert_eq!(w.street.suspend(&membership, "连续两次未履约").await.done()["status"], "SUSPENDED");
        assert_eq!(w.street.suspend(&membership, "又一次").await.done()["status"], "SUSPENDED", "done already is no error");

        // What was applied for is given back, what was confirmed waits for another.
        let returned = w.unit.sees(&applied, "REVOKED_BY_COMMUNITY: 10 = 10 returned").await;
        assert_eq!(returned["reason"], "连续两次未履约");
        w.legal.sees(&second, "PUBLISHED_DIRECTED: 10 = 10 unmatched").await;
        w.secretary.sees(&confirmed, "CONFIRMED: 20 = 20 outstanding").await;
        assert_eq!(w.secretary.lists("matches(filter: { reassign: true })").await, [confirmed.id()]);
        assert_eq!(w.secretary2.lists("matches(filter: { reassign: true })").await, [""; 0]);
        assert_eq!(app.journal_of(confirmed.id()).await, ["MATCH_APPLIED", "MATCH_CONFIRMED", "MATCH_REASSIGNABLE"]);

        // Its pledges are hidden, and it can neither claim nor be asked.
        app.anyone().sees_nothing_of(&rice).await;
        assert_eq!(app.anyone().lists("pledges").await, [""; 0]);
        w.unit.sees(&rice, "LISTED: 50 = 30 available + 20 held").await;
        w.unit.claim(&second, &w.shennong, "1").await.refused("NOT_A_MEMBER");
        w.secretary2.request_from(&rice, &w.shuanghui, "1").await.failed("NOT_FOUND");

        // A need that is published now is directed to the other paired unit alone.
        let third = w.secretary.post_need(need(&w.taoyuan, "请讲一场《民法典》", "1", "场", json!({}))).await.done();
        assert_eq!(w.street.publish(&third).await.done().standing(), "PUBLISHED_DIRECTED: 1 = 1 unmatched");
        w.legal.sees(&third, "PUBLISHED_DIRECTED: 1 = 1 unmatched").await;
        w.unit.sees_nothing_of(&third).await;
        let named = need(&w.taoyuan, "慰问三户老人", "3", "户", json!({ "directedTo": [w.shennong] }));
        let refusal = w.secretary.post_need(named).await.refused("NOT_PAIRED");
        assert_eq!(refusal["path"], json!(["input", "directedTo"]));

        // It may still report what it handed over, and that is counted.
        let report = w.unit.report(&confirmed, "5").await.done();
        w.secretary.accept(&report, "5").await.done();
        w.secretary.sees(&confirmed, "FULFILLING: 20 = 15 outstanding + 5 accepted").await;
        // The community gives the rest to another: revoked, the rest is open again.
        let ended = w.secretary.cancel(&confirmed, "由其他单位接续").await.done();
        assert_eq!(ended.standing(), "COMPLETED: 20 = 5 accepted + 15 returned");
        w.legal.claim(&first, &w.legal_aid, "15").await.done();
        w.secretary.sees(&first, "IN_PROGRESS: 20 = 15 promised + 5 accepted").await;
        assert_eq!(w.secretary.lists("matches(filter: { reassign: true })").await, [""; 0]);

        // Taken back, it is as it was.
        assert_eq!(w.street.resume_membership(&membership).await.done()["status"], "ACTIVE");
        app.anyone().sees(&rice, "LISTED: 50 = 45 available + 5 given").await;
        w.unit.claim(&second, &w.shennong, "10").await.done();
    }

    async fn a_unit_hands_its_match_on_and_nothing_moves_until_the_other_confirms(app) {
        let w = app.world().await;
        let rice = w.listed(&w.unit, &w.shennong, "慰问大米", "50", "袋", json!({})).await;
        let winter = w.secretary.post_need(need(&w.taoyuan, "困难家庭冬季口粮", "30", "袋", json!({}))).await.done();
        w.street.publish(&winter).await.done();
        let old = w.unit.claim_from(&rice, &winter, &w.shennong, "30").await.done();
        w.secretary.confirm(&old).await.done();
        let report = w.unit.report(&old, "10").await.done();
        let input = json!({ "match": old.id(), "toUnit": w.kunbo, "reason": "货源不足" });
        w.unit.transfer_match(input.clone()).await.refused("REPORT_PENDING");
        w.secretary.accept(&report, "10").await.done();

        let proposed = w.unit.transfer_match(input.clone()).await.done();
        assert_eq!((proposed.text("status"), proposed["unit"]["name"].as_str()), ("APPLIED", Some("坤博集团")));
        assert_eq!(proposed["outstanding"], "0", "it holds nothing yet");
        // The other unit reads what it is asked to take over, and from whom, without the match itself.
        let asked = "query($id: ID!) { node(id: $id) { ... on Match { transferOf { id } takesOver { quantity unit { name } pledge { title } } } } }";
        let seen = w.unit2.query(asked, json!({ "id": proposed.id() })).await["node"].clone();
        let offer = json!({ "quantity": "20", "unit": { "name": "神农集团" }, "pledge": { "title": "慰问大米" } });
        assert_eq!(seen, json!({ "transferOf": null, "takesOver": offer }));
        w.unit.transfer_match(input.clone()).await.refused("TRANSFER_PENDING");
        assert_eq!(w.unit.see(&old).await.can("TRANSFER"), Err("TRANSFER_PENDING".to_owned()));
        assert_eq!(w.unit2.see(&proposed).await.can("CONFIRM"), Ok(()));
        w.unit.sees(&old, "FULFILLING: 30 = 20 outstanding + 10 accepted").await;

        // Turned down: the old match goes on. Proposed again and confirmed: the outstanding part moves over.
        w.secretary.confirm(&proposed).await.failed("FORBIDDEN");
        w.unit2.reject(&proposed, "运力不足").await.done();
        w.unit.sees(&old, "FULFILLING: 30 = 20 outstanding + 10 accepted").await;
        assert_eq!(w.unit.see(&old).await.can("TRANSFER"), Ok(()));
        let proposed = w.unit.transfer_match(input).await.done();
        // While a report waits nothing is handed on, and nobody is offered it.
        let report = w.unit.report(&old, "1").await.done();
        assert_eq!(w.unit2.see(&proposed).await.can("CONFIRM"), Err("REPORT_PENDING".to_owned()));
        w.unit2.confirm(&proposed).await.refused("REPORT_PENDING");
        w.secretary.refuse(&report, "少一袋").await.done();
        let taken = w.unit2.confirm(&proposed).await.done();
        assert_eq!(w.unit2.query(asked, json!({ "id": proposed.id() })).await["node"]["takesOver"], Value::Null, "it is answered");
        assert_eq!(taken.standing(), "CONFIRMED: 20 = 20 outstanding");
        assert_eq!(taken["need"]["id"], winter.id());
        w.unit.sees(&old, "COMPLETED: 30 = 10 accepted + 20 returned").await;
        w.secretary.sees(&winter, "REOPENED: 30 = 20 promised + 10 accepted").await;
        app.anyone().sees(&rice, "LISTED: 50 = 40 available + 10 given").await;
    }

    async fn who_is_suspended_in_one_of_two_alliances_stands_aside_in_its_area_alone(app) {
        let w = app.world().await;
        let invited = w.street2.invite_unit(json!({ "alliance": w.huangtukeng_alliance, "unit": w.shennong })).await.done();
        w.unit.admit(&invited).await.done();
        w.secretary2.pair_unit(json!({ "unit": w.shennong, "community": w.shuanghui, "since": "2025-03-10" })).await.done();
        let mut matches = Vec::new();
        for (secretary, street, community) in [(&w.secretary, &w.street, &w.taoyuan), (&w.secretary2, &w.street2, &w.shuanghui)] {
            let posted = secretary.post_need(need(community, "困难家庭冬季口粮", "20", "袋", json!({}))).await.done();
            street.publish(&posted).await.done();
            for confirmed in [true, false] {
                let claim = w.unit.claim(&posted, &w.shennong, "10").await.done();
                if confirmed {
                    secretary.confirm(&claim).await.done();
                }
                matches.push(claim);
            }
        }
        w.street2.suspend(&invited, "约定事项未落实").await.done();
        w.unit.sees(&matches[0], "CONFIRMED: 10 = 10 outstanding").await;
        w.unit.sees(&matches[1], "APPLIED: 10 = 10 outstanding").await;
        w.unit.sees(&matches[3], "REVOKED_BY_COMMUNITY: 10 = 10 returned").await;
        assert_eq!(w.district.lists("matches(filter: { reassign: true })").await, [matches[2].id()]);
        w.street2.resume_membership(&invited).await.done();
        assert_eq!(w.district.lists("matches(filter: { reassign: true })").await, [""; 0]);
    }
}
