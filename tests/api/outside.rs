//! Tokens of outside issuers: proved by keys that come and go, held to their audience and time, and worth what their claims give.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use alliance::auth::outside::{Issuers, missing};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tokio::net::TcpListener;

use super::sockets::Socket;
use crate::support::{Actor, Id, TestApp, Value, World, changed, json};

/// What the rules of the stories give.
const RULES: &str = r#"
[[issuer.roles]]
claim = "realm.roles"
contains = "secretary"
role = "COMMUNITY_SECRETARY"
area_claim = "community"

[[issuer.roles]]
claim = "realm.roles"
contains = "audit"
role = "AUDITOR"
area = "220303"

[[issuer.roles]]
claim = "liaison"
equals = true
role = "UNIT_REPRESENTATIVE"
unit_claim = "units"
"#;

/// A key of an issuer.
struct Pair {
    kid: &'static str,
    public: String,
    sign: EncodingKey,
}

fn pair(kid: &'static str, seed: u8) -> Pair {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let sign = EncodingKey::from_ed_der(key.to_pkcs8_der().expect("a document").as_bytes());
    Pair { kid, public: URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()), sign }
}

impl Pair {
    fn jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": self.public })
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.sign).expect("it is signed")
    }
}

#[derive(Default)]
struct Behaviour {
    keys: Mutex<Value>,
    says_it_is: Mutex<String>,
    asked: AtomicUsize,
    down: AtomicBool,
    redirects: AtomicBool,
}

/// An issuer of tokens, as small as may be.
struct Sso {
    url: String,
    does: Arc<Behaviour>,
}

async fn discovery(State(does): State<Arc<Behaviour>>) -> Response {
    does.asked.fetch_add(1, Ordering::SeqCst);
    let issuer = does.says_it_is.lock().expect("a lock").clone();
    if does.down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") })).into_response()
}

async fn keys(State(does): State<Arc<Behaviour>>) -> Response {
    if does.redirects.load(Ordering::SeqCst) {
        return Redirect::temporary("/elsewhere").into_response();
    }
    Json(json!({ "keys": *does.keys.lock().expect("a lock") })).into_response()
}

impl Sso {
    async fn start(keys_at_first: &[&Pair]) -> Sso {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let does = Arc::new(Behaviour { says_it_is: Mutex::new(url.clone()), ..Behaviour::default() });
        let router = Router::new().route("/.well-known/openid-configuration", get(discovery));
        let router = router.route("/keys", get(keys)).route("/elsewhere", get(keys)).with_state(does.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let sso = Sso { url, does };
        sso.publishes(keys_at_first);
        sso
    }

    fn publishes(&self, keys: &[&Pair]) {
        *self.does.keys.lock().expect("a lock") = keys.iter().map(|key| key.jwk()).collect();
    }

    fn asked(&self) -> usize {
        self.does.asked.load(Ordering::SeqCst)
    }

    fn issuers(&self) -> Issuers {
        let text = format!("[[issuer]]\nissuer = \"{}\"\naudience = \"alliance\"\n{RULES}", self.url);
        Issuers::parse(&text).expect("the settings are right")
    }

    /// The claims of a token that is good for ten minutes.
    fn claims(&self, app: &TestApp, with: Value) -> Value {
        let now = app.clock().now().timestamp();
        let plain = json!({ "iss": self.url, "aud": ["alliance", "others"], "sub": "220303199001011234", "name": "王芳", "iat": now, "exp": now + 600 });
        changed(plain, &with)
    }
}

/// The instance that believes an issuer; its address, and nobody at it.
async fn believing(app: &TestApp, sso: &Sso) -> (String, Actor) {
    let issuers = sso.issuers();
    let url = app.another_with(|settings| settings.issuers = Some(issuers)).await;
    let anyone = app.anyone().at(&url);
    (url, anyone)
}

async fn opens(anyone: &Actor, token: &str) -> bool {
    let answer = anyone.with_token(token).run("{ viewer { id } }", json!({})).await;
    match answer.errors() {
        [] => true,
        _ => {
            assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{answer}");
            false
        }
    }
}

fn secretary() -> Value {
    json!({ "realm": { "roles": ["secretary"] }, "community": "220303006001" })
}

fn need(w: &World) -> Value {
    json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": "为独居老人送米", "wanted": "9", "measure": "袋" })
}

/// The roles that a viewer has, each with its place.
async fn roles(actor: &Actor) -> Vec<String> {
    let data = actor.query("{ viewer { grants { role area { name } unit { name } } } }", json!({})).await;
    let grants = data["viewer"]["grants"].as_array().cloned().unwrap_or_default();
    let place = |grant: &Value| grant["area"]["name"].as_str().or(grant["unit"]["name"].as_str()).unwrap_or_default().to_owned();
    grants.iter().map(|grant| format!("{} {}", grant["role"].as_str().unwrap_or_default(), place(grant))).collect()
}

both! {
    async fn a_token_is_worth_what_its_claims_give(app) {
        let (w, key) = (app.world().await, pair("1", 1));
        let sso = Sso::start(&[&key]).await;
        let (_, anyone) = believing(app, &sso).await;
        let bearer = |with: Value| anyone.with_token(&key.sign(&sso.claims(app, with)));
        let actor = bearer(secretary());
        let data = actor.query("{ viewer { id name grants { id role area { name } validUntil } } }", json!({})).await;
        let viewer = &data["viewer"];
        assert_eq!((&viewer["name"], &viewer["grants"][0]["role"], &viewer["grants"][0]["area"]["name"]),
            (&json!("王芳"), &json!("COMMUNITY_SECRETARY"), &json!("桃源社区")));
        let account = viewer["id"].as_str().expect("an id");
        assert_eq!(app.journal_of(account).await, ["ACCOUNT_CREATED"]);

        let made = actor.with_key("k").post_need(need(&w)).await.done();
        let again = actor.with_key("k").post_need(need(&w)).await.done();
        assert_eq!(made.id(), again.id(), "its keys are its own");
        let journal = w.auditor.query("query($n: ID!) { journal(filter: { node: $n }) { nodes { accountId role } } }", json!({ "n": made.id() })).await;
        assert_eq!(journal["journal"]["nodes"][0], json!({ "accountId": account, "role": "COMMUNITY_SECRETARY" }));

        // The next token may say something else; this one still says what it says.
        let auditor = bearer(json!({ "realm": { "roles": "x audit" }, "name": "王芳 2" }));
        assert_eq!(roles(&auditor).await, ["AUDITOR 铁东区"]);
        auditor.post_need(need(&w)).await.failed("FORBIDDEN");
        assert_eq!(roles(&bearer(json!({ "liaison": true, "units": [w.shennong, w.kunbo, "91220303MA0000000X"] }))).await.len(), 2);
        for nobody in [
            json!({}),
            json!({ "realm": { "roles": ["secretaries"] }, "community": "220303006001" }),
            json!({ "realm": { "roles": ["secretary"] }, "community": "220303" }),
            json!({ "realm": { "roles": ["secretary"] }, "community": "999999" }),
            json!({ "liaison": "true", "units": w.shennong }),
        ] {
            let nobody = bearer(nobody);
            assert_eq!(roles(&nobody).await, [] as [String; 0]);
            nobody.post_need(need(&w)).await.failed("FORBIDDEN");
            assert_eq!(nobody.run("{ accounts { totalCount } }", json!({})).await.code(), "FORBIDDEN");
        }
        assert_eq!(app.journal_of(account).await, ["ACCOUNT_CREATED"], "it is one account all along");
        let another = bearer(json!({ "sub": "another", "name": "" })).query("{ viewer { id name } }", json!({})).await;
        assert_ne!(another["viewer"]["id"], account);
        assert!(another["viewer"]["name"].as_str().is_some_and(|name| name.starts_with("oidc_")), "{another}");
    }

    async fn what_is_wrong_with_a_token_opens_nothing(app) {
        let (_, key, other) = (app.world().await, pair("1", 1), pair("1", 2));
        let sso = Sso::start(&[&key]).await;
        let (_, anyone) = believing(app, &sso).await;
        let now = app.clock().now().timestamp();
        let good = sso.claims(app, secretary());
        for (what, with, is_open) in [
            ("good", json!({}), true),
            ("for another", json!({ "aud": "alliance2" }), false),
            ("for nobody", json!({ "aud": [] }), false),
            ("of nobody", json!({ "iss": "https://sso.example.cn" }), false),
            ("of one of a longer name", json!({ "iss": format!("{}/", sso.url) }), false),
            ("over", json!({ "exp": now - 60 }), false),
            ("over, but the clocks differ", json!({ "exp": now - 59 }), true),
            ("without an end", json!({ "exp": null }), false),
            ("not yet", json!({ "nbf": now + 61 }), false),
            ("nearly", json!({ "nbf": now + 60 }), true),
            ("from the future", json!({ "iat": now + 61 }), false),
            ("of no subject", json!({ "sub": "" }), false),
            ("a notice", json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": {} } }), false),
        ] {
            assert_eq!(opens(&anyone, &key.sign(&changed(good.clone(), &with))).await, is_open, "{what}");
        }
        let head = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
        let body = URL_SAFE_NO_PAD.encode(good.to_string());
        let shared = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::HS256) };
        let raw = URL_SAFE_NO_PAD.decode(&key.public).expect("bytes");
        let token = key.sign(&good);
        let cut = token.rsplit_once('.').expect("a signature").0;
        for (what, wrong) in [
            ("signed by another of the same name", other.sign(&good)),
            ("unsigned", format!("{}.{body}.", head(json!({ "alg": "none", "kid": "1" })))),
            ("signed with what is public", jsonwebtoken::encode(&shared, &good, &EncodingKey::from_secret(&raw)).expect("a token")),
            ("the same in letters", jsonwebtoken::encode(&shared, &good, &EncodingKey::from_secret(key.public.as_bytes())).expect("a token")),
            ("of another kind", format!("{}.{body}.AAAA", head(json!({ "alg": "EdDSA", "kid": "1", "typ": "logout+jwt" })))),
            ("cut", format!("{cut}.")),
            ("too large", key.sign(&changed(good.clone(), &json!({ "x": "x".repeat(16 * 1024) })))),
        ] {
            assert!(!opens(&anyone, &wrong).await, "{what}");
        }
        assert!(!opens(&app.anyone(), &token).await, "where nobody said that the issuer is to be believed");
        let accounts = app.rows("SELECT login FROM accounts WHERE login LIKE 'oidc_%'").await;
        assert_eq!(accounts.len(), 1, "nothing came of the others");
    }

    async fn keys_come_and_go_and_the_issuer_is_seldom_asked(app) {
        app.world().await;
        let (first, second, third) = (pair("1", 1), pair("2", 2), pair("3", 3));
        let sso = Sso::start(&[&first]).await;
        let (_, anyone) = believing(app, &sso).await;
        let token = |key: &Pair| key.sign(&sso.claims(app, secretary()));
        let first_token = token(&first);
        let at_once = futures_util::future::join_all((0..12).map(|_| opens(&anyone, &first_token))).await;
        assert!(at_once.into_iter().all(|open| open));
        assert_eq!(sso.asked(), 1, "twelve at once ask once");

        sso.publishes(&[&first, &second]);
        assert!(!opens(&anyone, &token(&second)).await, "within the minute");
        assert_eq!(sso.asked(), 1);
        app.move_to("2025-03-10 09:01").await;
        assert!(opens(&anyone, &token(&second)).await, "a key that is not known is asked for");
        for _ in 0..20 {
            assert!(!opens(&anyone, &token(&third)).await);
        }
        assert_eq!(sso.asked(), 2, "many that nobody knows ask no more");
        app.move_to("2025-03-10 09:02").await;
        futures_util::future::join_all((0..20).map(|_| opens(&anyone, &first_token))).await;
        assert_eq!(sso.asked(), 2, "known keys ask for nothing");
        let strange = token(&third);
        futures_util::future::join_all((0..20).map(|_| opens(&anyone, &strange))).await;
        assert_eq!(sso.asked(), 3);

        let held = first.sign(&sso.claims(app, json!({ "exp": app.clock().now().timestamp() + 90_000 })));
        assert!(opens(&anyone, &held).await);
        sso.publishes(&[&second]);
        app.move_to("2025-03-10 10:02").await;
        assert!(!opens(&anyone, &held).await, "after an hour it is seen that a key has gone, also by a token that was known");
        assert!(opens(&anyone, &token(&second)).await);
        assert_eq!(sso.asked(), 4);

        sso.does.down.store(true, Ordering::SeqCst);
        let held = second.sign(&sso.claims(app, json!({ "exp": app.clock().now().timestamp() + 300_000 })));
        app.move_to("2025-03-10 11:02").await;
        for _ in 0..5 {
            assert!(opens(&anyone, &held).await, "the keys of an issuer that is down work on");
        }
        assert_eq!(sso.asked(), 5);
        app.move_to("2025-03-11 10:01").await;
        assert!(opens(&anyone, &held).await);
        app.move_to("2025-03-11 10:03").await;
        assert!(!opens(&anyone, &held).await, "for a day");
        sso.does.down.store(false, Ordering::SeqCst);
        app.move_to("2025-03-11 10:05").await;
        assert!(opens(&anyone, &held).await);
    }

    async fn an_issuer_that_is_not_who_it_says_is_not_believed(app) {
        app.world().await;
        let key = pair("1", 1);
        for fault in ["of another", "elsewhere", "down"] {
            let sso = Sso::start(&[&key]).await;
            match fault {
                "of another" => *sso.does.says_it_is.lock().expect("a lock") = format!("{}/", sso.url),
                "elsewhere" => sso.does.redirects.store(true, Ordering::SeqCst),
                _ => sso.does.down.store(true, Ordering::SeqCst),
            }
            let (_, anyone) = believing(app, &sso).await;
            assert!(!opens(&anyone, &key.sign(&sso.claims(app, json!({})))).await, "{fault}");
            assert_eq!(anyone.run("{ areas(first: 1) { totalCount } }", json!({})).await.errors().len(), 0, "the rest works");
        }
    }

    async fn who_is_closed_or_signed_out_is_out_and_a_token_that_ends_ends_its_sockets(app) {
        let (w, key) = (app.world().await, pair("1", 1));
        let sso = Sso::start(&[&key]).await;
        let (url, anyone) = believing(app, &sso).await;
        let token = |with: Value| key.sign(&sso.claims(app, changed(secretary(), &with)));
        let (here, there) = (token(json!({ "jti": "1" })), token(json!({ "jti": "2" })));
        let mut socket = Socket::with(&url, &here).await;
        socket.asks("q", "{ viewer { name } }").await;
        assert_eq!(socket.hears().await["payload"]["data"]["viewer"]["name"], "王芳");
        assert!(opens(&anyone, &there).await);
        let out = anyone.with_token(&here).query("mutation { signOut { result } }", json!({})).await;
        assert_eq!(out["signOut"]["result"], true);
        assert!(!opens(&anyone, &here).await && opens(&anyone, &there).await);
        assert_eq!(socket.hears().await["type"], "complete");
        assert_eq!(socket.is_closed().await, 4401);

        let mut stream = Socket::with(&url, &there).await;
        stream.asks("s", "subscription { changes { kind } }").await;
        app.move_to("2025-03-10 09:10").await;
        assert!(opens(&anyone, &there).await, "it ends with what the clocks may differ");
        app.move_to("2025-03-10 09:11").await;
        assert!(!opens(&anyone, &there).await);
        assert_eq!(stream.is_closed().await, 4401);

        let district = w.district.at(&url);
        let [account] = &district.lists("accounts(search: \"王芳\")").await[..] else { panic!("the district looks after the account") };
        let now = token(json!({}));
        assert!(opens(&anyone, &now).await);
        let set = "mutation($id: ID!) { setPassword(input: { account: $id, password: \"correct horse 2025\" }) { refusals { code } } }";
        let set = district.run(set, json!({ "id": account })).await;
        assert_eq!(set.data()["setPassword"]["refusals"][0]["code"], "INVALID_INPUT", "{set}");
        district.query("mutation($id: ID!) { disableAccount(id: $id) { result { disabled } } }", json!({ "id": account })).await;
        assert!(!opens(&anyone, &now).await);
        assert!(!opens(&anyone, &token(json!({ "jti": "3" }))).await, "nor does the next token");
        assert!(opens(&anyone, &token(json!({ "sub": "another" }))).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_of_the_rules_that_there_are_not_are_named() {
    let key = pair("1", 1);
    let sso = Sso::start(&[&key]).await;
    let issuers = sso.issuers();
    let app = TestApp::with(|settings| settings.issuers = Some(issuers)).await;
    assert_eq!(missing(&app).await.ok(), Some(vec!["AUDITOR 220303".to_owned()]));
    app.world().await;
    assert_eq!(missing(&app).await.ok(), Some(vec![]));
}
