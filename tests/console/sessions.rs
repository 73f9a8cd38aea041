//! Signing in by the page, staying signed in, signing out.

use crate::support::{Id, TestApp};

fn cookies(shown: &crate::support::Shown) -> Vec<String> {
    shown.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("a cookie").to_owned()).collect()
}

both! {
    async fn cookies_are_out_of_reach_of_scripts_and_of_other_sites(app) {
        app.world().await;
        let visitor = app.visitor();
        let shown = visitor.sign_in("secretary").await;
        let set = cookies(&shown);
        assert_eq!(set.iter().filter(|cookie| cookie.starts_with("alliance-access=") || cookie.starts_with("alliance-refresh=")).count(), 2);
        for cookie in &set {
            assert!(cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("; Path=/") && !cookie.contains("Domain"), "{cookie}");
            assert!(!cookie.contains("Secure"), "{cookie}");
        }
        // Anybody can say so; only a proxy is believed.
        let set = cookies(&app.visitor().with("x-forwarded-proto", "https").open("/sign-in").await);
        assert!(set.iter().all(|cookie| cookie.starts_with("alliance-")), "{set:?}");
    }

    async fn a_form_from_before_signing_in_counts_no_more(app) {
        app.world().await;
        let visitor = app.visitor();
        visitor.open("/sign-in").await;
        let before = visitor.cookie("csrf");
        visitor.sign_in("secretary").await;
        let after = visitor.cookie("csrf");
        assert!(before.is_some() && after.is_some() && before != after);
    }

    async fn wrong_credentials_are_told_and_open_nothing(app) {
        app.world().await;
        let visitor = app.visitor();
        let shown = visitor.fill("/sign-in", "signIn", &[("login", "secretary"), ("password", "wrong")]).await;
        assert_eq!(shown.status, 422);
        assert!(shown.has("value=\"secretary\"") && !shown.has("wrong\""), "{}", shown.html);
        assert_eq!(visitor.cookie("access"), None);
        let shown = visitor.open("/needs").await;
        assert_eq!((shown.status, shown.to()), (303, "/sign-in?then=%2Fneeds"));
    }

    async fn whoever_must_sign_in_comes_back_to_where_they_went(app) {
        app.world().await;
        let visitor = app.visitor();
        assert_eq!(visitor.open("/needs?status=SUBMITTED").await.to(), "/sign-in?then=%2Fneeds%3Fstatus%3DSUBMITTED");
        let path = "/sign-in?then=%2Fneeds%3Fstatus%3DSUBMITTED";
        let shown = visitor.fill(path, "signIn", &[("login", "secretary"), ("password", crate::support::PASSWORD)]).await;
        assert_eq!((shown.status, shown.to()), (303, "/needs?status=SUBMITTED"));
    }

    async fn a_session_goes_on_after_its_token_has_ended_also_in_two_tabs_at_once(app) {
        app.world().await;
        let visitor = app.visitor_as("secretary").await;
        let before = visitor.cookie("refresh");
        app.move_to("2025-03-10 10:00").await;
        let (first, second) = (visitor.clone(), visitor.clone());
        let (one, two) = tokio::join!(first.open("/needs"), second.open("/matches"));
        assert_eq!((one.status, two.status), (200, 200), "{} {}", one.html, two.html);
        assert_ne!(visitor.cookie("refresh"), before);
        // A browser that lost the answer comes with the former token again.
        let lost = app.visitor();
        lost.cookies.lock().expect("the cookies").insert("alliance-refresh".to_owned(), before.expect("a token"));
        assert_eq!(lost.open("/needs").await.status, 200);
        assert_eq!(visitor.open("/needs").await.status, 200);
    }

    async fn signing_out_ends_the_session_also_for_who_kept_its_cookies(app) {
        app.world().await;
        let visitor = app.visitor_as("secretary").await;
        let kept = visitor.cookies.lock().expect("the cookies").clone();
        let shown = visitor.post("/sign-in", &[("do", "signOut"), ("then", "/")]).await;
        assert_eq!((shown.status, shown.to()), (303, "/"), "{}", shown.html);
        assert_eq!((visitor.cookie("access"), visitor.cookie("refresh")), (None, None));
        let thief = app.visitor();
        *thief.cookies.lock().expect("the cookies") = kept;
        assert_eq!(thief.open("/needs").await.to(), "/sign-in?then=%2Fneeds");
    }

    async fn a_role_that_is_chosen_is_kept_and_one_that_is_not_mine_is_none(app) {
        let w = app.world().await;
        app.grant(app.account_of("secretary").await, alliance::auth::Role::UnitRepresentative, &w.kunbo).await;
        let visitor = app.visitor_as("secretary").await;
        let page = visitor.open("/account").await;
        assert!(page.has("桃源社区"), "{}", page.html);
        let data = w.secretary.query("{ viewer { grants { id unit { name } } } }", crate::support::json!({})).await;
        let grants = data["viewer"]["grants"].as_array().expect("grants");
        let of_unit = grants.iter().find(|grant| !grant["unit"].is_null()).expect("the second role")["id"].as_str().expect("an id");
        visitor.post("/preferences", &[("acting", of_unit), ("then", "/")]).await;
        let desk = visitor.open("/").await;
        assert!(desk.has("href=\"/resources/new\"") && !desk.has("href=\"/needs/new\""), "{}", desk.html);
        visitor.post("/preferences", &[("acting", "grant_00000000000000000000000000000000"), ("then", "/")]).await;
        assert!(visitor.open("/").await.has("href=\"/needs/new\""));
    }

    async fn language_and_large_type_are_kept(app) {
        app.world().await;
        let visitor = app.visitor().in_english();
        assert!(visitor.open("/hall").await.has("<html lang=\"en\">"));
        visitor.post("/preferences", &[("lang", "zh"), ("then", "/hall")]).await;
        visitor.post("/preferences", &[("type", "large"), ("then", "/hall")]).await;
        assert!(visitor.open("/hall").await.has("<html lang=\"zh-CN\" class=\"large\">"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_typed_into_the_page_too_often_is_locked_like_any_other() {
    let app = TestApp::sqlite().await;
    let w = app.world().await;
    let visitor = app.visitor();
    for _ in 0..w.tiedong.id().len().min(10) {
        visitor.fill("/sign-in", "signIn", &[("login", "secretary"), ("password", "wrong")]).await;
    }
    let shown = visitor.fill("/sign-in", "signIn", &[("login", "secretary"), ("password", crate::support::PASSWORD)]).await;
    assert_eq!(shown.status, 422);
    assert_eq!(visitor.cookie("access"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_with_tls_no_other_host_can_have_set_a_cookie() {
    let app = TestApp::with(|settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")]).await;
    let set = cookies(&app.visitor().with("x-forwarded-proto", "https").open("/sign-in").await);
    assert!(!set.is_empty() && set.iter().all(|cookie| cookie.starts_with("__Host-alliance-") && cookie.contains("; Secure")), "{set:?}");
}
