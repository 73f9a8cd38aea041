//! The harness: an application of its own for each test, people who use it, a small district, and the sums that must always hold.

mod actor;
mod answer;
mod app;
mod browser;
mod crowd;
mod inputs;
mod invariants;
mod people;
mod postgres;
mod receiver;
mod verbs;
mod visitor;
mod world;

pub use actor::Actor;
pub use answer::{Answer, Attempt, Id, Thing};
pub use app::TestApp;
pub use browser::Browser;
pub use crowd::{CROWD, Dice, tally};
pub use inputs::{changed, photo, workdays};
pub use people::PASSWORD;
pub use postgres::Fresh;
pub use receiver::{Call, Mood, Receiver};
pub use serde_json::{Value, json};
pub use visitor::{Shown, Visitor};
pub use world::World;

/// Tells each story on SQLite and on PostgreSQL: `a_story::sqlite` and `a_story::postgres`. At its end the sums are checked.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident) $story:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::support::TestApp;

            async fn story($app: &TestApp) $story

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let app = TestApp::sqlite().await;
                story(&app).await;
                app.check_invariants().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let app = TestApp::postgres().await;
                story(&app).await;
                app.check_invariants().await;
            }
        }
    )+};
}
