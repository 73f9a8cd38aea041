//! What others have written: audits of servers, and the clients that partners use. They come from npm, installed by `scripts/test`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::{Id, TestApp, json};

/// Where `scripts/test` puts what others have written.
fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/conformance")
}

pub fn node(script: &str) -> Command {
    assert!(folder().join("node_modules").exists(), "run scripts/test, which installs them");
    let mut command = Command::new("node");
    command.arg(folder().join(script)).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// What a script prints, and whether it finds all well.
async fn printed(script: &str, files: &[&Path], further: &[&str]) -> (bool, String) {
    let output = node(script).args(files).args(further).output().await.expect("node runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// A schema in a file of its own.
fn schema(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".graphql").expect("a temporary file");
    std::fs::write(file.path(), text).expect("a file is written");
    file
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

#[tokio::test]
async fn the_schema_is_as_the_linters_have_it() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/schema.graphql");
    assert_eq!(printed("lint.mjs", &[&ours], &[]).await, (true, "0 problems\n".to_owned()));
}

#[tokio::test]
async fn the_linters_find_what_a_partner_would_stumble_over() {
    let broken = schema(
        r#"
"""What can be asked."""
type Query {
  """Things."""
  getThings: [Thing!]!
}
"""A thing."""
type Thing {
  """Its name."""
  Name: String @deprecated(reason: "not any more")
  id: ID!
}
"""What can be done."""
type Mutation {
  """Makes one."""
  makeThing(
    """What to make."""
    thing: ThingInput
  ): MakeThingPayload!
}
"""What became of it."""
type MakeThingPayload {
  """The thing."""
  result: Thing
}
"""What to make."""
input ThingInput {
  """Its name."""
  name: String
}"#,
    );
    let expected = [
        "1 @graphql-eslint/relay-page-info: The server must provide a `PageInfo` object.",
        "1 relay-page-info-spec: A `PageInfo` object type is required as per the Relay spec.",
        r#"5 @graphql-eslint/naming-convention: Field "getThings" should not have "get" prefix"#,
        "9 fields-are-camel-cased: The field `Thing.Name` is not camel cased.",
        r#"10 @graphql-eslint/naming-convention: Field "Name" should be in camelCase format"#,
        "10 deprecation: say since when, 2026-03-09, and what to use, in backticks",
        r#"11 @graphql-eslint/require-description: Description is required for field "id" in type "Thing""#,
        "11 fields-have-descriptions: The field `Thing.id` is missing a description.",
        "16 input-of-mutation: makeThing takes input: MakeThingInput! and nothing else, or no input object",
        "9 problems\n",
    ];
    assert_eq!(printed("lint.mjs", &[broken.path()], &["--any"]).await, (false, expected.join("\n")));
}

#[tokio::test]
async fn nothing_of_the_last_release_has_gone_that_was_not_deprecated_in_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (released, ours) = (root.join("schema/released.graphql"), root.join("schema/schema.graphql"));
    assert_eq!(printed("breaking.mjs", &[&released, &ours], &[]).await, (true, "0 breaking changes\n".to_owned()));
}

#[tokio::test]
async fn what_goes_or_is_asked_for_anew_is_found_unless_it_was_deprecated() {
    let released = schema(
        r#"
        type Query {
          a(x: Int, y: Int @deprecated(reason: "2026-01-02: use `a(x:)`."), z: Int = 1): Int
          old: Int @deprecated(reason: "Since 2026-01-02; use `a`.")
          soon: Int @deprecated(reason: "2026-12-24: use `a`.")
          lost: Int
          bare: Int @deprecated
          undated: Int @deprecated(reason: "Use `a`.")
          blind: Int @deprecated(reason: "2026-01-02: gone.")
          odd: Int @deprecated(reason: "2026-02-30: use `a`.")
          was: Was @deprecated(reason: "2026-01-02: use `a`.")
          kept: Kept
        }
        type Was { below: Below, again: Was }
        type Below { c: Int }
        type Kept { k: Int }
        input In { i: Int, j: Int = 1 }
        enum E { ONE, TWO @deprecated(reason: "2026-01-02: use `ONE`."), THREE }
        type Mutation { m(in: In, e: E): E }"#,
    );
    let present = schema(
        "type Query { a(x: Int!, z: Int = 2): Int, kept(need: Int!): Int, other: More }
        type More { z: Int }
        input In { i: Int!, j: Int = 1, n: Int!, o: Int }
        enum E { ONE, FOUR }
        type Mutation { m(in: In, e: E): E }",
    );
    let expected = [
        "Kept was removed. Something that was not deprecated leads to it.",
        "Query.soon was removed. But its deprecation names 2026-12-24, which has not come.",
        "Query.lost was removed. But it was not deprecated in the release.",
        "Query.bare was removed. But its deprecation names no day.",
        "Query.undated was removed. But its deprecation names no day.",
        "Query.blind was removed. But its deprecation names nothing to use in its place, in backticks.",
        "Query.odd was removed. But its deprecation names no day.",
        "Query.a arg x has changed type from Int to Int!.",
        "A required arg need on Query.kept was added.",
        "Query.kept changed type from Kept to Int.",
        "A required field n on input type In was added.",
        "In.i changed type from Int to Int!.",
        "THREE was removed from enum type E. But it was not deprecated in the release.",
        "Query.a arg z has changed defaultValue from 1 to 2.",
        "14 breaking changes\n",
    ];
    let (before, after) = (released.path(), present.path());
    assert_eq!(printed("breaking.mjs", &[before, after], &["2026-11-27"]).await, (false, expected.join("\n")));
    assert_eq!(printed("breaking.mjs", &[before, before], &["2026-11-27"]).await, (true, "0 breaking changes\n".to_owned()));
}

/// What schemathesis asks as somebody, of objects that there are: the same each time, since the seed is.
async fn schemathesis(app: &TestApp, token: Option<String>, ids: &[&str]) {
    let tool = folder().join("venv/bin/schemathesis");
    assert!(tool.exists(), "run scripts/test, which installs it");
    let mut command = Command::new(tool);
    // It keeps notes where it stands.
    command.current_dir(folder()).env("ALLIANCE_CONFORMANCE", folder()).env("ALLIANCE_CONFORMANCE_IDS", ids.join(","));
    command.args(["--config-file", "schemathesis.toml", "run", &format!("{}/graphql", app.url)]);
    command.args(["--seed", "7302203031", "--max-examples", "3", "--no-color", "--warnings", "off"]);
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    let output = command.kill_on_drop(true).output().await.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("No issues found"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_nothing_as_the_district() {
    let app = TestApp::with(|settings| settings.rate_limit = false).await;
    let w = app.world().await;
    let need = json!({ "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": "送米", "wanted": "30", "measure": "袋", "submit": true });
    let need = w.secretary.post_need(need).await.done();
    w.street.publish(&need).await.done();
    let claimed = w.unit.claim(&need, &w.shennong, "10").await.done();
    let ids = [&w.tiedong, &w.beimen, &w.taoyuan, &w.ziwei, &w.beimen_alliance, &w.shennong, &w.kunbo].map(String::as_str);
    let ids = [&ids[..], &[need.id(), claimed.id()]].concat();
    schemathesis(&app, Some(w.district.token_now()), &ids).await;
    app.check_invariants().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_nothing_as_nobody() {
    let app = TestApp::with(|settings| settings.rate_limit = false).await;
    let w = app.world().await;
    schemathesis(&app, None, &[&w.tiedong, &w.beimen, &w.taoyuan, &w.beimen_alliance, &w.shennong]).await;
}

#[tokio::test]
async fn the_explorers_examples_fit_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (fits, text) = printed("check.mjs", &[&root.join("schema/schema.graphql"), &root.join("explorer/examples")], &[]).await;
    assert!(fits, "{text}");
}
