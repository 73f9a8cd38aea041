//! A demonstration district: a year of 铁东区 as its newspaper describes it, made by the same actions that serve everybody, under a clock of its
//! own. The same seed draws the same year before any given day, and on that day much is still under way.

mod answering;
mod canteens;
mod complaining;
mod content;
mod delivering;
mod districts;
mod matching;
mod needing;
mod pick;
mod pledging;
mod standings;
mod stories;
mod telling;
mod venuing;
mod world;
mod year;

use chrono::{Days, TimeDelta};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};

use crate::app::App;
use crate::areas;
use crate::calendar::{shanghai_day, start_of};
use crate::clock::Clock;
use crate::db::Conn;
use crate::deadlines;
use crate::error::{AppError, Result};
use crate::work::statement;
use world::World;

/// The name of the fact that says how far the filling came.
const FACT: &str = "demo";
const YEAR: u32 = 365;
/// How long before the year the district is set up, so that even the longest holidays leave days to do it.
const SETTING_UP: u64 = 15;

/// Fills an empty database with a district and its last 365 days, and says now and then how far it has come.
pub async fn fill(app: &App, progress: impl Fn(&str)) -> Result<()> {
    let tell = |percent: u32| progress(&format!("正在填充演示数据 / Filling the demo district {percent}%"));
    tell(0);
    let mut world = begin(app).await?;
    for day in 1..=YEAR {
        live(&mut world).await?;
        if day % 20 == 0 {
            tell(day * 100 / YEAR);
        }
    }
    world.app.batch(async |conn| mark(&conn, "filled").await).await?;
    tell(100);
    Ok(())
}

/// Sets the district up and draws its year; what follows begins at midnight.
async fn begin(app: &App) -> Result<World> {
    let end = shanghai_day(app.clock().now());
    let first = end - Days::new(YEAR.into());
    let set_up = app.calendar().add_working_days(first - Days::new(SETTING_UP), 1);
    let clock = Clock::set_to(start_of(set_up) + TimeDelta::hours(9));
    let own = App::new(app.db().clone(), clock, app.keys().clone(), app.settings().clone()).await?;
    own.batch(async |conn| {
        if areas::Entity::find().count(&conn).await? > 0 {
            let (zh, en) =
                ("该数据库已有数据，不能填充演示数据", "This database holds data already: it cannot be filled with the demonstration");
            return Err(AppError::BadInput { zh, en });
        }
        mark(&conn, "filling").await
    })
    .await?;
    let mut world = World::new(own, end);
    within_batch(&mut world, districts::found).await?;
    within_batch(&mut world, venuing::open).await?;
    within_batch(&mut world, canteens::open).await?;
    world.plan(first);
    world.app.clock().move_to(start_of(first));
    Ok(world)
}

/// Lives one day, from midnight to midnight; the clock's own steps are taken at its end.
async fn live(world: &mut World) -> Result<()> {
    let today = world.today();
    let midnight = start_of(today + Days::new(1));
    if world.calendar.is_working_day(today) {
        within_batch(world, async |world| world.live(midnight).await).await?;
    }
    world.app.clock().move_to(midnight);
    deadlines::run(&world.app).await
}

/// Lets the world act in one transaction: a commit an action would take most of the time.
async fn within_batch(world: &mut World, acts: impl AsyncFnOnce(&mut World) -> Result<()>) -> Result<()> {
    let app = world.app.clone();
    app.batch(async |conn| {
        world.conn = conn;
        let outcome = acts(world).await;
        world.conn = Conn::Pool(world.app.db().clone());
        outcome
    })
    .await
}

async fn mark(conn: &Conn, value: &str) -> Result<()> {
    let sql = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let db = conn;
    db.execute_raw(statement(db, sql, [FACT.into(), value.into()])).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
