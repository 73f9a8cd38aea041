//! What the clock does to plans: owners are warned before a licence runs out.

use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{find_plan, plan};
use crate::app::App;
use crate::auth::Permission;
use crate::calendar::shanghai_day;
use crate::deadlines::{BATCH, each};
use crate::error::Result;
use crate::journal::{ChangeKind, Entry};
use crate::venues::entity::{find_venue, lock_zone};
use crate::venues::rules::check_open;
use crate::work::Work;

/// Takes the steps that are due now; says how many there were.
pub async fn run(app: &App) -> Result<u64> {
    let due = plan::Entity::find()
        .select_only()
        .column(plan::Column::ZoneId)
        .filter(plan::Column::WarnOn.lte(shanghai_day(app.clock().now())))
        .order_by_asc(plan::Column::WarnOn)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    each(app, due, |work, zone| async move { warn(&work, zone).await }).await
}

async fn warn(work: &Work, zone: Uuid) -> Result<()> {
    let zone = lock_zone(work.read(), zone).await?;
    let venue = find_venue(work.read(), zone.venue_id).await?;
    let permit = work.permit(Permission::ManageVenue, &venue.scope(), None)?;
    let plan = find_plan(work.read(), zone.id).await?;
    if plan.warn_on.is_none_or(|day| work.today() < day) {
        return Ok(());
    }
    plan::ActiveModel { zone_id: Set(zone.id), warn_on: Set(None), ..Default::default() }.update(permit.write()).await?;
    if check_open(&venue, Some(&zone), work.today()).is_err() {
        return Ok(());
    }
    let entry = Entry::new(ChangeKind::LicenceExpiring, zone.node(), Some(zone.district_id));
    permit.record(entry.with(serde_json::json!({ "licence": plan.licence, "until": plan.licence_until })));
    Ok(())
}
