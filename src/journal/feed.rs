//! Reading the journal as a feed: in commit order, resumable, filtered by what the viewer may see.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::{ChangeKind, Column, Entity, Model, OFFSET};
use crate::db::Db;
use crate::error::{AppError, Result};
use crate::ids::NodeKind;
use crate::work::statement;

/// A place in the journal; entries after it are those that committed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    tx: i64,
    seq: i64,
}

impl Position {
    pub fn new(tx: i64, seq: i64) -> Position {
        Position { tx, seq }
    }

    /// As it is stored.
    pub fn parts(self) -> (i64, i64) {
        (self.tx, self.seq)
    }

    pub fn of(entry: &Model) -> Position {
        Position { tx: entry.tx, seq: entry.seq }
    }

    pub fn cursor(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.tx, self.seq))
    }

    pub fn parse(cursor: &str) -> Result<Position> {
        let parts = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
            let (tx, seq) = text.split_once('.')?;
            Some(Position { tx: tx.parse().ok()?, seq: seq.parse().ok()? })
        };
        parts().ok_or(AppError::BadInput { zh: "游标无效", en: "The cursor is not one of this feed" })
    }
}

/// The oldest transaction that runs.
const OLDEST: &str = "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)";

/// Entries that nothing earlier can still appear before. On PostgreSQL these are the ones of transactions older than any that runs.
fn settled(db: &Db) -> Select<Entity> {
    let entries = Entity::find();
    if db.is_postgres() { entries.filter(Expr::cust(format!("\"journal\".\"tx\" < {OFFSET} + {OLDEST}"))) } else { entries }
}

/// The place after which everything is new.
pub async fn head(db: &Db) -> Result<Position> {
    let last = settled(db).order_by_desc(Column::Tx).order_by_desc(Column::Seq).one(db).await?;
    Ok(last.map_or(Position { tx: 0, seq: 0 }, |entry| Position::of(&entry)))
}

/// The place that a cursor names; the end of what there is where there is none. A cursor beyond everything that was ever journalled here is
/// one of another database: whoever waited there would miss all until then.
pub async fn place(db: &Db, cursor: Option<&str>) -> Result<Position> {
    let Some(cursor) = cursor else { return head(db).await };
    let place = Position::parse(cursor)?;
    let last = Entity::find().order_by_desc(Column::Tx).order_by_desc(Column::Seq).one(db).await?;
    if last.map_or(Position { tx: 0, seq: 0 }, |entry| Position::of(&entry)) < place {
        let (zh, en) = ("游标不属于本数据库，请不带游标重新读取", "The cursor is of another database: begin anew without one");
        return Err(AppError::BadInput { zh, en });
    }
    Ok(place)
}

/// How long the oldest entry that is not settled has waited: what began before it still runs, and holds up every reader.
pub async fn lag(db: &Db, now: DateTime<Utc>) -> Result<Duration> {
    if !db.is_postgres() {
        return Ok(Duration::ZERO);
    }
    let waiting = format!("SELECT MIN(at) FROM journal WHERE tx >= {OFFSET} + {OLDEST}");
    let row = db.query_one_raw(statement(db, &waiting, [])).await?;
    let since: Option<DateTime<Utc>> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    Ok(since.and_then(|since| (now - since).to_std().ok()).unwrap_or_default())
}

/// The next entries after a place, whatever they are of: a reader that waits for a rare kind still moves on.
pub async fn read(db: &Db, after: Position, limit: u64) -> Result<Vec<Model>> {
    let place = Expr::tuple([Expr::col(Column::Tx), Expr::col(Column::Seq)]);
    let entries = settled(db).filter(place.gt(Expr::tuple([Expr::value(after.tx), Expr::value(after.seq)])));
    Ok(entries.order_by_asc(Column::Tx).order_by_asc(Column::Seq).limit(limit).all(db).await?)
}

/// Whether an entry is one that the feed's reader asked for; those of accounts are not for the feed.
pub fn is_wanted(entry: &Model, kinds: Option<&[ChangeKind]>) -> bool {
    let private = [NodeKind::Account, NodeKind::Grant, NodeKind::Calendar, NodeKind::Client, NodeKind::Webhook, NodeKind::Robot];
    let is_private = private.iter().any(|kind| kind.prefix() == entry.node_kind);
    !is_private && kinds.is_none_or(|kinds| kinds.contains(&entry.kind) || (entry.hides && kinds.contains(&ChangeKind::Gone)))
}
