//! Whether all peers answer the same: each question is asked once of each, and what they say is brought to one form.

use serde_json::{Map, Value};

use crate::Result;
use crate::held::Held;
use crate::process::{Peer, Peers};
use crate::works::{Caller, Work};

pub async fn compare(peers: &Peers, work: &Work) -> Result<()> {
    let client = reqwest::Client::new();
    let count = work.questions(Peer::Floor).map_or(0, <[String]>::len);
    for n in 0..count {
        let mut first: Option<(Peer, Value)> = None;
        for running in &peers.running {
            let Some(questions) = work.questions(running.peer) else { continue };
            let answer = if work.is_held(running.peer) {
                let (held, answer) = Held::get(&client, &questions[n]).await?;
                held.check(&client).await?;
                answer
            } else {
                let mut request = client
                    .post(format!("http://127.0.0.1:{}/graphql", running.peer.port()))
                    .header("content-type", "application/json")
                    .body(questions[n].clone());
                if running.peer == Peer::Alliance && work.caller == Caller::District {
                    request = request.bearer_auth(&peers.token);
                }
                let answer = request.send().await?;
                let status = answer.status();
                let text = answer.text().await?;
                serde_json::from_str(&text).map_err(|_| format!("{:?} answers {status}: {text}", running.peer))?
            };
            if !answer["errors"].is_null() {
                return Err(format!("{:?} answers {answer}", running.peer).into());
            }
            let plain = plain((work.shape)(running.peer, answer));
            match &first {
                None => first = Some((running.peer, plain)),
                Some((peer, known)) if *known != plain => {
                    return Err(format!("{peer:?} and {:?} differ at question {n}:\n{known}\n{plain}", running.peer).into());
                }
                Some(_) => {}
            }
        }
        if n == 0 && first.is_none_or(|(_, answer)| answer.as_array().is_none_or(Vec::is_empty)) {
            return Err("the answer is empty".into());
        }
    }
    Ok(())
}

/// Keys as bare hexadecimal digits, members in the order of their names.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(plain).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(name, value)| (name, plain(value))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members.into_iter().collect::<Map<_, _>>())
        }
        Value::String(text) => {
            let bare: String = text.rsplit('_').next().unwrap_or_default().replace('-', "");
            let is_key = bare.len() == 32 && bare.chars().all(|c| c.is_ascii_hexdigit());
            Value::String(if is_key { bare.to_ascii_lowercase() } else { text })
        }
        other => other,
    }
}
