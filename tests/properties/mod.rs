//! Whatever anybody does in whatever order, the sums hold, what is refused is refused for a documented reason, and `viewerCan` had said so.
//!
//! Each story is some sixty actions by chance, the wrong people and moments included. A failing one is made shorter and printed.
//! `PROPTEST_CASES` asks for more stories.

mod play;
mod verb;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use crate::support::TestApp;
use play::Play;
use verb::Verb;

/// One action before the story has chosen on whom and what it falls.
#[derive(Clone, Debug)]
pub struct Step {
    verb: Verb,
    /// Whether it is somebody who stands on the object, or anybody.
    apt: bool,
    who: u8,
    what: u8,
    other: u8,
    amount: u8,
}

fn step() -> impl Strategy<Value = Step> {
    (proptest::sample::select(Verb::WEIGHTED), prop::bool::weighted(0.8), any::<[u8; 3]>(), 1..=6_u8)
        .prop_map(|(verb, apt, [who, what, other], amount)| Step { verb, apt, who, what, other, amount })
}

fn stories(cases: u32, app: impl AsyncFn() -> TestApp) {
    let cases = std::env::var("PROPTEST_CASES").map_or(cases, |cases| cases.parse().expect("PROPTEST_CASES is a number"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut runner = TestRunner::new(Config { cases, max_shrink_iters: 120, failure_persistence: None, ..Config::default() });
    let told = runner.run(&vec(step(), 60), |steps| {
        runtime.block_on(async {
            let app = app().await;
            let mut play = Play::new(&app).await;
            for step in &steps {
                play.act(step).await;
                app.check_invariants().await;
            }
        });
        Ok(())
    });
    if let Err(TestError::Fail(reason, steps)) = &told {
        let steps: Vec<_> = steps.iter().map(|step| format!("{step:?}")).collect();
        panic!("{reason}\n{}", steps.join("\n"));
    }
    assert!(told.is_ok(), "{told:?}");
}

#[test]
fn any_story_holds_on_sqlite() {
    stories(4, TestApp::sqlite);
}

#[test]
fn any_story_holds_on_postgres() {
    stories(2, TestApp::postgres);
}
