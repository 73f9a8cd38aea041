//! Co-building: a unit puts something into a venue of an area; either side proposes, the other agrees, the owner says how far it is.

use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::areas::rules::{check_reason, text};
use crate::auth::{Permission, Permit, Scope};
use crate::contributions;
use crate::contributions::entity::contribution;
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::units::entity::hold_unit;
use crate::venues::entity::{co_building, find_venue, venue};
use crate::venues::rules::check_open;
use crate::venues::rules::co_building::{self as rules, CoBuildingForm, CoBuildingStatus, Step};
use crate::work::Work;

/// What a unit is to put into a venue.
#[derive(Clone)]
pub struct Proposal {
    pub venue: Uuid,
    pub unit: Uuid,
    pub form: CoBuildingForm,
    pub description: String,
    pub value: Decimal,
    pub until: Option<NaiveDate>,
}

/// The unit proposes, or the owner of the venue where the caller does not stand for the unit.
pub async fn propose(work: &Work, new: &Proposal) -> Result<Uuid> {
    let unit = hold_unit(work.read(), new.unit).await?;
    let venue = find_venue(work.read(), new.venue).await?;
    let as_unit = Scope::Unit(unit.id);
    let by_unit = work.viewer().granted(Permission::CoBuild, &as_unit).is_some();
    let permit = if by_unit {
        work.permit(Permission::CoBuild, &as_unit, Some(unit.node()))?
    } else {
        work.permit(Permission::ManageVenue, &venue.scope(), Some(venue.node()))?
    };
    check_open(&venue, None, work.today())?;
    if venue.unit_id.is_some() {
        return Err(Refusal::invalid("venue", "单位自有阵地不登记共建", "A unit's own venue is not co-built").into());
    }
    if !unit.active {
        return Err(Refusal::from(Reason::NotAMember).at_input("unit").into());
    }
    if new.until.is_some_and(|until| until <= work.today()) {
        return Err(Refusal::invalid("until", "截止日期须晚于今天", "The term ends after today").into());
    }
    let description = text("description", &new.description, 500)?
        .ok_or_else(|| Refusal::invalid("description", "请填写共建内容", "Say what is put in"))?;
    let value = new.value.to_fen().filter(|fen| *fen > 0);
    let value = value.ok_or_else(|| Refusal::invalid("value", "金额以元为单位，须大于 0，最多两位小数", "An amount of yuan above 0"))?;
    let model = co_building::Model {
        id: work.new_key(),
        district_id: venue.district_id,
        venue_id: venue.id,
        unit_id: unit.id,
        form: new.form,
        description,
        value,
        since: None,
        until: new.until,
        proposed_by_unit: by_unit,
        proposed_by: permit.account().ok_or_else(|| AppError::internal("the service itself builds nothing"))?,
        status: CoBuildingStatus::Proposed,
        reason: None,
        created_at: work.now(),
    };
    let (id, node) = (model.id, model.node());
    co_building::Entity::insert(co_building::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::CoBuildingProposed, node, Some(venue.district_id));
    Ok(id)
}

/// Takes a step of a co-building as the side whose step it is.
pub async fn step(work: &Work, id: Uuid, step: Step, reason: Option<&str>) -> Result<Uuid> {
    let found = co_building::Entity::find_by_id(id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    let venue = find_venue(work.read(), found.venue_id).await?;
    let (permission, scope) = rules::right(&found, step, &venue.scope());
    let permit = work.permit(permission, &scope, Some(found.node()))?;
    let reason = reason.map(check_reason).transpose()?;
    let Some(to) = rules::step(&found, step, permit.account())? else { return Ok(id) };
    let since = if to == CoBuildingStatus::InUse { Some(work.today()) } else { found.since };
    let row =
        co_building::ActiveModel { id: Set(id), status: Set(to), since: Set(since), reason: Set(reason.clone()), ..Default::default() };
    row.update(permit.write()).await?;
    let detail = serde_json::json!({ "from": found.status.code(), "to": to.code(), "reason": reason });
    permit.record(Entry::new(step.kind(), found.node(), Some(found.district_id)).with(detail));
    if to == CoBuildingStatus::InUse {
        count(&permit, &venue, &found).await?;
    }
    Ok(id)
}

/// What is in use is the unit's contribution to the area whose venue it is.
async fn count(permit: &Permit, venue: &venue::Model, found: &co_building::Model) -> Result<()> {
    let work = permit.work();
    let line = contribution::Model {
        id: work.new_key(),
        district_id: venue.district_id,
        street_id: venue.street_id.unwrap_or(venue.area_id),
        community_id: venue.area_id,
        unit_id: found.unit_id,
        delivery_id: None,
        form: found.form.resource(),
        value: found.value,
        hours: None,
        recorded_on: work.today(),
        reverses_id: None,
        reason: None,
        co_building_id: Some(found.id),
    };
    contributions::actions::record(permit, line).await
}
