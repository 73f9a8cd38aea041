//! The load: `wrk` asks one peer after the other, the same questions in the same order, and turns that order round from one round to the next.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::process::Command;

use crate::Result;
use crate::process::{Peer, Peers};
use crate::works::Work;

/// What one peer did in one round.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub peer: Peer,
    /// Requests a second.
    pub rate: f64,
    /// Milliseconds.
    pub median: f64,
    pub slow: f64,
}

/// All peers once.
pub async fn round(peers: &Peers, work: &Work, connections: u32, length: Duration) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for running in &peers.running {
        let Some(questions) = work.questions(running.peer) else { continue };
        let token = (work.signed_in && running.peer == Peer::Alliance).then_some(peers.token.as_str());
        // A little to warm up: statements are prepared and plans made.
        ask(running.peer, questions, token, connections, Duration::from_secs(1)).await?;
        figures.push(ask(running.peer, questions, token, connections, length).await?);
    }
    Ok(figures)
}

async fn ask(peer: Peer, questions: &[String], token: Option<&str>, connections: u32, length: Duration) -> Result<Figure> {
    let file = std::env::temp_dir().join(format!("alliance-bench-{}-{}.lua", std::process::id(), peer.port()));
    std::fs::write(&file, script(questions, token))?;
    let output = Command::new("wrk")
        .args(["-t", "1", "-c", &connections.to_string(), "-d", &format!("{}s", length.as_secs()), "-s"])
        .arg(&file)
        .arg(format!("http://127.0.0.1:{}/graphql", peer.port()))
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("FIGURES ")).ok_or_else(|| format!("wrk said nothing: {text}"))?;
    let figures: Vec<f64> = line.split(' ').filter_map(|figure| figure.parse().ok()).collect();
    let [requests, microseconds, errors, median, slow] = figures[..] else { return Err(format!("wrk said {line}").into()) };
    if errors > 0.0 {
        return Err(format!("{errors} requests to {peer:?} failed").into());
    }
    Ok(Figure { peer, rate: requests / microseconds * 1e6, median: median / 1e3, slow: slow / 1e3 })
}

fn script(questions: &[String], token: Option<&str>) -> String {
    let mut script = String::from("local bodies = {\n");
    for question in questions {
        let _ = writeln!(script, "  [=====[{question}]=====],");
    }
    script.push_str("}\nlocal n = 0\nlocal headers = { [\"Content-Type\"] = \"application/json\", [\"Accept\"] = \"application/json\" }\n");
    if let Some(token) = token {
        let _ = writeln!(script, "headers[\"Authorization\"] = \"Bearer {token}\"");
    }
    script.push_str(
        "request = function()
  n = n % #bodies + 1
  return wrk.format(\"POST\", nil, headers, bodies[n])
end
done = function(summary, latency, requests)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  print(string.format(\"FIGURES %d %d %d %d %d\", summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
",
    );
    script
}
