//! Delivered, but not accepted: reopened with a reason, and the clock does not start again.

use super::need;
use crate::support::{Id, Value, json};

both! {
    async fn what_was_not_accepted_is_to_be_delivered_again_by_the_same_day(app) {
        let w = app.world().await;
        let benches = w.secretary.post_need(need(&w.taoyuan, "添置楼前长椅", "6", "张", json!({ "dueOn": "2025-03-21" }))).await.done();
        w.street.publish(&benches).await.done();
        let claim = w.unit.claim(&benches, &w.shennong, "6").await.done();
        let claim = w.secretary.confirm(&claim).await.done();
        assert_eq!(claim["promisedOn"], "2025-03-21", "the need's due date");

        app.move_to("2025-03-18 10:00").await;
        let report = w.unit.report(&claim, "6").await.done();
        w.secretary.sees(&benches, "DELIVERED: 6 = 6 delivered").await;
        w.secretary.refuse(&report, "  ").await.refused("INVALID_INPUT");
        let refused = w.secretary.refuse(&report, "椅面有毛刺，存在安全隐患").await.done();
        assert_eq!(refused.standing(), "REFUSED: 6 = 0");
        w.secretary.sees(&benches, "REOPENED: 6 = 6 promised").await;
        let again = w.unit.sees(&claim, "FULFILLING: 6 = 6 outstanding").await;
        assert_eq!(again["promisedOn"], "2025-03-21", "the clock does not start again");
        assert_eq!(app.contributions().await, [""; 0]);

        // Until the next report it stays reopened; that one is accepted in part, then the rest.
        let second = w.unit.report(&claim, "4").await.done();
        w.secretary.sees(&benches, "IN_PROGRESS: 6 = 2 promised + 4 delivered").await;
        assert_eq!(w.secretary.accept(&second, "3").await.done().standing(), "PARTLY_ACCEPTED: 4 = 3 accepted");
        w.secretary.sees(&benches, "IN_PROGRESS: 6 = 3 promised + 3 accepted").await;
        let third = w.unit.report(&claim, "3").await.done();
        w.secretary.sees(&benches, "DELIVERED: 6 = 3 delivered + 3 accepted").await;
        assert_eq!(w.secretary.accept(&third, "3").await.done().standing(), "ACCEPTED: 3 = 3 accepted");
        w.secretary.sees(&benches, "ACCEPTED: 6 = 6 accepted").await;
        let history = w.unit.see(&claim).await["deliveries"].as_array().cloned().unwrap_or_default();
        let mut history: Vec<_> = history.iter().map(|one| one["status"].as_str().unwrap_or_default()).collect();
        history.sort_unstable();
        assert_eq!(history, ["ACCEPTED", "PARTLY_ACCEPTED", "REFUSED"], "nothing is lost");

        // An answer that was given already is no error; another answer is.
        w.secretary.accept(&third, "3").await.done();
        w.secretary.refuse(&third, "还是不行").await.refused("WRONG_STATE");
        w.secretary.accept(&report, "6").await.refused("WRONG_STATE");

        // Neither side rates: after ten working days the need is closed.
        app.move_to("2025-04-01 23:59").await;
        w.secretary.sees(&benches, "ACCEPTED: 6 = 6 accepted").await;
        app.move_to("2025-04-02 00:00").await;
        w.secretary.sees(&benches, "CLOSED: 6 = 6 accepted").await;
    }

    async fn a_report_that_waits_holds_the_clock_and_its_refusal_lets_it_run_on(app) {
        let w = app.world().await;
        let benches = w.secretary.post_need(need(&w.taoyuan, "添置楼前长椅", "6", "张", json!({ "dueOn": "2025-03-14" }))).await.done();
        w.street.publish(&benches).await.done();
        let claim = w.unit.claim(&benches, &w.shennong, "6").await.done();
        w.secretary.confirm(&claim).await.done();
        app.move_to("2025-03-14 15:00").await;
        let report = w.unit.report(&claim, "6").await.done();

        // The promised day and the three working days after it pass while the community has not answered: it is reminded after five.
        app.move_to("2025-03-21 23:59").await;
        w.secretary.sees(&claim, "DELIVERED: 6 = 6 delivered").await;
        assert_eq!(app.journal_of(report.id()).await, ["DELIVERY_REPORTED"]);
        app.move_to("2025-03-22 00:00").await;
        assert_eq!(app.journal_of(report.id()).await, ["DELIVERY_REPORTED", "DELIVERY_REMINDED"]);
        app.move_to("2025-03-28 00:00").await;
        assert_eq!(app.journal_of(report.id()).await, ["DELIVERY_REPORTED", "DELIVERY_REMINDED"], "reminded once");

        // Refused now, its time is over, and what is outstanding returns.
        w.secretary.refuse(&report, "尺寸不符").await.done();
        app.pass_working_days(4).await;
        let ended = w.unit.sees(&claim, "TIMED_OUT: 6 = 6 returned").await;
        assert_ne!(ended["reason"], Value::Null);
        w.hospital_a.sees(&benches, "PUBLISHED_OPEN: 6 = 6 unmatched").await;
        w.unit.report(&claim, "6").await.refused("WRONG_STATE");
    }

    async fn only_the_refusal_of_the_latest_report_reopens_a_need(app) {
        let w = app.world().await;
        let lamps = w.open_need("更换楼道灯泡", "6", "处").await;
        let claim = w.hospital_a.claim(&lamps, &w.kangning, "6").await.done();
        w.street.confirm(&claim).await.done();
        let first = w.hospital_a.report(&claim, "2").await.done();
        let second = w.hospital_a.report(&claim, "2").await.done();
        w.street.refuse(&first, "一处未换").await.done();
        w.street.sees(&lamps, "IN_PROGRESS: 6 = 4 promised + 2 delivered").await;
        w.street.refuse(&second, "型号不符").await.done();
        w.street.sees(&lamps, "REOPENED: 6 = 6 promised").await;
        w.hospital_a.report(&claim, "6").await.done();
        w.street.sees(&lamps, "DELIVERED: 6 = 6 delivered").await;
    }
}
