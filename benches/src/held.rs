//! Answers that a caller holds still: got once with their tag, and asked for again by it.

use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Client, StatusCode, Url};
use serde_json::Value;

use crate::Result;
use crate::process::Peer;

pub struct Held {
    address: Url,
    tag: String,
}

impl Held {
    /// Asks by GET; the answer, and how to ask for it again.
    pub async fn get(client: &Client, question: &str) -> Result<(Held, Value)> {
        let question: Value = serde_json::from_str(question)?;
        let parts =
            [("query", question["query"].as_str().unwrap_or_default().to_owned()), ("variables", question["variables"].to_string())];
        let address = Url::parse_with_params(&format!("http://127.0.0.1:{}/graphql", Peer::Alliance.port()), parts)?;
        let answer = client.get(address.clone()).send().await?;
        let tag = answer.headers().get(ETAG).ok_or("a public answer came without a tag")?.to_str()?.to_owned();
        Ok((Held { address, tag }, answer.json().await?))
    }

    /// Whether whoever holds it is told that it has not changed.
    pub async fn check(&self, client: &Client) -> Result<()> {
        let status = client.get(self.address.clone()).header(IF_NONE_MATCH, &self.tag).send().await?.status();
        if status == StatusCode::NOT_MODIFIED { Ok(()) } else { Err(format!("what is held still is answered {status}").into()) }
    }

    /// The request in a script of `wrk`.
    pub fn scripted(&self) -> String {
        let query = self.address.query().unwrap_or_default();
        format!("{{ method = \"GET\", path = [=====[/graphql?{query}]=====], tag = [=====[{}]=====] }}", self.tag)
    }
}
