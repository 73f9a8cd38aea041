//! Units, alliances, memberships and pairings.

use crate::support::{Id, Value, json};

fn unit(district: &str, name: &str, code: Value) -> Value {
    json!({
        "district": district, "name": name, "kind": "SCHOOL", "track": "UNIT", "creditCode": code,
        "contactName": "王老师", "contactPhone": "13800000000",
    })
}

both! {
    async fn a_unit_is_entered_with_a_code_that_checks_or_a_reason_why_it_has_none(app) {
        let w = app.world().await;
        let school = w.district.add_unit(unit(&w.tiedong, "四平市第二中学", json!("91350100M000100Y43"))).await.done();
        assert_eq!(school["creditCode"], "91350100M000100Y43");
        assert_eq!(app.anyone().lists("units(filter: { search: \"中学\" })").await, [school.id()]);
        for wrong in ["91350100M000100Y4Z", "91350100M000100Y4", "91350100m000100y43"] {
            let refusal = w.district.add_unit(unit(&w.tiedong, "另一所学校", json!(wrong))).await.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", "creditCode"]), "{wrong}");
        }
        let refusal = w.district.add_unit(unit(&w.tiedong, "另一所学校", json!("91350100M000100Y43"))).await.refused("ALREADY_TAKEN");
        assert_eq!(refusal["path"], json!(["input", "creditCode"]));
        w.district.add_unit(unit(&w.tiedong, "另一所学校", Value::Null)).await.refused("INVALID_INPUT");
        w.street.add_unit(unit(&w.tiedong, "另一所学校", Value::Null)).await.failed("FORBIDDEN");
    }

    async fn a_unit_comes_into_an_alliance_by_invitation_or_by_application(app) {
        let w = app.world().await;
        let school = w.district.add_unit(unit(&w.tiedong, "四平市第二中学", json!("91350100M000100Y43"))).await.done();
        let school_rep = app.account("school", alliance::auth::Role::UnitRepresentative, school.id()).await;
        let care = json!({
            "unit": school.id(), "form": "PEOPLE_TIME", "category": "CHILDREN", "title": "假期托管", "total": "40", "measure": "小时",
        });
        school_rep.pledge_resource(care.clone()).await.refused("NOT_A_MEMBER");

        // The host invites, the unit accepts.
        let offer = json!({ "alliance": w.beimen_alliance, "unit": school.id() });
        w.street2.invite_unit(offer.clone()).await.failed("FORBIDDEN");
        let invited = w.street.invite_unit(offer.clone()).await.done();
        assert_eq!(invited["status"], "INVITED");
        w.street.invite_unit(offer.clone()).await.refused("ALREADY_JOINED");
        w.street.admit(&invited).await.failed("FORBIDDEN");
        let member = school_rep.admit(&invited).await.done();
        assert_eq!((member.text("status"), member.text("since")), ("ACTIVE", "2025-03-10"));
        school_rep.pledge_resource(care).await.done();

        // It leaves, and applies to the other alliance; that host admits it.
        assert_eq!(school_rep.leave(&member, "学期安排调整").await.done()["status"], "WITHDRAWN");
        let applied = school_rep.apply(json!({ "alliance": w.huangtukeng_alliance, "unit": school.id() })).await.done();
        assert_eq!(applied["status"], "APPLIED");
        school_rep.admit(&applied).await.failed("FORBIDDEN");
        assert_eq!(w.street2.admit(&applied).await.done()["status"], "ACTIVE");
        let kinds = app.journal_of(applied.id()).await;
        assert_eq!(kinds, ["MEMBERSHIP_APPLIED", "MEMBERSHIP_ADMITTED"]);
    }

    async fn an_alliance_is_founded_by_its_area(app) {
        let w = app.world().await;
        let input = json!({ "host": w.taoyuan, "name": "桃源社区党建联盟", "model": "123+N" });
        w.secretary2.found_alliance(input.clone()).await.failed("FORBIDDEN");
        let founded = w.secretary.found_alliance(input).await.done();
        assert_eq!(founded["host"]["name"], "桃源社区");
        assert_eq!(app.anyone().lists("alliances(filter: { search: \"桃源\" })").await, [founded.id()]);
    }

    async fn a_unit_is_paired_with_a_community_from_a_day_to_a_day(app) {
        let w = app.world().await;
        let pairing = json!({ "unit": w.kangning, "community": w.taoyuan, "since": "2025-03-10" });
        w.secretary2.pair_unit(pairing.clone()).await.failed("FORBIDDEN");
        w.secretary.pair_unit(pairing.clone()).await.done();
        w.secretary.pair_unit(pairing).await.refused("ALREADY_JOINED");
        let paired = w.hospital_a.see(&w.kangning).await;
        assert_eq!(paired["pairedAreas"][0]["name"], "桃源社区");
        assert_eq!(app.anyone().lists(&format!("units(filter: {{ pairedWith: \"{}\" }})", w.taoyuan)).await.len(), 3);
    }

    async fn a_community_calls_its_counterpart_once_a_match_is_confirmed(app) {
        let w = app.world().await;
        let school = w.district.add_unit(unit(&w.tiedong, "四平市第二中学", json!("91350100M000100Y43"))).await.done();
        let school_rep = app.account("school", alliance::auth::Role::UnitRepresentative, school.id()).await;
        let invited = w.street.invite_unit(json!({ "alliance": w.beimen_alliance, "unit": school.id() })).await.done();
        school_rep.admit(&invited).await.done();
        w.secretary.pair_unit(json!({ "unit": school.id(), "community": w.taoyuan, "since": "2025-03-10" })).await.done();
        let need = json!({
            "community": w.taoyuan, "category": "CHILDREN", "form": "PEOPLE_TIME", "title": "假期托管", "wanted": "4", "measure": "小时", "submit": true,
        });
        let need = w.secretary.post_need(need).await.done();
        w.street.publish(&need).await.done();
        let claim = school_rep.claim(&need, &school, "4").await.done();
        let document = "query($id: ID!) { node(id: $id) { ... on MemberUnit { contactName contactPhone } } }";
        let seen = async |by: &crate::support::Actor| by.query(document, json!({ "id": school.id() })).await["node"].clone();
        let hidden = json!({ "contactName": null, "contactPhone": null });
        assert_eq!(seen(&w.secretary).await, hidden, "an application is no match yet");
        w.secretary.confirm(&claim).await.done();
        let open = json!({ "contactName": "王老师", "contactPhone": "13800000000" });
        assert_eq!((seen(&w.secretary).await, seen(&w.secretary2).await, seen(&w.street2).await), (open, hidden.clone(), hidden));
    }

    async fn whose_pairing_has_ended_neither_sees_nor_claims_in_the_window(app) {
        let w = app.world().await;
        let need = json!({
            "community": w.taoyuan, "category": "SAFETY", "form": "GOODS", "title": "添置灭火器", "wanted": "4", "measure": "个", "submit": true,
        });
        let need = w.secretary.post_need(need).await.done();
        w.street.publish(&need).await.done();
        assert_eq!(w.unit.see(&need).await.can("CLAIM"), Ok(()));
        let document = "mutation($input: EndPairingInput!) { endPairing(input: $input) { refusals { code } } }";
        let input = json!({ "unit": w.shennong, "community": w.taoyuan, "on": "2025-03-10", "reason": "结对期满" });
        let ended = w.secretary.run(document, json!({ "input": input })).await.ok();
        assert_eq!(ended["endPairing"]["refusals"], json!([]));
        app.move_to("2025-03-11 09:00").await;
        w.unit.sees_nothing_of(&need).await;
        w.unit.claim(&need, &w.shennong, "1").await.failed("NOT_FOUND");
        w.legal.claim(&need, &w.legal_aid, "1").await.done();
    }

    async fn the_district_ends_a_membership_where_nobody_is_left_to_do_so(app) {
        let w = app.world().await;
        let unit = w.district.see(&w.shennong).await;
        let membership = unit["memberships"][0]["id"].as_str().expect("an id").to_owned();
        w.street.leave(&membership, "单位已撤销").await.failed("FORBIDDEN");
        assert_eq!(w.district.leave(&membership, "单位已撤销").await.done()["status"], "WITHDRAWN");
    }
}
