//! 桃源社区 asks for the 民法典 lecture that the legal-aid centre has on the list; the lecture leads to a further need.

use super::need;
use crate::support::{Id, Value, json};

both! {
    async fn a_listed_lecture_is_asked_for_held_counted_and_followed_up(app) {
        let w = app.world().await;
        let form = json!({ "form": "SERVICE", "category": "LEGAL" });
        let lecture = w.listed(&w.legal, &w.legal_aid, "《民法典》普法讲座", "4", "场", form.clone()).await;
        assert_eq!(lecture.standing(), "LISTED: 4 = 4 available");
        assert_eq!(app.anyone().lists("pledges(filter: { search: \"民法典\" })").await, [lecture.id()]);
        assert_eq!(app.anyone().lists("pledges(filter: { category: [HEALTH] })").await, [""; 0]);

        // The community asks; from that moment the lecture is held for it.
        let request = json!({
            "pledge": lecture.id(), "community": w.taoyuan, "quantity": "1", "purpose": "为居民讲一场民法典", "neededOn": "2025-03-21",
        });
        let request = w.secretary.request_pledge(request).await.done();
        assert_eq!(request.standing(), "APPLIED: 1 = 1 outstanding");
        assert_eq!((request.text("initiatedBy"), &request["need"]), ("COMMUNITY", &Value::Null));
        app.anyone().sees(&lecture, "LISTED: 4 = 3 available + 1 held").await;
        app.anyone().sees_nothing_of(&request).await;

        // The other side confirms, not the one that asked.
        w.secretary.confirm(&request).await.failed("FORBIDDEN");
        let confirmed = w.legal.confirm(&request).await.done();
        assert_eq!(confirmed.standing(), "CONFIRMED: 1 = 1 outstanding");
        assert_eq!(confirmed["promisedOn"], "2025-03-21");
        assert_eq!(w.legal.confirm(&request).await.done().standing(), "CONFIRMED: 1 = 1 outstanding", "done already is no error");
        assert_eq!(app.journal_of(request.id()).await, ["MATCH_APPLIED", "MATCH_CONFIRMED"]);

        app.move_to("2025-03-20 18:00").await;
        let early = json!({ "match": request.id(), "quantity": "1", "deliveredOn": "2025-03-09" });
        assert_eq!(w.legal.report_delivery(early).await.refused("INVALID_INPUT")["path"], json!(["input", "deliveredOn"]));
        let late = json!({ "match": request.id(), "quantity": "1", "deliveredOn": "2025-03-21" });
        assert_eq!(w.legal.report_delivery(late).await.refused("INVALID_INPUT")["path"], json!(["input", "deliveredOn"]));
        w.legal.report(&request, "2").await.refused("NOT_ENOUGH_OUTSTANDING");
        let held = json!({ "match": request.id(), "quantity": "1", "deliveredOn": "2025-03-20", "note": "到场居民 43 人", "hours": "2.5" });
        let held = w.legal.report_delivery(held).await.done();
        app.anyone().sees(&lecture, "LISTED: 4 = 3 available + 1 held").await;
        w.secretary.accept(&held, "1").await.done();
        app.anyone().sees(&lecture, "LISTED: 4 = 3 available + 1 given").await;
        w.secretary.sees(&request, "COMPLETED: 1 = 1 accepted").await;

        // Out of the questions that were asked comes a need, which the centre meets from the same pledge.
        let follow_up = need(&w.taoyuan, "请律师为三户居民解答继承纠纷", "2", "场", form);
        let follow_up = w.secretary.post_need(follow_up).await.done();
        w.street.publish(&follow_up).await.done();
        let claim = w.legal.claim_from(&lecture, &follow_up, &w.legal_aid, "2").await.done();
        w.secretary.confirm(&claim).await.done();
        app.anyone().sees(&lecture, "LISTED: 4 = 1 available + 2 held + 1 given").await;
        w.secretary.sees(&follow_up, "MATCHED: 2 = 2 promised").await;
        let mine = w.legal.lists(&format!("matches(filter: {{ pledge: \"{}\" }})", lecture.id())).await;
        assert_eq!(mine, [claim.id(), request.id()], "newest first");
    }

    async fn a_pledge_and_a_need_of_different_measures_do_not_meet(app) {
        let w = app.world().await;
        let lecture = w.listed(&w.legal, &w.legal_aid, "《民法典》普法讲座", "4", "场", json!({ "form": "SERVICE", "category": "LEGAL" })).await;
        let asked = need(&w.taoyuan, "法律咨询", "2", "小时", json!({ "form": "SERVICE", "category": "LEGAL" }));
        let asked = w.secretary.post_need(asked).await.done();
        w.street.publish(&asked).await.done();
        let refusal = w.legal.claim_from(&lecture, &asked, &w.legal_aid, "1").await.refused("MEASURE_MISMATCH");
        assert_eq!(refusal["path"], json!(["input", "pledge"]));
        let request = json!({ "pledge": lecture.id(), "community": w.taoyuan, "quantity": "1", "need": asked.id(), "purpose": "讲座" });
        w.secretary.request_pledge(request).await.refused("MEASURE_MISMATCH");
        app.anyone().sees(&lecture, "LISTED: 4 = 4 available").await;
    }

    async fn an_application_that_nobody_answers_lapses_after_three_working_days(app) {
        let w = app.world().await;
        let lecture = w.listed(&w.legal, &w.legal_aid, "《民法典》普法讲座", "1", "场", json!({ "form": "SERVICE" })).await;
        app.move_to("2025-03-13 10:00").await;
        let request = w.secretary.request_from(&lecture, &w.taoyuan, "1").await.done();
        app.anyone().sees(&lecture, "EXHAUSTED: 1 = 1 held").await;
        w.secretary.request_from(&lecture, &w.taoyuan, "1").await.refused("NOT_ENOUGH_AVAILABLE");
        app.move_to("2025-03-18 23:59").await;
        w.legal.sees(&request, "APPLIED: 1 = 1 outstanding").await;
        app.move_to("2025-03-19 00:00").await;
        let lapsed = w.legal.sees(&request, "TIMED_OUT: 1 = 1 returned").await;
        assert!(!lapsed.text("reason").is_empty());
        app.anyone().sees(&lecture, "LISTED: 1 = 1 available").await;
        w.legal.confirm(&request).await.refused("WRONG_STATE");
    }
}
