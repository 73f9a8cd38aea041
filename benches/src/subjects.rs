//! What is asked about: keys, words and the day, looked up in the data.

use chrono::{NaiveDate, TimeDelta};
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::Result;
use crate::data::connect;

pub struct Subjects {
    pub district: Uuid,
    pub needs: Vec<Uuid>,
    pub units: Vec<Uuid>,
    pub zones: Vec<Uuid>,
    /// Categories with words of their pledges, the most frequent first.
    pub words: Vec<(String, String)>,
    pub today: NaiveDate,
}

const DISTRICT: &str = "SELECT id FROM areas WHERE level = 'DISTRICT' AND code = '220303'";
const NEEDS: &str = "SELECT id FROM needs WHERE district_id = $1";
const UNITS: &str = "SELECT id FROM units WHERE district_id = $1";
const ZONES: &str = "SELECT id FROM zones WHERE district_id = $1 AND sittings IS NULL";
const WORDS: &str = "SELECT p.category, w.word FROM search_words w JOIN pledges p ON p.id = w.node_id
  WHERE w.kind = 'pledge' AND p.district_id = $1 AND p.status = 'LISTED' AND length(w.word) = 2 GROUP BY 1, 2 ORDER BY count(*) DESC, 2, 1 LIMIT 16";

impl Subjects {
    pub async fn on_postgres(url: &str) -> Result<Subjects> {
        let client = connect(url).await?;
        let district: Uuid = client.query_one(DISTRICT, &[]).await?.get(0);
        let keys =
            async |sql| -> Result<Vec<Uuid>> { Ok(some(client.query(sql, &[&district]).await?.iter().map(|row| row.get(0)).collect())) };
        Ok(Subjects {
            district,
            needs: keys(NEEDS).await?,
            units: keys(UNITS).await?,
            zones: keys(ZONES).await?,
            words: client.query(WORDS, &[&district]).await?.iter().map(|row| (row.get(0), row.get(1))).collect(),
            today: client.query_one("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date", &[]).await?.get(0),
        })
    }

    pub fn on_sqlite(path: &str) -> Result<Subjects> {
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let district: Uuid = database.query_row(DISTRICT, [], |row| row.get(0))?;
        let keys = |sql| -> Result<Vec<Uuid>> {
            Ok(some(database.prepare(sql)?.query_map([district], |row| row.get(0))?.collect::<Result<_, _>>()?))
        };
        let today: String = database.query_row("SELECT date('now', '+8 hours')", [], |row| row.get(0))?;
        Ok(Subjects {
            district,
            needs: keys(NEEDS)?,
            units: keys(UNITS)?,
            zones: keys(ZONES)?,
            words: database.prepare(WORDS)?.query_map([district], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?,
            today: today.parse()?,
        })
    }

    /// The last 365 days, both included.
    pub fn year(&self) -> (NaiveDate, NaiveDate) {
        (self.today - TimeDelta::days(364), self.today)
    }
}

/// At most 64 of them, from all over the year: a key begins with its time and ends by chance.
fn some(mut keys: Vec<Uuid>) -> Vec<Uuid> {
    keys.sort_by_key(|key| key.as_u128() as u64);
    keys.truncate(64);
    keys
}
