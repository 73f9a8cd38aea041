//! Many at one moment: quantities never run out twice, nobody waits for nobody, and of two takers one wins.

use std::pin::Pin;

use alliance::auth::Role;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::support::{Actor, Attempt, CROWD, Dice, Id, TestApp, Thing, Value, World, json, tally};

type Deed<'a> = Pin<Box<dyn Future<Output = Attempt> + Send + 'a>>;

const CANCELLED: &str = "本单位另有安排";

impl World {
    /// A need of 紫微社区 that every member may claim.
    async fn wanted(&self, title: &str, quantity: &str) -> Thing {
        let input = json!({
            "community": self.ziwei, "category": "ELDERLY", "form": "GOODS", "title": title, "wanted": quantity,
            "measure": "件", "submit": true,
        });
        let posted = self.district.post_need(input).await.done();
        self.street.publish(&posted).await.done()
    }

    /// A pledge that every community may request.
    async fn offered(&self, by: &Actor, unit: &str, title: &str, total: &str) -> Thing {
        let input = json!({ "unit": unit, "form": "GOODS", "category": "ELDERLY", "title": title, "total": total, "measure": "件" });
        let pledge = by.pledge_resource(input).await.done();
        self.district.list_pledge(&pledge).await.done()
    }
}

/// Everybody who claims, with the unit that they claim for: two accounts for each unit.
async fn claimants(app: &TestApp, w: &World) -> Vec<(Actor, String)> {
    let mut all = Vec::new();
    for (actor, unit) in [(&w.unit, &w.shennong), (&w.unit2, &w.kunbo), (&w.hospital_a, &w.kangning), (&w.hospital_b, &w.kangji)] {
        all.push((actor.clone(), unit.clone()));
        let login = format!("colleague_{}", all.len());
        all.push((app.account(&login, Role::UnitRepresentative, unit).await, unit.clone()));
    }
    all
}

/// How many deadlocks PostgreSQL had to break; the one order of locks leaves none.
async fn deadlocks(app: &TestApp) -> i64 {
    if !app.db().is_postgres() {
        return 0;
    }
    let rows = app.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").await;
    rows[0].try_get_by_index(0).expect("a count")
}

both! {
    async fn of_thirty_two_who_claim_one_piece_one_gets_it(app) {
        let w = app.world().await;
        let claimants = claimants(app, &w).await;
        for round in 0..3 {
            let need = w.wanted(&format!("轮椅{round}"), "1").await;
            let claims = (0..CROWD).map(|n| {
                let (actor, unit) = &claimants[n % claimants.len()];
                actor.claim(&need, unit, "1")
            });
            let claims = join_all(claims).await;
            assert_eq!(tally(&claims), [("DONE", 1), ("NOT_ENOUGH_OPEN", CROWD - 1)].into());
            w.street.sees(&need, "MATCHED: 1 = 1 promised").await;
            app.check_invariants().await;
        }
    }

    async fn of_thirty_two_who_book_one_hour_one_gets_it(app) {
        let w = app.world().await;
        let hall = w.hall(json!({ "approval": false })).await;
        let claimants = claimants(app, &w).await;
        let hall = &hall;
        for round in 0..3 {
            let bookings = join_all((0..CROWD).map(|n| {
                let (actor, unit) = &claimants[n % claimants.len()];
                // All overlap the same minute, no two are alike.
                let (from, to) = (format!("{:02}:{:02}", 9 + 3 * round, n), format!("{:02}:{:02}", 10 + 3 * round, n));
                async move { actor.book(hall, unit, &from, &to, json!({})).await }
            }));
            let bookings = bookings.await;
            assert_eq!(tally(&bookings), [("DONE", 1), ("TIME_TAKEN", CROWD - 1)].into());
            app.check_invariants().await;
        }
        assert_eq!(deadlocks(app).await, 0);
    }

    async fn series_and_single_bookings_against_approvals_and_cancellations_never_overlap(app) {
        let w = app.world().await;
        let hall = w.hall(json!({ "bufferAfter": 10 })).await;
        let claimants = claimants(app, &w).await;
        let mut dice = Dice::new();
        let mut made: Vec<Thing> = Vec::new();
        for _ in 0..4 {
            let mut deeds: Vec<Deed> = Vec::new();
            for _ in 0..CROWD {
                let (actor, unit) = dice.pick(&claimants);
                let (hour, minutes) = (8 + dice.roll(9), [15, 45, 60, 90][dice.roll(4)]);
                let day = 11 + dice.roll(4);
                let starts: chrono::DateTime<chrono::FixedOffset> = format!("2025-03-{day}T{hour:02}:30:00+08:00").parse().expect("a time");
                let ends = starts + chrono::TimeDelta::minutes(minutes);
                let times = json!({ "startsAt": starts.to_rfc3339(), "endsAt": ends.to_rfc3339() });
                let hall = &hall;
                deeds.push(match dice.roll(6) {
                    0 => {
                        let on_clash = if dice.roll(2) == 0 { "SKIP" } else { "REFUSE" };
                        let mut series = times;
                        (series["zone"], series["unit"], series["purpose"]) = (json!(hall.id()), json!(unit), json!("读书会"));
                        (series["rule"], series["onClash"]) = (json!("FREQ=DAILY;COUNT=4"), json!(on_clash));
                        Box::pin(actor.book_series(series))
                    }
                    1 => {
                        let mut waiting = times;
                        waiting["wait"] = json!(true);
                        Box::pin(actor.book(hall, unit, "", "", waiting))
                    }
                    2 if !made.is_empty() => Box::pin(w.secretary.approve_booking(dice.pick(&made).id().to_owned())),
                    3 if !made.is_empty() => Box::pin(w.secretary.cancel_booking(dice.pick(&made).id().to_owned(), CANCELLED)),
                    4 if !made.is_empty() => Box::pin(w.secretary.reject_booking(dice.pick(&made).id().to_owned(), CANCELLED)),
                    _ => Box::pin(actor.book(hall, unit, "", "", times)),
                });
            }
            let answers = join_all(deeds).await;
            for code in tally(&answers).keys() {
                assert!(["DONE", "TIME_TAKEN", "OUTSIDE_OPENING_HOURS", "NOTHING_TO_BOOK", "WRONG_STATE", "NOT_FOUND"].contains(code), "{code}");
            }
            app.check_invariants().await;
            for answer in answers.into_iter().filter(|answer| answer.verb == "bookZone" && answer.was_done()) {
                made.push(answer.done());
            }
        }
        // Each who was told that a time is theirs has it, unless it was taken from them by name.
        for booking in &made {
            let seen = w.secretary.see(booking).await;
            let taken_back = app.journal_of(booking.id()).await.into_iter().any(|kind| kind == "BOOKING_CANCELLED" || kind == "BOOKING_REJECTED");
            assert_eq!(["CANCELLED", "REJECTED"].contains(&seen.text("status")), taken_back, "{}", seen.id());
        }
        assert_eq!(deadlocks(app).await, 0);
    }

    async fn claims_of_three_take_nine_of_ten(app) {
        let w = app.world().await;
        let claimants = claimants(app, &w).await;
        for round in 0..3 {
            let need = w.wanted(&format!("棉被{round}"), "10").await;
            let claims = join_all((0..CROWD).map(|n| {
                let (actor, unit) = &claimants[n % claimants.len()];
                actor.claim(&need, unit, "3")
            }));
            assert_eq!(tally(&claims.await), [("DONE", 3), ("NOT_ENOUGH_OPEN", CROWD - 3)].into());
            w.street.sees(&need, "PUBLISHED_OPEN: 10 = 1 unmatched + 9 promised").await;
            app.check_invariants().await;
        }
    }

    async fn a_pledge_is_never_promised_twice(app) {
        let w = app.world().await;
        let asking = [(&w.secretary, &w.taoyuan), (&w.secretary2, &w.shuanghui), (&w.street, &w.ziwei), (&w.district, &w.taoyuan)];
        for round in 0..3 {
            // What divides evenly is used up, what does not leaves its rest.
            let (total, standing) = if round == 1 { ("9", "LISTED: 9 = 1 available + 8 held") } else { ("8", "EXHAUSTED: 8 = 8 held") };
            let pledge = w.offered(&w.unit, &w.shennong, &format!("大米{round}"), total).await;
            let requests = join_all((0..CROWD).map(|n| {
                let (actor, community) = asking[n % asking.len()];
                actor.request_from(&pledge, community, "2")
            }));
            assert_eq!(tally(&requests.await), [("DONE", 4), ("NOT_ENOUGH_AVAILABLE", CROWD - 4)].into());
            w.unit.sees(&pledge, standing).await;
            app.check_invariants().await;
        }
    }

    async fn a_pledge_limits_what_its_unit_claims_with_it(app) {
        let w = app.world().await;
        let colleague = app.account("colleague", Role::UnitRepresentative, &w.shennong).await;
        let pledge = w.offered(&w.unit, &w.shennong, "大米", "5").await;
        let needs = [w.wanted("大米甲", "100").await, w.wanted("大米乙", "100").await];
        let claims = (0..CROWD).map(|n| [&w.unit, &colleague][n % 2].claim_from(&pledge, &needs[n / 2 % 2], &w.shennong, "1"));
        assert_eq!(tally(&join_all(claims).await), [("DONE", 5), ("NOT_ENOUGH_AVAILABLE", CROWD - 5)].into());
        w.unit.sees(&pledge, "EXHAUSTED: 5 = 5 held").await;
    }

    async fn one_key_sent_sixteen_times_makes_one_match(app) {
        let w = app.world().await;
        for (round, quantity) in ["1", "5", "1", "5"].into_iter().enumerate() {
            let need = w.wanted(&format!("药箱{round}"), quantity).await;
            let unit = w.unit.with_key(&format!("claim-{round}"));
            let before = app.count("matches").await;
            let claims = join_all((0..16).map(|_| unit.claim(&need, &w.shennong, "1"))).await;
            assert_eq!(tally(&claims), [("DONE", 16)].into(), "also where the first took the last piece");
            let mut ids: Vec<_> = claims.into_iter().map(|claim| claim.done().id().to_owned()).collect();
            ids.dedup();
            assert_eq!(ids.len(), 1);
            assert_eq!(app.count("matches").await, before + 1);
            assert_eq!(app.journal_of(&ids[0]).await, ["MATCH_APPLIED"]);
        }
        // The same key with other words in it: one is done, the others are told so.
        let need = w.wanted("药箱", "100").await;
        let unit = w.unit.with_key("many");
        let (need, w, unit) = (&need, &w, &unit);
        let claims = join_all((1..=16).map(|n| async move { unit.claim(need, &w.shennong, &n.to_string()).await })).await;
        assert_eq!(tally(&claims), [("DONE", 1), ("IDEMPOTENCY_KEY_REUSED", 15)].into());
    }

    async fn needs_and_pledges_crosswise_never_stand_in_each_others_way(app) {
        let w = app.world().await;
        let mut dice = Dice::new();
        let membership = async |unit: &String| {
            w.district.see(unit).await["memberships"][0]["id"].as_str().expect("a membership").to_owned()
        };
        let members = [membership(&w.shennong).await, membership(&w.kunbo).await];
        for round in 0..4 {
            for member in &members {
                w.district.resume_membership(member).await.outcome();
            }
            let needs = [w.wanted(&format!("甲{round}"), "40").await, w.wanted(&format!("乙{round}"), "40").await];
            let x = w.offered(&w.unit, &w.shennong, &format!("丙{round}"), "40").await;
            let y = w.offered(&w.unit2, &w.kunbo, &format!("丁{round}"), "40").await;
            let pledges = [(&w.unit, &w.shennong, &x), (&w.unit2, &w.kunbo, &y)];
            let first: Vec<Deed> = (0..16).map(|_| apply(&w, &mut dice, &needs, &pledges)).collect();
            let matches: Vec<Thing> = join_all(first).await.into_iter().map(Attempt::done).collect();
            let deeds: Vec<Deed> = (0..64).map(|_| deed(&w, &mut dice, &needs, &pledges, &matches, &members)).collect();
            let tally = tally(&join_all(deeds).await).into_iter().map(|(code, times)| (code.to_owned(), times)).collect::<Vec<_>>();
            eprintln!("{tally:?}");
            app.check_invariants().await;
        }
        assert_eq!(deadlocks(app).await, 0);
    }

    async fn who_waits_for_a_row_leaves_the_readers_their_connections(app) {
        let w = app.world().await;
        let claimants = claimants(app, &w).await;
        let need = w.wanted("轮椅", "1").await;
        // Somebody at the database itself, for as long as the readers ask: SQLite would wait no longer than its turn.
        let held = app.db().pool().begin().await.expect("a transaction");
        if app.db().is_postgres() {
            held.execute_unprepared("SELECT id FROM needs FOR UPDATE").await.expect("the need is held");
        }
        let claims = join_all((0..CROWD).map(|n| {
            let (actor, unit) = &claimants[n % claimants.len()];
            actor.claim(&need, unit, "1")
        }));
        let read = async {
            for _ in 0..20 {
                let answer = app.anyone().run("{ needs { nodes { id } } }", json!({})).await;
                assert!(answer.errors().is_empty(), "{answer}");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            held.rollback().await.expect("the need is let go");
        };
        let (claims, ()) = tokio::join!(claims, read);
        assert_eq!(tally(&claims), [("DONE", 1), ("NOT_ENOUGH_OPEN", CROWD - 1)].into());
    }

    async fn two_who_close_each_others_account_under_keys_do_not_stand_in_each_others_way(app) {
        let w = app.world().await;
        for round in 0..6 {
            // New ones each time: who is closed first closes nobody any more.
            let mut pair = Vec::new();
            for login in [format!("left{round}"), format!("right{round}")] {
                let actor = app.account(&login, Role::DistrictAdmin, &w.tiedong).await;
                pair.push((actor.with_key("key"), format!("account_{}", app.account_of(&login).await.simple())));
            }
            let close = async |n: usize| pair[n].0.tries("disableAccount", &[("id", "ID!", json!(pair[1 - n].1))], "id").await;
            let (left, right) = tokio::join!(close(0), close(1));
            for attempt in [left, right] {
                assert!(attempt.answer.errors().iter().all(|error| error["extensions"]["code"] != "INTERNAL"), "{}", attempt.answer);
            }
        }
        assert_eq!(deadlocks(app).await, 0);
    }

    async fn two_tables_of_one_year_at_once_replace_each_other_whole(app) {
        let w = app.world().await;
        let may = "[2027]\n\"劳动节\" = { from = 2027-05-01, to = 2027-05-05 }\n";
        let october = "[2027]\n\"国庆节\" = { from = 2027-10-01, to = 2027-10-07 }\n";
        let mut alone = Vec::new();
        for table in [may, october] {
            w.district.load_holidays(&w.tiedong, table).await.done();
            alone.push(app.count("holidays").await);
        }
        for _ in 0..4 {
            let deeds: Vec<Deed> =
                vec![Box::pin(w.district.load_holidays(&w.tiedong, may)), Box::pin(w.district.load_holidays(&w.tiedong, october))];
            assert_eq!(tally(&join_all(deeds).await), [("DONE", 2)].into());
            assert!(alone.contains(&app.count("holidays").await));
        }
    }

    async fn a_unit_comes_back_while_its_need_is_withdrawn(app) {
        let w = app.world().await;
        let membership = w.district.see(&w.shennong).await["memberships"][0]["id"].as_str().expect("a membership").to_owned();
        for round in 0..6 {
            let need = w.wanted(&format!("轮椅{round}"), "12").await;
            let claims = join_all((0..12).map(|_| w.unit.claim(&need, &w.shennong, "1"))).await;
            for claim in claims {
                w.street.confirm(&claim.done()).await.done();
            }
            w.district.suspend(&membership, "年审未通过").await.done();
            let deeds: Vec<Deed> =
                vec![Box::pin(w.district.resume_membership(&membership)), Box::pin(w.district.withdraw_need(&need, "不再需要"))];
            assert_eq!(tally(&join_all(deeds).await), [("DONE", 2)].into());
            app.check_invariants().await;
        }
        assert_eq!(deadlocks(app).await, 0);
    }

    async fn confirming_and_giving_up_at_the_last_moment_do_not_both_win(app) {
        let w = app.world().await;
        for round in 0..6 {
            let need = w.wanted(&format!("血压计{round}"), "4").await;
            let claim = w.hospital_a.claim(&need, &w.kangning, "4").await.done();
            let lapse = app.calendar().deadline(app.clock().now(), 3);
            let late = round % 2 == 0;
            app.clock().move_to(if late { lapse } else { lapse - chrono::Duration::microseconds(1) });
            let deeds: Vec<Deed> = vec![
                Box::pin(w.street.confirm(&claim)), Box::pin(w.hospital_a.cancel(&claim, CANCELLED)), Box::pin(w.district.confirm(&claim)),
                Box::pin(w.street.reject(&claim, "已另行安排")), Box::pin(w.hospital_a.cancel(&claim, CANCELLED)),
                Box::pin(w.street.confirm(&claim)),
            ];
            let (deeds, ..) = tokio::join!(join_all(deeds), app.take_due(), app.take_due());
            let done = |verb: &str| deeds.iter().any(|deed| deed.verb == verb && deed.outcome() == "DONE");
            let journal = app.journal_of(claim.id()).await;
            let story: Vec<_> = journal.iter().map(String::as_str).collect();
            let expected = match story[1..] {
                ["MATCH_TIMED_OUT"] => (false, false, false),
                ["MATCH_REJECTED"] => (false, false, true),
                ["MATCH_CANCELLED"] => (false, true, false),
                ["MATCH_CONFIRMED", "MATCH_CANCELLED"] => (true, true, false),
                ref other => panic!("two of them won: {other:?}"),
            };
            assert_eq!((done("confirmMatch"), done("cancelMatch"), done("rejectMatch")), expected, "{story:?}");
            assert!(!(late && done("confirmMatch")), "what has lapsed is not confirmed, whether or not the sweep has come by");
            assert!(late || story[1] != "MATCH_TIMED_OUT");
            app.anyone().sees(&need, "PUBLISHED_OPEN: 4 = 4 unmatched").await;
            app.check_invariants().await;
        }
    }

    async fn a_report_at_the_last_moment_is_taken_or_the_promise_returns(app) {
        let w = app.world().await;
        for round in 0..4 {
            let need = w.wanted(&format!("体温计{round}"), "4").await;
            let claim = w.hospital_a.claim(&need, &w.kangning, "4").await.done();
            let promised = w.street.confirm(&claim).await.done().text("promisedOn").to_owned();
            app.move_to(&format!("{promised} 00:00")).await;
            let promised = promised.parse().expect("a day");
            app.clock().move_to(app.calendar().deadline(alliance::calendar::start_of(promised), 3));
            let reports = join_all((0..4).map(|_| w.hospital_a.report(&claim, "4")));
            let (reports, ..) = tokio::join!(reports, app.take_due(), app.take_due());
            match tally(&reports).get("DONE") {
                Some(1) => w.street.sees(&claim, "DELIVERED: 4 = 4 delivered").await,
                None => w.street.sees(&claim, "TIMED_OUT: 4 = 4 returned").await,
                Some(more) => panic!("{more} reports of the same four"),
            };
            app.check_invariants().await;
        }
    }
}

type Offer<'a> = (&'a Actor, &'a String, &'a Thing);

/// A claim with or without a pledge, or a request with or without a need.
fn apply<'a>(w: &'a World, dice: &mut Dice, needs: &[Thing; 2], pledges: &[Offer<'a>; 2]) -> Deed<'a> {
    let need = dice.pick(needs).id().to_owned();
    let (actor, unit, pledge) = *dice.pick(pledges);
    let mut input = json!({ "need": need, "quantity": (dice.roll(3) + 1).to_string(), "pledge": pledge.id() });
    match dice.roll(6) {
        0..4 => {
            input["unit"] = json!(unit);
            Box::pin(async move { actor.claim_need(input).await })
        }
        4 => {
            (input["unit"], input["pledge"]) = (json!(unit), Value::Null);
            Box::pin(async move { actor.claim_need(input).await })
        }
        _ => {
            (input["community"], input["purpose"]) = (json!(w.ziwei), json!("发放"));
            Box::pin(async move { w.street.request_pledge(input).await })
        }
    }
}

fn deed<'a>(
    w: &'a World,
    dice: &mut Dice,
    needs: &'a [Thing; 2],
    pledges: &[Offer<'a>; 2],
    matches: &'a [Thing],
    members: &'a [String; 2],
) -> Deed<'a> {
    let of = dice.pick(matches);
    let need = dice.pick(needs);
    let owner = if of["unit"]["id"] == json!(w.shennong) { &w.unit } else { &w.unit2 };
    let answering = if of["initiatedBy"] == "UNIT" { &w.street } else { owner };
    let (unit, _, pledge) = *dice.pick(pledges);
    match dice.roll(48) {
        0..12 => apply(w, dice, needs, pledges),
        12..22 => Box::pin(answering.confirm(of)),
        22..25 => Box::pin(answering.reject(of, "已另行安排")),
        25..30 => Box::pin(owner.cancel(of, CANCELLED)),
        30..33 => Box::pin(w.street.cancel(of, "不再需要")),
        33..37 => Box::pin(owner.report(of, "1")),
        37..40 => {
            let input = json!({ "match": of.id(), "toUnit": w.kangning, "reason": CANCELLED });
            Box::pin(async move { owner.transfer_match(input).await })
        }
        40 => Box::pin(w.district.suspend(dice.pick(members), "年审未通过")),
        41..43 => Box::pin(w.district.resume_membership(dice.pick(members))),
        43 => Box::pin(w.district.withdraw_need(need, "不再需要")),
        44 => Box::pin(w.district.close_need(need, "不再需要")),
        45 => Box::pin(unit.pause_pledge(pledge)),
        _ => Box::pin(unit.resume_pledge(pledge)),
    }
}
