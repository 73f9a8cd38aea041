//! A need before anybody stands on it: posted, reviewed, changed, taken back; and the list of needs.

use crate::support::{Id, Value, changed, json};

fn input(community: &str, title: &str, wanted: &str) -> Value {
    json!({ "community": community, "category": "ENVIRONMENT", "form": "GOODS", "title": title, "wanted": wanted, "measure": "件" })
}

both! {
    async fn a_draft_is_its_communitys_until_the_street_has_published_it(app) {
        let w = app.world().await;
        let draft = w.secretary.post_need(input(&w.taoyuan, "添置分类垃圾桶", "12")).await.done();
        assert_eq!(draft.standing(), "DRAFT: 12 = 12 unmatched");
        for insider in [&w.secretary, &w.street, &w.district, &w.auditor] {
            insider.sees(&draft, "DRAFT: 12 = 12 unmatched").await;
        }
        for outsider in [&w.secretary2, &w.street2, &w.unit, &w.legal, &w.partner, &app.anyone()] {
            outsider.sees_nothing_of(&draft).await;
        }
        w.street.publish(&draft).await.refused("WRONG_STATE");
        w.unit.submit_need(&draft).await.failed("NOT_FOUND");
        w.auditor.submit_need(&draft).await.failed("FORBIDDEN");

        w.secretary.submit_need(&draft).await.done();
        w.street.return_need(&draft, "").await.refused("INVALID_INPUT");
        let returned = w.street.return_need(&draft, "请写明放置地点").await.done();
        assert_eq!(returned.standing(), "RETURNED: 12 = 12 unmatched");
        w.secretary.update_need(json!({ "id": draft.id(), "description": "放在一号楼与二号楼之间", "wanted": "10" })).await.done();
        assert_eq!(w.secretary.submit_need(&draft).await.done().standing(), "SUBMITTED: 10 = 10 unmatched");
        assert_eq!(w.secretary.submit_need(&draft).await.done().standing(), "SUBMITTED: 10 = 10 unmatched", "done already is no error");
        w.street.publish(&draft).await.done();
        let journal = app.journal_of(draft.id()).await;
        assert_eq!(journal, ["NEED_POSTED", "NEED_SUBMITTED", "NEED_RETURNED", "NEED_UPDATED", "NEED_SUBMITTED", "NEED_PUBLISHED"]);

        // What was reviewed is what is shown; only figures and dates still move.
        w.secretary.update_need(json!({ "id": draft.id(), "title": "添置别的东西" })).await.refused("WRONG_STATE");
        let more = json!({ "id": draft.id(), "wanted": "15", "urgency": "URGENT", "dueOn": "2025-04-30" });
        let more = w.secretary.update_need(more).await.done();
        assert_eq!(more.standing(), "PUBLISHED_DIRECTED: 15 = 15 unmatched");
        w.unit.claim(&draft, &w.shennong, "8").await.done();
        let refusal = w.secretary.update_need(json!({ "id": draft.id(), "wanted": "7.999" })).await.refused("ALREADY_MATCHED");
        assert_eq!(refusal["path"], json!(["input", "wanted"]));
        assert_eq!(w.secretary.update_need(json!({ "id": draft.id(), "wanted": "8" })).await.done().standing(), "MATCHED: 8 = 8 promised");
    }

    async fn whoever_handed_a_need_in_does_not_publish_it_too(app) {
        let w = app.world().await;
        let need = w.street.post_need(input(&w.taoyuan, "添置分类垃圾桶", "12")).await.done();
        w.street.submit_need(&need).await.done();
        w.street.publish(&need).await.refused("SECOND_PERSON_REQUIRED");
        assert_eq!(w.street.see(&need).await.can("PUBLISH"), Err("SECOND_PERSON_REQUIRED".to_owned()));
        w.district.publish(&need).await.done();
    }

    async fn withdrawing_gives_everything_back_and_the_public_no_longer_sees_it(app) {
        let w = app.world().await;
        let need = w.secretary.post_need(input(&w.taoyuan, "添置分类垃圾桶", "12")).await.done();
        w.secretary.submit_need(&need).await.done();
        w.street.publish(&need).await.done();
        let claim = w.unit.claim(&need, &w.shennong, "12").await.done();
        w.secretary.confirm(&claim).await.done();
        app.move_to("2025-03-18 09:00").await;
        app.anyone().sees(&need, "MATCHED: 12 = 12 promised").await;
        w.secretary2.withdraw_need(&need, "已解决").await.failed("FORBIDDEN");
        w.secretary.withdraw_need(&need, " ").await.refused("INVALID_INPUT");
        assert_eq!(w.secretary.withdraw_need(&need, "市政已统一配置").await.done().standing(), "WITHDRAWN: 12 = 12 unmatched");
        let ended = w.unit.sees(&claim, "REVOKED_BY_COMMUNITY: 12 = 12 returned").await;
        assert_eq!(ended["reason"], "市政已统一配置");
        app.anyone().sees_nothing_of(&need).await;
        w.unit.sees(&need, "WITHDRAWN: 12 = 12 unmatched").await;
        w.unit.claim(&need, &w.shennong, "1").await.refused("WRONG_STATE");
        w.secretary.close_need(&need, "已解决").await.refused("WRONG_STATE");
    }

    async fn a_need_says_what_it_wants_in_figures_that_make_sense(app) {
        let w = app.world().await;
        for (field, value) in [
            ("wanted", json!("0")), ("wanted", json!("-1")), ("title", json!(" ")), ("title", json!("长".repeat(61))),
            ("measure", json!("")), ("dueOn", json!("2025-03-09")), ("description", json!("长".repeat(2001))),
            ("community", json!(w.beimen)),
        ] {
            let mut wrong = input(&w.taoyuan, "添置分类垃圾桶", "12");
            wrong[field] = value.clone();
            let actor = if field == "community" { &w.street } else { &w.secretary };
            let refusal = actor.post_need(wrong).await.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", field]), "{field}: {value}");
        }
        for (field, value) in
            [("wanted", json!("1.0001")), ("wanted", json!(12)), ("wanted", json!("1e3")), ("dueOn", json!("2025-02-30"))]
        {
            let mut wrong = input(&w.taoyuan, "添置分类垃圾桶", "12");
            wrong[field] = value.clone();
            let answer = w.secretary.post_need(wrong).await.answer;
            assert!(["GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"].contains(&answer.code()), "{field}: {value}: {answer}");
        }
        w.secretary.post_need(input(&w.taoyuan, "添置分类垃圾桶", "20000")).await.done_with_warnings(&["UNUSUAL_QUANTITY"]);
        let telling = changed(input(&w.taoyuan, "给独居老人送轮椅", "1"), &json!({ "description": "联系一三九０四三四00一一，住3栋2单元501" }));
        let telling = w.secretary.post_need(telling).await.done_with_warnings(&["IDENTIFYING_TEXT"]);
        let mended = json!({ "id": telling.id(), "description": "行动不便，由社区转交" });
        w.secretary.update_need(mended).await.done();
        w.secretary.post_need(input(&w.taoyuan, "添置分类垃圾桶", "12.5")).await.done_with_warnings(&["POSSIBLE_DUPLICATE"]);
    }

    async fn needs_are_listed_by_place_by_state_by_words_and_by_urgency(app) {
        let w = app.world().await;
        let mut posted = Vec::new();
        for (title, urgency, due) in [
            ("清理楼道杂物", "ROUTINE", Value::Null),
            ("修补屋面漏雨", "URGENT", json!("2025-05-01")),
            ("清洗油烟管道", "URGENT", json!("2025-04-01")),
        ] {
            let mut need = input(&w.ziwei, title, "3");
            need["urgency"] = json!(urgency);
            need["dueOn"] = due;
            need["submit"] = json!(true);
            let need = w.district.post_need(need).await.done();
            w.street.publish(&need).await.done();
            posted.push(need.id().to_owned());
        }
        let [routine, later, sooner] = <[String; 3]>::try_from(posted).expect("three needs");
        w.secretary.post_need(input(&w.taoyuan, "未提交的草稿", "1")).await.done();
        let anyone = app.anyone();
        assert_eq!(anyone.lists("needs").await, [sooner.clone(), later.clone(), routine.clone()], "newest first");
        assert_eq!(anyone.lists("needs(orderBy: MOST_URGENT)").await, [sooner.clone(), later.clone(), routine.clone()]);
        assert_eq!(anyone.lists("needs(orderBy: DUE_SOONEST, first: 2)").await, [sooner.clone(), later.clone()]);
        assert_eq!(anyone.lists("needs(filter: { dueBefore: \"2025-04-30\" })").await, [sooner.as_str()]);
        assert_eq!(anyone.lists("needs(filter: { search: \"清理 楼道\" })").await, [routine.as_str()]);
        assert_eq!(anyone.lists("needs(filter: { urgency: [ROUTINE] })").await, [routine.as_str()]);
        assert_eq!(anyone.lists("needs(filter: { status: [DRAFT] })").await, [""; 0]);
        assert_eq!(w.secretary.lists("needs(filter: { status: [DRAFT] })").await.len(), 1);
        assert_eq!(anyone.lists(&format!("needs(filter: {{ area: \"{}\" }})", w.beimen)).await.len(), 3);
        assert_eq!(anyone.lists(&format!("needs(filter: {{ area: \"{}\" }})", w.huangtukeng)).await, [""; 0]);

        // A page stays right while needs come: the cursor stands where it stood.
        for order in ["NEWEST", "MOST_URGENT", "DUE_SOONEST"] {
            let mut after = Value::Null;
            let mut seen = Vec::new();
            while seen.len() < 3 {
                let document = "query($by: NeedOrder, $after: String) { needs(orderBy: $by, first: 1, after: $after) {
                    totalCount edges { cursor node { id } } pageInfo { hasNextPage } } }";
                let page = anyone.query(document, json!({ "by": order, "after": after })).await;
                let edge = page["needs"]["edges"][0].clone();
                after = edge["cursor"].clone();
                seen.push(edge["node"]["id"].as_str().expect("an id").to_owned());
                assert_eq!(page["needs"]["pageInfo"]["hasNextPage"], seen.len() < 3);
                assert_eq!(page["needs"]["totalCount"], 3);
            }
            seen.sort_unstable();
            let mut all = [routine.clone(), later.clone(), sooner.clone()];
            all.sort_unstable();
            assert_eq!(seen, all, "{order}");
        }
    }

    async fn a_page_of_needs_costs_the_same_however_long_it_is(app) {
        let w = app.world().await;
        for n in 0..6 {
            let need = w.district.post_need(input(&w.ziwei, &format!("第{n}次环境整治"), "30")).await.done();
            w.district.submit_need(&need).await.done();
            w.street.publish(&need).await.done();
            for (actor, unit) in [(&w.unit, &w.shennong), (&w.unit2, &w.kunbo), (&w.legal, &w.legal_aid)] {
                actor.claim(&need, unit, "5").await.done();
            }
        }
        let document = "query($first: Int) { needs(first: $first) { nodes {
            title community { name parent { name } } viewerCan { action allowed }
            matches(first: 5) { nodes { quantity unit { name } viewerCan { action allowed } } } } } }";
        w.street.query(document, json!({ "first": 1 })).await;
        // Asked often: whether keys meet in one batch must not hang on who is scheduled when.
        let mut costs = Vec::new();
        for size in [1, 6].repeat(20) {
            let before = app.db().statements();
            w.street.query(document, json!({ "first": size })).await;
            costs.push(app.db().statements() - before);
        }
        assert_eq!(costs, [2; 40], "a statement for the needs and one for their matches, for one need and for six by turns");
    }
}
