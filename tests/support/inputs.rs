//! What many stories write into their inputs.

use serde_json::{Value, json};

/// The input with the members of another object in the place of its own, or beside them.
pub fn changed(mut input: Value, with: &Value) -> Value {
    for (name, value) in with.as_object().expect("an object") {
        input[name] = value.clone();
    }
    input
}

/// The same opening hours on each day from Monday to Friday.
pub fn workdays(opens: &str, closes: &str) -> Value {
    let day = |weekday: &str| json!({ "weekday": weekday, "opens": opens, "closes": closes });
    ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"].into_iter().map(day).collect()
}
