//! The area tree: codes with dates, splits, lists that page both ways, words that are searched for.

use crate::support::{Id, Value, json};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $by: AreaOrder) {
    areas(first: $first, after: $after, last: $last, before: $before, orderBy: $by) {
        edges { cursor node { code } } nodes { code } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}";

fn codes(list: &Value) -> Vec<&str> {
    let nodes = list["areas"]["nodes"].as_array().expect("a page of areas");
    nodes.iter().map(|node| node["code"].as_str().expect("a code")).collect()
}

fn cursor<'a>(list: &'a Value, code: &str) -> &'a str {
    let edges = list["areas"]["edges"].as_array().expect("a page of areas");
    let edge = edges.iter().find(|edge| edge["node"]["code"] == code);
    edge.and_then(|edge| edge["cursor"].as_str()).unwrap_or_else(|| panic!("{code} is not on the page"))
}

/// Whether more precedes and whether more follows.
fn more(list: &Value) -> (bool, bool) {
    let info = &list["areas"]["pageInfo"];
    (info["hasPreviousPage"] == true, info["hasNextPage"] == true)
}

const ALL: [&str; 6] = ["220303", "220303006", "220303006001", "220303006002", "220303007", "220303007001"];

both! {
    async fn areas_are_read_forwards_page_by_page(app) {
        app.world().await;
        let anyone = app.anyone();
        let first = anyone.query(PAGE, json!({ "first": 4 })).await;
        assert_eq!(codes(&first), ALL[..4]);
        assert_eq!(more(&first), (false, true));
        let info = &first["areas"]["pageInfo"];
        assert_eq!(info["startCursor"], cursor(&first, "220303"));
        assert_eq!(info["endCursor"], cursor(&first, "220303006002"));

        let second = anyone.query(PAGE, json!({ "first": 4, "after": info["endCursor"] })).await;
        assert_eq!(codes(&second), ALL[4..]);
        assert_eq!(more(&second), (true, false));
        assert_eq!(second["areas"]["totalCount"], 6);

        let end = second["areas"]["pageInfo"]["endCursor"].clone();
        let beyond = anyone.query(PAGE, json!({ "first": 4, "after": end })).await;
        assert_eq!(codes(&beyond), [""; 0]);
        assert_eq!(beyond["areas"]["pageInfo"]["startCursor"], Value::Null);
        assert_eq!(beyond["areas"]["totalCount"], 6);
    }

    async fn areas_are_read_backwards_in_the_same_order(app) {
        app.world().await;
        let anyone = app.anyone();
        let last = anyone.query(PAGE, json!({ "last": 2 })).await;
        assert_eq!(codes(&last), ALL[4..]);
        assert_eq!(more(&last), (true, false));

        let before = anyone.query(PAGE, json!({ "last": 3, "before": last["areas"]["pageInfo"]["startCursor"] })).await;
        assert_eq!(codes(&before), ALL[1..4]);
        assert_eq!(more(&before), (true, true));

        let start = anyone.query(PAGE, json!({ "last": 3, "before": before["areas"]["pageInfo"]["startCursor"] })).await;
        assert_eq!(codes(&start), ALL[..1]);
        assert_eq!(more(&start), (false, true));
    }

    async fn bounds_and_sizes_are_combined_as_relay_says(app) {
        app.world().await;
        let anyone = app.anyone();
        let all = anyone.query(PAGE, json!({})).await;
        assert_eq!(codes(&all), ALL);
        assert_eq!(more(&all), (false, false));

        let both_sizes = anyone.query(PAGE, json!({ "first": 4, "last": 2 })).await;
        assert_eq!(codes(&both_sizes), ALL[2..4], "the last two of the first four");
        assert_eq!(more(&both_sizes), (true, true));

        let (second, fifth) = (cursor(&all, ALL[1]), cursor(&all, ALL[4]));
        let between = anyone.query(PAGE, json!({ "after": second, "before": fifth })).await;
        assert_eq!(codes(&between), ALL[2..4]);
        let first_of_them = anyone.query(PAGE, json!({ "after": second, "before": fifth, "first": 1 })).await;
        assert_eq!(codes(&first_of_them), ALL[2..3]);
        assert!(more(&first_of_them).1);
        let last_of_them = anyone.query(PAGE, json!({ "after": second, "before": fifth, "last": 1 })).await;
        assert_eq!(codes(&last_of_them), ALL[3..4]);
        assert!(more(&last_of_them).0);
    }

    async fn a_page_stays_right_while_areas_come_and_go(app) {
        let world = app.world().await;
        let anyone = app.anyone();
        let first = anyone.query(PAGE, json!({ "first": 3 })).await;
        let end = first["areas"]["pageInfo"]["endCursor"].clone();
        // One comes before the page, one after it; the one that the cursor stands on is renamed.
        world.district.add_area(json!({ "parent": world.tiedong, "level": "STREET", "code": "220303001", "name": "平东街道" })).await.done();
        world.district.add_area(json!({ "parent": world.tiedong, "level": "STREET", "code": "220303008", "name": "平南街道" })).await.done();
        world.district.rename_area(&world.taoyuan, "桃源里社区").await.done();
        let second = anyone.query(PAGE, json!({ "first": 10, "after": end })).await;
        assert_eq!(codes(&second), ["220303006002", "220303007", "220303007001", "220303008"]);
        assert_eq!(second["areas"]["totalCount"], 8);
    }

    async fn a_page_takes_one_to_a_hundred(app) {
        let anyone = app.anyone();
        for (name, size) in [("first", 0), ("first", 101), ("last", 0), ("last", 101), ("first", -1)] {
            let wrong = json!({ name: size });
            let answer = anyone.run(PAGE, wrong.clone()).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{wrong}");
            assert_eq!(answer.errors()[0]["path"], json!(["areas"]), "{wrong}");
        }
        for right in [json!({ "first": 1 }), json!({ "first": 100 }), json!({ "last": 100 })] {
            anyone.query(PAGE, right).await;
        }
    }

    async fn a_cursor_of_another_list_is_not_taken(app) {
        app.world().await;
        let anyone = app.anyone();
        let by_name = anyone.query(PAGE, json!({ "first": 1, "by": "NAME" })).await;
        let foreign = by_name["areas"]["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
        for cursor in ["", "1", "bm9wZQ", "W10", "eyJhIjoxfQ", &foreign, &"A".repeat(5000)] {
            for place in ["after", "before"] {
                let answer = anyone.run(PAGE, json!({ "first": 2, place: cursor })).await;
                assert_eq!(answer.code(), "BAD_USER_INPUT", "{place}: {cursor}");
            }
        }
    }

    async fn the_total_is_counted_only_when_asked_for(app) {
        app.world().await;
        let anyone = app.anyone();
        let mut costs = Vec::new();
        for fields in ["nodes { id }", "nodes { id } totalCount", "totalCount"] {
            let before = app.db().statements();
            let data = anyone.query(&format!("{{ areas(first: 2) {{ {fields} }} }}"), json!({})).await;
            costs.push(app.db().statements() - before);
            if fields.contains("totalCount") {
                assert_eq!(data["areas"]["totalCount"], 6);
            }
        }
        assert_eq!(costs[1], costs[0] + 1);
    }

    async fn a_page_costs_the_same_however_long_it_is(app) {
        app.world().await;
        let anyone = app.anyone();
        let mut costs = Vec::new();
        for size in [1, 6] {
            let before = app.db().statements();
            let document = "query($first: Int) { areas(first: $first) { nodes { name parent { name parent { name } } } } }";
            anyone.query(document, json!({ "first": size })).await;
            costs.push(app.db().statements() - before);
        }
        assert!(costs[1] <= 3, "a list and two levels of parents: {costs:?}");
    }

    async fn areas_are_found_by_level_by_place_and_by_words(app) {
        let world = app.world().await;
        let anyone = app.anyone();
        let streets = anyone.lists("areas(filter: { level: [STREET] })").await;
        assert_eq!(streets, [world.beimen.clone(), world.huangtukeng.clone()]);
        let within = anyone.lists(&format!("areas(filter: {{ within: \"{}\", level: [COMMUNITY] }})", world.beimen)).await;
        assert_eq!(within, [world.taoyuan.clone(), world.ziwei.clone()]);
        assert_eq!(anyone.lists("areas(filter: { search: \"桃源\" })").await, [world.taoyuan.as_str()]);
        assert_eq!(anyone.lists("areas(filter: { search: \"桃源 双汇\" })").await, [""; 0], "all words, not any");
        assert_eq!(anyone.lists("areas(filter: { search: \"%_'《》\" })").await, [""; 0]);
        assert_eq!(anyone.lists("areas(filter: { search: \"  \" })").await.len(), 6, "nothing is searched for");
        assert_eq!(anyone.lists("areas(filter: { level: [] })").await, [""; 0]);

        let counted = anyone.query("{ areas(filter: { search: \"街道\" }, first: 1) { totalCount nodes { name } } }", json!({})).await;
        assert_eq!(counted["areas"]["totalCount"], 2);
        world.district.rename_area(&world.taoyuan, "蟠桃园社区").await.done();
        assert_eq!(anyone.lists("areas(filter: { search: \"桃源\" })").await, [""; 0]);
        assert_eq!(anyone.lists("areas(filter: { search: \"蟠桃\" })").await, [world.taoyuan.as_str()]);
    }

    async fn a_code_is_borne_by_one_area_at_a_time(app) {
        let world = app.world().await;
        app.move_to("2025-06-20 10:00").await;
        let parts = json!([{ "code": "220303006001", "name": "桃源东社区" }, { "code": "220303006009", "name": "桃源西社区" }]);
        let closed = world.district.split_area(json!({ "area": world.taoyuan, "on": "2025-07-01", "into": parts })).await.done();
        assert_eq!(closed["validTo"], "2025-06-30");

        let named = async |code: &str, on: Option<&str>| {
            let document = "query($code: String!, $on: Date) { area(code: $code, on: $on) { name } }";
            let data = app.anyone().query(document, json!({ "code": code, "on": on })).await;
            data["area"]["name"].as_str().map(str::to_owned)
        };
        assert_eq!(named("220303006001", None).await.as_deref(), Some("桃源社区"), "until the day has come");
        assert_eq!(named("220303006001", Some("2025-06-30")).await.as_deref(), Some("桃源社区"));
        assert_eq!(named("220303006001", Some("2025-07-01")).await.as_deref(), Some("桃源东社区"));
        assert_eq!(named("220303006009", Some("2025-06-30")).await, None);
        assert_eq!(named("220303006001", Some("2023-12-31")).await, None, "before it was set up");
        app.move_to("2025-07-01 00:00").await;
        assert_eq!(named("220303006001", None).await.as_deref(), Some("桃源东社区"));

        let again = json!({ "area": world.taoyuan, "on": "2025-08-01", "into": [{ "code": "220303006010", "name": "桃源北社区" }] });
        let refusal = world.district.split_area(again).await.refused("AREA_NOT_CURRENT");
        assert_eq!(refusal["path"], json!(["input", "on"]));
        let taken = json!({ "parent": world.beimen, "level": "COMMUNITY", "code": "220303006009", "name": "又一社区" });
        let refusal = world.district.add_area(taken).await.refused("ALREADY_TAKEN");
        assert_eq!(refusal["path"], json!(["input", "code"]));
    }

    async fn an_area_hangs_where_its_level_and_code_allow(app) {
        let world = app.world().await;
        for (parent, level, code, path) in [
            (&world.tiedong, "COMMUNITY", "220303006003", "level"),
            (&world.beimen, "STREET", "220303009", "level"),
            (&world.beimen, "COMMUNITY", "220303007003", "code"),
            (&world.beimen, "COMMUNITY", "2203030060", "code"),
            (&world.beimen, "COMMUNITY", "22030300600３", "code"),
        ] {
            let input = json!({ "parent": parent, "level": level, "code": code, "name": "新社区" });
            let refusal = world.district.add_area(input).await.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", path]), "{level} {code}");
        }
        for name in ["", "  ", &"长".repeat(81), "两\u{0}行"] {
            let input = json!({ "parent": world.beimen, "level": "COMMUNITY", "code": "220303006003", "name": name });
            let refusal = world.district.add_area(input).await.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", "name"]), "{name:?}");
        }
        let compound = json!({ "parent": world.taoyuan, "level": "COMPOUND", "code": "220303006001-01", "name": "桃源小区" });
        let compound = world.district.add_area(compound).await.done();
        assert_eq!(compound["parent"]["name"], "桃源社区");
        assert_eq!(compound["validFrom"], "2025-03-10");
        assert_eq!(app.journal_of(compound.id()).await, ["AREA_ADDED"]);
    }

    async fn holidays_of_a_later_year_move_the_deadlines(app) {
        let world = app.world().await;
        let day = |text: &str| text.parse::<chrono::NaiveDate>().expect("a day");
        assert!(app.calendar().is_working_day(day("2027-10-01")));
        let table = "[2027]\n\"国庆节\" = { from = 2027-10-01, to = 2027-10-07, working = [2027-10-09] }\n";
        world.district.load_holidays(&world.tiedong, table).await.done();
        assert!(!app.calendar().is_working_day(day("2027-10-01")));
        assert!(app.calendar().is_working_day(day("2027-10-09")), "a Saturday worked in exchange");
        let mistyped = "[2027]\n\"国庆节\" = { from = 2028-10-01 }\n";
        let refusal = world.district.load_holidays(&world.tiedong, mistyped).await.refused("INVALID_INPUT");
        assert_eq!(refusal["path"], json!(["table"]));
        world.street.load_holidays(&world.tiedong, table).await.failed("FORBIDDEN");
    }

    async fn a_break_that_begins_in_december_leaves_the_year_before_as_it_was(app) {
        let world = app.world().await;
        let day = |text: &str| text.parse::<chrono::NaiveDate>().expect("a day");
        world.district.load_holidays(&world.tiedong, "[2027]\n\"国庆节\" = { from = 2027-10-01, to = 2027-10-07 }\n").await.done();
        world.district.load_holidays(&world.tiedong, "[2028]\n\"元旦\" = { from = 2027-12-31, to = 2028-01-02 }\n").await.done();
        assert!(!app.calendar().is_working_day(day("2027-12-31")), "a Friday off");
        assert!(!app.calendar().is_working_day(day("2027-10-01")), "as the table of 2027 said");
    }
}
