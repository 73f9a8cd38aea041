//! GraphQL over HTTP as its specification has it, and the other addresses of the service.

use reqwest::{Method, Response};
use sha2::Digest;

use crate::support::{TestApp, Value, json};

const RESPONSE_JSON: &str = "application/graphql-response+json";

async fn post(app: &TestApp, content: &str, accept: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = app.anyone().request(Method::POST, "/graphql").header("content-type", content).header("accept", accept);
    request.body(body).send().await.expect("an answer")
}

async fn get(app: &TestApp, accept: &str, parameters: &[(&str, &str)]) -> Response {
    let mut url = reqwest::Url::parse(&format!("{}/graphql", app.url)).expect("a URL");
    url.query_pairs_mut().extend_pairs(parameters);
    app.http.get(url).header("accept", accept).send().await.expect("an answer")
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// The status and the code of the only error of an answer that has no data.
async fn refused(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let media = header(&response, "content-type");
    assert!(media.starts_with("application/"), "{media}");
    let body: Value = response.json().await.expect("JSON");
    assert!(body.get("data").is_none(), "{body}");
    let errors = body["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{body}");
    assert!(errors[0].get("path").is_none(), "what never ran has no path: {body}");
    assert!(!errors[0]["message"].as_str().expect("a message").is_empty());
    (status, errors[0]["extensions"]["code"].as_str().expect("a code").to_owned())
}

both! {
    async fn the_service_says_that_it_lives_and_that_it_is_ready(app) {
        for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
            let response = app.http.get(format!("{}{path}", app.url)).send().await.expect("an answer");
            assert_eq!(response.status(), 200);
            assert_eq!(response.text().await.expect("a text"), text);
        }
    }

    async fn the_public_keys_are_shown_and_the_secret_ones_are_not(app) {
        let response = app.http.get(format!("{}/.well-known/jwks.json", app.url)).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "cache-control"), "public, max-age=60");
        let jwks: Value = response.json().await.expect("JSON");
        let [key] = jwks["keys"].as_array().expect("keys").as_slice() else { panic!("one key: {jwks}") };
        let mut names: Vec<_> = key.as_object().expect("a key").keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(key["alg"], "EdDSA");
    }

    async fn an_answer_is_written_in_the_media_type_that_was_asked_for(app) {
        let query = r#"{"query":"{ __typename }"}"#;
        for (accept, media) in [
            (RESPONSE_JSON, RESPONSE_JSON),
            ("application/json", "application/json"),
            ("*/*", "application/json"),
            ("application/json;q=0.5, application/graphql-response+json", RESPONSE_JSON),
            ("application/json, application/graphql-response+json;q=0.5", "application/json"),
            ("text/html, application/graphql-response+json;q=0.1", RESPONSE_JSON),
        ] {
            let response = post(app, "application/json", accept, query).await;
            assert_eq!(response.status(), 200, "{accept}");
            assert_eq!(header(&response, "content-type"), format!("{media}; charset=utf-8"), "{accept}");
            assert!(header(&response, "vary").contains("Accept"));
            assert_eq!(response.json::<Value>().await.expect("JSON")["data"], json!({ "__typename": "Query" }));
        }
        let response = post(app, "application/json", "text/html", query).await;
        assert_eq!(refused(response).await, (406, "BAD_USER_INPUT".to_owned()));
    }

    async fn only_json_is_taken_so_that_no_form_of_another_site_gets_in(app) {
        let query = r#"{"query":"{ __typename }"}"#;
        for content in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", ""] {
            let response = post(app, content, RESPONSE_JSON, query).await;
            assert_eq!(refused(response).await, (415, "BAD_USER_INPUT".to_owned()), "{content}");
        }
        for content in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
            assert_eq!(post(app, content, RESPONSE_JSON, query).await.status(), 200, "{content}");
        }
    }

    async fn a_body_that_is_packed_is_refused_unopened(app) {
        let query = r#"{"query":"{ __typename }"}"#;
        for coding in ["gzip", "br", "zstd", "deflate"] {
            let request = app.anyone().request(Method::POST, "/graphql").header("content-type", "application/json");
            let response = request.header("content-encoding", coding).header("accept", RESPONSE_JSON).body(query).send().await;
            assert_eq!(refused(response.expect("an answer")).await, (415, "BAD_USER_INPUT".to_owned()), "{coding}");
        }
    }

    async fn a_body_that_is_not_a_request_is_refused_before_anything_runs(app) {
        for body in ["", "{", "[]", "null", "7", "\"{ __typename }\"", r#"[{"query":"{ __typename }"}]"#, r#"{"query":7}"#, "{}",
            r#"{"query":""}"#, r#"{"query":"{ __typename }","variables":[]}"#, r#"{"query":"{ __typename }","variables":"{}"}"#,
            r#"{"query":"{ __typename }","operationName":7}"#, r#"{"query":"{ __typename }","extensions":1}"#] {
            let response = post(app, "application/json", RESPONSE_JSON, body).await;
            assert_eq!(refused(response).await, (400, "BAD_USER_INPUT".to_owned()), "{body}");
        }
        let response = post(app, "application/json", RESPONSE_JSON, vec![b'{', b'"', 0xff, b'"']).await;
        assert_eq!(refused(response).await, (400, "BAD_USER_INPUT".to_owned()), "not UTF-8");
        let nested = format!(r#"{{"query":"{{ __typename }}","variables":{}1{}}}"#, "{\"a\":".repeat(300), "}".repeat(300));
        let response = post(app, "application/json", RESPONSE_JSON, nested).await;
        assert_eq!(refused(response).await.0, 400, "nested beyond reason");
    }

    async fn what_is_absent_may_also_be_null(app) {
        let body = r#"{"query":"{ __typename }","variables":null,"operationName":null,"extensions":null,"unknown":1}"#;
        let response = post(app, "application/json", RESPONSE_JSON, body).await;
        assert_eq!(response.status(), 200);
    }

    async fn a_body_too_large_is_refused(app) {
        let body = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":"{}"}}}}"#, "x".repeat(300_000));
        let response = post(app, "application/json", RESPONSE_JSON, body).await;
        assert_eq!(refused(response).await, (413, "LIMIT_EXCEEDED".to_owned()));
    }

    async fn a_document_that_cannot_run_is_a_bad_request_or_an_ordinary_answer_by_media_type(app) {
        for (document, code) in [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("nonsense", "GRAPHQL_PARSE_FAILED"),
            ("{ nothingLikeThis }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ areas }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ areas(first: \"a\") { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
            ("query a { __typename } query b { __typename }", "BAD_USER_INPUT"),
        ] {
            let body = json!({ "query": document }).to_string();
            let newer = refused(post(app, "application/json", RESPONSE_JSON, body.clone()).await).await;
            assert_eq!(newer, (400, code.to_owned()), "{document}");
            let older = refused(post(app, "application/json", "application/json", body).await).await;
            assert_eq!(older, (200, code.to_owned()), "{document}");
        }
    }

    async fn an_error_never_repeats_what_was_sent(app) {
        let secret = "桃园结义13812345678";
        for document in [
            format!("{{ areas(filter: {{ search: \"{secret}\" }}) {{ nonsense }} }}"),
            format!("{{ area(code: \"{secret}\" }}"),
            format!("{{ \"{secret}\" }}"),
        ] {
            let body = json!({ "query": document }).to_string();
            let text = post(app, "application/json", RESPONSE_JSON, body).await.text().await.expect("a text");
            assert!(!text.contains(secret), "{text}");
        }
        let many = format!("{{ {} }}", (0..90).map(|n| format!("a{n}: nonsense{n}")).collect::<Vec<_>>().join(" "));
        let text = post(app, "application/json", RESPONSE_JSON, json!({ "query": many }).to_string()).await.text().await.expect("a text");
        assert!(text.len() < 10_000, "{} bytes of errors", text.len());
    }

    async fn a_document_is_sent_once_and_then_named_by_its_hash(app) {
        let document = "query Names { areas(first: 3) { totalCount } }";
        let hash: String = sha2::Sha256::digest(document).iter().map(|byte| format!("{byte:02x}")).collect();
        let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        let named = json!({ "extensions": extensions }).to_string();
        let unknown = refused(post(app, "application/json", RESPONSE_JSON, named.clone()).await).await;
        assert_eq!(unknown, (400, "PERSISTED_QUERY_NOT_FOUND".to_owned()));
        let older = post(app, "application/json", "application/json", named.clone()).await;
        let older: Value = older.json().await.expect("JSON");
        assert_eq!(older["errors"][0]["message"], "PersistedQueryNotFound", "what clients look for");
        let wrong = json!({ "query": "{ __typename }", "extensions": extensions }).to_string();
        assert_eq!(refused(post(app, "application/json", RESPONSE_JSON, wrong).await).await, (400, "BAD_USER_INPUT".to_owned()));
        assert_eq!(refused(post(app, "application/json", RESPONSE_JSON, named.clone()).await).await.1, "PERSISTED_QUERY_NOT_FOUND");
        let whole = json!({ "query": document, "extensions": extensions }).to_string();
        for body in [whole, named] {
            let answer: Value = post(app, "application/json", RESPONSE_JSON, body).await.json().await.expect("JSON");
            assert_eq!(answer["data"], json!({ "areas": { "totalCount": 0 } }));
        }
        let response = get(app, RESPONSE_JSON, &[("extensions", &extensions.to_string())]).await;
        assert!(response.headers().contains_key("etag"));
        assert_eq!(response.json::<Value>().await.expect("JSON")["data"]["areas"]["totalCount"], 0);
        for malformed in [json!(7), json!({}), json!({ "version": 2, "sha256Hash": hash }), json!({ "version": 1, "sha256Hash": "x" })] {
            let body = json!({ "query": document, "extensions": { "persistedQuery": malformed } }).to_string();
            assert_eq!(refused(post(app, "application/json", RESPONSE_JSON, body).await).await.0, 400, "{malformed}");
        }
    }

    async fn an_object_of_which_nothing_applies_is_still_an_object(app) {
        let w = app.world().await;
        let ask = async |document: &str| {
            let answer = app.anyone().run(document, json!({ "id": w.taoyuan, "yes": true })).await;
            assert_eq!(answer.errors().len(), 0, "{answer}");
            answer.data().clone()
        };
        for (document, data) in [
            ("query($id: ID!) { node(id: $id) { ... on CommunityNeed { title } } }", json!({ "node": {} })),
            ("query($id: ID!) { nodes(ids: [$id, \"area_0190c200000000000000000000000000\"]) { ... on Match { status } } }", json!({ "nodes": [{}, null] })),
            ("query($yes: Boolean!) { area(code: \"220303\") { id @skip(if: $yes) } }", json!({ "area": {} })),
            ("query($yes: Boolean!) { area(code: \"220303\") { ...names @skip(if: $yes) } } fragment names on GovernanceArea { name }", json!({ "area": {} })),
            ("query($yes: Boolean!) { area(code: \"220303\") @skip(if: $yes) { id } }", json!({})),
            ("{ area(code: \"220303006001\") { ...of } } fragment of on GovernanceArea { name parent { ... on GovernanceArea { parent { ...leaf } } } } fragment leaf on GovernanceArea { code }",
                json!({ "area": { "name": "桃源社区", "parent": { "parent": { "code": "220303" } } } })),
            ("{ needs(first: 1) { pageInfo { ... @include(if: false) { hasNextPage } } } }", json!({ "needs": { "pageInfo": {} } })),
        ] {
            assert_eq!(ask(document).await, data, "{document}");
        }
    }

    async fn get_reads_and_never_writes(app) {
        let response = get(app, RESPONSE_JSON, &[("query", "{ __typename }")]).await;
        assert_eq!(response.status(), 200);
        let variables = [("query", "query($code: String!) { area(code: $code) { id } }"), ("variables", r#"{"code":"220303"}"#)];
        let answer: Value = get(app, RESPONSE_JSON, &variables).await.json().await.expect("JSON");
        assert_eq!((&answer["data"], &answer["errors"]), (&json!({ "area": null }), &Value::Null));
        let named = [("query", "query a { a: __typename } query b { b: __typename }"), ("operationName", "b")];
        let answer: Value = get(app, RESPONSE_JSON, &named).await.json().await.expect("JSON");
        assert_eq!((&answer["data"], &answer["errors"]), (&json!({ "b": "Query" }), &Value::Null));

        let mutation = "mutation { renameArea(id: \"area_1\", name: \"x\") { result { id } } }";
        for accept in [RESPONSE_JSON, "application/json"] {
            let response = get(app, accept, &[("query", mutation)]).await;
            assert_eq!(header(&response, "allow"), "POST");
            assert_eq!(refused(response).await, (405, "BAD_USER_INPUT".to_owned()));
        }
        let hidden = format!("query a {{ __typename }} {}", mutation.replace("mutation", "mutation b"));
        let hidden = [("query", hidden.as_str()), ("operationName", "b")];
        assert_eq!(refused(get(app, RESPONSE_JSON, &hidden).await).await.0, 405);

        let query = ("query", "{ __typename }");
        for wrong in [&[][..], &[("query", "")], &[query, ("variables", "{")], &[query, ("variables", "[]")]] {
            assert_eq!(refused(get(app, RESPONSE_JSON, wrong).await).await, (400, "BAD_USER_INPUT".to_owned()), "{wrong:?}");
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let response = app.anyone().request(method, "/graphql").send().await.expect("an answer");
            assert_eq!(response.status(), 405);
        }
    }

    async fn a_token_that_is_not_ours_opens_nothing(app) {
        let world = app.world().await;
        let good = app.tokens().issue(uuid::Uuid::nil(), uuid::Uuid::nil(), None, app.clock().now());
        let Ok((unknown, _)) = good else { panic!("a token is issued") };
        let tampered = format!("{}A", &unknown[..unknown.len() - 1]);
        for token in ["", "x", "a.b.c", &unknown, &tampered] {
            let answer = app.anyone().with("authorization", &format!("Bearer {token}")).run("{ __typename }", json!({})).await;
            assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{token}");
        }
        let answer = app.anyone().with("authorization", "Basic YTpi").run("{ __typename }", json!({})).await;
        assert_eq!(answer.code(), "UNAUTHENTICATED", "another scheme");
        world.secretary.query("{ __typename }", json!({})).await;
    }

    async fn a_token_lives_fifteen_minutes(app) {
        let world = app.world().await;
        let token = world.secretary.token_now();
        app.move_to("2025-03-10 09:14").await;
        world.secretary.with_token(&token).query("{ __typename }", json!({})).await;
        app.move_to("2025-03-10 09:15").await;
        let answer = world.secretary.with_token(&token).run("{ __typename }", json!({})).await;
        assert_eq!(answer.code(), "UNAUTHENTICATED");
    }

    async fn messages_are_chinese_unless_english_is_asked_for_and_codes_stay(app) {
        let document = "{ areas(first: 0) { totalCount } }";
        let zh = app.anyone().run(document, json!({})).await;
        let en = app.anyone().in_english().run(document, json!({})).await;
        assert_eq!((zh.code(), en.code()), ("BAD_USER_INPUT", "BAD_USER_INPUT"));
        assert_eq!(zh.errors()[0]["message"], "first 和 last 须在 1 至 100 之间");
        assert_eq!(en.errors()[0]["message"], "first and last take 1 to 100");
        for (header, message) in [("en-GB,zh;q=0.5", "en"), ("fr", "zh"), ("zh-Hans-CN, en;q=0.9", "zh"), ("fr, en;q=0.1", "en")] {
            let answer = app.anyone().with("accept-language", header).run(document, json!({})).await;
            let expected = if message == "en" { &en } else { &zh };
            assert_eq!(answer.errors()[0]["message"], expected.errors()[0]["message"], "{header}");
        }
    }

    async fn what_does_not_exist_is_null_by_id_and_not_found_to_a_verb(app) {
        let world = app.world().await;
        let nowhere = format!("area_{}", "0".repeat(32));
        for id in ["", "area_", "area_1", "need", &nowhere, &world.taoyuan.replace("area", "unit"), &world.taoyuan.to_uppercase(), "🦀"] {
            let data = app.anyone().query("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
            assert_eq!(data["node"], Value::Null, "{id}");
            world.district.rename_area(id, "新名").await.failed("NOT_FOUND");
        }
        let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let data = app.anyone().query(nodes, json!({ "ids": [world.taoyuan, "x", world.beimen] })).await;
        assert_eq!(data["nodes"], json!([{ "id": world.taoyuan }, null, { "id": world.beimen }]));
        let many: Vec<_> = (0..101).map(|n| format!("x{n}")).collect();
        let answer = app.anyone().run(nodes, json!({ "ids": many })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
    }

    async fn a_body_is_an_object_and_a_dry_run_is_asked_for_in_one_word(app) {
        let listed = post(app, "application/json", RESPONSE_JSON, r#"["{ viewer { id } }", null, null, null]"#).await;
        assert_eq!(refused(listed).await, (400, "BAD_USER_INPUT".to_owned()));
        let nameless = post(app, "application/json", RESPONSE_JSON, r#"{ "query": "{ viewer { id } }", "operationName": "" }"#).await;
        assert_eq!(nameless.status(), 200);
        let w = app.world().await;
        for word in ["1", "yes", ""] {
            let answer = w.unit.with("x-dry-run", word).run("mutation { signOut { result } }", json!({})).await;
            assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{word:?}");
        }
    }
}
