//! Partner clients: registered by the district, proved by a secret or a key, held to their scopes, revoked at once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, Response, StatusCode};

use crate::support::{Actor, Answer, Id, TestApp, Thing, Value, World, changed, json};

fn new(w: &World, with: Value) -> Value {
    changed(json!({ "district": w.tiedong, "name": "掌上铁东", "scopes": ["READ", "CHANGES"] }), &with)
}

/// Registers a client; it and its secret.
pub(super) async fn registered(w: &World, with: Value) -> (Thing, String) {
    let document =
        "mutation($input: RegisterClientInput!) { registerClient(input: $input) { result { id } secret refusals { code message path } } }";
    let data = w.district.query(document, json!({ "input": new(w, with) })).await;
    let payload = &data["registerClient"];
    (Thing(payload["result"].clone()), payload["secret"].as_str().unwrap_or_default().to_owned())
}

async fn rotated(w: &World, client: &Thing, hours: i32) -> String {
    let document = "mutation($input: RotateClientCredentialInput!) { rotateClientCredential(input: $input) { secret refusals { code } } }";
    let data = w.district.query(document, json!({ "input": { "id": client.id(), "overlapHours": hours } })).await;
    data["rotateClientCredential"]["secret"].as_str().unwrap_or_default().to_owned()
}

async fn ask(app: &TestApp, form: &[(&str, &str)]) -> Response {
    app.http.post(format!("{}/oauth/token", app.url)).form(form).send().await.expect("an answer")
}

pub(super) async fn by_secret(app: &TestApp, client: &Thing, secret: &str) -> Response {
    ask(app, &[("grant_type", "client_credentials"), ("client_id", client.id()), ("client_secret", secret)]).await
}

/// The access token of an answer that must hold one.
pub(super) async fn token(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body: Value = response.json().await.expect("JSON");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    body["access_token"].as_str().expect("a token").to_owned()
}

async fn denied(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("JSON");
    (status, body["error"].as_str().expect("a code").to_owned())
}

/// A client's key pair.
struct Pair {
    jwk: String,
    sign: EncodingKey,
}

fn pair(seed: u8) -> Pair {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x }).to_string();
    let der = key.to_pkcs8_der().expect("a document");
    Pair { jwk, sign: EncodingKey::from_ed_der(der.as_bytes()) }
}

fn assertion(pair: &Pair, client: &Thing, audience: &str, ends: DateTime<Utc>, id: &str) -> String {
    let claims = json!({ "iss": client.id(), "sub": client.id(), "aud": audience, "exp": ends.timestamp(), "jti": id });
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &pair.sign).expect("it is signed")
}

async fn by_assertion(app: &TestApp, assertion: &str) -> Response {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    ask(app, &[("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", assertion)]).await
}

async fn viewer(actor: &Actor) -> Answer {
    actor.run("{ viewer { name grants { role area { name } } } }", json!({})).await
}

both! {
    async fn a_client_is_given_a_token_for_its_secret_and_reads_what_a_partner_may(app) {
        let w = app.world().await;
        let (client, secret) = registered(&w, json!({})).await;
        assert_eq!(secret.len(), 43, "256 bits, shown this once");
        let partner = app.anyone().with_token(&token(by_secret(app, &client, &secret).await).await);
        let answer = viewer(&partner).await;
        assert_eq!(answer.data()["viewer"], json!({ "name": "掌上铁东", "grants": [{ "role": "PARTNER", "area": { "name": "铁东区" } }] }));
        let basic = app.http.post(format!("{}/oauth/token", app.url)).basic_auth(client.id(), Some(&secret));
        token(basic.form(&[("grant_type", "client_credentials")]).send().await.expect("an answer")).await;
        let seen = w.district.see(&client).await;
        assert_eq!((&seen["scopes"], &seen["lastUsedAt"]), (&json!(["CHANGES", "READ"]), &json!("2025-03-10T01:00:00+00:00")));
        assert_eq!(seen["credentials"], json!([{ "isKey": false, "expiresAt": "2035-03-08T01:00:00+00:00" }]));
        assert_eq!(app.journal_of(client.id()).await, ["CLIENT_REGISTERED"]);
        for rows in [app.rows("SELECT secret_digest FROM client_credentials").await, app.rows("SELECT CAST(detail AS TEXT) FROM journal").await] {
            assert!(rows.iter().all(|row| row.try_get_by_index::<String>(0).expect("a text") != secret));
        }
    }

    async fn whatever_is_wrong_with_a_client_is_told_in_one_way(app) {
        let w = app.world().await;
        let (client, secret) = registered(&w, json!({})).await;
        let (other, _) = registered(&w, json!({})).await;
        let never = Thing(json!({ "id": "client_0190c200000000000000000000000000" }));
        let unknown = (401, "invalid_client".to_owned());
        for (client, secret) in [(&client, "x"), (&client, ""), (&other, &secret), (&never, &secret)] {
            let response = by_secret(app, client, secret).await;
            assert_eq!(response.headers()["www-authenticate"], "Basic realm=\"alliance\"");
            assert_eq!(denied(response).await, unknown);
        }
        assert_eq!(denied(ask(app, &[("grant_type", "client_credentials")]).await).await, unknown);
        let password = [("grant_type", "password"), ("client_id", client.id()), ("client_secret", &secret)];
        assert_eq!(denied(ask(app, &password).await).await, (400, "unsupported_grant_type".to_owned()));
        let json = app.http.post(format!("{}/oauth/token", app.url)).json(&json!({ "grant_type": "client_credentials" })).send().await;
        assert_eq!(denied(json.expect("an answer")).await, (400, "invalid_request".to_owned()));
        let login = client.id().to_owned();
        for password in ["", &secret] {
            let document = "mutation($l: String!, $p: String!) { signIn(login: $l, password: $p) { refusals { code } } }";
            let data = app.anyone().query(document, json!({ "l": login, "p": password })).await;
            assert_eq!(data["signIn"]["refusals"][0]["code"], "WRONG_CREDENTIALS", "a client is no person");
        }
    }

    async fn a_token_is_for_what_it_was_asked_and_the_client_given(app) {
        let w = app.world().await;
        let (client, secret) = registered(&w, json!({})).await;
        let scoped = async |scope: &str| {
            ask(app, &[("grant_type", "client_credentials"), ("client_id", client.id()), ("client_secret", &secret), ("scope", scope)]).await
        };
        for scope in ["write", "read write", "admin", "READ"] {
            assert_eq!(denied(scoped(scope).await).await, (400, "invalid_scope".to_owned()), "{scope}");
        }
        let reader = app.anyone().with_token(&token(scoped("read").await).await);
        assert_eq!(viewer(&reader).await.errors().len(), 0);
        let rename = format!("mutation {{ renameArea(id: \"{}\", name: \"x\") {{ result {{ id }} }} }}", w.taoyuan);
        for (document, permission) in [(rename.as_str(), "scope write"), ("subscription { changes { id } }", "scope changes")] {
            let answer = reader.run(document, json!({})).await;
            assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{answer}");
            assert_eq!(answer.errors()[0]["extensions"]["permission"], permission);
        }
        let follower = app.anyone().with_token(&token(scoped("changes").await).await);
        assert_eq!(viewer(&follower).await.code(), "FORBIDDEN");
    }

    async fn a_client_that_is_revoked_opens_nothing_from_then_on(app) {
        let w = app.world().await;
        let (client, secret) = registered(&w, json!({})).await;
        let partner = app.anyone().with_token(&token(by_secret(app, &client, &secret).await).await);
        assert_eq!(viewer(&partner).await.errors().len(), 0);
        let revoked = w.district.revoke_client(&client).await.done();
        assert_eq!(revoked["revokedAt"], "2025-03-10T01:00:00+00:00");
        assert_eq!(viewer(&partner).await.code(), "UNAUTHENTICATED");
        assert_eq!(denied(by_secret(app, &client, &secret).await).await, (401, "invalid_client".to_owned()));
        w.district.revoke_client(&client).await.done();
        assert_eq!(app.journal_of(client.id()).await, ["CLIENT_REGISTERED", "CLIENT_REVOKED"]);
        w.district.update_client(json!({ "id": client.id(), "name": "新名" })).await.refused("INVALID_INPUT");
        w.district.rotate_client(json!({ "id": client.id() })).await.refused("INVALID_INPUT");
    }

    async fn a_new_secret_leaves_the_old_one_its_hours_and_no_more(app) {
        let w = app.world().await;
        let (client, first) = registered(&w, json!({})).await;
        let before = app.anyone().with_token(&token(by_secret(app, &client, &first).await).await);
        let second = rotated(&w, &client, 24).await;
        for secret in [&first, &second] {
            token(by_secret(app, &client, secret).await).await;
        }
        app.move_to("2025-03-11 09:01").await;
        assert_eq!(denied(by_secret(app, &client, &first).await).await.0, 401);
        token(by_secret(app, &client, &second).await).await;
        assert_eq!(viewer(&before).await.code(), "UNAUTHENTICATED");
        let now = app.anyone().with_token(&token(by_secret(app, &client, &second).await).await);
        let third = rotated(&w, &client, 0).await;
        assert_eq!(denied(by_secret(app, &client, &second).await).await.0, 401, "at once");
        assert_eq!(viewer(&now).await.code(), "UNAUTHENTICATED");
        token(by_secret(app, &client, &third).await).await;
        assert_eq!(w.district.see(&client).await["credentials"].as_array().map(Vec::len), Some(1));
    }

    async fn a_client_ends_with_its_last_day(app) {
        let w = app.world().await;
        let (client, secret) = registered(&w, json!({ "expiresOn": "2025-03-12" })).await;
        app.move_to("2025-03-12 23:50").await;
        let partner = app.anyone().with_token(&token(by_secret(app, &client, &secret).await).await);
        app.move_to("2025-03-13 00:00").await;
        assert_eq!(viewer(&partner).await.code(), "UNAUTHENTICATED");
        assert_eq!(denied(by_secret(app, &client, &secret).await).await.0, 401);
        w.district.register_client(new(&w, json!({ "expiresOn": "2025-03-12" }))).await.refused("INVALID_INPUT");
    }

    async fn a_client_proves_itself_by_a_key_that_never_leaves_it(app) {
        let w = app.world().await;
        let (own, strange) = (pair(1), pair(2));
        let (client, secret) = registered(&w, json!({ "publicKey": own.jwk })).await;
        assert_eq!(secret, "", "it has a key of its own");
        let endpoint = format!("{}/oauth/token", app.url);
        let soon = app.clock().now() + chrono::TimeDelta::minutes(5);
        let good = assertion(&own, &client, &endpoint, soon, "1");
        let partner = app.anyone().with_token(&token(by_assertion(app, &good).await).await);
        assert_eq!(viewer(&partner).await.errors().len(), 0);
        token(by_assertion(app, &assertion(&own, &client, "alliance", soon, "2")).await).await;
        let (other, _) = registered(&w, json!({ "publicKey": strange.jwk })).await;
        let (past, far) = (app.clock().now() - chrono::TimeDelta::minutes(2), app.clock().now() + chrono::TimeDelta::hours(1));
        let (head, rest) = good.split_once('.').expect("three parts");
        let none = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), rest.split_once('.').expect("two parts").0);
        for (what, wrong) in [
            ("used before", good.clone()),
            ("signed by another", assertion(&strange, &client, &endpoint, soon, "3")),
            ("for another service", assertion(&own, &client, "https://elsewhere.example.cn", soon, "4")),
            ("over", assertion(&own, &client, &endpoint, past, "5")),
            ("for too long", assertion(&own, &client, &endpoint, far, "6")),
            ("without a name", assertion(&own, &client, &endpoint, soon, "")),
            ("of another client", assertion(&own, &other, &endpoint, soon, "7")),
            ("unsigned", format!("{none}.")),
            ("cut", format!("{head}.{}", &rest[..rest.len() - 4])),
            ("nothing", String::new()),
        ] {
            assert_eq!(denied(by_assertion(app, &wrong).await).await, (401, "invalid_client".to_owned()), "{what}");
        }
        let once = assertion(&own, &client, &endpoint, soon, "8");
        let many = futures_util::future::join_all((0..12).map(|_| by_assertion(app, &once))).await;
        assert_eq!(many.iter().filter(|response| response.status() == StatusCode::OK).count(), 1, "twelve at once, one is first");
    }

    async fn where_tokens_are_given_out_is_told_to_who_asks_for_it(app) {
        let metadata = async |headers: &[(&'static str, &str)]| -> Value {
            let request = app.http.get(format!("{}/.well-known/oauth-authorization-server", app.url));
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            request.send().await.expect("an answer").json().await.expect("JSON")
        };
        let here = metadata(&[]).await;
        assert_eq!(here["issuer"], app.url.as_str());
        assert_eq!(here["jwks_uri"], format!("{}/.well-known/jwks.json", app.url));
        assert_eq!(here["grant_types_supported"], json!(["client_credentials"]));
        assert_eq!(here["token_endpoint_auth_methods_supported"], json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]));
        assert_eq!(here["token_endpoint_auth_signing_alg_values_supported"], json!(["EdDSA", "ES256", "RS256"]));
        assert_eq!(here["scopes_supported"], json!(["read", "changes", "write"]));
        let public = metadata(&[("host", "alliance.example.cn"), ("x-forwarded-proto", "http")]).await;
        assert_eq!(public["token_endpoint"], "https://alliance.example.cn/oauth/token", "nobody is trusted to say otherwise");
        // What it says is what an assertion is addressed to.
        let w = app.world().await;
        let own = pair(1);
        let (client, _) = registered(&w, json!({ "publicKey": own.jwk })).await;
        let soon = app.clock().now() + chrono::TimeDelta::minutes(5);
        let endpoint = here["token_endpoint"].as_str().expect("an address");
        token(by_assertion(app, &assertion(&own, &client, endpoint, soon, "1")).await).await;
    }

    async fn what_a_client_may_not_be_is_refused(app) {
        let w = app.world().await;
        for (with, path) in [
            (json!({ "district": w.beimen }), "district"),
            (json!({ "name": "" }), "name"),
            (json!({ "scopes": [] }), "scopes"),
            (json!({ "origins": ["http://app.example.cn"] }), "origins"),
            (json!({ "origins": ["*"] }), "origins"),
            (json!({ "publicKey": "{}" }), "publicKey"),
            (json!({ "publicKey": r#"{"kty":"oct","k":"AAAA"}"# }), "publicKey"),
        ] {
            let attempt = w.district.register_client(new(&w, with.clone())).await;
            let refusal = attempt.refused("INVALID_INPUT");
            assert_eq!(refusal["path"], json!(["input", path]), "{with}");
        }
        let keyed = w.district.with_key("k").register_client(new(&w, json!({}))).await;
        keyed.refused("HEADER_NOT_ALLOWED");
        w.district.in_a_dry_run().register_client(new(&w, json!({}))).await.refused("HEADER_NOT_ALLOWED");
        let (client, _) = registered(&w, json!({})).await;
        for _ in 0..4 {
            rotated(&w, &client, 24).await;
        }
        w.district.rotate_client(json!({ "id": client.id() })).await.refused("INVALID_INPUT");
        let accounts = w.district.lists("accounts(first: 100)").await;
        let own = client.id().replace("client", "account");
        assert!(!accounts.contains(&own), "its account is managed as the client that it is");
        let grant = json!({ "account": own, "role": "DISTRICT_ADMIN", "area": w.tiedong });
        let document = "mutation($input: GrantRoleInput!) { grantRole(input: $input) { result { id } } }";
        assert_eq!(w.district.run(document, json!({ "input": grant })).await.code(), "NOT_FOUND");
        for stranger in [&w.street, &w.partner, &app.anyone()] {
            stranger.sees_nothing_of(&client).await;
        }
    }

    async fn pages_of_a_clients_origins_may_call_and_no_others(app) {
        let w = app.world().await;
        let (client, _) = registered(&w, json!({ "origins": ["https://app.example.cn"] })).await;
        let allowed = async |origin: &str| {
            let preflight = app.anyone().request(Method::OPTIONS, "/graphql").header("origin", origin);
            let preflight = preflight.header("access-control-request-method", "POST");
            let preflight = preflight.header("access-control-request-headers", "authorization,content-type").send().await.expect("an answer");
            let asked = app.anyone().request(Method::GET, "/graphql?query=%7B__typename%7D").header("origin", origin);
            let asked = asked.send().await.expect("an answer");
            let of = |response: &Response| response.headers().get("access-control-allow-origin").map(|value| value.to_str().expect("a text").to_owned());
            assert_eq!(of(&preflight), of(&asked), "{origin}");
            assert!(!asked.headers().contains_key("access-control-allow-credentials"));
            of(&asked)
        };
        assert_eq!(allowed("https://app.example.cn").await.as_deref(), Some("https://app.example.cn"));
        for other in ["https://example.cn", "http://app.example.cn", "https://app.example.cn.evil.cn", "https://app.example.cn:444", "null"] {
            assert_eq!(allowed(other).await, None, "{other}");
        }
        let socket = async |origin: &str| {
            let upgrade = app.anyone().request(Method::GET, "/graphql/ws").header("connection", "upgrade").header("upgrade", "websocket");
            let upgrade = upgrade.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            upgrade.header("origin", origin).send().await.expect("an answer").status().as_u16()
        };
        assert_eq!([socket("https://app.example.cn").await, socket(&app.url).await, socket("https://evil.cn").await], [101, 101, 403]);
        w.district.update_client(json!({ "id": client.id(), "origins": ["http://localhost:5173"] })).await.done();
        assert_eq!(allowed("https://app.example.cn").await, None);
        assert_eq!(allowed("http://localhost:5173").await.as_deref(), Some("http://localhost:5173"));
        w.district.revoke_client(&client).await.done();
        assert_eq!(allowed("http://localhost:5173").await, None);
    }
}
