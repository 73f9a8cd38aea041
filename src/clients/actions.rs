//! Registering clients, giving them new credentials, revoking them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::entity::{client, credential, operation, visible_to};
use super::rules;
use crate::areas;
use crate::areas::rules::{AreaLevel, check_current, check_name};
use crate::auth::entity::{account, role_grant, session};
use crate::auth::{ClientScope, NO_PASSWORD, Permission, Permit, Role, Scope, sessions};
use crate::calendar::start_of;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::Refusal;
use crate::work::Work;

/// A credential without an end lasts so long.
const LONGEST: TimeDelta = TimeDelta::days(3650);
/// Credentials of one client that work at a time.
const MOST_CREDENTIALS: u64 = 5;

/// What a client proves itself with.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The digest of a secret that the client alone keeps.
    Secret(String),
    /// A public key, as a JWK.
    Key(String),
}

#[derive(Clone, Debug)]
pub struct NewClient {
    pub district: Uuid,
    pub name: String,
    pub scopes: Vec<ClientScope>,
    pub origins: Vec<String>,
    pub expires_on: Option<NaiveDate>,
    pub registered_only: bool,
    pub proof: Proof,
}

/// What is to be changed; what is absent stays.
#[derive(Clone, Debug)]
pub struct Changes {
    pub name: Option<String>,
    pub scopes: Option<Vec<ClientScope>>,
    pub origins: Option<Vec<String>>,
    pub registered_only: Option<bool>,
}

fn codes(scopes: &[ClientScope]) -> Result<serde_json::Value, Refusal> {
    if scopes.is_empty() {
        return Err(Refusal::invalid("scopes", "请至少选择一个权限范围", "Choose at least one scope"));
    }
    let mut scopes: Vec<&str> = scopes.iter().map(|scope| scope.code()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    Ok(json!(scopes))
}

pub async fn register(work: &Work, new: &NewClient) -> Result<Uuid> {
    let district = areas::entity::find(work.read(), new.district).await?;
    let permit = work.permit(Permission::ManageClients, &district.scope(), Some(district.node()))?;
    if district.level != AreaLevel::District {
        return Err(Refusal::invalid("district", "请选择区(县)", "A client is registered in a district").into());
    }
    check_current(&district, "district", work.today())?;
    let name = check_name("name", &new.name)?;
    let origins = rules::check_origins(&new.origins)?;
    let expires_on = rules::check_end(new.expires_on, work.today())?;
    let id = work.new_key();
    account::ActiveModel {
        id: Set(id),
        login: Set(format!("client_{}", id.simple())),
        name: Set(name.clone()),
        password_hash: Set(NO_PASSWORD.to_owned()),
        created_at: Set(work.now()),
        disabled_at: Set(None),
    }
    .insert(permit.write())
    .await?;
    role_grant::ActiveModel {
        id: Set(work.new_key()),
        account_id: Set(id),
        role: Set(Role::Partner),
        area_id: Set(Some(district.id)),
        unit_id: Set(None),
        valid_from: Set(work.today()),
        valid_until: Set(expires_on),
        granted_at: Set(work.now()),
        revoked_at: Set(None),
    }
    .insert(permit.write())
    .await?;
    let client = client::Model {
        id,
        district_id: district.id,
        name,
        scopes: codes(&new.scopes)?,
        origins: json!(origins),
        expires_on,
        created_at: work.now(),
        last_used_at: None,
        revoked_at: None,
        registered_only: new.registered_only,
    };
    client::Entity::insert(client::ActiveModel::from(client.clone())).exec_without_returning(permit.write()).await?;
    add(&permit, &client, &new.proof).await?;
    permit.journal(ChangeKind::ClientRegistered, client.node(), Some(client.district_id));
    Ok(id)
}

async fn lock(work: &Work, id: Uuid) -> Result<client::Model> {
    let found = client::Entity::find_by_id(id).filter(visible_to(work.viewer())).lock(LockType::NoKeyUpdate);
    found.one(work.read()).await?.ok_or(AppError::NotFound)
}

/// A client of the viewer's districts, held for a change.
async fn hold(work: &Work, id: Uuid) -> Result<(client::Model, Permit)> {
    let client = lock(work, id).await?;
    let permit = work.permit(Permission::ManageClients, &Scope::Areas(vec![client.district_id]), Some(client.node()))?;
    Ok((client, permit))
}

/// The same of a client that still works.
async fn hold_live(work: &Work, id: Uuid) -> Result<(client::Model, Permit)> {
    let (client, permit) = hold(work, id).await?;
    live(work, &client)?;
    Ok((client, permit))
}

fn live(work: &Work, client: &client::Model) -> Result<()> {
    if client.has_ended(work.today()) {
        return Err(Refusal::invalid("id", "此合作方客户端已停用", "This client has ended").at(&["id"]).into());
    }
    Ok(())
}

pub async fn update(work: &Work, id: Uuid, changes: &Changes) -> Result<Uuid> {
    let (client, permit) = hold_live(work, id).await?;
    let mut change = client::ActiveModel { id: Set(id), ..Default::default() };
    if let Some(name) = &changes.name {
        change.name = Set(check_name("name", name)?);
    }
    if let Some(scopes) = &changes.scopes {
        change.scopes = Set(codes(scopes)?);
    }
    if let Some(origins) = &changes.origins {
        change.origins = Set(json!(rules::check_origins(origins)?));
    }
    if let Some(registered_only) = changes.registered_only {
        change.registered_only = Set(registered_only);
    }
    change.update(permit.write()).await?;
    // Tokens carry the scopes that they were given: those that are out end with their sessions' next look.
    work.forget();
    permit.journal(ChangeKind::ClientChanged, client.node(), Some(client.district_id));
    Ok(id)
}

/// Gives a client a new credential; the older ones still work for so many hours.
pub async fn rotate(work: &Work, id: Uuid, proof: &Proof, overlap: TimeDelta) -> Result<Uuid> {
    let (client, permit) = hold_live(work, id).await?;
    let ends = work.now() + overlap;
    let older = credential::Entity::find().filter(credential::Column::ClientId.eq(id)).filter(credential::Column::ExpiresAt.gt(ends));
    for credential in older.all(permit.write()).await? {
        end(&permit, credential.id, ends).await?;
    }
    let live = credential::Entity::find().filter(credential::Column::ClientId.eq(id)).filter(credential::Column::ExpiresAt.gt(work.now()));
    if live.count(permit.write()).await? >= MOST_CREDENTIALS {
        let (zh, en) = ("同时有效的凭证最多 5 个", "At most 5 credentials work at a time");
        return Err(Refusal::invalid("id", zh, en).at_input("id").into());
    }
    add(&permit, &client, proof).await?;
    work.forget();
    permit.journal(ChangeKind::ClientCredentialAdded, client.node(), Some(client.district_id));
    Ok(id)
}

async fn end(permit: &Permit, credential: Uuid, at: DateTime<Utc>) -> Result<()> {
    credential::ActiveModel { id: Set(credential), expires_at: Set(at), ..Default::default() }.update(permit.write()).await?;
    session::ActiveModel { id: Set(credential), expires_at: Set(at), ..Default::default() }.update(permit.write()).await?;
    Ok(())
}

async fn add(permit: &Permit, client: &client::Model, proof: &Proof) -> Result<()> {
    let now = permit.work().now();
    let expires_at = client.expires_on.and_then(|day| day.succ_opt()).map_or(now + LONGEST, start_of);
    let (secret_digest, public_key) = match proof {
        Proof::Secret(digest) => (Some(digest.clone()), None),
        Proof::Key(key) => (None, Some(rules::check_key(key)?.0)),
    };
    let id = permit.work().new_key();
    session::ActiveModel {
        id: Set(id),
        account_id: Set(client.id),
        created_at: Set(now),
        expires_at: Set(expires_at),
        ended_at: Set(None),
        ended_because: Set(None),
    }
    .insert(permit.write())
    .await?;
    let row = credential::Model { id, client_id: client.id, secret_digest, public_key, created_at: now, expires_at };
    credential::Entity::insert(credential::ActiveModel::from(row)).exec_without_returning(permit.write()).await?;
    Ok(())
}

/// Registers documents for a client, which may do it by itself; with `replace` those that are not among them are registered no longer.
pub async fn register_operations(work: &Work, id: Uuid, documents: &[String], replace: bool) -> Result<Uuid> {
    let client = lock(work, id).await?;
    let permit = match work.viewer().account_id() {
        Some(account) if account == client.id => work.own()?,
        _ => work.permit(Permission::ManageClients, &Scope::Areas(vec![client.district_id]), Some(client.node()))?,
    };
    live(work, &client)?;
    let documents = rules::check_documents(documents)?;
    let own = operation::Column::ClientId.eq(id);
    let known = operation::Entity::find().select_only().column(operation::Column::Hash).column(operation::Column::Bytes);
    let known: Vec<(String, i32)> = known.filter(own.clone()).into_tuple().all(permit.write()).await?;
    let is_named = |hash: &str| documents.iter().any(|document| document.hash == hash);
    let stay: Vec<&(String, i32)> = known.iter().filter(|(hash, _)| !replace || is_named(hash)).collect();
    let new: Vec<&rules::Document> = documents.iter().filter(|document| !known.iter().any(|(hash, _)| *hash == document.hash)).collect();
    let bytes = stay.iter().map(|(_, bytes)| usize::try_from(*bytes).unwrap_or_default()).sum::<usize>();
    rules::check_room(stay.len() + new.len(), bytes + new.iter().map(|document| document.text.len()).sum::<usize>())?;
    if stay.len() == known.len() && new.is_empty() {
        return Ok(id);
    }
    if stay.len() < known.len() {
        let kept = stay.iter().map(|(hash, _)| hash.as_str());
        operation::Entity::delete_many().filter(own).filter(operation::Column::Hash.is_not_in(kept)).exec(permit.write()).await?;
    }
    let rows = new.iter().map(|document| {
        operation::ActiveModel::from(operation::Model {
            id: work.new_key(),
            client_id: id,
            hash: document.hash.clone(),
            name: document.name.clone(),
            document: document.text.clone(),
            bytes: i32::try_from(document.text.len()).unwrap_or(i32::MAX),
            registered_at: work.now(),
        })
    });
    if !new.is_empty() {
        operation::Entity::insert_many(rows).exec_without_returning(permit.write()).await?;
    }
    let counts = json!({ "registered": new.len(), "removed": known.len() - stay.len() });
    permit.record(Entry::new(ChangeKind::ClientOperationsRegistered, client.node(), Some(client.district_id)).with(counts));
    Ok(id)
}

/// Ends a client: its credentials and tokens open nothing from now on.
pub async fn revoke(work: &Work, id: Uuid) -> Result<Uuid> {
    let (client, permit) = hold(work, id).await?;
    if client.revoked_at.is_some() {
        return Ok(id);
    }
    client::ActiveModel { id: Set(id), revoked_at: Set(Some(work.now())), ..Default::default() }.update(permit.write()).await?;
    account::ActiveModel { id: Set(id), disabled_at: Set(Some(work.now())), ..Default::default() }.update(permit.write()).await?;
    sessions::end(permit.write(), Condition::all().add(session::Column::AccountId.eq(id)), "CLIENT_REVOKED", work.now()).await?;
    work.forget();
    permit.journal(ChangeKind::ClientRevoked, client.node(), Some(client.district_id));
    Ok(id)
}
