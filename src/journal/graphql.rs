//! The change feed and the auditor's journal as the API shows them.

use std::collections::HashMap;
use std::time::Duration;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use futures_util::Stream;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::feed::{self, Position};
use super::{ChangeKind, Column, Entity, Model};
use crate::auth::entity::account;
use crate::auth::{Permission, sessions};
use crate::calendar::start_of;
use crate::date::{Date, day};
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::node::{Node, load_nodes};
use crate::graphql::paging::{Key, PageArgs, Sort, connection, page};
use crate::graphql::{Loaders, kept, request};
use crate::ids::{GlobalId, NodeKind};

/// How often the journal is looked at while nothing happens.
const PAUSE: Duration = Duration::from_millis(250);
/// After so many looks at nothing, whether the viewer still is who it was is asked anew.
const LOOKS: u32 = 20;
const BATCH: u64 = 100;

/// One change of one object.
#[derive(SimpleObject)]
pub struct Change {
    /// Identifies the change; the same however often it is delivered.
    id: ID,
    /// Its place in the feed, for `after`.
    cursor: String,
    /// What happened.
    kind: ChangeKind,
    /// When it happened.
    at: DateTime<Utc>,
    /// The global id of the object.
    node_id: ID,
    /// The object as it is now; null where the viewer can no longer see it.
    node: Option<Node>,
}

fn node_of(entry: &Model) -> Option<GlobalId> {
    let kind = NodeKind::ALL.iter().find(|kind| kind.prefix() == entry.node_kind)?;
    Some(GlobalId::new(*kind, entry.node_id))
}

/// The entry as the viewer may see it: with its object, as GONE where the object has just left the public's sight, else not at all.
fn change(entry: &Model, node: Option<Node>) -> Option<Change> {
    let kind = match (&node, entry.hides) {
        (Some(_), _) => entry.kind,
        (None, true) => ChangeKind::Gone,
        (None, false) => return None,
    };
    Some(Change {
        id: format!("change_{}", entry.id.simple()).into(),
        cursor: Position::of(entry).cursor(),
        kind,
        at: entry.at,
        node_id: node_of(entry)?.to_string().into(),
        node,
    })
}

/// Some changes of the feed, as the viewer may see them.
#[derive(SimpleObject)]
pub struct ChangeBatch {
    /// The changes, in commit order; there may be none though more follow.
    changes: Vec<Change>,
    /// Where to go on, for `after`.
    cursor: String,
    /// Whether more follow already.
    has_more: bool,
}

/// A stretch of the feed.
struct Stretch {
    changes: Vec<Change>,
    end: Position,
    is_full: bool,
}

async fn stretch(ctx: &Context<'_>, after: Position, kinds: Option<&[ChangeKind]>, limit: u64) -> Result<Stretch> {
    let entries = feed::read(request(ctx).app.db(), after, limit).await?;
    let wanted: Vec<&Model> = entries.iter().filter(|entry| feed::is_wanted(entry, kinds)).collect();
    let ids: Vec<GlobalId> = wanted.iter().filter_map(|entry| node_of(entry)).collect();
    let nodes = load_nodes(ctx, &ids).await?;
    let asked_for = |change: &Change| kinds.is_none_or(|kinds| kinds.contains(&change.kind));
    Ok(Stretch {
        changes: wanted.into_iter().zip(nodes).filter_map(|(entry, node)| change(entry, node)).filter(asked_for).collect(),
        end: entries.last().map_or(after, Position::of),
        is_full: entries.len() as u64 == limit,
    })
}

#[derive(Default)]
pub struct ChangeQuery;

#[Object]
impl ChangeQuery {
    /// The same changes as the subscription's, for those who ask from time to time. Go on after `cursor` until nothing more follows.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cursor of the last batch or change; where the feed ends where absent.")] after: Option<String>,
        #[graphql(desc = "Only these kinds; all where absent.")] kinds: Option<Vec<ChangeKind>>,
        #[graphql(desc = "How many to look at, 1 to 100; 100 where absent.")] first: Option<i32>,
    ) -> Result<ChangeBatch> {
        let limit = match first.unwrap_or(BATCH as i32) {
            first @ 1..=100 => first as u64,
            _ => return Err(AppError::BadInput { zh: "first 须在 1 至 100 之间", en: "first takes 1 to 100" }.into()),
        };
        let found = stretch(ctx, feed::place(request(ctx).app.db(), after.as_deref()).await?, kinds.as_deref(), limit).await?;
        Ok(ChangeBatch { changes: found.changes, cursor: found.end.cursor(), has_more: found.is_full })
    }
}

#[derive(Default)]
pub struct ChangeSubscription;

#[Subscription]
impl ChangeSubscription {
    /// Changes as they happen, in commit order, each once; resumed after a cursor without loss. The stream ends with UNAUTHENTICATED when the
    /// viewer's token ends and when its session or roles change: sign in or refresh, then resume.
    async fn changes<'a>(
        &self,
        ctx: &'a Context<'_>,
        #[graphql(desc = "The cursor of the last change received; from now on where absent.")] after: Option<String>,
        #[graphql(desc = "Only these kinds; all where absent.")] kinds: Option<Vec<ChangeKind>>,
    ) -> Result<impl Stream<Item = Result<Change>> + 'a> {
        let mut place = feed::place(request(ctx).app.db(), after.as_deref()).await?;
        Ok(async_stream::stream! {
            let mut looks = 0;
            loop {
                let stretch = match stretch(ctx, place, kinds.as_deref(), BATCH).await {
                    Ok(stretch) => stretch,
                    Err(error) => {
                        yield Err(error);
                        return;
                    }
                };
                looks += 1;
                let is_quiet = stretch.end == place;
                if !is_quiet || looks >= LOOKS {
                    looks = 0;
                    if let Err(error) = still(ctx).await {
                        yield Err(error.into());
                        return;
                    }
                }
                for change in stretch.changes {
                    yield Ok(change);
                }
                place = stretch.end;
                if is_quiet {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        })
    }
}

/// Whether the viewer still is who it was when the stream began.
async fn still(ctx: &Context<'_>) -> crate::error::Result<()> {
    let request = request(ctx);
    if request.viewer.account.is_none() {
        return Ok(());
    }
    if request.viewer.is_over(request.now()) {
        return Err(AppError::Unauthenticated);
    }
    let now = sessions::again(&request.app, &request.viewer).await?;
    if now.is_some_and(|now| now.grants == request.viewer.grants) { Ok(()) } else { Err(AppError::Unauthenticated) }
}

/// An entry of the journal: who did what, when, in which role.
#[derive(Clone)]
pub struct JournalEntry(Model);

impl From<Model> for JournalEntry {
    fn from(model: Model) -> Self {
        JournalEntry(model)
    }
}

/// An entry of the journal: who did what, when, in which role.
#[Object]
impl JournalEntry {
    /// Identifies the change.
    async fn id(&self) -> ID {
        format!("change_{}", self.0.id.simple()).into()
    }

    /// When it happened.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// What happened.
    async fn kind(&self) -> ChangeKind {
        self.0.kind
    }

    /// The global id of the object.
    async fn node_id(&self) -> ID {
        node_of(&self.0).map_or_else(|| self.0.node_id.to_string(), |id| id.to_string()).into()
    }

    /// The global id of the account that did it; null where the service did it by itself.
    async fn account_id(&self) -> Option<ID> {
        self.0.account_id.map(|id| GlobalId::new(NodeKind::Account, id).to_string().into())
    }

    /// The name of that account: of a person, an organisation or a partner client.
    async fn account_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        match self.0.account_id {
            Some(id) => Ok(request(ctx).loader.load_one(NameOf(id)).await?),
            None => Ok(None),
        }
    }

    /// The role in which it was done; null where the service did it by itself.
    async fn role(&self) -> Option<&str> {
        self.0.role.as_deref()
    }

    /// Whether it was done on behalf of another: by the street or the district for a community.
    async fn on_behalf(&self) -> bool {
        self.0.on_behalf
    }

    /// The facts of the change, as JSON: states, quantities in thousandths, reasons.
    async fn detail(&self) -> String {
        self.0.detail.to_string()
    }
}

/// The name of an account that stands in an entry which the viewer reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct NameOf(Uuid);

impl Loader<NameOf> for Loaders {
    type Value = String;
    type Error = AppError;

    async fn load(&self, keys: &[NameOf]) -> std::result::Result<HashMap<NameOf, String>, AppError> {
        let keys = padded(keys.iter().map(|key| key.0));
        let rows = account::Entity::find().filter(account::Column::Id.is_in(keys)).all(&self.0.conn).await?;
        Ok(rows.into_iter().map(|row| (NameOf(row.id), row.name)).collect())
    }
}

connection!(JournalEntry, JournalEntryConnection, JournalEntryEdge, "journal entries");

/// Which entries to list.
#[derive(InputObject, Default)]
pub struct JournalFilter {
    /// Only entries of this object, whatever its kind.
    node: Option<ID>,
    /// Only entries of this account.
    account: Option<ID>,
    /// Only these kinds.
    kind: Option<Vec<ChangeKind>>,
    /// Only from this day on, Asia/Shanghai.
    from: Option<Date>,
    /// Only up to this day, included, Asia/Shanghai.
    to: Option<Date>,
}

#[derive(Default)]
pub struct JournalQuery;

#[Object]
impl JournalQuery {
    /// The journal of the viewer's districts, latest first. For auditors and district administrators.
    async fn journal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entries; all where absent.")] filter: Option<JournalFilter>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<JournalEntryConnection> {
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        kept(ctx, request.viewer.has(Permission::ReadJournal))?;
        let districts = request.viewer.areas_with(Permission::ReadJournal);
        let filter = filter.unwrap_or_default();
        let mut wanted = Condition::all().add(Column::DistrictId.is_in(districts));
        if let Some(node) = &filter.node {
            wanted = wanted.add(Column::NodeId.eq(GlobalId::parse(node).ok_or(AppError::NotFound)?.key));
        }
        if let Some(account) = crate::graphql::key_of(NodeKind::Account, &filter.account)? {
            wanted = wanted.add(Column::AccountId.eq(account));
        }
        if let Some(kinds) = filter.kind {
            wanted = wanted.add(Column::Kind.is_in(kinds));
        }
        if let Some(day) = day(filter.from) {
            wanted = wanted.add(Column::At.gte(start_of(day)));
        }
        if let Some(day) = day(filter.to).and_then(|day| day.succ_opt()) {
            wanted = wanted.add(Column::At.lt(start_of(day)));
        }
        let column = |column| Key::Int(Expr::col((Entity, column)));
        let sort = Sort {
            name: "COMMIT",
            keys: vec![column(Column::Tx), column(Column::Seq)],
            descending: true,
            id: Expr::col((Entity, Column::Id)),
        };
        Ok(page(&request.conn, Entity::find().filter(wanted), &sort, &args).await?.into())
    }
}
