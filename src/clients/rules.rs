//! What a client may be: its origins, its public key, its end, the documents that it registers.

use axum::http::Uri;
use chrono::NaiveDate;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{EllipticCurve, Jwk};

use super::operations::hash;
use crate::graphql::guard::{self, Limits};
use crate::refusal::Refusal;

const MOST_ORIGINS: usize = 20;
/// Documents of one client, and their bytes together.
const MOST_DOCUMENTS: usize = 500;
const MOST_BYTES: usize = 1024 * 1024;
/// Bits of the modulus of a key of RSA, at least.
const RSA_BITS: usize = 2048;

/// Origins as browsers write them: scheme, host, and the port where it is not the usual one.
pub fn check_origins(origins: &[String]) -> Result<Vec<String>, Refusal> {
    let wrong = |zh: &str, en: &str| Refusal::invalid("origins", zh, en);
    if origins.len() > MOST_ORIGINS {
        return Err(wrong("来源最多 20 个", "At most 20 origins"));
    }
    let mut checked: Vec<String> = Vec::new();
    for origin in origins {
        let origin = origin.trim().trim_end_matches('/').to_lowercase();
        let is_one = is_origin(&origin);
        if !is_one {
            let (zh, en) = (
                "来源须形如 https://app.example.cn，本机调试可用 http://localhost",
                "An origin reads https://app.example.cn; http is for localhost only",
            );
            return Err(wrong(zh, en));
        }
        if !checked.contains(&origin) {
            checked.push(origin);
        }
    }
    Ok(checked)
}

fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let whole = format!("{scheme}://{authority}");
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&authority.host());
    let plain = authority.as_str().chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    whole == text && plain && (scheme == "https" || (scheme == "http" && local))
}

/// A public key as a JWK, of a kind that is taken, without its private part; how it signs.
pub fn check_key(text: &str) -> Result<(serde_json::Value, Algorithm), Refusal> {
    let wrong = |zh: &str, en: &str| Refusal::invalid("publicKey", zh, en);
    let (zh, en) =
        ("公钥须为 Ed25519、P-256 或 2048 位以上 RSA 的 JWK", "The public key is a JWK of Ed25519, P-256 or RSA of 2,048 bits or more");
    let key: serde_json::Value = serde_json::from_str(text).map_err(|_| wrong(zh, en))?;
    let Some(fields) = key.as_object() else { return Err(wrong(zh, en)) };
    if ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|part| fields.contains_key(*part)) {
        let (zh, en) = (
            "提交的内容含有私钥：请只提交公钥，并更换这把密钥",
            "This holds a private key: send the public part alone, and replace this key",
        );
        return Err(wrong(zh, en));
    }
    let algorithm = algorithm(&key).ok_or_else(|| wrong(zh, en))?;
    Ok((key, algorithm))
}

/// How the keys of clients sign.
pub const ALGORITHMS: [&str; 3] = ["EdDSA", "ES256", "RS256"];

/// How a key signs; nothing where it is of a kind that is not taken.
pub fn algorithm(key: &serde_json::Value) -> Option<Algorithm> {
    use jsonwebtoken::jwk::AlgorithmParameters::{EllipticCurve as Curve, OctetKeyPair, RSA};
    let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
    match &jwk.algorithm {
        OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Some(Algorithm::EdDSA),
        Curve(curve) if curve.curve == EllipticCurve::P256 => Some(Algorithm::ES256),
        RSA(rsa) if rsa.n.len() * 6 >= RSA_BITS => Some(Algorithm::RS256),
        _ => None,
    }
}

/// The last day of a client.
pub fn check_end(expires_on: Option<NaiveDate>, today: NaiveDate) -> Result<Option<NaiveDate>, Refusal> {
    match expires_on {
        Some(day) if day < today => Err(Refusal::invalid("expiresOn", "有效期不能早于今天", "It cannot end before today")),
        day => Ok(day),
    }
}

/// A document that is fit to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub hash: String,
    pub name: Option<String>,
    pub text: String,
}

/// Documents that a request could send, each once.
pub fn check_documents(texts: &[String]) -> Result<Vec<Document>, Refusal> {
    let (limits, mut documents) = (Limits::default(), Vec::<Document>::new());
    for (place, text) in texts.iter().enumerate() {
        let number = place + 1;
        let name = guard::inspect(text, &limits).map_err(|refused| {
            let (zh, en) = (format!("第 {number} 条不可用：{}", refused.zh()), format!("Document {number} cannot be used: {refused}"));
            Refusal::invalid("operations", zh, en)
        })?;
        let hash = hash(text);
        if !documents.iter().any(|known| known.hash == hash) {
            documents.push(Document { hash, name, text: text.clone() });
        }
    }
    Ok(documents)
}

/// Whether a client may have so many documents of so many bytes.
pub fn check_room(count: usize, bytes: usize) -> Result<(), Refusal> {
    if count > MOST_DOCUMENTS || bytes > MOST_BYTES {
        let (zh, en) = ("一个客户端最多登记 500 条，合计不超过 1 MiB", "A client has at most 500 documents, of 1 MiB in all");
        return Err(Refusal::invalid("operations", zh, en));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for (text, origin) in [
            ("https://app.example.cn", "https://app.example.cn"),
            (" https://App.Example.cn:8443/ ", "https://app.example.cn:8443"),
            ("http://localhost:5173", "http://localhost:5173"),
        ] {
            assert_eq!(check_origins(&[text.to_owned()]).ok(), Some(vec![origin.to_owned()]), "{text}");
        }
        for wrong in [
            "",
            "*",
            "null",
            "app.example.cn",
            "http://app.example.cn",
            "https://app.example.cn/path",
            "https://a@b.cn",
            "ftp://a.cn",
            "https://",
            "https://a.cn?x",
            "https://*.a.cn",
        ] {
            assert!(check_origins(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        assert!(check_origins(&vec!["https://a.cn".to_owned(); 21]).is_err());
    }

    #[test]
    fn a_document_is_registered_once_with_the_name_of_its_only_operation() {
        let texts = ["query A { __typename }", "{ __typename }", "query A { __typename }", "query B { __typename } query C { __typename }"];
        let documents = check_documents(&texts.map(str::to_owned)).unwrap();
        let names: Vec<_> = documents.iter().map(|document| document.name.as_deref()).collect();
        assert_eq!(names, [Some("A"), None, None]);
        assert_eq!(documents[1].hash, "7f56e67dd21ab3f30d1ff8b7bed08893f0a0db86449836189b361dd1e56ddb4b");
        let deep = format!("query {{ a{} }}", "{ a".repeat(40) + &" }".repeat(40));
        for wrong in ["", "query {", "fragment f on T { id }", "query A { __typename } query B {", &deep] {
            assert!(check_documents(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        assert!(check_room(500, MOST_BYTES).is_ok() && check_room(501, 0).is_err() && check_room(1, MOST_BYTES + 1).is_err());
    }

    #[test]
    fn only_public_keys_of_kinds_that_are_taken_are_kept() {
        let ed = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert_eq!(check_key(ed).ok().map(|(_, algorithm)| algorithm), Some(Algorithm::EdDSA));
        let private = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;
        assert!(check_key(private).is_err());
        let symmetric = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
        let short = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, "a".repeat(171));
        for wrong in ["", "{}", "[]", "null", "x", symmetric, &short] {
            assert!(check_key(wrong).is_err(), "{wrong}");
        }
    }
}
