//! Writing and reversing ledger lines.

use sea_orm::{EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::{contribution, visible_to};
use crate::areas::rules::check_reason;
use crate::auth::{Permission, Permit};
use crate::db::or_taken;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::Reason;
use crate::work::Work;

/// Writes a line; its key and day are those of the transaction.
pub async fn record(permit: &Permit, line: contribution::Model) -> Result<()> {
    let delivery = line.delivery_id.map(|id| GlobalId::new(NodeKind::Delivery, id));
    let source = delivery.or(line.co_building_id.map(|id| GlobalId::new(NodeKind::CoBuilding, id)));
    let detail = serde_json::json!({ "value": line.value, "hours": line.hours, "source": source.map(|id| id.to_string()) });
    let entry = Entry::new(ChangeKind::ContributionRecorded, line.node(), Some(line.district_id)).with(detail);
    contribution::Entity::insert(contribution::ActiveModel::from(line)).exec_without_returning(permit.write()).await?;
    permit.record(entry);
    Ok(())
}

/// Adds the line that takes back another, once.
pub async fn reverse(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let found = contribution::Entity::find_by_id(id).filter(visible_to(work.viewer())).lock_exclusive().one(work.read()).await?;
    let line = found.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::ReverseContribution, &line.at().scope(), Some(line.node()))?;
    let reason = check_reason(reason)?;
    if line.reverses_id.is_some() {
        return Err(Reason::AlreadyReversed.into());
    }
    let line_node = line.node().to_string();
    let reversing = contribution::Model {
        id: work.new_key(),
        value: -line.value,
        hours: line.hours.map(|hours| -hours),
        recorded_on: work.today(),
        reverses_id: Some(id),
        reason: Some(reason),
        ..line
    };
    let (id, entry) = (reversing.id, Entry::new(ChangeKind::ContributionReversed, reversing.node(), Some(reversing.district_id)));
    let entry = entry.with(serde_json::json!({ "reverses": line_node, "value": reversing.value, "reason": reversing.reason }));
    let inserted = contribution::Entity::insert(contribution::ActiveModel::from(reversing)).exec_without_returning(permit.write()).await;
    or_taken(inserted, || Reason::AlreadyReversed.into())?;
    permit.record(entry);
    Ok(id)
}
