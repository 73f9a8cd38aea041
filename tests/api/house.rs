//! The rules of the house that a compiler does not check: who may use whom, and how large a file grows.

use std::fs;
use std::path::{Path, PathBuf};

/// Later topics may use earlier ones; only what speaks GraphQL may name types of later ones.
const TOPICS: [&str; 14] = [
    "areas",
    "clients",
    "units",
    "resources",
    "contributions",
    "venues",
    "sittings",
    "bookings",
    "needs",
    "matches",
    "reports",
    "webhooks",
    "robots",
    "complaints",
];
const LONGEST_FILE: usize = 500;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn a_topic_uses_only_earlier_topics_outside_its_graphql() {
    let mut wrong = Vec::new();
    for (place, topic) in TOPICS.iter().enumerate() {
        for path in sources(&root().join(topic)) {
            let is_graphql = path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("graphql"));
            let text = fs::read_to_string(&path).unwrap();
            for later in TOPICS[place + 1..].iter().filter(|_| !is_graphql) {
                if text.contains(&format!("crate::{later}::")) {
                    wrong.push(format!("{} uses {later}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_console_speaks_graphql_only() {
    let mut wrong = Vec::new();
    for path in sources(&root().join("console")) {
        let text = fs::read_to_string(&path).unwrap();
        // Words are words: the rules of a topic name its states.
        let inner: Vec<_> =
            TOPICS.iter().flat_map(|topic| ["actions", "entity", "graphql"].map(|part| format!("crate::{topic}::{part}"))).collect();
        let others = ["sea_orm", "crate::db", "crate::work", "crate::auth::Viewer"];
        wrong.extend(
            inner
                .iter()
                .map(String::as_str)
                .chain(others)
                .filter(|used| text.contains(used))
                .map(|used| format!("{} uses {used}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_outgrows_its_room() {
    let long: Vec<_> = sources(&root())
        .into_iter()
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
