//! Opening a database for service, and bringing it to the newest version. What can be wrong is said in both languages, with its remedy.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use alliance_migrations::Standing;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::{self, Connection};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, RuntimeErr, TransactionTrait,
};

use crate::app::App;
use crate::auth::entity::signing_key;
use crate::auth::outside::{self, Issuers};
use crate::auth::tokens;
use crate::clock::Clock;
use crate::config::{Settings, both, sqlite_path};
use crate::db::{Db, writing};
use crate::error::{AppError, Result as AppResult};
use crate::journal;
use crate::keys::KeyFile;
use crate::lang::Lang;
use crate::work::statement;

/// The fact that ties a database to its key file.
const KEY_CHECK: &str = "key_check";
const PURPOSE: &str = "key-check";

/// Opens a database for service; one that is not migrated, or not with its own key file, is refused.
pub async fn open(settings: Settings, clock: Clock) -> Result<App, String> {
    let db = connect(&settings, false).await?;
    current(&db).await?;
    writable(&db).await.map_err(|error| explain(&error))?;
    let unfinished =
        || both("数据库尚未初始化完成：请先运行 alliance migrate", "The database is not set up to the end: run `alliance migrate`");
    let check = fact(&db, KEY_CHECK).await.map_err(told)?.ok_or_else(unfinished)?;
    let keys = own_keys(&settings.key_path(&settings.url()?), &check)?;
    if signing_keys(&db).await? == 0 {
        return Err(unfinished());
    }
    journal::carry_on(&db).await.map_err(told)?;
    if settings.issuers.iter().flat_map(Issuers::iter).any(|issuer| issuer.issuer == settings.issuer) {
        return Err(both(
            "ALLIANCE_ISSUERS 中的发行方不得与 ALLIANCE_ISSUER 相同",
            "No issuer of ALLIANCE_ISSUERS may be the one of ALLIANCE_ISSUER",
        ));
    }
    let app = App::new(db, clock, keys, settings).await.map_err(told)?;
    for place in outside::missing(&app).await.map_err(told)? {
        tracing::warn!(place, "a rule of ALLIANCE_ISSUERS gives a role on a place that there is not: it gives none");
    }
    Ok(app)
}

/// What bringing a database to the newest version took.
pub struct Migrated {
    pub applied: usize,
    /// The key file, where one was made.
    pub key_file: Option<PathBuf>,
}

/// Brings a database to the newest version. An empty one gets its key file and its first signing key; for any other the key file is never
/// made, since what the old one sealed would be lost unnoticed.
pub async fn migrate(settings: &Settings, clock: &Clock) -> Result<Migrated, String> {
    let db = connect(settings, true).await?;
    let done = bring(&db, settings, clock).await;
    db.close().await;
    done
}

async fn bring(db: &Db, settings: &Settings, clock: &Clock) -> Result<Migrated, String> {
    match standing(db).await? {
        Standing::Unknown => return Err(unknown()),
        Standing::Foreign => return Err(foreign()),
        Standing::Empty | Standing::Behind(_) | Standing::Current => {}
    }
    let applied = alliance_migrations::migrate(db.pool()).await.map_err(|error| explain(&error))?;
    writable(db).await.map_err(|error| explain(&error))?;
    journal::carry_on(db).await.map_err(told)?;
    let path = settings.key_path(&settings.url()?);
    let key_file = tie(db, &path).await?;
    if signing_keys(db).await? == 0 {
        let check = fact(db, KEY_CHECK).await.map_err(told)?.unwrap_or_default();
        let keys = own_keys(&path, &check)?;
        tokens::rotate(db, &keys, clock.now()).await.map_err(told)?;
    }
    Ok(Migrated { applied, key_file })
}

/// Ties a database that has no key file yet to one, made where there is none; one caller at a time.
async fn tie(db: &Db, path: &Path) -> Result<Option<PathBuf>, String> {
    let (transaction, _turn) = db.begin().await.map_err(told)?;
    if db.is_postgres() {
        let lock = "SELECT pg_advisory_xact_lock(4701234568)";
        transaction.execute_unprepared(lock).await.map_err(|error| explain(&error))?;
    }
    if fact(&transaction, KEY_CHECK).await.map_err(told)?.is_some() {
        return Ok(None);
    }
    let made = !path.exists();
    let keys = if made { KeyFile::create(path)? } else { KeyFile::read(path)? };
    set_fact(&transaction, KEY_CHECK, &keys.seal(PURPOSE, b"alliance")).await.map_err(told)?;
    transaction.commit().await.map_err(|error| explain(&error))?;
    Ok(made.then(|| path.to_owned()))
}

/// Writes one fact and takes it back: what only reads would be found out by the first who writes.
async fn writable(db: &Db) -> Result<(), DbErr> {
    let transaction = db.pool().begin_with_options(writing()).await?;
    let sql = "INSERT INTO facts (name, value) VALUES ('written', '') ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    transaction.execute_unprepared(sql).await?;
    transaction.rollback().await
}

fn own_keys(path: &Path, check: &str) -> Result<KeyFile, String> {
    let keys = KeyFile::read(path)?;
    keys.open(PURPOSE, check).map_err(|_| {
        let name = path.display();
        both(
            format!("密钥文件 {name} 不属于本数据库：请将 ALLIANCE_KEY_FILE 设为当初随本数据库生成的密钥文件"),
            format!("The key file {name} belongs to another database: set ALLIANCE_KEY_FILE to the one that was made with this database"),
        )
    })?;
    Ok(keys)
}

async fn signing_keys(db: &Db) -> Result<u64, String> {
    let running = signing_key::Entity::find().filter(signing_key::Column::RetiredAt.is_null());
    running.count(db).await.map_err(|error| explain(&error))
}

/// What the database says about itself.
pub async fn fact(db: &impl ConnectionTrait, name: &str) -> AppResult<Option<String>> {
    let query = statement(db, "SELECT value FROM facts WHERE name = ?", [name.into()]);
    Ok(db.query_one_raw(query).await?.map(|row| row.try_get_by_index(0)).transpose()?)
}

pub async fn set_fact(transaction: &DatabaseTransaction, name: &str, value: &str) -> AppResult<()> {
    let sql = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    transaction.execute_raw(statement(transaction, sql, [name.into(), value.into()])).await?;
    Ok(())
}

pub async fn standing(db: &Db) -> Result<Standing, String> {
    alliance_migrations::standing(db.pool()).await.map_err(|error| explain(&error))
}

async fn current(db: &Db) -> Result<(), String> {
    match standing(db).await? {
        Standing::Current => Ok(()),
        Standing::Empty => Err(both("数据库为空：请先运行 alliance migrate", "The database is empty: run `alliance migrate`")),
        Standing::Behind(pending) => Err(both(
            format!("数据库结构版本较旧，尚有 {pending} 项升级未执行：请先备份，再运行 alliance migrate"),
            format!("The database has an old schema (migrations that it lacks: {pending}): back it up, then run `alliance migrate`"),
        )),
        Standing::Unknown => Err(unknown()),
        Standing::Foreign => Err(foreign()),
    }
}

fn foreign() -> String {
    both(
        "该数据库中已有其他程序的数据表：请为 alliance 另建一个空数据库，并更正 ALLIANCE_DATABASE_URL",
        "The database holds the tables of another program: make an empty one for alliance, and correct ALLIANCE_DATABASE_URL",
    )
}

fn unknown() -> String {
    both(
        "数据库由更新版本的程序(或其他程序)建立：请使用新版 alliance，或更换 ALLIANCE_DATABASE_URL",
        "A newer version, or another program, made this database: use the newer alliance, or another ALLIANCE_DATABASE_URL",
    )
}

/// Connects; `create` makes a missing SQLite file.
pub async fn connect(settings: &Settings, create: bool) -> Result<Db, String> {
    let url = settings.url()?;
    let file = sqlite_path(&url);
    match file {
        Some(path) => look(path, create)?,
        None => knock(&url).await?,
    }
    // A little more than the request itself has, so that it is the request that is told.
    let longest = Duration::from_secs(u64::from(settings.request_seconds) + 5);
    Db::connect_for(&url, settings.connections, create, longest).await.map_err(|error| match &error {
        // The pool tries a locked file until its patience ends, and forgets why it failed.
        DbErr::Conn(RuntimeErr::SqlxError(cause)) if file.is_some() && matches!(**cause, sqlx::Error::PoolTimedOut) => locked(),
        other => explain(other),
    })
}

/// What can be told of an SQLite file before it is opened.
fn look(path: &Path, create: bool) -> Result<(), String> {
    let name = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.as_os_str().is_empty() || path == Path::new(":memory:") || path.is_dir() {
        return Err(both(
            "数据库地址须指明一个文件，例如 sqlite:///var/lib/alliance/alliance.db",
            "The database URL must name a file, such as sqlite:///var/lib/alliance/alliance.db",
        ));
    }
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(both(
            format!("数据库所在文件夹 {folder} 不存在：请先建立，或更正 ALLIANCE_DATABASE_URL"),
            format!("There is no folder {folder} for the database: make it, or correct ALLIANCE_DATABASE_URL"),
        ));
    }
    if !create && !path.exists() {
        return Err(both(
            format!("没有数据库文件 {name}：请先运行 alliance migrate，或更正 ALLIANCE_DATABASE_URL"),
            format!("There is no database file {name}: run `alliance migrate`, or correct ALLIANCE_DATABASE_URL"),
        ));
    }
    Ok(())
}

/// One connection before the pool, which would go on trying for a while and then say only that it was in vain.
async fn knock(url: &str) -> Result<(), String> {
    let options = PgConnectOptions::from_str(url).map_err(|_| malformed())?;
    let knocking = PgConnection::connect_with(&options);
    match tokio::time::timeout(Duration::from_secs(10), knocking).await {
        Ok(Ok(connection)) => {
            // Whether it closes politely changes nothing.
            let _ = connection.close().await;
            Ok(())
        }
        Ok(Err(error)) => Err(explain_sqlx(&error)),
        Err(_) => Err(unreachable_database("no answer within 10 seconds")),
    }
}

fn explain(error: &DbErr) -> String {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => explain_sqlx(cause),
        other => failed(other),
    }
}

/// Without what the library says of it, which may hold a password.
fn malformed() -> String {
    both(
        "数据库地址有误：请写作 sqlite://路径 或 postgres://用户:密码@主机:端口/库名，特殊字符用 %XX 表示，“?”后只写数据库认识的参数",
        "The database URL is malformed: write sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME, special characters as %XX, and \
         after a “?” only parameters that the database knows",
    )
}

fn unreachable_database(cause: &str) -> String {
    both(
        "无法连接数据库服务器：请确认它已启动，且 ALLIANCE_DATABASE_URL 中的主机和端口正确",
        format!("The database server cannot be reached ({cause}): see that it runs, and check host and port in ALLIANCE_DATABASE_URL"),
    )
}

fn locked() -> String {
    both(
        "数据库被其他程序占用(已锁定)：请关闭正在使用该文件的程序后再试",
        "The database is locked by another program: close the one that uses the file, then try again",
    )
}

fn failed(cause: impl std::fmt::Display) -> String {
    both("数据库操作失败", format!("The database failed: {cause}"))
}

fn explain_sqlx(error: &sqlx::Error) -> String {
    let database = match error {
        sqlx::Error::Io(cause) => return unreachable_database(&cause.to_string()),
        sqlx::Error::PoolTimedOut => return unreachable_database("no connection within 10 seconds"),
        sqlx::Error::Configuration(_) => return malformed(),
        sqlx::Error::Database(database) => database,
        other => return failed(other),
    };
    let code = database.code().unwrap_or_default();
    match code.as_ref() {
        "28P01" | "28000" => both(
            "数据库拒绝登录：请检查 ALLIANCE_DATABASE_URL 中的用户名和密码",
            "The database refuses the user: check name and password in ALLIANCE_DATABASE_URL",
        ),
        "3D000" => both(
            "数据库服务器上没有该库：请先用 createdb 建立，或更正 ALLIANCE_DATABASE_URL",
            "The server has no such database: make it with createdb, or correct ALLIANCE_DATABASE_URL",
        ),
        "53300" => both(
            "数据库连接数已满：请调低 ALLIANCE_CONNECTIONS，或调高服务器的 max_connections",
            "The server takes no more connections: lower ALLIANCE_CONNECTIONS or raise its max_connections",
        ),
        "57P03" => both("数据库服务器正在启动，请稍后再试", "The database server is still starting: try again in a moment"),
        "42501" => both(
            "数据库用户权限不足：请授予其建表权限",
            "The database user may not do this: grant it the right to make tables in its schema",
        ),
        "25006" => both(
            "数据库服务器只读：请连接主库(而非备库),并为该用户和该库关闭 default_transaction_read_only",
            "The database server takes no writes: connect to the primary, not to a standby, and switch default_transaction_read_only off \
             for this user and database",
        ),
        // SQLite's own codes are short numbers and keep the primary one in the low byte.
        short if short.len() < 5 => match short.parse::<u32>().unwrap_or_default() & 0xff {
            5 | 6 => locked(),
            8 => both(
                "数据库只能读取，不能写入：请检查文件及其所在文件夹的权限，并确认 ALLIANCE_DATABASE_URL 中没有 mode=ro 或 immutable",
                "The database can be read but not written: let the user that runs this program write the file and its folder, and leave \
                 mode=ro and immutable out of ALLIANCE_DATABASE_URL",
            ),
            14 => both(
                "无法打开或写入数据库文件：请检查文件及其所在文件夹的权限，运行本程序的用户须有写权限",
                "The database file cannot be opened or written: the user that runs this program must be allowed to write the file and its folder",
            ),
            11 | 26 => both("该文件不是 SQLite 数据库，或已损坏", "The file is not a sound SQLite database"),
            13 => both("磁盘已满", "The disk is full"),
            _ => failed(database),
        },
        _ => failed(database),
    }
}

/// An application error, for whoever runs the program.
pub fn told(error: AppError) -> String {
    match error {
        AppError::Refused(refusal) => both(refusal.reason.message(Lang::Zh), refusal.reason.message(Lang::En)),
        AppError::Internal(cause) => failed(cause),
        AppError::Conflict => both("数据库繁忙，请稍后再试", "The database is busy: try again in a moment"),
        AppError::NotFound => both("没有找到", "Not found"),
        AppError::BadInput { zh, en } => both(zh, en),
        AppError::Unauthenticated | AppError::Forbidden { .. } => both("没有此项权限", "Not permitted"),
    }
}
