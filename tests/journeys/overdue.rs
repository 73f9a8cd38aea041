//! A unit's promise passes its date: nudged, then returned to the hall with the reason, and nothing is lost from its history.

use super::need;
use crate::support::{Id, json};

both! {
    async fn a_promise_that_passes_its_day_is_nudged_and_then_returned(app) {
        let w = app.world().await;
        let tools = w.listed(&w.unit, &w.shennong, "维修队工时", "40", "小时", json!({ "form": "PEOPLE_TIME" })).await;
        let repair = w.secretary.post_need(need(&w.taoyuan, "修缮楼道照明", "16", "小时", json!({ "form": "PEOPLE_TIME" }))).await.done();
        w.street.publish(&repair).await.done();
        let claim = json!({
            "need": repair.id(), "unit": w.shennong, "quantity": "16", "pledge": tools.id(), "plan": "每周六两人", "promisedOn": "2025-03-20",
        });
        let claim = w.unit.claim_need(claim).await.done();
        assert_eq!(w.secretary.confirm(&claim).await.done()["promisedOn"], "2025-03-20");
        let report = json!({ "match": claim.id(), "quantity": "4", "deliveredOn": app.today(), "hours": "4", "fairValue": "200" });
        let report = w.unit.report_delivery(report).await.done();
        w.secretary.accept(&report, "4").await.done();

        // Nudged on the promised day, once.
        app.move_to("2025-03-19 23:59").await;
        assert!(!app.journal_of(claim.id()).await.contains(&"MATCH_NUDGED".to_owned()));
        app.move_to("2025-03-20 00:00").await;
        assert_eq!(app.journal_of(claim.id()).await, ["MATCH_APPLIED", "MATCH_CONFIRMED", "MATCH_NUDGED"]);
        w.unit.sees(&claim, "FULFILLING: 16 = 12 outstanding + 4 accepted").await;

        // Three working days later (a week-end lies between) what is outstanding returns.
        app.move_to("2025-03-25 23:59").await;
        w.unit.sees(&claim, "FULFILLING: 16 = 12 outstanding + 4 accepted").await;
        app.move_to("2025-03-26 00:00").await;
        let ended = w.unit.sees(&claim, "COMPLETED: 16 = 4 accepted + 12 returned").await;
        assert!(!ended.text("reason").is_empty());
        app.anyone().sees(&repair, "PUBLISHED_OPEN: 16 = 12 unmatched + 4 accepted").await;
        app.anyone().sees(&tools, "LISTED: 40 = 36 available + 4 given").await;
        app.take_due().await;
        app.anyone().sees(&repair, "PUBLISHED_OPEN: 16 = 12 unmatched + 4 accepted").await;

        // Nothing is lost: what was claimed, promised, planned and delivered stays on the need.
        let history = w.secretary.see(&claim).await;
        assert_eq!((history.text("plan"), history.text("promisedOn"), history.text("quantity")), ("每周六两人", "2025-03-20", "16"));
        assert_eq!(history["deliveries"][0]["status"], "ACCEPTED");
        let document = "query($id: ID!) { node(id: $id) { ... on CommunityNeed { matches(first: 10) { nodes { id status } } } } }";
        let again = w.legal.claim(&repair, &w.legal_aid, "12").await.done();
        let data = w.secretary.query(document, json!({ "id": repair.id() })).await;
        let rows = [json!({ "id": again.id(), "status": "APPLIED" }), json!({ "id": claim.id(), "status": "COMPLETED" })];
        assert_eq!(data["node"]["matches"]["nodes"], json!(rows));
        let kept = ["MATCH_APPLIED", "MATCH_CONFIRMED", "MATCH_NUDGED", "MATCH_COMPLETED"];
        assert_eq!(app.journal_of(claim.id()).await, kept);
    }

    async fn a_promise_of_which_nothing_came_times_out_and_says_so(app) {
        let w = app.world().await;
        let repair = w.open_need("修缮楼道照明", "4", "处").await;
        let claim = w.hospital_a.claim(&repair, &w.kangning, "4").await.done();
        w.street.confirm(&claim).await.done();
        // Ten working days to deliver, then three: 24 March and 27 March.
        app.move_to("2025-03-28 00:00").await;
        let ended = w.hospital_a.sees(&claim, "TIMED_OUT: 4 = 4 returned").await;
        assert!(!ended.text("reason").is_empty());
        assert_eq!(app.journal_of(claim.id()).await, ["MATCH_APPLIED", "MATCH_CONFIRMED", "MATCH_NUDGED", "MATCH_TIMED_OUT"]);
        w.hospital_a.cancel(&claim, "做不了").await.refused("WRONG_STATE");
        w.hospital_a.evaluate(&claim, "GOOD").await.refused("WRONG_STATE");
    }

    async fn a_waiting_report_keeps_the_rest_from_returning_but_not_from_being_nudged(app) {
        let w = app.world().await;
        let repair = w.open_need("修缮楼道照明", "4", "处").await;
        let claim = json!({ "need": repair.id(), "unit": w.kangning, "quantity": "4", "promisedOn": "2025-03-20" });
        let claim = w.hospital_a.claim_need(claim).await.done();
        w.street.confirm(&claim).await.done();
        let report = w.hospital_a.report(&claim, "1").await.done();
        app.move_to("2025-03-20 00:00").await;
        assert_eq!(app.journal_of(claim.id()).await, ["MATCH_APPLIED", "MATCH_CONFIRMED", "MATCH_NUDGED"]);
        app.move_to("2025-03-28 09:00").await;
        w.hospital_a.sees(&claim, "FULFILLING: 4 = 3 outstanding + 1 delivered").await;
        // Once it is answered, what is long overdue returns.
        w.street.accept(&report, "1").await.done();
        app.take_due().await;
        w.hospital_a.sees(&claim, "COMPLETED: 4 = 1 accepted + 3 returned").await;
    }

    async fn whose_report_is_refused_after_the_promised_day_is_nudged_and_has_three_days_more(app) {
        let w = app.world().await;
        let repair = w.open_need("修缮楼道照明", "4", "处").await;
        let claim = json!({ "need": repair.id(), "unit": w.kangning, "quantity": "4", "promisedOn": "2025-03-20" });
        let claim = w.hospital_a.claim_need(claim).await.done();
        w.street.confirm(&claim).await.done();
        let report = w.hospital_a.report(&claim, "4").await.done();
        app.move_to("2025-03-28 09:00").await;
        w.street.refuse(&report, "两处仍不亮").await.done();
        app.take_due().await;
        assert_eq!(app.journal_of(claim.id()).await, ["MATCH_APPLIED", "MATCH_CONFIRMED", "MATCH_NUDGED"]);
        assert_eq!(w.hospital_a.sees(&claim, "FULFILLING: 4 = 4 outstanding").await["promisedOn"], "2025-03-20");
        app.move_to("2025-04-02 23:59").await;
        w.hospital_a.sees(&claim, "FULFILLING: 4 = 4 outstanding").await;
        app.move_to("2025-04-03 00:00").await;
        w.hospital_a.sees(&claim, "TIMED_OUT: 4 = 4 returned").await;
    }

    async fn two_takers_of_one_deadline_take_it_once(app) {
        let w = app.world().await;
        let repair = w.open_need("修缮楼道照明", "4", "处").await;
        let claim = w.hospital_a.claim(&repair, &w.kangning, "4").await.done();
        app.clock().move_to("2025-03-20T00:00:00Z".parse().expect("an instant"));
        tokio::join!(app.take_due(), app.take_due(), app.take_due());
        assert_eq!(app.journal_of(claim.id()).await, ["MATCH_APPLIED", "MATCH_TIMED_OUT"]);
        app.anyone().sees(&repair, "PUBLISHED_OPEN: 4 = 4 unmatched").await;
    }

    async fn a_sweep_that_comes_late_takes_what_fell_due_meanwhile(app) {
        let w = app.world().await;
        let repair = w.open_need("修缮楼道照明", "4", "处").await;
        let claim = json!({ "need": repair.id(), "unit": w.kangning, "quantity": "4", "promisedOn": "2025-03-20" });
        let claim = w.hospital_a.claim_need(claim).await.done();
        w.street.confirm(&claim).await.done();
        app.clock().move_to("2025-04-07T00:00:00Z".parse().expect("an instant"));
        app.take_due().await;
        w.hospital_a.sees(&claim, "TIMED_OUT: 4 = 4 returned").await;
    }
}
