//! Registered operations as the API shows them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::{ClientKey, PartnerClient};
use crate::clients::actions;
use crate::clients::entity::operation;
use crate::error::AppError;
use crate::graphql::paging::{Page, PageArgs, Sort, alike, connection, pages};
use crate::graphql::{Loaders, key, mutate, payload};
use crate::ids::NodeKind;

/// A document that a client registered.
#[derive(Clone)]
pub struct RegisteredOperation(operation::Model);

impl From<operation::Model> for RegisteredOperation {
    fn from(model: operation::Model) -> Self {
        RegisteredOperation(model)
    }
}

/// A document that a client registered.
#[Object]
impl RegisteredOperation {
    /// What names it in a request, as `documentId`: `sha256:` and the hash of the document.
    async fn id(&self) -> ID {
        format!("sha256:{}", self.0.hash).into()
    }

    /// The name of its operation; null where that has none, or the document has several.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The document.
    async fn document(&self) -> &str {
        &self.0.document
    }

    /// When it was registered.
    async fn registered_at(&self) -> DateTime<Utc> {
        self.0.registered_at
    }
}

connection!(RegisteredOperation, RegisteredOperationConnection, RegisteredOperationEdge, "registered operations");

/// The same page of the operations of many clients.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct OperationsPage {
    pub(super) client: Uuid,
    pub(super) args: PageArgs,
}

impl Loader<OperationsPage> for Loaders {
    type Value = Page<operation::Model>;
    type Error = AppError;

    async fn load(&self, keys: &[OperationsPage]) -> std::result::Result<HashMap<OperationsPage, Page<operation::Model>>, AppError> {
        let mut found = HashMap::new();
        for keys in alike(keys, |key| &key.args) {
            let sort = Sort::newest((operation::Entity, operation::Column::Id));
            let parents = keys.iter().map(|key| key.client);
            let select = operation::Entity::find();
            let mut by_parent = pages(&self.0.conn, select, operation::Column::ClientId, parents, &sort, &keys[0].args).await?;
            found.extend(keys.into_iter().map(|key| (key.clone(), by_parent.remove(&key.client).unwrap_or_default())));
        }
        Ok(found)
    }
}

payload!(RegisterOperationsPayload, PartnerClient, ClientKey, "registerOperations");

/// A document to be registered.
#[derive(InputObject)]
struct OperationInput {
    /// The document as it would be sent, at most 32 KiB; its hash names it from then on.
    document: String,
}

/// Documents to be registered for a client.
#[derive(InputObject)]
struct RegisterOperationsInput {
    /// The client.
    client: ID,
    /// The documents; those that are registered already stay as they are. A client has at most 500, of 1 MiB in all.
    operations: Vec<OperationInput>,
    /// Whether the client's other documents are no longer registered; false where absent.
    replace: Option<bool>,
}

#[derive(Default)]
pub struct OperationMutation;

#[Object]
impl OperationMutation {
    /// Registers documents that a client may then name by their hashes. By the district, or by the client itself.
    async fn register_operations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client and its documents.")] input: RegisterOperationsInput,
    ) -> Result<RegisterOperationsPayload> {
        let (id, replace) = (key(NodeKind::Client, &input.client)?, input.replace.unwrap_or(false));
        let documents: Vec<String> = input.operations.into_iter().map(|operation| operation.document).collect();
        let documents = &documents;
        let outcome = mutate(ctx, |work| async move { actions::register_operations(&work, id, documents, replace).await });
        RegisterOperationsPayload::of(ctx, outcome.await?).await
    }
}
