//! Puts the fields of an answer in the order in which the document asks for them; the executor leaves them in the order in which they were
//! done, and takes an object of which no field is asked for as none.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned, Value};

/// Lets the executor say of what type an object is where it might have nothing else to say: only parts of it are asked for that may not apply.
/// [`as_asked`] leaves that out again.
pub fn mark(document: &mut ExecutableDocument) {
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations {
        mark_set(&mut operation.node.selection_set.node, operation.node.ty != OperationType::Subscription);
    }
    for fragment in document.fragments.values_mut() {
        mark_set(&mut fragment.node.selection_set.node, false);
    }
}

fn mark_set(set: &mut SelectionSet, is_object: bool) {
    let mut is_sure = false;
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                is_sure |= field.node.directives.is_empty();
                let below = &mut field.node.selection_set.node;
                mark_set(below, !below.items.is_empty());
            }
            Selection::InlineFragment(fragment) => mark_set(&mut fragment.node.selection_set.node, false),
            Selection::FragmentSpread(_) => {}
        }
    }
    if is_object && !is_sure {
        let placed = |name| Positioned::new(Name::new(name), Pos::default());
        let kind = Field {
            alias: Some(placed("__object")),
            name: placed("__typename"),
            arguments: Vec::new(),
            directives: Vec::new(),
            selection_set: Positioned::new(SelectionSet::default(), Pos::default()),
        };
        set.items.push(Positioned::new(Selection::Field(Positioned::new(kind, Pos::default())), Pos::default()));
    }
}

/// The answer to the operation of that name, or to the only one.
pub fn as_asked(data: Value, document: &ExecutableDocument, operation: Option<&str>) -> Value {
    let operation = match (&document.operations, operation) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(_), None) => None,
    };
    match operation {
        Some(operation) => {
            let mut data = data;
            let mut asked = Asked::default();
            collect(&operation.node.selection_set.node, document, &mut asked);
            arrange(&mut data, &asked);
            data
        }
        None => data,
    }
}

/// The fields that are asked for at one place of the document, in order, each with what is asked for below it.
#[derive(Default)]
struct Asked<'a>(IndexMap<&'a Name, Asked<'a>>);

fn arrange(value: &mut Value, asked: &Asked<'_>) {
    match value {
        Value::Object(fields) => {
            if !fields.keys().eq(asked.0.keys().copied()) {
                let mut done = std::mem::take(fields);
                *fields = asked.0.keys().filter_map(|name| done.swap_remove_entry(*name)).collect();
            }
            for (name, value) in fields {
                if let Some(asked) = asked.0.get(name) {
                    arrange(value, asked);
                }
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| arrange(item, asked)),
        _ => {}
    }
}

fn collect<'a>(set: &'a SelectionSet, document: &'a ExecutableDocument, asked: &mut Asked<'a>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let below = asked.0.entry(&field.node.response_key().node).or_default();
                collect(&field.node.selection_set.node, document, below);
            }
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
