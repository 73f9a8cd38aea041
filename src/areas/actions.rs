//! Verbs of the area tree: add, rename, split, close; load a year's holidays.

use chrono::{Days, NaiveDate};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{area, find, holiday};
use super::rules::{self, AreaLevel};
use crate::auth::{Permission, Permit, Scope, account_node};
use crate::calendar::Holiday;
use crate::db::or_taken;
use crate::error::{AppError, Result};
use crate::journal::ChangeKind;
use crate::refusal::{Reason, Refusal};
use crate::search;
use crate::work::Work;

/// A new area.
#[derive(Clone)]
pub struct NewArea {
    pub parent: Option<Uuid>,
    pub level: AreaLevel,
    pub code: String,
    pub name: String,
    pub valid_from: NaiveDate,
}

pub async fn add(work: &Work, new: &NewArea) -> Result<Uuid> {
    let parent = match new.parent {
        Some(id) => Some(find(work.read(), id).await?),
        None => None,
    };
    let scope = parent.as_ref().map_or(Scope::Areas(Vec::new()), area::Model::scope);
    let permit = work.permit(Permission::ManageAreas, &scope, parent.as_ref().map(area::Model::node))?;
    if !rules::fits(new.level, parent.as_ref().map(|parent| parent.level)) {
        return Err(Refusal::invalid("level", "该级区划不能设在此上级之下", "An area of this level cannot hang there").into());
    }
    if parent.as_ref().is_some_and(|parent| !parent.is_current(new.valid_from)) {
        return Err(Refusal::from(Reason::AreaNotCurrent).at_input("parent").into());
    }
    insert(&permit, parent.as_ref(), new).await
}

async fn insert(permit: &Permit, parent: Option<&area::Model>, new: &NewArea) -> Result<Uuid> {
    rules::check_code(new.level, &new.code, parent)?;
    let name = rules::check_name("name", &new.name)?;
    let taken = || Refusal::from(Reason::AlreadyTaken { what: new.code.clone() }).at_input("code");
    // The index keeps one current bearer; a bearer that is still to end by its date counts too.
    let overlapping = area::Entity::find()
        .filter(area::Column::Code.eq(&new.code))
        .filter(Condition::any().add(area::Column::ValidTo.is_null()).add(area::Column::ValidTo.gte(new.valid_from)))
        .count(permit.write())
        .await?;
    if overlapping > 0 {
        return Err(taken().into());
    }
    let id = permit.work().new_key();
    let row = area::ActiveModel {
        id: Set(id),
        code: Set(new.code.clone()),
        name: Set(name.clone()),
        level: Set(new.level),
        parent_id: Set(parent.map(|parent| parent.id)),
        district_id: Set(parent.map_or(id, |parent| parent.district_id)),
        lineage: Set(area::Model::lineage_of(parent, id)),
        valid_from: Set(new.valid_from),
        valid_to: Set(None),
    };
    let row = or_taken(row.insert(permit.write()).await, taken)?;
    search::add(permit, row.node(), Some(row.district_id), &name, None).await?;
    permit.journal(ChangeKind::AreaAdded, row.node(), Some(row.district_id));
    Ok(id)
}

pub async fn rename(work: &Work, id: Uuid, name: &str) -> Result<Uuid> {
    let area = find(work.read(), id).await?;
    let permit = work.permit(Permission::ManageAreas, &area.scope(), Some(area.node()))?;
    let name = rules::check_name("name", name)?;
    area::ActiveModel { id: Set(id), name: Set(name.clone()), ..Default::default() }.update(permit.write()).await?;
    search::index(&permit, area.node(), Some(area.district_id), &name, None).await?;
    permit.journal(ChangeKind::AreaRenamed, area.node(), Some(area.district_id));
    Ok(id)
}

/// Splits an area, or replaces it by one: from `on` it is closed and the new ones, on the same parent and level, are in force.
/// The result is the closed area.
pub async fn split(work: &Work, id: Uuid, on: NaiveDate, into: &[(String, String)]) -> Result<Uuid> {
    // Its key does not change: records that are made in it meanwhile refer to it.
    let found = area::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(work.read()).await?;
    let area = found.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::ManageAreas, &area.scope(), Some(area.node()))?;
    let last = on.checked_sub_days(Days::new(1)).unwrap_or(on);
    rules::check_end(&area, last)?;
    area::ActiveModel { id: Set(id), valid_to: Set(Some(last)), ..Default::default() }.update(permit.write()).await?;
    permit.journal(ChangeKind::AreaClosed, area.node(), Some(area.district_id));
    let parent = match area.parent_id {
        Some(parent) => Some(find(work.read(), parent).await?),
        None => None,
    };
    for (code, name) in into {
        let new = NewArea { parent: area.parent_id, level: area.level, code: code.clone(), name: name.clone(), valid_from: on };
        insert(&permit, parent.as_ref(), &new).await?;
    }
    Ok(id)
}

/// Loads or replaces the holiday tables of the years whose notices the rows are of. The result is the district.
pub async fn load_holidays(work: &Work, district: Uuid, rows: &[Holiday]) -> Result<Uuid> {
    let area = find(work.read(), district).await?;
    let permit = work.permit(Permission::ManageHolidays, &area.scope(), Some(area.node()))?;
    // The days are the same for all districts: whoever loads them holds the first district, so that one load replaces the other whole.
    let districts = area::Entity::find().filter(area::Column::Level.eq(AreaLevel::District)).order_by_asc(area::Column::Id);
    districts.lock(LockType::NoKeyUpdate).one(permit.write()).await?;
    let replaced = Condition::any()
        .add(holiday::Column::Year.is_in(rows.iter().map(|row| row.year)))
        .add(holiday::Column::Day.is_in(rows.iter().map(|row| row.date)));
    holiday::Entity::delete_many().filter(replaced).exec(permit.write()).await?;
    let models = rows.iter().map(|row| holiday::ActiveModel {
        day: Set(row.date),
        year: Set(row.year),
        working: Set(row.working),
        name: Set(row.name.clone()),
    });
    holiday::Entity::insert_many(models).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::HolidaysLoaded, permit.account().map_or(area.node(), account_node), Some(area.district_id));
    Ok(district)
}
