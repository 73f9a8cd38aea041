//! The floor on SQLite: rusqlite, a few connections that read, on threads that may wait.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use tokio::sync::Semaphore;

use super::{Question, Statements, Value};
use crate::Result;

const CONNECTIONS: usize = 4;

/// A page of needs with their communities, and ten claims of each with their units.
const NEEDS: &str = "SELECT json_group_array(json_object('id', hex(id), 'title', title, 'measure', measure, 'wanted', wanted,
    'community', json_object('name', community, 'parent', json_object('name', street)),
    'matches', (SELECT json_group_array(json_object('id', hex(m.id), 'status', m.status, 'quantity', m.quantity, 'unit', json_object('name', u.name)))
      FROM (SELECT * FROM matches WHERE need_id = n.id ORDER BY id DESC LIMIT 10) m JOIN units u ON u.id = m.unit_id)))
  FROM (SELECT n.*, c.name AS community, s.name AS street
    FROM needs n JOIN areas c ON c.id = n.community_id JOIN areas s ON s.id = c.parent_id
    WHERE n.district_id = ?1 AND n.category = ?2 ORDER BY n.id DESC LIMIT 20) n";

/// Listed pledges of a category that serve an area and have so much left, whose text holds a word; best match first.
const PLEDGES: &str = "SELECT json_group_array(json_object('id', hex(id), 'title', title, 'measure', measure, 'available', available,
    'unit', json_object('name', unit)))
  FROM (SELECT p.id, p.title, p.measure, p.available, u.name AS unit
    FROM search_words w JOIN pledges p ON p.id = w.node_id JOIN units u ON u.id = p.unit_id
    WHERE w.kind = 'pledge' AND w.word = ?3 AND w.district_id IN (?1, zeroblob(16)) AND p.category = ?2 AND p.status = 'LISTED' AND NOT p.stale AND u.active
      AND (p.valid_until IS NULL OR p.valid_until >= date('now', '+8 hours'))
      AND (p.available IS NULL OR p.available >= 1000)
      AND (p.serves_all OR EXISTS (SELECT 1 FROM pledge_areas a WHERE a.pledge_id = p.id AND a.area_id = ?1))
    ORDER BY w.weight DESC, p.id DESC LIMIT 20)";

/// When a zone is free for an hour within four weeks: the gaps between what is booked, buffers kept, in the openings of its days. In seconds.
const FREE: &str = "WITH RECURSIVE room AS (
  SELECT z.*, coalesce(z.hours, v.hours) AS week, v.closures AS shut FROM zones z JOIN venues v ON v.id = z.venue_id WHERE z.id = ?1
), days (day) AS (
  SELECT date(?2, '+8 hours') UNION ALL SELECT date(day, '+1 day') FROM days WHERE day < date(?3, '+8 hours')
), open AS (
  SELECT max(unixepoch(day, '-8 hours') + (o.value->>'opens') * 60, unixepoch(?2)) AS opens,
    min(unixepoch(day, '-8 hours') + (o.value->>'closes') * 60, unixepoch(?3)) AS closes
  FROM days CROSS JOIN room CROSS JOIN json_each(week) o
  WHERE o.value->>'weekday' = CAST(strftime('%u', day) AS INTEGER)
    AND NOT EXISTS (SELECT 1 FROM json_each(shut) c WHERE day BETWEEN c.value->>'first_day' AND c.value->>'last_day')
    AND NOT EXISTS (SELECT 1 FROM json_each(closures) c WHERE day BETWEEN c.value->>'first_day' AND c.value->>'last_day')
), held AS (
  SELECT unixepoch(held_from) - z.buffer_after * 60 AS begins, unixepoch(held_until) + z.buffer_before * 60 AS ends
  FROM room z JOIN bookings b ON b.zone_id = z.id
  WHERE b.status IN ('REQUESTED', 'APPROVED') AND held_from < strftime('%Y-%m-%dT%H:%M:%S+00:00', ?3, '+8 hours')
    AND held_until > strftime('%Y-%m-%dT%H:%M:%S+00:00', ?2, '-8 hours')
), cuts AS (
  SELECT opens, closes, begins, ends FROM open JOIN held ON begins < closes AND ends > opens
  UNION ALL SELECT opens, closes, closes, closes FROM open
), gaps AS (
  SELECT begins AS until, max(opens, coalesce(
    max(ends) OVER (PARTITION BY opens ORDER BY begins, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), opens)) AS since FROM cuts
)
SELECT json_group_array(json_object('startsAt', since, 'endsAt', until)) FROM (SELECT * FROM gaps WHERE until - since >= 3600 ORDER BY since)";

/// One need by its key.
const NODE: &str =
    "SELECT json_array(json_object('id', hex(n.id), 'title', n.title, 'wanted', n.wanted, 'community', json_object('name', c.name)))
  FROM needs n JOIN areas c ON c.id = n.community_id WHERE n.id = ?1";

/// A unit with its pledges and its matches of the year.
const UNIT: &str = "SELECT json_array(json_object('name', u.name,
    'pledges', (SELECT json_group_array(json_object('title', title, 'available', available))
      FROM (SELECT title, available FROM pledges WHERE unit_id = u.id ORDER BY id DESC LIMIT 20)),
    'matches', (SELECT json_group_array(json_object('quantity', m.quantity, 'accepted', m.accepted, 'community', json_object('name', c.name)))
      FROM (SELECT * FROM matches WHERE unit_id = u.id ORDER BY id DESC LIMIT 50) m JOIN areas c ON c.id = m.community_id)))
  FROM units u WHERE u.id = ?1";

/// A page of the needs that anybody may see.
const PUBLIC: &str = "SELECT json_group_array(json_object('id', hex(id), 'title', title, 'measure', measure, 'wanted', wanted,
    'community', json_object('name', community, 'parent', json_object('name', street))))
  FROM (SELECT n.id, n.title, n.measure, n.wanted, c.name AS community, s.name AS street
    FROM needs n JOIN areas c ON c.id = n.community_id JOIN areas s ON s.id = c.parent_id
    WHERE n.district_id = ?1 AND n.category = ?2 AND n.status <> 'WITHDRAWN' AND (n.publication IN ('OPEN', 'ESCALATED')
      OR (n.publication = 'DIRECTED' AND n.directed_until <= strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now')))
    ORDER BY n.id DESC LIMIT 20)";

/// Figures of a district and some days, both included; the instants at which they begin and end.
const STATISTICS: &str = "SELECT json_array(json_object(
    'memberUnits', (SELECT count(DISTINCT m.unit_id)
      FROM memberships m JOIN alliances a ON a.id = m.alliance_id JOIN areas h ON h.id = a.host_id
      WHERE h.district_id = ?1 AND m.since <= ?3 AND (m.until IS NULL OR m.until >= ?2)),
    'contributionTotal', c.value, 'contributionHours', c.hours,
    'needsByCategory', (SELECT json_group_array(json_object('category', category, 'count', count))
      FROM (SELECT category, count(*) AS count FROM needs
        WHERE district_id = ?1 AND created_at >= ?4 AND created_at < ?5 GROUP BY category ORDER BY category)),
    'matchesByStatus', (SELECT json_group_array(json_object('status', status, 'count', count))
      FROM (SELECT status, count(*) AS count FROM matches
        WHERE district_id = ?1 AND applied_at >= ?4 AND applied_at < ?5 GROUP BY status ORDER BY status))))
  FROM (SELECT coalesce(sum(value), 0) AS value, coalesce(sum(hours), 0) AS hours
    FROM contributions WHERE district_id = ?1 AND recorded_on BETWEEN ?2 AND ?3) c";

const STATEMENTS: Statements = [
    ("needs", NEEDS),
    ("pledges", PLEDGES),
    ("free", FREE),
    ("node", NODE),
    ("unit", UNIT),
    ("public", PUBLIC),
    ("statistics", STATISTICS),
];

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Value::Key(key) => key.to_sql(),
            Value::Text(text) => text.to_sql(),
            Value::Day(day) => Ok(day.to_string().into()),
            // As the service writes it: such texts compare like times.
            Value::Time(time) => Ok(time.format("%Y-%m-%dT%H:%M:%S+00:00").to_string().into()),
        }
    }
}

#[derive(Clone)]
pub struct Sqlite {
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Sqlite {
    pub fn open(path: &str) -> Result<Sqlite> {
        let open = |_| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let idle = (0..CONNECTIONS).map(open).collect::<rusqlite::Result<_>>()?;
        Ok(Sqlite { idle: Arc::new(Mutex::new(idle)), places: Arc::new(Semaphore::new(CONNECTIONS)) })
    }

    pub async fn ask(&self, question: Question) -> Result<String> {
        let place = self.places.clone().acquire_owned().await?;
        let idle = self.idle.clone();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = idle().pop().ok_or("no connection is idle")?;
            let answer = read(&connection, &question);
            idle().push(connection);
            answer
        })
        .await?
    }
}

fn read(connection: &Connection, question: &Question) -> Result<String> {
    Ok(connection.prepare_cached(question.statement(&STATEMENTS)?)?.query_row(params_from_iter(&question.values), |row| row.get(0))?)
}
