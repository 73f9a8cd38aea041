//! Runs an execution and its loaders by turns, so that what one level of a document asks for is always one statement.
//!
//! A loader that is merely spawned races with the resolvers that still add keys, and sends their rest in a second statement. Here a batch
//! starts only when the execution can go no further and the batches before it are done.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures_util::future::BoxFuture;

/// Batches that wait for their turn.
#[derive(Clone, Default)]
pub struct Batches(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Batches {
    pub fn wait(&self, batch: BoxFuture<'static, ()>) {
        self.0.lock().expect("no panic under this lock").push(batch);
    }

    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut *self.0.lock().expect("no panic under this lock"))
    }

    /// Drives an execution to its end, with the batches that it asks for.
    pub async fn drive<F: Future>(&self, execution: F) -> F::Output {
        let mut execution = pin!(execution);
        let mut running: Vec<BoxFuture<'static, ()>> = Vec::new();
        let output = poll_fn(|cx| {
            loop {
                // Also while batches run: the execution may hold the very connection that they wait for.
                if let Poll::Ready(output) = execution.as_mut().poll(cx) {
                    return Poll::Ready(output);
                }
                if running.is_empty() {
                    running = self.take();
                }
                if running.is_empty() {
                    return Poll::Pending;
                }
                // All of them, each time: a batch takes its keys when it is first polled, and must not take those of the next level.
                running.retain_mut(|batch| batch.as_mut().poll(cx).is_pending());
                if !running.is_empty() {
                    return Poll::Pending;
                }
            }
        })
        .await;
        running.into_iter().for_each(|batch| self.wait(batch));
        output
    }
}
