//! Verbs of a pledge: submit, list, return, pause, resume, renew, withdraw.

mod deadlines;
mod quantities;

use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select};
use serde_json::json;
use uuid::Uuid;

use super::entity::{areas_of, pledge, pledge_area, visible_to};
use super::rules::{self, Change, Offer, PledgeStatus, Step};
use super::{Entity, Model};
use crate::areas::entity::area;
use crate::areas::rules::check_reason;
use crate::auth::{Permission, Permit, Scope};
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::search;
use crate::units::entity::{find_unit, hold_unit, review_areas};
use crate::work::Work;

pub use deadlines::{due, hide_of_unit};
pub use quantities::{give, hold, release};

fn visible(work: &Work, id: Uuid) -> Select<Entity> {
    Entity::find_by_id(id).filter(visible_to(work.viewer(), work.today()))
}

/// A pledge that the viewer may see.
pub async fn find(work: &Work, id: Uuid) -> Result<Model> {
    visible(work, id).one(work.read()).await?.ok_or(AppError::NotFound)
}

/// A pledge that the viewer may see, held until the transaction ends.
pub async fn lock(work: &Work, id: Uuid) -> Result<Model> {
    visible(work, id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)
}

/// Locks a pledge and asks for a right that its unit has.
async fn lock_own(work: &Work, id: Uuid) -> Result<(Model, Permit)> {
    let pledge = lock(work, id).await?;
    let permit = work.permit(Permission::ManagePledge, &Scope::Unit(pledge.unit_id), Some(pledge.node()))?;
    Ok((pledge, permit))
}

/// Locks a pledge and asks for the right to review those of its unit.
async fn lock_for_review(work: &Work, id: Uuid) -> Result<(Model, Permit)> {
    let pledge = lock(work, id).await?;
    let mut scopes = review_areas(work.read(), [pledge.unit_id]).await?;
    let scope = scopes.remove(&pledge.unit_id).ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::ReviewPledge, &scope, Some(pledge.node()))?;
    Ok((pledge, permit))
}

/// Writes what a step changes and journals it; the public is told when it can no longer see the pledge.
async fn save(permit: &Permit, before: &Model, change: pledge::ActiveModel, kind: ChangeKind) -> Result<Uuid> {
    let change = pledge::ActiveModel { id: Set(before.id), ..change };
    let after = change.update(permit.write()).await?;
    let hides = before.is_shown() && !after.is_shown() && find_unit(permit.write(), before.unit_id).await?.active;
    let detail = json!({ "from": before.status.code(), "to": after.status.code(), "reason": after.reason });
    permit.record(Entry::new(kind, before.node(), Some(before.district_id)).hides(hides).with(detail));
    Ok(before.id)
}

/// The same for a step that only moves the status.
async fn step_to(permit: &Permit, pledge: &Model, status: PledgeStatus, reason: Option<String>, kind: ChangeKind) -> Result<Uuid> {
    let change = pledge::ActiveModel { status: Set(status), reason: Set(reason), ..Default::default() };
    save(permit, pledge, change, kind).await
}

fn written(offer: Offer) -> pledge::ActiveModel {
    pledge::ActiveModel {
        form: Set(offer.form),
        category: Set(offer.category),
        title: Set(offer.title),
        description: Set(offer.description),
        measure: Set(offer.measure),
        total: Set(offer.total),
        // Nothing has been requested of it yet.
        available: Set(offer.total),
        per_session: Set(offer.per_session),
        weekly_hours: Set(offer.weekly_hours),
        audience: Set(offer.audience),
        conditions: Set(offer.conditions),
        serves_all: Set(offer.areas.is_empty()),
        valid_until: Set(offer.valid_until),
        ..Default::default()
    }
}

/// Writes the areas that a pledge serves; the result is the district in which all of them lie, where there is one.
async fn write_areas(permit: &Permit, pledge: Uuid, areas: &[Uuid]) -> Result<Option<Uuid>> {
    if areas.is_empty() {
        return Ok(None);
    }
    let found = area::Entity::find().filter(area::Column::Id.is_in(areas.iter().copied())).all(permit.write()).await?;
    if found.len() < areas.len() {
        return Err(AppError::NotFound);
    }
    if let Some(closed) = found.iter().find(|area| !area.is_current(permit.work().today())) {
        return Err(Refusal::from(Reason::AreaNotCurrent).at_input("areas").about(closed.node()).into());
    }
    let rows = areas.iter().map(|area| pledge_area::ActiveModel { pledge_id: Set(pledge), area_id: Set(*area) });
    pledge_area::Entity::insert_many(rows).exec_without_returning(permit.write()).await?;
    let district = found[0].district_id;
    Ok(found.iter().all(|area| area.district_id == district).then_some(district))
}

fn submission(status: PledgeStatus) -> ChangeKind {
    match status {
        PledgeStatus::Listed => ChangeKind::PledgeListed,
        _ => ChangeKind::PledgeSubmitted,
    }
}

/// Pledges a resource for a unit: submitted for review, or listed where no review applies.
pub async fn pledge_resource(work: &Work, unit: Uuid, offer: Offer) -> Result<Uuid> {
    let unit = hold_unit(work.read(), unit).await?;
    let permit = work.permit(Permission::PledgeResource, &Scope::Unit(unit.id), Some(unit.node()))?;
    if !unit.active {
        return Err(Refusal::from(Reason::NotAMember).at_input("unit").into());
    }
    let offer = offer.check(work.today())?;
    let areas = offer.areas.clone();
    let status = rules::submitted(work.app().settings().review_pledges);
    let row = pledge::ActiveModel {
        id: Set(work.new_key()),
        district_id: Set(unit.district_id),
        unit_id: Set(unit.id),
        held: Set(0),
        given: Set(0),
        status: Set(status),
        stale: Set(false),
        confirmed_on: Set(work.today()),
        submitted_by: Set(permit.account()),
        created_at: Set(work.now()),
        ..written(offer)
    };
    let pledge = row.insert(permit.write()).await?;
    let district = write_areas(&permit, pledge.id, &areas).await?;
    search::add(&permit, pledge.node(), district, &pledge.title, pledge.description.as_deref()).await?;
    permit.journal(submission(status), pledge.node(), Some(pledge.district_id));
    Ok(pledge.id)
}

/// Changes a returned pledge and hands it in again.
pub async fn resubmit(work: &Work, id: Uuid, change: Change) -> Result<Uuid> {
    let (pledge, permit) = lock_own(work, id).await?;
    let areas = areas_of(work.read(), id).await?;
    let old = Offer::of(&pledge, areas);
    let new = change.to(old.clone()).check(work.today())?;
    let step = Step::Submit { review: work.app().settings().review_pledges, changed: new != old };
    let Some(status) = rules::step(&pledge, step, work.today())? else {
        return Ok(id);
    };
    pledge_area::Entity::delete_many().filter(pledge_area::Column::PledgeId.eq(id)).exec(permit.write()).await?;
    let district = write_areas(&permit, id, &new.areas).await?;
    search::index(&permit, pledge.node(), district, &new.title, new.description.as_deref()).await?;
    let change = pledge::ActiveModel {
        status: Set(status),
        reason: Set(None),
        confirmed_on: Set(work.today()),
        submitted_by: Set(permit.account()),
        ..written(new)
    };
    save(&permit, &pledge, change, submission(status)).await
}

/// Puts a submitted pledge on the resource list.
pub async fn list(work: &Work, id: Uuid) -> Result<Uuid> {
    let (pledge, permit) = lock_for_review(work, id).await?;
    match rules::step(&pledge, Step::List { by: permit.account() }, work.today())? {
        Some(status) => step_to(&permit, &pledge, status, None, ChangeKind::PledgeListed).await,
        None => Ok(id),
    }
}

/// Sends a submitted pledge back to its unit.
pub async fn return_(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let (pledge, permit) = lock_for_review(work, id).await?;
    let reason = check_reason(reason)?;
    match rules::step(&pledge, Step::Return, work.today())? {
        Some(status) => step_to(&permit, &pledge, status, Some(reason), ChangeKind::PledgeReturned).await,
        None => Ok(id),
    }
}

/// Takes a pledge off the list for a while; what is held for matches lives on.
pub async fn pause(work: &Work, id: Uuid) -> Result<Uuid> {
    let (pledge, permit) = lock_own(work, id).await?;
    match rules::step(&pledge, Step::Pause, work.today())? {
        Some(status) => step_to(&permit, &pledge, status, None, ChangeKind::PledgePaused).await,
        None => Ok(id),
    }
}

/// Puts a paused pledge back on the list.
pub async fn resume(work: &Work, id: Uuid) -> Result<Uuid> {
    let (pledge, permit) = lock_own(work, id).await?;
    match rules::step(&pledge, Step::Resume, work.today())? {
        Some(status) => step_to(&permit, &pledge, status, None, ChangeKind::PledgeResumed).await,
        None => Ok(id),
    }
}

/// Takes a pledge back; what is held for matches lives on.
pub async fn withdraw(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let (pledge, permit) = lock_own(work, id).await?;
    let reason = check_reason(reason)?;
    match rules::step(&pledge, Step::Withdraw, work.today())? {
        Some(status) => step_to(&permit, &pledge, status, Some(reason), ChangeKind::PledgeWithdrawn).await,
        None => Ok(id),
    }
}

/// Confirms that a pledge still stands, with a new last day if one is given; what had expired or was hidden is on the list again.
pub async fn renew(work: &Work, id: Uuid, until: Option<NaiveDate>) -> Result<Uuid> {
    let (pledge, permit) = lock_own(work, id).await?;
    let Some(status) = rules::renew(&pledge, until, work.today())? else {
        return Ok(id);
    };
    let change = pledge::ActiveModel {
        status: Set(status),
        stale: Set(false),
        confirmed_on: Set(work.today()),
        valid_until: Set(until.or(pledge.valid_until)),
        ..Default::default()
    };
    save(&permit, &pledge, change, ChangeKind::PledgeRenewed).await
}
