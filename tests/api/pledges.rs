//! A pledge from its submission to its end: reviewed, listed, paused, aged, renewed, expired, withdrawn.

use crate::support::{Id, Value, World, changed, json};

fn rice(w: &World, with: Value) -> Value {
    let input = json!({
        "unit": w.shennong, "form": "GOODS", "category": "HARDSHIP_AND_EMPLOYMENT", "title": "慰问大米", "total": "50", "measure": "袋",
    });
    changed(input, &with)
}

both! {
    async fn a_pledge_is_its_units_until_a_second_person_has_listed_it(app) {
        let w = app.world().await;
        let pledge = w.unit.pledge_resource(rice(&w, json!({}))).await.done();
        assert_eq!(pledge.standing(), "SUBMITTED: 50 = 50 available");
        for insider in [&w.unit, &w.street, &w.district, &w.auditor] {
            insider.sees(&pledge, "SUBMITTED: 50 = 50 available").await;
        }
        for outsider in [&w.unit2, &w.street2, &w.secretary2, &app.anyone()] {
            outsider.sees_nothing_of(&pledge).await;
            outsider.list_pledge(&pledge).await.answer.errors();
        }
        w.unit.list_pledge(&pledge).await.failed("FORBIDDEN");
        w.street2.list_pledge(&pledge).await.failed("NOT_FOUND");
        let returned = w.street.return_pledge(&pledge, "请写明保质期").await.done();
        assert_eq!(returned["status"], "RETURNED");
        w.street.list_pledge(&pledge).await.refused("WRONG_STATE");
        let other = w.unit.pledge_resource(rice(&w, json!({}))).await.done();
        assert_eq!(w.street.list_pledge(&other).await.done().standing(), "LISTED: 50 = 50 available");
        app.anyone().sees(&other, "LISTED: 50 = 50 available").await;
        assert_eq!(app.anyone().lists("pledges(filter: { availableAtLeast: \"50\" })").await, [other.id()]);
        assert_eq!(app.anyone().lists("pledges(filter: { availableAtLeast: \"50.001\" })").await, [""; 0]);
    }

    async fn a_search_in_a_district_finds_what_serves_it_wherever_it_is_from(app) {
        let (w, tiexi) = (app.world().await, app.neighbour().await);
        let pledge = async |areas: &[&String]| {
            let pledge = w.unit.pledge_resource(rice(&w, json!({ "areas": areas }))).await.done();
            w.district.list_pledge(&pledge).await.done()
        };
        let (everywhere, here) = (pledge(&[]).await, pledge(&[&w.beimen]).await);
        let (there, both) = (pledge(&[&tiexi]).await, pledge(&[&w.huangtukeng, &tiexi]).await);
        let found = async |area: &str, words: &str| {
            let mut found = app.anyone().lists(&format!("pledges(filter: {{ area: \"{area}\", search: \"{words}\" }})")).await;
            found.reverse();
            found
        };
        for words in ["大米", "慰问 大米"] {
            assert_eq!(found(&w.beimen, words).await, [everywhere.id(), here.id()]);
            assert_eq!(found(&w.huangtukeng, words).await, [everywhere.id(), both.id()]);
            assert_eq!(found(&tiexi, words).await, [everywhere.id(), there.id(), both.id()]);
            assert_eq!(app.anyone().lists(&format!("pledges(filter: {{ search: \"{words}\" }})")).await.len(), 4);
        }
        assert_eq!(found(&tiexi, "大豆").await, [""; 0]);
    }

    async fn pausing_stops_new_requests_and_what_is_held_lives_on(app) {
        let w = app.world().await;
        let pledge = w.unit.pledge_resource(rice(&w, json!({}))).await.done();
        w.district.list_pledge(&pledge).await.done();
        let held = w.secretary.request_from(&pledge, &w.taoyuan, "50").await.done();
        app.anyone().sees(&pledge, "EXHAUSTED: 50 = 50 held").await;
        w.unit.pause_pledge(&pledge).await.refused("WRONG_STATE");
        w.unit.reject(&held, "暂缓").await.done();
        let held = w.secretary.request_from(&pledge, &w.taoyuan, "20").await.done();
        w.unit.confirm(&held).await.done();
        assert_eq!(w.unit.pause_pledge(&pledge).await.done().standing(), "PAUSED: 50 = 30 available + 20 held");
        app.anyone().sees_nothing_of(&pledge).await;
        w.unit.confirm(&held).await.done();
        let report = w.unit.report(&held, "20").await.done();
        w.secretary.accept(&report, "20").await.done();
        assert_eq!(w.unit.resume_pledge(&pledge).await.done().standing(), "LISTED: 50 = 30 available + 20 given");
        let withdrawn = w.unit.withdraw_pledge(&pledge, "已另作安排").await.done();
        assert_eq!(withdrawn.standing(), "WITHDRAWN: 50 = 30 available + 20 given");
        w.unit.resume_pledge(&pledge).await.refused("WRONG_STATE");
    }

    async fn a_pledge_past_its_day_expires_and_comes_back_by_renewal(app) {
        let w = app.world().await;
        let pledge = w.unit.pledge_resource(rice(&w, json!({ "validUntil": "2025-03-31" }))).await.done();
        w.street.list_pledge(&pledge).await.done();
        app.move_to("2025-03-31 23:59").await;
        app.anyone().sees(&pledge, "LISTED: 50 = 50 available").await;
        app.move_to("2025-04-01 00:00").await;
        w.unit.sees(&pledge, "EXPIRED: 50 = 50 available").await;
        app.anyone().sees_nothing_of(&pledge).await;
        let refusal = w.unit.renew_pledge_until(&pledge, "2025-03-31").await.refused("INVALID_INPUT");
        assert_eq!(refusal["path"], json!(["validUntil"]));
        let renewed = w.unit.renew_pledge_until(&pledge, "2025-12-31").await.done();
        assert_eq!((renewed.standing(), renewed.text("confirmedOn")), ("LISTED: 50 = 50 available".to_owned(), "2025-04-01"));
    }

    async fn a_listed_pledge_that_nobody_confirms_for_half_a_year_is_hidden_until_renewed(app) {
        let w = app.world().await;
        let pledge = w.unit.pledge_resource(rice(&w, json!({}))).await.done();
        w.street.list_pledge(&pledge).await.done();
        app.move_to("2025-09-06 23:59").await;
        app.anyone().sees(&pledge, "LISTED: 50 = 50 available").await;
        app.move_to("2025-09-07 00:00").await;
        app.anyone().sees_nothing_of(&pledge).await;
        w.unit.sees(&pledge, "LISTED: 50 = 50 available").await;
        w.secretary.request_from(&pledge, &w.taoyuan, "1").await.failed("NOT_FOUND");
        assert_eq!(w.unit.renew_pledge(&pledge).await.done()["confirmedOn"], "2025-09-07");
        w.secretary.request_from(&pledge, &w.taoyuan, "1").await.done();
    }

    async fn what_is_inexhaustible_keeps_no_count_of_what_is_left(app) {
        let w = app.world().await;
        let advice = json!({ "total": null, "title": "电话法律咨询", "form": "EXPERTISE", "measure": "次" });
        let pledge = w.unit.pledge_resource(rice(&w, advice)).await.done();
        w.street.list_pledge(&pledge).await.done();
        let request = w.secretary.request_from(&pledge, &w.taoyuan, "9000").await.done();
        w.unit.confirm(&request).await.done();
        let seen = app.anyone().sees(&pledge, "LISTED: any = 9000 held").await;
        assert_eq!((&seen["total"], &seen["available"]), (&Value::Null, &Value::Null));
    }

    async fn a_pledge_serves_the_areas_that_it_names_and_no_others(app) {
        let w = app.world().await;
        let pledge = w.unit.pledge_resource(rice(&w, json!({ "areas": [w.beimen] }))).await.done();
        w.street.list_pledge(&pledge).await.done();
        let refusal = w.secretary2.request_from(&pledge, &w.shuanghui, "1").await.refused("AREA_NOT_SERVED");
        assert_eq!(refusal["path"], json!(["input", "community"]));
        w.secretary.request_from(&pledge, &w.taoyuan, "1").await.done();
        let serving = async |area: &str| app.anyone().lists(&format!("pledges(filter: {{ area: \"{area}\" }})")).await.len();
        assert_eq!((serving(&w.taoyuan).await, serving(&w.beimen).await, serving(&w.shuanghui).await), (1, 1, 0));
    }
}
