//! What happens to pledges without their unit: the last day passes, nobody confirms them, the unit's standing changes.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{lock_own, save};
use crate::app::App;
use crate::auth::Permit;
use crate::calendar::shanghai_day;
use crate::deadlines::{BATCH, each};
use crate::error::Result;
use crate::journal::{ChangeKind, Entry};
use crate::resources::Entity;
use crate::resources::entity::{self, pledge};
use crate::resources::rules::{self, Due, PledgeStatus};
use crate::work::Work;

/// Expires and hides pledges whose deadline has passed; says how many there were.
pub async fn due(app: &App) -> Result<u64> {
    let (today, stale_days) = (shanghai_day(app.clock().now()), app.settings().stale_days);
    // One query a deadline: each has an index, and both together would read the whole table.
    let over = [(entity::to_expire(today), pledge::Column::ValidUntil), (entity::to_hide(today, stale_days), pledge::Column::ConfirmedOn)];
    let mut ids = Vec::new();
    for (condition, day) in over {
        let due = Entity::find().select_only().column(pledge::Column::Id).filter(condition).order_by_asc(day).limit(BATCH);
        ids.extend(due.into_tuple::<Uuid>().all(app.db()).await?);
    }
    each(app, ids, |work, id| async move { pass(&work, id).await }).await
}

/// Takes the step that is due for a pledge, if one still is: another instance may have taken it.
async fn pass(work: &Work, id: Uuid) -> Result<()> {
    let (pledge, permit) = lock_own(work, id).await?;
    let Some(due) = rules::due(&pledge, work.today(), work.app().settings().stale_days) else {
        return Ok(());
    };
    let (change, kind) = match due {
        Due::Expire => (pledge::ActiveModel { status: Set(PledgeStatus::Expired), ..Default::default() }, ChangeKind::PledgeExpired),
        Due::Hide => (pledge::ActiveModel { stale: Set(true), ..Default::default() }, ChangeKind::PledgeHidden),
    };
    save(&permit, &pledge, change, kind).await?;
    Ok(())
}

/// Journals that the pledges of a unit have left or come back to the public's sight, which follows `units.active`.
pub async fn hide_of_unit(permit: &Permit, unit: Uuid, hidden: bool) -> Result<()> {
    let pledges = Entity::find()
        .filter(pledge::Column::UnitId.eq(unit))
        .filter(entity::shown())
        .order_by_asc(pledge::Column::Id)
        .all(permit.write())
        .await?;
    let kind = if hidden { ChangeKind::PledgeHidden } else { ChangeKind::PledgeShown };
    for pledge in pledges {
        permit.record(Entry::new(kind, pledge.node(), Some(pledge.district_id)).hides(hidden));
    }
    Ok(())
}
