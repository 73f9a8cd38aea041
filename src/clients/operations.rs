//! Registered operations: documents that clients named beforehand, found by their hashes without asking the database each time.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, EntityTrait};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::entity::client;
use crate::app::App;
use crate::calendar::shanghai_day;
use crate::error::Result;
use crate::ids::key_of_digest;
use crate::work::statement;

/// The hash that a document is registered under: SHA-256, in small hexadecimal letters.
pub fn hash(document: &str) -> String {
    format!("{:x}", Sha256::digest(document))
}

/// The document of a hash: one of the client's own; for who is no client, one of any client that still works.
pub async fn document(app: &App, client: Option<Uuid>, hash: &str) -> Result<Option<Arc<str>>> {
    let (memory, today) = (app.memory(), shanghai_day(app.clock().now()));
    // Kept by the day, which ends some clients.
    let digest = Sha256::new().chain_update(client.unwrap_or_default()).chain_update(today.to_string()).chain_update(hash).finalize();
    let key = key_of_digest(digest);
    if let Some(known) = memory.operations.get(key) {
        return Ok(known);
    }
    let age = memory.age();
    let own = if client.is_some() { " AND c.id = ?" } else { "" };
    let sql = format!(
        "SELECT o.document FROM client_operations o JOIN clients c ON c.id = o.client_id \
         WHERE o.hash = ? AND c.revoked_at IS NULL AND (c.expires_on IS NULL OR c.expires_on >= ?){own} LIMIT 1"
    );
    let values = [hash.into(), today.into()].into_iter().chain(client.map(sea_orm::Value::from));
    let row = app.db().query_one_raw(statement(app.db(), &sql, values)).await?;
    let found: Option<Arc<str>> = row.map(|row| row.try_get_by_index::<String>(0)).transpose()?.map(Arc::from);
    memory.keep(&memory.operations, age, [(key, found.clone())]);
    Ok(found)
}

/// Whether a client may send nothing but what it registered.
pub async fn is_held(app: &App, client: Uuid) -> Result<bool> {
    let memory = app.memory();
    if let Some(known) = memory.held.get(client) {
        return Ok(known);
    }
    let age = memory.age();
    let held = client::Entity::find_by_id(client).one(app.db()).await?.is_some_and(|client| client.registered_only);
    memory.keep(&memory.held, age, [(client, held)]);
    Ok(held)
}
