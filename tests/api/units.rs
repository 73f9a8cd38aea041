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
}
