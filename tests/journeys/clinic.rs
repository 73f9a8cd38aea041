//! 双汇社区 asks for a free clinic. Nobody of its paired units takes it; in the open hall two hospitals press at the same moment.

use chrono::{DateTime, Utc};

use super::need;
use crate::support::{Id, Value, json};

both! {
    async fn a_free_clinic_passes_to_the_hall_and_to_the_hospital_that_was_faster(app) {
        let w = app.world().await;
        let input = need(&w.shuanghui, "为居民办一场义诊", "1", "场", json!({ "category": "HEALTH", "form": "SERVICE", "urgency": "SOON" }));
        let clinic = w.secretary2.post_need(input).await.done();
        assert_eq!(clinic.standing(), "SUBMITTED: 1 = 1 unmatched");
        assert_eq!(w.secretary2.publish(&clinic).await.failed("FORBIDDEN")["extensions"]["permission"], "REVIEW_NEED");
        w.street.publish(&clinic).await.failed("NOT_FOUND");
        w.unit2.sees_nothing_of(&clinic).await;

        // The directed window: five working days for the paired units alone.
        let clinic = w.street2.publish(&clinic).await.done();
        assert_eq!(clinic.standing(), "PUBLISHED_DIRECTED: 1 = 1 unmatched");
        assert_eq!(until(&clinic["directedUntil"]), "2025-03-17T16:00:00Z");
        assert_eq!(w.unit2.sees(&clinic, "PUBLISHED_DIRECTED: 1 = 1 unmatched").await.can("CLAIM"), Ok(()));
        for outsider in [&w.hospital_a, &w.hospital_b, &w.unit, &w.secretary, &w.partner, &app.anyone()] {
            outsider.sees_nothing_of(&clinic).await;
            assert_eq!(outsider.lists("needs").await, [""; 0]);
        }
        w.hospital_b.claim(&clinic, &w.kangji, "1").await.failed("NOT_FOUND");
        app.move_to("2025-03-17 23:59").await;
        w.hospital_b.claim(&clinic, &w.kangji, "1").await.failed("NOT_FOUND");

        // Nobody claimed: it moves to the open hall by itself.
        app.move_to("2025-03-18 00:00").await;
        w.hospital_b.sees(&clinic, "PUBLISHED_OPEN: 1 = 1 unmatched").await;
        app.anyone().sees(&clinic, "PUBLISHED_OPEN: 1 = 1 unmatched").await;
        assert_eq!(app.journal_of(clinic.id()).await, ["NEED_POSTED", "NEED_SUBMITTED", "NEED_PUBLISHED", "NEED_OPENED"]);

        // Two hospitals press at the same moment: one wins, the other is told how much is left.
        let (a, b) = tokio::join!(w.hospital_a.claim(&clinic, &w.kangning, "1"), w.hospital_b.claim(&clinic, &w.kangji, "1"));
        assert!(a.was_done() != b.was_done(), "exactly one wins: {} {}", a.answer, b.answer);
        let (winner, won, lost) = if a.was_done() { (&w.hospital_a, a, b) } else { (&w.hospital_b, b, a) };
        let refusal = lost.refused("NOT_ENOUGH_OPEN");
        assert_eq!(refusal["path"], json!(["input", "quantity"]));
        assert_eq!(refusal["message"], "该需求仅剩 0 场待认领，请调整数量");
        let claim = won.done();
        assert_eq!(claim.standing(), "APPLIED: 1 = 1 outstanding");
        w.secretary2.sees(&clinic, "MATCHED: 1 = 1 promised").await;
        assert_eq!(w.secretary2.lists(&format!("matches(filter: {{ need: \"{}\" }})", clinic.id())).await, [claim.id()]);

        // The community confirms; the clinic is held, counted and accepted.
        winner.confirm(&claim).await.failed("FORBIDDEN");
        let claim = w.secretary2.confirm(&claim).await.done();
        assert_eq!(claim.standing(), "CONFIRMED: 1 = 1 outstanding");
        assert_eq!(claim["promisedOn"], "2025-04-01", "ten working days after the confirmation");
        app.move_to("2025-03-28 16:00").await;
        let report = json!({
            "match": claim.id(), "quantity": "1", "deliveredOn": app.today(), "note": "义诊 86 人次", "fairValue": "3200.50", "hours": "24",
        });
        let report = winner.report_delivery(report).await.done();
        w.secretary2.sees(&clinic, "DELIVERED: 1 = 1 delivered").await;
        winner.sees(&claim, "DELIVERED: 1 = 1 delivered").await;
        winner.accept(&report, "1").await.failed("FORBIDDEN");
        assert_eq!(w.secretary2.accept(&report, "1").await.done().standing(), "ACCEPTED: 1 = 1 accepted");
        w.secretary2.sees(&clinic, "ACCEPTED: 1 = 1 accepted").await;
        winner.sees(&claim, "COMPLETED: 1 = 1 accepted").await;

        // Both rate; what either says is sealed until both have spoken, and then the need is closed.
        let evaluation = w.secretary2.evaluate(&claim, "EXCELLENT").await.done();
        assert_eq!((&evaluation["releasedAt"], &evaluation["by"]), (&Value::Null, &json!("COMMUNITY")));
        let sealed = winner.see(&claim).await["evaluations"].clone();
        assert_eq!(sealed.as_array().map(Vec::len).unwrap_or_default(), 1);
        assert_eq!((&sealed[0]["grade"], &sealed[0]["comment"]), (&Value::Null, &Value::Null));
        w.secretary2.evaluate(&claim, "GOOD").await.refused("ALREADY_EVALUATED");
        winner.evaluate(&claim, "GOOD").await.done();
        let open = winner.see(&claim).await["evaluations"].clone();
        let mut grades: Vec<_> = open.as_array().expect("two").iter().map(|one| (one["by"].as_str(), one["grade"].as_str())).collect();
        grades.sort_unstable();
        assert_eq!(grades, [(Some("COMMUNITY"), Some("EXCELLENT")), (Some("UNIT"), Some("GOOD"))]);
        w.secretary2.sees(&clinic, "CLOSED: 1 = 1 accepted").await;

        let [line] = &app.contributions().await[..] else { panic!("one line in the ledger") };
        let line = w.secretary2.see(line).await;
        assert_eq!((line.text("value"), line.text("hours"), line.text("recordedOn")), ("3200.5", "24", "2025-03-28"));
    }

    async fn a_paired_unit_that_claims_in_the_window_stops_its_clock(app) {
        let w = app.world().await;
        let clinic = w.secretary2.post_need(need(&w.shuanghui, "为居民办一场义诊", "2", "场", json!({}))).await.done();
        w.street2.publish(&clinic).await.done();
        let claim = w.unit2.claim(&clinic, &w.kunbo, "2").await.done();
        w.secretary2.confirm(&claim).await.done();
        app.move_to("2025-03-18 00:00").await;
        w.secretary2.sees(&clinic, "MATCHED: 2 = 2 promised").await;
        // Given back after the window is over, it is in the hall.
        w.unit2.cancel(&claim, "人员另有任务").await.done();
        w.hospital_a.sees(&clinic, "PUBLISHED_OPEN: 2 = 2 unmatched").await;
    }

    async fn a_need_that_nobody_takes_goes_up_to_the_street_and_to_the_district(app) {
        let w = app.world().await;
        let repair = w.open_need("修缮楼道照明", "4", "处").await;
        // Ten working days in the hall, then ten at the street.
        app.move_to("2025-03-24 23:59").await;
        app.anyone().sees(&repair, "PUBLISHED_OPEN: 4 = 4 unmatched").await;
        app.move_to("2025-03-25 00:00").await;
        let at_the_street = app.anyone().sees(&repair, "ESCALATED: 4 = 4 unmatched").await;
        assert_eq!(at_the_street["escalatedTo"]["name"], "北门街道");
        app.move_to("2025-04-10 00:00").await;
        let at_the_district = app.anyone().sees(&repair, "ESCALATED: 4 = 4 unmatched").await;
        assert_eq!(at_the_district["escalatedTo"]["name"], "铁东区", "清明节 moved one day");
        // Claimable all along.
        let claim = w.hospital_a.claim(&repair, &w.kangning, "1").await.done();
        w.street.confirm(&claim).await.done();
        app.anyone().sees(&repair, "ESCALATED: 4 = 3 unmatched + 1 promised").await;
    }

    async fn what_is_given_back_at_the_street_still_goes_up_to_the_district(app) {
        let w = app.world().await;
        let repair = w.open_need("修缮楼道照明", "1", "处").await;
        app.move_to("2025-03-25 09:00").await;
        let claim = json!({ "need": repair.id(), "unit": w.kangning, "quantity": "1", "promisedOn": "2025-05-30" });
        let claim = w.hospital_a.claim_need(claim).await.done();
        w.street.confirm(&claim).await.done();
        // The street's ten working days pass while it is matched; then the hospital gives it back.
        app.move_to("2025-04-11 09:00").await;
        app.anyone().sees(&repair, "MATCHED: 1 = 1 promised").await;
        w.hospital_a.cancel(&claim, "设备故障").await.done();
        app.anyone().sees(&repair, "ESCALATED: 1 = 1 unmatched").await;
        app.pass_working_days(10).await;
        assert_eq!(app.anyone().see(&repair).await["escalatedTo"]["name"], "铁东区", "nothing silently lapses");
    }
}

/// An instant as UTC, however it was written.
fn until(instant: &Value) -> String {
    let instant: DateTime<Utc> = instant.as_str().and_then(|text| text.parse().ok()).expect("an instant");
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
