//! How every mutation behaves: one transaction, keys that make it safe to send again, dry runs, permissions.

use reqwest::Method;

use crate::support::{Id, TestApp, Value, World, json};

fn community(world: &World, code: &str, name: &str) -> Value {
    json!({ "parent": world.beimen, "level": "COMMUNITY", "code": code, "name": name })
}

async fn size(app: &TestApp) -> [i64; 4] {
    [app.count("areas").await, app.count("journal").await, app.count("idempotency_keys").await, app.count("search_words").await]
}

both! {
    async fn the_same_key_does_the_same_thing_once(app) {
        let world = app.world().await;
        let district = world.district.with_key("2025-03-10/1");
        let first = district.add_area(community(&world, "220303006003", "春晖社区")).await.done();
        let before = size(app).await;
        let again = district.add_area(community(&world, "220303006003", "春晖社区")).await.done();
        assert_eq!(first.id(), again.id());
        assert_eq!(size(app).await, before);
        assert_eq!(app.journal_of(first.id()).await, ["AREA_ADDED"]);

        // The object is read again: it may have changed meanwhile.
        world.district.rename_area(&first, "春晖里社区").await.done();
        assert_eq!(district.add_area(community(&world, "220303006003", "春晖社区")).await.done()["name"], "春晖里社区");
    }

    async fn a_key_for_something_else_is_refused(app) {
        let world = app.world().await;
        let district = world.district.with_key("k");
        district.add_area(community(&world, "220303006003", "春晖社区")).await.done();
        let before = size(app).await;
        district.add_area(community(&world, "220303006004", "松柏社区")).await.refused("IDEMPOTENCY_KEY_REUSED");
        assert_eq!(size(app).await, before);
        // Another verb answers at another place; another key and another account have their own memory.
        district.rename_area(&world.ziwei, "紫薇社区").await.done();
        world.district.with_key("l").add_area(community(&world, "220303006004", "松柏社区")).await.done();
    }

    async fn a_key_holds_across_sessions_and_through_a_restart_of_the_clock(app) {
        let world = app.world().await;
        let first = world.district.with_key("k").add_area(community(&world, "220303006003", "春晖社区")).await.done();
        app.move_to("2025-03-11 08:59").await;
        let elsewhere = app.actor("district").await.with_key("k");
        let again = elsewhere.add_area(community(&world, "220303006003", "春晖社区")).await.done();
        assert_eq!(first.id(), again.id());
    }

    async fn a_refusal_is_not_remembered_under_its_key(app) {
        let world = app.world().await;
        let district = world.district.with_key("k");
        district.add_area(community(&world, "220303006001", "春晖社区")).await.refused("ALREADY_TAKEN");
        district.add_area(community(&world, "220303006003", "春晖社区")).await.done();
    }

    async fn two_requests_with_one_key_at_one_moment_make_one_object(app) {
        let world = app.world().await;
        let district = world.district.with_key("at-once");
        let (left, right) = tokio::join!(
            district.add_area(community(&world, "220303006003", "春晖社区")),
            district.add_area(community(&world, "220303006003", "春晖社区")),
        );
        assert_eq!(left.done().id(), right.done().id());
        assert_eq!(app.count("areas").await, 7);
    }

    async fn aliases_of_one_request_are_different_places_of_one_key(app) {
        let world = app.world().await;
        let document = "mutation($a: AddAreaInput!, $b: AddAreaInput!) {
            a: addArea(input: $a) { result { id } refusals { code } } b: addArea(input: $b) { result { id } refusals { code } } }";
        let variables = json!({ "a": community(&world, "220303006003", "春晖社区"), "b": community(&world, "220303006004", "松柏社区") });
        let district = world.district.with_key("k");
        let first = district.query(document, variables.clone()).await;
        assert_ne!(first["a"]["result"]["id"], first["b"]["result"]["id"]);
        assert_eq!(district.query(document, variables).await, first);
    }

    async fn a_key_that_cannot_be_kept_is_refused_rather_than_ignored(app) {
        let world = app.world().await;
        let before = size(app).await;
        for key in ["", &"k".repeat(201), "钥匙"] {
            let answer = world.district.with_key(key).add_area(community(&world, "220303006003", "春晖社区")).await.answer;
            assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{key}");
        }
        assert_eq!(size(app).await, before);
    }

    async fn a_dry_run_answers_as_if_and_leaves_nothing(app) {
        let world = app.world().await;
        let before = size(app).await;
        let dry = world.district.in_a_dry_run();
        let made = dry.with_key("k").add_area(community(&world, "220303006003", "春晖社区")).await.done();
        assert_eq!(made["parent"]["name"], "北门街道");
        dry.add_area(community(&world, "220303006001", "春晖社区")).await.refused("ALREADY_TAKEN");
        assert_eq!(size(app).await, before);
        world.district.sees_nothing_of(&made).await;
    }

    async fn a_dry_run_is_one_transaction_from_its_first_field_to_its_last(app) {
        let world = app.world().await;
        let before = size(app).await;
        let document = "mutation($a: AddAreaInput!, $b: AddAreaInput!) {
            a: addArea(input: $a) { result { id } refusals { code } }
            b: addArea(input: $b) { result { id } refusals { code } }
            c: addArea(input: $a) { result { id parent { name } } refusals { code } } }";
        let variables = json!({ "a": community(&world, "220303006003", "春晖社区"), "b": community(&world, "220303006001", "松柏社区") });
        let data = world.district.in_a_dry_run().query(document, variables.clone()).await;
        assert_eq!(data["a"]["refusals"], json!([]));
        assert_eq!(data["b"]["refusals"][0]["code"], "ALREADY_TAKEN", "what is refused takes nothing else with it");
        assert_eq!(data["c"]["refusals"][0]["code"], "ALREADY_TAKEN", "the second sees what the first did");
        assert_eq!(size(app).await, before);
    }

    async fn what_fails_half_way_leaves_nothing(app) {
        let world = app.world().await;
        let before = size(app).await;
        let parts = json!([{ "code": "220303006021", "name": "桃源东社区" }, { "code": "220303007001", "name": "桃源西社区" }]);
        let split = json!({ "area": world.taoyuan, "on": "2025-07-01", "into": parts });
        world.district.split_area(split).await.refused("INVALID_INPUT");
        assert_eq!(size(app).await, before);
        assert_eq!(world.district.see(&world.taoyuan).await["validTo"], Value::Null);
    }

    async fn without_the_permission_nothing_is_done_and_the_attempt_is_kept(app) {
        let world = app.world().await;
        let before = size(app).await;
        app.anyone().rename_area(&world.taoyuan, "新名").await.failed("UNAUTHENTICATED");
        assert_eq!(app.count("refused_permissions").await, 0, "nobody tried it");
        for actor in [&world.secretary, &world.street, &world.unit, &world.auditor, &world.partner] {
            let error = actor.rename_area(&world.taoyuan, "新名").await.failed("FORBIDDEN");
            assert_eq!(error["extensions"]["permission"], "MANAGE_AREAS");
        }
        assert_eq!(app.count("refused_permissions").await, 5);
        assert_eq!(size(app).await, before);
    }

    async fn an_officer_of_another_district_may_do_nothing_here(app) {
        let world = app.world().await;
        let neighbour = app.as_the_service(async |work| {
            let new = alliance::areas::actions::NewArea {
                parent: None,
                level: alliance::areas::rules::AreaLevel::District,
                code: "220302".to_owned(),
                name: "铁西区".to_owned(),
                valid_from: work.today(),
            };
            alliance::areas::actions::add(&work, &new).await
        }).await;
        let neighbour = format!("area_{}", neighbour.simple());
        let admin = app.account("neighbour", alliance::auth::Role::DistrictAdmin, &neighbour).await;
        admin.rename_area(&neighbour, "铁西新区").await.done();
        admin.rename_area(&world.taoyuan, "新名").await.failed("FORBIDDEN");
        world.district.rename_area(&neighbour, "新名").await.failed("FORBIDDEN");
    }

    async fn a_refusal_says_where_and_why_in_the_readers_language(app) {
        let world = app.world().await;
        let input = community(&world, "220303006001", "春晖社区");
        let zh = world.district.add_area(input.clone()).await.refused("ALREADY_TAKEN");
        assert_eq!(zh["message"], "“220303006001”已被使用");
        assert_eq!(zh["path"], json!(["input", "code"]));
        let en = world.district.in_english().add_area(input).await.refused("ALREADY_TAKEN");
        assert_eq!(en["message"], "220303006001 is in use already");
    }

    async fn a_field_of_another_type_is_an_error_of_the_request(app) {
        let world = app.world().await;
        for input in [json!({}), json!({ "parent": world.beimen, "level": "VILLAGE", "code": "1", "name": "x" }), json!({ "unknown": 1 })] {
            let answer = world.district.add_area(input.clone()).await.answer;
            assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{input}");
        }
    }

    async fn a_broken_database_is_an_incident_and_shows_nothing_of_itself(app) {
        let world = app.world().await;
        app.break_table("search_words").await;
        for actor in [world.district.clone(), world.district.in_english()] {
            let answer = actor.add_area(community(&world, "220303006003", "春晖社区")).await.answer;
            assert_eq!(answer.code(), "INTERNAL");
            let incident = answer.errors()[0]["extensions"]["incident"].as_str().expect("an incident").to_owned();
            assert_eq!(incident.len(), 32);
            let text = (answer.errors()[0]["message"].to_string() + &answer.errors()[0]["extensions"].to_string()).to_lowercase();
            for leak in ["sql", "search_words", "select", "insert", "column", "relation", "panic", "sea_orm", ".rs"] {
                assert!(!text.contains(leak), "{leak}: {text}");
            }
        }
        app.mend_table("search_words").await;
        assert_eq!(app.count("areas").await, 6, "the area went with its words");
        let ready = app.anyone().request(Method::GET, "/readyz").send().await.expect("an answer");
        assert_eq!(ready.status(), 200);
    }
}
