//! A shared venue and its calendar: what touches and what overlaps, who waits, who gives way, and what each may know.

use sea_orm::ConnectionTrait;

use crate::support::{Actor, Id, TestApp, Thing, Value, World, changed, json, workdays};

impl World {
    /// A hall of the centre of 桃源社区; `with` overrides and adds.
    pub async fn hall(&self, with: Value) -> Thing {
        let centre = json!({ "area": self.taoyuan, "name": "桃源社区党群服务中心", "kind": "CENTRE", "hours": workdays("08:00", "18:00") });
        let centre = self.secretary.add_venue(centre).await.done();
        let zone = changed(json!({ "venue": centre.id(), "name": "多功能厅", "kind": "HALL", "capacity": 40 }), &with);
        self.secretary.add_zone(zone).await.done()
    }
}

/// When a zone is free on a day for so many minutes, `09:00-10:00`.
async fn free(by: &Actor, zone: &Thing, day: &str, minutes: i32) -> Vec<String> {
    let document = "query($id: ID!, $from: DateTime!, $to: DateTime!, $minutes: Int!) {
        node(id: $id) { ... on FunctionZone { free(from: $from, to: $to, minutes: $minutes) { startsAt endsAt } } } }";
    let (from, to) = (format!("{day}T00:00:00+08:00"), format!("{day}T23:59:00+08:00"));
    let data = by.query(document, json!({ "id": zone.id(), "from": from, "to": to, "minutes": minutes })).await;
    let spans = data["node"]["free"].as_array().expect("spans").clone();
    spans.iter().map(|span| format!("{}-{}", clock(&span["startsAt"]), clock(&span["endsAt"]))).collect()
}

/// The time of day of an instant in Shanghai.
fn clock(at: &Value) -> String {
    let at: chrono::DateTime<chrono::Utc> = at.as_str().expect("an instant").parse().expect("an instant");
    at.with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).expect("eight hours")).format("%H:%M").to_string()
}

async fn first_waiting(app: &TestApp) -> i64 {
    let rows = app.rows("SELECT COUNT(*) FROM bookings WHERE status = 'WAITING'").await;
    rows[0].try_get_by_index(0).expect("a count")
}

both! {
    async fn two_bookings_touch_at_ten_and_do_not_overlap_by_a_minute(app) {
        let w = app.world().await;
        let hall = w.hall(json!({})).await;
        let first = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({ "headcount": 30 })).await.done();
        assert_eq!(first["status"], "REQUESTED", "a request holds the time");
        let refusal = w.unit2.book(&hall, &w.kunbo, "09:59", "11:00", json!({})).await.refused("TIME_TAKEN");
        assert_eq!((refusal["related"][0]["id"].as_str(), &refusal["path"]), (Some(first.id()), &json!(["input", "startsAt"])));
        let offered: Vec<_> = refusal["freeTimes"].as_array().expect("times").iter().map(|time| clock(&time["startsAt"])).collect();
        assert_eq!(offered, ["10:00", "11:01", "12:02"], "the next three of an hour and a minute");
        let second = w.unit2.book(&hall, &w.kunbo, "10:00", "11:00", json!({})).await.done();
        assert_eq!(free(&app.anyone(), &hall, "2025-03-11", 60).await, ["08:00-09:00", "11:00-18:00"]);
        assert_eq!(free(&app.anyone(), &hall, "2025-03-11", 61).await, ["11:00-18:00"]);
        assert_eq!(free(&app.anyone(), &hall, "2025-03-16", 60).await, [""; 0], "a Sunday");

        // The owner approves, and not who asked.
        w.unit.approve_booking(&first).await.failed("FORBIDDEN");
        assert_eq!(w.secretary.see(&first).await.can("APPROVE"), Ok(()));
        assert_eq!(w.secretary.approve_booking(&first).await.done()["status"], "APPROVED");
        assert_eq!(w.secretary.approve_booking(&first).await.done()["status"], "APPROVED", "done already is no error");
        let rejected = w.secretary.reject_booking(&second, "场地检修").await.done();
        assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("REJECTED"), &json!("场地检修")));
        assert_eq!(free(&app.anyone(), &hall, "2025-03-11", 60).await, ["08:00-09:00", "10:00-18:00"]);
        w.unit2.cancel_booking(&second, "不来了").await.refused("WRONG_STATE");
        assert_eq!(app.journal_of(second.id()).await, ["BOOKING_REQUESTED", "BOOKING_REJECTED"]);
    }

    async fn the_database_itself_keeps_two_bookings_apart(app) {
        let w = app.world().await;
        let hall = w.hall(json!({ "approval": false })).await;
        w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({})).await.done();
        let other = w.unit2.book(&hall, &w.kunbo, "11:00", "12:00", json!({})).await.done();
        let db = app.db().pool();
        let columns = "district_id, venue_id, zone_id, unit_id, community_id, series_id, starts_at, ends_at, minutes, held_from, held_until, purpose, \
                       headcount, activity, status, reason, requested_by, requested_at, promoted, next_step_at";
        let key = if app.db().is_postgres() { "gen_random_uuid()" } else { "randomblob(16)" };
        let twin = format!("INSERT INTO bookings (id, {columns}) SELECT {key}, {columns} FROM bookings");
        assert!(db.execute_unprepared(&twin).await.is_err(), "a second one at the same time");
        let moved = "UPDATE bookings SET held_from = (SELECT MIN(held_from) FROM bookings), starts_at = (SELECT MIN(starts_at) FROM bookings)";
        assert!(db.execute_unprepared(moved).await.is_err(), "one moved onto the other");
        w.unit2.cancel_booking(&other, "改期").await.done();
        let revived = "UPDATE bookings SET status = 'APPROVED', starts_at = (SELECT MIN(starts_at) FROM bookings), \
                       held_from = (SELECT MIN(held_from) FROM bookings) WHERE status = 'CANCELLED'";
        assert!(db.execute_unprepared(revived).await.is_err(), "one brought back onto the other");
    }

    async fn buffers_hours_closures_and_size_are_rules_of_the_zone(app) {
        let w = app.world().await;
        let rules = json!({ "bufferBefore": 10, "bufferAfter": 15, "longestMinutes": 180, "leadDays": 7, "approval": false });
        let hall = w.hall(rules).await;
        let book = async |from: &str, to: &str, with: Value| w.unit.book(&hall, &w.shennong, from, to, with).await;
        assert_eq!(book("09:00", "10:00", json!({})).await.done()["status"], "APPROVED", "no approval is asked for");
        assert_eq!(free(&w.unit, &hall, "2025-03-11", 20).await, ["08:00-08:35", "10:25-18:00"]);
        book("10:24", "11:00", json!({})).await.refused("TIME_TAKEN");
        book("10:25", "11:00", json!({})).await.done();
        book("07:59", "08:30", json!({})).await.refused("OUTSIDE_OPENING_HOURS");
        book("17:30", "18:01", json!({})).await.refused("OUTSIDE_OPENING_HOURS");
        book("17:30", "18:00", json!({})).await.done();
        assert_eq!(book("12:00", "15:01", json!({})).await.refused("TOO_LONG")["path"], json!(["input", "endsAt"]));
        assert_eq!(book("12:00", "13:00", json!({ "headcount": 41 })).await.refused("OVER_CAPACITY")["path"], json!(["input", "headcount"]));
        let later = |day: &str| json!({ "startsAt": format!("{day}T09:00:00+08:00"), "endsAt": format!("{day}T10:00:00+08:00") });
        book("", "", later("2025-03-17")).await.done();
        book("", "", later("2025-03-18")).await.refused("TOO_FAR_AHEAD");
        book("", "", later("2025-03-07")).await.refused("INVALID_INPUT");
        book("", "", json!({ "startsAt": "2025-03-12T09:00:30+08:00", "endsAt": "2025-03-12T10:00:00+08:00" })).await.refused("INVALID_INPUT");
        book("13:00", "12:00", json!({})).await.refused("INVALID_INPUT");
        book("12:00", "13:00", json!({ "purpose": " " })).await.refused("INVALID_INPUT");
        book("12:00", "13:00", json!({ "community": w.taoyuan })).await.refused("INVALID_INPUT");

        // Closed for a day, then for good.
        let closed = json!({ "id": hall.id(), "closures": [{ "firstDay": "2025-03-12", "lastDay": "2025-03-13", "reason": "消防检修" }] });
        w.secretary2.change_zone(closed.clone()).await.failed("FORBIDDEN");
        w.secretary.change_zone(closed).await.done();
        book("", "", later("2025-03-12")).await.refused("OUTSIDE_OPENING_HOURS");
        assert_eq!(free(&w.unit, &hall, "2025-03-13", 1).await, [""; 0]);
        w.secretary.close_zone(&hall).await.done();
        book("", "", later("2025-03-14")).await.refused("WRONG_STATE");
        assert_eq!(w.unit.see(&hall).await.can("BOOK"), Err("WRONG_STATE".to_owned()));
        assert_eq!(free(&w.unit, &hall, "2025-03-14", 1).await, [""; 0]);
    }

    async fn who_may_only_know_that_the_time_is_taken_learns_no_more(app) {
        let w = app.world().await;
        let hall = w.hall(json!({})).await;
        let booking = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({ "purpose": "内部会议", "headcount": 12 })).await.done();
        for insider in [&w.unit, &w.secretary, &w.street, &w.district, &w.auditor] {
            let seen = insider.see(&booking).await;
            assert_eq!((&seen["purpose"], &seen["headcount"], &seen["unit"]["name"]), (&json!("内部会议"), &json!(12), &json!("神农集团")));
            assert_eq!(insider.lists("bookings").await, [booking.id()]);
        }
        for outsider in [&w.unit2, &w.secretary2, &w.street2, &w.partner, &app.anyone()] {
            let seen = outsider.see(&booking).await;
            assert_eq!((&seen["status"], clock(&seen["startsAt"]).as_str()), (&json!("REQUESTED"), "09:00"));
            for private in ["purpose", "headcount", "unit", "community", "reason", "series", "heldUntil", "activity", "promoted"] {
                assert_eq!(seen[private], Value::Null, "{private}");
            }
            assert_eq!(outsider.lists("bookings").await, [""; 0]);
        }
        // What came to nothing is no longer taken, and nobody else's to know.
        w.unit.cancel_booking(&booking, "另有安排").await.done();
        app.anyone().sees_nothing_of(&booking).await;
        w.unit2.sees_nothing_of(&booking).await;
        w.unit2.cancel_booking(&booking, "x").await.failed("NOT_FOUND");
        assert_eq!(w.secretary.see(&booking).await["reason"], "另有安排");
    }

    async fn a_request_that_nobody_answers_expires_after_two_working_days(app) {
        let w = app.world().await;
        let hall = w.hall(json!({})).await;
        let friday = json!({ "startsAt": "2025-03-14T09:00:00+08:00", "endsAt": "2025-03-14T10:00:00+08:00" });
        let request = w.unit.book(&hall, &w.shennong, "", "", friday.clone()).await.done();
        // Whether or not the sweep has come by.
        app.clock().move_to("2025-03-12T16:00:00Z".parse().expect("an instant"));
        w.secretary.approve_booking(&request).await.refused("LAPSED");
        let next = w.unit2.book(&hall, &w.kunbo, "", "", friday).await.done();
        assert_eq!(w.unit.see(&request).await["status"], "EXPIRED");
        // At the latest when it would begin.
        app.move_to("2025-03-14 09:00").await;
        assert_eq!(w.unit2.see(&next).await["status"], "EXPIRED");
    }

    async fn who_waits_gets_what_comes_free_in_the_order_of_asking(app) {
        let w = app.world().await;
        let hall = w.hall(json!({ "approval": false })).await;
        let first = w.unit.book(&hall, &w.shennong, "09:00", "11:00", json!({})).await.done();
        let wait = json!({ "wait": true });
        let second = w.unit2.book(&hall, &w.kunbo, "09:00", "10:00", wait.clone()).await.done();
        let third = w.legal.book(&hall, &w.legal_aid, "09:30", "10:30", wait.clone()).await.done();
        let fourth = w.secretary2.book(&hall, &w.shuanghui, "10:00", "11:00", wait.clone()).await.done();
        assert_eq!((&second["status"], first_waiting(app).await), (&json!("WAITING"), 3));
        app.anyone().sees_nothing_of(&second).await;
        w.unit.cancel_booking(&first, "改期").await.done();
        // The second and the fourth fit; the third, between them, waits on.
        for (who, booking, status) in [(&w.unit2, &second, "REQUESTED"), (&w.legal, &third, "WAITING"), (&w.secretary2, &fourth, "REQUESTED")] {
            assert_eq!(who.see(booking).await["status"], status);
        }
        w.legal.take_up_booking(&third).await.refused("WRONG_STATE");
        assert_eq!(w.secretary2.take_up_booking(&fourth).await.done()["status"], "APPROVED");
        // Not taken up within a day, the time goes on to the next; the third still clashes with the fourth.
        app.clock().move_to("2025-03-11T01:00:00Z".parse().expect("an instant"));
        app.take_due().await;
        assert_eq!(w.unit2.see(&second).await["status"], "EXPIRED");
        assert_eq!(w.legal.see(&third).await["status"], "WAITING");
        assert_eq!(app.journal_of(second.id()).await, ["BOOKING_WAITING", "BOOKING_PROMOTED", "BOOKING_EXPIRED"]);
        // Its own time has come without its being free.
        app.move_to("2025-03-11 09:30").await;
        assert_eq!(w.legal.see(&third).await["status"], "EXPIRED");
    }

    async fn an_activity_of_the_community_sends_requests_away_and_approved_bookings_never(app) {
        let w = app.world().await;
        let hall = w.hall(json!({})).await;
        let pending = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({})).await.done();
        let waiting = w.unit2.book(&hall, &w.kunbo, "09:00", "10:00", json!({ "wait": true })).await.done();
        let activity = json!({ "activity": true });
        w.unit2.book(&hall, &w.kunbo, "09:30", "10:30", activity.clone()).await.refused("INVALID_INPUT");
        let ours = w.secretary.book(&hall, &w.taoyuan, "09:30", "10:30", activity.clone()).await.done();
        assert_eq!(ours["status"], "APPROVED", "the owner's own stands at once");
        let gave_way = w.unit.see(&pending).await;
        assert_eq!((&gave_way["status"], &gave_way["reason"]), (&json!("REJECTED"), &json!("让位于社区活动")));
        assert_eq!(w.unit2.see(&waiting).await["status"], "WAITING", "nobody who waits gets what the activity takes");

        let approved = w.unit.book(&hall, &w.shennong, "14:00", "15:00", json!({})).await.done();
        w.secretary.approve_booking(&approved).await.done();
        let refusal = w.secretary.book(&hall, &w.taoyuan, "14:30", "15:30", activity).await.refused("TIME_TAKEN");
        assert_eq!(refusal["related"][0]["id"], approved.id());
        assert_eq!(w.unit.see(&approved).await["status"], "APPROVED");
    }

    async fn what_is_offered_instead_can_be_booked(app) {
        let w = app.world().await;
        let hall = w.hall(json!({ "bufferBefore": 10, "bufferAfter": 15, "approval": false })).await;
        w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({})).await.done();
        let refusal = w.unit2.book(&hall, &w.kunbo, "10:20", "11:00", json!({})).await.refused("TIME_TAKEN");
        let offered = refusal["freeTimes"][0].clone();
        assert_eq!((clock(&offered["startsAt"]), clock(&offered["endsAt"])), ("10:25".to_owned(), "11:05".to_owned()));
        w.unit2.book(&hall, &w.kunbo, "", "", offered).await.done();
    }

    async fn nobody_is_promoted_into_a_closed_day_or_a_closed_zone_and_who_waits_for_their_own_room_takes_it_up(app) {
        let w = app.world().await;
        let hall = w.hall(json!({})).await;
        let first = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({})).await.done();
        w.secretary.approve_booking(&first).await.done();
        let waits = w.unit2.book(&hall, &w.kunbo, "09:00", "10:00", json!({ "wait": true })).await.done();
        let own = w.secretary.book(&hall, &w.taoyuan, "09:30", "10:00", json!({ "wait": true })).await.done();
        let closed = |days: Value| json!({ "id": hall.id(), "closures": days });
        w.secretary.change_zone(closed(json!([{ "firstDay": "2025-03-11", "lastDay": "2025-03-11" }]))).await.done();
        let other = w.unit2.book(&hall, &w.kunbo, "09:00", "10:00", json!({ "startsAt": "2025-03-12T09:00:00+08:00",
            "endsAt": "2025-03-12T10:00:00+08:00" })).await.done();
        w.unit.cancel_booking(&first, "改期").await.done();
        assert_eq!(w.unit2.see(&waits).await.text("status"), "WAITING", "the day is closed");
        // Open again, the next time that comes free goes in the order of asking.
        w.secretary.change_zone(closed(json!([]))).await.done();
        w.unit2.cancel_booking(&waits, "不等了").await.done();
        let again = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({})).await.done();
        w.unit.cancel_booking(&again, "改期").await.done();
        let promoted = w.secretary.see(&own).await;
        assert_eq!((promoted.text("status"), &promoted["promoted"]), ("REQUESTED", &json!(true)));
        assert_eq!(promoted.can("TAKE_UP"), Ok(()), "it is the community's own room");
        assert_eq!(w.secretary.take_up_booking(&own).await.done().text("status"), "APPROVED");
        let last = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({ "startsAt": "2025-03-12T09:00:00+08:00",
            "endsAt": "2025-03-12T10:00:00+08:00", "wait": true })).await.done();
        w.secretary.close_zone(&hall).await.done();
        w.secretary.cancel_booking(&other, "停用").await.done();
        assert_eq!(w.unit.see(&last).await.text("status"), "WAITING", "the zone is closed");
    }

    async fn a_unit_sends_nobody_away_from_its_own_hall(app) {
        let w = app.world().await;
        let hall = w.own_hall().await;
        let asked = w.secretary.book(&hall, &w.taoyuan, "09:00", "10:00", json!({})).await.done();
        let refusal = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({ "activity": true })).await.refused("INVALID_INPUT");
        assert_eq!(refusal["path"], json!(["input", "activity"]));
        assert_eq!(w.secretary.see(&asked).await.text("status"), "REQUESTED");
    }

    async fn a_series_is_all_or_nothing_or_leaves_the_clashes_out(app) {
        let w = app.world().await;
        let hall = w.hall(json!({})).await;
        let tuesday = json!({ "startsAt": "2025-03-18T09:00:00+08:00", "endsAt": "2025-03-18T10:00:00+08:00" });
        let other = w.unit2.book(&hall, &w.kunbo, "", "", tuesday).await.done();
        let mut series = json!({
            "zone": hall.id(), "unit": w.shennong, "purpose": "读书会", "rule": "FREQ=WEEKLY;BYDAY=TU,SA;COUNT=4",
            "startsAt": "2025-03-11T09:30:00+08:00", "endsAt": "2025-03-11T10:30:00+08:00",
        });
        w.unit.book_series(series.clone()).await.refused("OUTSIDE_OPENING_HOURS");
        series["rule"] = json!("FREQ=WEEKLY;BYDAY=TU;COUNT=4");
        let refusal = w.unit.book_series(series.clone()).await.refused("TIME_TAKEN");
        assert_eq!((refusal["related"][0]["id"].as_str(), &refusal["path"]), (Some(other.id()), &json!(["input", "rule"])));
        assert_eq!(w.unit.lists("bookings").await, [""; 0], "all or nothing");
        series["onClash"] = json!("SKIP");
        let booked = w.unit.book_series(series.clone()).await.done();
        assert_eq!(booked["bookings"].as_array().map(Vec::len), Some(3));
        assert_eq!(booked["skipped"].as_array().map(Vec::len), Some(1));
        series["rule"] = json!("FREQ=SECONDLY;COUNT=4");
        assert_eq!(w.unit.book_series(series).await.refused("INVALID_INPUT")["path"], json!(["input", "rule"]));

        // One date, then all that is left.
        let one = booked["bookings"][0]["id"].as_str().expect("an id").to_owned();
        w.unit.cancel_booking(&one, "改线上").await.done();
        w.unit2.cancel_series(&booked, "x").await.failed("NOT_FOUND");
        app.anyone().sees_nothing_of(&booked).await;
        let given_up = w.unit.cancel_series(&booked, "读书会停办").await.done();
        let states: Vec<_> = given_up["bookings"].as_array().expect("bookings").iter().map(|one| one["status"].clone()).collect();
        assert_eq!(states, ["CANCELLED", "CANCELLED", "CANCELLED"]);
    }

    async fn what_was_booked_took_place_unless_its_owner_says_that_nobody_came(app) {
        let w = app.world().await;
        let hall = w.hall(json!({ "approval": false })).await;
        let held = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({})).await.done();
        let missed = w.unit2.book(&hall, &w.kunbo, "10:00", "11:00", json!({})).await.done();
        let told = w.legal.book(&hall, &w.legal_aid, "11:00", "12:00", json!({})).await.done();
        w.secretary.mark_no_show(&missed).await.refused("WRONG_STATE");
        app.move_to("2025-03-11 12:00").await;
        w.unit.cancel_booking(&held, "没去").await.refused("WRONG_STATE");
        assert_eq!(w.secretary.mark_no_show(&missed).await.done()["status"], "NO_SHOW");
        assert_eq!(w.secretary.complete_booking(&told).await.done()["status"], "COMPLETED");
        app.move_to("2025-03-12 23:59").await;
        assert_eq!(w.unit.see(&held).await["status"], "APPROVED");
        app.move_to("2025-03-13 00:00").await;
        assert_eq!(w.unit.see(&held).await["status"], "COMPLETED");
    }

    async fn a_calendar_client_reads_changes_and_cancellations_at_a_secret_address(app) {
        let w = app.world().await;
        let hall = w.hall(json!({})).await;
        let booking = w.unit.book(&hall, &w.shennong, "09:00", "10:00", json!({ "purpose": "内部会议" })).await.done();
        let own = w.unit.open_calendar(None).await.done();
        let public = w.unit2.open_calendar(Some(hall.id())).await.done();
        assert_eq!(app.anyone().find(&own).await, None, "nobody else sees that there is one");
        let read = async |calendar: &Thing| {
            let response = app.http.get(format!("{}{}", app.url, calendar.text("address"))).send().await.expect("an answer");
            let media = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            (response.status().as_u16(), media, response.text().await.expect("a text"))
        };
        let (status, media, text) = read(&own).await;
        assert_eq!((status, media.as_str()), (200, "text/calendar; charset=utf-8"));
        for line in
            ["BEGIN:VCALENDAR", "DTSTART:20250311T010000Z", "DTEND:20250311T020000Z", "SUMMARY:内部会议", "SEQUENCE:1", "STATUS:TENTATIVE"]
        {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        // As somebody else's parser reads it.
        let [calendar] = &ical::IcalParser::new(text.as_bytes()).collect::<Result<Vec<_>, _>>().expect("a calendar")[..] else {
            panic!("one calendar");
        };
        let [event] = &calendar.events[..] else { panic!("one event") };
        let property = |name: &str| event.properties.iter().find(|one| one.name == name).and_then(|one| one.value.as_deref());
        assert_eq!((property("UID"), property("SUMMARY")), (Some(booking.id()), Some("内部会议")));
        assert_eq!((property("DTSTART"), property("DTEND")), (Some("20250311T010000Z"), Some("20250311T020000Z")));
        let (_, _, text) = read(&public).await;
        assert!(text.contains("SUMMARY:已占用") && !text.contains("内部会议"), "{text}");
        w.secretary.approve_booking(&booking).await.done();
        assert!(read(&own).await.2.contains("STATUS:CONFIRMED"));
        w.unit.cancel_booking(&booking, "改期").await.done();
        let (_, _, text) = read(&own).await;
        assert!(text.contains("STATUS:CANCELLED") && text.contains("SEQUENCE:4"), "{text}");
        assert!(!read(&public).await.2.contains("BEGIN:VEVENT"), "what came to nothing is no longer taken");

        w.unit2.revoke_calendar(&own).await.failed("NOT_FOUND");
        w.unit.revoke_calendar(&own).await.done();
        assert_eq!(read(&own).await.0, 404);
        let never = app.http.get(format!("{}/calendars/{}.ics", app.url, "x".repeat(43))).send().await.expect("an answer");
        assert_eq!(never.status(), 404);
    }
}
