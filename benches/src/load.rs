//! The load: `wrk` asks one peer after the other, the same questions in the same order, and turns that order round from one round to the next.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::process::Command;

use crate::Result;
use crate::held::Held;
use crate::process::{Peer, Peers};
use crate::works::{Caller, Work};

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

/// The rounds of a work.
pub type Rounds = Vec<Vec<Figure>>;

/// All peers once.
pub async fn round(peers: &Peers, work: &Work, connections: u32, length: Duration) -> Result<Vec<Figure>> {
    let client = reqwest::Client::new();
    let mut figures = Vec::new();
    for running in &peers.running {
        let Some(questions) = work.questions(running.peer) else { continue };
        let token = (work.caller == Caller::District && running.peer == Peer::Alliance).then_some(peers.token.as_str());
        let mut held = Vec::new();
        if work.is_held(running.peer) {
            for question in questions {
                held.push(Held::get(&client, question).await?.0);
            }
        }
        let script = if held.is_empty() {
            script(questions.iter().map(|question| format!("{{ method = \"POST\", body = [=====[{question}]=====] }}")), token)
        } else {
            script(held.iter().map(Held::scripted), token)
        };
        // A little to warm up: statements are prepared and plans made.
        ask(running.peer, &script, connections, Duration::from_secs(1)).await?;
        figures.push(ask(running.peer, &script, connections, length).await?);
        // What has the same tag before and after had it all the time.
        for held in held {
            held.check(&client).await?;
        }
    }
    Ok(figures)
}

async fn ask(peer: Peer, script: &str, connections: u32, length: Duration) -> Result<Figure> {
    let file = std::env::temp_dir().join(format!("alliance-bench-{}-{}.lua", std::process::id(), peer.port()));
    std::fs::write(&file, script)?;
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

fn script(asked: impl Iterator<Item = String>, token: Option<&str>) -> String {
    let mut script = String::from("local asked = {\n");
    for one in asked {
        let _ = writeln!(script, "  {one},");
    }
    script.push_str("}\nlocal headers = { [\"Content-Type\"] = \"application/json\", [\"Accept\"] = \"application/json\" }\n");
    if let Some(token) = token {
        let _ = writeln!(script, "headers[\"Authorization\"] = \"Bearer {token}\"");
    }
    script.push_str(
        "local requests, n = {}, 0
init = function()
  for place, one in ipairs(asked) do
    headers[\"If-None-Match\"] = one.tag
    requests[place] = wrk.format(one.method, one.path, headers, one.body)
  end
end
request = function()
  n = n % #requests + 1
  return requests[n]
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
