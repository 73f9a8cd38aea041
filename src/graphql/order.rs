//! Puts the fields of an answer in the order in which the document asks for them; the executor leaves them in the order in which they were
//! done.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Value};

/// The answer to the operation of that name, or to the only one.
pub fn as_asked(data: Value, document: &ExecutableDocument, operation: Option<&str>) -> Value {
    let operation = match (&document.operations, operation) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(_), None) => None,
    };
    match operation {
        Some(operation) => arrange(data, document, &[&operation.node.selection_set.node]),
        None => data,
    }
}

fn arrange(value: Value, document: &ExecutableDocument, sets: &[&SelectionSet]) -> Value {
    match value {
        Value::Object(mut fields) => {
            let mut asked = IndexMap::new();
            sets.iter().for_each(|set| collect(set, document, &mut asked));
            let arranged = asked.into_iter().filter_map(|(name, sets)| {
                let (name, value) = fields.swap_remove_entry(name)?;
                Some((name, arrange(value, document, &sets)))
            });
            Value::Object(arranged.collect())
        }
        Value::List(items) => Value::List(items.into_iter().map(|item| arrange(item, document, sets)).collect()),
        leaf => leaf,
    }
}

/// The fields of a selection set in order, each with the sets that are merged below it.
fn collect<'a>(set: &'a SelectionSet, document: &'a ExecutableDocument, asked: &mut IndexMap<&'a Name, Vec<&'a SelectionSet>>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => asked.entry(&field.node.response_key().node).or_default().push(&field.node.selection_set.node),
            Selection::InlineFragment(fragment) => collect(&fragment.node.selection_set.node, document, asked),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect(&fragment.node.selection_set.node, document, asked);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_as_asked_through_aliases_fragments_and_lists() {
        let document = async_graphql::parser::parse_query("{ b a: x { ...F z } } fragment F on X { y ... { w } z }").unwrap();
        let data = serde_json::json!({ "a": [{ "z": 1, "w": 2, "y": 3 }], "b": null });
        let arranged = as_asked(Value::from_json(data).unwrap(), &document, None);
        assert_eq!(arranged.into_json().unwrap().to_string(), r#"{"b":null,"a":[{"y":3,"w":2,"z":1}]}"#);
    }
}
