//! What the specification has beyond the executor: a document that fits the schema in every rule, variables that fit the document before
//! anything runs, and null in the place of what failed, or of the nearest thing above it that may be null.

use std::collections::HashSet;
use std::sync::LazyLock;

use apollo_compiler::ast::Argument;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet, Type, Value};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use async_graphql::{InputType, Name, PathSegment, ServerError, Value as Data, Variables};
use chrono::{DateTime, Utc};

use super::Refused;
use crate::date::{Date, TimeOfDay};
use crate::decimal::Decimal;
use crate::graphql::schema;

/// Of a message that names what a client wrote.
const LONGEST_MESSAGE: usize = 200;

static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    let parsed = Schema::parse_and_validate(schema::sdl(), "schema.graphql");
    parsed.unwrap_or_else(|wrong| panic!("the schema is valid: {}", wrong.errors))
});

/// A document of the program's own; else what is wrong with it.
#[cfg(feature = "console")]
pub fn document(text: &str) -> Result<Valid<ExecutableDocument>, String> {
    ExecutableDocument::parse_and_validate(&SCHEMA, text, "document").map_err(|wrong| wrong.errors.to_string())
}

/// The fields that a value of an input type cannot go without.
#[cfg(feature = "console")]
pub fn required_fields(input: &str) -> Vec<&'static str> {
    let fields = SCHEMA.get_input_object(input).into_iter().flat_map(|input| &input.fields);
    fields.filter(|(_, field)| field.is_required()).map(|(name, _)| name.as_str()).collect()
}

/// A document that fits the schema.
#[derive(Debug)]
pub struct Checked(Valid<ExecutableDocument>);

impl Checked {
    /// Only for what was measured.
    pub(super) fn new(query: &str) -> Result<Checked, Refused> {
        let checked = match ExecutableDocument::parse_and_validate(&SCHEMA, query, "document") {
            Ok(document) => Checked(document),
            Err(wrong) => return Err(refused(&wrong)),
        };
        for set in checked.sets() {
            checked.check_literals(set)?;
        }
        Ok(checked)
    }

    fn operation(&self, name: Option<&str>) -> Option<&Node<Operation>> {
        self.0.operations.get(name).ok()
    }

    fn sets(&self) -> impl Iterator<Item = &SelectionSet> {
        let operations = self.0.operations.iter().map(|operation| &operation.selection_set);
        operations.chain(self.0.fragments.values().map(|fragment| &fragment.selection_set))
    }

    /// The values of our own scalars, which only their parsers know.
    fn check_literals(&self, set: &SelectionSet) -> Result<(), Refused> {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        check_argument(field, argument)?;
                    }
                    self.check_literals(&field.selection_set)?;
                }
                Selection::InlineFragment(inline) => self.check_literals(&inline.selection_set)?,
                Selection::FragmentSpread(_) => {}
            }
        }
        Ok(())
    }

    /// Whether the variables fit the operation: all that are needed, none of another type.
    pub(super) fn check_variables(&self, name: Option<&str>, variables: &Variables) -> Result<(), Refused> {
        let Some(operation) = self.operation(name).filter(|operation| !operation.variables.is_empty()) else { return Ok(()) };
        let given = serde_json::to_value(variables).and_then(serde_json::from_value::<JsonMap>);
        let coerced = apollo_compiler::request::coerce_variable_values(&SCHEMA, operation, &given.unwrap_or_default());
        coerced.map_err(|error| unfit(&error.to_graphql_error(&self.0.sources).message))?;
        for variable in &operation.variables {
            let given = variables.get(variable.name.as_str()).map(Literal::Data);
            let value = given.or_else(|| variable.default_value.as_deref().map(Literal::Document));
            if value.is_some_and(|value| !fits(&variable.ty, &value)) {
                return Err(unfit(&format!("${} is not a value of {}", variable.name, variable.ty.inner_named_type())));
            }
        }
        Ok(())
    }

    /// The answer with null where a field failed; where that may not be null, in the place of the nearest thing above that may.
    pub fn complete(&self, name: Option<&str>, data: Data, errors: &[ServerError]) -> Data {
        let Some(operation) = self.operation(name) else { return data };
        let mut data = data;
        for error in errors.iter().filter(|error| !error.path.is_empty()) {
            if !self.blank(&operation.selection_set, &mut data, &error.path) {
                return Data::Null;
            }
        }
        data
    }

    /// Puts null in the place that a path names below an object, or above it within the object; false where the object itself must go.
    fn blank(&self, set: &SelectionSet, object: &mut Data, path: &[PathSegment]) -> bool {
        let (Data::Object(fields), Some((PathSegment::Field(key), rest))) = (object, path.split_first()) else { return true };
        let Some(field) = self.find(set, key) else { return true };
        let value = fields.entry(Name::new(key)).or_insert(Data::Null);
        if self.blank_value(field.ty(), &field.selection_set, value, rest) {
            return true;
        }
        *value = Data::Null;
        !field.ty().is_non_null()
    }

    /// The same of a value of a type; false where the value must go.
    fn blank_value(&self, of: &Type, set: &SelectionSet, value: &mut Data, path: &[PathSegment]) -> bool {
        if *value == Data::Null {
            return false;
        }
        match path.first() {
            None => false,
            Some(PathSegment::Index(place)) => {
                let Data::List(items) = value else { return true };
                let Some(item) = items.get_mut(*place) else { return true };
                let of = of.item_type();
                if self.blank_value(of, set, item, &path[1..]) {
                    return true;
                }
                *item = Data::Null;
                !of.is_non_null()
            }
            Some(PathSegment::Field(_)) => self.blank(set, value, path),
        }
    }

    /// The field behind a key of an answer. Wherever else the document asks for the same key, it is of the same shape.
    fn find<'a>(&'a self, set: &'a SelectionSet, key: &str) -> Option<&'a Node<Field>> {
        set.selections.iter().find_map(|selection| match selection {
            Selection::Field(field) => (field.response_key() == key).then_some(field),
            Selection::InlineFragment(inline) => self.find(&inline.selection_set, key),
            Selection::FragmentSpread(spread) => self.find(&self.0.fragments.get(&spread.fragment_name)?.selection_set, key),
        })
    }
}

fn refused<T>(wrong: &apollo_compiler::validation::WithErrors<T>) -> Refused {
    // A field that there is none of is also said to lack a selection, and said so first.
    let is_telling = |message: &str| !message.starts_with("interface, union and object types");
    let telling = wrong.errors.iter().find(|found| is_telling(&found.error.to_string()));
    let Some(first) = telling.or_else(|| wrong.errors.iter().next()) else { return unfit("the document does not fit the schema") };
    let place = first.line_column_range().map(|range| range.start);
    let (line, column) = place.map_or((0, 0), |place| (place.line, place.column));
    let message: String = first.error.to_string().chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect();
    match message.strip_prefix("syntax error") {
        Some(_) => Refused::Parse { message: "syntax error".to_owned(), line, column },
        None => Refused::Invalid { message: message.into(), line, column },
    }
}

fn unfit(message: &str) -> Refused {
    Refused::Unfit { message: message.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect() }
}

fn check_argument(field: &Field, argument: &Argument) -> Result<(), Refused> {
    if let Some(name) = said_twice(&argument.value) {
        let message = format!("there can be only one input field named `{name}`").into();
        return Err(Refused::Invalid { message, line: 0, column: 0 });
    }
    let Some(definition) = field.definition.argument_by_name(&argument.name) else { return Ok(()) };
    if fits(&definition.ty, &Literal::Document(&argument.value)) {
        return Ok(());
    }
    Err(unfit(&format!("{} of {} is not a value of {}", argument.name, field.name, definition.ty.inner_named_type())))
}

/// The name of an input field that a value has twice.
fn said_twice(value: &Value) -> Option<&str> {
    match value {
        Value::List(items) => items.iter().find_map(|item| said_twice(item)),
        Value::Object(fields) => {
            let mut names = HashSet::new();
            let twice = fields.iter().find(|(name, _)| !names.insert(name.as_str())).map(|(name, _)| name.as_str());
            twice.or_else(|| fields.iter().find_map(|(_, value)| said_twice(value)))
        }
        _ => None,
    }
}

/// A value, from a document or from the variables.
enum Literal<'a> {
    Document(&'a Value),
    Data(&'a Data),
}

/// Whether a value is one of a scalar of ours; any is one of all other types.
pub fn is_scalar(name: &str, value: Option<Data>) -> bool {
    fn is<S: InputType>(value: Option<Data>) -> bool {
        value.is_some_and(|value| S::parse(Some(value)).is_ok())
    }
    match name {
        "Date" => is::<Date>(value),
        "DateTime" => is::<DateTime<Utc>>(value),
        "Decimal" => is::<Decimal>(value),
        "TimeOfDay" => is::<TimeOfDay>(value),
        _ => true,
    }
}

/// Whether the values of our own scalars in a value of a type are such; all else was seen to before.
fn fits(of: &Type, value: &Literal<'_>) -> bool {
    match value {
        Literal::Document(Value::Variable(_) | Value::Null) | Literal::Data(Data::Null) => return true,
        // A single value stands for a list of one, but no list for a single value.
        Literal::Document(Value::List(items)) if of.is_list() => {
            return items.iter().all(|item| fits(of.item_type(), &Literal::Document(item)));
        }
        Literal::Data(Data::List(items)) if of.is_list() => {
            return items.iter().all(|item| fits(of.item_type(), &Literal::Data(item)));
        }
        _ => {}
    }
    match SCHEMA.types.get(of.inner_named_type()) {
        Some(ExtendedType::Scalar(scalar)) => {
            let parsed = match value {
                Literal::Data(data) => Some((*data).clone()),
                Literal::Document(value) => value.as_str().map(|text| Data::String(text.to_owned())),
            };
            is_scalar(&scalar.name, parsed)
        }
        Some(ExtendedType::InputObject(input)) => {
            let below = |name: &str, value: Literal<'_>| input.fields.get(name).is_none_or(|field| fits(&field.ty, &value));
            match value {
                Literal::Document(Value::Object(fields)) => {
                    fields.iter().all(|(name, value)| below(name.as_str(), Literal::Document(value)))
                }
                Literal::Data(Data::Object(fields)) => fields.iter().all(|(name, value)| below(name, Literal::Data(value))),
                _ => true,
            }
        }
        _ => true,
    }
}
