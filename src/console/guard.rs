//! What keeps others out of a visitor's pages: forms that are the console's own, ways that lead nowhere else, headers for the browser.

use axum::http::{HeaderMap, HeaderValue, header};

use super::forms::Fields;
use super::sessions::FORM;
use super::visit::Visit;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Whether a form comes from a page of the console in this visitor's browser: it carries the secret of the cookie, which no other site can
/// read, and the browser does not say that another site sent it.
pub(super) fn is_own(visit: &Visit, given: &Fields) -> bool {
    let text = |name: &str| visit.headers.get(name).and_then(|value| value.to_str().ok());
    let of_host = |origin: &str| origin.split_once("://").is_some_and(|(_, of)| of.eq_ignore_ascii_case(&visit.host));
    // A browser that says from where is believed: a proxy in between may name the host otherwise.
    let is_here = match text("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => text("origin").is_none_or(of_host),
    };
    let (secret, sent) = (visit.cookies.get(FORM).unwrap_or_default(), given.first(FORM).unwrap_or_default());
    is_here && secret.len() >= 43 && secret == sent
}

/// Whether an address is one of this service's own.
pub(super) fn is_local(to: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    to.starts_with('/') && !to.starts_with("//") && to.bytes().all(plain) && to.len() < 2000
}

/// The headers of every page.
pub(super) fn dress(headers: &mut HeaderMap) {
    let all = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "Accept-Language, Cookie"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_nowhere_else() {
        for to in ["/", "/needs/need_1?after=x&b=%E7%B1%B3", "/needs#n"] {
            assert!(is_local(to), "{to}");
        }
        for to in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "needs",
            "/a\r\nSet-Cookie: x=y",
            "/需求",
        ] {
            assert!(!is_local(to), "{to:?}");
        }
    }
}
