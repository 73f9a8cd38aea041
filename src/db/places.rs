//! Places for those who use the database at a time, given out in the order in which they are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

pub(super) struct Places {
    free: Arc<Semaphore>,
    all: usize,
    waiting: AtomicUsize,
}

/// How many places are used, how many there are, and how many callers wait for one.
#[derive(Clone, Copy, Debug)]
pub struct Busy {
    pub used: usize,
    pub all: usize,
    pub waiting: usize,
}

impl Places {
    pub(super) fn new(all: usize) -> Places {
        Places { free: Arc::new(Semaphore::new(all)), all, waiting: AtomicUsize::new(0) }
    }

    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return Ok(place);
        }
        let _waits = Waits::new(&self.waiting);
        self.free.clone().acquire_owned().await
    }

    pub(super) fn close(&self) {
        self.free.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.free.is_closed()
    }

    pub(super) fn busy(&self) -> Busy {
        let used = self.all.saturating_sub(self.free.available_permits());
        Busy { used, all: self.all, waiting: self.waiting.load(Ordering::Relaxed) }
    }
}

/// Somebody who waits; one who goes away waits no more.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(waiting: &'a AtomicUsize) -> Waits<'a> {
        waiting.fetch_add(1, Ordering::Relaxed);
        Waits(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_waits_is_counted_until_it_is_served_or_goes_away() {
        let places = Places::new(1);
        let standing = || (places.busy().used, places.busy().waiting);
        let first = places.take().await.unwrap();
        assert_eq!(standing(), (1, 0));
        let mut second = Box::pin(places.take());
        let mut third = Box::pin(places.take());
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        assert_eq!(standing(), (1, 2));
        drop(third);
        assert_eq!(standing(), (1, 1));
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(standing(), (1, 0));
        drop(second);
        assert_eq!(standing(), (0, 0));
    }
}
