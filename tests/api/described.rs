//! A partner's tools read the schema over the wire: everything in it is described.

use crate::support::{Value, json};

const INTROSPECTION: &str = "query IntrospectionQuery {
  __schema {
    description queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType }
    directives { name description locations isRepeatable args { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL
  fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
}";

/// The names in a list whose description is missing.
fn silent(prefix: &str, list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let silent = items.iter().filter(|item| item["description"].as_str().is_none_or(|text| text.trim().is_empty()));
    silent.map(|item| format!("{prefix}{}", item["name"].as_str().unwrap_or_default())).collect()
}

/// What GraphQL itself brings, which no schema describes.
fn is_of_the_language(name: &str) -> bool {
    name.starts_with("__") || ["Boolean", "Float", "ID", "Int", "String"].contains(&name)
}

both! {
    async fn everything_in_the_schema_is_described(app) {
        let data = app.anyone().query(INTROSPECTION, json!({})).await;
        let types = data["__schema"]["types"].as_array().expect("types").clone();
        let ours: Vec<_> = types.into_iter().filter(|of| !is_of_the_language(of["name"].as_str().unwrap_or_default())).collect();
        let mut missing = silent("type ", &Value::Array(ours.clone()));
        for of in &ours {
            let name = of["name"].as_str().unwrap_or_default();
            for list in ["fields", "inputFields", "enumValues"] {
                missing.extend(silent(&format!("{name}."), &of[list]));
            }
            for field in of["fields"].as_array().map(Vec::as_slice).unwrap_or_default() {
                missing.extend(silent(&format!("{name}.{}: ", field["name"].as_str().unwrap_or_default()), &field["args"]));
            }
        }
        assert!(missing.is_empty(), "{} names without a description:\n{}", missing.len(), missing.join("\n"));
    }

    async fn what_is_deprecated_says_since_when_and_what_to_use(app) {
        let data = app.anyone().query(INTROSPECTION, json!({})).await;
        for of in data["__schema"]["types"].as_array().expect("types") {
            for list in ["fields", "enumValues"] {
                for item in of[list].as_array().map(Vec::as_slice).unwrap_or_default() {
                    let reason = item["deprecationReason"].as_str().unwrap_or_default();
                    let dated = reason.contains("20") && reason.split_whitespace().count() > 2;
                    assert!(item["isDeprecated"] == false || dated, "{}.{}: {reason:?}", of["name"], item["name"]);
                }
            }
        }
    }
}
