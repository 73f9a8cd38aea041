//! How a unit comes into an alliance, and the one function that moves a membership.
//!
//! Lock order: the unit's row before the membership's.

use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use crate::areas;
use crate::areas::rules::optional;
use crate::auth::{Permission, Permit, Scope};
use crate::db::or_taken;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::units::entity::{alliance, find_alliance, find_membership, hold_unit, lock_unit, membership, unit};
use crate::units::rules::{self, MembershipStatus, Step};
use crate::work::Work;

/// What the host offers or the unit asks for.
#[derive(Clone)]
pub struct Offer {
    pub alliance: Uuid,
    pub unit: Uuid,
    pub agreement: Option<String>,
    pub until: Option<NaiveDate>,
}

pub async fn invite_unit(work: &Work, offer: &Offer) -> Result<Uuid> {
    let alliance = find_alliance(work.read(), offer.alliance).await?;
    hold_unit(work.read(), offer.unit).await?;
    let host = areas::entity::find(work.read(), alliance.host_id).await?;
    let permit = work.permit(Permission::ManageMemberships, &host.scope(), Some(alliance.node()))?;
    propose(&permit, &alliance, offer, MembershipStatus::Invited).await
}

pub async fn apply_to_alliance(work: &Work, offer: &Offer) -> Result<Uuid> {
    let alliance = find_alliance(work.read(), offer.alliance).await?;
    let unit = hold_unit(work.read(), offer.unit).await?;
    let permit = work.permit(Permission::JoinAlliance, &Scope::Unit(unit.id), Some(unit.node()))?;
    propose(&permit, &alliance, offer, MembershipStatus::Applied).await
}

async fn propose(permit: &Permit, alliance: &alliance::Model, offer: &Offer, status: MembershipStatus) -> Result<Uuid> {
    use MembershipStatus::*;
    let work = permit.work();
    let agreement = optional("agreement", offer.agreement.as_deref(), 2000)?;
    rules::check_until(offer.until, work.today())?;
    let joined = || Refusal::from(Reason::AlreadyJoined).at_input("unit");
    let running = membership::Entity::find()
        .filter(membership::Column::AllianceId.eq(alliance.id))
        .filter(membership::Column::UnitId.eq(offer.unit))
        .filter(membership::Column::Status.is_in([Invited, Applied, Active, Suspended]))
        .one(permit.write())
        .await?;
    if let Some(running) = running {
        return Err(joined().about(running.node()).into());
    }
    let membership = membership::Model {
        id: work.new_key(),
        alliance_id: alliance.id,
        unit_id: offer.unit,
        status,
        since: None,
        until: offer.until,
        agreement,
        reason: None,
        created_at: work.now(),
    };
    let membership = or_taken(membership.into_active_model().insert(permit.write()).await, joined)?;
    let kind = match status {
        Invited => ChangeKind::MembershipInvited,
        _ => ChangeKind::MembershipApplied,
    };
    permit.journal(kind, membership.node(), Some(alliance.district_id));
    Ok(membership.id)
}

/// The host admits an applicant, or the unit accepts an invitation.
pub async fn admit_membership(work: &Work, id: Uuid) -> Result<Uuid> {
    let membership = find_membership(work.read(), id).await?;
    let permit = permit_step(work, &membership, Step::Admit).await?;
    move_membership(&permit, &membership, Step::Admit, None).await?;
    Ok(id)
}

/// The right to take a step with a membership as it stands.
pub async fn permit_step(work: &Work, membership: &membership::Model, step: Step) -> Result<Permit> {
    let alliance = find_alliance(work.read(), membership.alliance_id).await?;
    let host = areas::entity::find(work.read(), alliance.host_id).await?;
    let (permission, scope) = rules::right(work.viewer(), step, membership, &host.scope());
    work.permit(permission, &scope, Some(membership.node()))
}

/// Moves a membership, and says whether the unit became active or inactive by it; nothing where the step is done already.
pub async fn move_membership(permit: &Permit, membership: &membership::Model, step: Step, reason: Option<String>) -> Result<Option<bool>> {
    let today = permit.work().today();
    let unit = lock_unit(permit.write(), membership.unit_id).await?;
    let Some(to) = rules::step(membership, step, today)? else {
        return Ok(None);
    };
    let (since, until) = rules::term_of(membership, to, today);
    let moved = membership::Entity::update_many()
        .set(membership::ActiveModel {
            status: Set(to),
            since: Set(since),
            until: Set(until),
            reason: Set(reason.clone()),
            ..Default::default()
        })
        .filter(membership::Column::Id.eq(membership.id))
        .filter(membership::Column::Status.eq(membership.status))
        .exec(permit.write())
        .await?;
    if moved.rows_affected == 0 {
        // It moved since it was read, and whose step this is hangs on where it stands: all over again.
        return Err(AppError::Conflict);
    }
    let alliance = find_alliance(permit.write(), membership.alliance_id).await?;
    let kind = match step {
        Step::Admit => ChangeKind::MembershipAdmitted,
        Step::Suspend => ChangeKind::MembershipSuspended,
        Step::Resume => ChangeKind::MembershipResumed,
        Step::Withdraw => ChangeKind::MembershipWithdrawn,
        Step::Expire => ChangeKind::MembershipExpired,
    };
    let detail = json!({ "from": membership.status.code(), "to": to.code(), "reason": reason });
    permit.record(Entry::new(kind, membership.node(), Some(alliance.district_id)).with(detail));
    let memberships = membership::Entity::find()
        .filter(membership::Column::UnitId.eq(unit.id))
        .filter(membership::Column::Status.eq(MembershipStatus::Active))
        .count(permit.write())
        .await?;
    let active = memberships > 0;
    if active != unit.active {
        let row = unit::ActiveModel { id: Set(unit.id), active: Set(active), ..Default::default() };
        row.update(permit.write()).await?;
    }
    Ok(Some(active != unit.active))
}
