use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Command, FromArgMatches};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::content::phrases::*;
use super::content::{NEEDS, PLEDGES};
use super::pick::{Dice, Matter};
use super::*;
use crate::config::Settings;
use crate::db::Db;
use crate::keys::KeyFile;
use crate::units::entity::unit;
use crate::{matches, needs, resources};

async fn app(folder: &std::path::Path, now: DateTime<Utc>) -> App {
    let db = Db::connect(&format!("sqlite://{}", folder.join("alliance.db").display()), 4, true).await.unwrap();
    alliance_migrations::migrate(db.pool()).await.unwrap();
    let keys = KeyFile::create(&folder.join("alliance.key")).unwrap();
    let matches = Settings::augment_args(Command::new("alliance")).get_matches_from(["alliance"]);
    App::new(db, Clock::set_to(now), keys, Settings::from_arg_matches(&matches).unwrap()).await.unwrap()
}

/// What was asked and what was put against it, in the order in which it happened.
async fn begun(day: &str) -> Vec<(String, i64)> {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path(), start_of(day.parse().unwrap()) + TimeDelta::hours(10)).await;
    let mut world = begin(&app).await.unwrap();
    assert!(begin(&app).await.is_err(), "filled twice");
    for _ in 0..15 {
        live(&mut world).await.unwrap();
    }
    let db = app.db().pool();
    let idle = unit::Entity::find().filter(unit::Column::Active.eq(false)).count(db).await.unwrap();
    assert_eq!((world.units.len(), world.communities.len(), idle), (243, 64, 0));
    assert!(world.communities.iter().all(|community| (2..=5).contains(&community.paired.len())));
    let asked: Vec<(String, i64)> = needs::Entity::find()
        .select_only()
        .columns([needs::entity::need::Column::Title, needs::entity::need::Column::Wanted])
        .order_by_asc(needs::entity::need::Column::Id)
        .into_tuple()
        .all(db)
        .await
        .unwrap();
    let matched: Vec<(String, i64)> = matches::Entity::find()
        .select_only()
        .columns([matches::entity::exchange::Column::Measure, matches::entity::exchange::Column::Quantity])
        .order_by_asc(matches::entity::exchange::Column::Id)
        .into_tuple()
        .all(db)
        .await
        .unwrap();
    assert!(resources::Entity::find().count(db).await.unwrap() > 50 && asked.len() > 5 && !matched.is_empty());
    asked.into_iter().chain(matched).collect()
}

#[tokio::test]
async fn the_year_begins_the_same_way_before_the_same_day() {
    assert_eq!(begun("2026-11-21").await, begun("2026-11-21").await);
}

#[test]
fn whatever_is_refused_there_is_a_reason_that_fits() {
    let mut dice = Dice(1);
    let lists = [
        UNIT_REFUSALS,
        COMMUNITY_REFUSALS,
        NEED_RETURNS,
        PLEDGE_RETURNS,
        NEED_WITHDRAWALS,
        PLEDGE_WITHDRAWALS,
        UNIT_CANCELS,
        COMMUNITY_CANCELS,
        CLOSE_REASONS,
        DELIVERY_REFUSALS,
        REQUEST_PURPOSES,
    ];
    for pledge in PLEDGES {
        for month in 1..=12 {
            let matter = Matter { form: pledge.form, title: pledge.title, month };
            assert!(lists.iter().all(|list| !dice.reason(list, matter).is_empty()));
            assert!(dice.phrase(&["雪停后先清理坡道。"], matter).is_none() || pledge.title.contains('雪') && pledge.in_season(month));
        }
    }
}

#[test]
fn every_month_has_needs_and_pledges_in_season() {
    for month in 1..=12 {
        assert!(NEEDS.iter().filter(|need| need.in_season(month)).count() > 60);
        assert!(PLEDGES.iter().filter(|pledge| pledge.is_pledged_in(month)).count() > 70);
    }
    let snow = NEEDS.iter().find(|need| need.title == "大雪后清理主路和台阶").unwrap();
    assert!(snow.in_season(1) && !snow.in_season(7));
}

#[test]
fn the_dice_fall_as_often_as_they_are_weighed() {
    let mut dice = Dice(7);
    let threes = (0..4000).filter(|_| dice.weighed(&[(1, 1), (2, 0), (3, 3)]) == Some(3)).count();
    assert!((2800..3200).contains(&threes));
    assert_eq!(dice.weighed::<u32>(&[]), None);
    assert!((0..100).all(|_| (3..=5).contains(&dice.within((3, 5)))));
}
