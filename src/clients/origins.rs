//! Which pages in a browser may call the API: those of the origins that clients were registered with.

use std::collections::HashSet;
use std::sync::Arc;

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::entity::client;
use crate::app::App;
use crate::calendar::shanghai_day;
use crate::error::Result;

/// Whether pages of an origin may call the API; not where that cannot be found out.
pub async fn allow(app: &App, origin: &str) -> bool {
    match all(app).await {
        Ok(origins) => origins.contains(origin),
        Err(error) => {
            tracing::error!(?error, "the origins of clients could not be read");
            false
        }
    }
}

/// The origins of all clients that still work.
async fn all(app: &App) -> Result<Arc<HashSet<String>>> {
    let (memory, today) = (app.memory(), shanghai_day(app.clock().now()));
    // Kept by the day, which ends some.
    let key = Uuid::from_u128(u128::from(today.to_epoch_days().unsigned_abs()));
    if let Some(known) = memory.origins.get(key) {
        return Ok(known);
    }
    let age = memory.age();
    let clients = client::Entity::find()
        .filter(client::Column::RevokedAt.is_null())
        .filter(Condition::any().add(client::Column::ExpiresOn.is_null()).add(client::Column::ExpiresOn.gte(today)))
        .all(app.db())
        .await?;
    let origins: Arc<HashSet<String>> = Arc::new(clients.iter().flat_map(client::Model::origins).collect());
    memory.keep(&memory.origins, age, [(key, origins.clone())]);
    Ok(origins)
}
