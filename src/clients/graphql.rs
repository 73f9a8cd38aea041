//! Clients as the API shows them.

mod operations;

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

pub use operations::OperationMutation;
use operations::{OperationsPage, RegisteredOperationConnection};

use super::actions::{self, Changes, NewClient, Proof};
use super::entity::{client, credential, visible_to};
use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::auth::graphql::without_headers;
use crate::auth::{ClientScope, Permission, sessions};
use crate::date::{Date, day};
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::paging::{PageArgs, Sort, connection, page};
use crate::graphql::{Loaders, kept, key, mutate, payload, request};
use crate::ids::NodeKind;
use crate::webhooks::graphql::{Webhook, WebhooksOf};

/// A credential without an overlap named leaves the older ones so many hours.
const OVERLAP_HOURS: i32 = 24;

/// A partner organisation's program.
#[derive(Clone)]
pub struct PartnerClient(client::Model);

impl From<client::Model> for PartnerClient {
    fn from(model: client::Model) -> Self {
        PartnerClient(model)
    }
}

/// A partner organisation's program.
#[Object]
impl PartnerClient {
    /// The global id, which is also its `client_id`.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The district that registered it.
    async fn district(&self, ctx: &Context<'_>) -> Result<Option<GovernanceArea>> {
        Ok(request(ctx).loader.load_one(AreaKey(self.0.district_id)).await?)
    }

    /// What its tokens may be used for at most.
    async fn scopes(&self) -> Vec<ClientScope> {
        self.0.scopes()
    }

    /// The origins of pages that may call the API in a browser.
    async fn origins(&self) -> Vec<String> {
        self.0.origins()
    }

    /// Its last day; null where it has none.
    async fn expires_on(&self) -> Option<Date> {
        self.0.expires_on.map(Date)
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last given a token; null while it was not.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }

    /// When it was revoked; null while it was not.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// What it proves itself with, as far as that has not ended, oldest first.
    async fn credentials(&self, ctx: &Context<'_>) -> Result<Vec<ClientCredential>> {
        Ok(request(ctx).loader.load_one(CredentialsOf(self.0.id)).await?.unwrap_or_default())
    }

    /// Where changes are sent for it, oldest first; at most 10.
    async fn webhooks(&self, ctx: &Context<'_>) -> Result<Vec<Webhook>> {
        Ok(request(ctx).loader.load_one(WebhooksOf(self.0.id)).await?.unwrap_or_default())
    }

    /// Whether it may send nothing but its registered operations; all else is answered `FORBIDDEN`.
    async fn registered_only(&self) -> bool {
        self.0.registered_only
    }

    /// The documents that were registered for it, latest first.
    async fn operations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<RegisteredOperationConnection> {
        let args = PageArgs::new(ctx, first, after, last, before)?;
        Ok(request(ctx).loader.load_one(OperationsPage { client: self.0.id, args }).await?.unwrap_or_default().into())
    }
}

/// What a client proves itself with. A secret is never shown again.
#[derive(Clone, SimpleObject)]
pub struct ClientCredential {
    /// Whether it is a public key; else a secret.
    is_key: bool,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// When it ends.
    expires_at: DateTime<Utc>,
}

connection!(PartnerClient, PartnerClientConnection, PartnerClientEdge, "partner clients");

payload!(
    RegisterClientPayload,
    PartnerClient,
    ClientKey,
    "registerClient",
    /// The secret, shown this once; null where the client has a key.
    secret: Option<String>
);
payload!(UpdateClientPayload, PartnerClient, ClientKey, "updateClient");
payload!(
    RotateClientCredentialPayload,
    PartnerClient,
    ClientKey,
    "rotateClientCredential",
    /// The new secret, shown this once; null where the client has a key.
    secret: Option<String>
);
payload!(RevokeClientPayload, PartnerClient, ClientKey, "revokeClient");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientKey(pub Uuid);

impl Loader<ClientKey> for Loaders {
    type Value = PartnerClient;
    type Error = AppError;

    async fn load(&self, keys: &[ClientKey]) -> std::result::Result<HashMap<ClientKey, PartnerClient>, AppError> {
        let rows = client::Entity::find()
            .filter(client::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (ClientKey(row.id), PartnerClient(row))).collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CredentialsOf(Uuid);

impl Loader<CredentialsOf> for Loaders {
    type Value = Vec<ClientCredential>;
    type Error = AppError;

    async fn load(&self, keys: &[CredentialsOf]) -> std::result::Result<HashMap<CredentialsOf, Vec<ClientCredential>>, AppError> {
        let rows = credential::Entity::find()
            .filter(credential::Column::ClientId.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(credential::Column::ExpiresAt.gt(self.0.now()))
            .order_by_asc(credential::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let credential = ClientCredential { is_key: row.public_key.is_some(), created_at: row.created_at, expires_at: row.expires_at };
            found.entry(CredentialsOf(row.client_id)).or_default().push(credential);
        }
        Ok(found)
    }
}

#[derive(Default)]
pub struct ClientQuery;

#[Object]
impl ClientQuery {
    /// The partner clients of the districts that the viewer manages them for, latest first.
    async fn clients(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<PartnerClientConnection> {
        let request = request(ctx);
        kept(ctx, request.viewer.has(Permission::ManageClients))?;
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let select = client::Entity::find().filter(visible_to(&request.viewer));
        let sort = Sort::newest((client::Entity, client::Column::Id));
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}

/// A new partner client.
#[derive(InputObject)]
struct RegisterClientInput {
    /// The district that registers it.
    district: ID,
    /// The name, at most 80 characters.
    name: String,
    /// What its tokens may be used for.
    scopes: Vec<ClientScope>,
    /// Origins of pages that may call the API in a browser, `https://app.example.cn`; none where absent.
    origins: Option<Vec<String>>,
    /// Its last day; none where absent.
    expires_on: Option<Date>,
    /// Whether it may send nothing but its registered operations; false where absent.
    registered_only: Option<bool>,
    /// Its public key as a JWK of Ed25519, P-256 or RSA; a secret is made where absent.
    public_key: Option<String>,
}

/// What is to be changed; what is absent stays as it is.
#[derive(InputObject)]
struct UpdateClientInput {
    /// The client.
    id: ID,
    /// The name.
    name: Option<String>,
    /// What its tokens may be used for.
    scopes: Option<Vec<ClientScope>>,
    /// Origins of pages that may call the API in a browser.
    origins: Option<Vec<String>>,
    /// Whether it may send nothing but its registered operations.
    registered_only: Option<bool>,
}

/// A new credential of a client.
#[derive(InputObject)]
struct RotateClientCredentialInput {
    /// The client.
    id: ID,
    /// Its new public key as a JWK; a new secret is made where absent.
    public_key: Option<String>,
    /// For how many hours the older ones still work, 0 to 720; 24 where absent.
    overlap_hours: Option<i32>,
}

/// What a client is to prove itself with, and the secret where there is one.
fn proof(public_key: Option<String>) -> (Proof, Option<String>) {
    match public_key {
        Some(key) => (Proof::Key(key), None),
        None => {
            let secret = sessions::new_secret();
            (Proof::Secret(sessions::digest(&secret)), Some(secret))
        }
    }
}

#[derive(Default)]
pub struct ClientMutation;

#[Object]
impl ClientMutation {
    /// Registers a partner client. Takes no Idempotency-Key and no X-Dry-Run: its secret is shown this once.
    async fn register_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new client.")] input: RegisterClientInput,
    ) -> Result<RegisterClientPayload> {
        let headers = without_headers(request(ctx));
        let (proof, secret) = proof(input.public_key);
        let new = NewClient {
            district: key(NodeKind::Area, &input.district)?,
            name: input.name,
            scopes: input.scopes,
            origins: input.origins.unwrap_or_default(),
            expires_on: day(input.expires_on),
            registered_only: input.registered_only.unwrap_or(false),
            proof,
        };
        let outcome = mutate(ctx, |work| {
            let (headers, new) = (headers.clone(), new.clone());
            async move {
                headers?;
                actions::register(&work, &new).await
            }
        });
        let outcome = outcome.await?;
        let secret = secret.filter(|_| outcome.key.is_some());
        RegisterClientPayload::of(ctx, outcome, secret).await
    }

    /// Changes a partner client; tokens that are out keep the scopes that they were given until they end.
    async fn update_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be changed.")] input: UpdateClientInput,
    ) -> Result<UpdateClientPayload> {
        let id = key(NodeKind::Client, &input.id)?;
        let registered_only = input.registered_only;
        let changes = Changes { name: input.name, scopes: input.scopes, origins: input.origins, registered_only };
        let outcome = mutate(ctx, |work| {
            let changes = changes.clone();
            async move { actions::update(&work, id, &changes).await }
        });
        UpdateClientPayload::of(ctx, outcome.await?).await
    }

    /// Gives a client a new credential; the older ones work on for some hours. Takes no Idempotency-Key and no X-Dry-Run.
    async fn rotate_client_credential(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client and its new credential.")] input: RotateClientCredentialInput,
    ) -> Result<RotateClientCredentialPayload> {
        let headers = without_headers(request(ctx));
        let id = key(NodeKind::Client, &input.id)?;
        let (proof, secret) = proof(input.public_key);
        let hours = input.overlap_hours.unwrap_or(OVERLAP_HOURS);
        if !(0..=720).contains(&hours) {
            return Err(AppError::BadInput { zh: "overlapHours 须在 0 至 720 之间", en: "overlapHours takes 0 to 720" }.into());
        }
        let outcome = mutate(ctx, |work| {
            let (headers, proof) = (headers.clone(), proof.clone());
            async move {
                headers?;
                actions::rotate(&work, id, &proof, TimeDelta::hours(hours.into())).await
            }
        });
        let outcome = outcome.await?;
        let secret = secret.filter(|_| outcome.key.is_some());
        RotateClientCredentialPayload::of(ctx, outcome, secret).await
    }

    /// Revokes a partner client: its credentials and tokens open nothing from now on.
    async fn revoke_client(&self, ctx: &Context<'_>, #[graphql(desc = "The client.")] id: ID) -> Result<RevokeClientPayload> {
        let id = key(NodeKind::Client, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::revoke(&work, id).await });
        RevokeClientPayload::of(ctx, outcome.await?).await
    }
}
