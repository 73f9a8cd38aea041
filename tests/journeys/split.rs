//! 桃源社区 is split on 1 July: what was recorded before keeps its code, what comes after takes the new ones.

use alliance::auth::Role;

use super::need;
use crate::support::{Id, Value, json};

both! {
    async fn earlier_records_keep_the_old_code_and_later_ones_take_the_new(app) {
        let w = app.world().await;
        app.move_to("2025-06-23 09:00").await;
        let before = w.secretary.post_need(need(&w.taoyuan, "添置楼前长椅", "6", "张", json!({}))).await.done();
        w.street.publish(&before).await.done();
        let claim = w.unit.claim(&before, &w.shennong, "6").await.done();
        w.secretary.confirm(&claim).await.done();
        let parts = json!([{ "code": "220303006021", "name": "桃源东社区" }, { "code": "220303006022", "name": "桃源西社区" }]);
        let split = json!({ "area": w.taoyuan, "on": "2025-07-01", "into": parts });
        w.secretary.split_area(split.clone()).await.failed("FORBIDDEN");
        assert_eq!(w.district.split_area(split).await.done()["validTo"], "2025-06-30");

        // Until that day nothing has changed for the community.
        app.move_to("2025-06-30 23:59").await;
        let last = w.secretary.post_need(need(&w.taoyuan, "清理楼道杂物", "3", "处", json!({}))).await.done();
        assert_eq!(last["community"]["code"], "220303006001");
        w.secretary.post_need(need(&east(&w.district).await, "植树", "3", "棵", json!({}))).await.failed("FORBIDDEN");
        w.district.post_need(need(&east(&w.district).await, "植树", "3", "棵", json!({}))).await.refused("AREA_NOT_CURRENT");

        // From that day on the new ones post, and the old one does not.
        app.move_to("2025-07-01 00:00").await;
        let refusal = w.secretary.post_need(need(&w.taoyuan, "添置健身器材", "2", "件", json!({}))).await.refused("AREA_NOT_CURRENT");
        assert_eq!(refusal["path"], json!(["input", "community"]));
        let east = east(&w.district).await;
        let secretary = app.account("secretary_east", Role::CommunitySecretary, &east).await;
        let after = secretary.post_need(need(&east, "添置健身器材", "2", "件", json!({}))).await.done();
        assert_eq!((after["community"]["code"].as_str(), after["community"]["name"].as_str()), (Some("220303006021"), Some("桃源东社区")));

        // The earlier ones keep the code that they were made under, and their story goes on.
        for record in [&before, &claim, &last] {
            let kept = w.secretary.see(record).await;
            assert_eq!((kept["community"]["code"].as_str(), kept["community"]["name"].as_str()), (Some("220303006001"), Some("桃源社区")));
        }
        let report = w.unit.report(&claim, "6").await.done();
        w.secretary.accept(&report, "6").await.done();
        let [line] = &app.contributions().await[..] else { panic!("one line") };
        let line = w.street.see(line).await;
        assert_eq!((line["community"]["code"].as_str(), line.text("recordedOn")), (Some("220303006001"), "2025-07-01"));

        // A street's list holds both, each community's its own.
        let of = |area: &str| format!("needs(filter: {{ area: \"{area}\" }})");
        let mut street = w.street.lists(&of(&w.beimen)).await;
        street.sort_unstable();
        let mut all = [before.id(), last.id(), after.id()];
        all.sort_unstable();
        assert_eq!(street, all);
        assert_eq!(w.street.lists(&of(&east)).await, [after.id()]);
        assert_eq!(secretary.find(&last).await, None, "the new secretary is not the old one's heir");
        assert_eq!(w.street.query("{ area(code: \"220303006001\") { id } }", json!({})).await["area"], Value::Null);
    }
}

async fn east(actor: &crate::support::Actor) -> String {
    let data = actor.query("{ area(code: \"220303006021\", on: \"2025-07-01\") { id } }", json!({})).await;
    data["area"]["id"].as_str().expect("the eastern part").to_owned()
}
