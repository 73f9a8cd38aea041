//! What a robot says: the changes of its area in lines, and the digest.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::json;

use super::entity::robot;
use super::rules::{message, plain};
use crate::app::App;
use crate::areas::entity::area;
use crate::areas::rules::AreaLevel;
use crate::auth::{Identity, Role, RoleGrant, Viewer};
use crate::calendar::SHANGHAI;
use crate::error::{AppError, Result};
use crate::graphql::ask::ask;
use crate::ids::{GlobalId, NodeKind};
use crate::journal::ChangeKind;
use crate::journal::feed::Position;
use crate::lang::Lang;

const CHANGES: &str = "
    query($after: String!, $kinds: [ChangeKind!]) {
      changes(after: $after, kinds: $kinds) {
        cursor
        hasMore
        changes {
          cursor
          kind
          node {
            ... on CommunityNeed { title measure unmatched community { ...Place } }
            ... on Match { measure quantity unit { name } community { ...Place } need { title } pledge { title } }
            ... on Delivery { quantity match { measure unit { name } community { ...Place } need { title } pledge { title } } }
            ... on Booking { startsAt zone { name venue { name area { ...Place } } } }
          }
        }
      }
    }
    fragment Place on GovernanceArea { id name parent { id parent { id } } }";

/// What waits in an area, counted.
const DIGEST: &str = "
    query($area: ID!, $soon: Date!) {
      review: needs(filter: { area: $area, status: [SUBMITTED] }) { totalCount }
      hall: needs(filter: { area: $area, status: [PUBLISHED_DIRECTED, PUBLISHED_OPEN, ESCALATED] }) { totalCount }
      soon: needs(filter: { area: $area, status: [PUBLISHED_DIRECTED, PUBLISHED_OPEN, ESCALATED], dueBefore: $soon }) { totalCount }
      answer: matches(filter: { status: [APPLIED] }) { totalCount }
      fulfil: matches(filter: { status: [CONFIRMED, FULFILLING] }) { totalCount }
      accept: matches(filter: { status: [DELIVERED] }) { totalCount }
      reassign: matches(filter: { reassign: true }) { totalCount }
    }";

#[derive(Deserialize)]
struct Feed {
    changes: Batch,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    changes: Vec<Change>,
    cursor: String,
}

#[derive(Deserialize)]
struct Change {
    cursor: String,
    kind: ChangeKind,
    node: Option<Object>,
}

/// The fields of whatever it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    title: Option<String>,
    measure: Option<String>,
    unmatched: Option<String>,
    quantity: Option<String>,
    unit: Option<Named>,
    community: Option<Place>,
    need: Option<Titled>,
    pledge: Option<Titled>,
    #[serde(rename = "match")]
    of: Option<Box<Object>>,
    starts_at: Option<DateTime<Utc>>,
    zone: Option<Zone>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Titled {
    title: String,
}

#[derive(Deserialize)]
struct Zone {
    name: String,
    venue: Venue,
}

#[derive(Deserialize)]
struct Venue {
    name: String,
    area: Place,
}

#[derive(Deserialize)]
struct Place {
    id: String,
    name: Option<String>,
    parent: Option<Box<Place>>,
}

impl Place {
    fn is_within(&self, area: &str) -> bool {
        self.id == area || self.parent.as_ref().is_some_and(|parent| parent.is_within(area))
    }
}

/// Who reads for the group of an area: what those who work there may read.
fn reader(robot: &robot::Model, area: &area::Model, today: NaiveDate, now: DateTime<Utc>) -> Viewer {
    let role = match area.level {
        AreaLevel::District => Role::DistrictAdmin,
        AreaLevel::Street => Role::StreetOfficer,
        _ => Role::CommunitySecretary,
    };
    let grant = RoleGrant {
        id: robot.id,
        account_id: robot.id,
        role,
        area_id: Some(area.id),
        unit_id: None,
        valid_from: today,
        valid_until: Some(today),
        granted_at: now,
        revoked_at: None,
    };
    Viewer::new(Identity { id: robot.id, name: robot.name.clone(), session: robot.id }, vec![grant])
}

/// A message, and how far in the feed it goes; without one there is nothing to say up to there.
pub struct News {
    pub text: Option<String>,
    pub end: Position,
}

fn heading(area: &area::Model) -> String {
    format!("党建联盟·{}", area.name)
}

/// The next changes of the area, as many as one message holds.
pub async fn news(app: &App, robot: &robot::Model, area: &area::Model) -> Result<News> {
    let now = app.clock().now();
    let viewer = reader(robot, area, crate::calendar::shanghai_day(now), now);
    let variables = json!({ "after": robot.position().cursor(), "kinds": robot.kinds() });
    let Feed { changes: batch } = ask(app, viewer, Lang::Zh, CHANGES, variables).await?;
    let id = GlobalId::new(NodeKind::Area, area.id).to_string();
    let told: Vec<(String, String)> =
        batch.changes.into_iter().filter_map(|change| Some((line(change.kind, change.node?, &id)?, change.cursor))).collect();
    let lines: Vec<String> = told.iter().map(|(line, _)| line.clone()).collect();
    if lines.is_empty() {
        return Ok(News { text: None, end: Position::parse(&batch.cursor)? });
    }
    let (text, taken) = message(&heading(area), &lines);
    let end = if taken == lines.len() { &batch.cursor } else { told.get(taken.max(1) - 1).map_or(&batch.cursor, |(_, cursor)| cursor) };
    Ok(News { text: Some(text), end: Position::parse(end)? })
}

/// A change in a line; nothing where it happened elsewhere.
fn line(kind: ChangeKind, object: Object, area: &str) -> Option<String> {
    let what = kind.zh();
    if let Some(zone) = &object.zone {
        let at = object.starts_at?.with_timezone(&SHANGHAI).format("%m月%d日 %H:%M");
        return zone.venue.area.is_within(area).then(|| format!("{what}：{}·{}，{at}", plain(&zone.venue.name), plain(&zone.name)));
    }
    // A delivery is told by its match and its own quantity.
    let quantity = object.quantity.clone();
    let object = object.of.as_deref().unwrap_or(&object);
    let community = object.community.as_ref().filter(|community| community.is_within(area))?;
    let place = plain(community.name.as_deref().unwrap_or_default());
    let measure = plain(object.measure.as_deref().unwrap_or_default());
    let title = object.title.as_deref().or(object.need.as_ref().or(object.pledge.as_ref()).map(|titled| titled.title.as_str()));
    let title = plain(title?);
    Some(match (&object.unit, quantity, &object.unmatched) {
        (Some(unit), Some(quantity), _) => format!("{what}：{} — {title}（{place}，{quantity} {measure}）", plain(&unit.name)),
        (_, _, Some(unmatched)) if unmatched != "0" => format!("{what}：{title}（{place}，尚缺 {unmatched} {measure}）"),
        _ => format!("{what}：{title}（{place}）"),
    })
}

#[derive(Deserialize)]
struct Counts {
    review: Count,
    hall: Count,
    soon: Count,
    answer: Count,
    fulfil: Count,
    accept: Count,
    reassign: Count,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_count: u64,
}

/// What waits in the area this morning.
pub async fn digest(app: &App, robot: &robot::Model, area: &area::Model, today: NaiveDate) -> Result<String> {
    let viewer = reader(robot, area, today, app.clock().now());
    let soon = today.checked_add_days(Days::new(4)).ok_or_else(|| AppError::internal("the last day of all"))?;
    let variables = json!({ "area": GlobalId::new(NodeKind::Area, area.id).to_string(), "soon": soon.to_string() });
    let counts: Counts = ask(app, viewer, Lang::Zh, DIGEST, variables).await?;
    let lines: Vec<String> = [
        ("待审核需求", counts.review),
        ("待认领需求", counts.hall),
        ("其中三日内到期", counts.soon),
        ("待确认对接", counts.answer),
        ("履约中对接", counts.fulfil),
        ("待验收对接", counts.accept),
        ("待重新安排对接", counts.reassign),
    ]
    .into_iter()
    .filter(|(_, count)| count.total_count > 0)
    .map(|(what, count)| format!("{what}：{} 件", count.total_count))
    .collect();
    let lines = if lines.is_empty() { vec!["今日没有待办事项".to_owned()] } else { lines };
    Ok(message(&format!("{} {} 工作提醒", heading(area), today.format("%-m月%-d日")), &lines).0)
}

/// That the robot is there.
pub fn test(area: &area::Model) -> String {
    message(&heading(area), &["测试消息：群机器人已接通".to_owned()]).0
}
