//! The application under test: a database of its own, a clock that stands still, a server on a loopback port.

use std::ops::Deref;

use alliance::app::App;
use alliance::calendar::{shanghai_day, start_of};
use alliance::clock::Clock;
use alliance::config::Settings;
use alliance::db::Db;
use alliance::http::{Http, serve};
use alliance::keys::KeyFile;
use chrono::{DateTime, Days, FixedOffset, NaiveDateTime, TimeZone, Utc};
use clap::{Args, Command, FromArgMatches};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::postgres::Fresh;

/// When every story begins, in Asia/Shanghai: a Monday without a holiday in the weeks around it.
pub const BEGINNING: &str = "2025-03-10 09:00";

pub struct TestApp {
    app: App,
    /// What the service is told its end by.
    pub door: Http,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    pub http: reqwest::Client,
    end: Option<oneshot::Sender<()>>,
    _database: Option<Fresh>,
    _folder: TempDir,
}

impl Deref for TestApp {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl TestApp {
    pub async fn sqlite() -> TestApp {
        Self::start(None, defaults()).await
    }

    /// Where the question is what a setting does.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> TestApp {
        let mut settings = defaults();
        change(&mut settings);
        Self::start(None, settings).await
    }

    pub async fn postgres() -> TestApp {
        Self::postgres_with(|_| ()).await
    }

    pub async fn postgres_with(change: impl FnOnce(&mut Settings)) -> TestApp {
        let mut settings = defaults();
        change(&mut settings);
        Self::start(Some(Fresh::create().await), settings).await
    }

    async fn start(database: Option<Fresh>, settings: Settings) -> TestApp {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = match &database {
            Some(database) => database.url(),
            None => format!("sqlite://{}", folder.path().join("alliance.db").display()),
        };
        let db = Db::connect(&url, 8, true).await.expect("the database opens");
        if database.is_none() {
            alliance_migrations::migrate(db.pool()).await.expect("the migrations run");
        }
        let keys = KeyFile::create(&folder.path().join("alliance.key")).expect("a key file");
        let clock = Clock::set_to(shanghai(BEGINNING));
        let made = alliance::auth::tokens::rotate(&db, &keys, clock.now()).await;
        assert!(made.is_ok(), "a signing key is made");
        let Ok(app) = App::new(db, clock, keys, settings).await else {
            panic!("the application starts");
        };
        // Nobody else writes to this database.
        app.memory().trust();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (end, ended) = oneshot::channel();
        let door = Http::new(app.clone());
        tokio::spawn(serve(listener, door.clone(), async {
            let _ = ended.await;
        }));
        TestApp { app, door, url, http: reqwest::Client::new(), end: Some(end), _database: database, _folder: folder }
    }

    /// The address of another instance on the same database, which follows what the first one changes.
    pub async fn another(&self) -> String {
        self.another_with(|_| {}).await
    }

    /// The same, with other settings.
    pub async fn another_with(&self, change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = self.settings().clone();
        change(&mut settings);
        let again = App::new(self.db().clone(), self.clock().clone(), self.keys().clone(), settings).await;
        let Ok(app) = again else { panic!("the second instance starts") };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(alliance::memory::follow(app.clone()));
        tokio::spawn(serve(listener, Http::new(app), std::future::pending()));
        url
    }

    /// Does beside the requests what an instance does.
    pub fn runs<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(App) -> F) -> Task {
        Task(tokio::spawn(work(self.app.clone())))
    }

    /// Moves the clock to a time in Asia/Shanghai, `2025-03-10 09:00`. What falls due on the way is taken at each midnight and on arrival.
    pub async fn move_to(&self, time: &str) {
        let arrival = shanghai(time);
        assert!(arrival >= self.clock().now(), "time only moves on");
        loop {
            let midnight = start_of(shanghai_day(self.clock().now()) + Days::new(1));
            if midnight > arrival {
                break;
            }
            self.step_at(midnight).await;
        }
        self.step_at(arrival).await;
    }

    /// Moves the clock to the first instant after the end of the nth working day from now.
    pub async fn pass_working_days(&self, n: u32) {
        let end = self.calendar().deadline(self.clock().now(), n);
        let local = end.with_timezone(&offset());
        self.move_to(&local.format("%Y-%m-%d %H:%M").to_string()).await;
    }

    async fn step_at(&self, at: DateTime<Utc>) {
        self.clock().move_to(at);
        self.take_due().await;
    }

    /// Takes the steps that are due now.
    pub async fn take_due(&self) {
        let taken = alliance::deadlines::run(&self.app).await;
        assert!(taken.is_ok(), "the due steps are taken: {:?}", taken.err());
    }

    /// Today in Asia/Shanghai, `2025-03-10`.
    pub fn today(&self) -> String {
        shanghai_day(self.clock().now()).to_string()
    }

    /// Asks the database itself, where the question is what was written.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let pool = self.db().pool();
        let statement = Statement::from_string(pool.get_database_backend(), sql);
        pool.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub async fn count(&self, table: &str) -> i64 {
        let rows = self.rows(&format!("SELECT COUNT(*) FROM {table}")).await;
        rows[0].try_get_by_index(0).expect("a count")
    }

    /// Takes a table away, so that whatever needs it fails.
    pub async fn break_table(&self, table: &str) {
        self.alter(&format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
    }

    pub async fn mend_table(&self, table: &str) {
        self.alter(&format!("ALTER TABLE {table}_away RENAME TO {table}")).await;
    }

    async fn alter(&self, sql: &str) {
        self.db().pool().execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The lines of the ledger, oldest first.
    pub async fn contributions(&self) -> Vec<String> {
        let rows = self.rows("SELECT id FROM contributions ORDER BY id").await;
        let keys = rows.iter().map(|row| row.try_get_by_index::<uuid::Uuid>(0).expect("a key"));
        keys.map(|key| format!("contribution_{}", key.simple())).collect()
    }

    /// What the journal says of an object, oldest first.
    pub async fn journal_of(&self, id: &str) -> Vec<String> {
        let (kind, key) = id.split_once('_').expect("a global id");
        let key = if self.db().is_postgres() { format!("'{key}'") } else { format!("x'{key}'") };
        let sql = format!("SELECT kind FROM journal WHERE node_kind = '{kind}' AND node_id = {key} ORDER BY tx, seq");
        let rows = self.rows(&sql).await;
        rows.iter().map(|row| row.try_get_by_index(0).expect("a kind")).collect()
    }
}

/// Something that an instance does beside the requests; dropped, it is cut off wherever it is.
pub struct Task(tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
    }
}

fn offset() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).expect("eight hours")
}

fn shanghai(time: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M").unwrap_or_else(|_| panic!("{time}: write 2025-03-10 09:00"));
    offset().from_local_datetime(&local).single().expect("one such time").to_utc()
}

/// The settings as they are where nobody has changed one, but that webhooks may be sent to the stories' own receivers.
fn defaults() -> Settings {
    let command = Settings::augment_args(Command::new("alliance"));
    Settings::from_arg_matches(&command.get_matches_from(["alliance", "--webhook-networks", "127.0.0.0/8"]))
        .expect("every setting has its default")
}
