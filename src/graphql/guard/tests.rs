use std::fmt::Write;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The introspection query that the reference implementation sends with all its options on.
const INTROSPECTION: &str = "
query IntrospectionQuery {
  __schema {
    description
    queryType { name kind }
    mutationType { name kind }
    subscriptionType { name kind }
    types { ...FullType }
    directives {
      name description isRepeatable locations
      args(includeDeprecated: true) { ...InputValue }
    }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description
    args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef }
    isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue {
  name description
  type { ...TypeRef }
  defaultValue isDeprecated deprecationReason
}
fragment TypeRef on __Type {
  kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
}";

const NEEDS: &str = "{ needs(first: 100) { nodes { id title community { name }
  matches(first: 20) { nodes { id unit { name } viewerCan { action allowed } } }
  viewerCan { action allowed code message } } } }";

fn admit(query: &str, operation_name: Option<&str>, variables: &Variables, limits: &Limits) -> Result<Admitted, Refused> {
    super::admit(&Documents::default(), query, operation_name, variables, limits)
}

fn plain(query: &str) -> Result<Admitted, Refused> {
    admit(query, None, &Variables::default(), &Limits::default())
}

fn with(query: &str, variables: serde_json::Value) -> Result<Admitted, Refused> {
    admit(query, None, &Variables::from_json(variables), &Limits::default())
}

fn cost(query: &str) -> u64 {
    plain(query).expect("admitted").cost
}

/// What of the limits a document goes beyond.
fn beyond(result: Result<Admitted, Refused>) -> &'static str {
    match result {
        Err(Refused::Limit { what, .. }) => what,
        other => panic!("not beyond a limit: {:?}", other.map(|admitted| admitted.cost)),
    }
}

fn roomy() -> Limits {
    Limits { bytes: usize::MAX, tokens: usize::MAX, ..Limits::default() }
}

/// The fastest of a few times counts, since other tests run beside.
fn at_once<T>(act: impl Fn() -> T) -> T {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        act();
        fastest = fastest.min(start.elapsed());
    }
    // Unguarded it takes minutes: the bound tells that apart on the slowest machine, and measures nothing.
    assert!(fastest < Duration::from_secs(5), "took {fastest:?}");
    act()
}

/// Fragments that each spread the next one twice.
fn bomb(levels: usize) -> String {
    let mut query = "{ ...f0 }".to_owned();
    for level in 0..levels {
        write!(query, " fragment f{level} on Query {{ ...f{0} ...f{0} }}", level + 1).unwrap();
    }
    write!(query, " fragment f{levels} on Query {{ __typename }}").unwrap();
    query
}

#[test]
fn a_fragment_bomb_is_refused_at_once() {
    assert_eq!(at_once(|| beyond(plain(&bomb(40)))), "nesting");
    assert_eq!(at_once(|| beyond(plain(&bomb(30)))), "fields");
    let operation_last = bomb(30).replacen("{ ...f0 }", "", 1) + "{ ...f0 }";
    assert_eq!(at_once(|| beyond(plain(&operation_last))), "fields");
    // More than 64 doublings, which only saturation survives.
    let mut wide = "{ ...f0 }".to_owned();
    for level in 0..20 {
        write!(wide, " fragment f{level} on Query {{{}}}", format!(" ...f{}", level + 1).repeat(40)).unwrap();
    }
    wide += " fragment f20 on Query { __typename }";
    assert_eq!(at_once(|| beyond(plain(&wide))), "fields");
}

#[test]
fn a_bomb_on_nothing_that_runs_is_refused_too() {
    let unused = bomb(20).replacen("{ ...f0 }", "{ viewer { id } }", 1);
    assert_eq!(at_once(|| beyond(plain(&unused))), "fields");
    let other = bomb(20).replacen("{ ...f0 }", "query a { viewer { id } } query b { ...f0 }", 1);
    assert_eq!(at_once(|| beyond(admit(&other, Some("a"), &Variables::default(), &Limits::default()))), "fields");
    let huge = format!("{{ viewer {{ id }} }} fragment f on Need {{ {} }}", "id ".repeat(3_000));
    assert_eq!(beyond(plain(&huge)), "fields");
}

#[test]
fn a_bomb_of_arguments_is_refused() {
    let arguments = (0..400).fold(String::new(), |text, n| text + &format!("a{n}: 1 "));
    let query = format!("{{ {} }} fragment f on Query {{ x({arguments}) }}", "...f ".repeat(400));
    assert_eq!(at_once(|| beyond(plain(&query))), "fields");
    let list = format!("{{ {} }} fragment f on Query {{ x @d(a: [[{}]]) }}", "...f ".repeat(20), "1 ".repeat(400));
    assert_eq!(at_once(|| beyond(plain(&list))), "fields");
}

#[test]
fn a_cycle_is_invalid() {
    let cycle = |line, column| Refused::Invalid { message: "a fragment spreads itself".into(), line, column };
    assert_eq!(plain("{ ...a }\nfragment a on Query { ...a }").unwrap_err(), cycle(2, 23));
    let unused = "{ id }\nfragment a on Query { ...b }\nfragment b on Query { x { ... { ...a } } }";
    assert_eq!(plain(unused).unwrap_err(), cycle(3, 33));
}

#[test]
fn unknown_fragments_are_left_to_validation() {
    assert_eq!(cost("{ viewer { id ...nowhere } }"), 2);
}

#[test]
fn a_hundred_thousand_aliases_are_refused() {
    let aliases = |count| (0..count).fold("{".to_owned(), |text, n| text + &format!("a{n}:__typename ")) + "}";
    assert_eq!(at_once(|| beyond(plain(&aliases(100_000)))), "bytes");
    assert_eq!(beyond(admit(&aliases(3_000), None, &Variables::default(), &roomy())), "fields");
    assert_eq!(beyond(plain(&aliases(101))), "aliases");
    assert_eq!(beyond(plain(&aliases(100))), "root fields");
    assert_eq!(plain(&aliases(30)).unwrap().root_fields, ["__typename"]);
}

#[test]
fn nesting_is_refused_before_the_parser_recurses() {
    assert_eq!(beyond(plain(&"{".repeat(100_000))), "bytes");
    for open in ["{", "{a", "[", "(", "{a:"] {
        let query = open.repeat(100_000);
        assert_eq!(at_once(|| beyond(admit(&query, None, &Variables::default(), &roomy()))), "nesting");
    }
    let list = format!("{{a(x:{}", "[".repeat(100_000));
    assert_eq!(beyond(admit(&list, None, &Variables::default(), &roomy())), "nesting");
    // A bracket that closes another one does not make room.
    let crossed = "{a(".repeat(20) + &")}".repeat(20);
    assert_eq!(beyond(plain(&crossed)), "nesting");
}

#[test]
fn depth_ends_before_25() {
    let nested = |depth: usize| "{a".repeat(depth) + &"}".repeat(depth);
    assert_eq!(plain(&nested(20)).unwrap().depth, 20);
    assert_eq!(beyond(plain(&nested(21))), "depth");
    assert_eq!(beyond(plain(&nested(NESTING))), "depth");
    assert_eq!(beyond(plain(&nested(NESTING + 1))), "nesting");
    let inline = "{...".repeat(NESTING - 1) + "{a" + &"}".repeat(NESTING);
    assert_eq!(plain(&inline).unwrap().depth, 1);
}

#[test]
fn a_chain_of_fragments_is_as_deep_as_it_is_whatever_the_order() {
    let chain = |length: usize, reverse: bool| {
        let mut parts: Vec<_> = (1..length).map(|n| format!("fragment f{n} on Q {{ ...f{} }}", n + 1)).collect();
        parts.push(format!("fragment f{length} on Q {{ a }}"));
        parts.insert(0, "{ ...f1 }".to_owned());
        if reverse {
            parts.reverse();
        }
        parts.join(" ")
    };
    for reverse in [false, true] {
        assert!(plain(&chain(NESTING - 1, reverse)).is_ok());
        assert_eq!(beyond(plain(&chain(NESTING, reverse))), "nesting");
    }
}

#[test]
fn the_other_counts_are_bounded() {
    assert_eq!(beyond(plain(&format!("{{ a {} }}", "@x ".repeat(51)))), "directives");
    assert_eq!(beyond(plain(&format!("query {} {{ a }}", "@x ".repeat(51)))), "directives");
    assert_eq!(beyond(plain(&format!("query($v: Int {}) {{ a }}", "@x ".repeat(51)))), "directives");
    assert_eq!(beyond(plain(&format!("{{ {} }}", "a ".repeat(31)))), "root fields");
    assert_eq!(beyond(plain(&format!("{{ {} }} fragment f on Q {{ a }}", "...f ".repeat(31)))), "root fields");
    assert_eq!(beyond(plain(&format!("{{ {} }}", "a ".repeat(5_000)))), "tokens");
    assert_eq!(beyond(plain(&format!("{{ {} }}", "a".repeat(256)))), "name length");
    let fragments: String = (0..101).map(|n| format!("fragment f{n} on Q {{ a }} ")).collect();
    assert_eq!(beyond(plain(&format!("{{ a }} {fragments}"))), "fragments");
    let narrow = Limits { fields: 1, ..Limits::default() };
    let refused = admit("{ a b }", None, &Variables::default(), &narrow).unwrap_err();
    assert_eq!(refused, Refused::Limit { what: "fields", limit: 1 });
    assert_eq!(refused.to_string(), "too much: the limit of fields is 1");
}

#[test]
fn the_standard_introspection_query_passes() {
    let admitted = plain(INTROSPECTION).unwrap();
    assert_eq!((admitted.depth, admitted.operation_name.as_deref()), (15, Some("IntrospectionQuery")));
    assert_eq!(admitted.root_fields, ["__schema"]);
    assert!(is_introspection(&admitted));
    assert_eq!(admitted.cost, 230);
    // What the comments on the limits say.
    let under = |fields, tokens, introspection| {
        let limits = Limits { fields, tokens, introspection, ..Limits::default() };
        admit(INTROSPECTION, None, &Variables::default(), &limits)
    };
    assert!(under(500, 200, 400_000).is_ok());
    assert_eq!(beyond(under(450, 200, 400_000)), "fields");
    assert_eq!(beyond(under(500, 150, 400_000)), "tokens");
    assert_eq!(beyond(under(500, 200, 350_000)), "introspection");
}

#[test]
fn circular_introspection_is_refused() {
    let circle = |root: &str, times: usize| format!("{{ {root} {}{{ name }}{} }}", "{ fields { type ".repeat(times), "} } ".repeat(times));
    let eleven = circle("__schema { types", 4) + "}";
    assert_eq!(at_once(|| beyond(plain(&eleven))), "introspection depth");
    assert_eq!(beyond(plain(&circle("__type(name: \"Need\")", 5))), "introspection depth");
    assert!(plain(&circle("__type(name: \"Need\")", 3)).is_ok());
    let spread = "{ ...q } fragment q on Query { __schema { types { ...t } } }
      fragment t on __Type { fields { type { fields { type { ...u } } } } }
      fragment u on __Type { possibleTypes { interfaces { name } } }";
    assert_eq!(beyond(plain(spread)), "introspection depth");
    // The same shape outside of introspection is nothing special.
    assert!(plain(&circle("__types", 5)).is_ok());
}

#[test]
fn repeated_introspection_is_refused() {
    let query = format!("{{ __schema {{ {} }} }}", "types { interfaces { possibleTypes { name } } } ".repeat(100));
    assert_eq!(beyond(plain(&query)), "introspection");
}

#[test]
fn only_questions_for_the_schema_are_introspection() {
    assert!(is_introspection(&plain("{ viewer { id } t: __type(name: \"Need\") { name } }").unwrap()));
    assert!(!is_introspection(&plain("{ __typename viewer { __schema } }").unwrap()));
}

#[test]
fn cost_is_as_documented() {
    assert_eq!(cost(NEEDS), 32_701);
    assert_eq!(cost("{ needs(first: 100) { nodes { matches(first: 100) { nodes { id } } } } }"), 20_201);
    let third = "{ needs(first: 100) { nodes { matches(first: 100) { nodes { unit { pledges(first: 100) { nodes { id } } } } } } } }";
    assert_eq!(beyond(plain(third)), "cost");
}

#[test]
fn fragments_cost_what_they_stand_for() {
    let spread = "{ ...q } fragment q on Query { needs(first: 100) { ...c } }
      fragment c on CommunityNeedConnection { ... on CommunityNeedConnection { nodes { ...n } } }
      fragment n on CommunityNeed { id title community { name } ...m viewerCan { action allowed code message } }
      fragment m on CommunityNeed { matches(first: 20) { ...r } }
      fragment r on MatchConnection { nodes { id unit { name } viewerCan { action allowed } } }";
    assert_eq!(cost(spread), 32_701);
    // A fragment is measured once and stands in pages of different sizes.
    let twice = "{ a: needs(first: 10) { ...c } b: needs(first: 2) { ...c } } fragment c on C { totalCount nodes { id } }";
    assert_eq!(cost(twice), (1 + 1 + 10 * 2) + (1 + 1 + 2 * 2));
}

#[test]
fn what_is_skipped_counts_at_its_worst() {
    assert_eq!(cost("{ needs @skip(if: true) { totalCount } }"), 2);
}

#[test]
fn edges_and_nodes_are_rows_and_the_rest_is_not() {
    assert_eq!(cost("{ needs { edges { cursor node { id } } pageInfo { hasNextPage } totalCount } }"), 1 + 20 * 4 + 3);
    assert_eq!(cost("{ needs(first: 100) { totalCount } }"), 2);
    assert_eq!(cost("{ alliances(first: 1) { nodes { memberships(last: 2) { nodes { id } } } } }"), 1 + 2 + 2 * 2);
    assert_eq!(cost("{ units(first: 1) { nodes { memberships { id } } } }"), 1 + 2 + 5);
}

#[test]
fn page_sizes_are_clamped() {
    for (arguments, rows) in [
        ("", 20),
        ("(first: 7)", 7),
        ("(last: 7)", 7),
        ("(first: 3, last: 8)", 8),
        ("(first: null, last: 2)", 2),
        ("(first: -5)", 1),
        ("(first: 0)", 1),
        ("(first: 2147483648)", 100),
        ("(first: 99999999999999999999999)", 100),
        ("(first: -99999999999999999999999)", 100),
        ("(first: \"7\")", 20),
        ("(filter: {first: 7})", 20),
    ] {
        assert_eq!(cost(&format!("{{ needs{arguments} {{ nodes {{ id }} }} }}")), 1 + rows * 2, "{arguments}");
    }
}

#[test]
fn page_sizes_come_from_variables() {
    for (definition, variables, rows) in [
        ("$n: Int", json!({"n": 50}), 50),
        ("$n: Int", json!({}), 20),
        ("$n: Int = 40", json!({}), 40),
        ("$n: Int = 40", json!({"n": 2}), 2),
        ("$n: Int = 40", json!({"n": null}), 20),
        ("$n: Int", json!({"n": "50"}), 20),
        ("$n: Int", json!({"n": 1e9}), 100),
        ("$n: Int", json!({"n": -1}), 1),
        ("$other: Int = 5", json!({"n": 30}), 30),
    ] {
        let query = format!("query({definition}) {{ needs(first: $n) {{ ...c }} }} fragment c on C {{ nodes {{ id }} }}");
        assert_eq!(with(&query, variables.clone()).unwrap().cost, 1 + rows * 2, "{definition} {variables}");
    }
    // The defaults are those of the operation that runs.
    let two = "query a($n: Int = 3) { ...f } query b($n: Int = 90) { ...f } fragment f on Query { needs(first: $n) { nodes { id } } }";
    let run = |name| admit(two, Some(name), &Variables::default(), &Limits::default()).unwrap().cost;
    assert_eq!((run("a"), run("b")), (7, 181));
}

#[test]
fn nodes_by_ids_cost_each() {
    assert_eq!(cost("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id __typename } }"), 1 + 3 * 2);
    assert_eq!(cost("{ nodes(ids: \"a\") { id } }"), 2);
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(with(query, json!({"ids": ["a", "b"]})).unwrap().cost, 3);
    assert_eq!(with(query, json!({})).unwrap().cost, 2);
    assert_eq!(beyond(with(query, json!({"ids": vec!["a"; 60_000]}))), "cost");
}

#[test]
fn the_operation_is_chosen_by_name() {
    let two = "query a { x } mutation b { y }";
    let run = |query, name| admit(query, name, &Variables::default(), &Limits::default());
    let admitted = run(two, Some("b")).unwrap();
    assert_eq!((admitted.operation, admitted.operation_name.as_deref()), (OperationKind::Mutation, Some("b")));
    assert_eq!(admitted.root_fields, ["y"]);
    assert_eq!(run(two, None).unwrap_err(), Refused::NoOperationName);
    assert_eq!(run(two, Some("c")).unwrap_err(), Refused::UnknownOperation);
    assert_eq!(run("{ x }", Some("c")).unwrap_err(), Refused::UnknownOperation);
    let only = run("query a { x }", None).unwrap();
    assert_eq!((only.operation, only.operation_name.as_deref()), (OperationKind::Query, Some("a")));
    assert_eq!(run("{ x }", None).unwrap().operation_name, None);
}

#[test]
fn root_fields_are_named_once_and_in_order() {
    let admitted = plain("{ b ...f a: b ... { c } } fragment f on Q { a ... on Q { b } }").unwrap();
    assert_eq!(admitted.root_fields, ["b", "a", "c"]);
}

#[test]
fn a_subscription_has_one_field() {
    let admitted = plain("subscription { changes { id } }").unwrap();
    assert_eq!(admitted.operation, OperationKind::Subscription);
    let message = "a subscription selects exactly one field";
    let two = plain("subscription { ...f } fragment f on S { a: changes { id } b: changes { id } }");
    assert_eq!(two.unwrap_err(), Refused::Invalid { message: message.into(), line: 1, column: 1 });
}

#[test]
fn text_is_not_structure() {
    let deep = "{[(".repeat(100);
    for query in [
        format!("{{ a(x: \"\"\"{deep} \\\"\"\" {deep} \" \"\" \n # {deep}\"\"\") }}"),
        format!("{{ a(x: \"{deep} \\\" {deep} # \\\\\") }}"),
        format!("{{ a(x: \"\" y: \"\"\"\"\"\") # {deep}\n b # {deep}\r c }} # {deep}"),
        "\u{feff}{ a(x: \"é 你好 \\u4f60\") }".to_owned(),
    ] {
        assert!(plain(&query).is_ok(), "{query}");
    }
    for query in [
        format!("{{ a(x: \"\\\\\") {deep}"),
        format!("{{ a # \"\n {deep}"),
        format!("{{ a(x: \"\"\"#\"\"\") {deep}"),
        format!("{{ a(x: \"#\") {deep}"),
    ] {
        assert_eq!(beyond(plain(&query)), "nesting", "{query}");
    }
    // The parser would read an empty string and a string, and then the brackets.
    let unclosed = format!("{{ a(x: [\"\"\"b\" {}", "[".repeat(10_000));
    let refused = Refused::Parse { message: "syntax error: unterminated string".to_owned(), line: 1, column: 9 };
    assert_eq!(admit(&unclosed, None, &Variables::default(), &roomy()).unwrap_err(), refused);
    assert!(matches!(plain("{ a(x: \"b\n\") }"), Err(Refused::Parse { line: 1, column: 8, .. })));
}

#[test]
fn syntax_errors_repeat_nothing() {
    for (query, hint, line, column) in [
        ("{ secret", ": expected selection set, selection, directive, or arguments", 1, 9),
        ("", ": expected executable definition", 1, 1),
        ("{ a }\n secret", ": expected EOI or executable definition", 2, 2),
        ("{ a(n: 1e999999) }", "", 1, 8),
    ] {
        let message = format!("syntax error{hint}");
        assert_eq!(plain(query).unwrap_err(), Refused::Parse { message, line, column }, "{query}");
    }
    let refused = plain("{ a(secret: [ } ]) { = expected secret").unwrap_err();
    assert!(!refused.to_string().contains("secret"), "{refused}");
}

#[test]
fn what_is_grammatical_but_ambiguous_is_invalid() {
    for (query, message) in [
        ("query secret { a } query secret { a }", "two operations have the same name"),
        ("{ a } query secret { a }", "an operation without a name must be the only one"),
        ("{ a } fragment secret on Q { a } fragment secret on Q { a }", "two fragments have the same name"),
        ("fragment secret on Q { a }", "the document has no operation"),
    ] {
        match plain(query).unwrap_err() {
            Refused::Invalid { message: got, .. } => assert_eq!(got, message),
            other => panic!("{other:?}"),
        }
    }
}

/// What the guard spares the executor: each spread walked anew.
fn expand(document: &ExecutableDocument, set: &SelectionSet) -> (u64, usize) {
    set.items.iter().fold((0, 0), |(fields, depth), item| {
        let (inner, below) = match &item.node {
            Selection::Field(field) => {
                let (inner, below) = expand(document, &field.node.selection_set.node);
                (inner + 1, below + 1)
            }
            Selection::InlineFragment(inline) => expand(document, &inline.node.selection_set.node),
            Selection::FragmentSpread(spread) => {
                let fragment = &document.fragments[&spread.node.fragment_name.node];
                expand(document, &fragment.node.selection_set.node)
            }
        };
        (fields + inner, depth.max(below))
    })
}

proptest! {
    #[test]
    fn a_measure_is_that_of_the_expanded_document(
        fragments in prop::collection::vec(prop::collection::vec((0..4_u8, 1..8_usize), 1..4), 1..8),
    ) {
        let last = fragments.len();
        let mut query = "{ ...f0 }".to_owned();
        for (n, items) in fragments.iter().enumerate() {
            let items: String = items.iter().map(|(kind, ahead)| match kind {
                0 => "a ".to_owned(),
                1 => format!("b {{ c ...f{} }} ", (n + ahead).min(last)),
                2 => format!("... {{ ...f{} }} ", (n + ahead).min(last)),
                _ => format!("...f{} ", (n + ahead).min(last)),
            }).collect();
            write!(query, " fragment f{n} on Q {{ {items} }}").unwrap();
        }
        write!(query, " fragment f{last} on Q {{ a }}").unwrap();
        let limits = Limits { fields: usize::MAX, root_fields: usize::MAX, ..Limits::default() };
        let admitted = admit(&query, None, &Variables::default(), &limits).unwrap();
        let DocumentOperations::Single(operation) = &admitted.document.parsed.operations else { unreachable!() };
        let expanded = expand(&admitted.document.parsed, &operation.node.selection_set.node);
        prop_assert_eq!((admitted.cost, admitted.depth), expanded);
    }

    #[test]
    fn nothing_panics(query in "[{}()\\[\\]\"\\\\#a:$@!.= \n\u{feff}é1-]{0,60}") {
        let _ = plain(&query);
    }
}
