//! Works whose answers are in no row: they are worked out.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Caller, Work, global, list, question, start_of, thousandths};
use crate::floor::Question;
use crate::floor::Value::{Day, Key, Time};
use crate::process::Peer;
use crate::subjects::Subjects;

pub fn free_times(of: &Subjects) -> Work {
    let from = start_of(of.today + TimeDelta::days(1));
    let to = from + TimeDelta::days(28);
    let ours = "query($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ... on FunctionZone {
        free(from: $from, to: $to, minutes: 60) { startsAt endsAt } } } }";
    let ask = |zone: &Uuid| question(ours, json!({ "id": global("zone", *zone), "from": from, "to": to }));
    Work {
        name: "free times, four weeks",
        caller: Caller::District,
        alliance: of.zones.iter().map(ask).collect(),
        floor: of.zones.iter().map(|zone| Question::text("free", [Key(*zone), Time(from), Time(to)])).collect(),
        postgraphile: None,
        shape: |peer, answer| {
            let seconds = |value: &Value| match value {
                Value::String(text) => json!(text.parse::<DateTime<Utc>>().map(|at| at.timestamp()).ok()),
                other => other.clone(),
            };
            let spans = if peer == Peer::Alliance { list(&answer["data"]["node"]["free"]) } else { list(&answer) };
            spans.into_iter().map(|span| json!({ "startsAt": seconds(&span["startsAt"]), "endsAt": seconds(&span["endsAt"]) })).collect()
        },
    }
}

pub fn statistics(of: &Subjects) -> Work {
    let (from, to) = of.year();
    let ours = "query($area: ID!, $from: Date!, $to: Date!) { statistics(area: $area, from: $from, to: $to) {
        memberUnits contributionTotal contributionHours needsByCategory { category count } matchesByStatus { status count } } }";
    let values = [Key(of.district), Day(from), Day(to), Time(start_of(from)), Time(start_of(to + TimeDelta::days(1)))];
    Work {
        name: "statistics of a district",
        caller: Caller::District,
        alliance: vec![question(ours, json!({ "area": global("area", of.district), "from": from, "to": to }))],
        floor: vec![Question::text("statistics", values)],
        postgraphile: None,
        shape: |peer, answer| {
            let figures = if peer == Peer::Alliance { &answer["data"]["statistics"] } else { &answer[0] };
            let total = match thousandths(peer, &figures["contributionTotal"]) {
                // The floor says fen.
                Value::Number(thousandths) if peer == Peer::Alliance => json!(thousandths.as_i64().map(|thousandths| thousandths / 10)),
                fen => fen,
            };
            json!([{ "memberUnits": figures["memberUnits"], "contributionTotal": total,
                "contributionHours": thousandths(peer, &figures["contributionHours"]),
                "needsByCategory": figures["needsByCategory"], "matchesByStatus": figures["matchesByStatus"] }])
        },
    }
}
