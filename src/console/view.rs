//! What templates can call: words in both languages, dates and amounts, addresses, what a form was given and why it was refused.

use std::sync::{Arc, LazyLock, Mutex};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use minijinja::value::{Kwargs, Rest};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde_json::Value as Json;

use super::csv;
use super::forms::Fields;
use super::pages::{asset_address, file};
use super::sessions::FORM;
use super::words;
use super::{Outcome, Visit};
use crate::auth::sessions::new_secret;
use crate::calendar::{SHANGHAI, shanghai_day};
use crate::http::Http;
use crate::lang::Lang;

/// Where even the page of errors cannot be rendered.
pub(super) const BROKEN: &str = "<!doctype html><meta charset=utf-8><title>出错了</title><p>页面暂时无法显示，请稍后再试。<p lang=en>The page cannot be shown at the moment; try again later.";

/// What a page is rendered from.
pub(super) struct Context<'a> {
    pub(super) visit: &'a mut Visit,
    pub(super) viewer: &'a Json,
    pub(super) acting: &'a Json,
    pub(super) data: Json,
    pub(super) outcome: Outcome,
}

pub(super) fn render(http: &Http, context: Context<'_>, name: &str) -> Result<String, String> {
    fill(&format!("{name}.html"), Value::from_pairs(variables(http, context)))
}

/// The rows of a table as CSV has them, and after which cursor there are more.
#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: Vec<String>,
    pub(super) next: Option<String>,
}

/// The same page as a table: its template says each row by `row`, and by `goes_on` what the rows are a page of.
pub(super) fn table(http: &Http, context: Context<'_>, name: &str) -> Result<Table, String> {
    let table = Arc::new(Mutex::new(Table::default()));
    let mut all = variables(http, context);
    let into = table.clone();
    let row =
        move |cells: Rest<Value>| into.lock().expect("no panic under this lock").rows.push(csv::row(cells.iter().map(Value::to_string)));
    all.push(("row".to_owned(), Value::from_function(row)));
    let into = table.clone();
    let goes_on = move |info: Value| -> Result<(), Error> {
        let is_more = info.get_attr("hasNextPage")?.is_true();
        let cursor = info.get_attr("endCursor")?.as_str().map(str::to_owned);
        into.lock().expect("no panic under this lock").next = cursor.filter(|_| is_more);
        Ok(())
    };
    all.push(("goes_on".to_owned(), Value::from_function(goes_on)));
    fill(&format!("{name}.csv"), Value::from_pairs(all))?;
    let mut table = table.lock().expect("no panic under this lock");
    Ok(std::mem::take(&mut *table))
}

fn fill(name: &str, with: Value) -> Result<String, String> {
    let said = |error: Error| error.to_string();
    if cfg!(debug_assertions) {
        return environment().get_template(name).and_then(|template| template.render(with)).map_err(said);
    }
    static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);
    ENVIRONMENT.get_template(name).and_then(|template| template.render(with)).map_err(said)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_loader(|name| Ok(file(&format!("pages/{name}")).map(|text| text.into_owned())));
    environment.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_function("asset", |name: &str| asset_address(name));
    environment.add_filter("trimmed", |text: &str, most: usize| trimmed(text, most));
    environment
}

/// What the page asked for by its names; beside it what belongs to every page.
fn variables(http: &Http, context: Context<'_>) -> Vec<(String, Value)> {
    let Context { visit, viewer, acting, data, outcome } = context;
    let (lang, now) = (visit.lang, http.app.clock().now());
    let today = shanghai_day(now);
    let mut all: Vec<(String, Value)> = match data {
        Json::Object(fields) => fields.into_iter().map(|(name, value)| (name, of(value))).collect(),
        _ => Vec::new(),
    };
    let Outcome { done, given, refusals, payload, checked } = outcome;
    let refusals = refusals.as_array().cloned().unwrap_or_default();
    let fields: Vec<_> =
        refusals.iter().map(|refusal| (field(refusal), refusal["message"].as_str().unwrap_or_default().to_owned())).collect();
    let asked = visit.asked.clone();
    let here = visit.here.clone();
    let path = here.split(['?', '#']).next().unwrap_or_default().to_owned();
    let query = here.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
    let mut put = |name: &str, value: Value| all.push((name.to_owned(), value));
    put("lang", lang.pick("zh-CN", "en").into());
    put("is_zh", (lang == Lang::Zh).into());
    put("large", (visit.cookies.get("type") == Some("large")).into());
    put("me", of(viewer.clone()));
    put("acting", of(acting.clone()));
    put("told", of(visit.cookies.told()));
    put("page", visit.page.name.into());
    put("here", here.into());
    put("path", path.clone().into());
    put("today", today.to_string().into());
    put("now", now.to_rfc3339().into());
    put("form_secret", visit.cookies.get(FORM).unwrap_or_default().into());
    put("refusals", refusals.iter().map(with_field).collect::<Vec<_>>().into());
    put("tried", done.into());
    put("payload", of(payload));
    put("checked", checked.into());
    // A form that was checked is sent under the key that it had.
    let key = given.first("key").filter(|_| checked).map(str::to_owned);
    put("new_key", Value::from_function(move || key.clone().unwrap_or_else(new_secret)));
    put("t", Value::from_function(move |zh: Value, en: Value| lang.pick(zh, en)));
    put("term", Value::from_function(move |of: &str, code: Value| term(lang, of, code.as_str().unwrap_or_default())));
    put(
        "terms",
        Value::from_function(move |of: &str| {
            let all = words::all(of).ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("there are no terms {of}")))?;
            Ok::<_, Error>(
                all.iter().map(|(code, _)| Value::from(vec![Value::from(*code), term(lang, of, code).into()])).collect::<Vec<_>>(),
            )
        }),
    );
    put("date", Value::from_function(move |day: Value| date(lang, today, day.as_str().unwrap_or_default())));
    put("time", Value::from_function(move |at: Value| time(lang, today, at.as_str().unwrap_or_default())));
    put("clock", Value::from_function(move |at: Value| local(at.as_str().unwrap_or_default()).map(|at| at.format("%H:%M").to_string())));
    put(
        "day_of",
        Value::from_function(move |at: Value| local(at.as_str().unwrap_or_default()).map(|at| at.format("%Y-%m-%d").to_string())),
    );
    put("add_days", Value::from_function(move |day: &str, days: i64| add_days(day, days)));
    put("weekday", Value::from_function(move |day: &str| day.parse().map(|day: NaiveDate| weekday(lang, day)).unwrap_or_default()));
    put("until", Value::from_function(move |day: Value| until(lang, today, day.as_str().unwrap_or_default())));
    put("is_past", Value::from_function(move |day: Value| day.as_str().and_then(day_of).is_some_and(|day| day < today)));
    put("number", Value::from_function(move |text: Value| number(&text.to_string())));
    put("share", Value::from_function(|part: Value, whole: Value| share(&part.to_string(), &whole.to_string())));
    let (form, question) = (given.clone(), visit.asked.clone());
    put(
        "chosen",
        Value::from_function(move |name: &str, value: &str| {
            let from = if form.pairs().is_empty() { &question } else { &form };
            from.all(name).any(|known| known == value)
        }),
    );
    put(
        "given",
        Value::from_function(move |name: &str, default: Option<Value>| {
            let found = given.first(name).or_else(|| asked.first(name)).map(Value::from);
            found.or(default).unwrap_or_else(|| "".into())
        }),
    );
    put(
        "refusal",
        Value::from_function(move |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, message)| message.clone())),
    );
    put("url", Value::from_function(move |changes: Kwargs| address(&path, &query, &changes)));
    put("text", Value::from_function(move |parts: Rest<Value>| parts.iter().map(Value::to_string).collect::<String>()));
    all
}

/// JSON as templates see it.
fn of(json: Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(is) => is.into(),
        Json::Number(number) => number.as_i64().map_or_else(|| number.as_f64().unwrap_or_default().into(), Value::from),
        Json::String(text) => text.into(),
        Json::Array(items) => items.into_iter().map(of).collect::<Vec<_>>().into(),
        Json::Object(fields) => Value::from_pairs(fields.into_iter().map(|(name, value)| (name, of(value)))),
    }
}

/// The field of a form that a refusal is about; empty where it is about the whole.
fn field(refusal: &Json) -> String {
    let path = refusal["path"].as_array().map(Vec::as_slice).unwrap_or_default();
    path.iter().filter_map(Json::as_str).find(|step| *step != "input").unwrap_or_default().to_owned()
}

fn with_field(refusal: &Json) -> Value {
    let mut refusal = refusal.clone();
    refusal["field"] = field(&refusal).into();
    of(refusal)
}

/// The word for a value: the Chinese term, or the code in small letters.
fn term(lang: Lang, of: &str, code: &str) -> String {
    let zh = words::all(of).and_then(|all| all.iter().find(|(known, _)| *known == code)).map(|(_, zh)| *zh);
    match (lang, zh) {
        (Lang::Zh, Some(zh)) => zh.to_owned(),
        _ => {
            let words = code.replace('_', " ").to_lowercase();
            words.get(..1).map(|first| first.to_uppercase() + &words[1..]).unwrap_or_default()
        }
    }
}

fn day_of(text: &str) -> Option<NaiveDate> {
    text.parse().ok().or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| shanghai_day(at.with_timezone(&Utc))))
}

fn local(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&SHANGHAI))
}

/// `3月10日`, with the year where it is another.
fn date(lang: Lang, today: NaiveDate, text: &str) -> String {
    let Some(day) = day_of(text) else { return String::new() };
    let (same, month) = (day.year() == today.year(), day.month());
    match lang {
        Lang::Zh if same => format!("{month}月{}日", day.day()),
        Lang::Zh => format!("{}年{month}月{}日", day.year(), day.day()),
        Lang::En if same => day.format("%-d %b").to_string(),
        Lang::En => day.format("%-d %b %Y").to_string(),
    }
}

fn time(lang: Lang, today: NaiveDate, text: &str) -> String {
    local(text).map(|at| format!("{} {}", date(lang, today, text), at.format("%H:%M"))).unwrap_or_default()
}

fn weekday(lang: Lang, day: NaiveDate) -> String {
    let zh = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"][day.weekday().num_days_from_monday() as usize];
    lang.pick(zh.to_owned(), day.format("%a").to_string())
}

fn add_days(day: &str, days: i64) -> Option<String> {
    let day: NaiveDate = day.parse().ok()?;
    day.checked_add_signed(chrono::TimeDelta::try_days(days)?).map(|day| day.to_string())
}

/// How far away a day is: `今天`, `还有3天`, `已过2天`.
fn until(lang: Lang, today: NaiveDate, text: &str) -> String {
    let Some(day) = day_of(text) else { return String::new() };
    match ((day - today).num_days(), lang) {
        (0, lang) => lang.pick("今天", "today").to_owned(),
        (1, lang) => lang.pick("明天", "tomorrow").to_owned(),
        (-1, Lang::Zh) => "已过1天".to_owned(),
        (-1, Lang::En) => "1 day over".to_owned(),
        (days, Lang::Zh) if days > 0 => format!("还有{days}天"),
        (days, Lang::En) if days > 0 => format!("in {days} days"),
        (days, Lang::Zh) => format!("已过{}天", -days),
        (days, Lang::En) => format!("{} days over", -days),
    }
}

/// A number with its thousands set apart.
fn number(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let mut apart = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            apart.push(',');
        }
        apart.push(digit);
    }
    let part = part.filter(|part| part.bytes().any(|digit| digit != b'0')).map(|part| format!(".{part}")).unwrap_or_default();
    format!("{sign}{apart}{part}")
}

/// A part of a whole in hundredths, for bars.
fn share(part: &str, whole: &str) -> f64 {
    let (part, whole): (f64, f64) = (part.parse().unwrap_or(0.0), whole.parse().unwrap_or(0.0));
    if whole > 0.0 { (part / whole * 1000.0).round() / 10.0 } else { 0.0 }
}

/// The address of this page with some of its questions changed; one that is empty is left out.
fn address(path: &str, query: &str, changes: &Kwargs) -> Result<String, Error> {
    let changed: Vec<&str> = changes.args().collect();
    let mut pairs: Vec<(String, String)> = Fields::read(query.as_bytes()).pairs().to_vec();
    // Another question begins at the first of its rows.
    pairs.retain(|(name, _)| !changed.contains(&name.as_str()) && !["after", "before"].contains(&name.as_str()));
    for name in changed {
        let value: Value = changes.get(name)?;
        if !value.is_none() && !value.is_undefined() && !value.to_string().is_empty() {
            pairs.push((name.to_owned(), value.to_string()));
        }
    }
    let query = serde_urlencoded::to_string(&pairs).unwrap_or_default();
    Ok(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
}

fn trimmed(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
