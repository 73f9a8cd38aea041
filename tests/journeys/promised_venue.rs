//! 神农集团 shares its hall: the community asks for hours of it, books them, and they are counted when they were used.

use super::need;
use crate::support::{Actor, Attempt, Id, Thing, Value, World, json, tally, workdays};

impl Actor {
    /// Books promised time on a day; `with` overrides and adds.
    pub async fn book_promised(&self, on: &Thing, zone: &Thing, day: &str, (from, to): (&str, &str)) -> Attempt {
        let at = |time: &str| format!("{day}T{time}:00+08:00");
        self.book_promised_time(json!({
            "match": on.id(), "zone": zone.id(), "startsAt": at(from), "endsAt": at(to), "purpose": "居民议事会", "headcount": 30,
        }))
        .await
    }
}

impl World {
    /// The hall of 神农集团, whose owner approves each booking.
    pub async fn own_hall(&self) -> Thing {
        let venue = json!({ "area": self.tiedong, "unit": self.shennong, "name": "神农集团职工之家", "kind": "UNIT_OWNED", "hours": workdays("08:00", "20:00") });
        let venue = self.unit.add_venue(venue).await.done();
        self.unit.add_zone(json!({ "venue": venue.id(), "name": "职工礼堂", "kind": "HALL", "capacity": 200 })).await.done()
    }

    /// A confirmed match of so many hours of it for 桃源社区.
    pub async fn promised(&self, hours: &str) -> Thing {
        let form = json!({ "form": "VENUE_TIME", "category": "VENUE" });
        let pledge = self.listed(&self.unit, &self.shennong, "职工礼堂共享", "40", "小时", form).await;
        let request = self.secretary.request_from(&pledge, &self.taoyuan, hours).await.done();
        self.unit.confirm(&request).await.done()
    }
}

fn used(on: &Thing, booking: &Thing, quantity: &str, day: &str) -> Value {
    json!({ "match": on.id(), "booking": booking.id(), "quantity": quantity, "deliveredOn": day, "fairValue": "300" })
}

both! {
    async fn promised_hours_are_booked_used_reported_and_counted(app) {
        let w = app.world().await;
        let (hall, promise) = (w.own_hall().await, w.promised("5").await);
        assert_eq!(w.secretary.see(&promise).await.can("BOOK"), Ok(()));
        let first = w.secretary.book_promised(&promise, &hall, "2025-03-11", ("09:00", "11:30")).await.done();
        assert_eq!((first.text("status"), &first["community"]["name"]), ("APPROVED", &json!("桃源社区")), "the unit has agreed to it before");
        // Either side books, and no more than was promised.
        let second = w.unit.book_promised(&promise, &hall, "2025-03-12", ("09:00", "11:00")).await.done();
        let refusal = w.secretary.book_promised(&promise, &hall, "2025-03-13", ("09:00", "09:31")).await.refused("NOT_ENOUGH_OUTSTANDING");
        assert_eq!(refusal["path"], json!(["input", "endsAt"]));
        w.secretary.book_promised(&promise, &hall, "2025-03-11", ("11:00", "11:15")).await.refused("TIME_TAKEN");
        let third = w.secretary.book_promised(&promise, &hall, "2025-03-13", ("09:00", "09:30")).await.done();
        let bookings = w.unit.query("query($id: ID!) { node(id: $id) { ... on Match { bookings { id match { id } } } } }", json!({ "id": promise.id() }));
        let bookings = bookings.await["node"]["bookings"].clone();
        assert_eq!(bookings.as_array().expect("bookings").len(), 3);
        assert_eq!((&bookings[2]["id"], &bookings[0]["match"]["id"]), (&json!(third.id()), &json!(promise.id())));
        assert_eq!(w.unit2.book_promised(&promise, &hall, "2025-03-14", ("09:00", "10:00")).await.failed("NOT_FOUND")["path"], json!(["bookPromisedTime"]));
        let seen = app.anyone().query("query($id: ID!) { node(id: $id) { ... on Booking { match { id } purpose } } }", json!({ "id": first.id() })).await;
        assert_eq!(seen["node"], json!({ "match": null, "purpose": null }), "nobody's else to know");

        // Reported once it is over: that day, no longer than that, once.
        w.unit.report_delivery(used(&promise, &first, "2.5", "2025-03-11")).await.refused("INVALID_INPUT");
        app.move_to("2025-03-11 18:00").await;
        let early = w.unit.report_delivery(used(&promise, &first, "2.5", "2025-03-11")).await.refused("WRONG_STATE");
        assert_eq!(early["path"], json!(["input", "booking"]));
        w.unit.complete_booking(&first).await.done();
        w.unit.report_delivery(used(&promise, &first, "2.6", "2025-03-11")).await.refused("NOT_ENOUGH_OUTSTANDING");
        w.unit.report_delivery(used(&promise, &first, "2.5", "2025-03-10")).await.refused("INVALID_INPUT");
        let report = w.unit.report_delivery(used(&promise, &first, "2.5", "2025-03-11")).await.done();
        w.unit.report_delivery(used(&promise, &first, "2.5", "2025-03-11")).await.refused("ALREADY_REPORTED");
        w.secretary.refuse(&report, "当天空调故障，提前散会").await.done();
        let report = w.unit.report_delivery(used(&promise, &first, "2", "2025-03-11")).await.done();
        w.secretary.accept(&report, "2").await.done();
        w.secretary.sees(&promise, "FULFILLING: 5 = 3 outstanding + 2 accepted").await;
        assert_eq!(app.contributions().await.len(), 1);

        // With the promise go the bookings that are to come.
        app.move_to("2025-03-12 18:00").await;
        w.unit.cancel(&promise, "礼堂装修").await.done();
        app.take_due().await;
        assert_eq!(w.secretary.see(&third).await.text("status"), "CANCELLED");
        assert_eq!(w.secretary.see(&third).await.text("reason"), "对接已办结或终止，尚未开始的场地预约随之取消");
        assert_ne!(w.secretary.see(&second).await.text("status"), "CANCELLED", "that one took place");
        w.secretary.book_promised(&promise, &hall, "2025-03-14", ("09:00", "10:00")).await.refused("WRONG_STATE");
    }

    async fn what_is_booked_stays_for_its_bookings_and_three_thirds_of_an_hour_are_one(app) {
        let w = app.world().await;
        let (hall, promise) = (w.own_hall().await, w.promised("1").await);
        let mut bookings = Vec::new();
        for (from, to) in [("09:00", "09:20"), ("10:00", "10:20"), ("11:00", "11:20")] {
            bookings.push(w.secretary.book_promised(&promise, &hall, "2025-03-11", (from, to)).await.done());
        }
        app.move_to("2025-03-11 18:00").await;
        let refusal = w.unit.report(&promise, "0.5").await.refused("NOT_ENOUGH_OUTSTANDING");
        assert_eq!(refusal["message"], "最多可填 0 小时", "all of it is booked");
        let mut outstanding = ["0.666", "0.333", "0"].into_iter();
        for (booking, hours) in bookings.iter().zip(["0.334", "0.333", "0.333"]) {
            w.unit.complete_booking(booking).await.done();
            let report = w.unit.report_delivery(used(&promise, booking, hours, "2025-03-11")).await.done();
            w.secretary.accept(&report, hours).await.done();
            let left = w.secretary.see(&promise).await;
            assert_eq!(left["outstanding"].as_str(), outstanding.next());
        }
        w.secretary.sees(&promise, "COMPLETED: 1 = 1 accepted").await;
    }

    async fn who_has_the_hall_booked_is_not_late_before_it_was_used(app) {
        let w = app.world().await;
        let (hall, promise) = (w.own_hall().await, w.promised("5").await);
        let booking = w.secretary.book_promised(&promise, &hall, "2025-04-10", ("09:00", "11:00")).await.done();
        assert_eq!(w.secretary.see(&promise).await["promisedOn"], "2025-03-24");
        app.move_to("2025-04-10 12:00").await;
        w.secretary.sees(&promise, "CONFIRMED: 5 = 5 outstanding").await;
        assert_eq!(w.secretary.see(&booking).await.text("status"), "APPROVED");
        // Nothing reported, nothing more booked: then the clock goes on.
        app.move_to("2025-04-25 00:00").await;
        assert_eq!(w.secretary.see(&promise).await.text("status"), "TIMED_OUT");
    }

    async fn two_halls_for_one_promise_at_one_moment_never_come_to_more(app) {
        let w = app.world().await;
        let hall = w.own_hall().await;
        let venue = hall["venue"]["id"].as_str().expect("a venue");
        let other = w.unit.add_zone(json!({ "venue": venue, "name": "会议室", "kind": "MEETING" })).await.done();
        for round in 0..4 {
            let promise = w.promised("1").await;
            let times = [format!("{:02}:00", 9 + 2 * round), format!("{:02}:00", 10 + 2 * round)];
            let span = (times[0].as_str(), times[1].as_str());
            let both = [
                w.secretary.book_promised(&promise, &hall, "2025-03-11", span),
                w.unit.book_promised(&promise, &other, "2025-03-11", span),
            ];
            let both = futures_util::future::join_all(both).await;
            assert_eq!(tally(&both), [("DONE", 1), ("NOT_ENOUGH_OUTSTANDING", 1)].into());
        }
        app.check_invariants().await;
    }

    async fn a_suspended_unit_s_hall_is_not_booked(app) {
        let w = app.world().await;
        let (hall, promise) = (w.own_hall().await, w.promised("5").await);
        let shennong = w.unit.see(&w.shennong).await;
        let membership = shennong["memberships"][0]["id"].as_str().expect("a membership").to_owned();
        w.street.suspend(&membership, "协议到期未续").await.done();
        assert_eq!(w.secretary.see(&promise).await.can("BOOK"), Err("NOT_A_MEMBER".to_owned()));
        w.secretary.book_promised(&promise, &hall, "2025-03-11", ("09:00", "10:00")).await.refused("NOT_A_MEMBER");
        assert_eq!(app.count("bookings").await, 0);
    }

    async fn a_need_for_a_room_is_met_by_a_unit_that_has_one(app) {
        let w = app.world().await;
        let hall = w.own_hall().await;
        let room = need(&w.taoyuan, "居民议事会需要一个能坐 60 人的场地", "2", "次", json!({ "form": "VENUE_TIME", "category": "VENUE" }));
        let room = w.secretary.post_need(room).await.done();
        w.street.publish(&room).await.done();
        let claim = w.unit.claim(&room, &w.shennong, "2").await.done();
        w.secretary.book_promised(&claim, &hall, "2025-03-11", ("09:00", "11:00")).await.refused("WRONG_STATE");
        w.secretary.confirm(&claim).await.done();
        w.secretary.book_promised(&claim, &hall, "2025-03-11", ("09:00", "11:00")).await.done();
        w.secretary.book_promised(&claim, &hall, "2025-03-12", ("09:00", "11:00")).await.done();
        w.secretary.book_promised(&claim, &hall, "2025-03-13", ("09:00", "11:00")).await.refused("NOT_ENOUGH_OUTSTANDING");
        assert_eq!(app.count("bookings").await, 2, "what was refused left nothing");
        // Neither another's venue nor another promise.
        let theirs = w.hall(json!({})).await;
        let refusal = w.secretary.book_promised(&claim, &theirs, "2025-03-13", ("09:00", "10:00")).await.refused("INVALID_INPUT");
        assert_eq!(refusal["path"], json!(["input", "zone"]));
        let rice = need(&w.taoyuan, "为独居老人送米", "3", "袋", json!({}));
        let rice = w.secretary.post_need(rice).await.done();
        w.street.publish(&rice).await.done();
        let sacks = w.unit.claim(&rice, &w.shennong, "3").await.done();
        w.secretary.confirm(&sacks).await.done();
        w.secretary.book_promised(&sacks, &hall, "2025-03-13", ("09:00", "10:00")).await.refused("INVALID_INPUT");
    }
}
