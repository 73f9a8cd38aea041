//! The canteen of 桃源社区: sittings, price bands, sponsored meals that are counted down, and a licence that runs out.

use crate::support::{Actor, Attempt, CROWD, Id, Thing, Value, World, changed, json, tally, workdays};
use futures_util::future::join_all;

impl World {
    /// A canteen with lunch on every day of the hall's week, for 40; `with` overrides and adds.
    pub async fn canteen(&self, with: Value) -> Thing {
        let room = self.hall(json!({ "name": "桃源社区食堂", "kind": "CANTEEN", "approval": false, "leadDays": 14 })).await;
        self.secretary.plan_sittings(lunch(&room, with)).await.done()
    }
}

fn lunch(zone: impl Id, with: Value) -> Value {
    let bands =
        json!([{ "name": "80 岁以上", "price": "6" }, { "name": "60 至 79 岁", "price": "8.5" }, { "name": "其他居民", "price": "15" }]);
    let input = json!({
        "zone": zone.id(), "hours": workdays("11:00", "12:30"), "seats": 40, "priceBands": bands, "sponsor": "神农集团", "sponsoredPlaces": 10,
        "licence": "JY32203030001234", "licenceUntil": "2025-04-30",
    });
    changed(input, &with)
}

impl Actor {
    /// Reserves lunch on the day after the stories begin; `with` overrides and adds.
    pub async fn eat(&self, canteen: &Thing, community: &str, places: i32, with: Value) -> Attempt {
        let input = changed(
            json!({
                "zone": canteen.id(), "community": community, "startsAt": "2025-03-11T11:00:00+08:00", "priceBand": "80 岁以上", "places": places,
            }),
            &with,
        );
        self.reserve_places(input).await
    }

    async fn plan(&self, canteen: &Thing) -> Value {
        let document = "query($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ... on FunctionZone {
            sittingPlan { seats sponsor sponsoredPlaces sponsoredLeft licence licenceUntil licenceStatus priceBands { name price } hours { weekday } }
            sittings(from: $from, to: $to) { startsAt endsAt seats seatsLeft } } } }";
        let span = json!({ "id": canteen.id(), "from": "2025-03-11T00:00:00+08:00", "to": "2025-03-17T00:00:00+08:00" });
        self.query(document, span).await["node"].clone()
    }
}

both! {
    async fn places_are_reserved_by_price_band_and_sponsored_ones_counted_down(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        let seen = app.anyone().plan(&canteen).await;
        assert_eq!(seen["sittingPlan"]["priceBands"][1], json!({ "name": "60 至 79 岁", "price": "8.5" }));
        assert_eq!((&seen["sittingPlan"]["licenceStatus"], &seen["sittingPlan"]["sponsoredLeft"]), (&json!("VALID"), &json!(10)));
        let sittings = seen["sittings"].as_array().expect("sittings");
        assert_eq!(sittings.len(), 4, "Tuesday to Friday");
        assert_eq!(sittings[0], json!({ "startsAt": "2025-03-11T03:00:00+00:00", "endsAt": "2025-03-11T04:30:00+00:00", "seats": 40, "seatsLeft": 40 }));

        let first = w.secretary.eat(&canteen, &w.taoyuan, 12, json!({ "sponsored": 8 })).await.done();
        assert_eq!((first.text("status"), first.text("price"), first.text("toPay")), ("RESERVED", "6", "24"));
        // Neighbours eat here too.
        let second = w.secretary2.eat(&canteen, &w.shuanghui, 20, json!({ "priceBand": "其他居民" })).await.done();
        assert_eq!(second.text("toPay"), "300");
        let refusal = w.secretary2.eat(&canteen, &w.shuanghui, 9, json!({})).await.refused("NOT_ENOUGH_SEATS");
        assert_eq!((refusal["path"].clone(), refusal["message"].as_str()), (json!(["input", "places"]), Some("该场次仅剩 8 个名额")));
        w.secretary.eat(&canteen, &w.taoyuan, 3, json!({ "sponsored": 3 })).await.refused("NOT_ENOUGH_SPONSORED");
        w.secretary.eat(&canteen, &w.taoyuan, 3, json!({ "sponsored": 4 })).await.refused("INVALID_INPUT");
        w.secretary.eat(&canteen, &w.taoyuan, 0, json!({})).await.refused("INVALID_INPUT");
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({ "priceBand": "员工" })).await.refused("INVALID_INPUT");
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({ "startsAt": "2025-03-11T11:30:00+08:00" })).await.refused("INVALID_INPUT");
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({ "startsAt": "2025-03-07T11:00:00+08:00" })).await.refused("INVALID_INPUT");
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({ "startsAt": "2025-03-25T11:00:00+08:00" })).await.refused("TOO_FAR_AHEAD");
        w.secretary2.eat(&canteen, &w.taoyuan, 1, json!({})).await.failed("FORBIDDEN");
        w.unit.eat(&canteen, &w.taoyuan, 1, json!({})).await.failed("FORBIDDEN");
        let seen = app.anyone().plan(&canteen).await;
        assert_eq!((&seen["sittings"][0]["seatsLeft"], &seen["sittings"][1]["seatsLeft"]), (&json!(8), &json!(40)));
        assert_eq!(seen["sittingPlan"]["sponsoredLeft"], 2);

        // Who eats is known to the canteen and to the community.
        assert_eq!(w.secretary.lists("reservations").await, [first.id(), second.id()]);
        assert_eq!(w.secretary2.lists("reservations").await, [second.id()]);
        assert_eq!(w.unit.lists("reservations").await, [""; 0]);
        w.unit.sees_nothing_of(&first).await;
        w.secretary2.cancel_reservation(&first, "x").await.failed("NOT_FOUND");

        // What is given up before lunch comes back, once; afterwards nothing is.
        assert_eq!(w.secretary.see(&first).await.can("CANCEL"), Ok(()));
        assert_eq!(w.secretary.cancel_reservation(&first, "老人住院").await.done().text("status"), "CANCELLED");
        w.secretary.cancel_reservation(&first, "老人住院").await.done();
        let seen = app.anyone().plan(&canteen).await;
        assert_eq!((&seen["sittings"][0]["seatsLeft"], &seen["sittingPlan"]["sponsoredLeft"]), (&json!(20), &json!(10)));
        assert_eq!(app.journal_of(first.id()).await, ["PLACES_RESERVED", "RESERVATION_CANCELLED"]);
        app.move_to("2025-03-11 11:00").await;
        w.secretary2.cancel_reservation(&second, "不来了").await.refused("WRONG_STATE");
        w.secretary2.eat(&canteen, &w.shuanghui, 1, json!({})).await.refused("INVALID_INPUT");
    }

    async fn while_a_sitting_is_on_the_zone_takes_no_bookings(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        w.unit.book(&canteen, &w.shennong, "10:00", "11:01", json!({})).await.refused("OUTSIDE_OPENING_HOURS");
        w.unit.book(&canteen, &w.shennong, "10:00", "11:00", json!({})).await.done();
        w.unit.book(&canteen, &w.shennong, "12:30", "14:00", json!({})).await.done();
        let document = "query($id: ID!) { node(id: $id) { ... on FunctionZone {
            free(from: \"2025-03-11T00:00:00+08:00\", to: \"2025-03-12T00:00:00+08:00\", minutes: 60) { startsAt endsAt } } } }";
        let free = app.anyone().query(document, json!({ "id": canteen.id() })).await["node"]["free"].clone();
        assert_eq!(free, json!([
            { "startsAt": "2025-03-11T00:00:00+00:00", "endsAt": "2025-03-11T02:00:00+00:00" },
            { "startsAt": "2025-03-11T06:00:00+00:00", "endsAt": "2025-03-11T10:00:00+00:00" },
        ]));
        // Closed days have neither; without sittings lunch is bookable again.
        let closed = json!({ "id": canteen.id(), "closures": [{ "firstDay": "2025-03-12", "lastDay": "2025-03-12" }] });
        w.secretary.change_zone(closed).await.done();
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({ "startsAt": "2025-03-12T11:00:00+08:00" })).await.refused("INVALID_INPUT");
        w.secretary.plan_sittings(lunch(&canteen, json!({ "hours": [] }))).await.done();
        assert_eq!(app.anyone().plan(&canteen).await["sittingPlan"], Value::Null);
        w.unit.book(&canteen, &w.shennong, "11:00", "12:30", json!({})).await.done();
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({})).await.refused("INVALID_INPUT");
    }

    async fn a_plan_is_its_owners_and_says_only_what_can_be(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        for stranger in [&w.secretary2, &w.unit, &w.auditor] {
            stranger.plan_sittings(lunch(&canteen, json!({}))).await.failed("FORBIDDEN");
        }
        for (field, wrong) in [
            ("seats", json!({ "seats": 0 })),
            ("priceBands", json!({ "priceBands": [] })),
            ("priceBands", json!({ "priceBands": [{ "name": "老人", "price": "-1" }] })),
            ("priceBands", json!({ "priceBands": [{ "name": "老人", "price": "0.001" }] })),
            ("priceBands", json!({ "priceBands": [{ "name": "老人", "price": "1" }, { "name": "老人", "price": "2" }] })),
            ("licence", json!({ "licence": " " })),
            ("hours", json!({ "hours": [{ "weekday": "MONDAY", "opens": "12:00", "closes": "11:00" }] })),
            ("sponsoredPlaces", json!({ "sponsoredPlaces": -1 })),
        ] {
            let refusal = w.secretary.plan_sittings(lunch(&canteen, wrong)).await.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", field]));
        }
        // More can be sponsored, and less as far as they were not used.
        w.secretary.eat(&canteen, &w.taoyuan, 6, json!({ "sponsored": 6 })).await.done();
        w.secretary.plan_sittings(lunch(&canteen, json!({ "sponsoredPlaces": 5 }))).await.refused("INVALID_INPUT");
        w.secretary.plan_sittings(lunch(&canteen, json!({ "sponsoredPlaces": 6 }))).await.done();
        assert_eq!(app.anyone().plan(&canteen).await["sittingPlan"]["sponsoredLeft"], 0);
        w.street.plan_sittings(lunch(&canteen, json!({ "sponsoredPlaces": 20 }))).await.done();
        assert_eq!(app.anyone().plan(&canteen).await["sittingPlan"]["sponsoredLeft"], 14);
    }

    async fn a_sitting_that_is_reserved_keeps_its_time_and_its_seats(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        let lunch_of_twelve = w.secretary.eat(&canteen, &w.taoyuan, 12, json!({})).await.done();
        let later = json!({ "hours": [{ "weekday": "TUESDAY", "opens": "11:30", "closes": "13:00" }] });
        for (field, change) in [("hours", later), ("hours", json!({ "hours": [] })), ("seats", json!({ "seats": 11 }))] {
            let refusal = w.secretary.plan_sittings(lunch(&canteen, change)).await.refused("SITTING_RESERVED");
            assert_eq!(refusal["path"], json!(["input", field]));
        }
        w.secretary.plan_sittings(lunch(&canteen, json!({ "seats": 12 }))).await.done();
        w.secretary.cancel_reservation(&lunch_of_twelve, "停业一天").await.done();
        w.secretary.plan_sittings(lunch(&canteen, json!({ "hours": [] }))).await.done();
    }

    async fn buffers_are_kept_before_and_after_a_sitting(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        w.secretary.change_zone(json!({ "id": canteen.id(), "bufferBefore": 10, "bufferAfter": 30 })).await.done();
        w.unit.book(&canteen, &w.shennong, "10:00", "10:31", json!({})).await.refused("OUTSIDE_OPENING_HOURS");
        w.unit.book(&canteen, &w.shennong, "10:00", "10:30", json!({})).await.done();
        w.unit.book(&canteen, &w.shennong, "12:39", "13:00", json!({})).await.refused("OUTSIDE_OPENING_HOURS");
        w.unit.book(&canteen, &w.shennong, "12:40", "13:00", json!({})).await.done();
    }

    async fn a_household_is_no_party_and_a_closed_canteen_serves_nobody(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        let below = json!({ "parent": w.taoyuan, "level": "COMPOUND", "code": "220303006001001", "name": "桃源小区" });
        let below = w.district.add_area(below).await.done();
        let refusal = w.secretary.eat(&canteen, below.id(), 1, json!({})).await.refused("INVALID_INPUT");
        assert_eq!(refusal["path"], json!(["input", "community"]));
        let refusal = w.secretary.book(&canteen, below.id(), "09:00", "10:00", json!({})).await.refused("INVALID_INPUT");
        assert_eq!(refusal["path"], json!(["input", "community"]));
        assert_eq!(w.secretary.see(&canteen).await.can("RESERVE"), Ok(()));
        assert_eq!(w.unit.see(&canteen).await.can("PLAN_SITTINGS"), Err("NOT_PERMITTED".to_owned()));
        w.secretary.close_zone(&canteen).await.done();
        assert_eq!(app.anyone().plan(&canteen).await["sittings"][0]["seatsLeft"], 0);
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({})).await.refused("WRONG_STATE");
        assert_eq!(w.secretary.see(&canteen).await.can("RESERVE"), Err("WRONG_STATE".to_owned()));
    }

    async fn times_at_the_ends_of_reckoning_and_prices_beyond_all_measure_are_refused(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        let dear = json!({ "priceBands": [{ "name": "贵宾", "price": "100000.01" }] });
        w.secretary.plan_sittings(lunch(&canteen, dear)).await.refused("INVALID_INPUT");
        for at in ["-262143-01-01T00:00:00Z", "+262142-12-31T23:59:59Z", "0000-01-01T00:00:00Z"] {
            w.secretary.eat(&canteen, &w.taoyuan, 1, json!({ "startsAt": at })).await.failed("BAD_USER_INPUT");
            let times = json!({ "startsAt": at, "endsAt": at });
            w.secretary.book(&canteen, &w.taoyuan, "", "", times.clone()).await.failed("BAD_USER_INPUT");
            let mut series = times;
            (series["zone"], series["community"], series["purpose"]) = (json!(canteen.id()), json!(w.taoyuan), json!("读书会"));
            series["rule"] = json!("FREQ=DAILY;COUNT=4");
            w.secretary.book_series(series).await.failed("BAD_USER_INPUT");
            for field in ["bookings(from: $at, to: $at) { id }", "free(from: $at, to: $at, minutes: 1) { startsAt }", "sittings(from: $at, to: $at) { seats }"] {
                let document = format!("query($id: ID!, $at: DateTime!) {{ node(id: $id) {{ ... on FunctionZone {{ {field} }} }} }}");
                let answer = app.anyone().run(&document, json!({ "id": canteen.id(), "at": at })).await;
                assert_eq!(answer.code(), "BAD_USER_INPUT", "{field} at {at}");
            }
        }
    }

    async fn the_owner_is_warned_a_month_before_the_licence_runs_out_and_then_nothing_is_served(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({})).await;
        let other = w.canteen(json!({ "licenceUntil": "2026-12-31" })).await;
        app.move_to("2025-03-30 23:00").await;
        assert_eq!(app.journal_of(canteen.id()).await, ["ZONE_ADDED", "SITTINGS_PLANNED"]);
        app.move_to("2025-03-31 00:00").await;
        app.take_due().await;
        assert_eq!(app.journal_of(canteen.id()).await, ["ZONE_ADDED", "SITTINGS_PLANNED", "LICENCE_EXPIRING"], "once");
        assert_eq!(app.anyone().plan(&canteen).await["sittingPlan"]["licenceStatus"], "EXPIRING");
        let list = "venues(filter: { licenceEndsBefore: \"2025-05-01\" })";
        assert_eq!(w.district.lists(list).await, [canteen["venue"]["id"].as_str().expect("a venue")]);
        assert_eq!(w.district.lists("venues(filter: { licenceEndsBefore: \"2025-04-30\" })").await, [""; 0]);
        app.move_to("2025-04-25 09:00").await;
        w.secretary.eat(&canteen, &w.taoyuan, 1, json!({ "startsAt": "2025-04-30T11:00:00+08:00" })).await.done();
        let may = json!({ "startsAt": "2025-05-06T11:00:00+08:00" });
        w.secretary.eat(&canteen, &w.taoyuan, 1, may.clone()).await.refused("LICENCE_EXPIRED");
        w.secretary.eat(&other, &w.taoyuan, 1, may.clone()).await.done();
        app.move_to("2025-05-01 00:00").await;
        assert_eq!(app.anyone().plan(&canteen).await["sittingPlan"]["licenceStatus"], "EXPIRED");
        w.secretary.plan_sittings(lunch(&canteen, json!({ "licenceUntil": "2027-04-30" }))).await.done();
        w.secretary.eat(&canteen, &w.taoyuan, 1, may).await.done();
        assert_eq!(app.anyone().plan(&canteen).await["sittingPlan"]["licenceStatus"], "VALID");
    }

    async fn of_thirty_two_who_reserve_three_places_at_once_thirteen_eat(app) {
        let w = app.world().await;
        let canteen = w.canteen(json!({ "sponsoredPlaces": 10 })).await;
        let asked = join_all((0..CROWD).map(|n| {
            let (by, community) = if n % 2 == 0 { (&w.secretary, &w.taoyuan) } else { (&w.secretary2, &w.shuanghui) };
            let canteen = &canteen;
            async move { by.eat(canteen, community, 3, json!({ "sponsored": if n < 16 { 1 } else { 0 } })).await }
        }));
        let asked = asked.await;
        let tally = tally(&asked);
        assert_eq!(tally["DONE"], 13, "{tally:?}");
        let seen = app.anyone().plan(&canteen).await;
        assert_eq!(seen["sittings"][0]["seatsLeft"], 1);
        let sponsored: i64 = asked.iter().filter(|one| one.was_done()).map(|one| {
            one.answer.data()[one.verb]["result"]["sponsored"].as_i64().expect("a number")
        }).sum();
        assert_eq!(seen["sittingPlan"]["sponsoredLeft"], 10 - sponsored);
        app.check_invariants().await;
    }
}
