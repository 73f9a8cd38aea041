//! The pages and their files, which are part of the program. A debug build reads them where they lie, so that they can be written while it
//! runs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::Operation;
use apollo_compiler::validation::Valid;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::graphql::guard::valid_document;

/// What `build.rs` wrote: the files of the console by their paths.
mod built {
    include!(concat!(env!("OUT_DIR"), "/console.rs"));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Anyone,
    SignedIn,
}

/// A page: its address and its files, `pages/<name>.graphql` and `pages/<name>.html`.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) who: Who,
}

const fn open(path: &'static str, name: &'static str) -> Page {
    Page { path, name, who: Who::Anyone }
}

const fn signed_in(path: &'static str, name: &'static str) -> Page {
    Page { path, name, who: Who::SignedIn }
}

pub(super) const NOWHERE: Page = open("", "error");

pub(super) const PAGES: &[Page] = &[
    open("/", "desk"),
    open("/sign-in", "sign-in"),
    signed_in("/account", "account"),
    open("/glossary", "glossary"),
    // What communities need.
    signed_in("/needs", "needs"),
    signed_in("/needs/new", "post-need"),
    open("/needs/{id}", "need"),
    signed_in("/needs/{id}/change", "change-need"),
    signed_in("/needs/{id}/claim", "claim"),
    open("/hall", "hall"),
    // What units give.
    open("/resources", "resources"),
    signed_in("/resources/new", "pledge-resource"),
    open("/resources/{id}", "pledge"),
    signed_in("/resources/{id}/change", "change-pledge"),
    signed_in("/resources/{id}/request", "request"),
    // What became of it.
    signed_in("/matches", "matches"),
    signed_in("/matches/{id}", "match"),
    signed_in("/matches/{id}/agreement", "agreement"),
    signed_in("/matches/{id}/receipt", "receipt"),
    // Venues.
    open("/venues", "venues"),
    signed_in("/venues/new", "add-venue"),
    open("/venues/{id}", "venue"),
    signed_in("/venues/{id}/change", "change-venue"),
    open("/zones/{id}", "zone"),
    signed_in("/zones/{id}/change", "change-zone"),
    signed_in("/zones/{id}/book", "book"),
    signed_in("/zones/{id}/door", "door"),
    signed_in("/bookings", "bookings"),
    signed_in("/bookings/{id}", "booking"),
    // What residents complain of and suggest.
    signed_in("/complaints", "complaints"),
    open("/complaints/new", "complain"),
    open("/complaints/follow", "follow-complaint"),
    signed_in("/complaints/{id}", "complaint"),
    // The district's picture.
    open("/figures", "figures"),
    open("/figures/rows", "rows"),
    // Units, alliances, areas.
    open("/units", "units"),
    signed_in("/units/new", "add-unit"),
    open("/units/{id}", "unit"),
    signed_in("/units/{id}/change", "change-unit"),
    open("/alliances", "alliances"),
    signed_in("/alliances/new", "found-alliance"),
    open("/alliances/{id}", "alliance"),
    signed_in("/areas", "areas"),
    // For those who look after it.
    signed_in("/manage", "manage"),
    signed_in("/people", "people"),
    signed_in("/people/new", "add-person"),
    signed_in("/people/{id}", "person"),
    signed_in("/clients", "clients"),
    signed_in("/clients/new", "register-client"),
    signed_in("/clients/{id}", "client"),
    signed_in("/webhooks/{id}", "webhook"),
    signed_in("/robots", "robots"),
    signed_in("/journal", "journal"),
];

impl Page {
    pub(super) fn document(&self) -> &'static Document {
        document(self.name)
    }
}

/// What belongs to every page.
pub(super) fn layout() -> &'static Document {
    document("layout")
}

/// The operations of a page.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) text: &'static str,
    parsed: Option<Valid<ExecutableDocument>>,
}

impl Document {
    /// The build has checked the text against the schema.
    pub(super) fn of(text: &'static str) -> Document {
        let parsed = (!text.trim().is_empty()).then(|| valid_document(text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}")));
        Document { text, parsed }
    }

    pub(super) fn mutation(&self, name: &str) -> Option<&Operation> {
        let found = self.parsed.as_ref()?.operations.get(Some(name)).ok()?;
        found.is_mutation().then_some(found)
    }

    /// The query; where there are several, the one whose name ends with who comes: `DeskUnit`, `DeskArea`, `DeskMember`, `DeskAnyone`.
    pub(super) fn query(&self, viewer: &Value, acting: &Value) -> Option<(&str, &Operation)> {
        let of = match acting {
            _ if viewer.is_null() => "Anyone",
            acting if !acting["unit"].is_null() => "Unit",
            acting if !acting["area"].is_null() => "Area",
            _ => "Member",
        };
        let operations = self.parsed.iter().flat_map(|document| document.operations.named.iter());
        let queries: Vec<_> = operations.filter(|(_, operation)| operation.is_query()).collect();
        let chosen = if queries.len() > 1 { queries.iter().find(|(name, _)| name.ends_with(of)) } else { queries.first() };
        chosen.map(|(name, operation)| (name.as_str(), &***operation))
    }
}

/// Documents are few and stay for as long as the program runs; what is written anew while a debug build runs is read anew.
fn document(name: &str) -> &'static Document {
    static DOCUMENTS: LazyLock<Mutex<HashMap<Cow<'static, str>, &'static Document>>> = LazyLock::new(Mutex::default);
    let text = file(&format!("pages/{name}.graphql")).unwrap_or_default();
    let mut known = DOCUMENTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(document) = known.get(&text) {
        return document;
    }
    let kept: &'static str = match &text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => Box::leak(text.clone().into_boxed_str()),
    };
    let document: &'static Document = Box::leak(Box::new(Document::of(kept)));
    known.insert(Cow::Borrowed(kept), document);
    document
}

/// The text of a file of the console.
pub(super) fn file(path: &str) -> Option<Cow<'static, str>> {
    if cfg!(debug_assertions) {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/console/");
        if let Ok(text) = std::fs::read_to_string(format!("{here}{path}")) {
            return Some(text.into());
        }
    }
    built::FILES.iter().find(|(known, _)| *known == path).map(|(_, text)| Cow::Borrowed(*text))
}

/// A style sheet, a script or a picture, and of which media type it is.
pub(super) fn asset(name: &str) -> Option<(&'static str, String)> {
    let media = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    };
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    file(&format!("assets/{name}")).filter(|_| plain).map(|text| (media, text.into_owned()))
}

/// The address of an asset, which changes with it.
pub(super) fn asset_address(name: &str) -> String {
    let text = file(&format!("assets/{name}")).unwrap_or_default();
    format!("/assets/{name}?v={:.16}", format!("{:x}", Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use apollo_compiler::executable::{Selection, SelectionSet};

    use super::*;

    fn keys(set: &SelectionSet, into: &mut Vec<String>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    into.push(field.response_key().to_string());
                    keys(&field.selection_set, into);
                }
                Selection::InlineFragment(inline) => keys(&inline.selection_set, into),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// A template with those that it imports or includes, but for the layout: that belongs to all.
    fn template(name: &str) -> String {
        let text = file(&format!("pages/{name}")).unwrap_or_else(|| panic!("there is no pages/{name}")).into_owned();
        let others = text.split('"').filter(|part| part.ends_with(".html") && *part != "layout.html" && *part != name);
        others.map(template).collect::<String>() + &text
    }

    #[test]
    fn no_page_asks_for_what_it_does_not_show() {
        // What the console itself reads of an answer.
        let read = ["refusals", "warnings", "result", "message", "path", "secret", "accessToken", "refreshToken", "expiresAt"];
        let mut idle = Vec::new();
        for page in PAGES {
            let (document, shown) = (page.document(), template(&format!("{}.html", page.name)));
            // What the macros of all pages show.
            let shown = [
                ("may(", "viewerCan action allowed"),
                ("why_not(", "viewerCan action allowed message"),
                ("more(", "hasNextPage endCursor"),
                ("progress(", "wanted accepted delivered promised unmatched"),
                ("role(", "area unit name"),
                ("signIn", "signOut"),
            ]
            .iter()
            .filter(|(used, _)| shown.contains(used))
            .fold(shown.clone(), |shown, (_, also)| format!("{shown} {also}"));
            let words: std::collections::HashSet<_> =
                shown.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
            for parsed in document.parsed.iter() {
                let mut asked = Vec::new();
                parsed.fragments.values().for_each(|fragment| keys(&fragment.selection_set, &mut asked));
                for operation in parsed.operations.iter() {
                    let mut own = Vec::new();
                    keys(&operation.selection_set, &mut own);
                    // The field of a mutation is its verb.
                    asked.extend(own.into_iter().skip(usize::from(operation.is_mutation())));
                    if let Some(name) = operation.name.as_ref().filter(|_| operation.is_mutation()) {
                        asked.push(name.to_string());
                    }
                }
                asked.retain(|key| !read.contains(&key.as_str()) && !words.contains(key.as_str()));
                idle.extend(asked.into_iter().map(|key| format!("{}: {key}", page.name)));
            }
        }
        assert!(idle.is_empty(), "{idle:#?}");
    }

    #[test]
    fn every_file_belongs_to_a_page() {
        let known = |name: &str| PAGES.iter().any(|page| page.name == name) || ["layout", "error"].contains(&name);
        let texts: String = built::FILES.iter().map(|(_, text)| *text).collect();
        let lost = |path: &&str| {
            let name = path.trim_start_matches("pages/").split('.').next().unwrap_or_default();
            path.starts_with("pages/") && !known(name) && !texts.contains(&format!("\"{name}.html\""))
        };
        let lost: Vec<_> = built::FILES.iter().map(|(path, _)| *path).filter(lost).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
