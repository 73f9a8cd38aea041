//! What the clock does to venues: co-buildings end with their term.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::actions::co_building::step;
use super::entity::co_building;
use super::rules::co_building::Step;
use crate::app::App;
use crate::calendar::shanghai_day;
use crate::deadlines::{BATCH, each};
use crate::error::Result;

/// Takes the steps that are due now; says how many there were.
pub async fn run(app: &App) -> Result<u64> {
    let over = co_building::Entity::find()
        .select_only()
        .column(co_building::Column::Id)
        .filter(Expr::cust("\"co_buildings\".\"status\" = 'IN_USE'"))
        .filter(co_building::Column::Until.lt(shanghai_day(app.clock().now())))
        .order_by_asc(co_building::Column::Until)
        .limit(BATCH)
        .into_tuple::<Uuid>()
        .all(app.db())
        .await?;
    each(app, over, |work, id| async move { step(&work, id, Step::End, None).await.map(|_| ()) }).await
}
