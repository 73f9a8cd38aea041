//! A partner's page, as the example has it: generated from our schema, built, and driven against the real program, which is stopped, killed and
//! started again meanwhile. `scripts/test` installs what it is built from.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

#[tokio::test]
async fn a_partners_page_misses_nothing_and_claims_nothing_twice() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/partner-web");
    assert!(folder.join("node_modules").exists(), "run scripts/test, which installs them");
    let mut check = Command::new("npm");
    check.args(["test", "--silent"]).current_dir(folder).env("ALLIANCE_BIN", env!("CARGO_BIN_EXE_alliance"));
    // A group of its own ends whole.
    check.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = check.output().await.expect("npm runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("ok ")).count(), 8, "{text}");
    assert!(text.contains("all passed"), "{text}");
}
