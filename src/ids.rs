//! Keys and the global ids made of them: typed, opaque, never reused.

use std::fmt;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Timestamp, Uuid};

macro_rules! node_kinds {
    ($($kind:ident = $prefix:literal),* $(,)?) => {
        /// What a global id names; each kind has its own prefix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum NodeKind { $($kind),* }

        impl NodeKind {
            pub const ALL: &[NodeKind] = &[$(NodeKind::$kind),*];

            /// The part of a global id before the underscore, also the word in SQL.
            pub fn prefix(self) -> &'static str {
                match self { $(NodeKind::$kind => $prefix),* }
            }
        }
    };
}

node_kinds! {
    Area = "area",
    Unit = "unit",
    Alliance = "alliance",
    Membership = "membership",
    Pairing = "pairing",
    Pledge = "pledge",
    Need = "need",
    Match = "match",
    Delivery = "delivery",
    Picture = "picture",
    Evaluation = "evaluation",
    Contribution = "contribution",
    Venue = "venue",
    Zone = "zone",
    Service = "service",
    CoBuilding = "cobuilding",
    Reservation = "reservation",
    Booking = "booking",
    Series = "series",
    Calendar = "calendar",
    Client = "client",
    Webhook = "webhook",
    WebhookMessage = "message",
    Robot = "robot",
    Complaint = "complaint",
    Account = "account",
    Grant = "grant",
}

/// A kind and a key; written `need_0190c2…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GlobalId {
    pub kind: NodeKind,
    pub key: Uuid,
}

impl GlobalId {
    pub fn new(kind: NodeKind, key: Uuid) -> Self {
        GlobalId { kind, key }
    }

    /// Only the one spelling that `Display` writes is an id.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, hex) = text.split_once('_')?;
        let kind = *NodeKind::ALL.iter().find(|kind| kind.prefix() == prefix)?;
        let key = Uuid::try_parse(hex).ok()?;
        let id = GlobalId { kind, key };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for GlobalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.kind.prefix(), self.key.simple())
    }
}

/// A new key that sorts after those made earlier in this process, also those of the same instant.
pub fn new_key(now: DateTime<Utc>) -> Uuid {
    static COUNTER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(&COUNTER, seconds, now.timestamp_subsec_nanos()))
}

/// A key that is made of a digest: always the same for the same.
pub fn key_of_digest(digest: impl Into<[u8; 32]>) -> Uuid {
    let mut half = [0; 16];
    half.copy_from_slice(&digest.into()[..16]);
    Uuid::from_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_the_round_trip_and_nothing_else_is_one() {
        let id = GlobalId::new(NodeKind::Need, new_key(DateTime::UNIX_EPOCH));
        let text = id.to_string();
        assert_eq!(GlobalId::parse(&text), Some(id));
        for wrong in [text.to_uppercase(), format!("{text}0"), text.replace("need", "nede"), format!("need_{}", id.key), String::new()] {
            assert_eq!(GlobalId::parse(&wrong), None, "{wrong}");
        }
    }
}
