//! The story from posting to rating, by two people at once in a real browser; and what only a browser can tell.

use crate::api::conformance::node;
use crate::support::{Browser, Id, PASSWORD, TestApp, json};

const PHONE: u32 = 375;
const PC: u32 = 1280;

/// A secretary posts on a phone, the street publishes, a unit claims on a PC; both follow, answer and rate.
async fn from_posting_to_rating(scripts: bool) {
    let app = TestApp::sqlite().await;
    app.world().await;
    let (phone, pc) = (Browser::start(&app.url, PHONE, scripts).await, Browser::start(&app.url, PC, scripts).await);
    phone.sign_in("secretary", PASSWORD).await;
    phone.press("提出需求").await;
    phone.write("#f-title", "给独居老人送热饭").await;
    phone.write("#f-wanted", "30").await;
    phone.write("#f-measure", "份").await;
    phone.press("物资").await;
    phone.click("#f-category option[value=ELDERLY]").await;
    phone.press("下一步").await;
    phone.sees("30 份").await;
    phone.press("提交审核").await;
    phone.sees("待审核").await;
    let need = phone.path().await;
    assert!(need.starts_with("/needs/need_"), "{need}");

    let street = app.visitor_as("street").await;
    let published = street.fill("/", "publishNeed", &[("id", need.trim_start_matches("/needs/"))]).await;
    assert_eq!((published.status, published.to()), (303, "/"), "{}", published.html);

    pc.sign_in("unit", PASSWORD).await;
    pc.open("/hall").await;
    pc.press("给独居老人送热饭").await;
    pc.press("认领").await;
    pc.write("#f-quantity", "20").await;
    pc.press("下一步").await;
    pc.sees("20 份").await;
    phone.open("/").await;
    phone.sees("没有等您办的事").await;
    pc.press("确认认领").await;
    pc.sees("已认领").await;

    if !scripts {
        phone.open("/").await;
    }
    // With scripts it comes by itself.
    phone.sees("想认领 20 份").await;
    phone.press("同意").await;
    phone.sees("已确认对接").await;

    pc.open("/").await;
    pc.press("报告交付").await;
    if !pc.has("#f-quantity").await {
        pc.press("报告交付").await;
    }
    pc.write("#f-quantity", "20").await;
    pc.press("提交").await;
    pc.sees("待验收").await;

    phone.open("/").await;
    phone.press("全部验收").await;
    phone.sees("已验收").await;
    for browser in [&phone, &pc] {
        browser.open("/").await;
        browser.press("去评价").await;
        if !browser.has("input[name=grade]").await {
            browser.press("评价").await;
        }
        browser.press("优秀").await;
        browser.press("提交评价").await;
        browser.sees("评价").await;
    }
    phone.open(&need).await;
    phone.sees("还缺 10").await;
    app.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_need_goes_from_posting_to_rating_on_a_phone_and_on_a_pc() {
    from_posting_to_rating(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_the_same_way_without_scripts() {
    from_posting_to_rating(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_need_is_posted_by_keyboard_alone() {
    let app = TestApp::sqlite().await;
    app.world().await;
    let browser = Browser::start(&app.url, PC, true).await;
    browser.sign_in("secretary", PASSWORD).await;
    browser.open("/needs/new").await;
    browser.find("#f-title").await;
    let (tab, enter) = ('\u{e004}', '\u{e007}');
    let focus = "const at = document.activeElement; return [at.id, at.name || '', at.innerText || ''].join('|')";
    // The first stop leads over the bar and the tabs.
    browser.keys(&tab.to_string()).await;
    assert!(browser.run(focus).await.as_str().expect("a text").contains("跳到主要内容"));
    browser.keys(&enter.to_string()).await;
    let mut typed = Vec::new();
    for _ in 0..60 {
        browser.keys(&tab.to_string()).await;
        let at = browser.run(focus).await.as_str().expect("a text").to_owned();
        let text = match at.split('|').next().unwrap_or_default() {
            "f-title" => "修缮楼道照明",
            "f-wanted" => "4",
            "f-measure" => "处",
            "f-category" => "平安",
            _ if at.contains("下一步") => {
                browser.keys(&enter.to_string()).await;
                break;
            }
            _ => continue,
        };
        typed.push(at);
        browser.keys(text).await;
    }
    assert_eq!(typed.len(), 4, "{typed:?}");
    browser.sees("4 处").await;
    assert!(!browser.text().await.contains("没有办成"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_survives_a_lost_line() {
    let app = TestApp::sqlite().await;
    app.world().await;
    let browser = Browser::start(&app.url, PHONE, true).await;
    browser.sign_in("secretary", PASSWORD).await;
    browser.open("/needs/new").await;
    browser.write("#f-title", "修缮楼道照明").await;
    browser.write("#f-wanted", "4").await;
    // The lift cuts the line: the page is gone.
    browser.open("/glossary").await;
    browser.open("/needs/new").await;
    let title = "return document.getElementById('f-title').value + document.getElementById('f-wanted').value";
    assert_eq!(browser.run(title).await, json!("修缮楼道照明4"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_leaves_no_draft_behind_and_going_back_does_it_no_second_time() {
    let app = TestApp::sqlite().await;
    app.world().await;
    let before = app.count("alliances").await;
    let browser = Browser::start(&app.url, PC, true).await;
    browser.sign_in("district", PASSWORD).await;
    browser.open("/alliances/new").await;
    browser.write("#f-name", "北门街道第二联盟").await;
    // Lost on its way, the draft comes back with the key under which it may have been done already.
    let key = "return document.querySelector('main form [name=key]').value";
    let first = browser.run(key).await;
    browser.open("/alliances/new").await;
    assert_eq!(browser.run(key).await, first);
    browser.press("成立").await;
    browser.sees("联盟已成立").await;
    browser.run("history.back()").await;
    browser.sees("由谁主办").await;
    assert_eq!(browser.run("return document.getElementById('f-name').value").await, json!(""));
    assert_ne!(browser.run(key).await, first);
    assert_eq!(app.count("alliances").await, before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_needs_help_to_read_can_use_every_page_and_nothing_hangs_over_the_edge() {
    let axe = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/target/conformance/node_modules/axe-core/axe.min.js"));
    let axe = axe.expect("axe-core is installed: scripts/test does that");
    let app = TestApp::sqlite().await;
    let w = app.world().await;
    let need = w.open_need("修缮楼道照明", "4", "处").await;
    let claim = w.unit.claim(&need, &w.shennong, "2").await.done();
    w.district.confirm(&claim).await.done();
    let (need, claim) = (format!("/needs/{}", need.id()), format!("/matches/{}", claim.id()));
    let pages = [
        "/",
        "/needs",
        "/needs/new",
        "/hall",
        "/resources",
        "/matches",
        "/venues",
        "/bookings",
        "/units",
        "/figures",
        "/manage",
        "/people",
        "/journal",
        "/account",
        "/glossary",
        &need,
        &claim,
    ];
    let mut wrong = Vec::new();
    for width in [PHONE, PC] {
        let browser = Browser::start(&app.url, width, true).await;
        browser.sign_in("district", PASSWORD).await;
        for page in pages {
            browser.open(page).await;
            browser.find("h1").await;
            let over = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
            if over != json!(0) {
                wrong.push(format!("{page} at {width}: {over} pixels over the edge"));
            }
            browser.run(&axe).await;
            let found =
                browser.run("return window.axe.run().then(found => found.violations.map(one => one.id + ': ' + one.nodes[0].html))").await;
            wrong.extend(found.as_array().expect("a list").iter().map(|one| format!("{page} at {width}: {one}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lighthouse_finds_the_desk_the_hall_and_a_need_fast_and_sound() {
    let app = TestApp::sqlite().await;
    let w = app.world().await;
    let need = w.open_need("修缮楼道照明", "4", "处").await;
    let claim = w.unit.claim(&need, &w.shennong, "2").await.done();
    w.district.confirm(&claim).await.done();
    let secretary = app.visitor_as("secretary").await;
    let cookies = secretary.cookies.lock().expect("the cookies").iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    let pages = ["/".to_owned(), "/hall".to_owned(), format!("/needs/{}", need.id())];
    let output = node("lighthouse.mjs").args([&app.url, &cookies.join("; ")]).args(&pages).output().await.expect("node runs");
    let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let scored: Vec<Vec<&str>> = said.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(scored.len(), pages.len(), "{said}{why}");
    for (line, page) in scored.iter().zip(&pages) {
        assert_eq!((line[0], line[4]), (page.as_str(), format!("{}{page}", app.url).as_str()), "the page itself was looked at");
        assert!(line[1..4].iter().all(|score| score.parse::<u8>().is_ok_and(|score| score >= 95)), "{said}{why}");
    }
}
