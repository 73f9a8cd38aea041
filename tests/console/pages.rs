//! Every page, for everybody who may open it, in both languages.

use std::collections::{HashMap, HashSet};

use crate::support::{Id, Shown, TestApp, World, json, workdays};

const LOGINS: [&str; 6] = ["district", "street", "secretary", "unit", "auditor", "partner"];

/// One of everything that a page can be about, by the first part of its address.
async fn samples(app: &TestApp, w: &World) -> HashMap<&'static str, String> {
    let need = w.open_need("修缮楼道照明", "4", "处").await;
    let pledge = json!({ "unit": w.shennong, "form": "GOODS", "category": "ELDERLY", "title": "慰问大米", "total": "50", "measure": "袋" });
    let pledge = w.unit.pledge_resource(pledge).await.done();
    w.street.list_pledge(&pledge).await.done();
    let claim = w.unit.claim(&need, &w.shennong, "2").await.done();
    w.district.confirm(&claim).await.done();
    let report = w.unit.report(&claim, "2").await.done();
    w.district.accept(&report, "1").await.done();
    let venue = json!({ "area": w.beimen, "kind": "CENTRE", "name": "北门街道党群服务中心", "hours": workdays("08:30", "17:00") });
    let venue = w.street.add_venue(venue).await.done();
    let zone = json!({ "venue": venue.id(), "kind": "MEETING", "name": "会议室", "capacity": 40, "approval": true });
    let zone = w.street.add_zone(zone).await.done();
    let booking = w.unit.book(&zone, &w.shennong, "09:00", "10:00", json!({})).await.done();
    let client = json!({ "district": w.tiedong, "name": "掌上铁东", "scopes": ["READ", "CHANGES", "WRITE"] });
    let client = w.district.register_client(client).await.done();
    let webhook = json!({ "client": client.id(), "url": "https://127.0.0.1:9/hook" });
    let webhook = w.district.register_webhook(webhook).await.done();
    let complaint = json!({ "area": w.taoyuan, "kind": "COMPLAINT", "words": "楼道灯坏了" });
    let file = "mutation($input: FileComplaintInput!) { fileComplaint(input: $input) { result { id } } }";
    let complaint = app.anyone().query(file, json!({ "input": complaint })).await["fileComplaint"]["result"]["id"].clone();
    let account = app.account_of("secretary").await;
    HashMap::from([
        ("needs", need.id().to_owned()),
        ("resources", pledge.id().to_owned()),
        ("matches", claim.id().to_owned()),
        ("venues", venue.id().to_owned()),
        ("zones", zone.id().to_owned()),
        ("bookings", booking.id().to_owned()),
        ("units", w.shennong.clone()),
        ("alliances", w.beimen_alliance.clone()),
        ("clients", client.id().to_owned()),
        ("webhooks", webhook.id().to_owned()),
        ("complaints", complaint.as_str().expect("an id").to_owned()),
        ("people", format!("account_{}", account.simple())),
    ])
}

/// What is wrong with a page, whoever looks at it.
fn faults(page: &Shown) -> Vec<String> {
    let mut faults = Vec::new();
    let attributes = |name: &str| {
        let mark = format!(" {name}=\"");
        page.html.split(&mark).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect::<Vec<_>>()
    };
    let ids = attributes("id");
    let known: HashSet<_> = ids.iter().collect();
    if known.len() < ids.len() {
        let twice: Vec<_> = ids.iter().filter(|id| ids.iter().filter(|other| other == id).count() > 1).collect();
        faults.push(format!("ids that are not unique: {twice:?}"));
    }
    for of in attributes("for") {
        if !known.contains(&of) {
            faults.push(format!("a label for {of}, which is not there"));
        }
    }
    for described in attributes("aria-describedby").iter().flat_map(|by| by.split_whitespace()) {
        if !ids.iter().any(|id| id == described) {
            faults.push(format!("described by {described}, which is not there"));
        }
    }
    let count = |mark: &str| page.html.matches(mark).count();
    if count("<h1") != 1 {
        faults.push(format!("{} first headings", count("<h1")));
    }
    if count("<script") != 1 || count(" style=") > 0 || count("javascript:") > 0 || count(" onclick") > 0 {
        faults.push("something inline".to_owned());
    }
    if count("<form") != count("</form>") || count("<details") != count("</details>") || count("<section") != count("</section>") {
        faults.push("something is not closed".to_owned());
    }
    let posts = page.html.split("<form").skip(1).filter(|form| form.split('>').next().is_some_and(|tag| tag.contains("method=\"post\"")));
    for form in posts {
        if !form.split("</form>").next().is_some_and(|form| form.contains("name=\"csrf\"")) {
            faults.push(format!("a form without a secret: {}", form.chars().take(200).collect::<String>()));
        }
    }
    let text = page.text();
    for code in ["PUBLISHED_", "undefined", "NaN", "_SECRETARY", "DISTRICT_"] {
        if text.contains(code) {
            faults.push(format!("the text has {code}"));
        }
    }
    if page.html.len() > 100_000 {
        faults.push(format!("{} bytes", page.html.len()));
    }
    faults
}

both! {
    async fn every_page_is_shown_to_who_may_open_it_in_both_languages(app) {
        let w = app.world().await;
        let samples = samples(app, &w).await;
        let mut opened: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut wrong = Vec::new();
        for login in LOGINS.into_iter().chain([""]) {
            let visitor = if login.is_empty() { app.visitor() } else { app.visitor_as(login).await };
            for path in alliance::console::paths() {
                let about = path.split('/').nth(1).unwrap_or_default();
                let address = match path.contains("{id}") {
                    true => path.replace("{id}", samples.get(about).unwrap_or_else(|| panic!("there is a sample of {about}"))),
                    false => path.to_owned(),
                };
                for (visitor, lang) in [(visitor.clone(), "zh-CN"), (visitor.in_english(), "en")] {
                    let page = visitor.open(&address).await;
                    let policy = page.header("content-security-policy");
                    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{address}");
                    match page.status {
                        200 => opened.entry(path).or_default().push(login),
                        303 if login.is_empty() => assert!(page.to().starts_with("/sign-in?then="), "{address}"),
                        403 | 404 if !login.is_empty() => {}
                        status => wrong.push(format!("{address} as {login:?} in {lang}: {status} {}", page.text())),
                    }
                    if page.status != 303 {
                        assert!(page.has(&format!("<html lang=\"{lang}\"")), "{address}");
                        wrong.extend(faults(&page).into_iter().map(|fault| format!("{address} as {login:?} in {lang}: {fault}")));
                    }
                }
            }
        }
        wrong.dedup();
        assert!(wrong.is_empty(), "{wrong:#?}");
        for path in alliance::console::paths() {
            assert!(opened.contains_key(path), "nobody could open {path}");
        }
    }

    async fn what_may_not_be_seen_is_not_there(app) {
        let w = app.world().await;
        let need = json!({ "community": w.shuanghui, "category": "SAFETY", "form": "SERVICE", "title": "尚未发布", "wanted": "4", "measure": "处", "submit": true });
        let need = w.secretary2.post_need(need).await.done();
        for visitor in [app.visitor(), app.visitor_as("unit").await, app.visitor_as("secretary").await] {
            for id in [need.id(), "need_00000000000000000000000000000000", "nonsense", &w.taoyuan, "%00", "..%2f"] {
                let page = visitor.open(&format!("/needs/{id}")).await;
                assert_eq!(page.status, 404, "{id}");
                assert!(!page.has("尚未发布") && page.has("没有找到这个页面"));
            }
        }
        assert_eq!(app.visitor_as("secretary2").await.open(&format!("/needs/{}", need.id())).await.status, 200);
        let page = app.visitor().open("/no/such/page").await;
        assert_eq!((page.status, page.has("没有找到这个页面")), (404, true));
    }
}
