//! Venues, zones and services: who owns them, what is written of them, and how they are found.

use crate::support::{Id, Value, changed, json};

fn venue(area: &str, name: &str, with: Value) -> Value {
    let input = json!({
        "area": area, "name": name, "kind": "STATION",
        "hours": [{ "weekday": "TUESDAY", "opens": "08:30", "closes": "12:00" }, { "weekday": "TUESDAY", "opens": "13:00", "closes": "24:00" }],
    });
    changed(input, &with)
}

both! {
    async fn a_venue_is_its_areas_or_its_units(app) {
        let w = app.world().await;
        let station = w.secretary.add_venue(venue(&w.taoyuan, "桃源社区党群服务站", json!({}))).await.done();
        assert_eq!(station["area"]["name"], "桃源社区");
        w.secretary.add_venue(venue(&w.beimen, "街道中心", json!({}))).await.failed("FORBIDDEN");
        w.street.add_venue(venue(&w.beimen, "北门街道党群服务中心", json!({ "kind": "CENTRE" }))).await.done();
        let owned = json!({ "kind": "UNIT_OWNED", "unit": w.shennong });
        w.unit2.add_venue(venue(&w.taoyuan, "职工之家", owned.clone())).await.failed("FORBIDDEN");
        let owned = w.unit.add_venue(venue(&w.taoyuan, "神农集团职工之家", owned)).await.done();
        w.secretary.change_venue(json!({ "id": owned.id(), "name": "改名" })).await.failed("FORBIDDEN");
        for (unit, listed) in [(&w.shennong, &[owned.id()][..]), (&w.kunbo, &[])] {
            assert_eq!(app.anyone().lists(&format!("venues(filter: {{ unit: \"{unit}\" }})")).await, listed);
        }
        w.unit.add_venue(venue(&w.taoyuan, "职工之家", json!({ "unit": w.shennong }))).await.refused("INVALID_INPUT");
        for wrong in [
            json!({ "hours": [{ "weekday": "MONDAY", "opens": "12:00", "closes": "12:00" }] }),
            json!({ "hours": [{ "weekday": "MONDAY", "opens": "08:00", "closes": "12:00" }, { "weekday": "MONDAY", "opens": "11:59", "closes": "13:00" }] }),
            json!({ "closures": [{ "firstDay": "2025-05-02", "lastDay": "2025-05-01" }] }),
            json!({ "name": " " }),
        ] {
            w.secretary.add_venue(venue(&w.taoyuan, "服务站", wrong)).await.refused("INVALID_INPUT");
        }
        w.secretary.change_venue(json!({ "id": station.id(), "name": "桃源社区党群服务中心" })).await.done();
        assert_eq!(app.anyone().lists("venues(filter: { search: \"党群服务中心\", kind: [STATION] })").await, [station.id()]);
        w.secretary.close_venue(&station).await.done();
        w.secretary.add_zone(json!({ "venue": station.id(), "name": "阅览室", "kind": "READING" })).await.refused("WRONG_STATE");
        assert_eq!(app.journal_of(station.id()).await, ["VENUE_ADDED", "VENUE_CHANGED", "VENUE_CLOSED"]);
    }

    async fn a_service_has_a_name_a_fee_and_an_end(app) {
        let w = app.world().await;
        let station = w.secretary.add_venue(venue(&w.taoyuan, "服务站", json!({}))).await.done();
        let service = json!({ "venue": station.id(), "kind": "ERRANDS", "name": "医保代办", "provider": "社区工作者", "fee": "0" });
        w.secretary2.add_service(service.clone()).await.failed("FORBIDDEN");
        let service = w.secretary.add_service(service).await.done();
        let wrong = json!({ "venue": station.id(), "kind": "ERRANDS", "name": "代办", "fee": "-1" });
        assert_eq!(w.secretary.add_service(wrong).await.refused("INVALID_INPUT")["path"], json!(["input", "fee"]));
        assert_eq!(app.anyone().see(&station).await["services"], json!([{ "id": service.id(), "name": "医保代办", "fee": "0" }]));
        assert_eq!(app.anyone().lists("venues(filter: { service: [ERRANDS] })").await, [station.id()]);
        assert_eq!(w.secretary.end_service(&service).await.done()["endedOn"], "2025-03-10");
        assert_eq!(app.anyone().lists("venues(filter: { service: [ERRANDS] })").await, [""; 0]);
        assert_eq!(w.secretary.see(&service).await.can("CLOSE"), Err("WRONG_STATE".to_owned()));
    }

    async fn venues_are_found_by_place_size_and_a_time_that_is_free(app) {
        let w = app.world().await;
        let at = |north: f64, east: f64| json!({ "point": { "latitude": north, "longitude": east } });
        let near = w.secretary.add_venue(venue(&w.taoyuan, "近", at(43.17, 124.38))).await.done();
        let far = w.secretary2.add_venue(venue(&w.shuanghui, "远", at(43.10, 124.45))).await.done();
        let nowhere = w.secretary.add_venue(venue(&w.taoyuan, "无坐标", json!({}))).await.done();
        let order = "orderBy: NEAREST, filter: { near: { latitude: 43.17, longitude: 124.39 } }";
        assert_eq!(app.anyone().lists(&format!("venues({order})")).await, [near.id(), far.id(), nowhere.id()]);
        assert_eq!(app.anyone().lists(&format!("venues(first: 1, {order})")).await, [near.id()]);
        let answer = app.anyone().run("{ venues(orderBy: NEAREST) { totalCount } }", json!({})).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        assert_eq!(app.anyone().lists(&format!("venues(filter: {{ area: \"{}\" }})", w.huangtukeng)).await, [far.id()]);

        let zone = |venue: &str, capacity: i32| {
            json!({ "venue": venue, "name": "厅", "kind": "HALL", "capacity": capacity, "bufferAfter": 30, "approval": false })
        };
        let small = w.secretary.add_zone(zone(near.id(), 20)).await.done();
        w.secretary2.add_zone(zone(far.id(), 80)).await.done();
        let found = async |filter: &str| app.anyone().lists(&format!("venues(orderBy: NAME, filter: {{ {filter} }})")).await;
        assert_eq!(found("capacityAtLeast: 50").await, [far.id()]);
        assert_eq!(found("zoneKind: [HALL]").await.len(), 2);
        assert_eq!(found("zoneKind: [ARTS]").await, [""; 0]);
        let free = |from: &str, to: &str| format!("free: {{ from: \"2025-03-11T{from}:00+08:00\", to: \"2025-03-11T{to}:00+08:00\" }}");
        w.unit.book(&small, &w.shennong, "09:00", "10:00", json!({})).await.done();
        assert_eq!(found(&free("09:30", "10:30")).await, [far.id()]);
        assert_eq!(found(&free("10:29", "11:00")).await, [far.id()], "the buffer counts");
        assert_eq!(found(&free("10:30", "11:00")).await.len(), 2);
        assert_eq!(found(&free("12:30", "13:30")).await, [""; 0], "closed at noon");
    }

    async fn what_a_unit_builds_is_agreed_on_and_counted_once_it_is_in_use(app) {
        let w = app.world().await;
        let station = w.secretary.add_venue(venue(&w.taoyuan, "服务站", json!({}))).await.done();
        let proposal = |with: Value| {
            let input = json!({
                "venue": station.id(), "unit": w.shennong, "form": "FIT_OUT", "description": "墙面和照明改造", "value": "4200.50", "until": "2025-06-30",
            });
            changed(input, &with)
        };
        w.unit2.propose_co_building(proposal(json!({}))).await.failed("FORBIDDEN");
        for (wrong, field) in [(json!({ "value": "0" }), "value"), (json!({ "description": "" }), "description"), (json!({ "until": "2025-03-10" }), "until")] {
            let refusal = w.unit.propose_co_building(proposal(wrong)).await.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", field]));
        }
        let proposed = w.unit.propose_co_building(proposal(json!({}))).await.done();
        assert_eq!(proposed["status"], "PROPOSED");
        w.unit.agree_co_building(&proposed).await.failed("FORBIDDEN");
        w.secretary2.agree_co_building(&proposed).await.failed("FORBIDDEN");
        w.secretary.start_co_building(&proposed).await.refused("WRONG_STATE");
        assert_eq!(w.secretary.see(&proposed).await.can("CONFIRM"), Ok(()));
        assert_eq!(w.secretary.agree_co_building(&proposed).await.done()["status"], "AGREED");
        assert_eq!(w.secretary.start_co_building(&proposed).await.done()["status"], "UNDER_CONSTRUCTION");
        assert_eq!(app.count("contributions").await, 0, "nothing is counted before it is in use");
        let used = w.secretary.put_co_building_in_use(&proposed).await.done();
        assert_eq!((&used["status"], &used["since"]), (&json!("IN_USE"), &json!("2025-03-10")));
        w.secretary.put_co_building_in_use(&proposed).await.done();
        let figures = "query($area: ID) { statistics(area: $area, from: \"2025-03-10\", to: \"2025-03-10\") { contributionTotal coBuildingValue
            coBuildingRows { totalCount nodes { form value community { name } unit { name } } } } }";
        let figures = async |by: &crate::support::Actor| by.query(figures, json!({ "area": w.taoyuan })).await["statistics"].clone();
        let seen = figures(&w.secretary).await;
        assert_eq!((&seen["contributionTotal"], &seen["coBuildingValue"]), (&json!("4200.5"), &json!("4200.5")));
        let row = json!({ "form": "SERVICE", "value": "4200.5", "community": { "name": "桃源社区" }, "unit": { "name": "神农集团" } });
        assert_eq!(seen["coBuildingRows"], json!({ "totalCount": 1, "nodes": [row] }));
        let document = "query($id: ID!) { node(id: $id) { ... on Venue { coBuildings { id status } } } }";
        let shown = app.anyone().query(document, json!({ "id": station.id() })).await;
        assert_eq!(shown["node"]["coBuildings"], json!([{ "id": proposed.id(), "status": "IN_USE" }]));

        // It ends with its term; what was counted is corrected by reversal alone.
        app.move_to("2025-07-01 00:00").await;
        assert_eq!(w.unit.see(&proposed).await["status"], "ENDED");
        let kinds =
            ["CO_BUILDING_PROPOSED", "CO_BUILDING_AGREED", "CO_BUILDING_STARTED", "CO_BUILDING_IN_USE", "CO_BUILDING_ENDED"];
        assert_eq!(app.journal_of(proposed.id()).await, kinds);
        let line = app.contributions().await.remove(0);
        w.secretary.reverse_contribution(&line, "重复登记").await.done();
        assert_eq!(figures(&w.secretary).await["coBuildingValue"], "4200.5", "the reversal counts on its own day");

        // The owner proposes, the unit declines; nobody agrees with themselves.
        let asked = w.secretary.propose_co_building(proposal(json!({ "until": null }))).await.done();
        w.secretary.agree_co_building(&asked).await.failed("FORBIDDEN");
        assert_eq!(w.unit.decline_co_building(&asked, "今年预算已用完").await.done()["status"], "DECLINED");
        w.unit.agree_co_building(&asked).await.refused("WRONG_STATE");
        let asked = w.secretary.propose_co_building(proposal(json!({ "until": null }))).await.done();
        w.unit.agree_co_building(&asked).await.done();
        assert_eq!(w.secretary.end_co_building(&asked, "场地另作他用").await.done()["reason"], "场地另作他用");
    }
}
