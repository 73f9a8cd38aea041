//! Where the time comes from, so that a test can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};

/// The present, to the microsecond, which is what both databases keep.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// Stands still until it is set; shared by all clones.
    Set(Arc<AtomicI64>),
}

impl Clock {
    pub fn set_to(at: DateTime<Utc>) -> Clock {
        Clock::Set(Arc::new(AtomicI64::new(at.timestamp_micros())))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Clock::System => Utc::now().trunc_subsecs(6),
            Clock::Set(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::Relaxed)).unwrap_or_default(),
        }
    }

    /// Moves a clock that was made with [`Clock::set_to`]; the system's cannot be moved.
    pub fn move_to(&self, at: DateTime<Utc>) {
        if let Clock::Set(micros) = self {
            micros.store(at.timestamp_micros(), Ordering::Relaxed);
        }
    }
}
