//! Streams of changes: how many run at a time, in all and for one account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Those of who is signed in, of all others, and of one account: a person with many pages open, or a partner's server.
const SIGNED_IN: usize = 1000;
const ANONYMOUS: usize = 200;
const OF_ACCOUNT: usize = 64;

#[derive(Clone)]
pub(super) struct Streams(Arc<Inner>);

struct Inner {
    signed_in: Arc<Semaphore>,
    anonymous: Arc<Semaphore>,
    accounts: Mutex<HashMap<Uuid, usize>>,
}

/// A place that is free again once it is dropped.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    account: Option<(Arc<Inner>, Uuid)>,
}

impl Default for Streams {
    fn default() -> Streams {
        let places = |count| Arc::new(Semaphore::new(count));
        Streams(Arc::new(Inner { signed_in: places(SIGNED_IN), anonymous: places(ANONYMOUS), accounts: Mutex::default() }))
    }
}

impl Streams {
    /// How many run now, of accounts and of others.
    pub(super) fn running(&self) -> (usize, usize) {
        (SIGNED_IN - self.0.signed_in.available_permits(), ANONYMOUS - self.0.anonymous.available_permits())
    }

    pub(super) fn take(&self, account: Option<Uuid>) -> Option<Place> {
        let places = if account.is_some() { &self.0.signed_in } else { &self.0.anonymous };
        let permit = places.clone().try_acquire_owned().ok()?;
        if let Some(account) = account {
            let mut accounts = self.0.accounts.lock().expect("no panic under this lock");
            let count = accounts.entry(account).or_default();
            if *count >= OF_ACCOUNT {
                return None;
            }
            *count += 1;
        }
        Some(Place { _permit: permit, account: account.map(|account| (self.0.clone(), account)) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((streams, account)) = &self.account else { return };
        let mut accounts = streams.accounts.lock().expect("no panic under this lock");
        if let Some(count) = accounts.get_mut(account) {
            *count -= 1;
            if *count == 0 {
                accounts.remove(account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_leaves_places_to_others_and_gives_its_own_back() {
        let (streams, one, other) = (Streams::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let mut places: Vec<_> = (0..OF_ACCOUNT).map(|_| streams.take(Some(one)).expect("a place")).collect();
        assert!(streams.take(Some(one)).is_none());
        assert!(streams.take(Some(other)).is_some() && streams.take(None).is_some());
        places.pop();
        places.push(streams.take(Some(one)).expect("the place that was given back"));
        drop(places);
        assert!(streams.0.accounts.lock().expect("the accounts").is_empty(), "nothing is kept of who has none");
    }
}
