//! The GraphQL side of every topic: what a request carries, lists, payloads, errors, limits, and the root objects.
//!
//! A resolver decides nothing: queries read through a topic's `visible_to`, mutations call one action of a topic by [`mutate`].

pub mod ask;
pub mod driver;
pub mod eager;
pub mod errors;
pub mod guard;
pub mod node;
pub mod order;
pub mod paging;
mod payload;
pub mod schema;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_graphql::dataloader::DataLoader;
use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::app::App;
use crate::auth::Viewer;
use crate::db::{Conn, Turn, padded};
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind, new_key};
use crate::lang::Lang;
use crate::memory::{Memory, Shelf};
use crate::refusal::{Reason, Refusal, RefusalCode, State};
use crate::work::statement;

use driver::Batches;
use eager::Eager;
pub(crate) use payload::payload;
pub use payload::{Outcome, RefusalView, WarningView, mutate};

/// Where a request reads from, and for whom.
pub struct Source {
    pub app: App,
    pub viewer: Viewer,
    pub conn: Conn,
    pub lang: Lang,
    /// Refused attempts, to be kept when the request's own transaction is over.
    refused: Mutex<Vec<(&'static str, Option<GlobalId>)>>,
}

impl Source {
    pub fn new(app: App, viewer: Viewer, conn: Conn, lang: Lang) -> Source {
        Source { app, viewer, conn, lang, refused: Mutex::default() }
    }

    /// What is remembered of a row that all may see. Within a transaction nothing is.
    pub fn known<T: Clone>(&self, shelf: fn(&Memory) -> &Shelf<T>, key: Uuid) -> Option<T> {
        let Conn::Pool(_) = self.conn else { return None };
        shelf(self.app.memory()).get(key)
    }

    /// Rows by their keys, of those that all may see: what is remembered, and the others as they are read. Within a transaction all are read.
    pub async fn recall<E: EntityTrait>(
        &self,
        shelf: fn(&Memory) -> &Shelf<Arc<E::Model>>,
        key: E::Column,
        key_of: fn(&E::Model) -> Uuid,
        keys: impl IntoIterator<Item = Uuid>,
        all: Condition,
    ) -> Result<HashMap<Uuid, Arc<E::Model>>> {
        let memory = matches!(self.conn, Conn::Pool(_)).then(|| self.app.memory());
        let age = memory.map(Memory::age);
        let (mut found, mut missing) = (HashMap::new(), Vec::new());
        for id in keys {
            match self.known(shelf, id) {
                Some(row) => drop(found.insert(id, row)),
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            let rows = E::find().filter(key.is_in(padded(missing))).filter(all).all(&self.conn).await?;
            let rows: HashMap<Uuid, Arc<E::Model>> = rows.into_iter().map(|row| (key_of(&row), Arc::new(row))).collect();
            if let (Some(memory), Some(age)) = (memory, age) {
                memory.keep(shelf(memory), age, rows.iter().map(|(id, row)| (*id, row.clone())));
            }
            found.extend(rows);
        }
        Ok(found)
    }

    fn refuse(&self, permission: &'static str, node: Option<GlobalId>) {
        self.refused.lock().expect("no panic under this lock").push((permission, node));
    }

    /// Ends the request: a dry run's transaction is rolled back, then what was refused goes to the log.
    pub(crate) async fn close(self, turn: Option<Turn>) -> Result<()> {
        if let Conn::Within(transaction) = self.conn
            && let Some(transaction) = Arc::into_inner(transaction)
        {
            transaction.rollback().await?;
        }
        // The log is written in a turn of its own.
        drop(turn);
        let (db, now) = (self.app.db(), self.app.clock().now());
        for (permission, node) in self.refused.into_inner().expect("no panic under this lock") {
            let sql = "INSERT INTO refused_permissions (id, at, account_id, permission, node_id) VALUES (?, ?, ?, ?, ?)";
            let values: [sea_orm::Value; 5] =
                [new_key(now).into(), now.into(), self.viewer.account_id().into(), permission.into(), node.map(|node| node.key).into()];
            db.write_one(|| async { Ok(db.execute_raw(statement(db, sql, values.clone())).await?) }).await?;
        }
        Ok(())
    }

    /// The present; a stream lives longer than an instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.app.clock().now()
    }
}

/// The loaders of a request: each batches the keys of one level into one statement. The topics implement `Loader` for it.
#[derive(Clone)]
pub struct Loaders(pub Arc<Source>);

/// What a request carries through its resolvers.
pub struct Request {
    pub source: Arc<Source>,
    pub batches: Batches,
    pub loader: DataLoader<Loaders>,
    pub idempotency_key: Option<String>,
    pub dry_run: bool,
}

impl Request {
    pub fn new(source: Arc<Source>, idempotency_key: Option<String>, dry_run: bool) -> Request {
        let batches = Batches::default();
        let waiting = batches.clone();
        let loader = DataLoader::new(Loaders(source.clone()), move |batch| waiting.wait(batch)).delay(std::time::Duration::ZERO);
        Request { source, batches, loader, idempotency_key, dry_run }
    }
}

impl std::ops::Deref for Request {
    type Target = Source;

    fn deref(&self) -> &Source {
        &self.source
    }
}

pub fn request<'a>(ctx: &Context<'a>) -> &'a Request {
    ctx.data_unchecked::<Request>()
}

/// The key behind a global id of the expected kind; any other id is one of nothing.
pub fn key(kind: NodeKind, id: &async_graphql::ID) -> Result<uuid::Uuid> {
    GlobalId::parse(id).filter(|id| id.kind == kind).map(|id| id.key).ok_or(AppError::NotFound)
}

pub fn key_of(kind: NodeKind, id: &Option<async_graphql::ID>) -> Result<Option<uuid::Uuid>> {
    id.as_ref().map(|id| key(kind, id)).transpose()
}

pub fn keys_of(kind: NodeKind, ids: &Option<Vec<async_graphql::ID>>) -> Result<Option<Vec<uuid::Uuid>>> {
    ids.as_ref().map(|ids| ids.iter().map(|id| key(kind, id)).collect()).transpose()
}

pub fn id(kind: NodeKind, key: uuid::Uuid) -> async_graphql::ID {
    GlobalId::new(kind, key).to_string().into()
}

/// Whether an action would change anything: one that is done already is nothing to offer.
pub fn offered(permitted: Result<()>, rule: std::result::Result<bool, Refusal>, state: State) -> Result<()> {
    permitted?;
    if rule? { Ok(()) } else { Err(Reason::WrongState { state }.into()) }
}

/// Keeps a refused permission for the log, where no mutation does.
pub fn kept<T>(ctx: &Context<'_>, answer: Result<T>) -> Result<T> {
    if let Err(AppError::Forbidden { permission, node }) = &answer {
        request(ctx).refuse(permission, *node);
    }
    answer
}

/// What an action asks of the viewer, answered for one object.
pub fn can(action: Action, answer: Result<()>) -> Eager<Can> {
    let refused = answer.err().map(|error| match error {
        AppError::Refused(refusal) => refusal.reason,
        AppError::Unauthenticated => Reason::SignInRequired,
        _ => Reason::NotPermitted,
    });
    Eager(Can { action, refused })
}

/// What the viewer may do with an object and, if not, why not.
pub struct Can {
    action: Action,
    refused: Option<Reason>,
}

/// What the viewer may do with an object and, if not, why not.
#[Object(name = "Permission")]
impl Can {
    /// What could be done.
    async fn action(&self) -> Action {
        self.action
    }

    /// Whether the viewer may do it now.
    async fn allowed(&self) -> bool {
        self.refused.is_none()
    }

    /// Why not, for a program; null where it is allowed.
    async fn code(&self) -> Option<RefusalCode> {
        self.refused.as_ref().map(Reason::code)
    }

    /// Why not, for a reader; null where it is allowed.
    async fn message(&self, ctx: &Context<'_>) -> Option<String> {
        self.refused.as_ref().map(|reason| reason.message(request(ctx).lang))
    }
}

/// What can be done with an object; one for each verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum Action {
    /// Change its text, quantity or dates.
    Update,
    /// Hand it in for review.
    Submit,
    /// Publish a need.
    Publish,
    /// Send it back to its author with a reason.
    Return,
    /// Take it back.
    Withdraw,
    /// End a need whose rest is no longer wanted.
    Close,
    /// Claim a need for a unit.
    Claim,
    /// Put a pledge on the resource list.
    List,
    /// Take a pledge off the list for a while.
    Pause,
    /// Put a paused pledge back, or let a suspended membership run again.
    Resume,
    /// Confirm a pledge for another term.
    Renew,
    /// Request a pledge for a community.
    Request,
    /// Confirm a match as the other side.
    Confirm,
    /// Turn a match down as the other side.
    Reject,
    /// Give a match up.
    Cancel,
    /// Hand a match on to another unit, or a complaint to another area.
    Transfer,
    /// Report a delivery.
    Report,
    /// Accept a delivery.
    Accept,
    /// Refuse a delivery.
    Refuse,
    /// Add a picture to a reported delivery.
    AddPicture,
    /// Remove a picture.
    Remove,
    /// Answer a complaint.
    Answer,
    /// Evaluate the other side.
    Evaluate,
    /// Reverse a contribution.
    Reverse,
    /// Invite a unit to an alliance.
    Invite,
    /// Apply to an alliance for a unit.
    Apply,
    /// Admit a unit to an alliance, or accept its invitation.
    Admit,
    /// Suspend a membership.
    Suspend,
    /// Leave an alliance.
    Leave,
    /// Pair a unit with a community.
    Pair,
    /// Add a zone to a venue.
    AddZone,
    /// Add a service to a venue.
    AddService,
    /// Say that building has begun.
    Start,
    /// Say that what was built is in use.
    PutInUse,
    /// Book a zone.
    Book,
    /// Plan the sittings of a zone.
    PlanSittings,
    /// Reserve places at a sitting.
    Reserve,
    /// Approve a booking.
    Approve,
    /// Take up a time that was waited for.
    TakeUp,
    /// Say that a booking took place.
    Complete,
    /// Say that nobody came to a booking.
    MarkNoShow,
}
