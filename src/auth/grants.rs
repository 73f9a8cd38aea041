//! Roles on areas and units: granting and revoking them.

use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{districts, lock, permit};
use super::entity::role_grant;
use super::{Permission, Role, Scope, Viewer, account_node};
use crate::areas::entity::{area, find};
use crate::areas::rules::{AreaLevel, check_current};
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::Refusal;
use crate::units::entity::{find_unit, unit};
use crate::work::Work;

/// A role on an area or a unit, from today on and for good unless dates are given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewGrant {
    pub role: Role,
    pub area: Option<Uuid>,
    pub unit: Option<Uuid>,
    pub valid_from: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
}

/// The grants that the viewer manages.
pub(super) fn managed(viewer: &Viewer) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    let within = |mut select: SelectStatement, district: Expr| select.and_where(district.is_in(districts(viewer))).to_owned();
    let areas = Query::select().column(area::Column::Id).from(area::Entity).to_owned();
    let units = Query::select().column(unit::Column::Id).from(unit::Entity).to_owned();
    Condition::any()
        .add(role_grant::Column::AreaId.in_subquery(within(areas, Expr::col(area::Column::DistrictId))))
        .add(role_grant::Column::UnitId.in_subquery(within(units, Expr::col(unit::Column::DistrictId))))
}

/// The grants that the viewer may see: those that it manages, and its own.
pub fn visible_to(viewer: &Viewer) -> Condition {
    let all = Condition::any().add(managed(viewer));
    match viewer.account_id() {
        Some(account) => all.add(role_grant::Column::AccountId.eq(account)),
        None => all,
    }
}

/// Grants that run on a day or will.
pub fn not_over(day: NaiveDate) -> Condition {
    let until = role_grant::Column::ValidUntil;
    Condition::all().add(role_grant::Column::RevokedAt.is_null()).add(Condition::any().add(until.is_null()).add(until.gte(day)))
}

pub async fn grant(work: &Work, account: Uuid, new: &NewGrant) -> Result<Uuid> {
    permit(work)?;
    lock(work, account).await?;
    give(work, account, new).await
}

pub(super) async fn give(work: &Work, account: Uuid, new: &NewGrant) -> Result<Uuid> {
    let (level, district, permit) = match (new.area, new.unit) {
        (Some(area), None) => {
            let area = find(work.read(), area).await?;
            let permit = work.permit(Permission::ManageAccounts, &area.scope(), Some(area.node()))?;
            check_current(&area, "area", work.today())?;
            (Some(area.level), area.district_id, permit)
        }
        (None, Some(unit)) => {
            let unit = find_unit(work.read(), unit).await?;
            let scope = Scope::Areas(vec![unit.district_id]);
            let permit = work.permit(Permission::ManageAccounts, &scope, Some(unit.node()))?;
            (None, unit.district_id, permit)
        }
        _ => {
            let (zh, en) = ("请指定一个区划或一个单位", "Name an area or a unit, not both");
            return Err(Refusal::invalid("area", zh, en).into());
        }
    };
    check_role(new.role, level)?;
    let from = new.valid_from.unwrap_or(work.today());
    if new.valid_until.is_some_and(|until| until < from || until < work.today()) {
        let (zh, en) = ("截止日期不能早于起始日期或今天", "It cannot end before it begins or before today");
        return Err(Refusal::invalid("validUntil", zh, en).into());
    }
    let known = role_grant::Entity::find()
        .filter(role_grant::Column::AccountId.eq(account))
        .filter(role_grant::Column::Role.eq(new.role))
        .filter(new.area.map_or(role_grant::Column::AreaId.is_null(), |area| role_grant::Column::AreaId.eq(area)))
        .filter(new.unit.map_or(role_grant::Column::UnitId.is_null(), |unit| role_grant::Column::UnitId.eq(unit)))
        .filter(not_over(work.today()))
        .count(work.read())
        .await?;
    // Two of the same would leave one when the other is revoked.
    if known > 0 {
        let (zh, en) = (
            "该账号已有此角色；需变更有效期的，请先撤销再重新授予",
            "The account holds this role already; revoke it first to change its dates",
        );
        return Err(Refusal::invalid("role", zh, en).into());
    }
    let id = work.new_key();
    let row = role_grant::ActiveModel {
        id: Set(id),
        account_id: Set(account),
        role: Set(new.role),
        area_id: Set(new.area),
        unit_id: Set(new.unit),
        valid_from: Set(from),
        valid_until: Set(new.valid_until),
        granted_at: Set(work.now()),
        revoked_at: Set(None),
    };
    let row = row.insert(permit.write()).await?;
    permit.record(entry(ChangeKind::RoleGranted, &row, Some(district)));
    Ok(id)
}

/// What the auditor reads of a grant.
fn entry(kind: ChangeKind, grant: &role_grant::Model, district: Option<Uuid>) -> Entry {
    let node = |kind, key: Option<Uuid>| key.map(|key| GlobalId::new(kind, key).to_string());
    Entry::new(kind, GlobalId::new(NodeKind::Grant, grant.id), district).with(json!({
        "account": account_node(grant.account_id).to_string(),
        "role": grant.role.code(),
        "area": node(NodeKind::Area, grant.area_id),
        "unit": node(NodeKind::Unit, grant.unit_id),
        "validFrom": grant.valid_from,
        "validUntil": grant.valid_until,
    }))
}

/// Each role has the kind of place that it is about.
pub(super) fn check_role(role: Role, level: Option<AreaLevel>) -> Result<(), Refusal> {
    let fits = match role {
        Role::DistrictAdmin => level == Some(AreaLevel::District),
        Role::StreetOfficer => level == Some(AreaLevel::Street),
        Role::CommunitySecretary => level == Some(AreaLevel::Community),
        Role::UnitRepresentative => level.is_none(),
        Role::Auditor => level.is_some(),
        Role::Member | Role::Partner => true,
    };
    if fits {
        return Ok(());
    }
    let (zh, en) = ("此级区划或单位不能授予该角色", "This role is not one for an area of this level or for a unit");
    Err(Refusal::invalid("role", zh, en))
}

/// The district that a grant lies in.
pub(super) async fn district_of(work: &Work, grant: &role_grant::Model) -> Result<Option<Uuid>> {
    Ok(match (grant.area_id, grant.unit_id) {
        (Some(area), _) => Some(find(work.read(), area).await?.district_id),
        (None, Some(unit)) => Some(find_unit(work.read(), unit).await?.district_id),
        (None, None) => None,
    })
}

pub async fn revoke(work: &Work, id: Uuid) -> Result<Uuid> {
    let permit = permit(work)?;
    let found = role_grant::Entity::find_by_id(id).filter(managed(work.viewer())).lock_exclusive();
    let grant = found.one(work.read()).await?.ok_or(AppError::NotFound)?;
    if grant.revoked_at.is_some() {
        return Ok(id);
    }
    let district = district_of(work, &grant).await?;
    role_grant::ActiveModel { id: Set(id), revoked_at: Set(Some(work.now())), ..Default::default() }.update(permit.write()).await?;
    permit.record(entry(ChangeKind::RoleRevoked, &grant, district));
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_granted_on_the_kind_of_place_that_it_is_about() {
        assert!(check_role(Role::CommunitySecretary, Some(AreaLevel::Community)).is_ok());
        assert!(check_role(Role::CommunitySecretary, Some(AreaLevel::District)).is_err());
        assert!(check_role(Role::UnitRepresentative, Some(AreaLevel::Community)).is_err());
        assert!(check_role(Role::DistrictAdmin, None).is_err());
        assert!(check_role(Role::Auditor, Some(AreaLevel::Street)).is_ok());
    }
}
