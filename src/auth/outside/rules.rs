//! What a token of an outside issuer says, once its signature is found good: until when it holds, of whom it is, which roles its claims
//! give. Pure functions of claims, settings and the time.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Map, Value};

use super::settings::{IssuerSettings, PlaceOf, Scalar, Test, is_unit};
use crate::auth::Role;

/// How far the clocks of an issuer and of the service may be apart.
const SKEW: TimeDelta = TimeDelta::seconds(60);
const LONGEST_SUBJECT: usize = 255;
/// What one claim may name, and what one token may carry.
const MOST_PLACES: usize = 50;
const MOST_ROLES: usize = 200;
const LONGEST_NAME: usize = 80;

pub type Claims = Map<String, Value>;

#[derive(Debug, PartialEq)]
pub struct Said {
    pub subject: String,
    pub name: Option<String>,
    /// When it ends, with what the clocks may be apart.
    pub until: DateTime<Utc>,
    pub wanted: Vec<Wanted>,
}

/// A role, as far as the claims go: whether there is such a place is for the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub role: Role,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// By its code.
    Area(String),
    /// By its credit code or its global id.
    Unit(String),
}

/// Whether a token is of a kind that is looked at: signed by a key of two halves, and for access or about who signed in.
pub fn is_taken(header: &Header) -> bool {
    let kind = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    let symmetric = matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
    // What somebody holds to be critical is not known here.
    !symmetric && ["jwt", "at+jwt"].contains(&kind) && header.crit.is_none() && header.enc.is_none()
}

/// What the claims say; nothing where the token is of somebody else, for somebody else, or not for now.
pub fn read(claims: &Claims, issuer: &IssuerSettings, now: DateTime<Utc>) -> Option<Said> {
    let is_for_us = match claims.get("aud")? {
        Value::String(audience) => *audience == issuer.audience,
        Value::Array(audiences) => audiences.iter().any(|audience| *audience == issuer.audience.as_str()),
        _ => false,
    };
    // A notice of the issuer, such as that somebody signed out, is no token for access.
    if claims.get("iss")? != issuer.issuer.as_str() || !is_for_us || claims.contains_key("events") {
        return None;
    }
    let until = time(claims.get("exp")?)?.checked_add_signed(SKEW)?;
    let begun = |claim: &str| match claims.get(claim) {
        None => Some(true),
        Some(value) => Some(time(value)? <= now + SKEW),
    };
    if until <= now || !begun("nbf")? || !begun("iat")? {
        return None;
    }
    let subject = find(claims, &issuer.subject_claim).and_then(word)?;
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return None;
    }
    let name = find(claims, &issuer.name_claim).and_then(Value::as_str).and_then(name);
    Some(Said { subject, name, until, wanted: wanted(claims, issuer) })
}

/// A time as tokens carry it: seconds, perhaps with a fraction.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = value.as_i64().or_else(|| value.as_f64().filter(|seconds| seconds.abs() < 1e15).map(|seconds| seconds.floor() as i64))?;
    DateTime::from_timestamp(seconds, 0)
}

/// A name as the house writes names: one line, at most so long.
fn name(text: &str) -> Option<String> {
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let shown: String = shown.trim().chars().take(LONGEST_NAME).collect();
    crate::areas::rules::check_name("name", &shown).ok()
}

fn wanted(claims: &Claims, issuer: &IssuerSettings) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for rule in &issuer.rules {
        let holds = find(claims, &rule.claim).is_some_and(|value| holds(value, &rule.test));
        if !holds {
            continue;
        }
        let named = |claim: &str| find(claims, claim).map(words).unwrap_or_default();
        let places: Vec<Place> = match &rule.place {
            PlaceOf::Area(code) => vec![Place::Area(code.clone())],
            PlaceOf::Unit(unit) => vec![Place::Unit(unit.clone())],
            PlaceOf::AreaIn(claim) => named(claim).into_iter().map(Place::Area).collect(),
            PlaceOf::UnitIn(claim) => named(claim).into_iter().filter(|unit| is_unit(unit)).map(Place::Unit).collect(),
        };
        for place in places {
            let one = Wanted { role: rule.role, place };
            if wanted.len() < MOST_ROLES && !wanted.contains(&one) {
                wanted.push(one);
            }
        }
    }
    wanted
}

/// A claim by its name, or by a path of names with dots between; names that hold dots are found first.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    find(claims.get(first)?.as_object()?, rest)
}

fn holds(value: &Value, test: &Test) -> bool {
    match (test, value) {
        (Test::Equals(wanted), value) => is(value, wanted),
        (Test::Contains(wanted), Value::Array(items)) => items.iter().any(|item| is(item, wanted)),
        // As scopes are written: words with a space between.
        (Test::Contains(Scalar::Text(wanted)), Value::String(text)) => text.split_ascii_whitespace().any(|word| word == wanted),
        _ => false,
    }
}

fn is(value: &Value, wanted: &Scalar) -> bool {
    match wanted {
        Scalar::Flag(wanted) => value.as_bool() == Some(*wanted),
        Scalar::Number(wanted) => value.as_i64() == Some(*wanted),
        Scalar::Text(wanted) => value.as_str() == Some(wanted),
    }
}

/// A text or a whole number, as a text.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => number.as_i64().map(|number| number.to_string()),
        _ => None,
    }
}

fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(word).take(MOST_PLACES).collect(),
        one => word(one).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::settings::Issuers;
    use super::*;

    fn issuer(rules: &str) -> IssuerSettings {
        let text = format!("[[issuer]]\nissuer = \"https://sso.example.cn\"\naudience = \"alliance\"\n{rules}");
        Issuers::parse(&text).unwrap().iter().next().unwrap().clone()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn claims(with: Value) -> Claims {
        let mut claims = json!({ "iss": "https://sso.example.cn", "aud": "alliance", "sub": "7", "exp": 1_700_000_300 });
        claims.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        claims.as_object().unwrap().clone()
    }

    #[test]
    fn a_token_holds_for_its_audience_and_its_time_give_or_take_a_minute() {
        let issuer = issuer("");
        for (with, is_read) in [
            (json!({}), true),
            (json!({ "aud": ["x", "alliance"] }), true),
            (json!({ "aud": ["x"] }), false),
            (json!({ "aud": "alliance2" }), false),
            (json!({ "aud": null }), false),
            (json!({ "iss": "https://sso.example.cn/" }), false),
            (json!({ "exp": 1_699_999_941 }), true),
            (json!({ "exp": 1_699_999_940 }), false),
            (json!({ "exp": 1_700_000_300.5 }), true),
            (json!({ "exp": "1700000300" }), false),
            (json!({ "exp": 1e300 }), false),
            (json!({ "exp": null }), false),
            (json!({ "nbf": 1_700_000_060, "iat": 1_700_000_060 }), true),
            (json!({ "nbf": 1_700_000_061 }), false),
            (json!({ "iat": 1_700_000_061 }), false),
            (json!({ "nbf": "soon" }), false),
            (json!({ "sub": "" }), false),
            (json!({ "sub": "x".repeat(256) }), false),
            (json!({ "sub": 7 }), true),
            (json!({ "sub": null }), false),
            (json!({ "events": {} }), false),
        ] {
            assert_eq!(read(&claims(with.clone()), &issuer, now()).is_some(), is_read, "{with}");
        }
        assert_eq!(read(&claims(json!({})), &issuer, now()).unwrap().until.timestamp(), 1_700_000_360);
    }

    #[test]
    fn a_name_is_one_line_of_at_most_eighty() {
        let of = |with: Value| read(&claims(with), &issuer(""), now()).unwrap().name;
        assert_eq!(of(json!({ "name": " 王\n芳 " })).as_deref(), Some("王 芳"));
        assert_eq!(of(json!({ "name": "长".repeat(300) })).map(|name| name.chars().count()), Some(80));
        for none in [json!({}), json!({ "name": "" }), json!({ "name": "\u{200B}\u{7}" }), json!({ "name": 7 })] {
            assert_eq!(of(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn rules_give_roles_where_their_claim_is_there() {
        let area = |code: &str| Place::Area(code.to_owned());
        let given = |rule: &str, with: Value| {
            let issuer = issuer(&format!("[[issuer.roles]]\n{rule}"));
            read(&claims(with), &issuer, now()).unwrap().wanted.into_iter().map(|wanted| wanted.place).collect::<Vec<_>>()
        };
        let fixed = "claim = \"realm.roles\"\ncontains = \"audit\"\nrole = \"AUDITOR\"\narea = \"220303\"";
        for (with, is_given) in [
            (json!({ "realm": { "roles": ["audit", "x"] } }), true),
            (json!({ "realm": { "roles": "x audit" } }), true),
            (json!({ "realm.roles": ["audit"] }), true),
            (json!({ "realm": { "roles": ["auditor"] } }), false),
            (json!({ "realm": { "roles": "auditor" } }), false),
            (json!({ "realm": ["audit"] }), false),
            (json!({ "realm": null }), false),
            (json!({}), false),
        ] {
            assert_eq!(given(fixed, with.clone()), if is_given { vec![area("220303")] } else { vec![] }, "{with}");
        }
        let named = "claim = \"post\"\nequals = 3\nrole = \"COMMUNITY_SECRETARY\"\narea_claim = \"org.codes\"";
        for (codes, places) in [
            (json!("220303006001"), vec![area("220303006001")]),
            (json!(220_303), vec![area("220303")]),
            (json!(["1", 2, "1", null, {}]), vec![area("1"), area("2")]),
            (json!(null), vec![]),
        ] {
            assert_eq!(given(named, json!({ "post": 3, "org": { "codes": codes } })), places, "{codes}");
        }
        assert_eq!(given(named, json!({ "post": "3", "org": { "codes": "1" } })), vec![], "a text is no number");
        let unit = "claim = \"staff\"\nequals = true\nrole = \"UNIT_REPRESENTATIVE\"\nunit_claim = \"uscc\"";
        let code = "91220303MA0000000X";
        assert_eq!(given(unit, json!({ "staff": true, "uscc": [code, "x"] })), vec![Place::Unit(code.to_owned())]);
    }

    #[test]
    fn only_tokens_for_access_or_about_a_person_signed_by_a_pair_of_keys_are_taken() {
        let header = |algorithm, kind: Option<&str>| Header { typ: kind.map(str::to_owned), ..Header::new(algorithm) };
        for (header, taken) in [
            (header(Algorithm::RS256, None), true),
            (header(Algorithm::ES384, Some("JWT")), true),
            (header(Algorithm::EdDSA, Some("application/at+jwt")), true),
            (header(Algorithm::PS256, Some("at+JWT")), true),
            (header(Algorithm::HS256, Some("JWT")), false),
            (header(Algorithm::RS256, Some("logout+jwt")), false),
            (Header { crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::RS256) }, false),
        ] {
            assert_eq!(is_taken(&header), taken, "{header:?}");
        }
    }
}
