//! A demonstration district to look at and to play with.

use std::net::SocketAddr;
use std::path::PathBuf;

use alliance::boot::{self, told};
use alliance::clock::Clock;
use alliance::config::{Settings, both};
use alliance::db::Db;
use alliance::{areas, auth, demo};
use alliance_migrations::Standing;
use sea_orm::{EntityTrait, PaginatorTrait};

use super::serve;

/// The fact that says how far the filling came.
const FACT: &str = "demo";
const PASSWORD: &str = "alliance-demo";
/// Logins of the demonstration, with who they are.
const LOGINS: [(&str, &str, &str); 8] = [
    ("district", "铁东区 区级管理员", "district admin"),
    ("street", "北门街道 工作人员", "street officer"),
    ("secretary", "桃源社区 社区书记", "community secretary"),
    ("secretary2", "双汇社区 社区书记", "community secretary"),
    ("unit", "神农集团 联络员", "unit representative"),
    ("unit2", "坤博集团 联络员", "unit representative"),
    ("auditor", "铁东区 审计人员", "auditor"),
    ("partner", "合作方", "partner organisation"),
];

/// Fills a fresh or an empty database, or goes on with one that was filled before, and serves it.
pub async fn run(mut settings: Settings, clock: Clock) -> Result<(), String> {
    alliance::telemetry::start(&settings)?;
    if settings.database_url.is_none() && settings.database_url_file.is_none() {
        let path = fresh_folder()?.join("alliance.db");
        settings.database_url = Some(format!("sqlite://{}", path.display()));
        println!("演示数据库 / The demonstration database: {}", path.display());
    }
    let state = look(&settings).await?;
    if state != State::NotOurs {
        boot::migrate(&settings, &clock).await?;
    }
    let app = boot::open(settings, clock).await?;
    if state == State::Empty {
        println!("正在填充演示数据…… / Filling it…");
        demo::fill(&app, |step| println!("  {step}")).await.map_err(told)?;
    }
    let explorer = app.settings().explorer;
    serve::serve(app, |address| introduce(address, explorer)).await
}

#[derive(Debug, PartialEq)]
enum State {
    Empty,
    Filled,
    /// Not for this program: opening it says so.
    NotOurs,
}

/// What the database is, without changing anything that is not the demonstration's.
async fn look(settings: &Settings) -> Result<State, String> {
    let db = boot::connect(settings, true).await?;
    let state = state(&db).await;
    db.close().await;
    state
}

async fn state(db: &Db) -> Result<State, String> {
    match boot::standing(db).await? {
        Standing::Empty => return Ok(State::Empty),
        Standing::Unknown | Standing::Foreign => return Ok(State::NotOurs),
        Standing::Behind(_) | Standing::Current => {}
    }
    let fact = boot::fact(db, FACT).await.map_err(told)?;
    let rows = async {
        let accounts = auth::entity::account::Entity::find().count(db).await?;
        let areas = areas::Entity::find().count(db).await?;
        Ok::<u64, sea_orm::DbErr>(accounts + areas)
    };
    match fact.as_deref() {
        Some("filled") => Ok(State::Filled),
        Some(_) => Err(both(
            "演示数据上次未填充完就中断了：请换一个空数据库(删除该文件或清空该库)后重试",
            "The filling of this demonstration was interrupted: start again with an empty database (delete the file, or drop the database)",
        )),
        None if rows.await.map_err(|error| told(error.into()))? == 0 => Ok(State::Empty),
        None => Err(both(
            "该数据库已有数据，不能用于演示：请用 alliance serve 启动，或为演示另选空数据库",
            "This database holds data of its own: start it with `alliance serve`, or name an empty one for the demonstration",
        )),
    }
}

fn fresh_folder() -> Result<PathBuf, String> {
    let path = std::env::temp_dir().join(format!("alliance-demo-{:08x}", rand::random::<u32>()));
    let mut folder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(&path).map_err(|error| {
        let name = path.display();
        both(format!("无法建立临时文件夹 {name}"), format!("The temporary folder {name} cannot be made: {error}"))
    })?;
    Ok(path)
}

fn introduce(address: SocketAddr, explorer: bool) {
    println!("\n演示数据均为虚构，与现实中的同名单位无关。/ All of it is invented; no unit of the same name is meant.");
    println!("\n演示账号，密码均为 {PASSWORD} / Logins, all with the password {PASSWORD}:");
    for (login, zh, en) in LOGINS {
        println!("  {login:<12}{zh} / {en}");
    }
    if explorer {
        println!("\n用浏览器打开 / In the browser: http://{address}/\n开发者接口 / For developers: http://{address}/graphiql");
    }
    println!("\n试一个查询 / A query to paste:\n");
    println!("curl -s http://{address}/graphql -H 'Content-Type: application/json' \\");
    println!("  -d '{{\"query\":\"{{ needs(first: 3) {{ nodes {{ title wanted unmatched measure community {{ name }} }} }} }}\"}}'\n");
}
