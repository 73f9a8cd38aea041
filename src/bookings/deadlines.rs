//! What the clock does to bookings: requests expire, waiting ends, what was booked took place.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::actions::pass;
use super::entity::booking;
use crate::app::App;
use crate::deadlines::{BATCH, each};
use crate::error::Result;

/// Takes the steps that are due now; says how many there were.
pub async fn run(app: &App) -> Result<u64> {
    let due = booking::Entity::find()
        .select_only()
        .column(booking::Column::Id)
        .filter(booking::Column::NextStepAt.lte(app.clock().now()))
        .order_by_asc(booking::Column::NextStepAt)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    each(app, due, |work, id| async move { pass(&work, id).await }).await
}
