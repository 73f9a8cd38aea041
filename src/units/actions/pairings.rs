//! Pairing a unit with a community, and ending it.

use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use crate::areas;
use crate::areas::rules::check_reason;
use crate::auth::Permission;
use crate::db::or_taken;
use crate::error::Result;
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::units::entity::{find_unit, hold_unit, pairing};
use crate::units::rules;
use crate::work::Work;

/// Pairs a unit with a community from a day on. The result is the unit.
pub async fn pair_unit(work: &Work, unit: Uuid, community: Uuid, since: NaiveDate) -> Result<Uuid> {
    let community = areas::entity::find(work.read(), community).await?;
    let unit = hold_unit(work.read(), unit).await?;
    let permit = work.permit(Permission::ManagePairings, &community.scope(), Some(community.node()))?;
    rules::check_community(&community, work.today())?;
    if !unit.active {
        return Err(Refusal::from(Reason::NotAMember).at_input("unit").about(unit.node()).into());
    }
    let paired = || Refusal::from(Reason::AlreadyJoined).at_input("unit").about(unit.node());
    let overlapping = pairing::Entity::find()
        .filter(pairing::Column::UnitId.eq(unit.id))
        .filter(pairing::Column::CommunityId.eq(community.id))
        .filter(Condition::any().add(pairing::Column::Until.is_null()).add(pairing::Column::Until.gte(since)))
        .count(permit.write())
        .await?;
    if overlapping > 0 {
        return Err(paired().into());
    }
    let pairing = pairing::Model { id: work.new_key(), unit_id: unit.id, community_id: community.id, since, until: None };
    or_taken(pairing.into_active_model().insert(permit.write()).await, paired)?;
    let detail = json!({ "community": community.node().to_string(), "since": since });
    permit.record(Entry::new(ChangeKind::PairingMade, unit.node(), Some(community.district_id)).with(detail));
    Ok(unit.id)
}

/// Ends a pairing; `on` is its last day. The result is the unit.
pub async fn end_pairing(work: &Work, unit: Uuid, community: Uuid, on: NaiveDate, reason: &str) -> Result<Uuid> {
    let community = areas::entity::find(work.read(), community).await?;
    let unit = find_unit(work.read(), unit).await?;
    let permit = work.permit(Permission::ManagePairings, &community.scope(), Some(community.node()))?;
    let reason = check_reason(reason).map_err(|refusal| refusal.at_input("reason"))?;
    let latest = pairing::Entity::find()
        .filter(pairing::Column::UnitId.eq(unit.id))
        .filter(pairing::Column::CommunityId.eq(community.id))
        .order_by_desc(pairing::Column::Since)
        .lock_exclusive()
        .one(permit.write())
        .await?;
    let pairing = latest.ok_or_else(|| Refusal::from(Reason::NotPaired).at_input("unit").about(unit.node()))?;
    if rules::check_pairing_end(&pairing, on, work.today())? {
        let row = pairing::ActiveModel { id: Set(pairing.id), until: Set(Some(on)), ..Default::default() };
        row.update(permit.write()).await?;
        let detail = json!({ "community": community.node().to_string(), "until": on, "reason": reason });
        permit.record(Entry::new(ChangeKind::PairingEnded, unit.node(), Some(community.district_id)).with(detail));
    }
    Ok(unit.id)
}
