//! Finds in a short text what would tell who somebody is. A wish is read by everybody, so in doubt something is found.

mod accounts;
mod letters;
mod names;
mod numbers;
mod places;
mod words;

use jieba_rs::Jieba;

use letters::Letters;

/// What kind of thing would tell who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trait {
    Phone,
    Account,
    Email,
    Identity,
    Card,
    Plate,
    Birth,
    Address,
    School,
    Name,
}

/// Where in a text, in characters of it as it was given: `from..to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub kind: Trait,
    pub from: usize,
    pub to: usize,
}

/// Tries to read something that begins at a character, and says where it ends.
type Reader = fn(&Letters, usize) -> Option<usize>;

/// The surest first: what one has read, the later ones leave alone.
const READERS: &[(Trait, Reader)] = &[
    (Trait::Email, accounts::email),
    (Trait::Identity, numbers::identity),
    (Trait::Phone, numbers::mobile),
    (Trait::Card, numbers::card),
    (Trait::Phone, numbers::landline),
    (Trait::Phone, numbers::local),
    (Trait::Birth, numbers::birth),
    (Trait::Plate, numbers::plate),
    (Trait::Account, accounts::account),
    (Trait::Address, places::rooms),
    (Trait::Address, places::dashes),
    (Trait::Address, places::house),
    (Trait::School, places::school),
];

/// What in a text would tell who somebody is, in order, not overlapping.
pub fn find(text: &str, dictionary: &Jieba) -> Vec<Span> {
    let letters = Letters::of(text);
    let mut spans = Vec::new();
    for (kind, read) in READERS {
        let mut at = 0;
        while at < letters.len() {
            match read(&letters, at).filter(|&to| keep(&mut spans, letters.span(*kind, at, to))) {
                Some(to) => at = to,
                None => at += 1,
            }
        }
    }
    let joined = letters.joined();
    for at in 0..joined.len() {
        if let Some(to) = accounts::account(&joined, at) {
            keep(&mut spans, joined.span(Trait::Account, at, to));
        }
    }
    for span in names::names(&joined, dictionary) {
        keep(&mut spans, span);
    }
    spans.sort_by_key(|span| span.from);
    spans
}

fn keep(spans: &mut Vec<Span>, span: Span) -> bool {
    let free = spans.iter().all(|other| span.to <= other.from || other.to <= span.from);
    if free {
        spans.push(span);
    }
    free
}

#[cfg(test)]
mod tests;
