//! What a page shows, taken along as a table.

use crate::support::{Id, json};

fn lines(text: &str) -> Vec<&str> {
    text.strip_prefix('\u{feff}').expect("the mark of UTF-8").strip_suffix("\r\n").expect("whole lines").split("\r\n").collect()
}

both! {
    async fn all_rows_of_a_list_come_whatever_page_it_stood_on_and_none_is_a_formula(app) {
        let w = app.world().await;
        for n in 0..123 {
            let need = json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": format!("第{n}件，请看"), "wanted": "3", "measure": "份" });
            w.secretary.post_need(need).await.done();
        }
        let evil = json!({ "community": w.taoyuan, "category": "SAFETY", "form": "GOODS", "title": "=HYPERLINK(\"http://evil.example\",\"x\")", "wanted": "2", "measure": "份" });
        w.secretary.post_need(evil).await.done();
        let secretary = app.visitor_as("secretary").await;
        let page = secretary.open("/needs").await;
        assert!(page.has("download=csv"), "{}", page.html);
        let table = secretary.open("/needs?download=csv").await;
        assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"));
        assert_eq!(table.header("content-disposition"), format!("attachment; filename=\"needs-{}.csv\"", app.today()));
        let rows = lines(&table.html);
        assert_eq!(rows.len(), 125, "a head and 124 rows");
        assert!(rows[0].starts_with("编号,名称,社区,类别"), "{}", rows[0]);
        assert!(rows[1].contains("\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"x\"\")\""), "{}", rows[1]);
        assert_eq!(rows[1..].iter().filter(|row| row.contains("件，请看")).count(), 123);
        let mut ids: Vec<_> = rows[1..].iter().map(|row| row.split(',').next().expect("an id")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 124, "each of them once");
        let some = secretary.open("/needs?download=csv&category=SAFETY").await;
        assert_eq!(lines(&some.html).len(), 2, "what is seen is what comes");
        let english = secretary.in_english().open("/needs?download=csv&category=SAFETY").await;
        assert!(english.has("Number,Title,Community"), "{}", english.html);
    }

    async fn a_table_shows_no_more_than_its_page_and_only_to_whom_it_is_shown(app) {
        let w = app.world().await;
        let claim = w.rice().await;
        for path in ["/needs?download=csv", "/matches?download=csv", "/journal?download=csv"] {
            let shown = app.visitor().open(path).await;
            assert_eq!(shown.status, 303, "{path}");
            assert!(shown.to().starts_with("/sign-in?then="), "{}", shown.to());
        }
        assert_eq!(app.visitor_as("secretary").await.open("/journal?download=csv").await.status, 403);
        let (unit, other) = (app.visitor_as("unit").await, app.visitor_as("unit2").await);
        assert!(unit.open("/matches?download=csv").await.has(claim.id()));
        assert!(!other.open("/matches?download=csv").await.has(claim.id()));
        // A page that is no table stays a page.
        assert_eq!(unit.open("/account?download=csv").await.header("content-type"), "text/html; charset=utf-8");
    }

    async fn every_table_can_be_had_by_who_sees_its_page(app) {
        let w = app.world().await;
        let report = w.unit.report(&w.rice().await, "2").await.done();
        w.secretary.accept(&report, "2").await.done();
        let (district, auditor) = (app.visitor_as("district").await, app.visitor_as("auditor").await);
        let rows = ["needs=true", "needsByCategory=true&category=ELDERLY", "matches=true&status=COMPLETED", "matchesByCategory=true", "memberUnits=true",
            "serviceCentres=true", "contributions=true", "coBuildings=true", "promises=true", "promises=true&kept=false", "satisfaction=true", "zoneUse=true",
            "memberUnits=true&unitKind=PRIVATE_ENTERPRISE", "contributions=true&unitKind=PRIVATE_ENTERPRISE"];
        let rows = rows.map(|row| format!("/figures/rows?{row}&download=csv"));
        let pages = ["/figures", "/units", "/resources", "/needs", "/matches"].map(|page| format!("{page}?download=csv"));
        for path in pages.iter().chain(&rows) {
            for language in ["zh", "en"] {
                let table = district.with("accept-language", language).open(path).await;
                assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"), "{path}: {}", table.html);
                let rows = lines(&table.html);
                assert!(rows.iter().all(|row| row.matches(',').count() >= 1), "{path}: {rows:?}");
            }
        }
        let journal = auditor.open("/journal?download=csv").await;
        assert_eq!(journal.status, 200, "{}", journal.html);
        assert!(lines(&journal.html).iter().any(|row| row.contains("验收通过")), "{}", journal.html);
        let figures = district.open("/figures?download=csv").await;
        assert!(figures.has("投入按单位类型") || figures.has("成员单位按类型"), "{}", figures.html);
    }
}
