//! Mutations as the API has them: `{ result, refusals, warnings }`, one transaction each, safe to send again under a key.

use async_graphql::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue::Set, EntityTrait};
use sha2::{Digest, Sha256};

use super::node::{Node, load_nodes};
use super::request;
use crate::error::{AppError, Result};
use crate::refusal::{Reason, Refusal, RefusalCode, Warning, WarningCode};
use crate::venues::graphql::Interval;
use crate::work::{Work, statement};

/// Keys as they are stored.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub idempotency_key: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub path: String,
    pub request_digest: String,
    pub node_id: Uuid,
    pub warnings: Json,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

/// What became of a mutation: the key of its result, or why there is none.
pub struct Outcome {
    pub key: Option<Uuid>,
    pub refusals: Vec<RefusalView>,
    pub warnings: Vec<WarningView>,
}

/// A key as the request sent it, bound to the account, the place in the answer and the arguments.
#[derive(Clone)]
struct Key {
    account: Uuid,
    key: String,
    path: String,
    digest: String,
}

impl Key {
    /// Takes the key for this transaction, and waits for another that has it; the object that was recorded under it, if one was.
    async fn take(&self, work: &Work) -> Result<Option<Uuid>> {
        let sql = "INSERT INTO idempotency_keys (account_id, idempotency_key, path, request_digest, node_id, warnings, created_at) \
                   VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, idempotency_key, path) DO NOTHING";
        let values: [sea_orm::Value; 7] = [
            self.account.into(),
            self.key.clone().into(),
            self.path.clone().into(),
            self.digest.clone().into(),
            Uuid::nil().into(),
            serde_json::json!([]).into(),
            work.now().into(),
        ];
        if work.read().execute_raw(statement(work.read(), sql, values)).await?.rows_affected() > 0 {
            return Ok(None);
        }
        let found = Entity::find_by_id((self.account, self.key.clone(), self.path.clone())).one(work.read()).await?;
        let row = found.ok_or(AppError::Conflict)?;
        if row.request_digest != self.digest {
            return Err(Reason::IdempotencyKeyReused.into());
        }
        for warning in serde_json::from_value::<Vec<WarningCode>>(row.warnings).unwrap_or_default() {
            work.warn(warning, &[], Vec::new());
        }
        Ok(Some(row.node_id))
    }

    /// Says what became of the work that the key was taken for.
    async fn record(&self, work: &Work, node: Uuid) -> Result<()> {
        let row = ActiveModel {
            account_id: Set(self.account),
            idempotency_key: Set(self.key.clone()),
            path: Set(self.path.clone()),
            node_id: Set(node),
            warnings: Set(serde_json::to_value(work.warning_codes()).unwrap_or_default()),
            ..Default::default()
        };
        Entity::update(row).exec(work.read()).await?;
        Ok(())
    }
}

fn idempotency_key(ctx: &Context<'_>) -> Result<Option<Key>> {
    let request = request(ctx);
    let (Some(key), Some(account), false) = (&request.idempotency_key, request.viewer.account_id(), request.dry_run) else {
        return Ok(None);
    };
    let field = ctx.field();
    let mut arguments = field.arguments().map_err(|_| AppError::BadInput { zh: "参数无效", en: "The arguments are not valid" })?;
    // The order in which a client writes the fields of an input makes it no other input.
    arguments.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut hash = Sha256::new();
    hash.update(field.name());
    for (name, value) in arguments {
        let mut value = value.into_json().unwrap_or_default();
        value.sort_all_objects();
        hash.update([0]);
        hash.update(name.as_str());
        hash.update([0]);
        hash.update(serde_json::to_vec(&value).unwrap_or_default());
    }
    let path = ctx.path_node.as_ref().map(|path| path.to_string_vec().join(".")).unwrap_or_default();
    Ok(Some(Key { account, key: key.clone(), path, digest: URL_SAFE_NO_PAD.encode(hash.finalize()) }))
}

/// Runs an action as one transaction, under the request's idempotency key if it has one.
pub async fn mutate<F, Fut>(ctx: &Context<'_>, action: F) -> async_graphql::Result<Outcome>
where
    F: Fn(Work) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Uuid>> + Send,
{
    perform(ctx, &|work| action(work).boxed()).await
}

/// The same for all actions: made once, not for each of them.
async fn perform<'a>(
    ctx: &Context<'_>,
    action: &'a (dyn Fn(Work) -> BoxFuture<'a, Result<Uuid>> + Send + Sync),
) -> async_graphql::Result<Outcome> {
    let request = request(ctx);
    if request.viewer.account.is_none() {
        return Err(AppError::Unauthenticated.into());
    }
    let key = idempotency_key(ctx)?;
    let done = request
        .app
        .write(&request.viewer, &request.conn, |work| {
            let key = key.clone();
            async move {
                if let Some(key) = &key
                    && let Some(node) = key.take(&work).await?
                {
                    return Ok(node);
                }
                let node = action(work.clone()).await?;
                if let Some(key) = &key {
                    key.record(&work, node).await?;
                }
                Ok(node)
            }
        })
        .await;
    let mut outcome = Outcome { key: None, refusals: Vec::new(), warnings: Vec::new() };
    match done {
        Ok(done) => {
            outcome.key = Some(done.value);
            outcome.warnings = WarningView::all(ctx, done.warnings).await?;
        }
        Err(AppError::Refused(refusal)) => outcome.refusals.push(RefusalView::of(ctx, *refusal).await?),
        Err(error) => {
            if let AppError::Forbidden { permission, node } = &error {
                request.refuse(permission, *node);
            }
            return Err(error.into());
        }
    }
    Ok(outcome)
}

/// Why something was not done.
#[derive(async_graphql::SimpleObject)]
#[graphql(name = "Refusal")]
pub struct RefusalView {
    /// The reason, for a program.
    pub code: RefusalCode,
    /// The reason and the remedy, for a reader, in the language of `Accept-Language`.
    pub message: String,
    /// The input field at fault, from the argument down; null where no one field is.
    pub path: Option<Vec<String>>,
    /// The objects that the refusal is about, as far as the viewer may see them.
    pub related: Vec<Node>,
    /// Where a time was taken, the next free times of that length; else empty.
    pub free_times: Vec<Interval>,
}

impl RefusalView {
    pub async fn of(ctx: &Context<'_>, refusal: Refusal) -> async_graphql::Result<RefusalView> {
        Ok(RefusalView {
            code: refusal.reason.code(),
            message: refusal.reason.message(request(ctx).lang),
            path: (!refusal.path.is_empty()).then(|| refusal.path.iter().map(|part| (*part).to_owned()).collect()),
            related: load_nodes(ctx, &refusal.related).await?.into_iter().flatten().collect(),
            free_times: match refusal.reason {
                Reason::TimeTaken { free } => free.into_iter().map(Interval::from).collect(),
                _ => Vec::new(),
            },
        })
    }
}

/// Something worth a second look; what was asked was done all the same.
#[derive(async_graphql::SimpleObject)]
#[graphql(name = "Warning")]
pub struct WarningView {
    /// What it is, for a program.
    pub code: WarningCode,
    /// What it is, for a reader, in the language of `Accept-Language`.
    pub message: String,
    /// The input field that it is about; null where no one field is.
    pub path: Option<Vec<String>>,
    /// The objects that it is about, as far as the viewer may see them.
    pub related: Vec<Node>,
}

impl WarningView {
    pub async fn all(ctx: &Context<'_>, warnings: Vec<Warning>) -> async_graphql::Result<Vec<WarningView>> {
        let mut views = Vec::new();
        for warning in warnings {
            views.push(WarningView::of(ctx, warning).await?);
        }
        Ok(views)
    }

    async fn of(ctx: &Context<'_>, warning: Warning) -> async_graphql::Result<WarningView> {
        Ok(WarningView {
            code: warning.code,
            message: warning.code.message(request(ctx).lang).to_owned(),
            path: (!warning.path.is_empty()).then(|| warning.path.iter().map(|part| (*part).to_owned()).collect()),
            related: load_nodes(ctx, &warning.related).await?.into_iter().flatten().collect(),
        })
    }
}

/// Defines a mutation's payload; `result` is the object as the viewer sees it after the commit.
macro_rules! define_payload {
    ($payload:ident, $node:ident, $loader_key:path, $what:literal $(, $(#[$about:meta])* $extra:ident: $type:ty)?) => {
        #[doc = concat!("What became of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $payload {
            /// The object after the change; null exactly where there are refusals.
            result: Option<$node>,
            /// Why nothing was done; empty where it was.
            refusals: Vec<$crate::graphql::RefusalView>,
            /// What is worth a second look.
            warnings: Vec<$crate::graphql::WarningView>,
            $($(#[$about])* $extra: $type,)?
        }

        impl $payload {
            pub(crate) async fn of(
                ctx: &async_graphql::Context<'_>,
                outcome: $crate::graphql::Outcome
                $(, $extra: $type)?
            ) -> async_graphql::Result<Self> {
                let result = match outcome.key {
                    Some(key) => {
                        let found = $crate::graphql::request(ctx).loader.load_one($loader_key(key)).await?;
                        Some(found.ok_or($crate::error::AppError::NotFound)?)
                    }
                    None => None,
                };
                Ok($payload { result, refusals: outcome.refusals, warnings: outcome.warnings $(, $extra)? })
            }
        }
    };
}
pub(crate) use define_payload as payload;
