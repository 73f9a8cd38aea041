//! The floor on PostgreSQL: tokio-postgres, a pool of connections, statements prepared once a connection.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use super::{Question, Statements, Value};
use crate::Result;

/// A page of needs with their communities, and ten claims of each with their units.
const NEEDS: &str = "SELECT coalesce(json_agg(page), '[]')::text FROM (
  SELECT n.id, n.title, n.measure, n.wanted,
    json_build_object('name', c.name, 'parent', json_build_object('name', s.name)) AS community,
    (SELECT coalesce(json_agg(json_build_object('id', m.id, 'status', m.status, 'quantity', m.quantity, 'unit', json_build_object('name', u.name)) ORDER BY m.id DESC), '[]')
     FROM (SELECT * FROM matches WHERE need_id = n.id ORDER BY id DESC LIMIT 10) m JOIN units u ON u.id = m.unit_id) AS matches
  FROM needs n JOIN areas c ON c.id = n.community_id JOIN areas s ON s.id = c.parent_id
  WHERE n.district_id = $1 AND n.category = $2 ORDER BY n.id DESC LIMIT 20) page";

/// Listed pledges of a category that serve an area and have so much left, whose text holds a word; best match first.
const PLEDGES: &str = "SELECT coalesce(json_agg(page), '[]')::text FROM (
  SELECT p.id, p.title, p.measure, p.available, json_build_object('name', u.name) AS unit
  FROM search_words w JOIN pledges p ON p.id = w.node_id JOIN units u ON u.id = p.unit_id
  WHERE w.kind = 'pledge' AND w.word = $3 AND w.district_id IN ($1, '00000000-0000-0000-0000-000000000000') AND p.category = $2 AND p.status = 'LISTED' AND NOT p.stale AND u.active
    AND (p.valid_until IS NULL OR p.valid_until >= (now() AT TIME ZONE 'Asia/Shanghai')::date)
    AND (p.available IS NULL OR p.available >= 1000)
    AND (p.serves_all OR EXISTS (SELECT 1 FROM pledge_areas a WHERE a.pledge_id = p.id AND a.area_id = $1))
  ORDER BY w.weight DESC, p.id DESC LIMIT 20) page";

/// When a zone is free for an hour within four weeks: its week without its closed days and without what is booked, buffers kept.
const FREE: &str = "WITH room AS (
  SELECT z.*, coalesce(z.hours, v.hours) AS week, v.closures AS shut FROM zones z JOIN venues v ON v.id = z.venue_id WHERE z.id = $1
), open AS (
  SELECT range_agg(tstzrange(
      ((day::date::timestamp) AT TIME ZONE 'Asia/Shanghai') + make_interval(mins => (o->>'opens')::int),
      ((day::date::timestamp) AT TIME ZONE 'Asia/Shanghai') + make_interval(mins => (o->>'closes')::int))) AS spans
  FROM room, generate_series(($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date, ($3::timestamptz AT TIME ZONE 'Asia/Shanghai')::date, '1 day') day,
    jsonb_array_elements(week) o
  WHERE (o->>'weekday')::int = extract(isodow FROM day)
    AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(shut || closures) c WHERE day::date BETWEEN (c->>'first_day')::date AND (c->>'last_day')::date)
), held AS (
  SELECT range_agg(tstzrange(held_from - make_interval(mins => z.buffer_after), held_until + make_interval(mins => z.buffer_before))) AS spans
  FROM room z JOIN bookings b ON b.zone_id = z.id
  WHERE b.status IN ('REQUESTED', 'APPROVED') AND held_from < $3 + interval '8 hours' AND held_until > $2 - interval '8 hours'
)
SELECT coalesce(json_agg(json_build_object('startsAt', extract(epoch FROM lower(span))::bigint, 'endsAt', extract(epoch FROM upper(span))::bigint) ORDER BY span), '[]')::text
FROM (SELECT unnest(open.spans * tstzmultirange(tstzrange($2, $3)) - coalesce(held.spans, '{}')) AS span FROM open, held) spans
WHERE upper(span) - lower(span) >= interval '1 hour'";

/// One need by its key.
const NODE: &str = "SELECT json_agg(json_build_object('id', n.id, 'title', n.title, 'wanted', n.wanted, 'community', json_build_object('name', c.name)))::text
  FROM needs n JOIN areas c ON c.id = n.community_id WHERE n.id = $1";

/// A unit with its pledges and its matches of the year.
const UNIT: &str = "SELECT json_build_array(json_build_object('name', u.name,
    'pledges', (SELECT coalesce(json_agg(json_build_object('title', p.title, 'available', p.available) ORDER BY p.id DESC), '[]')
      FROM (SELECT * FROM pledges WHERE unit_id = u.id ORDER BY id DESC LIMIT 20) p),
    'matches', (SELECT coalesce(json_agg(json_build_object('quantity', m.quantity, 'accepted', m.accepted, 'community', json_build_object('name', c.name)) ORDER BY m.id DESC), '[]')
      FROM (SELECT * FROM matches WHERE unit_id = u.id ORDER BY id DESC LIMIT 50) m JOIN areas c ON c.id = m.community_id)))::text
  FROM units u WHERE u.id = $1";

/// A page of the needs that anybody may see.
const PUBLIC: &str = "SELECT coalesce(json_agg(page), '[]')::text FROM (
  SELECT n.id, n.title, n.measure, n.wanted, json_build_object('name', c.name, 'parent', json_build_object('name', s.name)) AS community
  FROM needs n JOIN areas c ON c.id = n.community_id JOIN areas s ON s.id = c.parent_id
  WHERE n.district_id = $1 AND n.category = $2 AND n.status <> 'WITHDRAWN'
    AND (n.publication IN ('OPEN', 'ESCALATED') OR (n.publication = 'DIRECTED' AND n.directed_until <= now()))
  ORDER BY n.id DESC LIMIT 20) page";

/// Figures of a district and some days, both included; the instants at which they begin and end.
const STATISTICS: &str = "SELECT json_build_array(json_build_object(
    'memberUnits', (SELECT count(DISTINCT m.unit_id)
      FROM memberships m JOIN alliances a ON a.id = m.alliance_id JOIN areas h ON h.id = a.host_id
      WHERE h.district_id = $1 AND m.since <= $3 AND (m.until IS NULL OR m.until >= $2)),
    'contributionTotal', c.value, 'contributionHours', c.hours,
    'needsByCategory', (SELECT coalesce(json_agg(json_build_object('category', category, 'count', count) ORDER BY category), '[]')
      FROM (SELECT category, count(*) FROM needs WHERE district_id = $1 AND created_at >= $4 AND created_at < $5 GROUP BY category) n),
    'matchesByStatus', (SELECT coalesce(json_agg(json_build_object('status', status, 'count', count) ORDER BY status), '[]')
      FROM (SELECT status, count(*) FROM matches WHERE district_id = $1 AND applied_at >= $4 AND applied_at < $5 GROUP BY status) m)))::text
  FROM (SELECT coalesce(sum(value), 0)::bigint AS value, coalesce(sum(hours), 0)::bigint AS hours
    FROM contributions WHERE district_id = $1 AND recorded_on BETWEEN $2 AND $3) c";

const STATEMENTS: Statements = [
    ("needs", NEEDS),
    ("pledges", PLEDGES),
    ("free", FREE),
    ("node", NODE),
    ("unit", UNIT),
    ("public", PUBLIC),
    ("statistics", STATISTICS),
];

impl Value {
    fn bound(&self) -> &(dyn ToSql + Sync) {
        match self {
            Value::Key(key) => key,
            Value::Text(text) => text,
            Value::Day(day) => day,
            Value::Time(time) => time,
        }
    }
}

pub struct Postgres(Pool);

impl Postgres {
    pub fn open(url: &str) -> Result<Postgres> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(url.parse()?, NoTls, config);
        Ok(Postgres(Pool::builder(manager).max_size(16).build()?))
    }

    pub async fn ask(&self, question: &Question) -> Result<String> {
        let client = self.0.get().await?;
        let statement = client.prepare_cached(question.statement(&STATEMENTS)?).await?;
        let values: Vec<_> = question.values.iter().map(Value::bound).collect();
        Ok(client.query_one(&statement, &values).await?.get(0))
    }
}
