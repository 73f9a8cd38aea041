//! Accounts and their roles, for those who manage them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result};
use sea_orm::sea_query::{Expr, LikeExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::grants::{GrantsOf, RoleGrantInput, RoleGrantView};
use super::without_headers;
use crate::auth::accounts::{self, NewAccount};
use crate::auth::entity::account;
use crate::auth::{Permission, account_node};
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::paging::{Key, PageArgs, Sort, connection, page};
use crate::graphql::{Loaders, Request, kept, key, mutate, payload, request};
use crate::ids::NodeKind;
use crate::search as words;

/// What somebody signs in with.
#[derive(Clone)]
struct Account(account::Model);

impl From<account::Model> for Account {
    fn from(model: account::Model) -> Self {
        Account(model)
    }
}

/// What somebody signs in with.
#[Object]
impl Account {
    /// The global id.
    async fn id(&self) -> ID {
        account_node(self.0.id).to_string().into()
    }

    /// The login.
    async fn login(&self) -> &str {
        &self.0.login
    }

    /// The name of the person or organisation.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is closed: nobody signs in with it.
    async fn disabled(&self) -> bool {
        self.0.disabled_at.is_some()
    }

    /// Its roles that run or will, as far as the viewer manages them, oldest first.
    async fn grants(&self, ctx: &Context<'_>) -> Result<Vec<RoleGrantView>> {
        Ok(request(ctx).loader.load_one(GrantsOf(self.0.id)).await?.unwrap_or_default())
    }
}

connection!(Account, AccountConnection, AccountEdge, "accounts");
payload!(CreateAccountPayload, Account, AccountKey, "createAccount");
payload!(SetPasswordPayload, Account, AccountKey, "setPassword");
payload!(DisableAccountPayload, Account, AccountKey, "disableAccount");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct AccountKey(Uuid);

impl Loader<AccountKey> for Loaders {
    type Value = Account;
    type Error = AppError;

    async fn load(&self, keys: &[AccountKey]) -> std::result::Result<HashMap<AccountKey, Account>, AppError> {
        let rows = account::Entity::find()
            .filter(account::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(accounts::visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (AccountKey(row.id), Account(row))).collect())
    }
}

#[derive(Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// The accounts that the viewer manages, by login: those with a role in its district, and those that it made and gave none yet.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only accounts whose login or name holds this.")] search: Option<String>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<AccountConnection> {
        let request = request(ctx);
        kept(ctx, request.viewer.has(Permission::ManageAccounts))?;
        words::check(search.as_deref())?;
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let mut select = account::Entity::find().filter(accounts::visible_to(&request.viewer));
        if let Some(search) = search {
            let plain = search.trim().replace('\0', "");
            let escaped = plain.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
            let like = |text: &str| LikeExpr::new(format!("%{text}%")).escape('\\');
            select = select.filter(
                Condition::any()
                    .add(account::Column::Login.like(like(&escaped.to_lowercase())))
                    .add(account::Column::Name.like(like(&escaped))),
            );
        }
        let sort = Sort {
            name: "LOGIN",
            keys: vec![Key::Text(Expr::col((account::Entity, account::Column::Login)))],
            descending: false,
            id: Expr::col((account::Entity, account::Column::Id)),
        };
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}

/// A new account.
#[derive(InputObject)]
struct CreateAccountInput {
    /// The login: 3 to 64 lower-case letters, digits, dots, dashes and underscores.
    login: String,
    /// The name of the person or organisation, at most 80 characters.
    name: String,
    /// The first password, 10 to 128 characters.
    password: String,
    /// Its first roles, at most 20; none where absent.
    grants: Option<Vec<RoleGrantInput>>,
}

/// A new password for an account.
#[derive(InputObject)]
struct SetPasswordInput {
    /// The account.
    account: ID,
    /// The password, 10 to 128 characters.
    password: String,
}

/// A password's hash, made before the transaction, or why there is none; the transaction is then refused for it.
async fn hashed(request: &Request, password: &str) -> std::result::Result<String, AppError> {
    without_headers(request)?;
    accounts::hash(&request.app, &request.viewer, password).await
}

#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Creates an account, with its first roles. Takes no Idempotency-Key and no X-Dry-Run: sent again, it finds its login taken.
    async fn create_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new account.")] input: CreateAccountInput,
    ) -> Result<CreateAccountPayload> {
        let grants = input.grants.unwrap_or_default();
        let grants: Vec<_> = grants.iter().map(RoleGrantInput::read).collect::<std::result::Result<_, _>>()?;
        let hash = hashed(request(ctx), &input.password).await;
        let outcome = mutate(ctx, |work| {
            let (hash, login, name, grants) = (hash.clone(), input.login.clone(), input.name.clone(), grants.clone());
            async move {
                let new = NewAccount { login, name, password_hash: hash?, grants };
                accounts::create(&work, &new).await
            }
        });
        CreateAccountPayload::of(ctx, outcome.await?).await
    }

    /// Sets the password of an account whose owner cannot, ends its sessions and unlocks its login. Takes no Idempotency-Key and no X-Dry-Run.
    async fn set_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account and its new password.")] input: SetPasswordInput,
    ) -> Result<SetPasswordPayload> {
        let account = key(NodeKind::Account, &input.account)?;
        let hash = hashed(request(ctx), &input.password).await;
        let outcome = mutate(ctx, |work| {
            let hash = hash.clone();
            async move { accounts::set_password(&work, account, &hash?).await }
        });
        SetPasswordPayload::of(ctx, outcome.await?).await
    }

    /// Closes an account: nobody signs in with it any more, and its sessions end.
    async fn disable_account(&self, ctx: &Context<'_>, #[graphql(desc = "The account.")] id: ID) -> Result<DisableAccountPayload> {
        let id = key(NodeKind::Account, &id)?;
        let outcome = mutate(ctx, |work| async move { accounts::disable(&work, id).await });
        DisableAccountPayload::of(ctx, outcome.await?).await
    }
}
