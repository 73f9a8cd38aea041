//! How large a parsed document is once its fragments are expanded, found without expanding them.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Variables};
use async_graphql_value::{ConstValue, Value};

use super::{Limits, NESTING, Refused, invalid, is_schema_field, limit, within};

/// The size of a page that asks for none, and the largest page: what the connections themselves do.
const PAGE: i64 = 20;
const LARGEST_PAGE: i64 = 100;

/// Lists that are not connections, because they are small by nature, and how many rows they are taken for. A field of
/// the same name that selects `nodes` or `edges` is a connection all the same.
const PLAIN_LISTS: [&str; 24] = [
    "areas",
    "bookings",
    "byArea",
    "byMonth",
    "byUnitKind",
    "changes",
    "credentials",
    "deliveries",
    "evaluations",
    "free",
    "grants",
    "matchesByCategory",
    "matchesByStatus",
    "memberships",
    "needsByCategory",
    "needsByStatus",
    "pairedAreas",
    "pictures",
    "refusals",
    "related",
    "viewerCan",
    "warnings",
    "webhooks",
    "zones",
];
const PLAIN_LIST: u64 = 5;

/// The lists of the introspection system and how long they are in a schema like ours, on average where the list hangs
/// on each type or field; `possibleTypes` at its longest, that of `Node`, since a query can pick it.
const INTROSPECTION_LISTS: [(&str, u64); 8] = [
    ("types", 200),
    ("fields", 8),
    ("args", 2),
    ("inputFields", 4),
    ("enumValues", 6),
    ("possibleTypes", 30),
    ("interfaces", 1),
    ("directives", 6),
];

/// What a selection set amounts to with its fragments expanded. None of it depends on where the set stands, which is
/// why a fragment needs to be measured only once.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    selections: u64,
    aliases: u64,
    directives: u64,
    pub(super) depth: usize,
    /// Selection sets below each other, those of fragments included.
    nesting: usize,
    /// The cost of `nodes` and `edges`, which the connection around them multiplies, and of all else.
    rows: u64,
    others: u64,
    /// What `__schema` and `__type` fields in it answer with.
    pub(super) introspected: u64,
    /// The same for the set itself, and its lists below each other, should it stand within such a field.
    as_introspection: u64,
    as_introspection_lists: usize,
}

impl Size {
    pub(super) fn cost(&self) -> u64 {
        self.rows.saturating_add(self.others)
    }

    fn add(&mut self, other: &Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.rows = self.rows.saturating_add(other.rows);
        self.others = self.others.saturating_add(other.others);
        self.introspected = self.introspected.saturating_add(other.introspected);
        self.as_introspection = self.as_introspection.saturating_add(other.as_introspection);
        self.as_introspection_lists = self.as_introspection_lists.max(other.as_introspection_lists);
    }
}

enum Definition<'a> {
    Operation(&'a Positioned<OperationDefinition>),
    Fragment(&'a Name, &'a Positioned<FragmentDefinition>),
}

/// Measures all that validation will walk, used or not, and answers with the operation to run.
pub(super) fn measure(
    document: &ExecutableDocument,
    operation: &Positioned<OperationDefinition>,
    variables: &Variables,
    limits: &Limits,
) -> Result<Size, Refused> {
    let operations = document.operations.iter().map(|(_, it)| (it.pos, Definition::Operation(it)));
    let fragments = document.fragments.iter().map(|(name, it)| (it.pos, Definition::Fragment(name, it)));
    let mut definitions: Vec<_> = operations.chain(fragments).collect();
    // In the document's order, so that the same document is always refused for the same reason.
    definitions.sort_unstable_by_key(|(at, _)| *at);

    let mut walk = Walk { document, operation: &operation.node, variables, limits, fragments: HashMap::new() };
    let mut selections = 0_u64;
    let mut chosen = Size::default();
    for (at, definition) in definitions {
        let size = match definition {
            Definition::Operation(it) => {
                let mut size = walk.set(&it.node.selection_set.node, 1)?;
                add_directives(&mut size, &it.node.directives);
                for variable in &it.node.variable_definitions {
                    add_directives(&mut size, &variable.node.directives);
                }
                size
            }
            Definition::Fragment(name, it) => {
                let mut size = walk.fragment(name, at, 1)?;
                add_directives(&mut size, &it.node.directives);
                size
            }
        };
        selections = selections.saturating_add(size.selections);
        within("nesting", size.nesting, NESTING)?;
        within("depth", size.depth, limits.depth)?;
        limit("fields", selections, limits.fields as u64)?;
        limit("aliases", size.aliases, limits.aliases as u64)?;
        limit("directives", size.directives, limits.directives as u64)?;
        if at == operation.pos {
            chosen = size;
        }
    }
    Ok(chosen)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// The operation to run: its defaults count.
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    limits: &'a Limits,
    /// None while a fragment is being measured: to meet it then is a cycle.
    fragments: HashMap<&'a str, Option<Size>>,
}

impl<'a> Walk<'a> {
    /// `level` bounds the recursion. It is `Size::nesting` seen from the other end: that one also holds where the
    /// memory of a fragment spares the descent.
    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, Refused> {
        if set.items.is_empty() {
            return Ok(Size::default());
        }
        within("nesting", level, NESTING)?;
        let mut total = Size::default();
        for item in &set.items {
            let mut size = match &item.node {
                Selection::Field(field) => self.field(&field.node, level)?,
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, item.pos, level + 1)?,
            };
            size.selections = size.selections.saturating_add(1);
            add_directives(&mut size, item.node.directives());
            total.add(&size);
        }
        total.nesting += 1;
        Ok(total)
    }

    fn fragment(&mut self, name: &'a Name, at: Pos, level: usize) -> Result<Size, Refused> {
        let document = self.document;
        match (self.fragments.get(name.as_str()), document.fragments.get(name)) {
            (Some(Some(size)), _) => Ok(*size),
            (Some(None), _) => Err(invalid("a fragment spreads itself", at)),
            // Validation says so better.
            (None, None) => Ok(Size::default()),
            (None, Some(fragment)) => {
                self.fragments.insert(name, None);
                let size = self.set(&fragment.node.selection_set.node, level)?;
                self.fragments.insert(name, Some(size));
                Ok(size)
            }
        }
    }

    fn field(&mut self, field: &'a Field, level: usize) -> Result<Size, Refused> {
        let name = field.name.node.as_str();
        let mut size = self.set(&field.selection_set.node, level + 1)?;

        size.depth += 1;
        size.aliases = size.aliases.saturating_add(u64::from(field.alias.is_some()));
        let values: u64 = field.arguments.iter().map(|(_, value)| values(&value.node)).sum();
        size.selections = size.selections.saturating_add(values);

        let ids = if name == "nodes" { field.get_argument("ids") } else { None };
        let inner = if let Some(ids) = ids {
            size.cost().saturating_mul(self.length(&ids.node))
        } else if size.rows > 0 {
            size.rows.saturating_mul(self.page(field)).saturating_add(size.others)
        } else if PLAIN_LISTS.contains(&name) {
            size.others.saturating_mul(PLAIN_LIST)
        } else {
            size.others
        };
        let cost = inner.saturating_add(1);
        let is_rows = matches!(name, "nodes" | "edges") && ids.is_none();
        (size.rows, size.others) = if is_rows { (cost, 0) } else { (0, cost) };

        if is_schema_field(name) {
            within("introspection depth", size.as_introspection_lists, self.limits.introspection_depth)?;
            size.introspected = size.introspected.saturating_add(size.as_introspection);
        }
        size.as_introspection = size.as_introspection.saturating_add(1);
        if let Some((_, length)) = INTROSPECTION_LISTS.iter().find(|(list, _)| *list == name) {
            size.as_introspection = size.as_introspection.saturating_mul(*length);
            size.as_introspection_lists += 1;
        }
        Ok(size)
    }

    /// With both `first` and `last` the longer one is read, at worst.
    fn page(&self, field: &Field) -> u64 {
        let sizes = ["first", "last"].into_iter().filter_map(|name| match &field.get_argument(name)?.node {
            Value::Number(number) => Some(number),
            Value::Variable(variable) => match self.variable(variable)? {
                ConstValue::Number(number) => Some(number),
                _ => None,
            },
            _ => None,
        });
        sizes.map(|size| size.as_i64().map_or(LARGEST_PAGE, |size| size.clamp(1, LARGEST_PAGE))).max().unwrap_or(PAGE).unsigned_abs()
    }

    fn length(&self, value: &Value) -> u64 {
        let length = match value {
            Value::List(list) => list.len(),
            Value::Variable(variable) => match self.variable(variable) {
                Some(ConstValue::List(list)) => list.len(),
                _ => 1,
            },
            _ => 1,
        };
        length as u64
    }

    fn variable(&self, name: &Name) -> Option<&ConstValue> {
        self.variables.get(name).or_else(|| {
            let definition = self.operation.variable_definitions.iter().find(|it| it.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

fn add_directives(size: &mut Size, directives: &[Positioned<Directive>]) {
    for directive in directives {
        let values: u64 = directive.node.arguments.iter().map(|(_, value)| values(&value.node)).sum();
        size.directives = size.directives.saturating_add(1);
        size.selections = size.selections.saturating_add(values).saturating_add(1);
    }
}

/// How many values an argument is made of. The scan has bounded both their number and their nesting.
fn values(value: &Value) -> u64 {
    1 + match value {
        Value::List(list) => list.iter().map(values).sum(),
        Value::Object(object) => object.values().map(values).sum::<u64>(),
        _ => 0,
    }
}
