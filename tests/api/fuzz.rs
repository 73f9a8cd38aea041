//! Requests that nobody would write: good ones, of which the words, the values, the bytes or the headers were changed by chance. Whatever is
//! sent, the answer is one that the specification knows, says nothing of the inside, and comes soon.
//!
//! Ten seconds of the same requests in each run, so that it tells of a change and not of luck; new ones for longer, and those again from the
//! seed that a run prints:
//!
//! ```sh
//! ALLIANCE_FUZZ_SECONDS=3600 cargo test --test main api::fuzz
//! ALLIANCE_FUZZ_SEED=7302203031 ALLIANCE_FUZZ_SECONDS=60 cargo test --test main api::fuzz
//! ```

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::support::{Actor, Id, TestApp, Value, World, json};

const SEED: u64 = 2916733951309730072;
/// As long as any answer may take.
const SOON: Duration = Duration::from_secs(5);
/// The codes of `schema/errors.md` but INTERNAL. Here and below `~` stands between two of a list.
const CODES: &str = "\
    UNAUTHENTICATED~FORBIDDEN~NOT_FOUND~BAD_USER_INPUT~LIMIT_EXCEEDED~GRAPHQL_PARSE_FAILED~GRAPHQL_VALIDATION_FAILED~\
    PERSISTED_QUERY_NOT_FOUND";
/// What a message would hold that was not written for a client.
const INSIDE: &str = "\
    sqlx~sea_orm~sea-orm~serde~tokio~hyper~axum~async_graphql~async-graphql~panicked~.rs:~core::~std::~Option<~Vec<~SELECT ~\
    INSERT ~UPDATE ~trailing characters~invalid type~expected value at~occurred while parsing";

/// Good requests, with their variables; `{need}` and the like become ids.
const OPERATIONS: [(&str, &str); 16] = [
    ("{ viewer { name grants { role area { id name } unit { name } } } }", "{}"),
    (
        "query Page($n: Int = 5, $after: String, $f: NeedFilter) { needs(first: $n, after: $after, filter: $f, orderBy: NEWEST) { totalCount @include(if: true) \
         pageInfo { hasNextPage endCursor } edges { cursor node { ...N } } } } \
         fragment N on CommunityNeed { id title status wanted community { id name } viewerCan { action allowed code message } }",
        r#"{"n":3,"f":{"search":"米","status":["PUBLISHED_OPEN"]}}"#,
    ),
    (
        "query($id: ID!) { node(id: $id) { __typename id ... on CommunityNeed { title matches(first: 2) { nodes { id quantity } } } \
         ... on GovernanceArea { name parent { name } } } }",
        r#"{"id":"{need}"}"#,
    ),
    ("query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", r#"{"ids":["{need}","{area}","x"]}"#),
    ("query Q($code: String!, $on: Date) { area(code: $code, on: $on) { id name level } }", r#"{"code":"220303","on":"2025-03-09"}"#),
    (
        "query($a: ID, $from: Date!, $to: Date!) { statistics(area: $a, from: $from, to: $to) { contributionTotal matchesByStatus { status count } } }",
        r#"{"a":"{area}","from":"2025-01-01","to":"2025-12-31"}"#,
    ),
    (r#"{ venues(first: 2, filter: {search: "中心"}) { nodes { id name zones { id capacity hours { weekday opens closes } } } } }"#, "{}"),
    (
        "query($k: [ChangeKind!]) { changes(first: 5, kinds: $k) { cursor hasMore changes { kind at node { id } } } \
         journal(first: 3) { nodes { kind at } } }",
        r#"{"k":["NEED_POSTED"]}"#,
    ),
    ("{ __schema { queryType { name } } __type(name: \"Query\") { fields { name args { name type { name kind } } } } }", "{}"),
    (
        "mutation Post($input: PostNeedInput!) { postNeed(input: $input) { result { id status } refusals { code message path related { id } } \
         warnings { code message } } }",
        r#"{"input":{"community":"{area}","category":"ELDERLY","form":"GOODS","title":"给独居老人送热饭","wanted":"30","measure":"份","submit":true}}"#,
    ),
    ("mutation($id: ID!) { publishNeed(id: $id) { result { id status directedUntil } refusals { code message } } }", r#"{"id":"{need}"}"#),
    (
        "mutation($i: ClaimNeedInput!) { claimNeed(input: $i) { result { id status outstanding } refusals { code message path } } }",
        r#"{"i":{"need":"{need}","unit":"{unit}","quantity":"1"}}"#,
    ),
    (
        r#"mutation { a: renameArea(id: "{area}", name: "桃源社区") { result { id } refusals { code } } b: withdrawNeed(id: "{need}", reason: "x") { result { id } } }"#,
        "{}",
    ),
    (
        "mutation($z: ID!, $h: [OpeningInput!]!) { changeZone(input: {id: $z, hours: $h}) { result { id } refusals { code message path } } }",
        r#"{"z":"{need}","h":[{"weekday":"TUESDAY","opens":"08:30","closes":"24:00"}]}"#,
    ),
    ("mutation($t: String!) { refreshSession(refreshToken: $t) { result { accessToken } refusals { code } } }", r#"{"t":"abc"}"#),
    ("subscription($a: String) { changes(after: $a) { cursor kind node { id } } }", r#"{"a":"MC4w"}"#),
];

const TEXTS: &str = "\
    ~\0~\u{202e}x~😀~é~\\~\"~' OR 1=1 --~%~_~\u{feff}~\u{2028}~a\nb~2025-02-30~9999-12-31~0000-01-01~-262143-01-01~+262142-12-31~\
    2025-03-09~25:00~24:00~23:59:60~2025-03-10T09:00:00Z~2025-03-10T09:00:00.123456789+23:59~-262144-01-01T00:00:00Z~1e400~-0~\
    0.0001~999999999999999~9223372036854775807~9223372036854775.807~-1~１２~NaN~MC4w~MC4xMjM~====~need_~\
    need_0190c200000000000000000000000000~need_ffffffffffffffffffffffffffffffff~NEED_0~null~{}~NEED_POSTED";

const WORDS: &str = "\
    query~mutation~subscription~fragment~on~true~null~{~}~(~)~[~]~:~=~!~|~&~@~$~...~@skip(if: true)~@include(if: $x)~@skip~\
    @deprecated~@oneOf~@unknown(a: 1)~__typename~__schema{types{name}}~nodes~edges~id~...N~... on Node{id}~...on Nope{id}~#c\n~\
    \u{feff}~\0~99999999999999999999~-9999999999~1e999~0x1~01~1.~\"\"\"block \\\"\"\" x\"\"\"~\"\\u0000\"~\"\\uD83D\\uDE00\"~\
    \"\\uD83D\"~\"\\u{1F600}\"~\"\\u{110000}\"~\"\\x\"~\"open~\"\"\"open~$x: Int!~($x: [[[[Int]]]])~a: ~需求~first: 101~last: 1~\
    filter: {}~{a:1,a:2}~[1,\"a\",null]~type X { a: Int }~extend type Query { x: Int }";

const HEADERS: [(&str, &[u8]); 17] = [
    ("content-type", b"application/json; charset=utf-8"),
    ("content-type", b"text/plain"),
    ("content-type", b"multipart/form-data; boundary=x"),
    ("content-type", b"\x80"),
    ("accept", b"application/json"),
    ("accept", b"text/event-stream"),
    ("accept", b"text/html"),
    ("accept", b"application/json;q=abc, application/*;q=0"),
    ("accept-language", b"en"),
    ("authorization", b"Bearer eyJhbGciOiJub25lIn0.e30."),
    ("idempotency-key", b"k"),
    ("idempotency-key", b"\xff"),
    ("x-dry-run", b"true"),
    ("x-dry-run", b"maybe"),
    ("content-encoding", b"gzip"),
    ("if-none-match", b"*, W/\"x\", \xff"),
    ("x-forwarded-for", b"1.2.3.4, x, ::1"),
];

struct Sent {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

struct Chance {
    dice: StdRng,
    ids: Vec<String>,
}

impl Chance {
    fn below(&mut self, sides: usize) -> usize {
        self.dice.random_range(0..sides)
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    /// One of the texts of such a list.
    fn text(&mut self, from: &str) -> String {
        self.pick(&from.split('~').collect::<Vec<_>>()).to_owned()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from.choose(&mut self.dice).expect("something to pick from").clone()
    }

    /// A request and who sends it: the first of them is nobody in particular.
    fn request(&mut self, actors: &[Actor]) -> (Actor, Sent) {
        let (document, variables) = self.pick(&OPERATIONS);
        let mut document = self.with_ids(document);
        let mut variables: Value = serde_json::from_str(&self.with_ids(variables)).expect("the variables are JSON");
        for _ in 0..self.pick(&[0, 0, 1, 1, 1, 2, 3]) {
            document = self.document(&document);
        }
        for _ in 0..self.pick(&[0, 0, 1, 1, 2]) {
            self.value(&mut variables, 0);
        }
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("accept", HeaderValue::from_static("application/graphql-response+json"));
        for _ in 0..self.pick(&[0, 0, 0, 1, 2]) {
            let (name, value) = self.pick(&HEADERS);
            headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a header may hold it"));
        }
        let mut sent = Sent { method: Method::POST, path: "/graphql".to_owned(), headers, body: Vec::new() };
        match self.below(12) {
            0 => self.by_get(&mut sent, &document, &variables),
            1 => sent.method = self.pick(&[Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::PATCH, Method::GET]),
            _ => {
                let body = self.body(document, variables);
                sent.body = self.bytes(body.to_string());
            }
        }
        // One authorization, and not two: that would be another question.
        let actor = if sent.headers.contains_key("authorization") { actors[0].clone() } else { self.pick(actors) };
        (actor, sent)
    }

    fn with_ids(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for kind in ["need", "area", "unit"] {
            let known: Vec<_> = self.ids.iter().filter(|id| id.starts_with(kind)).cloned().collect();
            let chosen = self.pick(&known);
            text = text.replace(&format!("{{{kind}}}"), &chosen);
        }
        text
    }

    /// The same document with a word too few or too many, or something large in its place.
    fn document(&mut self, document: &str) -> String {
        let mut words = words(document);
        let at = self.below(words.len() + 1);
        match self.below(12) {
            0 if at < words.len() => drop(words.remove(at)),
            1 if at < words.len() => words.insert(at, words[at].clone()),
            2 if at < words.len() => {
                let other = self.below(words.len());
                words.swap(at, other);
            }
            3 | 4 if at < words.len() => words[at] = self.text(WORDS),
            5 | 6 => words.insert(at, self.text(WORDS)),
            7 => words.insert(at, Value::from(self.text(TEXTS)).to_string()),
            8 => return self.deep(document),
            9 => return self.wide(document),
            10 => {
                let mut signs: Vec<char> = document.chars().collect();
                let at = self.below(signs.len().max(1));
                if let Some(sign) = signs.get_mut(at) {
                    *sign = self.pick(&['\0', '\t', '\n', '"', '#', '$', '(', ')', ',', ':', '@', '\\', '{', '}', '\u{a0}', '😀']);
                }
                return signs.into_iter().collect();
            }
            _ => words.truncate(at),
        }
        words.concat()
    }

    fn deep(&mut self, document: &str) -> String {
        let n = self.pick(&[3, 19, 20, 21, 31, 32, 33, 200, 3000]);
        let around = |open: &str, core: &str, close: &str| format!("{}{core}{}", open.repeat(n), close.repeat(n));
        match self.below(6) {
            0 => around("{a", "", "}"),
            1 => format!("query($a: {}) {document}", around("[", "Int", "]")),
            2 => format!("{{ node(id: {}) {{ id }} }}", around("[", "", "]")),
            3 => format!("{{ node(id: {}) {{ id }} }}", around("{a:", "1", "}")),
            4 => format!("{{ {} }}", around("... { ", "__typename", " }")),
            _ => format!("{{ needs {{ nodes {{ {} }} }} }}", around("matches { nodes { need { ", "id", " } } }")),
        }
    }

    fn wide(&mut self, document: &str) -> String {
        let n = self.pick(&[2, 29, 30, 31, 99, 100, 101, 3000]);
        let many = |of: &dyn Fn(usize) -> String| (0..n).map(of).collect::<String>();
        match self.below(8) {
            0 => format!("{{ {} }}", many(&|i| format!("a{i}: __typename "))),
            1 => format!("{{ __typename {} }}", many(&|_| "@skip(if: false) ".to_owned())),
            2 => many(&|i| format!("query Q{i} {{ __typename }} ")),
            3 => format!("query({}) {{ __typename }}", many(&|i| format!("$v{i}: Int "))),
            4 => format!("{{ ...F0 }} {}", many(&|i| format!("fragment F{i} on Query {{ ...F{} }} ", (i + 1) % n))),
            5 => format!(
                "{{ ...F0 }} {} fragment F{n} on Query {{ __typename }}",
                many(&|i| format!("fragment F{i} on Query {{ ...F{0} ...F{0} }} ", i + 1))
            ),
            6 => format!("{}{document}", many(&|_| "#\n, ".to_owned())),
            _ => {
                let ids = many(&|i| format!("{:?} ", self.ids[i % self.ids.len()]));
                format!("{{ nodes(ids: [{ids}]) {{ id }} }}")
            }
        }
    }

    /// One value of what is there becomes another.
    fn value(&mut self, value: &mut Value, depth: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() && !self.one_in(6) => {
                let names: Vec<_> = fields.keys().cloned().collect();
                let name = self.pick(&names);
                match self.below(8) {
                    0 => drop(fields.remove(&name)),
                    1 => drop(fields.insert("extra".to_owned(), self.any(depth))),
                    _ => self.value(&mut fields[&name], depth + 1),
                }
            }
            Value::Array(items) if !items.is_empty() && !self.one_in(6) => {
                let at = self.below(items.len());
                self.value(&mut items[at], depth + 1);
            }
            _ => *value = self.any(depth),
        }
    }

    fn any(&mut self, depth: usize) -> Value {
        match self.below(12) {
            0 => Value::Null,
            1 => json!(self.pick(&[0, 1, -1, 100, 101, i64::from(i32::MAX) + 1, i64::from(i32::MIN) - 1, i64::MAX, i64::MIN])),
            2 => json!(self.pick(&[1.5, -0.0, 1e308, 5e-324, 1e20])),
            3 => json!(self.one_in(2)),
            4 if depth < 4 => (0..self.below(4)).map(|_| self.any(depth + 1)).collect(),
            5 if depth < 4 => json!({ "id": self.any(depth + 1), "": self.any(depth + 1) }),
            6 => {
                (0..self.pick(&[5, 33, 120])).fold(json!(1), |value, _| if self.one_in(2) { json!([value]) } else { json!({ "a": value }) })
            }
            7 => Value::from(vec![self.pick(&self.ids.clone()); self.pick(&[1, 100, 101, 999, 1001])]),
            8 => json!("a".repeat(self.pick(&[64, 1001, 5000]))),
            9 => json!(self.pick(&self.ids.clone())),
            _ => json!(self.text(TEXTS)),
        }
    }

    fn body(&mut self, document: String, variables: Value) -> Value {
        let mut body = json!({ "query": document, "variables": variables });
        match self.below(24) {
            0 => body["operationName"] = self.pick(&[json!(null), json!(""), json!("Page"), json!("x"), json!(5), json!([])]),
            1 => {
                let wrong = json!({ "persistedQuery": { "version": 1, "sha256Hash": "0".repeat(64) } });
                body["extensions"] = self.pick(&[json!(null), json!({}), json!([]), json!({ "persistedQuery": {} }), wrong]);
            }
            2 => body["query"] = self.any(0),
            3 => body["variables"] = self.any(0),
            4 => return self.pick(&[json!([body.clone()]), json!([]), json!(null), json!(5), json!("x"), json!({ "QUERY": "{a}" })]),
            _ => {}
        }
        body
    }

    fn bytes(&mut self, text: String) -> Vec<u8> {
        let mut bytes = text.into_bytes();
        match self.below(30) {
            0 => bytes.truncate(self.below(bytes.len() + 1)),
            1 => {
                for _ in 0..=self.below(5) {
                    let at = self.below(bytes.len());
                    bytes[at] = self.dice.random();
                }
            }
            2 => bytes.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
            3 => bytes.resize(self.pick(&[262_144, 262_145, 300_000]), b' '),
            // The same members twice.
            4 if bytes.starts_with(b"{") => {
                let again = bytes[1..].to_vec();
                bytes.pop();
                bytes.push(b',');
                bytes.extend(again);
            }
            5 => bytes.clear(),
            6 => bytes = [b"--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n", &bytes[..], b"\r\n--x--\r\n"].concat(),
            _ => {}
        }
        bytes
    }

    fn by_get(&mut self, sent: &mut Sent, document: &str, variables: &Value) {
        sent.method = Method::GET;
        sent.headers.remove("content-type");
        sent.path = format!("/graphql?query={}&variables={}", encoded(document), encoded(&variables.to_string()));
        sent.path += self.pick(&["", "", "", "&query=%ff", "&variables=[]", "&extensions={", "&%", "&&=", "&operationName=", "%00"]);
        // What a client would not send on is no question to the service.
        if sent.path.len() > 60_000 {
            "/graphql?query=".clone_into(&mut sent.path);
        }
    }
}

/// A document's words with the spaces between them, which put together are the document.
fn words(document: &str) -> Vec<String> {
    let of_a_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let mut words: Vec<String> = Vec::new();
    let mut in_text = false;
    for sign in document.chars() {
        let joins = in_text || of_a_word(sign) && words.last().is_some_and(|word| word.ends_with(of_a_word));
        match words.last_mut() {
            Some(word) if joins => word.push(sign),
            _ => words.push(sign.to_string()),
        }
        in_text ^= sign == '"';
    }
    words
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02x}");
        encoded
    })
}

/// What is wrong with an answer; nothing where it is as promised.
fn fault(status: u16, media: &str, text: &str) -> Option<String> {
    if media.starts_with("text/event-stream") {
        let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        return whole.lines().filter_map(|line| line.strip_prefix("data:")).filter(|data| !data.trim().is_empty()).find_map(of_graphql);
    }
    // What is not of GraphQL at all has no body where HTTP says everything.
    match status {
        405 if text.is_empty() => return None,
        200 | 400 | 401 | 403 | 405 | 406 | 413 | 415 | 431 => {}
        503 if text.contains("LIMIT_EXCEEDED") => {}
        _ => return Some(format!("the status is {status}")),
    }
    if !media.contains("json") {
        return Some(format!("the media type is {media}"));
    }
    let ran = serde_json::from_str::<Value>(text).is_ok_and(|answer| answer.get("data").is_some());
    if media.contains("graphql-response") && ran != (status == 200) {
        return Some("the status does not say whether it ran".to_owned());
    }
    of_graphql(text)
}

fn of_graphql(text: &str) -> Option<String> {
    let Ok(Value::Object(answer)) = serde_json::from_str(text) else {
        return Some("it is no JSON object".to_owned());
    };
    if let Some(name) = answer.keys().find(|name| !["data", "errors", "extensions"].contains(&name.as_str())) {
        return Some(format!("it has a member {name}"));
    }
    let Some(errors) = answer.get("errors") else {
        return (!answer.get("data").is_some_and(Value::is_object)).then(|| "it has neither errors nor data".to_owned());
    };
    let Some(errors) = errors.as_array().filter(|errors| !errors.is_empty()) else {
        return Some("its errors are none".to_owned());
    };
    errors.iter().find_map(|error| {
        let code = error["extensions"]["code"].as_str().unwrap_or("no code");
        let message = error["message"].as_str().unwrap_or_default();
        let places = error["locations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let places = places.iter().all(|place| place["line"].as_u64() > Some(0) && place["column"].as_u64() > Some(0));
        let path = error["path"].as_array().is_none_or(|path| path.iter().all(|step| step.is_string() || step.is_u64()));
        match INSIDE.split('~').find(|word| message.contains(word)) {
            _ if !CODES.split('~').any(|known| known == code) => Some(format!("an error has {code}: {message}")),
            _ if message.is_empty() || !places || !path => Some(format!("an error is not as specified: {error}")),
            Some(word) => Some(format!("a message holds {word:?}: {message}")),
            None => None,
        }
    })
}

type Answered = Result<(u16, String, String), String>;

/// Asks, and once more where the connection was gone: the service ends one on which it left a body unread, and says so to nobody.
async fn ask(actor: &Actor, sent: &Sent) -> (Answered, Duration) {
    let asked = Instant::now();
    let answer = match send(actor, sent).await {
        Err(_) => send(actor, sent).await,
        answer => answer,
    };
    (answer, asked.elapsed())
}

async fn send(actor: &Actor, sent: &Sent) -> Answered {
    let request = actor.request(sent.method.clone(), &sent.path).headers(sent.headers.clone()).body(sent.body.clone());
    let mut response = request.send().await.map_err(|error| format!("no answer: {error:?}"))?;
    let media = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    // A stream goes on for as long as it is read.
    let patience = if media.starts_with("text/event-stream") { Duration::from_millis(100) } else { Duration::from_secs(60) };
    let whole = tokio::time::timeout(patience, async {
        while let Some(chunk) = response.chunk().await.map_err(|error| format!("half an answer: {error:?}"))? {
            bytes.extend_from_slice(&chunk);
        }
        Ok::<_, String>(())
    });
    if let Ok(Err(broken)) = whole.await {
        return Err(broken);
    }
    let text = String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())?;
    Ok((response.status().as_u16(), media, text))
}

/// Something to ask for of each kind that the operations name.
async fn objects(w: &World) -> Vec<String> {
    let mut ids: Vec<String> = [&w.taoyuan, &w.ziwei, &w.beimen, &w.shennong, &w.kunbo, &w.beimen_alliance].map(Clone::clone).into();
    for number in 0..4 {
        let need = json!({
            "community": w.taoyuan, "category": "ELDERLY", "form": "GOODS", "title": format!("送米 {number}"), "wanted": "30", "measure": "袋",
            "submit": true,
        });
        let need = w.secretary.post_need(need).await.done();
        if number > 1 {
            w.street.publish(&need).await.done();
        }
        ids.push(need.id().to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_is_answered_as_promised() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number")));
    let (seed, seconds) = (number("ALLIANCE_FUZZ_SEED"), number("ALLIANCE_FUZZ_SECONDS"));
    let seed = seed.unwrap_or_else(|| if seconds.is_some() { rand::random() } else { SEED });
    let time = Duration::from_secs(seconds.unwrap_or(10));
    eprintln!("ALLIANCE_FUZZ_SEED={seed}");
    let app = TestApp::with(|settings| settings.rate_limit = false).await;
    let w = app.world().await;
    let ids = objects(&w).await;
    let actors =
        [app.anyone(), w.district.clone(), w.street.clone(), w.secretary.clone(), w.unit.clone(), w.auditor.clone(), w.partner.clone()];
    let mut chance = Chance { dice: StdRng::seed_from_u64(seed), ids };
    let (begun, mut count, mut well) = (Instant::now(), 0_u64, 0_u64);
    while begun.elapsed() < time {
        let (actor, sent) = chance.request(&actors);
        count += 1;
        let (mut answer, mut took) = ask(&actor, &sent).await;
        if took > SOON {
            // What is slow is slow again; what the machine held up is not.
            (answer, took) = ask(&actor, &sent).await;
        }
        let wrong = match &answer {
            Err(wrong) => Some(wrong.clone()),
            Ok(_) if took > SOON => Some(format!("it took {took:?}")),
            Ok(_) if sent.method == Method::HEAD || sent.method == Method::OPTIONS => None,
            Ok((status, media, text)) => fault(*status, media, text),
        };
        if let Some(wrong) = wrong {
            let Sent { method, path, headers, body } = &sent;
            let body = String::from_utf8_lossy(body);
            panic!("request {count} of seed {seed}: {wrong}\n{method} {path}\n{headers:?}\n{body}\n\n{answer:?}");
        }
        well += u64::from(answer.is_ok_and(|(_, _, text)| !text.contains("\"errors\"")));
    }
    eprintln!("{count} requests, {well} of them answered without errors");
    assert!(well * 20 > count, "most of what is sent is refused at the door: {well} of {count} went well");
    assert_eq!(app.anyone().run("{ __typename }", json!({})).await.status, 200);
    app.check_invariants().await;
}
