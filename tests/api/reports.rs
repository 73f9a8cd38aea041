//! Statistics: each figure is the sum of its rows, to the fen and to the day, and nothing is counted that may not be seen.

use crate::support::{Actor, Id, Thing, Value, World, json};

const FIGURES: &str = "query($area: ID, $from: Date!, $to: Date!) { statistics(area: $area, from: $from, to: $to) {
    memberUnits contributionTotal contributionHours onTimeShare satisfaction
    memberUnitRows(first: 100) { totalCount nodes { name } }
    contributionRows(first: 100) { totalCount nodes { value hours recordedOn } }
    onTimeRows(first: 100) { totalCount nodes { id } } kept: onTimeRows(first: 100, kept: true) { totalCount }
    satisfactionRows(first: 100) { totalCount nodes { id } }
    needsByStatus { status count rows(first: 100) { totalCount nodes { status } } }
    needsByCategory { category count rows(first: 100) { totalCount nodes { category } } }
    matchesByStatus { status count rows(first: 100) { totalCount nodes { status } } }
    matchesByCategory { category count rows(first: 100) { totalCount } } } }";

async fn figures(by: &Actor, area: Option<&str>, from: &str, to: &str) -> Value {
    by.query(FIGURES, json!({ "area": area, "from": from, "to": to })).await["statistics"].clone()
}

/// `STATUS count`, one for each state or category.
fn counts(figure: &Value, by: &str) -> Vec<String> {
    let cells = figure.as_array().expect("cells").iter();
    cells.map(|cell| format!("{} {}", cell[by].as_str().expect("a name"), cell["count"])).collect()
}

fn need(community: &str, category: &str, title: &str) -> Value {
    json!({ "community": community, "category": category, "form": "GOODS", "title": title, "wanted": "10", "measure": "袋",
        "submit": true })
}

/// A need of 桃源社区 that 神农集团 claims whole.
async fn claimed(w: &World, title: &str) -> Thing {
    let posted = w.secretary.post_need(need(&w.taoyuan, "ELDERLY", title)).await.done();
    w.street.publish(&posted).await.done();
    let claim = w.unit.claim(&posted, &w.shennong, "10").await.done();
    w.secretary.confirm(&claim).await.done()
}

async fn reported(w: &World, on: &Thing, quantity: &str, day: &str, value: &str, hours: Option<&str>) -> Thing {
    let input = json!({ "match": on.id(), "quantity": quantity, "deliveredOn": day, "fairValue": value, "hours": hours });
    w.unit.report_delivery(input).await.done()
}

/// Every figure is its rows, for who may see them all.
fn adds_up(figures: &Value) {
    assert_eq!(figures["memberUnits"], figures["memberUnitRows"]["totalCount"]);
    for (cells, by) in
        [("needsByStatus", "status"), ("needsByCategory", "category"), ("matchesByStatus", "status"), ("matchesByCategory", "")]
    {
        for cell in figures[cells].as_array().expect("cells") {
            assert_eq!(cell["count"], cell["rows"]["totalCount"], "{cells}: {cell}");
            for row in cell["rows"]["nodes"].as_array().into_iter().flatten() {
                assert_eq!(row[by], cell[by], "{cells}");
            }
        }
    }
    let thousandths = |value: &Value| {
        let text = value.as_str().unwrap_or("0");
        let (whole, part) = text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), ""));
        let amount: i64 = format!("{whole}{part:0<3}").parse().expect("a number");
        if text.starts_with('-') { -amount } else { amount }
    };
    let rows = figures["contributionRows"]["nodes"].as_array().expect("rows");
    assert_eq!(figures["contributionRows"]["totalCount"], rows.len());
    for (total, of) in [("contributionTotal", "value"), ("contributionHours", "hours")] {
        assert_eq!(thousandths(&figures[total]), rows.iter().map(|row| thousandths(&row[of])).sum::<i64>(), "{total}");
    }
}

both! {
    async fn what_is_accepted_counts_to_the_fen_and_what_is_reversed_no_more(app) {
        let w = app.world().await;
        let year = async || figures(&w.auditor, None, "2025-01-01", "2025-12-31").await;
        let claim = claimed(&w, "为独居老人送米").await;
        let report = reported(&w, &claim, "6", "2025-03-10", "100.01", Some("3")).await;
        assert_eq!(year().await["contributionTotal"], "0", "a report is no contribution");
        // A third of a third: four of six bags of 100.01 yuan are 66.67 yuan, and two of three hours.
        w.secretary.accept(&report, "4").await.done();
        let after = year().await;
        assert_eq!((&after["contributionTotal"], &after["contributionHours"]), (&json!("66.67"), &json!("2")));
        let second = reported(&w, &claim, "6", "2025-03-10", "0.99", None).await;
        w.secretary.accept(&second, "6").await.done();
        let after = year().await;
        assert_eq!((&after["contributionTotal"], &after["contributionHours"]), (&json!("67.66"), &json!("2")));
        adds_up(&after);

        let lines = app.contributions().await;
        let reversing = w.secretary.reverse_contribution(&lines[0], "登记有误").await.done();
        assert_eq!((&reversing["value"], &reversing["hours"]), (&json!("-66.67"), &json!("-2")));
        w.secretary.reverse_contribution(&lines[0], "登记有误").await.refused("ALREADY_REVERSED");
        w.secretary.reverse_contribution(&reversing, "登记有误").await.refused("ALREADY_REVERSED");
        let after = year().await;
        assert_eq!((&after["contributionTotal"], &after["contributionHours"]), (&json!("0.99"), &json!("0")));
        assert_eq!(after["contributionRows"]["totalCount"], 3);
        adds_up(&after);

        // The same for the street and the community; nothing elsewhere. Anybody reads the sum, and no line of it.
        for area in [&w.tiedong, &w.beimen, &w.taoyuan] {
            assert_eq!(figures(&w.district, Some(area), "2025-03-10", "2025-03-10").await["contributionTotal"], "0.99");
        }
        for area in [&w.ziwei, &w.huangtukeng] {
            assert_eq!(figures(&w.district, Some(area), "2025-03-10", "2025-03-10").await["contributionTotal"], "0");
        }
        let public = figures(&app.anyone(), None, "2025-01-01", "2025-12-31").await;
        assert_eq!(public["contributionTotal"], "0.99");
        assert_eq!(public["contributionRows"], json!({ "totalCount": 0, "nodes": [] }));
    }

    async fn the_last_minute_of_a_year_counts_in_it_and_the_first_of_the_next_in_that(app) {
        let w = app.world().await;
        app.move_to("2025-12-31 23:58").await;
        let claim = claimed(&w, "为独居老人送米").await;
        let report = reported(&w, &claim, "4", "2025-12-31", "40", None).await;
        app.move_to("2025-12-31 23:59").await;
        w.secretary.accept(&report, "4").await.done();
        app.move_to("2026-01-01 00:00").await;
        let report = reported(&w, &claim, "6", "2026-01-01", "60", None).await;
        w.secretary.accept(&report, "6").await.done();
        w.secretary.post_need(need(&w.taoyuan, "LEGAL", "普法讲座")).await.done();

        let old = figures(&w.auditor, None, "2025-01-01", "2025-12-31").await;
        assert_eq!((&old["contributionTotal"], counts(&old["needsByCategory"], "category")), (&json!("40"), vec!["ELDERLY 1".to_owned()]));
        assert_eq!(old["contributionRows"]["nodes"][0]["recordedOn"], "2025-12-31");
        assert_eq!((counts(&old["matchesByStatus"], "status"), &old["onTimeShare"]), (vec!["COMPLETED 1".to_owned()], &Value::Null));
        let new = figures(&w.auditor, None, "2026-01-01", "2026-12-31").await;
        assert_eq!((&new["contributionTotal"], counts(&new["needsByCategory"], "category")), (&json!("60"), vec!["LEGAL 1".to_owned()]));
        assert_eq!((counts(&new["matchesByStatus"], "status"), &new["onTimeShare"]), (Vec::<String>::new(), &json!("100")));
        for (year, day) in [(&old, "2025-12-31"), (&new, "2026-01-01")] {
            adds_up(year);
            assert_eq!(year["contributionTotal"], figures(&w.auditor, None, day, day).await["contributionTotal"]);
        }
        let both = figures(&w.auditor, None, "2025-12-31", "2026-01-01").await;
        assert_eq!(both["contributionTotal"], "100");
        let answer = w.auditor.run(FIGURES, json!({ "area": null, "from": "2026-01-01", "to": "2025-12-31" })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
    }

    async fn nothing_that_is_hidden_is_counted_for_who_may_not_see_it(app) {
        let w = app.world().await;
        let open = w.district.post_need(need(&w.ziwei, "SAFETY", "修缮楼道照明")).await.done();
        w.street.publish(&open).await.done();
        w.secretary.post_need(need(&w.taoyuan, "LEGAL", "普法讲座")).await.done();
        let directed = w.secretary.post_need(need(&w.taoyuan, "HEALTH", "义诊")).await.done();
        w.street.publish(&directed).await.done();
        w.unit.claim(&directed, &w.shennong, "3").await.done();
        w.unit2.claim(&open, &w.kunbo, "2").await.done();
        let withdrawn = w.district.post_need(need(&w.ziwei, "OTHER", "不再需要")).await.done();
        w.street.publish(&withdrawn).await.done();
        w.district.withdraw_need(&withdrawn, "已自行解决").await.done();

        let all = figures(&w.auditor, None, "2025-03-10", "2025-03-10").await;
        adds_up(&all);
        let sorted = |mut counts: Vec<String>| {
            counts.sort();
            counts
        };
        let everything = ["PUBLISHED_DIRECTED 1", "PUBLISHED_OPEN 1", "SUBMITTED 1", "WITHDRAWN 1"];
        assert_eq!(sorted(counts(&all["needsByStatus"], "status")), everything);
        assert_eq!(sorted(counts(&all["matchesByCategory"], "category")), ["HEALTH 1", "SAFETY 1"]);
        for stranger in [&app.anyone(), &w.unit2, &w.secretary2, &w.partner] {
            let seen = figures(stranger, None, "2025-03-10", "2025-03-10").await;
            assert_eq!(counts(&seen["needsByStatus"], "status"), ["PUBLISHED_OPEN 1"]);
            assert_eq!(counts(&seen["needsByCategory"], "category"), ["SAFETY 1"]);
        }
        // Fewer than five are told to those alone who see them all; the match on the directed need to nobody else at all.
        for (stranger, cells) in [(&app.anyone(), vec![]), (&w.secretary2, vec![]), (&w.partner, vec![]), (&w.unit2, vec!["SAFETY 1"])] {
            let seen = figures(stranger, None, "2025-03-10", "2025-03-10").await;
            assert_eq!(counts(&seen["matchesByCategory"], "category"), cells);
        }
        for n in 0..4 {
            w.unit2.claim(&open, &w.kunbo, &format!("0.{}", n + 1)).await.done();
        }
        let nobody = figures(&app.anyone(), None, "2025-03-10", "2025-03-10").await;
        assert_eq!(counts(&nobody["matchesByStatus"], "status"), ["APPLIED 5"]);
        assert_eq!(nobody["matchesByStatus"][0]["rows"]["totalCount"], 0, "that there are five is public, which ones is not");
        let unit = figures(&w.unit, None, "2025-03-10", "2025-03-10").await;
        assert_eq!(sorted(counts(&unit["needsByCategory"], "category")), ["HEALTH 1", "SAFETY 1"]);
        let never = "{ statistics(area: \"area_0190c200000000000000000000000000\",
            from: \"2025-01-01\", to: \"2025-01-01\") { memberUnits } }";
        assert_eq!(app.anyone().run(never, json!({})).await.code(), "NOT_FOUND");
    }

    async fn promises_kept_and_broken_and_how_satisfied_the_communities_are(app) {
        let w = app.world().await;
        let late = claimed(&w, "为独居老人送米").await;
        let mut kept = Vec::new();
        for n in 0..4 {
            let one = claimed(&w, &format!("第{n}批物资")).await;
            let report = reported(&w, &one, "10", "2025-03-10", "10", None).await;
            w.secretary.accept(&report, "10").await.done();
            w.secretary.evaluate(&one, if n == 0 { "POOR" } else { "GOOD" }).await.done();
            w.unit.evaluate(&one, "EXCELLENT").await.done();
            kept.push(one);
        }
        let year = async || figures(&w.auditor, None, "2025-01-01", "2025-12-31").await;
        let four = year().await;
        assert_eq!((&four["onTimeShare"], &four["satisfaction"]), (&json!("100"), &Value::Null), "four ratings are too few to tell");
        // The fifth is never handed over: it times out, and is rated by nobody.
        app.pass_working_days(14).await;
        w.unit.sees(&late, "TIMED_OUT: 10 = 10 returned").await;
        let five = year().await;
        assert_eq!(five["onTimeShare"], "80");
        assert_eq!((&five["onTimeRows"]["totalCount"], &five["kept"]["totalCount"]), (&json!(5), &json!(4)));
        assert_eq!(five["satisfaction"], Value::Null);

        let again = claimed(&w, "最后一批物资").await;
        let report = reported(&w, &again, "10", &app.today(), "10", None).await;
        w.secretary.accept(&report, "10").await.done();
        w.secretary.evaluate(&again, "GOOD").await.done();
        assert_eq!(year().await["satisfaction"], Value::Null, "a sealed rating is not counted");
        w.unit.evaluate(&again, "GOOD").await.done();
        let rated = year().await;
        assert_eq!((&rated["satisfaction"], &rated["satisfactionRows"]["totalCount"]), (&json!("80"), &json!(5)));
        assert_eq!(rated["onTimeShare"], "83.333");
        adds_up(&rated);
    }

    async fn centres_and_the_use_of_their_zones_are_counted_with_their_rows(app) {
        let w = app.world().await;
        let hall = w.hall(json!({ "approval": false })).await;
        w.secretary.add_venue(json!({ "area": w.taoyuan, "name": "服务点", "kind": "POST", "hours": [] })).await.done();
        w.unit.book(&hall, &w.shennong, "09:00", "10:30", json!({ "headcount": 12 })).await.done();
        let missed = w.unit2.book(&hall, &w.kunbo, "11:00", "12:00", json!({})).await.done();
        app.move_to("2025-03-11 12:00").await;
        w.secretary.mark_no_show(&missed).await.done();
        let document = "query($area: ID) { statistics(area: $area, from: \"2025-03-11\", to: \"2025-03-11\") { serviceCentres
            serviceCentreRows { totalCount nodes { name } } zoneUse { kind bookings hours headcount rows { totalCount } } } }";
        let figures = async |by: &Actor, area: &str| by.query(document, json!({ "area": area })).await["statistics"].clone();
        assert_eq!(figures(&w.secretary, &w.taoyuan).await["zoneUse"], json!([]), "nothing has taken place yet");
        app.move_to("2025-03-13 00:00").await;
        let seen = figures(&w.secretary, &w.taoyuan).await;
        assert_eq!((&seen["serviceCentres"], &seen["serviceCentreRows"]["totalCount"]), (&json!(1), &json!(1)), "a post is neither");
        let used = json!([{ "kind": "HALL", "bookings": 1, "hours": "1.5", "headcount": 12, "rows": { "totalCount": 1 } }]);
        assert_eq!(seen["zoneUse"], used);
        assert_eq!(figures(&app.anyone(), &w.taoyuan).await["zoneUse"][0]["rows"]["totalCount"], 0);
        let elsewhere = figures(&w.district, &w.huangtukeng).await;
        assert_eq!((&elsewhere["serviceCentres"], &elsewhere["zoneUse"]), (&json!(0), &json!([])));
    }

    async fn what_areas_months_and_kinds_of_units_come_to_is_the_whole_taken_apart(app) {
        let w = app.world().await;
        for n in 0..5 {
            let one = claimed(&w, &format!("第{n}批物资")).await;
            let report = reported(&w, &one, "10", "2025-03-10", "10", Some("120")).await;
            w.secretary.accept(&report, "10").await.done();
        }
        let elsewhere = json!({ "community": w.ziwei, "category": "SAFETY", "form": "SERVICE", "title": "修缮楼道照明", "wanted": "4", "measure": "处" });
        w.district.post_need(elsewhere).await.done();
        // By the clock of Shanghai it is April already.
        app.move_to("2025-04-01 00:30").await;
        let later = json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": "添置长椅", "wanted": "2", "measure": "把" });
        w.secretary.post_need(later).await.done();
        let document = "query($area: ID, $level: AreaLevel!) { statistics(area: $area, from: \"2025-01-01\", to: \"2025-12-31\") { contributionTotal contributionHours
            byArea(level: $level) { area { name } needs contributionTotal contributionHours } byMonth { month needs contributionTotal contributionHours }
            byUnitKind { kind memberUnits contributionTotal } contributionRows(kind: PRIVATE_ENTERPRISE) { totalCount }
            none: contributionRows(kind: GARRISON) { totalCount } memberUnitRows(kind: MEDICAL) { nodes { name } } } }";
        let figures = async |by: &Actor, area: Option<&str>, level: &str| {
            by.query(document, json!({ "area": area, "level": level })).await["statistics"].clone()
        };
        let all = figures(&w.district, None, "COMMUNITY").await;
        let (yuan, hours) = (&all["contributionTotal"], &all["contributionHours"]);
        let taoyuan = json!({ "area": { "name": "桃源社区" }, "needs": 6, "contributionTotal": yuan, "contributionHours": hours });
        let ziwei = json!({ "area": { "name": "紫微社区" }, "needs": 1, "contributionTotal": "0", "contributionHours": "0" });
        let communities = all["byArea"].as_array().expect("areas");
        assert!(communities.len() == 2 && communities.contains(&taoyuan) && communities.contains(&ziwei), "{all:#}");
        let march = json!({ "month": "2025-03", "needs": 6, "contributionTotal": yuan, "contributionHours": hours });
        let april = json!({ "month": "2025-04", "needs": 1, "contributionTotal": "0", "contributionHours": "0" });
        assert_eq!(all["byMonth"], json!([march, april]));
        let kinds = all["byUnitKind"].as_array().expect("kinds");
        assert_eq!(kinds.iter().map(|kind| kind["memberUnits"].as_i64().expect("a count")).sum::<i64>(), 5, "{kinds:#?}");
        let private = kinds.iter().find(|kind| !kind["contributionTotal"].is_null() && kind["contributionTotal"] != "0").expect("one that put in");
        assert_eq!(&private["contributionTotal"], yuan);
        assert_eq!((&all["contributionRows"]["totalCount"], &all["none"]["totalCount"]), (&json!(5), &json!(0)));
        let nobody = figures(&app.anyone(), None, "STREET").await;
        assert!(nobody["byArea"].as_array().expect("areas").iter().all(|area| area["needs"].as_i64() <= Some(6)), "{nobody:#}");
        assert_eq!(figures(&w.district, Some(&w.huangtukeng), "COMMUNITY").await["byMonth"], json!([]));
        let wrong = w.district.run(document, json!({ "area": null, "level": "GRID" })).await;
        assert_eq!(wrong.code(), "BAD_USER_INPUT");
    }

    async fn what_few_lines_of_a_kind_of_unit_put_in_is_told_to_those_alone_who_see_them(app) {
        let w = app.world().await;
        let one = claimed(&w, "第一批物资").await;
        let report = reported(&w, &one, "10", "2025-03-10", "10", Some("120")).await;
        w.secretary.accept(&report, "10").await.done();
        let document = "{ statistics(from: \"2025-01-01\", to: \"2025-12-31\") { byUnitKind { contributionTotal contributionHours } } }";
        let told = async |by: &Actor| {
            let data = by.query(document, json!({})).await;
            data["statistics"]["byUnitKind"].as_array().expect("kinds").iter().any(|kind| kind["contributionTotal"] == "10")
        };
        assert!(told(&w.district).await && told(&w.auditor).await);
        assert!(!told(&app.anyone()).await && !told(&w.unit2).await);
    }
}
