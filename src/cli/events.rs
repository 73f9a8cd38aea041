//! What webhooks send, as JSON Schemas.

use alliance::journal::ChangeKind;
use sea_orm::Iterable;
use serde_json::{Value, json};

fn schema(title: &str, description: &str, kind: &Value, data: &Value) -> String {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": kind,
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened; the same at every attempt." },
            "data": data,
        },
    });
    let mut text = serde_json::to_string_pretty(&schema).expect("it is made of texts");
    text.push('\n');
    text
}

fn id(pattern: &str, description: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": description })
}

/// A change of the feed.
pub fn change() -> String {
    let kinds: Vec<Value> = ChangeKind::iter().map(|kind| json!({ "const": kind.code(), "description": kind.zh() })).collect();
    let data = json!({
        "type": "object",
        "required": ["id", "cursor", "nodeId"],
        "properties": {
            "id": id("^change_[0-9a-f]{32}$", "The change, and the header webhook-id: the same however often it comes."),
            "cursor": { "type": "string", "description": "Its place in the feed, for `after` of `changes`." },
            "nodeId": id("^[a-z]+_[0-9a-f]{32}$", "The global id of the object: ask `node(id:)` for what it is now."),
        },
    });
    let description =
        "A change that a webhook is told of. New types are added and announced in the change log; ignore those that you do not know.";
    schema("Change", description, &json!({ "oneOf": kinds }), &data)
}

/// What `testWebhook` sends.
pub fn test() -> String {
    let data = json!({
        "type": "object",
        "required": ["webhook"],
        "properties": { "webhook": id("^webhook_[0-9a-f]{32}$", "The global id of the webhook.") },
    });
    schema("Test", "What testWebhook sends, to see whether it arrives.", &json!({ "const": "TEST" }), &data)
}
