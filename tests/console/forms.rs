//! Forms: whose they are, what becomes of them, and what nobody can do with them.

use crate::support::{Id, Visitor, World, json};

/// What a secretary types to post a need.
const NEED: [(&str, &str); 6] =
    [("category", "ELDERLY"), ("form", "GOODS"), ("title", "给独居老人送热饭"), ("wanted", "30"), ("measure", "份"), ("submit", "true")];

fn need_of<'a>(w: &'a World, with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = [("do", "postNeed"), ("community", w.taoyuan.as_str())].into_iter().chain(NEED).collect();
    fields.retain(|(name, _)| !with.iter().any(|(known, _)| known == name));
    fields.extend(with);
    fields
}

async fn count(visitor: &Visitor) -> usize {
    let page = visitor.open("/needs").await;
    page.html.matches("给独居老人送热饭</a>").count()
}

both! {
    async fn a_need_is_posted_and_the_way_leads_to_it_which_says_so_once(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        let answer = secretary.post("/needs/new", &need_of(&w, &[("then", "/needs/{id}")])).await;
        assert_eq!(answer.status, 303, "{}", answer.html);
        assert!(answer.to().starts_with("/needs/need_"), "{}", answer.to());
        let page = secretary.open(answer.to()).await;
        assert_eq!(page.status, 200);
        assert!(page.has("role=\"status\"") && page.has("需求已登记") && page.has("给独居老人送热饭"), "{}", page.html);
        assert!(!secretary.open(answer.to()).await.has("role=\"status\""), "it is told once");
    }

    async fn two_taps_post_one_need(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        let fields = need_of(&w, &[("key", "the-key-of-this-form"), ("then", "/needs/{id}")]);
        let (one, two) = tokio::join!(secretary.post("/needs/new", &fields), secretary.post("/needs/new", &fields));
        assert_eq!((one.status, two.status), (303, 303), "{} {}", one.html, two.html);
        assert_eq!(one.to(), two.to());
        assert_eq!(count(&secretary).await, 1);
    }

    async fn what_is_refused_stands_beside_its_field_and_nothing_typed_is_lost(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        let answer = secretary.post("/needs/new", &need_of(&w, &[("wanted", "0"), ("description", "每天中午 <送到家>")])).await;
        assert_eq!(answer.status, 422, "{}", answer.html);
        assert!(answer.has("href=\"#f-wanted\"") && answer.has("id=\"w-wanted\"") && answer.has("aria-invalid=\"true\""), "{}", answer.html);
        assert!(answer.has("value=\"给独居老人送热饭\"") && answer.has("每天中午 &lt;送到家&gt;"), "{}", answer.html);
        assert_eq!(count(&secretary).await, 0);
    }

    async fn a_check_writes_nothing(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        let answer = secretary.post("/needs/new", &need_of(&w, &[("step", "check"), ("wanted", "30000")])).await;
        assert_eq!(answer.status, 200, "{}", answer.html);
        assert!(answer.has("30,000") && answer.has("type=\"hidden\" name=\"title\" value=\"给独居老人送热饭\""), "{}", answer.html);
        assert_eq!(count(&secretary).await, 0);
    }

    async fn a_form_of_another_site_does_nothing(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        let need = w.open_need("修缮楼道照明", "4", "处").await;
        let unit = app.visitor_as("unit").await;
        unit.open("/hall").await;
        let path = format!("/needs/{}/claim", need.id());
        let claim = [("do", "claimNeed"), ("need", need.id()), ("unit", w.shennong.as_str()), ("quantity", "1")];
        let wrong_secret: Vec<_> = [("csrf", secretary.cookie("csrf").expect("a secret"))].into();
        let stolen: Vec<_> = wrong_secret.iter().map(|(name, value)| (*name, value.as_str())).chain(claim).collect();
        for (visitor, fields) in [
            (unit.with("origin", "https://evil.example"), claim.to_vec()),
            (unit.with("sec-fetch-site", "cross-site"), claim.to_vec()),
            (unit.with("sec-fetch-site", "same-site"), claim.to_vec()),
            (unit.with("origin", "null"), claim.to_vec()),
        ] {
            assert_eq!(visitor.post(&path, &fields).await.status, 403);
        }
        // Two secrets in one form: the first is the one that counts, and an empty one is none.
        let without = app.visitor();
        without.cookies.lock().expect("the cookies").extend(unit.cookies.lock().expect("the cookies").clone());
        without.cookies.lock().expect("the cookies").insert("alliance-csrf".to_owned(), String::new());
        assert_eq!(without.post(&path, &stolen).await.status, 403);
        assert_eq!(w.secretary.see(&need).await["unmatched"], "4");
        let own = unit.post(&path, &claim).await;
        assert_eq!(own.status, 303, "{}", own.html);
        assert_eq!(w.street.see(&need).await["unmatched"], "3");
    }

    async fn a_way_that_leads_elsewhere_is_not_taken(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        for then in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/\r\nset-cookie: a=b"] {
            let answer = secretary.post("/needs/new", &need_of(&w, &[("then", then)])).await;
            assert_eq!((answer.status, answer.to()), (303, "/needs/new"), "{then}");
            let answer = secretary.post("/preferences", &[("lang", "zh"), ("then", then)]).await;
            assert_eq!((answer.status, answer.to()), (303, "/"), "{then}");
        }
        // What was done has no id: a way that waits for one must not become another.
        let visitor = app.visitor();
        let path = "/sign-in?then=%2F%7Bid%7D%2Fevil.example";
        let answer = visitor.fill(path, "signIn", &[("login", "secretary"), ("password", crate::support::PASSWORD)]).await;
        assert_eq!((answer.status, answer.to()), (303, path));
    }

    async fn an_address_adds_nothing_to_a_form(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        let path = "/needs/new?description=INJECTED&place=INJECTED&contactName=INJECTED&urgency=URGENT";
        let answer = secretary.post(path, &need_of(&w, &[("description", ""), ("then", "/needs/{id}")])).await;
        assert_eq!(answer.status, 303, "{}", answer.html);
        let need = w.secretary.see(&answer.to().trim_start_matches("/needs/").to_owned()).await;
        assert_eq!((&need["description"], &need["place"], &need["contactName"], &need["urgency"]), (&json!(null), &json!(null), &json!(null), &json!("ROUTINE")));
    }

    async fn a_huge_form_is_refused_before_anything_is_done(app) {
        let w = app.world().await;
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        let names: Vec<_> = (0..600).map(|n| format!("directedTo.{n}.x")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert_eq!(secretary.post("/needs/new", &need_of(&w, &many)).await.status, 400);
        assert_eq!(secretary.open(&format!("/hall?search={}", "a".repeat(5000))).await.status, 414);
    }

    async fn what_a_page_does_not_offer_cannot_be_done_on_it(app) {
        let w = app.world().await;
        let need = w.open_need("修缮楼道照明", "4", "处").await;
        let unit = app.visitor_as("unit").await;
        unit.open("/hall").await;
        // Neither a query nor a mutation of another page.
        for verb in ["Need", "disableAccount", "signOut", "", "withdrawNeed publishNeed"] {
            assert_eq!(unit.post(&format!("/needs/{}", need.id()), &[("do", verb)]).await.status, 400, "{verb}");
        }
        // One that the page has, but not for this visitor.
        let answer = unit.post(&format!("/needs/{}", need.id()), &[("do", "withdrawNeed"), ("id", need.id()), ("reason", "不要了")]).await;
        assert_eq!(answer.status, 403, "{}", answer.html);
        assert_eq!(w.street.see(&need).await["status"], "PUBLISHED_OPEN");
    }

    async fn what_somebody_typed_is_never_a_script(app) {
        let w = app.world().await;
        let script = "</title><script>alert(1)</script>{{7*7}}";
        let long = "</textarea>\"'><img src=x onerror=alert(1)>{% raw %}<script>alert(1)</script>";
        let need = json!({ "community": w.ziwei, "category": "SAFETY", "form": "SERVICE", "title": script, "description": long, "place": script,
            "wanted": "4", "measure": "<b>", "submit": true });
        let need = w.district.post_need(need).await.done();
        w.street.publish(&need).await.done_with_warnings(&["NO_PAIRED_UNITS"]);
        let claim = w.unit.claim(&need, &w.shennong, "1").await.done();
        w.street.reject(&claim, long).await.done();
        let question: String = serde_urlencoded::to_string([("search", long), ("after", ""), ("order", "NEWEST")]).expect("a question");
        for path in ["/hall", &format!("/hall?{question}"), &format!("/needs/{}", need.id()), &format!("/needs/{}/claim", need.id()), "/", "/matches"] {
            for visitor in [app.visitor_as("unit").await, app.visitor_as("street").await, app.visitor()] {
                let page = visitor.open(path).await;
                assert!(!page.has("<script>alert") && !page.has("<img src=x") && !page.has("<b>") && !page.has(">49"), "{path}: {}", page.html);
            }
        }
        // Also where it comes back after a refusal.
        let secretary = app.visitor_as("secretary").await;
        secretary.open("/needs/new").await;
        let answer = secretary.post("/needs/new", &need_of(&w, &[("wanted", script), ("title", script), ("description", long), ("then", long)])).await;
        assert!(answer.status >= 400, "{}", answer.status);
        assert!(!answer.has("<script>alert") && !answer.has("<img src=x"), "{}", answer.html);
    }
}
