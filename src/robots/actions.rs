//! Adding robots, changing, pausing, resuming, testing and removing them.

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use super::entity::{hold, permit, robot, visible_to};
use super::rules;
use crate::areas::rules::{check_current, check_keeps_records, check_name};
use crate::auth::Permit;
use crate::error::Result;
use crate::journal::feed::Position;
use crate::journal::{ChangeKind, Entry};
use crate::refusal::Refusal;
use crate::webhooks::entity::wrong_state;
use crate::webhooks::rules::{PauseReason, WebhookStatus};
use crate::work::Work;

/// Robots of one area.
const MOST: u64 = 10;
/// What a key is sealed for.
pub(super) const PURPOSE: &str = "robot";

#[derive(Clone, Debug)]
pub struct NewRobot {
    pub area: Uuid,
    pub name: String,
    pub key: String,
    pub kinds: Option<Vec<ChangeKind>>,
    pub digest_at: Option<String>,
    pub after: Position,
}

/// What is to be changed; what is absent stays. A digest that is there and empty is none.
#[derive(Clone, Debug)]
pub struct Changes {
    pub name: Option<String>,
    pub key: Option<String>,
    pub kinds: Option<Vec<ChangeKind>>,
    pub digest_at: Option<Option<String>>,
}

fn sealed(work: &Work, key: &str) -> Result<String> {
    Ok(work.app().keys().seal(PURPOSE, rules::check_key(key)?.to_string().as_bytes()))
}

fn digest(text: &Option<String>) -> Result<Option<i16>, Refusal> {
    text.as_deref().map(rules::check_digest).transpose()
}

pub async fn add(work: &Work, new: &NewRobot) -> Result<Uuid> {
    let (area, permit) = permit(work, new.area, None).await?;
    check_keeps_records(area.level, "area")?;
    check_current(&area, "area", work.today())?;
    let name = check_name("name", &new.name)?;
    let kinds = rules::check_kinds(new.kinds.as_deref())?;
    let digest_at = digest(&new.digest_at)?;
    let robot_key = sealed(work, &new.key)?;
    let others = robot::Entity::find().filter(robot::Column::AreaId.eq(area.id)).filter(robot::Column::Status.ne(WebhookStatus::Removed));
    if others.count(work.read()).await? >= MOST {
        return Err(Refusal::invalid("area", "每个区划最多添加 10 个群机器人", "An area has at most 10 robots").into());
    }
    let (cursor_tx, cursor_seq) = new.after.parts();
    let row = robot::Model {
        id: work.new_key(),
        area_id: area.id,
        district_id: area.district_id,
        name,
        robot_key,
        kinds: json!(kinds),
        digest_at,
        status: WebhookStatus::Active,
        paused_because: None,
        cursor_tx,
        cursor_seq,
        // The first digest is the next one, not one whose hour is over.
        digest_on: digest_at.filter(|at| *at <= rules::minute(work.now())).map(|_| work.today()),
        test_wanted: false,
        failures: 0,
        failing_since: None,
        last_failure: None,
        resting_until: work.now(),
        last_received_at: None,
        created_at: work.now(),
    };
    robot::Entity::insert(robot::ActiveModel::from(row.clone())).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::RobotAdded, row.node(), Some(row.district_id));
    Ok(row.id)
}

pub async fn update(work: &Work, id: Uuid, changes: &Changes) -> Result<Uuid> {
    let (robot, permit) = hold(work, id).await?;
    let mut change = robot::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(name) = &changes.name {
        change.name = Set(check_name("name", name)?);
    }
    if let Some(key) = &changes.key {
        change.robot_key = Set(sealed(work, key)?);
    }
    if let Some(kinds) = &changes.kinds {
        change.kinds = Set(json!(rules::check_kinds(Some(kinds))?));
    }
    if let Some(digest_at) = &changes.digest_at {
        change.digest_at = Set(digest(digest_at)?);
    }
    change.update(permit.write()).await?;
    permit.journal(ChangeKind::RobotChanged, robot.node(), Some(robot.district_id));
    Ok(id)
}

pub async fn pause(work: &Work, id: Uuid) -> Result<Uuid> {
    let (robot, permit) = hold(work, id).await?;
    stop(&permit, &robot, PauseReason::Requested).await?;
    Ok(id)
}

/// Pauses a robot that tells; one that does not stays as it is.
pub(super) async fn stop(permit: &Permit, robot: &robot::Model, because: PauseReason) -> Result<()> {
    if robot.status != WebhookStatus::Active {
        return Ok(());
    }
    let status = Set(WebhookStatus::Paused);
    robot::ActiveModel { id: Set(robot.id), status, paused_because: Set(Some(because)), ..Default::default() }
        .update(permit.write())
        .await?;
    let entry = Entry::new(ChangeKind::RobotPaused, robot.node(), Some(robot.district_id));
    permit.record(entry.with(json!({ "because": because.code() })));
    Ok(())
}

/// Lets a paused robot tell again, from now on: what happened meanwhile is in the digest, not in a flood of messages.
pub async fn resume(work: &Work, id: Uuid, after: Position) -> Result<Uuid> {
    let (robot, permit) = hold(work, id).await?;
    if robot.status == WebhookStatus::Active {
        return Ok(id);
    }
    let (cursor_tx, cursor_seq) = after.parts();
    robot::ActiveModel {
        id: Set(id),
        status: Set(WebhookStatus::Active),
        paused_because: Set(None),
        cursor_tx: Set(cursor_tx),
        cursor_seq: Set(cursor_seq),
        failures: Set(0),
        failing_since: Set(None),
        last_failure: Set(None),
        resting_until: Set(work.now()),
        ..Default::default()
    }
    .update(permit.write())
    .await?;
    permit.journal(ChangeKind::RobotResumed, robot.node(), Some(robot.district_id));
    Ok(id)
}

/// Lets a robot say that it is there.
pub async fn test(work: &Work, id: Uuid) -> Result<Uuid> {
    let (robot, permit) = hold(work, id).await?;
    if robot.status != WebhookStatus::Active {
        return Err(wrong_state(robot.status).into());
    }
    robot::ActiveModel { id: Set(id), test_wanted: Set(true), ..Default::default() }.update(permit.write()).await?;
    Ok(id)
}

pub async fn remove(work: &Work, id: Uuid) -> Result<Uuid> {
    let found = robot::Entity::find_by_id(id).filter(visible_to(work.viewer())).one(work.read()).await?;
    if found.is_some_and(|robot| robot.status == WebhookStatus::Removed) {
        return Ok(id);
    }
    let (robot, permit) = hold(work, id).await?;
    // Nobody needs its key any more.
    let robot_key = Set(String::new());
    robot::ActiveModel { id: Set(id), status: Set(WebhookStatus::Removed), paused_because: Set(None), robot_key, ..Default::default() }
        .update(permit.write())
        .await?;
    permit.journal(ChangeKind::RobotRemoved, robot.node(), Some(robot.district_id));
    Ok(id)
}
