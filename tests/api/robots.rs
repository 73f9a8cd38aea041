//! Robots of WeCom groups: told what happens in their area and no more, in messages that fit, and a digest on working mornings.

use std::time::Duration;

use alliance::robots::sending;

use crate::support::{Call, Id, Mood, Receiver, TestApp, Thing, Value, World, changed, json};

const KEY: &str = "693a91f6-7b0c-4bc4-97a0-0ec2f1fa5aaa";
const DONE: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

fn new(area: &str, with: Value) -> Value {
    changed(json!({ "area": area, "name": "北门街道工作群", "key": KEY }), &with)
}

/// What a message says, by lines.
fn lines(call: &Call) -> Vec<String> {
    let body = call.body();
    assert_eq!(body["msgtype"], "markdown");
    let text = body["markdown"]["content"].as_str().expect("a text");
    assert!(text.len() <= 4096);
    text.split('\n').map(str::to_owned).collect()
}

/// Tells a story with a group on both databases.
macro_rules! group {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident, $group:ident) $story:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn story($app: &TestApp, $group: &Receiver) $story

            async fn group() -> Receiver {
                let group = Receiver::start().await;
                group.now(|_| Mood::Answers(200, DONE));
                group
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let group = group().await;
                let app = TestApp::with(|settings| settings.robot_url = group.url.clone()).await;
                story(&app, &group).await;
                app.check_invariants().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let group = group().await;
                let app = TestApp::postgres_with(|settings| settings.robot_url = group.url.clone()).await;
                story(&app, &group).await;
                app.check_invariants().await;
            }
        }
    )+};
}

async fn open_need(w: &World, community: &str, title: &str) -> Thing {
    let need = json!({ "community": community, "category": "SAFETY", "form": "SERVICE", "title": title, "wanted": "4", "measure": "处",
        "contactName": "李四", "contactPhone": "13912345678", "submit": true });
    let need = w.district.post_need(need).await.done();
    w.street.publish(&need).await.done()
}

/// Lets the pause between two messages of a robot pass.
fn a_moment(app: &TestApp) {
    app.clock().move_to(app.clock().now() + chrono::TimeDelta::seconds(4));
}

group! {
    async fn a_group_is_told_what_happens_in_its_area_and_nothing_of_others(app, group) {
        let w = app.world().await;
        w.street.add_robot(new(&w.beimen, json!({}))).await.done();
        open_need(&w, &w.ziwei, "修缮<@all>楼道照明").await;
        let need = open_need(&w, &w.taoyuan, "为独居老人送米").await;
        let claim = w.unit.claim(&need, &w.shennong, "3").await.done();
        w.secretary.confirm(&claim).await.done();
        let report = w.unit.report(&claim, "3").await.done();
        w.secretary.accept(&report, "3").await.done();
        let _instances = [app.runs(sending::follow), app.runs(sending::follow)];
        let call = group.hears(1).await.remove(0);
        assert_eq!(call.path, format!("/hook?key={KEY}"));
        let told = lines(&call);
        assert_eq!(told[0], "**党建联盟·北门街道**");
        let of_needs: Vec<&String> = told.iter().filter(|line| line.contains("为独居老人送米")).collect();
        assert!(told.contains(&"> 发起对接：神农集团 — 为独居老人送米（桃源社区，3 处）".to_owned()), "{told:#?}");
        assert!(told.contains(&"> 验收通过：神农集团 — 为独居老人送米（桃源社区，3 处）".to_owned()), "{told:#?}");
        assert_eq!(of_needs.len(), told.len() - 1 - told.iter().filter(|line| line.contains("楼道照明")).count());
        assert!(!call.text.contains("139") && !call.text.contains("李四") && !call.text.contains("<@"), "{told:#?}");
        for row in app.rows("SELECT robot_key FROM robots").await {
            assert!(!row.try_get_by_index::<String>(0).expect("a text").contains(&KEY[..8]));
        }
    }

    async fn a_community_hears_nothing_of_its_neighbour(app, group) {
        let w = app.world().await;
        w.secretary.add_robot(new(&w.taoyuan, json!({ "kinds": ["NEED_PUBLISHED"] }))).await.done();
        let _instance = app.runs(sending::follow);
        open_need(&w, &w.ziwei, "修缮楼道照明").await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        group.hears(0).await;
        open_need(&w, &w.taoyuan, "为独居老人送米").await;
        assert_eq!(lines(&group.hears(1).await[0])[1], "> 需求发布：为独居老人送米（桃源社区，尚缺 4 处）");
    }

    async fn a_digest_counts_what_waits_on_working_mornings_once(app, group) {
        let w = app.world().await;
        let robot = w.street.add_robot(new(&w.beimen, json!({ "kinds": ["MATCH_TIMED_OUT"], "digestAt": "08:30" }))).await.done();
        open_need(&w, &w.taoyuan, "为独居老人送米").await;
        let waiting = json!({ "community": w.taoyuan, "category": "SAFETY", "form": "SERVICE", "title": "添置长椅", "wanted": "4", "measure": "处", "submit": true });
        w.secretary.post_need(waiting).await.done();
        let _instances = [app.runs(sending::follow), app.runs(sending::follow)];
        tokio::time::sleep(Duration::from_millis(1500)).await;
        group.hears(0).await;
        app.move_to("2025-03-11 08:29").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        group.hears(0).await;
        app.move_to("2025-03-11 08:31").await;
        let told = lines(&group.hears(1).await[0]);
        assert_eq!(told[0], "**党建联盟·北门街道 3月11日 工作提醒**");
        assert!(told.contains(&"> 待审核需求：1 件".to_owned()) && told.contains(&"> 待认领需求：1 件".to_owned()), "{told:#?}");
        app.move_to("2025-03-11 18:00").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        group.hears(1).await;
        // A Saturday.
        app.move_to("2025-03-15 09:00").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let so_far = group.calls().len();
        w.street.update_robot(json!({ "id": robot.id(), "digestAt": null })).await.done();
        app.move_to("2025-03-17 09:00").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        group.hears(so_far).await;
        assert!(group.calls().iter().all(|call| !call.text.contains("3月15日")));
    }

    async fn what_wecom_refuses_is_sent_again_and_a_robot_that_is_gone_is_paused(app, group) {
        let w = app.world().await;
        let robot = w.street.add_robot(new(&w.beimen, json!({}))).await.done();
        group.now(|_| Mood::Answers(200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#));
        let _instance = app.runs(sending::follow);
        open_need(&w, &w.taoyuan, "为独居老人送米").await;
        group.hears(1).await;
        let failing = w.street.see(&robot).await;
        assert_eq!((&failing["status"], &failing["lastFailure"]), (&json!("ACTIVE"), &json!("STATUS")));
        group.now(|_| Mood::Answers(200, DONE));
        app.move_to("2025-03-10 09:05").await;
        let calls = group.hears(2).await;
        assert_eq!(calls[0].text, calls[1].text);
        group.now(|_| Mood::Answers(200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#));
        a_moment(app);
        w.street.test_robot(&robot).await.done();
        group.hears(3).await;
        assert_eq!(w.street.see(&robot).await["pausedBecause"], "GONE");
        w.street.test_robot(&robot).await.refused("WRONG_STATE");
        w.street.update_robot(json!({ "id": robot.id(), "key": KEY.replace('6', "7") })).await.done();
        w.street.resume_robot(&robot).await.done();
        group.now(|_| Mood::Answers(200, DONE));
        a_moment(app);
        let told = group.hears(4).await.remove(3);
        assert_eq!(lines(&told)[1], "> 测试消息：群机器人已接通");
        assert!(told.path.ends_with(&KEY.replace('6', "7")));
    }

    async fn many_changes_come_in_few_messages_and_none_is_left_out(app, group) {
        let w = app.world().await;
        w.street.add_robot(new(&w.beimen, json!({ "kinds": ["NEED_PUBLISHED", "NEED_RELEASED"] }))).await.done();
        for n in 0..40 {
            open_need(&w, &w.taoyuan, &format!("{n}号：{}", "为辖区独居老人开展上门理发服务".repeat(2))).await;
        }
        let _instance = app.runs(sending::follow);
        for _ in 0..20 {
            let told: usize = group.calls().iter().map(|call| lines(call).len() - 1).sum();
            if told >= 40 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            a_moment(app);
        }
        let calls = group.calls();
        let told: Vec<String> = calls.iter().flat_map(|call| lines(call).split_off(1)).collect();
        assert!(calls.len() > 1 && calls.len() < 5, "{} messages", calls.len());
        assert_eq!(told.len(), 40);
        assert!(told.iter().enumerate().all(|(n, line)| line.starts_with(&format!("> 需求发布：{n}号："))), "{told:#?}");
    }

    async fn only_who_works_for_an_area_adds_robots_and_nobody_sees_their_keys(app, group) {
        let w = app.world().await;
        for (key, value) in [("key", json!("https://evil.example/cgi-bin/webhook/send?key=x")), ("digestAt", json!("8:30")), ("kinds", json!(["AREA_RENAMED"])), ("name", json!(""))] {
            w.street.add_robot(new(&w.beimen, json!({ key: value }))).await.refused("INVALID_INPUT");
        }
        for other in [&w.unit, &w.partner, &w.auditor] {
            other.add_robot(new(&w.beimen, json!({}))).await.failed("FORBIDDEN");
        }
        w.secretary.add_robot(new(&w.ziwei, json!({}))).await.failed("FORBIDDEN");
        let robot = w.secretary.add_robot(new(&w.taoyuan, json!({ "digestAt": "08:30" }))).await.done();
        for other in [&w.unit, &w.partner, &w.auditor, &w.secretary2] {
            other.sees_nothing_of(&robot).await;
            other.remove_robot(&robot).await.failed("NOT_FOUND");
        }
        assert_eq!(w.street.lists("robots").await, [robot.id()]);
        assert_eq!(w.secretary2.lists("robots").await, [] as [&str; 0]);
        assert_eq!(w.unit.run("{ robots { nodes { id } } }", json!({})).await.code(), "FORBIDDEN");
        w.secretary.remove_robot(&robot).await.done();
        w.secretary.remove_robot(&robot).await.done();
        w.secretary.pause_robot(&robot).await.refused("WRONG_STATE");
        assert_eq!(w.street.lists("robots").await, [] as [&str; 0]);
        assert_eq!(app.journal_of(robot.id()).await, ["ROBOT_ADDED", "ROBOT_REMOVED"]);
        group.hears(0).await;
    }
}
