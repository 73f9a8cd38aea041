//! The schema against what partners build against, and against the committed file.

use std::collections::BTreeMap;

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition};

fn types(sdl: &str) -> BTreeMap<String, TypeDefinition> {
    let document = parse_schema(sdl).unwrap_or_else(|error| panic!("the schema parses: {error}"));
    let definitions = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some((definition.node.name.node.to_string(), definition.node)),
        _ => None,
    });
    definitions.collect()
}

/// What the schema lacks of the contract.
struct Comparison(Vec<String>);

impl Comparison {
    fn lacks(&mut self, what: String) {
        self.0.push(what);
    }

    fn of_type(&mut self, name: &str, contract: &TypeDefinition, schema: &TypeDefinition) {
        match (&contract.kind, &schema.kind) {
            (TypeKind::Scalar, TypeKind::Scalar) => {
                if !schema.directives.iter().any(|directive| directive.node.name.node == "specifiedBy") {
                    self.lacks(format!("scalar {name} has no @specifiedBy"));
                }
            }
            (TypeKind::Object(contract), TypeKind::Object(schema)) => {
                for interface in &contract.implements {
                    if !schema.implements.iter().any(|known| known.node == interface.node) {
                        self.lacks(format!("{name} does not implement {}", interface.node));
                    }
                }
                self.fields(name, &contract.fields, &schema.fields);
            }
            (TypeKind::Interface(contract), TypeKind::Interface(schema)) => self.fields(name, &contract.fields, &schema.fields),
            (TypeKind::Enum(contract), TypeKind::Enum(schema)) => {
                for value in &contract.values {
                    if !schema.values.iter().any(|known| known.node.value.node == value.node.value.node) {
                        self.lacks(format!("enum {name} has no {}", value.node.value.node));
                    }
                }
            }
            (TypeKind::InputObject(contract), TypeKind::InputObject(schema)) => self.values(name, &contract.fields, &schema.fields),
            _ => self.lacks(format!("{name} is of another kind")),
        }
    }

    fn fields(&mut self, name: &str, contract: &[Positioned<FieldDefinition>], schema: &[Positioned<FieldDefinition>]) {
        for field in contract {
            let at = format!("{name}.{}", field.node.name.node);
            let Some(known) = schema.iter().find(|known| known.node.name.node == field.node.name.node) else {
                self.lacks(format!("{at} is not there"));
                continue;
            };
            if known.node.ty.node != field.node.ty.node {
                self.lacks(format!("{at} is {} and should be {}", known.node.ty.node, field.node.ty.node));
            }
            self.values(&at, &field.node.arguments, &known.node.arguments);
        }
    }

    /// Arguments of a field, or fields of an input: the known ones as they are, further ones never needed.
    fn values(&mut self, at: &str, contract: &[Positioned<InputValueDefinition>], schema: &[Positioned<InputValueDefinition>]) {
        for value in contract {
            let name = &value.node.name.node;
            match schema.iter().find(|known| known.node.name.node == *name) {
                None => self.lacks(format!("{at}({name}) is not there")),
                Some(known) if known.node.ty.node != value.node.ty.node => {
                    self.lacks(format!("{at}({name}) is {} and should be {}", known.node.ty.node, value.node.ty.node));
                }
                Some(_) => {}
            }
        }
        for value in schema {
            let further = !contract.iter().any(|known| known.node.name.node == value.node.name.node);
            if further && !value.node.ty.node.nullable && value.node.default_value.is_none() {
                self.lacks(format!("{at}({}) is not of the contract and yet required", value.node.name.node));
            }
        }
    }
}

#[test]
fn every_name_that_partners_build_against_is_there_as_it_was() {
    let (contract, schema) = (types(include_str!("../core.graphql")), types(&alliance::graphql::schema::sdl()));
    let mut comparison = Comparison(Vec::new());
    for (name, definition) in &contract {
        match schema.get(name) {
            Some(known) => comparison.of_type(name, definition, known),
            None => comparison.lacks(format!("{name} is not there")),
        }
    }
    let missing = comparison.0;
    assert!(missing.is_empty(), "{} departures from the contract:\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn the_comparison_finds_what_a_partner_would_stumble_over() {
    let contract = "scalar Day
        type Query { needs(first: Int): [Need!]! old: Int }
        interface Node { id: ID! }
        type Need implements Node { id: ID! title: String! }
        enum Grade { GOOD POOR }
        input Post { title: String! due: Day }
        type Mutation { post(input: Post!): Need }";
    let broken = "scalar Day
        type Query { needs(first: Int!, by: Int!): [Need!] }
        interface Node { id: ID! }
        type Need { id: ID! title: String }
        enum Grade { GOOD FAIR }
        input Post { title: String! due: Day! place: String! kind: Int! = 1 }
        type Mutation { post(input: Post!): Need }";
    let (contract, schema) = (types(contract), types(broken));
    let mut comparison = Comparison(Vec::new());
    for (name, definition) in &contract {
        comparison.of_type(name, definition, &schema[name]);
    }
    assert_eq!(
        comparison.0,
        [
            "scalar Day has no @specifiedBy",
            "enum Grade has no POOR",
            "Need does not implement Node",
            "Need.title is String and should be String!",
            "Post(due) is Day! and should be Day",
            "Post(place) is not of the contract and yet required",
            "Query.needs is [Need!] and should be [Need!]!",
            "Query.needs(first) is Int! and should be Int",
            "Query.needs(by) is not of the contract and yet required",
            "Query.old is not there",
        ]
        .map(|what| {
            // In the order of the types' names: `Day` stands before `Grade`, `Mutation`, `Need`.
            what.to_owned()
        })
    );
}

#[test]
fn the_committed_schema_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/schema.graphql");
    let committed = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("schema/schema.graphql: {error}"));
    let code = alliance::graphql::schema::sdl();
    let first_difference = committed.lines().zip(code.lines()).position(|(committed, code)| committed != code);
    if let Some(line) = first_difference {
        panic!("schema/schema.graphql differs from line {} on: write it anew with `alliance schema`", line + 1);
    }
    assert_eq!(committed.trim_end().lines().count(), code.trim_end().lines().count(), "one is longer");
}

#[test]
fn types_fields_arguments_and_values_stand_in_order() {
    let sdl = alliance::graphql::schema::sdl();
    let document = parse_schema(&sdl).expect("the schema parses");
    let mut names = Vec::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let name = definition.node.name.node.to_string();
        match &definition.node.kind {
            TypeKind::Object(object) => sorted(&name, object.fields.iter().map(|field| field.node.name.node.to_string())),
            TypeKind::InputObject(input) => sorted(&name, input.fields.iter().map(|field| field.node.name.node.to_string())),
            TypeKind::Enum(of) => sorted(&name, of.values.iter().map(|value| value.node.value.node.to_string())),
            _ => {}
        }
        if let TypeKind::Object(object) = &definition.node.kind {
            for field in &object.fields {
                let at = format!("{name}.{}", field.node.name.node);
                sorted(&at, field.node.arguments.iter().map(|argument| argument.node.name.node.to_string()));
            }
        }
        names.push(name);
    }
    sorted("the schema", names.into_iter());
}

fn sorted(what: &str, names: impl Iterator<Item = String>) {
    let names: Vec<_> = names.collect();
    assert!(names.is_sorted(), "{what} is not in order: {names:?}");
}
