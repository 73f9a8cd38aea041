//! Webhooks against receivers that fail, hang, redirect and come back: every change arrives, signed, in order per object; whoever may not know
//! is told nothing.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use alliance::webhooks::sending;
use standardwebhooks::Webhook;

use crate::support::{Actor, Call, Id, Mood, Receiver, Thing, Value, World, changed, json};

async fn client(w: &World, scopes: Value) -> Thing {
    w.district.register_client(json!({ "district": w.tiedong, "name": "掌上铁东", "scopes": scopes })).await.done()
}

/// Registers a webhook of a new client; it and its secret.
async fn registered(w: &World, receiver: &Receiver, with: Value) -> (Thing, String) {
    let client = client(w, json!(["READ", "CHANGES"])).await;
    let input = changed(json!({ "client": client.id(), "url": receiver.url }), &with);
    let document =
        "mutation($input: RegisterWebhookInput!) { registerWebhook(input: $input) { result { id } secret refusals { code message } } }";
    let data = w.district.query(document, json!({ "input": input })).await;
    let payload = &data["registerWebhook"];
    let secret = payload["secret"].as_str().unwrap_or_else(|| panic!("a secret: {payload}")).to_owned();
    (Thing(payload["result"].clone()), secret)
}

async fn messages(actor: &Actor, webhook: &Thing) -> Vec<Value> {
    let document = "query($id: ID!) { node(id: $id) { ... on Webhook { messages(first: 100) { nodes { \
                    id messageId kind nodeId status attempts lastStatus lastFailure nextAttemptAt } } } } }";
    let data = actor.query(document, json!({ "id": webhook.id() })).await;
    data["node"]["messages"]["nodes"].as_array().cloned().unwrap_or_default()
}

/// Waits until no message of a webhook is under way: all received, or all waiting for their time.
async fn settled(w: &World, webhook: &Thing, expected: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..300 {
        let all = messages(&w.district, webhook).await;
        if expected(&all) {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:#?}", messages(&w.district, webhook).await);
}

/// In which order the kinds of changes of each object came, each counted once.
fn by_object(calls: &[Call]) -> HashMap<String, Vec<String>> {
    let (mut seen, mut objects) = (HashSet::new(), HashMap::<String, Vec<String>>::new());
    for call in calls {
        if seen.insert(call.id().to_owned()) {
            let (node, kind) = call.told();
            objects.entry(node).or_default().push(kind);
        }
    }
    objects
}

/// Names an area anew so many times, which everybody may see.
async fn rename(w: &World, area: &str, times: usize) {
    for n in 0..times {
        w.district.rename_area(area, &format!("第{n}次")).await.done();
    }
}

both! {
    async fn changes_are_sent_signed_as_a_library_of_the_standard_signs_them(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (webhook, secret) = registered(&w, &receiver, json!({})).await;
        let _instance = app.runs(sending::follow);
        w.district.rename_area(&w.taoyuan, "桃园社区").await.done();
        let call = receiver.hears(1).await.remove(0);
        let (id, timestamp) = (call.id().to_owned(), call.header("webhook-timestamp").parse().expect("a number"));
        let library = Webhook::new(&secret).expect("a secret of the standard");
        assert_eq!(library.sign(&id, timestamp, call.text.as_bytes()).expect("a signature"), call.header("webhook-signature"));
        assert_eq!((call.path.as_str(), call.header("content-type")), ("/hook", "application/json"));
        let feed = w.auditor.query("{ journal(first: 1) { nodes { id } } }", json!({})).await;
        assert_eq!(feed["journal"]["nodes"][0]["id"], id.as_str(), "the id is that of the change");
        let body = call.body();
        assert_eq!((&body["type"], &body["timestamp"]), (&json!("AREA_RENAMED"), &json!("2025-03-10T01:00:00.000000Z")));
        assert_eq!((&body["data"]["id"], &body["data"]["nodeId"]), (&json!(id), &json!(w.taoyuan)));
        // What follows its cursor is what comes next.
        let after = body["data"]["cursor"].as_str().expect("a cursor").to_owned();
        w.district.rename_area(&w.ziwei, "紫薇社区").await.done();
        let next = receiver.hears(2).await.remove(1);
        let query = "query($after: String!) { changes(after: $after) { changes { id } } }";
        let batch = app.anyone().query(query, json!({ "after": after })).await;
        assert_eq!(batch["changes"]["changes"], json!([{ "id": next.id() }]));
        let all = settled(&w, &webhook, |all| all.iter().all(|message| message["status"] == "RECEIVED")).await;
        assert_eq!((all.len(), &all[0]["attempts"], &all[0]["lastStatus"]), (2, &json!(1), &json!(200)));
        for (table, column) in [("webhooks", "secret"), ("journal", "CAST(detail AS TEXT)")] {
            let rows = app.rows(&format!("SELECT {column} FROM {table}")).await;
            assert!(rows.iter().all(|row| !row.try_get_by_index::<String>(0).expect("a text").contains(&secret[6..])), "{table}");
        }
    }

    async fn a_client_is_told_what_it_may_see_of_the_kinds_that_it_chose(app) {
        let (w, receiver, chosen) = (app.world().await, Receiver::start().await, Receiver::start().await);
        registered(&w, &receiver, json!({})).await;
        registered(&w, &chosen, json!({ "kinds": ["NEED_WITHDRAWN", "GONE"] })).await;
        let _instance = app.runs(sending::follow);
        let need = w.open_need("修缮楼道照明", "4", "处").await;
        let claim = w.unit.claim(&need, &w.shennong, "2").await.done();
        w.district.reject(&claim, "已另行安排").await.done();
        w.district.withdraw_need(&need, "活动取消").await.done();
        let gone = chosen.hears(1).await.remove(0);
        assert_eq!(gone.told(), (need.id().to_owned(), "GONE".to_owned()));
        for _ in 0..100 {
            if receiver.calls().iter().any(|call| call.id() == gone.id()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let heard = by_object(&receiver.calls());
        assert_eq!(heard.keys().collect::<Vec<_>>(), [need.id()], "no match, no draft, nothing of anybody's own");
        assert_eq!(heard[need.id()].last().map(String::as_str), Some("GONE"));
    }

    async fn one_object_that_is_never_received_holds_up_no_other_and_keeps_its_order(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &receiver, json!({})).await;
        let poison = w.taoyuan.clone();
        receiver.now(move |call| Mood::Answers(if call.told().0 == poison { 500 } else { 204 }, ""));
        let _instance = app.runs(sending::follow);
        rename(&w, &w.taoyuan, 3).await;
        rename(&w, &w.ziwei, 3).await;
        let received = |all: &[Value]| all.iter().filter(|message| message["status"] == "RECEIVED").count();
        for _ in 0..40 {
            if received(&messages(&w.district, &webhook).await) == 3 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            app.clock().move_to(app.clock().now() + chrono::TimeDelta::seconds(1));
        }
        let all = settled(&w, &webhook, |all| received(all) == 3).await;
        let waiting: Vec<_> = all.iter().filter(|message| message["status"] == "WAITING").collect();
        assert_eq!(waiting.len(), 3);
        assert_eq!((&waiting[2]["lastStatus"], &waiting[2]["lastFailure"]), (&json!(500), &json!("STATUS")));
        assert!(waiting[..2].iter().all(|message| message["attempts"] == 0), "the later ones wait for the first: {waiting:#?}");
        receiver.now(|_| Mood::Answers(200, ""));
        app.move_to("2025-03-10 12:00").await;
        let heard = settled(&w, &webhook, |all| received(all) == 6).await;
        let first: Vec<_> = heard.iter().rev().map(|message| message["messageId"].as_str().expect("an id").to_owned()).collect();
        let mut arrived: Vec<String> = Vec::new();
        for call in receiver.calls() {
            arrived.retain(|id| id != call.id());
            arrived.push(call.id().to_owned());
        }
        let of = |node: &str| -> Vec<String> {
            let ids = heard.iter().filter(|message| message["nodeId"] == node).map(|message| message["messageId"].clone());
            first.iter().filter(|id| ids.clone().any(|other| other == **id)).cloned().collect()
        };
        for node in [&w.taoyuan, &w.ziwei] {
            let came: Vec<String> = arrived.iter().filter(|id| of(node).contains(id)).cloned().collect();
            assert_eq!(came, of(node));
        }
    }

    async fn a_receiver_that_fails_for_days_is_left_alone_and_told_everything_when_it_is_resumed(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &receiver, json!({})).await;
        receiver.now(|_| Mood::Answers(503, ""));
        let _instance = app.runs(sending::follow);
        rename(&w, &w.taoyuan, 2).await;
        receiver.hears(1).await;
        for day in ["2025-03-11 10:00", "2025-03-12 11:00", "2025-03-13 12:00"] {
            let before = receiver.calls().len();
            app.move_to(day).await;
            receiver.hears(before + 1).await;
        }
        let paused = w.district.see(&webhook).await;
        assert_eq!((&paused["status"], &paused["pausedBecause"]), (&json!("PAUSED"), &json!("FAILING")));
        assert_eq!(app.journal_of(webhook.id()).await, ["WEBHOOK_REGISTERED", "WEBHOOK_PAUSED"]);
        rename(&w, &w.taoyuan, 2).await;
        receiver.now(|_| Mood::Answers(200, ""));
        app.move_to("2025-03-20 09:00").await;
        receiver.hears(4).await;
        w.district.test_webhook(&webhook).await.refused("WRONG_STATE");
        w.district.resume_webhook(&webhook).await.done();
        let heard = by_object(&receiver.hears(8).await);
        assert_eq!(heard[&w.taoyuan].len(), 4);
        w.district.resume_webhook(&webhook).await.done();
    }

    async fn a_redirect_is_not_followed_and_an_address_that_is_gone_is_asked_no_more(app) {
        let (w, receiver, elsewhere) = (app.world().await, Receiver::start().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &receiver, json!({})).await;
        let to = elsewhere.url.clone();
        receiver.now(move |_| Mood::Redirects(to.clone()));
        let _instance = app.runs(sending::follow);
        rename(&w, &w.taoyuan, 1).await;
        receiver.hears(1).await;
        let all = settled(&w, &webhook, |all| all.iter().any(|message| message["lastFailure"] == "REDIRECTED")).await;
        assert_eq!((all.len(), &all[0]["lastStatus"]), (1, &json!(307)));
        receiver.now(|_| Mood::Answers(410, ""));
        app.move_to("2025-03-10 10:00").await;
        receiver.hears(2).await;
        assert_eq!(w.district.see(&webhook).await["pausedBecause"], "GONE");
        elsewhere.hears(0).await;
    }

    async fn a_receiver_that_hangs_is_tried_again_and_holds_up_no_other_webhook(app) {
        let (w, slow, quick) = (app.world().await, Receiver::start().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &slow, json!({})).await;
        registered(&w, &quick, json!({})).await;
        slow.now(|_| Mood::Hangs);
        let _instance = app.runs(sending::follow);
        rename(&w, &w.taoyuan, 1).await;
        quick.hears(1).await;
        assert_eq!(slow.calls().len(), 1);
        let all = settled(&w, &webhook, |all| all[0]["lastFailure"] == "TIMED_OUT").await;
        assert_eq!((&all[0]["status"], &all[0]["lastStatus"]), (&json!("WAITING"), &Value::Null));
        slow.now(|_| Mood::Answers(200, ""));
        app.move_to("2025-03-10 10:00").await;
        assert_eq!(slow.hears(2).await.iter().map(Call::id).collect::<HashSet<_>>().len(), 1, "the same message under the same id");
    }

    async fn three_instances_send_each_message_once(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        registered(&w, &receiver, json!({})).await;
        let _instances = [app.runs(sending::follow), app.runs(sending::follow), app.runs(sending::follow)];
        rename(&w, &w.taoyuan, 20).await;
        rename(&w, &w.ziwei, 20).await;
        let calls = receiver.hears(40).await;
        assert_eq!(calls.iter().map(Call::id).collect::<HashSet<_>>().len(), 40);
    }

    async fn nothing_is_lost_where_instances_are_cut_off_at_any_line(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &receiver, json!({})).await;
        let mut expected = Vec::new();
        for round in 0..12u64 {
            let instances = [app.runs(sending::follow), app.runs(sending::follow)];
            rename(&w, &w.taoyuan, 2).await;
            rename(&w, &w.shuanghui, 1).await;
            tokio::time::sleep(Duration::from_millis(260 + 17 * round)).await;
            drop(instances);
        }
        let document = "query { journal(first: 100, filter: { kind: [AREA_RENAMED] }) { nodes { id nodeId } } }";
        for entry in w.auditor.query(document, json!({})).await["journal"]["nodes"].as_array().expect("entries").iter().rev() {
            expected.push((entry["nodeId"].as_str().expect("an id").to_owned(), entry["id"].as_str().expect("an id").to_owned()));
        }
        assert_eq!(expected.len(), 36);
        let _instance = app.runs(sending::follow);
        // What was under way when an instance was cut off is taken again a minute later.
        app.move_to("2025-03-10 09:02").await;
        let received = |all: &[Value]| all.len() == 36 && all.iter().all(|message| message["status"] == "RECEIVED");
        for minute in 3..20 {
            if received(&messages(&w.district, &webhook).await) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(700)).await;
            app.move_to(&format!("2025-03-10 09:{minute:02}")).await;
        }
        settled(&w, &webhook, received).await;
        let mut seen = HashSet::new();
        let arrived: Vec<(String, String)> =
            receiver.calls().iter().filter(|call| seen.insert(call.id().to_owned())).map(|call| (call.told().0, call.id().to_owned())).collect();
        for node in [&w.taoyuan, &w.shuanghui] {
            let of = |all: &[(String, String)]| all.iter().filter(|(of, _)| of == node).cloned().collect::<Vec<_>>();
            assert_eq!(of(&arrived), of(&expected), "in order, for the first time each");
        }
    }

    async fn a_test_tells_whether_it_arrives_and_what_was_received_can_be_sent_again(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &receiver, json!({})).await;
        let _instance = app.runs(sending::follow);
        let test = w.district.test_webhook(&webhook).await.done();
        let call = receiver.hears(1).await.remove(0);
        assert_eq!((call.id(), &call.body()["type"], &call.body()["data"]), (test.id(), &json!("TEST"), &json!({ "webhook": webhook.id() })));
        rename(&w, &w.taoyuan, 2).await;
        let first: Vec<String> = receiver.hears(3).await[1..].iter().map(|call| call.id().to_owned()).collect();
        let log = settled(&w, &webhook, |all| all.iter().all(|message| message["status"] == "RECEIVED")).await;
        let message = Thing(log[0].clone());
        w.district.replay_webhook_message(&message).await.done();
        assert_eq!(receiver.hears(4).await[3].id(), first[1]);
        let since = json!("2025-03-10T00:00:00Z");
        let document = "mutation($id: ID!, $since: DateTime!) { replayWebhook(id: $id, since: $since) { result { id } refusals { code } } }";
        w.district.query(document, json!({ "id": webhook.id(), "since": since })).await;
        let again: HashSet<String> = receiver.hears(7).await[4..].iter().map(|call| call.id().to_owned()).collect();
        assert_eq!(again, HashSet::from([test.id().to_owned(), first[0].clone(), first[1].clone()]));
    }

    async fn a_webhook_that_moves_takes_what_waits_along(app) {
        let (w, former, receiver) = (app.world().await, Receiver::start().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &former, json!({})).await;
        former.now(|_| Mood::Answers(500, ""));
        let _instance = app.runs(sending::follow);
        rename(&w, &w.taoyuan, 1).await;
        former.hears(1).await;
        let changes = json!({ "id": webhook.id(), "url": receiver.url, "kinds": ["UNIT_ADDED"] });
        assert_eq!(w.district.update_webhook(changes).await.done()["kinds"], json!(["UNIT_ADDED"]));
        rename(&w, &w.taoyuan, 1).await;
        app.move_to("2025-03-10 09:05").await;
        assert_eq!(receiver.hears(1).await[0].id(), former.calls()[0].id());
        former.hears(1).await;
    }

    async fn a_new_secret_signs_beside_the_former_one_for_a_day(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (webhook, former) = registered(&w, &receiver, json!({})).await;
        let document = "mutation($id: ID!) { rotateWebhookSecret(id: $id) { secret refusals { code } } }";
        let data = w.district.query(document, json!({ "id": webhook.id() })).await;
        let secret = data["rotateWebhookSecret"]["secret"].as_str().expect("a secret").to_owned();
        let _instance = app.runs(sending::follow);
        let signed = |call: &Call| {
            let by = |secret: &str| {
                let at = call.header("webhook-timestamp").parse().expect("a number");
                Webhook::new(secret).expect("a secret").sign(call.id(), at, call.text.as_bytes()).expect("a signature")
            };
            let signatures: Vec<String> = call.header("webhook-signature").split(' ').map(str::to_owned).collect();
            (signatures.contains(&by(&secret)), signatures.contains(&by(&former)))
        };
        rename(&w, &w.taoyuan, 1).await;
        assert_eq!(signed(&receiver.hears(1).await[0]), (true, true));
        app.move_to("2025-03-11 09:01").await;
        rename(&w, &w.taoyuan, 1).await;
        assert_eq!(signed(&receiver.hears(2).await[1]), (true, false));
    }

    async fn only_public_addresses_are_taken_and_only_from_who_may(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (own, reads) = (client(&w, json!(["CHANGES", "WRITE"])).await, client(&w, json!(["READ"])).await);
        let input = |client: &Thing, url: &str| json!({ "client": client.id(), "url": url });
        for url in ["http://10.0.0.8/hook", "https://192.168.1.1/", "http://[::1]/", "https://169.254.169.254/", "ftp://a.cn/", "https://u:p@a.cn/"] {
            w.district.register_webhook(input(&own, url)).await.refused("INVALID_INPUT");
        }
        w.district.register_webhook(input(&reads, &receiver.url)).await.refused("INVALID_INPUT");
        let none = changed(input(&own, &receiver.url), &json!({ "kinds": [] }));
        w.district.register_webhook(none).await.refused("INVALID_INPUT");
        w.street.register_webhook(input(&own, &receiver.url)).await.failed("NOT_FOUND");
        w.partner.register_webhook(input(&own, &receiver.url)).await.failed("NOT_FOUND");
        for _ in 0..10 {
            w.district.register_webhook(input(&own, &receiver.url)).await.done();
        }
        w.district.register_webhook(input(&own, &receiver.url)).await.refused("INVALID_INPUT");
        let seen = w.district.query("query($id: ID!) { node(id: $id) { ... on PartnerClient { webhooks { id status } } } }", json!({ "id": own.id() })).await;
        let webhooks = seen["node"]["webhooks"].as_array().expect("webhooks").clone();
        assert_eq!(webhooks.len(), 10);
        let one = Thing(webhooks[0].clone());
        for other in [&w.street, &w.partner, &w.secretary] {
            other.pause_webhook(&one).await.failed("NOT_FOUND");
            other.sees_nothing_of(&one).await;
        }
        assert_eq!(w.district.remove_webhook(&one).await.done()["status"], "REMOVED");
        w.district.remove_webhook(&one).await.done();
        w.district.pause_webhook(&one).await.refused("WRONG_STATE");
        w.district.register_webhook(input(&own, &receiver.url)).await.done();
        w.district.revoke_client(&own).await.done();
        w.district.register_webhook(input(&own, &receiver.url)).await.refused("INVALID_INPUT");
    }

    async fn a_revoked_client_is_told_nothing_more(app) {
        let (w, receiver) = (app.world().await, Receiver::start().await);
        let (webhook, _) = registered(&w, &receiver, json!({})).await;
        let data = w.district.query("query($id: ID!) { node(id: $id) { ... on Webhook { client { id } } } }", json!({ "id": webhook.id() })).await;
        let client = data["node"]["client"]["id"].as_str().expect("an id").to_owned();
        let _instance = app.runs(sending::follow);
        rename(&w, &w.taoyuan, 1).await;
        receiver.hears(1).await;
        w.district.revoke_client(&client).await.done();
        rename(&w, &w.taoyuan, 2).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        receiver.hears(1).await;
    }
}
