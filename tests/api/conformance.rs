//! What others have written: audits of servers, and the clients that partners use. They come from npm, installed by `scripts/test`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::TestApp;

fn node(script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/conformance");
    assert!(folder.join("node_modules").exists(), "run scripts/test, which installs them");
    let mut command = Command::new("node");
    command.arg(folder.join(script)).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// A client that follows what is renamed.
struct Follower {
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Follower {
    async fn start(app: &TestApp, kind: &str, token: &str, count: u32) -> Follower {
        let mut child = node("follow.mjs").args([kind, &app.url, token, &count.to_string()]).spawn().expect("node starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut follower = Follower { lines, child };
        assert_eq!(follower.line().await, "connected");
        follower
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line()).await.expect("a line in time");
        line.expect("its output").expect("it goes on")
    }
}

both! {
    async fn graphql_over_http_is_spoken_as_the_audits_have_it(app) {
        let output = node("audit.mjs").arg(format!("{}/graphql", app.url)).output().await.expect("node runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        assert!(text.ends_with("61 of 61 passed\n"), "{text}");
    }

    async fn a_client_of_graphql_ws_and_one_of_graphql_sse_follow_changes(app) {
        let w = app.world().await;
        let names = ["桃园社区", "紫薇社区"];
        let mut follower = Follower::start(app, "ws", &w.auditor.token_now(), 2).await;
        for (area, name) in [&w.taoyuan, &w.ziwei].into_iter().zip(names) {
            w.district.rename_area(area, name).await.done();
            assert_eq!(follower.line().await, name);
        }
        assert!(follower.child.wait().await.expect("it ends").success());
        let mut follower = Follower::start(app, "sse", &w.auditor.token_now(), 2).await;
        assert_eq!([follower.line().await, follower.line().await], names);
        assert!(follower.child.wait().await.expect("it ends").success());
    }
}
