//! What stands before the executor: it bounds a request before anything is validated or run.
//!
//! A validation that expands a fragment anew at each spread can be kept busy for minutes by a document of a kilobyte. Here each fragment is measured once and its
//! measure remembered; what is admitted is small also when expanded. The document is parsed once, here, and handed on
//! (`Request::set_parsed_query`).

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::Error;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned, Variables};

pub use async_graphql::parser::types::OperationType as OperationKind;
pub use documents::{Document, Documents};
#[cfg(feature = "console")]
pub use valid::{document as valid_document, is_scalar, required_fields};

mod documents;
mod measure;
mod scan;
#[cfg(test)]
mod tests;
mod valid;

/// How deep brackets, and selection sets with fragments expanded, may nest. The parser and the executor's walks are
/// recursive, so this keeps the stack small whatever else is configured; the executor itself stops at 32.
pub const NESTING: usize = 32;

/// What nobody needs an account for, and fills the database: each costs as much as a large page, so that a caller's share holds few.
const HEAVY: &str = "fileComplaint";
const HEAVY_COST: u64 = 15_000;

/// What a request may ask for. Each number is refused when exceeded, not when reached.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the document: 32 KiB. Ten times a large page of a frontend.
    pub bytes: usize,
    /// Lexical tokens: 5,000, comments aside; the standard introspection query has about 200.
    pub tokens: usize,
    /// Fields below each other, fragments expanded: 20. The standard introspection query needs 15 (nine times
    /// `ofType`), a page in a page in a page with edges about 10.
    pub depth: usize,
    /// Aliases in one operation, fragments expanded: 100. They are what multiplies a field within its limits.
    pub aliases: usize,
    /// Fields at the root of the operation to run: 30, repeated ones included, since each is resolved for itself.
    pub root_fields: usize,
    /// Directives in one operation, fragments expanded: 50, all but a few of them `@include` and `@skip`.
    pub directives: usize,
    /// The size of the whole document, fragments expanded: 2,000 fields, spreads, inline fragments and values of
    /// arguments, over all operations and all fragments, used or not, for that is what validation walks. The standard
    /// introspection query has about 500.
    pub fields: usize,
    /// Fragments: 100, about one for each component of a large page.
    pub fragments: usize,
    /// Static cost of the operation to run: 50,000. A field costs 1, and what is in `nodes` or `edges` costs once for
    /// each row of the page. A hundred needs with twenty matches each and the permissions on both cost
    ///
    /// ```text
    /// match  id 1 + unit{name} 2 + viewerCan 1 + 5 × 2              =     14
    /// need   id, title, community{name} 4 + matches 1 + 20 × (1 + 14)
    ///        + viewerCan 1 + 5 × 4                                  =    326
    /// page   needs 1 + 100 × (1 + 326)                              = 32,701
    /// ```
    ///
    /// and pass. A hundred with a hundred each cost 20,201 with an id alone, and pass; a third level makes two
    /// million, and does not. `fileComplaint` costs 15,000 beside.
    pub cost: u64,
    /// The same for who is not signed in: 40,000.
    pub anonymous_cost: u64,
    /// Lists below each other within `__schema` or `__type`: 3, as in the standard query, `types`, `fields` and
    /// `args`. A circle such as `fields{type{fields{type…` ends there.
    pub introspection_depth: usize,
    /// Values that introspection answers with, by the usual lengths of its lists: 1,000,000. They come from memory
    /// and cost the database nothing, so they have their own limit; the standard query is taken for about 400,000.
    pub introspection: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 32 * 1024,
            tokens: 5_000,
            depth: 20,
            aliases: 100,
            root_fields: 30,
            directives: 50,
            fields: 2_000,
            fragments: 100,
            cost: 50_000,
            anonymous_cost: 40_000,
            introspection_depth: 3,
            introspection: 1_000_000,
        }
    }
}

/// A document within the limits, and what its operation asks for.
#[derive(Debug)]
pub struct Admitted {
    /// The parsed document, for `Request::set_parsed_query`.
    pub document: Arc<Document>,
    /// The kind of the operation to run.
    pub operation: OperationKind,
    /// The name of the operation to run; also where it is the only one and was not asked for by name.
    pub operation_name: Option<String>,
    /// The names, not the aliases, of the operation's root fields, each once, in order.
    pub root_fields: Vec<String>,
    /// The static cost of the operation.
    pub cost: u64,
    /// How deep the operation's fields nest.
    pub depth: usize,
}

/// Whether the operation asks for the schema, be it among other things. `__typename` alone does not.
pub fn is_introspection(admitted: &Admitted) -> bool {
    admitted.root_fields.iter().any(|field| is_schema_field(field))
}

/// Why a request is not run. No message repeats the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The document is not GraphQL.
    #[error("{message}")]
    Parse {
        /// For the client, with what was expected where that is short.
        message: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// The document is GraphQL, but not valid.
    #[error("{message}")]
    Invalid {
        /// For the client.
        message: Cow<'static, str>,
        /// Counted from 1; 0 where there is no place to point at.
        line: usize,
        /// Counted from 1; 0 where there is no place to point at.
        column: usize,
    },
    /// A value, of a variable or of an argument, is none of the type that it has to be.
    #[error("{message}")]
    Unfit {
        /// For the client.
        message: String,
    },
    /// The document has no operation of the name asked for.
    #[error("unknown operation")]
    UnknownOperation,
    /// The document has several operations and none was asked for.
    #[error("operationName is needed: the document has several operations")]
    NoOperationName,
    /// More than is allowed.
    #[error("too much: the limit of {what} is {limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
}

/// Parses and measures a request.
///
/// # Errors
///
/// If the document is no GraphQL, has no operation to run, has a cycle of fragments or goes beyond a limit. All else
/// that may be wrong with it is left to [`Document::check`].
pub fn admit(
    documents: &Documents,
    query: &str,
    operation_name: Option<&str>,
    variables: &Variables,
    limits: &Limits,
) -> Result<Admitted, Refused> {
    let document = documents.parse(query, limits)?;
    let (name, operation) = choose(&document.parsed.operations, operation_name)?;
    let size = measure::measure(&document.parsed, operation, variables, limits)?;

    let mut root_fields = Vec::new();
    collect_fields(&document.parsed, &operation.node.selection_set.node, &mut root_fields);
    within("root fields", root_fields.len(), limits.root_fields)?;
    if operation.node.ty == OperationKind::Subscription && root_fields.len() != 1 {
        return Err(invalid("a subscription selects exactly one field", operation.pos));
    }
    let heavy = root_fields.iter().filter(|field| **field == HEAVY).count() as u64;
    let cost = size.cost() + heavy * HEAVY_COST;
    limit("cost", cost, limits.cost)?;
    limit("introspection", size.introspected, limits.introspection)?;

    let mut names: Vec<String> = Vec::new();
    for field in root_fields {
        if !names.iter().any(|name| name == field) {
            names.push(field.to_owned());
        }
    }
    let operation_name = name.map(ToString::to_string);
    let (operation, depth) = (operation.node.ty, size.depth);
    Ok(Admitted { document, operation, operation_name, root_fields: names, cost, depth })
}

/// Measures every operation of a document that is to be kept, as far as that goes without variables; the name of its only operation.
///
/// # Errors
///
/// If any of them could not be run.
pub fn inspect(query: &str, limits: &Limits) -> Result<Option<String>, Refused> {
    let documents = Documents::default();
    let document = documents.parse(query, limits)?;
    let names: Vec<Option<String>> = document.parsed.operations.iter().map(|(name, _)| name.map(ToString::to_string)).collect();
    for name in &names {
        admit(&documents, query, name.as_deref(), &Variables::default(), limits)?;
    }
    document.checked()?;
    Ok(if let [only] = &names[..] { only.clone() } else { None })
}

impl Refused {
    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Refused::Parse { .. } => "查询语句有语法错误".to_owned(),
            Refused::Limit { what, limit } => format!("查询超出限制：{what} 最多 {limit}"),
            Refused::UnknownOperation | Refused::NoOperationName => "operationName 须指明要执行的操作".to_owned(),
            Refused::Invalid { message, .. } => format!("查询语句不符合接口定义：{message}"),
            Refused::Unfit { message } => format!("变量或参数的值无效：{message}"),
        }
    }
}

fn limit(what: &'static str, is: u64, limit: u64) -> Result<(), Refused> {
    if is > limit { Err(Refused::Limit { what, limit }) } else { Ok(()) }
}

fn within(what: &'static str, is: usize, bound: usize) -> Result<(), Refused> {
    limit(what, is as u64, bound as u64)
}

fn invalid(message: &'static str, at: Pos) -> Refused {
    Refused::Invalid { message: message.into(), line: at.line, column: at.column }
}

fn syntax_error(hint: &str, at: Pos) -> Refused {
    let message = if hint.is_empty() { "syntax error".to_owned() } else { format!("syntax error: {hint}") };
    Refused::Parse { message, line: at.line, column: at.column }
}

/// The parser's messages quote the line at fault, which may be the whole document, and names from it; only its last
/// line, made of the grammar's own words, is fit for a client.
fn parse_error(error: Error) -> Refused {
    let at = error.positions().next().unwrap_or_default();
    match error {
        Error::Syntax { message, .. } => {
            let hint = message.lines().next_back().unwrap_or_default().trim_start_matches([' ', '=']).replace('_', " ");
            let fit = hint.len() <= 80 && hint.starts_with("expected ");
            syntax_error(if fit { hint.as_str() } else { "" }, at)
        }
        Error::MultipleOperations { .. } => invalid("an operation without a name must be the only one", at),
        Error::OperationDuplicated { .. } => invalid("two operations have the same name", at),
        Error::FragmentDuplicated { .. } => invalid("two fragments have the same name", at),
        Error::MissingOperation => invalid("the document has no operation", at),
        Error::RecursionLimitExceeded => Refused::Limit { what: "nesting", limit: NESTING as u64 },
        _ => syntax_error("", at),
    }
}

fn choose<'a>(
    operations: &'a DocumentOperations,
    asked: Option<&str>,
) -> Result<(Option<&'a Name>, &'a Positioned<OperationDefinition>), Refused> {
    let mut all = operations.iter();
    match asked {
        Some(asked) => all.find(|(name, _)| name.is_some_and(|name| name.as_str() == asked)).ok_or(Refused::UnknownOperation),
        None => match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Refused::NoOperationName),
        },
    }
}

/// The root fields with fragments expanded; only for what is measured, since a cycle or a bomb would not end.
fn collect_fields<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, fields: &mut Vec<&'a str>) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => fields.push(&field.node.name.node),
            Selection::InlineFragment(inline) => collect_fields(document, &inline.node.selection_set.node, fields),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect_fields(document, &fragment.node.selection_set.node, fields);
                }
            }
        }
    }
}

fn is_schema_field(name: &str) -> bool {
    matches!(name, "__schema" | "__type")
}
