//! Signing in and staying signed in: passwords and locks, tokens that open and tokens that do not, and rights that come and go.

use alliance::auth::entity::signing_key;
use alliance::auth::{Role, tokens};
use alliance::ids::{GlobalId, NodeKind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use sea_orm::EntityTrait;

use crate::support::{Actor, Answer, Id, PASSWORD, TestApp, Thing, Value, World, json};

const SESSION: &str = "result { accessToken refreshToken expiresAt viewer { name grants { role } } } refusals { code message path }";

async fn sign_in(by: &Actor, login: &str, password: &str) -> Answer {
    let document = format!("mutation($l: String!, $p: String!) {{ signIn(login: $l, password: $p) {{ {SESSION} }} }}");
    by.run(&document, json!({ "l": login, "p": password })).await
}

async fn refresh(by: &Actor, token: &Value) -> Answer {
    let document = format!("mutation($t: String!) {{ refreshSession(refreshToken: $t) {{ {SESSION} }} }}");
    by.run(&document, json!({ "t": token })).await
}

/// Signs in; the session as it was handed out.
async fn session(app: &TestApp, login: &str) -> Value {
    sign_in(&app.anyone(), login, PASSWORD).await.ok()["signIn"]["result"].clone()
}

fn with(actor: &Actor, session: &Value) -> Actor {
    actor.with_token(session["accessToken"].as_str().expect("an access token"))
}

async fn opens_nothing(actor: &Actor, why: &str) {
    let answer = actor.run("{ viewer { name } }", json!({})).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{why}");
    assert!(answer.body.get("data").is_none(), "{answer}");
}

async fn roles(actor: &Actor) -> Value {
    let data = actor.query("{ viewer { grants { role area { name } unit { name } validUntil } } }", json!({})).await;
    data["viewer"]["grants"].clone()
}

async fn account_id(app: &TestApp, login: &str) -> String {
    GlobalId::new(NodeKind::Account, app.account_of(login).await).to_string()
}

async fn grant(app: &TestApp, w: &World, login: &str, of: Value) -> Answer {
    let mut input = of;
    input["account"] = json!(account_id(app, login).await);
    let document = "mutation($input: GrantRoleInput!) { grantRole(input: $input) { result { id } refusals { code } } }";
    w.district.run(document, json!({ "input": input })).await
}

async fn revoke_all(w: &World, login: &str) {
    let document = "query($l: String!) { accounts(search: $l) { nodes { login grants { id } } } }";
    let data = w.district.query(document, json!({ "l": login })).await;
    let accounts = data["accounts"]["nodes"].as_array().expect("accounts").clone();
    let account = accounts.iter().find(|account| account["login"] == login).expect("the account");
    for grant in account["grants"].as_array().expect("grants") {
        let revoke = "mutation($id: ID!) { revokeRole(id: $id) { result { revokedAt } refusals { code } } }";
        let data = w.district.query(revoke, json!({ "id": grant["id"] })).await;
        assert_ne!(data["revokeRole"]["result"]["revokedAt"], Value::Null);
    }
}

fn need(community: &str) -> Value {
    json!({ "community": community, "category": "ELDERLY", "form": "GOODS", "title": "添置长椅", "wanted": "6", "measure": "张" })
}

/// A token as somebody would write it who holds the key.
async fn written(app: &TestApp, header: Value, claims: Value) -> String {
    let rows = signing_key::Entity::find().all(app.db().pool()).await.expect("the keys");
    let sealed = app.keys().open("signing-key", &rows[0].sealed_secret).unwrap_or_else(|_| panic!("the key opens"));
    let key = SigningKey::from_bytes(&sealed.try_into().expect("32 bytes"));
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes()))
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64"));
    let mut next = || serde_json::from_slice(&parts.next().expect("a part")).expect("JSON");
    (next(), next())
}

fn but(value: &Value, name: &str, other: Value) -> Value {
    let mut changed = value.clone();
    changed[name] = other;
    changed
}

both! {
    async fn a_right_password_opens_a_session_and_a_wrong_one_says_nothing_about_the_login(app) {
        let w = app.world().await;
        let opened = session(app, "secretary").await;
        assert_eq!(opened["expiresAt"], "2025-03-10T01:15:00+00:00", "a quarter of an hour from nine o'clock in Shanghai");
        assert_eq!(opened["viewer"], json!({ "name": "secretary", "grants": [{ "role": "COMMUNITY_SECRETARY" }] }));
        with(&app.anyone(), &opened).post_need(need(&w.taoyuan)).await.done();
        assert_eq!(sign_in(&app.anyone(), " Secretary ", PASSWORD).await.ok()["signIn"]["refusals"], json!([]));

        let wrong = sign_in(&app.anyone(), "secretary", "wrong horse 2025").await;
        assert_eq!(wrong.refusal_code("signIn"), "WRONG_CREDENTIALS");
        assert_eq!(wrong.data()["signIn"]["refusals"][0]["message"], "账号或密码不正确");
        for (login, password) in [("nobody", PASSWORD), ("", ""), ("secretary", ""), (&"x".repeat(65), PASSWORD), ("桃源", "\0")] {
            assert_eq!(sign_in(&app.anyone(), login, password).await.body, wrong.body, "{login}");
        }
        let en = sign_in(&app.anyone().in_english(), "nobody", PASSWORD).await;
        assert_eq!(en.data()["signIn"]["refusals"][0]["message"], "The login or the password is wrong");
    }

    async fn five_failures_lock_a_login_for_a_quarter_of_an_hour_whether_or_not_it_exists(app) {
        app.world().await;
        let nobody = app.anyone();
        for login in ["secretary", "nobody"] {
            for _ in 0..5 {
                assert_eq!(sign_in(&nobody, login, "wrong horse 2025").await.refusal_code("signIn"), "WRONG_CREDENTIALS");
            }
        }
        let (known, unknown) = (sign_in(&nobody, "secretary", PASSWORD).await, sign_in(&nobody, "nobody", PASSWORD).await);
        assert_eq!(known.refusal_code("signIn"), "LOCKED_OUT");
        assert_eq!(known.data()["signIn"]["refusals"][0]["message"], "失败次数过多，账号已锁定，请于 2025-03-10 09:15 后再试");
        assert_eq!(known.body, unknown.body);
        assert_eq!(app.count("sessions").await, 12, "those of the world");

        // Trying on does not prolong it.
        app.move_to("2025-03-10 09:14").await;
        assert_eq!(sign_in(&nobody, "secretary", PASSWORD).await.refusal_code("signIn"), "LOCKED_OUT");
        app.move_to("2025-03-10 09:16").await;
        session(app, "secretary").await;
        assert_eq!(sign_in(&nobody, "nobody", PASSWORD).await.refusal_code("signIn"), "WRONG_CREDENTIALS");

        // A right password forgets the failures before it.
        for _ in 0..2 {
            for _ in 0..4 {
                assert_eq!(sign_in(&nobody, "secretary", "wrong").await.refusal_code("signIn"), "WRONG_CREDENTIALS");
            }
            session(app, "secretary").await;
        }
    }

    async fn many_guesses_at_once_do_not_slip_past_the_lock(app) {
        app.world().await;
        let nobody = app.anyone();
        let guesses = futures_util::future::join_all((0..12).map(|_| sign_in(&nobody, "street", "wrong horse 2025"))).await;
        let wrong = guesses.iter().filter(|answer| answer.refusal_code("signIn") == "WRONG_CREDENTIALS").count();
        let locked = guesses.iter().filter(|answer| answer.refusal_code("signIn") == "LOCKED_OUT").count();
        assert_eq!((wrong, locked), (5, 7));
    }

    async fn a_token_is_taken_only_as_it_was_written(app) {
        let w = app.world().await;
        let token = w.secretary.token_now();
        let (header, claims) = parts(&token);
        assert_eq!((&header["alg"], &claims["iss"], &claims["aud"]), (&json!("EdDSA"), &json!("alliance"), &json!("alliance")));
        let anyone = app.anyone();
        let same = written(app, header.clone(), claims.clone()).await;
        assert_eq!(roles(&anyone.with_token(&same)).await[0]["role"], "COMMUNITY_SECRETARY", "the writer below writes them well");

        let district = json!(app.account_of("district").await);
        let now = claims["iat"].as_i64().expect("a number");
        let mut without = claims.clone();
        without.as_object_mut().expect("claims").remove("exp");
        for (why, header, claims) in [
            ("another kid", but(&header, "kid", json!("nope")), claims.clone()),
            ("no kid", but(&header, "kid", Value::Null), claims.clone()),
            ("another algorithm", but(&header, "alg", json!("HS256")), claims.clone()),
            ("another issuer", header.clone(), but(&claims, "iss", json!("others"))),
            ("another audience", header.clone(), but(&claims, "aud", json!("others"))),
            ("expired now", header.clone(), but(&claims, "exp", json!(now))),
            ("no expiry", header.clone(), without),
            ("another account's session", header.clone(), but(&claims, "sub", district.clone())),
            ("no session", header.clone(), but(&claims, "sid", json!(uuid::Uuid::nil()))),
        ] {
            opens_nothing(&anyone.with_token(&written(app, header, claims).await), why).await;
        }
        let [head, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let none = part(&but(&header, "alg", json!("none")));
        let other = part(&but(&claims, "exp", json!(now + 86_400)));
        for (why, token) in [
            ("no algorithm and no signature", format!("{none}.{body}.")),
            ("no algorithm, the old signature", format!("{none}.{body}.{signature}")),
            ("other claims under the old signature", format!("{head}.{other}.{signature}")),
            ("no signature", format!("{head}.{body}.")),
            ("two parts", format!("{head}.{body}")),
            ("four parts", format!("{token}.{signature}")),
        ] {
            opens_nothing(&anyone.with_token(&token), why).await;
        }
    }

    async fn a_refresh_token_works_once_and_its_second_use_ends_the_session(app) {
        let w = app.world().await;
        let first = session(app, "unit").await;
        app.move_to("2025-03-10 09:20").await;
        let late = with(&w.unit, &first);
        opens_nothing(&late, "a quarter of an hour is over").await;
        // Who refreshes often still sends the token that has just expired.
        let second = refresh(&late, &first["refreshToken"]).await.ok()["refreshSession"]["result"].clone();
        assert_ne!(second["refreshToken"], first["refreshToken"]);
        assert_eq!(roles(&with(&w.unit, &second)).await[0]["unit"]["name"], "神农集团");
        let stored = app.rows("SELECT digest FROM refresh_tokens").await;
        for row in stored {
            assert_ne!(json!(row.try_get_by_index::<String>(0).expect("a digest")), second["refreshToken"], "only digests are kept");
        }

        let again = refresh(&app.anyone(), &first["refreshToken"]).await;
        assert_eq!(again.refusal_code("refreshSession"), "SESSION_ENDED");
        assert_eq!(again.data()["refreshSession"]["refusals"][0]["path"], json!(["refreshToken"]));
        assert_eq!(refresh(&app.anyone(), &second["refreshToken"]).await.body, again.body, "the thief's and the owner's end alike");
        assert_eq!(refresh(&app.anyone(), &json!("made up")).await.body, again.body);
        opens_nothing(&with(&w.unit, &second), "the session has ended").await;
        w.unit.query("{ viewer { name } }", json!({})).await;
    }

    async fn a_session_that_is_not_refreshed_for_thirty_days_ends(app) {
        app.world().await;
        let (kept, left) = (session(app, "unit").await, session(app, "unit").await);
        app.move_to("2025-04-08 09:00").await;
        let kept = refresh(&app.anyone(), &kept["refreshToken"]).await.ok()["refreshSession"]["result"].clone();
        app.move_to("2025-04-09 09:00").await;
        assert_eq!(refresh(&app.anyone(), &left["refreshToken"]).await.refusal_code("refreshSession"), "SESSION_ENDED");
        refresh(&app.anyone(), &kept["refreshToken"]).await.ok();
    }

    async fn signing_out_ends_this_session_at_once_and_no_other(app) {
        let w = app.world().await;
        let (here, there) = (session(app, "unit").await, session(app, "unit").await);
        let data = with(&w.unit, &here).query("mutation { signOut { result refusals { code } } }", json!({})).await;
        assert_eq!(data["signOut"], json!({ "result": true, "refusals": [] }));
        opens_nothing(&with(&w.unit, &here), "signed out").await;
        assert_eq!(refresh(&app.anyone(), &here["refreshToken"]).await.refusal_code("refreshSession"), "SESSION_ENDED");
        roles(&with(&w.unit, &there)).await;
    }

    async fn a_role_that_is_taken_away_is_gone_with_the_next_request(app) {
        let w = app.world().await;
        let draft = w.secretary.post_need(need(&w.taoyuan)).await.done();
        revoke_all(&w, "secretary").await;
        assert_eq!(roles(&w.secretary).await, json!([]));
        let error = w.secretary.post_need(need(&w.taoyuan)).await.failed("FORBIDDEN");
        assert_eq!(error["extensions"]["permission"], "POST_NEED");
        w.secretary.sees_nothing_of(&draft).await;
        w.secretary.submit_need(&draft).await.failed("NOT_FOUND");
        assert_eq!(app.journal_of(draft.id()).await, ["NEED_POSTED"]);
    }

    async fn a_role_runs_from_its_first_day_to_the_end_of_its_last(app) {
        let w = app.world().await;
        let term = json!({ "role": "COMMUNITY_SECRETARY", "area": w.ziwei, "validFrom": "2025-03-12", "validUntil": "2025-03-14" });
        assert_eq!(grant(app, &w, "secretary2", term).await.ok()["grantRole"]["refusals"], json!([]));
        let may = async || w.secretary2.post_need(need(&w.ziwei)).await.was_done();
        for (time, expected) in [
            ("2025-03-11 23:59", false), ("2025-03-12 00:00", true), ("2025-03-14 23:59", true), ("2025-03-15 00:00", false),
        ] {
            app.move_to(time).await;
            assert_eq!(may().await, expected, "{time}");
        }
    }

    async fn a_secretary_who_moves_takes_no_old_right_along_and_what_was_done_stays_where_it_was(app) {
        let w = app.world().await;
        let old = w.secretary.post_need(need(&w.taoyuan)).await.done();
        revoke_all(&w, "secretary").await;
        grant(app, &w, "secretary", json!({ "role": "COMMUNITY_SECRETARY", "area": w.ziwei })).await.ok();
        w.secretary.sees_nothing_of(&old).await;
        w.secretary.update_need(json!({ "id": old.id(), "wanted": "7" })).await.failed("NOT_FOUND");
        let new = w.secretary.post_need(need(&w.ziwei)).await.done();
        assert_eq!(w.secretary.lists("needs").await, [new.id()]);
        grant(app, &w, "street2", json!({ "role": "COMMUNITY_SECRETARY", "area": w.taoyuan })).await.ok();
        assert_eq!(w.street2.see(&old).await["community"]["name"], "桃源社区");
        w.street2.submit_need(&old).await.done();
    }

    async fn one_person_acts_for_each_of_two_units_and_for_no_third(app) {
        let w = app.world().await;
        grant(app, &w, "unit", json!({ "role": "UNIT_REPRESENTATIVE", "unit": w.kunbo })).await.ok();
        let units = roles(&w.unit).await;
        assert_eq!((&units[0]["unit"]["name"], &units[1]["unit"]["name"]), (&json!("神农集团"), &json!("坤博集团")));
        let open = w.district.post_need(need(&w.ziwei)).await.done();
        w.district.submit_need(&open).await.done();
        w.street.publish(&open).await.done();
        let claims: Vec<Thing> = vec![w.unit.claim(&open, &w.shennong, "1").await.done(), w.unit.claim(&open, &w.kunbo, "2").await.done()];
        w.unit.claim(&open, &w.legal_aid, "1").await.failed("FORBIDDEN");
        assert_eq!(w.unit.lists("matches").await.len(), 2);
        assert_eq!(w.unit2.lists("matches").await, [claims[1].id()], "the unit's other representative sees its match only");
        w.unit2.cancel(&claims[0], "不是我们的").await.failed("NOT_FOUND");
        w.unit2.cancel(&claims[1], "物资另有安排").await.done();
    }

    async fn who_stands_on_both_sides_names_one_and_needs_a_second_person(app) {
        let w = app.world().await;
        grant(app, &w, "secretary2", json!({ "role": "UNIT_REPRESENTATIVE", "unit": w.kunbo })).await.ok();
        let posted = w.secretary2.post_need(need(&w.shuanghui)).await.done();
        w.secretary2.submit_need(&posted).await.done();
        w.street2.publish(&posted).await.done();
        let claim = w.secretary2.claim(&posted, &w.kunbo, "3").await.done();
        w.secretary2.confirm(&claim).await.refused("SECOND_PERSON_REQUIRED");
        let ambiguous = w.secretary2.cancel(&claim, "情况有变").await.refused("AMBIGUOUS_SIDE");
        assert_eq!(ambiguous["path"], json!(["as"]));
        let side = [("id", "ID!", json!(claim.id())), ("reason", "String!", json!("已自行解决")), ("as", "MatchSide", json!("COMMUNITY"))];
        let ended = w.secretary2.tries("cancelMatch", &side, "id status quantity outstanding delivered accepted returned").await.done();
        assert_eq!(ended.standing(), "REVOKED_BY_COMMUNITY: 3 = 3 returned");
    }

    async fn a_new_signing_key_leaves_the_tokens_of_the_old_one_good_until_they_expire(app) {
        let w = app.world().await;
        let old = w.secretary.token_now();
        let kids = async || {
            let response = app.http.get(format!("{}/.well-known/jwks.json", app.url)).send().await.expect("an answer");
            let jwks: Value = response.json().await.expect("JSON");
            jwks["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
        };
        let first = parts(&old).0["kid"].clone();
        assert_eq!(kids().await, std::slice::from_ref(&first));
        app.move_to("2025-03-10 09:10").await;
        let rotated = tokens::rotate(app.db(), app.keys(), app.clock().now()).await;
        let Ok(second) = rotated else { panic!("a new key is made") };
        assert!(app.refresh().await.is_ok());
        assert_eq!(kids().await, [first, json!(second)]);
        let new = w.secretary.token_now();
        assert_eq!(parts(&new).0["kid"], json!(second));
        roles(&w.secretary.with_token(&old)).await;
        roles(&w.secretary.with_token(&new)).await;

        app.move_to("2025-03-10 09:15").await;
        opens_nothing(&w.secretary.with_token(&old), "expired").await;
        app.move_to("2025-03-10 09:41").await;
        assert!(tokens::forget(app.db(), app.clock().now()).await.is_ok());
        assert!(app.refresh().await.is_ok());
        assert_eq!(kids().await, [json!(second)]);
    }

    async fn a_changed_password_ends_the_other_sessions_and_not_this_one(app) {
        let w = app.world().await;
        let (here, there) = (session(app, "unit").await, session(app, "unit").await);
        let document = "mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) { result refusals { code path } } }";
        let mine = with(&w.unit, &here);
        let wrong = mine.run(document, json!({ "c": "wrong horse 2025", "n": "a better horse" })).await;
        assert_eq!(wrong.data()["changePassword"]["refusals"], json!([{ "code": "WRONG_CREDENTIALS", "path": ["current"] }]));
        mine.query(document, json!({ "c": PASSWORD, "n": "a better horse" })).await;
        roles(&mine).await;
        opens_nothing(&with(&w.unit, &there), "the password was changed").await;
        assert_eq!(sign_in(&app.anyone(), "unit", PASSWORD).await.refusal_code("signIn"), "WRONG_CREDENTIALS");
        sign_in(&app.anyone(), "unit", "a better horse").await.ok();
    }

    async fn a_closed_account_is_out_at_once_and_its_login_opens_nothing(app) {
        let w = app.world().await;
        let document = "mutation($id: ID!) { disableAccount(id: $id) { result { disabled grants { role } } refusals { code } } }";
        let data = w.district.query(document, json!({ "id": account_id(app, "unit").await })).await;
        assert_eq!(data["disableAccount"]["result"]["disabled"], true);
        opens_nothing(&w.unit, "closed").await;
        assert_eq!(sign_in(&app.anyone(), "unit", PASSWORD).await.refusal_code("signIn"), "WRONG_CREDENTIALS");
        app.grant(app.account_of("unit").await, Role::UnitRepresentative, &w.kunbo).await;
        opens_nothing(&w.unit, "a new role opens no closed account").await;
    }

    async fn right_passwords_at_once_are_no_failures(app) {
        app.world().await;
        let anyone = app.anyone();
        let tries = (0..12).map(|_| sign_in(&anyone, "partner", PASSWORD));
        for answer in futures_util::future::join_all(tries).await {
            assert_eq!(answer.ok()["signIn"]["refusals"], json!([]));
        }
    }

    async fn what_is_refused_to_a_reader_is_kept_too(app) {
        let w = app.world().await;
        for list in ["journal", "accounts"] {
            assert_eq!(w.unit.run(&format!("{{ {list} {{ totalCount }} }}"), json!({})).await.code(), "FORBIDDEN");
        }
        assert_eq!(app.count("refused_permissions").await, 2);
    }

    async fn a_change_of_ones_own_password_is_read_by_the_auditor(app) {
        let w = app.world().await;
        let document = "mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) { result refusals { code } } }";
        let changed = w.secretary.run(document, json!({ "c": PASSWORD, "n": "another horse 2025" })).await.ok();
        assert_eq!(changed["changePassword"]["refusals"], json!([]));
        let data = w.auditor.query("{ journal(filter: { kind: [PASSWORD_SET] }) { totalCount } }", json!({})).await;
        assert_eq!(data["journal"]["totalCount"], 1);
    }
}
