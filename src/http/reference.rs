//! The reference of the API: one page, written from the schema definition. It says what introspection says, for people.

use std::collections::HashSet;
use std::fmt::Write;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ConstDirective, EnumValueDefinition, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::ConstValue;

/// The parts of the page in their order: anchor, Chinese and English title.
const PARTS: [(&str, &str, &str); 10] = [
    ("queries", "查询", "Queries"),
    ("mutations", "变更", "Mutations"),
    ("subscriptions", "订阅", "Subscriptions"),
    ("objects", "对象", "Objects"),
    ("interfaces", "接口与联合", "Interfaces and unions"),
    ("inputs", "输入", "Inputs"),
    ("enums", "枚举", "Enums"),
    ("scalars", "标量", "Scalars"),
    ("payloads", "变更结果", "Payloads"),
    ("pages", "分页", "Pages"),
];

/// What is described under one anchor.
struct Entry {
    anchor: String,
    name: String,
    html: String,
}

/// The page for a schema definition, with the codes of errors, which are in no enum.
pub(super) fn page(sdl: &str, codes: &[(&str, &str)]) -> String {
    let document = parse_schema(sdl).expect("the service wrote this definition itself");
    let types = document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(&definition.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    let types: Vec<_> = types.collect();
    let writer = Writer { known: types.iter().map(|definition| definition.name.node.as_str()).collect() };
    let mut parts: Vec<Vec<Entry>> = PARTS.iter().map(|_| Vec::new()).collect();
    for definition in types {
        let name = definition.name.node.as_str();
        match (part(definition), &definition.kind) {
            (at @ 0..=2, TypeKind::Object(object)) => parts[at].extend(object.fields.iter().map(|field| writer.root(name, &field.node))),
            (at, _) => parts[at].push(writer.described(definition)),
        }
    }
    let mut text = String::with_capacity(sdl.len() * 5);
    text.push_str(HEAD);
    list(&mut text, &parts);
    text.push_str("<main id=\"main\" tabindex=\"-1\">");
    preface(&mut text, codes);
    for ((anchor, zh, en), entries) in PARTS.iter().zip(&parts).filter(|(_, entries)| !entries.is_empty()) {
        let _ = write!(text, "<section><h2 id=\"{anchor}\">{zh} <span lang=\"en\">{en}</span></h2>");
        text.extend(entries.iter().map(|entry| entry.html.as_str()));
        text.push_str("</section>");
    }
    text.push_str("</main><a class=\"back\" href=\"#contents\">目录</a></body></html>\n");
    text
}

const HEAD: &str = "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
     <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>接口参考 Reference</title>\
     <link rel=\"icon\" href=\"graphiql/icon.svg\"><link rel=\"stylesheet\" href=\"graphiql/reference.css\">\
     <script type=\"module\" src=\"graphiql/reference.js\"></script></head><body>\
     <header><h1>接口参考 <span lang=\"en\">Reference</span></h1><a class=\"skip\" href=\"#main\">跳到正文</a>\
     <a href=\"graphiql\">接口浏览器</a></header>";

/// Where a type belongs, by its kind and, for the many that are alike, by its name.
fn part(definition: &TypeDefinition) -> usize {
    let name = definition.name.node.as_str();
    match (&definition.kind, name) {
        (_, "Query") => 0,
        (_, "Mutation") => 1,
        (_, "Subscription") => 2,
        (TypeKind::Object(_), _) if name.ends_with("Payload") => 8,
        (TypeKind::Object(_), _) if name.ends_with("Connection") || name.ends_with("Edge") => 9,
        (TypeKind::Object(_), _) => 3,
        (TypeKind::Interface(_) | TypeKind::Union(_), _) => 4,
        (TypeKind::InputObject(_), _) => 5,
        (TypeKind::Enum(_), _) => 6,
        (TypeKind::Scalar, _) => 7,
    }
}

fn list(text: &mut String, parts: &[Vec<Entry>]) {
    text.push_str(
        "<nav id=\"contents\" aria-label=\"目录\"><div class=\"filter\"><label for=\"filter\">筛选</label>\
         <input id=\"filter\" type=\"search\" placeholder=\"名称，如 need\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\">\
         <p id=\"found\" role=\"status\"></p></div><div id=\"list\"><a class=\"codes\" href=\"#codes\">错误码 <span lang=\"en\">Error codes</span></a>",
    );
    for (at, ((_, zh, en), entries)) in PARTS.iter().zip(parts).enumerate().filter(|(_, (_, entries))| !entries.is_empty()) {
        let (open, count) = (if at < 3 { " open" } else { "" }, entries.len());
        let _ = write!(text, "<details{open}><summary>{zh} <span lang=\"en\">{en}</span> <b>{count}</b></summary><ul>");
        for Entry { anchor, name, .. } in entries {
            let _ = write!(text, "<li><a href=\"#{anchor}\">{name}</a>");
        }
        text.push_str("</ul></details>");
    }
    text.push_str("</div></nav>");
}

fn preface(text: &mut String, codes: &[(&str, &str)]) {
    text.push_str(
        "<section><h2 id=\"codes\">错误码 <span lang=\"en\">Error codes</span></h2><article>\
         <p>请求无法执行时，<code>errors[].extensions.code</code> 为下列之一。业务上没有办成的原因见 <a href=\"#RefusalCode\">RefusalCode</a>，\
         已办成但需留意的见 <a href=\"#WarningCode\">WarningCode</a>。</p><dl>",
    );
    for (code, meaning) in codes {
        let _ = write!(text, "<dt><code>{}</code><dd>{}", escape(code), prose(meaning));
    }
    text.push_str("</dl></article></section>");
}

struct Writer<'a> {
    /// The types that have an anchor.
    known: HashSet<&'a str>,
}

impl Writer<'_> {
    /// A field of `Query`, `Mutation` or `Subscription`.
    fn root(&self, owner: &str, field: &FieldDefinition) -> Entry {
        let name = field.name.node.as_str();
        let anchor = format!("{owner}.{name}");
        let mut html =
            format!("<article id=\"{anchor}\"><h3><a href=\"#{anchor}\">{name}</a>: <code>{}</code></h3>", self.of(&field.ty.node));
        html.push_str(&noted(field.description.as_ref(), &field.directives));
        if !field.arguments.is_empty() {
            let _ = write!(html, "<h4>参数</h4>{}", self.inputs(None, &field.arguments));
        }
        html.push_str("</article>");
        Entry { anchor, name: name.to_owned(), html }
    }

    fn described(&self, definition: &TypeDefinition) -> Entry {
        let name = definition.name.node.as_str();
        let mut html = format!("<article id=\"{name}\"><h3><a href=\"#{name}\">{name}</a></h3>");
        html.push_str(&noted(definition.description.as_ref(), &definition.directives));
        match &definition.kind {
            TypeKind::Object(object) => {
                self.links(&mut html, "实现", &object.implements);
                self.fields(&mut html, name, &object.fields);
            }
            TypeKind::Interface(interface) => self.fields(&mut html, name, &interface.fields),
            TypeKind::InputObject(input) => html.push_str(&self.inputs(Some(name), &input.fields)),
            TypeKind::Union(union) => self.links(&mut html, "包括", &union.members),
            TypeKind::Enum(values) => enumerated(&mut html, name, &values.values),
            TypeKind::Scalar => {}
        }
        html.push_str("</article>");
        Entry { anchor: name.to_owned(), name: name.to_owned(), html }
    }

    fn links(&self, html: &mut String, what: &str, names: &[Positioned<Name>]) {
        if !names.is_empty() {
            let names: Vec<_> = names.iter().map(|name| self.link(&name.node)).collect();
            let _ = write!(html, "<p class=\"of\">{what} {}</p>", names.join("、"));
        }
    }

    fn fields(&self, html: &mut String, owner: &str, fields: &[Positioned<FieldDefinition>]) {
        html.push_str("<dl>");
        for field in fields.iter().map(|field| &field.node) {
            let (name, ty) = (&field.name.node, self.of(&field.ty.node));
            let _ = write!(html, "<dt id=\"{owner}.{name}\"><code>{name}: {ty}</code><dd>");
            html.push_str(&noted(field.description.as_ref(), &field.directives));
            if !field.arguments.is_empty() {
                let (count, inputs) = (field.arguments.len(), self.inputs(None, &field.arguments));
                let _ = write!(html, "<details><summary>参数 {count}</summary>{inputs}</details>");
            }
        }
        html.push_str("</dl>");
    }

    /// Arguments, or the fields of an input, which have anchors.
    fn inputs(&self, owner: Option<&str>, inputs: &[Positioned<InputValueDefinition>]) -> String {
        let mut html = "<dl>".to_owned();
        for input in inputs.iter().map(|input| &input.node) {
            let (name, ty) = (&input.name.node, self.of(&input.ty.node));
            let anchor = owner.map(|owner| format!(" id=\"{owner}.{name}\"")).unwrap_or_default();
            let default = input.default_value.as_ref().map(|value| format!(" = {}", escape(&value.node.to_string()))).unwrap_or_default();
            let note = noted(input.description.as_ref(), &input.directives);
            let _ = write!(html, "<dt{anchor}><code>{name}: {ty}{default}</code><dd>{note}");
        }
        html.push_str("</dl>");
        html
    }

    /// A type as GraphQL writes it.
    fn of(&self, ty: &Type) -> String {
        let base = match &ty.base {
            BaseType::Named(name) => self.link(name),
            BaseType::List(item) => format!("[{}]", self.of(item)),
        };
        if ty.nullable { base } else { format!("{base}!") }
    }

    fn link(&self, name: &str) -> String {
        if self.known.contains(name) { format!("<a href=\"#{name}\">{name}</a>") } else { name.to_owned() }
    }
}

fn enumerated(html: &mut String, owner: &str, values: &[Positioned<EnumValueDefinition>]) {
    html.push_str("<dl>");
    for value in values.iter().map(|value| &value.node) {
        let (name, note) = (&value.value.node, noted(value.description.as_ref(), &value.directives));
        let _ = write!(html, "<dt id=\"{owner}.{name}\"><code>{name}</code><dd>{note}");
    }
    html.push_str("</dl>");
}

/// A description, and what the directives say beside it.
fn noted(description: Option<&Positioned<String>>, directives: &[Positioned<ConstDirective>]) -> String {
    let mut html = description.map(|description| format!("<p>{}</p>", prose(&description.node))).unwrap_or_default();
    for directive in directives.iter().map(|directive| &directive.node) {
        let said = |name: &str| match directive.get_argument(name).map(|value| &value.node) {
            Some(ConstValue::String(text)) => prose(text),
            _ => String::new(),
        };
        let note = match directive.name.node.as_str() {
            "deprecated" => format!("<p class=\"deprecated\">已弃用 {}</p>", said("reason")),
            "oneOf" => "<p class=\"of\">只能且必须填写其中一项</p>".to_owned(),
            "specifiedBy" => format!("<p class=\"of\">格式见 {}</p>", said("url")),
            _ => continue,
        };
        html.push_str(&note);
    }
    html
}

/// Text for the page: paragraphs run on, and what stands between back quotes is code.
fn prose(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    let text = escape(text.trim());
    let mut pieces = text.split('`').peekable();
    let mut is_code = false;
    while let Some(piece) = pieces.next() {
        // The last back quote of an odd number opens nothing.
        match (is_code, pieces.peek()) {
            (true, Some(_)) => {
                let _ = write!(html, "<code>{piece}</code>");
            }
            (true, None) => {
                let _ = write!(html, "`{piece}");
            }
            (false, _) => html.push_str(piece),
        }
        is_code = !is_code;
    }
    html.replace("\n\n", "</p><p>")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_describes_links_and_escapes() {
        let sdl = r#"
            type Query { "Needs, `first` so many <b>." needs(first: Int = 20): [Need!]! }
            "One & all." type Need { id: ID!, "It stands." status: Status! @deprecated(reason: "Ask `state`.") }
            enum Status { "It's open." OPEN }
        "#;
        let page = page(sdl, &[("NOT_FOUND", "There is \"nothing\".")]);
        for part in [
            "<article id=\"Query.needs\"><h3><a href=\"#Query.needs\">needs</a>: <code>[<a href=\"#Need\">Need</a>!]!</code></h3>",
            "<p>Needs, <code>first</code> so many &lt;b&gt;.</p>",
            "<dt><code>first: Int = 20</code>",
            "<p>One &amp; all.</p>",
            "<dt id=\"Need.status\"><code>status: <a href=\"#Status\">Status</a>!</code><dd><p>It stands.</p>",
            "<p class=\"deprecated\">已弃用 Ask <code>state</code>.</p>",
            "<dt id=\"Status.OPEN\"><code>OPEN</code><dd><p>It&#39;s open.</p>",
            "<dt><code>NOT_FOUND</code><dd>There is &quot;nothing&quot;.",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }

    #[test]
    fn a_back_quote_alone_is_one() {
        assert_eq!(prose("a `b` c ` d"), "a <code>b</code> c ` d");
    }

    #[test]
    fn every_link_of_the_real_page_leads_somewhere_on_it() {
        let page = page(&crate::graphql::schema::sdl(), crate::graphql::errors::CODES);
        let anchors: HashSet<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let lost: Vec<_> =
            page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).filter(|to| !anchors.contains(to)).collect();
        assert!(lost.is_empty() && anchors.len() > 1000, "{lost:?}");
    }
}
