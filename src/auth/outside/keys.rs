//! The public keys of an issuer (a JWKS), each with what it may sign by.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::Value;

use super::rules::Claims;

/// Keys that are kept of one issuer.
const MOST: usize = 50;
/// Bits of the modulus of a key of RSA.
const RSA_BITS: usize = 2048;

pub struct Keys {
    keys: Vec<Key>,
    /// As they were published, to see whether anything has changed.
    published: Value,
}

struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl Keys {
    /// Those of a set that can be used here; the others are for others.
    pub fn of(set: &Value) -> Result<Keys, String> {
        let published = set.get("keys").filter(|keys| keys.is_array()).ok_or("the set of keys is none")?.clone();
        let keys: Vec<Key> = published.as_array().into_iter().flatten().filter_map(Key::of).take(MOST).collect();
        if keys.is_empty() {
            return Err("no key of the set can be used".to_owned());
        }
        Ok(Keys { keys, published })
    }

    pub fn is(&self, other: &Keys) -> bool {
        self.published == other.published
    }

    pub fn holds(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The claims of a token that one of the keys signed: the named one, or any where the token names none. All else is for the rules.
    pub fn check(&self, header: &Header, token: &str) -> Option<Claims> {
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
        let named = |key: &&Key| header.kid.is_none() || key.kid == header.kid;
        let fitting = self.keys.iter().filter(named).filter(|key| key.algorithms.contains(&header.alg));
        fitting.filter_map(|key| jsonwebtoken::decode::<Claims>(token, &key.key, &validation).ok()).map(|proved| proved.claims).next()
    }
}

impl Key {
    fn of(jwk: &Value) -> Option<Key> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let verifies = jwk.get("key_ops").and_then(Value::as_array).is_none_or(|uses| uses.iter().any(|one| one == "verify"));
        if !verifies || text("use").is_some_and(|use_for| use_for != "sig") {
            return None;
        }
        let parsed: Jwk = serde_json::from_value(jwk.clone()).ok()?;
        let mut algorithms: Vec<Algorithm> = match &parsed.algorithm {
            AlgorithmParameters::RSA(rsa) if rsa.n.len() * 6 >= RSA_BITS => {
                use Algorithm::*;
                vec![RS256, RS384, RS512, PS256, PS384, PS512]
            }
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => vec![Algorithm::ES384],
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
            _ => return None,
        };
        if let Some(only) = text("alg") {
            algorithms.retain(|algorithm| only.parse() == Ok(*algorithm));
        }
        let key = DecodingKey::from_jwk(&parsed).ok()?;
        (!algorithms.is_empty()).then(|| Key { kid: text("kid").map(str::to_owned), algorithms, key })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn signed() -> Value {
        serde_json::from_str(include_str!("signed.json")).unwrap()
    }

    fn checks(keys: Value, token: &str) -> bool {
        let header = jsonwebtoken::decode_header(token).unwrap();
        Keys::of(&json!({ "keys": keys })).is_ok_and(|keys| keys.check(&header, token).is_some_and(|claims| claims["sub"] == "7"))
    }

    #[test]
    fn a_token_is_good_where_the_key_that_it_names_signed_it() {
        let signed = signed();
        for algorithm in ["RS256", "PS512", "ES256", "ES384"] {
            let token = signed["tokens"][algorithm].as_str().unwrap();
            assert!(checks(signed["keys"].clone(), token), "{algorithm}");
            let (signing, signature) = token.rsplit_once('.').unwrap();
            let changed = format!("{signing}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
            assert!(!checks(signed["keys"].clone(), &changed), "{algorithm}");
        }
    }

    #[test]
    fn a_key_is_used_for_nothing_but_what_it_is_for() {
        let signed = signed();
        let (key, token) = (&signed["keys"][0], signed["tokens"]["RS256"].as_str().unwrap());
        let with = |name: &str, value: Value| {
            let mut key = key.clone();
            key[name] = value;
            json!([key])
        };
        for (name, value, good) in [
            ("use", json!("sig"), true),
            ("use", json!("enc"), false),
            ("alg", json!("RS256"), true),
            ("alg", json!("RS512"), false),
            ("alg", json!("HS256"), false),
            ("key_ops", json!(["verify"]), true),
            ("key_ops", json!(["sign"]), false),
            ("kid", json!("other"), false),
            ("n", json!("AQAB"), false),
            ("kty", json!("oct"), false),
        ] {
            assert_eq!(checks(with(name, value.clone()), token), good, "{name} {value}");
        }
        assert!(Keys::of(&json!({})).is_err() && Keys::of(&json!({ "keys": [] })).is_err() && Keys::of(&json!({ "keys": [7] })).is_err());
    }
}
