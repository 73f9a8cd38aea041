//! A pledge of fifty bags of rice, and two needs of thirty.

use super::need;
use crate::support::{Actor, Id, Thing, World, json};

async fn asked(w: &World, community: &str, secretary: &Actor, officer: &Actor) -> Thing {
    let posted = secretary.post_need(need(community, "困难家庭冬季口粮", "30", "袋", json!({}))).await.done();
    officer.publish(&posted).await.done();
    w.district.see(&posted).await
}

both! {
    async fn fifty_bags_do_not_meet_two_needs_of_thirty_and_cancelling_gives_thirty_back(app) {
        let w = app.world().await;
        let rice = w.listed(&w.unit, &w.shennong, "慰问大米", "50", "袋", json!({})).await;
        let first = asked(&w, &w.taoyuan, &w.secretary, &w.street).await;
        let second = asked(&w, &w.shuanghui, &w.secretary2, &w.street2).await;
        // The second one's window is 坤博集团's; it passes.
        app.move_to("2025-03-14 09:00").await;
        let one = w.unit.claim_from(&rice, &first, &w.shennong, "30").await.done();
        w.secretary.confirm(&one).await.done();
        app.anyone().sees(&rice, "LISTED: 50 = 20 available + 30 held").await;
        app.move_to("2025-03-18 09:00").await;

        // The second need is refused what is no longer there …
        let refusal = w.unit.claim_from(&rice, &second, &w.shennong, "30").await.refused("NOT_ENOUGH_AVAILABLE");
        assert_eq!(refusal["path"], json!(["input", "quantity"]));
        assert_eq!(refusal["message"], "该资源仅剩 20 袋可用，请调整数量");
        w.secretary2.sees(&second, "PUBLISHED_OPEN: 30 = 30 unmatched").await;
        // … and part-filled by agreement; ten bags stay open for others.
        let two = w.unit.claim_from(&rice, &second, &w.shennong, "20").await.done();
        w.secretary2.confirm(&two).await.done();
        app.anyone().sees(&rice, "EXHAUSTED: 50 = 50 held").await;
        app.anyone().sees(&second, "PUBLISHED_OPEN: 30 = 10 unmatched + 20 promised").await;
        w.unit2.claim(&second, &w.kunbo, "10.001").await.refused("NOT_ENOUGH_OPEN");
        w.unit2.claim(&second, &w.kunbo, "10").await.done();
        app.anyone().sees(&second, "MATCHED: 30 = 30 promised").await;

        // Cancelling the first gives thirty back to the list and to its need.
        let cancelled = w.unit.cancel(&one, "仓库受潮，需重新采购").await.done();
        assert_eq!(cancelled.standing(), "CANCELLED_BY_UNIT: 30 = 30 returned");
        assert_eq!(cancelled["reason"], "仓库受潮，需重新采购");
        app.anyone().sees(&rice, "LISTED: 50 = 30 available + 20 held").await;
        w.secretary.sees(&first, "PUBLISHED_OPEN: 30 = 30 unmatched").await;
        assert_eq!(w.unit.cancel(&one, "又一次").await.done()["reason"], "仓库受潮，需重新采购", "done already is no error");
    }

    async fn a_match_is_listed_for_the_side_that_is_next(app) {
        let w = app.world().await;
        let rice = w.listed(&w.unit, &w.shennong, "慰问大米", "50", "袋", json!({})).await;
        let waits = async |step: &str, unit: bool, community: bool| {
            for (side, actor, waits) in [("UNIT", &w.unit, unit), ("COMMUNITY", &w.secretary, community)] {
                let found = actor.lists(&format!("matches(filter: {{ waitsFor: {side} }})")).await.len();
                assert_eq!(found, usize::from(waits), "{step}, {side}");
            }
        };
        let need = asked(&w, &w.taoyuan, &w.secretary, &w.street).await;
        let claim = w.unit.claim_from(&rice, &need, &w.shennong, "30").await.done();
        waits("claimed", false, true).await;
        w.secretary.reject(&claim, "先看看别家").await.done();
        waits("rejected", false, false).await;
        let request = w.secretary.request_from(&rice, &w.taoyuan, "30").await.done();
        waits("requested", true, false).await;
        w.unit.confirm(&request).await.done();
        waits("confirmed", true, false).await;
        let part = w.unit.report(&request, "20").await.done();
        waits("a part reported", true, true).await;
        w.secretary.accept(&part, "20").await.done();
        waits("a part accepted", true, false).await;
        let rest = w.unit.report(&request, "10").await.done();
        waits("all reported", false, true).await;
        w.secretary.accept(&rest, "10").await.done();
        waits("completed", true, true).await;
        w.unit.evaluate(&request, "GOOD").await.done();
        waits("rated by the unit", false, true).await;
        w.secretary.evaluate(&request, "GOOD").await.done();
        waits("rated by both", false, false).await;

        let both = [request.id(), claim.id()];
        for (area, listed) in [(&w.beimen, &both[..]), (&w.taoyuan, &both[..]), (&w.shuanghui, &[])] {
            assert_eq!(w.district.lists(&format!("matches(filter: {{ area: \"{area}\" }})")).await, listed);
        }
    }

    async fn two_claims_of_thirty_at_one_moment_never_oversell_fifty(app) {
        let w = app.world().await;
        let rice = w.listed(&w.unit, &w.shennong, "慰问大米", "50", "袋", json!({})).await;
        let (left, right) = tokio::join!(
            w.secretary.request_from(&rice, &w.taoyuan, "30"),
            w.secretary2.request_from(&rice, &w.shuanghui, "30"),
        );
        assert!(left.was_done() != right.was_done(), "exactly one: {} {}", left.answer, right.answer);
        let lost = if left.was_done() { right } else { left };
        lost.refused("NOT_ENOUGH_AVAILABLE");
        app.anyone().sees(&rice, "LISTED: 50 = 20 available + 30 held").await;
    }

    async fn a_promise_is_kept_in_parts_and_each_part_is_counted(app) {
        let w = app.world().await;
        let rice = w.listed(&w.unit, &w.shennong, "慰问大米", "50", "袋", json!({})).await;
        let winter = asked(&w, &w.taoyuan, &w.secretary, &w.street).await;
        let claim = w.unit.claim_from(&rice, &winter, &w.shennong, "30").await.done();
        w.secretary.confirm(&claim).await.done();
        let part = json!({ "match": claim.id(), "quantity": "20", "deliveredOn": app.today(), "fairValue": "1000" });
        let part = w.unit.report_delivery(part).await.done();
        w.unit.sees(&claim, "FULFILLING: 30 = 10 outstanding + 20 delivered").await;
        w.secretary.sees(&winter, "IN_PROGRESS: 30 = 10 promised + 20 delivered").await;
        w.unit.cancel(&claim, "不再供应").await.refused("REPORT_PENDING");
        w.secretary.withdraw_need(&winter, "已由民政解决").await.refused("REPORT_PENDING");
        w.secretary.close_need(&winter, "已由民政解决").await.refused("REPORT_PENDING");

        // Three bags are torn: seventeen are accepted, three are outstanding again.
        w.secretary.accept(&part, "20.5").await.refused("NOT_ENOUGH_OUTSTANDING");
        assert_eq!(w.secretary.accept(&part, "17").await.done().standing(), "PARTLY_ACCEPTED: 20 = 17 accepted");
        w.unit.sees(&claim, "FULFILLING: 30 = 13 outstanding + 17 accepted").await;
        w.secretary.sees(&winter, "IN_PROGRESS: 30 = 13 promised + 17 accepted").await;
        app.anyone().sees(&rice, "LISTED: 50 = 20 available + 13 held + 17 given").await;
        let [line] = &app.contributions().await[..] else { panic!("one line") };
        assert_eq!(w.unit.see(line).await["value"], "850", "pro rata to what was accepted");

        // The rest is no longer wanted: what was given stays given, what was not met stays visible.
        let closed = w.secretary.close_need(&winter, "其余家庭已迁走").await.done();
        assert_eq!(closed.standing(), "CLOSED: 30 = 13 unmatched + 17 accepted");
        let ended = w.unit.sees(&claim, "COMPLETED: 30 = 17 accepted + 13 returned").await;
        assert_eq!(ended["reason"], "其余家庭已迁走");
        app.anyone().sees(&rice, "LISTED: 50 = 33 available + 17 given").await;

        // The line was wrong: it is taken back by another, once.
        w.unit.reverse_contribution(line, "金额有误").await.failed("FORBIDDEN");
        let reversing = w.secretary.reverse_contribution(line, "金额有误").await.done();
        assert_eq!((reversing.text("value"), reversing["reverses"]["id"].as_str()), ("-850", Some(line.as_str())));
        w.secretary.reverse_contribution(line, "金额有误").await.refused("ALREADY_REVERSED");
        w.secretary.reverse_contribution(&reversing, "再改").await.refused("ALREADY_REVERSED");
    }
}
