//! What is asked: for each work the same questions of every peer, each in its own words, and how its answers are brought to one form.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::Result;
use crate::data::{Database, connect};
use crate::process::Peer;

pub struct Work {
    pub name: &'static str,
    /// Whether our service is asked by the district's account, else by nobody.
    pub signed_in: bool,
    alliance: Vec<String>,
    floor: Vec<String>,
    /// Where PostGraphile has something to say.
    postgraphile: Option<Vec<String>>,
    pub shape: fn(Peer, Value) -> Value,
}

impl Work {
    pub fn questions(&self, peer: Peer) -> Option<&[String]> {
        match peer {
            Peer::Alliance => Some(&self.alliance),
            Peer::Floor => Some(&self.floor),
            Peer::Postgraphile => self.postgraphile.as_deref(),
        }
    }
}

const CATEGORIES: [&str; 8] = ["ELDERLY", "LEGAL", "HEALTH", "CULTURE_SPORT", "SAFETY", "CHILDREN", "ENVIRONMENT", "GOVERNANCE"];

fn global(kind: &str, key: Uuid) -> String {
    format!("{kind}_{}", key.simple())
}

/// A question as one line, without what a script in Lua would take amiss.
fn question(document: &str, variables: Value) -> String {
    let document = document.split_whitespace().collect::<Vec<_>>().join(" ");
    json!({ "query": document, "variables": variables }).to_string()
}

/// Quantities as thousandths: `"1.5"`, `1500` and `"1500"` are three spellings of one.
fn thousandths(peer: Peer, value: &Value) -> Value {
    match (peer, value) {
        (Peer::Alliance, Value::String(text)) => json!((text.parse::<f64>().unwrap_or(f64::NAN) * 1000.0).round() as i64),
        (_, Value::String(text)) => json!(text.parse::<i64>().ok()),
        (_, other) => other.clone(),
    }
}

fn list(answer: &Value) -> Vec<Value> {
    answer.as_array().cloned().unwrap_or_default()
}

async fn keys(client: &Client, sql: &str, district: Uuid) -> Result<Vec<Uuid>> {
    Ok(client.query(sql, &[&district]).await?.iter().map(|row| row.get(0)).collect())
}

pub async fn all(database: &Database) -> Result<Vec<Work>> {
    let client = connect(&database.url).await?;
    let district: Uuid = client.query_one("SELECT id FROM areas WHERE level = 'DISTRICT' AND code = '220303'", &[]).await?.get(0);
    let needs = keys(&client, "SELECT id FROM needs WHERE district_id = $1 ORDER BY md5(id::text) LIMIT 64", district).await?;
    let units = keys(&client, "SELECT id FROM units WHERE district_id = $1 ORDER BY md5(id::text) LIMIT 64", district).await?;
    let zones =
        keys(&client, "SELECT id FROM zones WHERE district_id = $1 AND sittings IS NULL ORDER BY md5(id::text) LIMIT 64", district).await?;
    let tomorrow = "SELECT ((now() AT TIME ZONE 'Asia/Shanghai')::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'";
    let tomorrow = client.query_one(tomorrow, &[]).await?.get(0);
    Ok(vec![needs_page(district), pledge_search(&client, district).await?, free_times(&zones, tomorrow), unit_year(&units), node(&needs)])
}

fn needs_page(district: Uuid) -> Work {
    let ours = "query($area: ID!, $category: [NeedCategory!]) { needs(filter: { area: $area, category: $category }, first: 20) { nodes {
        id title measure wanted community { name parent { name } } matches(first: 10) { nodes { id status quantity unit { name } } }
        viewerCan { action allowed } } } }";
    let theirs = "query($area: UUID!, $category: String!) { allNeeds(condition: { districtId: $area, category: $category }, first: 20, orderBy: ID_DESC) {
        nodes { id title measure wanted community: areaByCommunityId { name parent: areaByParentId { name } }
        matches: matchesByNeedId(first: 10, orderBy: ID_DESC) { nodes { id status quantity unit: unitByUnitId { name } } } } } }";
    Work {
        name: "needs, three levels",
        signed_in: true,
        alliance: CATEGORIES.map(|category| question(ours, json!({ "area": global("area", district), "category": [category] }))).to_vec(),
        floor: CATEGORIES.map(|category| json!({ "work": "needs", "area": district, "category": category }).to_string()).to_vec(),
        postgraphile: Some(CATEGORIES.map(|category| question(theirs, json!({ "area": district, "category": category }))).to_vec()),
        shape: |peer, answer| {
            let nodes = match peer {
                Peer::Alliance => list(&answer["data"]["needs"]["nodes"]),
                Peer::Floor => list(&answer),
                Peer::Postgraphile => list(&answer["data"]["allNeeds"]["nodes"]),
            };
            let one = |need: Value| {
                let matches = if peer == Peer::Floor { list(&need["matches"]) } else { list(&need["matches"]["nodes"]) };
                let matches = matches.into_iter().map(|one| {
                    json!({ "id": one["id"], "status": one["status"], "quantity": thousandths(peer, &one["quantity"]), "unit": one["unit"] })
                });
                json!({ "id": need["id"], "title": need["title"], "measure": need["measure"], "wanted": thousandths(peer, &need["wanted"]),
                    "community": need["community"], "matches": matches.collect::<Vec<_>>() })
            };
            nodes.into_iter().map(one).collect()
        },
    }
}

async fn pledge_search(client: &Client, district: Uuid) -> Result<Work> {
    let words = client
        .query(
            "SELECT p.category, w.word FROM search_words w JOIN pledges p ON p.id = w.node_id WHERE w.kind = 'pledge' AND p.district_id = $1
             AND p.status = 'LISTED' AND char_length(w.word) = 2 GROUP BY 1, 2 ORDER BY count(*) DESC, 2 LIMIT 16",
            &[&district],
        )
        .await?;
    let asked: Vec<(String, String)> = words.iter().map(|row| (row.get(0), row.get(1))).collect();
    let ours = "query($area: ID!, $category: [NeedCategory!], $search: String!) { pledges(first: 20, filter: {
        area: $area, category: $category, availableAtLeast: \"1\", search: $search }) { nodes { id title measure available unit { name } } } }";
    Ok(Work {
        name: "pledges by text",
        // The district sees more than the list.
        signed_in: false,
        alliance: asked
            .iter()
            .map(|(category, word)| question(ours, json!({ "area": global("area", district), "category": [category], "search": word })))
            .collect(),
        floor: asked
            .iter()
            .map(|(category, word)| json!({ "work": "pledges", "area": district, "category": category, "word": word }).to_string())
            .collect(),
        postgraphile: None,
        shape: |peer, answer| {
            let nodes = if peer == Peer::Alliance { list(&answer["data"]["pledges"]["nodes"]) } else { list(&answer) };
            let one = |pledge: Value| {
                json!({ "id": pledge["id"], "title": pledge["title"], "measure": pledge["measure"], "unit": pledge["unit"],
                    "available": thousandths(peer, &pledge["available"]) })
            };
            nodes.into_iter().map(one).collect()
        },
    })
}

fn free_times(zones: &[Uuid], from: chrono::DateTime<chrono::Utc>) -> Work {
    let to = from + chrono::TimeDelta::days(28);
    let ours = "query($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ... on FunctionZone {
        free(from: $from, to: $to, minutes: 60) { startsAt endsAt } } } }";
    let ask = |zone: &Uuid| question(ours, json!({ "id": global("zone", *zone), "from": from, "to": to }));
    Work {
        name: "free times, four weeks",
        signed_in: true,
        alliance: zones.iter().map(ask).collect(),
        floor: zones.iter().map(|zone| json!({ "work": "free", "zone": zone, "from": from, "to": to }).to_string()).collect(),
        postgraphile: None,
        shape: |peer, answer| {
            let seconds = |value: &Value| match value {
                Value::String(text) => json!(text.parse::<chrono::DateTime<chrono::Utc>>().map(|at| at.timestamp()).ok()),
                other => other.clone(),
            };
            let spans = if peer == Peer::Alliance { list(&answer["data"]["node"]["free"]) } else { list(&answer) };
            spans.into_iter().map(|span| json!({ "startsAt": seconds(&span["startsAt"]), "endsAt": seconds(&span["endsAt"]) })).collect()
        },
    }
}

fn unit_year(units: &[Uuid]) -> Work {
    let ours = "query($id: ID!) { node(id: $id) { ... on MemberUnit { name pledges(first: 20) { nodes { title available } } } }
        matches(filter: { unit: $id }, first: 50) { nodes { quantity accepted community { name } } } }";
    let theirs = "query($id: UUID!) { unit: unitById(id: $id) { name
        pledges: pledgesByUnitId(first: 20, orderBy: ID_DESC) { nodes { title available } }
        matches: matchesByUnitId(first: 50, orderBy: ID_DESC) { nodes { quantity accepted community: areaByCommunityId { name } } } } }";
    Work {
        name: "a unit's year",
        signed_in: true,
        alliance: units.iter().map(|unit| question(ours, json!({ "id": global("unit", *unit) }))).collect(),
        floor: units.iter().map(|unit| json!({ "work": "unit", "unit": unit }).to_string()).collect(),
        postgraphile: Some(units.iter().map(|unit| question(theirs, json!({ "id": unit }))).collect()),
        shape: |peer, answer| {
            let (unit, pledges, matches) = match peer {
                Peer::Alliance => {
                    (&answer["data"]["node"], &answer["data"]["node"]["pledges"]["nodes"], &answer["data"]["matches"]["nodes"])
                }
                Peer::Floor => (&answer[0], &answer[0]["pledges"], &answer[0]["matches"]),
                Peer::Postgraphile => {
                    let unit = &answer["data"]["unit"];
                    (unit, &unit["pledges"]["nodes"], &unit["matches"]["nodes"])
                }
            };
            let pledge = |one: Value| json!({ "title": one["title"], "available": thousandths(peer, &one["available"]) });
            let exchange = |one: Value| json!({ "quantity": thousandths(peer, &one["quantity"]), "accepted": thousandths(peer, &one["accepted"]), "community": one["community"] });
            json!([
                unit["name"],
                list(pledges).into_iter().map(pledge).collect::<Vec<_>>(),
                list(matches).into_iter().map(exchange).collect::<Vec<_>>()
            ])
        },
    }
}

fn node(needs: &[Uuid]) -> Work {
    let ours = "query($id: ID!) { node(id: $id) { ... on CommunityNeed { id title wanted community { name } } } }";
    let theirs = "query($id: UUID!) { needById(id: $id) { id title wanted community: areaByCommunityId { name } } }";
    Work {
        name: "a need by id",
        signed_in: true,
        alliance: needs.iter().map(|need| question(ours, json!({ "id": global("need", *need) }))).collect(),
        floor: needs.iter().map(|need| json!({ "work": "node", "need": need }).to_string()).collect(),
        postgraphile: Some(needs.iter().map(|need| question(theirs, json!({ "id": need }))).collect()),
        shape: |peer, answer| {
            let need = match peer {
                Peer::Alliance => &answer["data"]["node"],
                Peer::Floor => &answer[0],
                Peer::Postgraphile => &answer["data"]["needById"],
            };
            json!([{ "id": need["id"], "title": need["title"], "wanted": thousandths(peer, &need["wanted"]), "community": need["community"] }])
        },
    }
}
