//! Registered operations: documents that partner clients name by their hashes, and are held to.

use alliance::clients::operations::hash;
use reqwest::{Method, Url};

use super::clients::{by_secret, registered, token};
use super::sockets::Socket;
use crate::support::{Actor, Answer, Id, TestApp, Thing, Value, World, changed, json};

const AREAS: &str = "query Areas { areas(first: 3) { totalCount } }";
const WHO: &str = "query Who { viewer { name } }";
const FEED: &str = "subscription Feed { changes(after: \"MC4w\", kinds: [AREA_RENAMED]) { kind } }";

/// A client that may do everything, and who asks with its token.
async fn client(app: &TestApp, w: &World, with: Value) -> (Thing, Actor) {
    let (client, secret) = registered(w, changed(json!({ "scopes": ["READ", "CHANGES", "WRITE"] }), &with)).await;
    let token = token(by_secret(app, &client, &secret).await).await;
    (client, app.anyone().with_token(&token))
}

fn input(client: &Thing, documents: &[&str]) -> Value {
    let documents: Vec<Value> = documents.iter().map(|document| json!({ "document": document })).collect();
    json!({ "client": client.id(), "operations": documents })
}

async fn post(actor: &Actor, body: Value) -> Answer {
    let request = actor.request(Method::POST, "/graphql").header("accept", "application/graphql-response+json");
    let response = request.header("content-type", "application/json").body(body.to_string()).send().await.expect("an answer");
    Answer { status: response.status().as_u16(), body: response.json().await.expect("JSON") }
}

async fn named(actor: &Actor, document: &str) -> Answer {
    post(actor, json!({ "documentId": format!("sha256:{}", hash(document)) })).await
}

async fn automatic(actor: &Actor, document: &str) -> Answer {
    post(actor, json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash(document) } } })).await
}

fn unknown(answer: &Answer) -> bool {
    answer.status == 400 && answer.code() == "PERSISTED_QUERY_NOT_FOUND"
}

fn forbidden(answer: &Answer) -> bool {
    answer.status == 403 && answer.code() == "FORBIDDEN" && answer.errors()[0]["extensions"]["permission"] == "registered operation"
}

both! {
    async fn a_client_names_what_was_registered_for_it(app) {
        let w = app.world().await;
        let (own, partner) = client(app, &w, json!({})).await;
        let (other, stranger) = client(app, &w, json!({})).await;
        assert!(unknown(&named(&partner, AREAS).await));
        let done = w.district.register_operations(input(&own, &[AREAS, WHO, AREAS])).await.done();
        let operations = &done["operations"];
        assert_eq!((&operations["totalCount"], &operations["nodes"][1]["name"]), (&json!(2), &json!("Areas")));
        assert_eq!(operations["nodes"][1]["id"], format!("sha256:{}", hash(AREAS)));
        assert_eq!((&operations["nodes"][1]["document"], &operations["nodes"][1]["registeredAt"]), (&json!(AREAS), &json!("2025-03-10T01:00:00+00:00")));
        for answer in [named(&partner, WHO).await, automatic(&partner, WHO).await] {
            assert_eq!(answer.ok()["viewer"]["name"], "掌上铁东");
        }
        assert!(unknown(&named(&stranger, WHO).await), "another client's is not its own");
        assert!(unknown(&automatic(&stranger, WHO).await));
        assert_eq!(named(&app.anyone(), WHO).await.ok(), json!({ "viewer": null }), "a page of the client's may ask for nobody");
        assert_eq!(named(&w.secretary, WHO).await.ok()["viewer"]["name"], "secretary", "or for whom it signed in");

        // It does it by itself, and for itself alone.
        let again = partner.register_operations(input(&own, &[AREAS, FEED])).await.done();
        assert_eq!(again["operations"]["totalCount"], 3);
        stranger.register_operations(input(&own, &[AREAS])).await.failed("NOT_FOUND");
        w.street.register_operations(input(&own, &[AREAS])).await.failed("NOT_FOUND");
        partner.register_operations(input(&own, &[AREAS])).await.done();
        let replaced = w.district.register_operations(changed(input(&own, &[AREAS]), &json!({ "replace": true }))).await.done();
        assert_eq!(replaced["operations"]["totalCount"], 1);
        assert!(unknown(&named(&partner, WHO).await), "at once");
        let registered = "CLIENT_OPERATIONS_REGISTERED";
        assert_eq!(app.journal_of(own.id()).await, ["CLIENT_REGISTERED", registered, registered, registered], "what changes nothing is no change");
        w.district.revoke_client(&own).await.done();
        assert!(unknown(&named(&w.secretary, AREAS).await), "they end with their client");
        w.district.register_operations(input(&own, &[WHO])).await.refused("INVALID_INPUT");
        drop(other);
    }

    async fn what_could_not_be_run_is_not_registered(app) {
        let w = app.world().await;
        let (own, partner) = client(app, &w, json!({})).await;
        let wide = format!("{{ {} }}", (0..31).map(|n| format!("a{n}: __typename")).collect::<Vec<_>>().join(" "));
        for wrong in ["", "{", "fragment f on Viewer { name }", &wide, &format!("{{ __typename }} #{}", "x".repeat(33_000))] {
            let refusal = w.district.register_operations(input(&own, &[AREAS, wrong])).await.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", "operations"]));
            assert!(refusal["message"].as_str().is_some_and(|message| message.starts_with("第 2 条")), "{refusal}");
        }
        assert!(unknown(&named(&partner, AREAS).await), "nothing of it was kept");
        let documents = |from: usize| (from..from + 250).map(|n| format!("query Q{n} {{ __typename }}")).collect::<Vec<_>>();
        for from in [0, 250] {
            let documents = documents(from);
            let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
            partner.register_operations(input(&own, &documents)).await.done();
        }
        partner.register_operations(input(&own, &[AREAS])).await.refused("INVALID_INPUT");
        partner.register_operations(changed(input(&own, &[AREAS]), &json!({ "replace": true }))).await.done();
        for id in ["", "md5:00", "sha256:00", "00", &format!("sha256:{}", hash("{ nobody }"))] {
            let answer = post(&partner, json!({ "documentId": id })).await;
            assert!(unknown(&answer) || (id.is_empty() && answer.code() == "BAD_USER_INPUT"), "{id}: {answer}");
        }
        let id = format!("sha256:{}", hash(AREAS));
        assert_eq!(post(&partner, json!({ "documentId": id, "query": WHO })).await.code(), "BAD_USER_INPUT");
        assert_eq!(post(&partner, json!({ "documentId": id, "query": AREAS })).await.errors().len(), 0);
        let other = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(WHO) } });
        assert_eq!(post(&partner, json!({ "documentId": id, "extensions": other })).await.code(), "BAD_USER_INPUT");
    }

    async fn a_client_that_is_held_to_its_own_sends_nothing_else(app) {
        let w = app.world().await;
        let (own, partner) = client(app, &w, json!({ "registeredOnly": true })).await;
        assert_eq!(w.district.see(&own).await["registeredOnly"], true);
        assert!(forbidden(&partner.run(AREAS, json!({})).await));
        assert!(forbidden(&partner.register_operations(input(&own, &[AREAS])).await.answer), "nor does it let itself");
        w.district.register_operations(input(&own, &[AREAS, FEED])).await.done();
        assert_eq!(partner.run(AREAS, json!({})).await.errors().len(), 0, "also in full");
        assert_eq!(named(&partner, AREAS).await.errors().len(), 0);
        assert_eq!(automatic(&partner, AREAS).await.errors().len(), 0);
        assert!(unknown(&named(&partner, WHO).await));
        let whole = json!({ "query": WHO, "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash(WHO) } } });
        assert_eq!(post(&app.anyone(), whole.clone()).await.errors().len(), 0);
        assert!(forbidden(&automatic(&partner, WHO).await), "what others made known is not its own");
        assert!(forbidden(&post(&partner, whole).await));
        assert!(forbidden(&partner.run("{ __typename }", json!({})).await));

        let mut socket = Socket::with(&app.url, &partner.token_now()).await;
        socket.say(json!({ "id": "a", "type": "subscribe", "payload": { "documentId": format!("sha256:{}", hash(AREAS)) } })).await;
        assert_eq!(socket.hears().await["payload"]["data"]["areas"]["totalCount"], json!(app.count("areas").await));
        assert_eq!(socket.hears().await, json!({ "id": "a", "type": "complete" }));
        socket.asks("b", WHO).await;
        let refused = socket.hears().await;
        assert_eq!((&refused["type"], &refused["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("FORBIDDEN")));
        socket.say(json!({ "id": "c", "type": "subscribe", "payload": { "documentId": format!("sha256:{}", hash(FEED)) } })).await;
        w.district.rename_area(&w.taoyuan, "桃李社区").await.done();
        assert_eq!(socket.hears().await["payload"]["data"]["changes"]["kind"], "AREA_RENAMED");

        w.district.update_client(json!({ "id": own.id(), "registeredOnly": false })).await.done();
        assert_eq!(partner.run(WHO, json!({})).await.errors().len(), 0, "at once");
        w.district.update_client(json!({ "id": own.id(), "registeredOnly": true })).await.done();
        assert!(forbidden(&partner.run(WHO, json!({})).await));
        // Elsewhere within a second.
        let there = partner.at(&app.another().await);
        assert_eq!(named(&there, AREAS).await.errors().len(), 0);
        w.district.register_operations(changed(input(&own, &[WHO]), &json!({ "replace": true }))).await.done();
        let mut seen = false;
        for _ in 0..20 {
            seen = unknown(&named(&there, AREAS).await) && named(&there, WHO).await.errors().is_empty();
            if seen {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(seen);
    }

    async fn a_client_that_is_held_to_its_own_sends_no_pictures_either(app) {
        let w = app.world().await;
        let (own, partner) = client(app, &w, json!({ "registeredOnly": true, "scopes": ["WRITE"] })).await;
        let send = async || {
            let answer = partner.send_picture(&format!("delivery_{}", "0".repeat(32)), "image/jpeg", Vec::new()).await;
            (answer.status, answer.errors()[0]["extensions"]["permission"].clone())
        };
        assert_eq!(send().await, (403, json!("registered operation")));
        w.district.update_client(json!({ "id": own.id(), "registeredOnly": false })).await.done();
        assert_eq!(send().await, (404, json!(null)));
    }

    async fn a_registered_operation_can_be_held_by_who_asked_and_costs_no_statement(app) {
        let w = app.world().await;
        let (own, partner) = client(app, &w, json!({ "registeredOnly": true })).await;
        w.district.register_operations(input(&own, &[AREAS])).await.done();
        let mut url = Url::parse("http://localhost/graphql").expect("a URL");
        url.query_pairs_mut().append_pair("documentId", &format!("sha256:{}", hash(AREAS)));
        let path = format!("/graphql?{}", url.query().unwrap_or_default());
        let get = async |held: &str| app.anyone().request(Method::GET, &path).header("if-none-match", held).send().await.expect("an answer");
        let first = get("\"\"").await;
        assert_eq!((first.status().as_u16(), &first.headers()["cache-control"]), (200, &"public, no-cache".parse().expect("a value")));
        let tag = first.headers()["etag"].to_str().expect("a tag").to_owned();
        let before = app.db().statements();
        assert_eq!(get(&tag).await.status().as_u16(), 304);
        assert_eq!(app.db().statements(), before);

        named(&partner, AREAS).await.ok();
        let before = app.db().statements();
        named(&partner, AREAS).await.ok();
        let cost = app.db().statements() - before;
        partner.run(AREAS, json!({})).await.ok();
        assert_eq!(app.db().statements() - before, 2 * cost, "to be held costs nothing");
    }
}
