//! Complaints and suggestions: sent by anybody, followed by a receipt number, answered in time or taken higher.

use crate::support::{Actor, Answer, Id, TestApp, Value, changed, json};

const WORDS: &str = "楼道灯坏了半个月，报修三次没有回音";
const PHONE: &str = "13904340011";

const FILE: &str = "mutation($input: FileComplaintInput!) { fileComplaint(input: $input) { receipt result { id status dueAt contactPhone } \
                    refusals { code path } } }";

fn about(area: &str, with: &Value) -> Value {
    changed(json!({ "area": area, "kind": "COMPLAINT", "words": WORDS, "contactName": "于桂兰", "contactPhone": PHONE }), with)
}

async fn file(by: &Actor, input: Value) -> Answer {
    by.run(FILE, json!({ "input": input })).await
}

/// Files one; its receipt number and its id.
async fn filed(app: &TestApp, area: &str) -> (String, String) {
    let payload = file(&app.anyone(), about(area, &json!({}))).await.ok()["fileComplaint"].clone();
    let text = |value: &Value| value.as_str().expect("it was filed").to_owned();
    (text(&payload["receipt"]), text(&payload["result"]["id"]))
}

async fn follow(app: &TestApp, receipt: &str) -> Value {
    let document =
        "query($receipt: String!) { complaint(receipt: $receipt) { status words answer contactName contactPhone handler { name } } }";
    app.anyone().query(document, json!({ "receipt": receipt })).await["complaint"].clone()
}

async fn lists(who: &Actor) -> Vec<String> {
    who.lists("complaints").await
}

/// Everything that the database holds of complaints, as text.
async fn stored(app: &TestApp) -> String {
    let mut all = String::new();
    for column in
        ["receipt_digest", "words_sealed", "contact_sealed", "answer_sealed", "transfer_sealed", "objection_sealed", "earlier_sealed"]
    {
        for row in app.rows(&format!("SELECT {column} FROM complaints")).await {
            all += &row.try_get_by_index::<Option<String>>(0).expect("a text").unwrap_or_default();
        }
    }
    for row in app.rows("SELECT CAST(detail AS TEXT) FROM journal WHERE node_kind = 'complaint'").await {
        all += &row.try_get_by_index::<String>(0).expect("a text");
    }
    all
}

both! {
    async fn anybody_complains_and_follows_it_by_a_number_and_others_see_nothing(app) {
        let w = app.world().await;
        let (receipt, id) = filed(app, &w.taoyuan).await;
        let seen = follow(app, &receipt.to_lowercase().replace('-', " ")).await;
        assert_eq!((&seen["status"], &seen["words"]), (&json!("RECEIVED"), &json!(WORDS)));
        // Whoever found the number does not learn whom to call.
        assert_eq!((&seen["contactName"], &seen["contactPhone"]), (&json!("于**"), &json!("139****0011")));
        assert_eq!(follow(app, "0000-0000-0000-0000").await, Value::Null);
        assert_eq!(follow(app, "").await, Value::Null);

        for reader in [&w.secretary, &w.street, &w.district] {
            assert_eq!(lists(reader).await, [id.as_str()]);
        }
        let seen = w.secretary.query(&format!("{{ node(id: \"{id}\") {{ ... on Complaint {{ words contactPhone }} }} }}"), json!({})).await;
        assert_eq!(seen["node"], json!({ "words": WORDS, "contactPhone": PHONE }));
        for other in [&w.secretary2, &w.street2, &w.unit, &w.auditor, &w.partner, &app.anyone()] {
            assert_eq!(lists(other).await, [""; 0]);
            let seen = other.query(&format!("{{ node(id: \"{id}\") {{ id }} }}"), json!({})).await;
            assert_eq!(seen["node"], Value::Null);
        }
        let stored = stored(app).await;
        for secret in [WORDS, PHONE, "于桂兰", &receipt] {
            assert!(!stored.contains(secret), "{secret} lies open in the database");
        }
    }

    async fn one_request_of_nobody_files_two_at_most(app) {
        let w = app.world().await;
        let one = |n: usize| format!("c{n}: fileComplaint(input: {{ area: \"{}\", kind: COMPLAINT, words: \"{n}\" }}) {{ receipt }}", w.taoyuan);
        let many = |count: usize| format!("mutation {{ {} }}", (0..count).map(one).collect::<String>());
        assert_eq!(app.anyone().run(&many(3), json!({})).await.code(), "LIMIT_EXCEEDED");
        app.anyone().run(&many(2), json!({})).await.ok();
        assert_eq!(app.count("complaints").await, 2);
    }

    async fn whoever_is_signed_in_leaves_no_trace(app) {
        let w = app.world().await;
        assert_eq!(file(&w.unit, about(&w.taoyuan, &json!({}))).await.ok()["fileComplaint"]["result"]["status"], "RECEIVED");
        for row in app.rows("SELECT account_id FROM journal WHERE node_kind = 'complaint'").await {
            assert_eq!(row.try_get_by_index::<Option<uuid::Uuid>>(0).expect("an account or none"), None);
        }
    }

    async fn what_is_wrong_is_refused_beside_its_field(app) {
        let w = app.world().await;
        let compound = json!({ "parent": w.taoyuan, "level": "COMPOUND", "code": "220303006001001", "name": "桃源小区" });
        let compound = w.district.add_area(compound).await.done();
        for (wrong, field) in [
            (json!({ "words": " " }), "words"),
            (json!({ "words": "长".repeat(1001) }), "words"),
            (json!({ "contactPhone": "0434-123" }), "contactPhone"),
            (json!({ "contactName": "名".repeat(41) }), "contactName"),
            (json!({ "area": compound.id() }), "area"),
        ] {
            let payload = file(&app.anyone(), about(&w.taoyuan, &wrong)).await.ok()["fileComplaint"].clone();
            assert_eq!(payload["refusals"], json!([{ "code": "INVALID_INPUT", "path": ["input", field] }]), "{wrong}");
            assert_eq!((&payload["receipt"], &payload["result"]), (&Value::Null, &Value::Null));
        }
        assert_eq!(app.count("complaints").await, 0);
        let tried = file(&w.unit.in_a_dry_run(), about(&w.taoyuan, &json!({}))).await.ok();
        assert_eq!((&tried["fileComplaint"]["result"]["status"], &tried["fileComplaint"]["receipt"]), (&json!("RECEIVED"), &Value::Null));
        let tried = file(&app.anyone().in_a_dry_run(), about(&w.taoyuan, &json!({}))).await.ok();
        assert_eq!(tried["fileComplaint"]["refusals"][0]["code"], "HEADER_NOT_ALLOWED");
        assert_eq!(app.count("complaints").await, 0, "a dry run leaves nothing");
    }

    async fn the_same_one_sent_by_eight_taps_at_once_is_one_under_one_number(app) {
        let w = app.world().await;
        let sender = app.anyone().with_key("6f0c6f5e-5d83-4f5c-a8a5-0d1c2b3a4958");
        let sent = futures_util::future::join_all((0..8).map(|_| file(&sender, about(&w.taoyuan, &json!({}))))).await;
        let receipts: Vec<_> = sent.into_iter().map(|answer| answer.ok()["fileComplaint"]["receipt"].clone()).collect();
        assert!(receipts[0].is_string() && receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
        assert_eq!(app.count("complaints").await, 1);
        // Other words under the same key are another one.
        let other = file(&sender, about(&w.taoyuan, &json!({ "words": "另一件事" }))).await.ok();
        assert_ne!(other["fileComplaint"]["receipt"], receipts[0]);
        let other = file(&sender, about(&w.taoyuan, &json!({ "contactPhone": "13904340022" }))).await.ok();
        assert_ne!(other["fileComplaint"]["receipt"], receipts[0]);
        // A short key is too easily that of somebody else.
        let sender = app.anyone().with_key("1");
        let twice = [file(&sender, about(&w.taoyuan, &json!({}))).await.ok(), file(&sender, about(&w.taoyuan, &json!({}))).await.ok()];
        assert_ne!(twice[0]["fileComplaint"]["receipt"], twice[1]["fileComplaint"]["receipt"]);
    }

    async fn an_unanswered_one_goes_up_and_its_community_can_only_look(app) {
        let w = app.world().await;
        let (receipt, id) = filed(app, &w.taoyuan).await;
        let handler = async || follow(app, &receipt).await["handler"]["name"].clone();
        // 2025-03-10 is a Monday: ten working days end with the 24th.
        app.move_to("2025-03-24 23:59").await;
        assert_eq!(handler().await, "桃源社区");
        app.move_to("2025-03-25 00:00").await;
        assert_eq!(handler().await, "北门街道");
        w.secretary.answer_complaint(json!({ "id": id, "answer": "已修好" })).await.failed("FORBIDDEN");
        assert_eq!(lists(&w.secretary).await, [id.as_str()]);
        app.pass_working_days(11).await;
        assert_eq!(handler().await, "铁东区");
        w.street.answer_complaint(json!({ "id": id, "answer": "已修好" })).await.failed("FORBIDDEN");
        w.district.answer_complaint(json!({ "id": id, "answer": "已责成物业修好" })).await.done();
        let kinds = ["COMPLAINT_FILED", "COMPLAINT_ESCALATED", "COMPLAINT_ESCALATED", "COMPLAINT_ANSWERED"];
        assert_eq!(app.journal_of(&id).await, kinds);
    }

    async fn an_answer_is_read_by_the_number_and_erased_half_a_year_later(app) {
        let w = app.world().await;
        let (receipt, id) = filed(app, &w.taoyuan).await;
        let answer = |text: &str| json!({ "id": id, "answer": text });
        w.unit.answer_complaint(answer("不归我管")).await.failed("NOT_FOUND");
        w.secretary2.answer_complaint(answer("不归我管")).await.failed("NOT_FOUND");
        w.secretary.answer_complaint(answer(" ")).await.refused("INVALID_INPUT");
        w.secretary.answer_complaint(answer("灯已换好，向您致歉")).await.done();
        w.secretary.answer_complaint(answer("再答一次")).await.refused("WRONG_STATE");
        w.secretary.transfer_complaint(json!({ "id": id, "area": w.beimen, "reason": "请街道处理" })).await.refused("WRONG_STATE");
        let seen = follow(app, &receipt).await;
        assert_eq!((&seen["status"], &seen["answer"]), (&json!("ANSWERED"), &json!("灯已换好，向您致歉")));
        assert!(!stored(app).await.contains("灯已换好"));

        app.move_to("2025-09-06 08:00").await;
        assert_eq!(follow(app, &receipt).await["status"], "ANSWERED");
        app.move_to("2025-09-06 09:01").await;
        let erased = follow(app, &receipt).await;
        assert_eq!((&erased["status"], &erased["words"], &erased["answer"]), (&json!("ERASED"), &Value::Null, &Value::Null));
        let left = "SELECT id FROM complaints WHERE COALESCE(words_sealed, contact_sealed, answer_sealed) IS NOT NULL";
        assert!(app.rows(left).await.is_empty(), "what is sealed is gone as well");
        assert_eq!(lists(&w.secretary).await, [id.as_str()], "that there was one stays");
    }

    async fn whoever_has_the_number_objects_once_and_the_area_above_answers(app) {
        let w = app.world().await;
        let (receipt, id) = filed(app, &w.taoyuan).await;
        let document = "mutation($input: ObjectToAnswerInput!) { objectToAnswer(input: $input) { result { status handler { name } objection \
                        earlierAnswer answer } refusals { code path } } }";
        let object = async |receipt: &str, words: &str| app.anyone().run(document, json!({ "input": { "receipt": receipt, "words": words } })).await;
        let refused = async |receipt: &str, words: &str| object(receipt, words).await.ok()["objectToAnswer"]["refusals"][0]["code"].clone();
        assert_eq!(object("0000-0000-0000-0000", "还是不亮").await.code(), "NOT_FOUND");
        assert_eq!(refused(&receipt, "还没有答复").await, "WRONG_STATE");
        w.secretary.answer_complaint(json!({ "id": id, "answer": "已报修" })).await.done();
        assert_eq!(refused(&receipt, " ").await, "INVALID_INPUT");
        // Pressed by eight at once it is said once.
        let said = futures_util::future::join_all((0..8).map(|_| object(&receipt, "报修不是修好"))).await;
        for answer in said {
            let expected = json!({ "status": "RECEIVED", "handler": { "name": "北门街道" }, "objection": "报修不是修好", "earlierAnswer": "已报修", "answer": null });
            assert_eq!(answer.ok()["objectToAnswer"]["result"], expected);
        }
        assert!(!stored(app).await.contains("报修不是修好"));
        w.secretary.answer_complaint(json!({ "id": id, "answer": "已修好" })).await.failed("FORBIDDEN");
        w.street.answer_complaint(json!({ "id": id, "answer": "今天修好了" })).await.done();
        assert_eq!(refused(&receipt, "还要再提").await, "WRONG_STATE");
        let kinds = ["COMPLAINT_FILED", "COMPLAINT_ANSWERED", "COMPLAINT_REOPENED", "COMPLAINT_ANSWERED"];
        assert_eq!(app.journal_of(&id).await, kinds);
    }

    async fn one_is_passed_on_within_its_district_and_then_is_that_areas(app) {
        let w = app.world().await;
        let (receipt, id) = filed(app, &w.taoyuan).await;
        let other = app.neighbour().await;
        let to = |area: &str| json!({ "id": id, "area": area, "reason": "不属于本社区" });
        w.secretary.transfer_complaint(to(&other)).await.refused("INVALID_INPUT");
        w.secretary.transfer_complaint(to(&w.taoyuan)).await.refused("INVALID_INPUT");
        w.secretary.transfer_complaint(json!({ "id": id, "area": w.shuanghui, "reason": " " })).await.refused("INVALID_INPUT");
        assert_eq!(w.secretary.transfer_complaint(to(&w.shuanghui)).await.done()["handler"]["name"], "双汇社区");
        assert_eq!(lists(&w.secretary2).await, [id.as_str()]);
        let reason = "query($id: ID!) { node(id: $id) { ... on Complaint { transferReason } } }";
        assert_eq!(w.secretary2.query(reason, json!({ "id": id })).await["node"]["transferReason"], "不属于本社区");
        assert!(!stored(app).await.contains("不属于本社区"), "it may tell of people");
        assert_eq!(lists(&w.secretary).await, [""; 0], "it is no longer its matter");
        w.secretary2.answer_complaint(json!({ "id": id, "answer": "已办" })).await.done();
        assert_eq!(follow(app, &receipt).await["answer"], "已办");
    }

    async fn a_resident_complains_on_a_page_and_the_secretary_answers_from_the_desk(app) {
        let w = app.world().await;
        let resident = app.visitor();
        let streets = resident.open("/complaints/new").await;
        assert!(streets.has("北门街道") && streets.has("黄土坑街道"));
        let form = format!("/complaints/new?within={}&picked=true", w.beimen);
        let empty = resident.fill(&form, "fileComplaint", &[("area", &w.taoyuan), ("kind", "COMPLAINT"), ("words", " ")]).await;
        assert_eq!(empty.status, 422);
        let fields = [("area", w.taoyuan.as_str()), ("kind", "COMPLAINT"), ("words", WORDS), ("contactPhone", PHONE)];
        let sent = resident.fill(&form, "fileComplaint", &fields).await;
        assert_eq!(sent.status, 200);
        let receipt = sent.html.split("<code class=\"long\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a number").to_owned();

        let secretary = app.visitor_as("secretary").await;
        let desk = secretary.open("/").await;
        assert!(desk.has("待答复的投诉建议") && desk.has("楼道灯坏了半个月"), "{}", desk.text());
        let id = lists(&w.secretary).await.remove(0);
        let page = secretary.open(&format!("/complaints/{id}")).await;
        assert!(page.has(PHONE));
        secretary.fill(&format!("/complaints/{id}"), "answerComplaint", &[("id", &id), ("answer", "灯已换好")]).await;
        assert!(!secretary.open("/").await.has("待答复的投诉建议"));
        let answered = resident.open(&format!("/complaints/follow?receipt={receipt}")).await;
        assert!(answered.has("灯已换好") && !answered.has(PHONE));
        let again = format!("/complaints/follow?receipt={receipt}");
        let objected = resident.fill(&again, "objectToAnswer", &[("receipt", &receipt), ("words", "又坏了")]).await;
        assert_eq!(objected.status, 303);
        assert!(resident.open(&again).await.has("又坏了"));
        assert_eq!(app.visitor_as("unit").await.open(&format!("/complaints/{id}")).await.status, 404);
    }
}
