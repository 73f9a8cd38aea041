//! What the operations of a work need, made by the service's own mutations, and the operations.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use super::service::{Operation, People, Service, ask, clients, each};
use super::{Bench, PREPARED, Work, copy};
use crate::Result;
use crate::data::connect;
use crate::process::Postgres;

/// Makes what the operations of a work need, and the operations.
pub async fn prepare(bench: &Bench<'_>, work: Work, count: usize) -> Result<Arc<Vec<Operation>>> {
    eprintln!("{}: preparing {count} operations", work.name());
    copy("district_1", PREPARED).await?;
    let service = Service::start(bench, PREPARED).await?;
    let clients = clients();
    let people = Arc::new(People::sign_in(&clients[0]).await?);
    let needs = Arc::new(needs().await?);
    let now: DateTime<Utc> = connect(&Postgres::url(PREPARED)).await?.query_one("SELECT now()", &[]).await?.get(0);
    let operations = match work {
        Work::Post => (0..count).map(|n| post(&people, &needs, n, 1)).collect(),
        Work::Claim => {
            let made = each(0..count, &clients, move |n, client| {
                let (people, needs) = (people.clone(), needs.clone());
                async move { Ok(claim(&people, n, &published(&client, &people, &needs, n, 1).await?)) }
            });
            made.await?
        }
        Work::ClaimSame => {
            let need = published(&clients[0], &people, &needs, 0, count).await?;
            (0..count).map(|n| claim(&people, n, &need)).collect()
        }
        Work::Accept => {
            let made = each(0..count, &clients, move |n, client| {
                let (people, needs) = (people.clone(), needs.clone());
                async move {
                    let delivery = delivered(&client, &people, &needs, n, now).await?;
                    Ok(people.pair(n).0.operation("acceptDelivery", json!({ "delivery": delivery, "quantity": "1" })))
                }
            });
            made.await?
        }
        Work::Book => bookings(&clients, &people, count, now).await?,
    };
    service.end().await?;
    connect(&Postgres::url(PREPARED)).await?.batch_execute("VACUUM ANALYZE").await?;
    Ok(Arc::new(operations))
}

/// What the needs of the district are about: words as people use them.
async fn needs() -> Result<Vec<Value>> {
    let sql = "SELECT category, form, left(title, 50), description, measure FROM needs WHERE form <> 'VENUE_TIME' ORDER BY md5(id::text)";
    let rows = connect(&Postgres::url(PREPARED)).await?.query(sql, &[]).await?;
    let need = |row: &tokio_postgres::Row| {
        let text = |place| row.get::<_, Option<String>>(place);
        json!({ "category": text(0), "form": text(1), "title": text(2), "description": text(3), "measure": text(4) })
    };
    Ok(rows.iter().map(need).collect())
}

fn post(people: &People, needs: &[Value], n: usize, wanted: usize) -> Operation {
    let mut input = needs[n % needs.len()].clone();
    let secretary = people.pair(n).0;
    input["title"] = json!(format!("{}（{n}）", input["title"].as_str().unwrap_or_default()));
    input["community"] = json!(secretary.place);
    input["wanted"] = json!(wanted.to_string());
    input["directedTo"] = json!(people.units.each_ref().map(|unit| &unit.place));
    input["submit"] = json!(true);
    secretary.operation("postNeed", input)
}

async fn published(client: &Client, people: &People, needs: &[Value], n: usize, wanted: usize) -> Result<String> {
    let need = post(people, needs, n, wanted).send(client, None).await?;
    people.district.operation("publishNeed", json!(need)).send(client, None).await
}

fn claim(people: &People, n: usize, need: &str) -> Operation {
    let unit = people.pair(n).1;
    unit.operation("claimNeed", json!({ "need": need, "unit": unit.place, "quantity": "1", "plan": "本周内由志愿者送到社区" }))
}

/// A report of delivery that waits for the community's answer.
async fn delivered(client: &Client, people: &People, needs: &[Value], n: usize, now: DateTime<Utc>) -> Result<String> {
    let (secretary, unit) = people.pair(n);
    let need = published(client, people, needs, n, 1).await?;
    let exchange = claim(people, n, &need).send(client, None).await?;
    secretary.operation("confirmMatch", json!(exchange)).send(client, None).await?;
    let today = now.with_timezone(&FixedOffset::east_opt(8 * 3600).ok_or("no such zone")?).date_naive();
    let report = json!({ "match": exchange, "quantity": "1", "deliveredOn": today, "fairValue": "120", "hours": "2" });
    unit.operation("reportDelivery", report).send(client, None).await
}

/// Hours that are free in many zones, one zone after the other, so that callers seldom meet in one.
async fn bookings(clients: &[Client], people: &Arc<People>, count: usize, now: DateTime<Utc>) -> Result<Vec<Operation>> {
    let sql = "SELECT id FROM zones WHERE sittings IS NULL AND closed_on IS NULL ORDER BY md5(id::text) LIMIT 64";
    let rows = connect(&Postgres::url(PREPARED)).await?.query(sql, &[]).await?;
    let zones: Vec<String> = rows.iter().map(|row| format!("zone_{}", row.get::<_, Uuid>(0).simple())).collect();
    let mut free = Vec::new();
    for zone in &zones {
        free.push(free_hours(&clients[0], people, zone, now).await?);
    }
    let one = |n: usize| {
        let (zone, unit) = (n % zones.len(), people.pair(n).1);
        let starts = free[zone].get(n / zones.len()).ok_or("too few free hours")?;
        let input = json!({ "zone": zones[zone], "unit": unit.place, "startsAt": starts, "endsAt": *starts + TimeDelta::hours(1),
            "purpose": "主题党日活动", "headcount": 8 });
        Ok(unit.operation("bookZone", input))
    };
    (0..count).map(one).collect()
}

/// The hours that can all be booked in a zone in the next eight weeks.
async fn free_hours(client: &Client, people: &People, zone: &str, now: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>> {
    let document = "query($id: ID!, $from: DateTime!, $to: DateTime!) { node(id: $id) { ... on FunctionZone {
        bufferBefore bufferAfter free(from: $from, to: $to, minutes: 60) { startsAt endsAt } } } }";
    let from = (now + TimeDelta::days(1)).date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let variables = json!({ "id": zone, "from": from, "to": from + TimeDelta::days(56) });
    let answer = ask(client, &people.units[0].token, None, json!({ "query": document, "variables": variables }).to_string()).await?;
    let zone = &answer["node"];
    let minutes = |name| zone[name].as_i64().unwrap_or_default();
    let step = TimeDelta::minutes(60 + minutes("bufferBefore") + minutes("bufferAfter"));
    let mut hours = Vec::new();
    for span in zone["free"].as_array().into_iter().flatten() {
        let at = |name| span[name].as_str().unwrap_or_default().parse::<DateTime<Utc>>();
        let (mut starts, ends) = (at("startsAt")?, at("endsAt")?);
        while starts + TimeDelta::hours(1) <= ends {
            hours.push(starts);
            starts += step;
        }
    }
    Ok(hours)
}
