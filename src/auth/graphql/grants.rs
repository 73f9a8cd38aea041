//! Roles on areas and units, granted and revoked.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::auth::Role;
use crate::auth::entity::role_grant;
use crate::auth::grants::{self, NewGrant};
use crate::calendar::shanghai_day;
use crate::date::{Date, day};
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::{Loaders, id, key, key_of, mutate, payload, request};
use crate::ids::NodeKind;
use crate::units::graphql::{MemberUnit, UnitKey};

/// A role on an area with all below it, or on a unit.
#[derive(Clone)]
pub struct RoleGrantView(pub role_grant::Model);

/// A role on an area with all below it, or on a unit.
#[Object(name = "RoleGrant")]
impl RoleGrantView {
    /// The id, for revokeRole.
    async fn id(&self) -> ID {
        id(NodeKind::Grant, self.0.id)
    }

    /// The role.
    async fn role(&self) -> Role {
        self.0.role
    }

    /// The area that it covers with all below it; null where it is on a unit.
    async fn area(&self, ctx: &Context<'_>) -> Result<Option<GovernanceArea>> {
        match self.0.area_id {
            Some(area) => Ok(request(ctx).loader.load_one(AreaKey(area)).await?),
            None => Ok(None),
        }
    }

    /// The unit that it is on; null where it covers an area.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<MemberUnit>> {
        match self.0.unit_id {
            Some(unit) => Ok(request(ctx).loader.load_one(UnitKey(unit)).await?),
            None => Ok(None),
        }
    }

    /// Its first day.
    async fn valid_from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// Its last day; null where it has none.
    async fn valid_until(&self) -> Option<Date> {
        self.0.valid_until.map(Date)
    }

    /// When it was revoked; null while it was not.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }
}

payload!(GrantRolePayload, RoleGrantView, GrantKey, "grantRole");
payload!(RevokeRolePayload, RoleGrantView, GrantKey, "revokeRole");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct GrantKey(Uuid);

impl Loader<GrantKey> for Loaders {
    type Value = RoleGrantView;
    type Error = AppError;

    async fn load(&self, keys: &[GrantKey]) -> std::result::Result<HashMap<GrantKey, RoleGrantView>, AppError> {
        let rows = role_grant::Entity::find()
            .filter(role_grant::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(grants::visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (GrantKey(row.id), RoleGrantView(row))).collect())
    }
}

/// The roles of an account that run or will.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct GrantsOf(pub(super) Uuid);

impl Loader<GrantsOf> for Loaders {
    type Value = Vec<RoleGrantView>;
    type Error = AppError;

    async fn load(&self, keys: &[GrantsOf]) -> std::result::Result<HashMap<GrantsOf, Vec<RoleGrantView>>, AppError> {
        let rows = role_grant::Entity::find()
            .filter(role_grant::Column::AccountId.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(grants::visible_to(&self.0.viewer))
            .filter(grants::not_over(shanghai_day(self.0.now())))
            .order_by_asc(role_grant::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(GrantsOf(row.account_id)).or_default().push(RoleGrantView(row));
        }
        Ok(found)
    }
}

/// A role on an area or on a unit, one of the two.
#[derive(InputObject)]
pub(super) struct RoleGrantInput {
    /// The role.
    role: Role,
    /// The area that it covers with all below it.
    area: Option<ID>,
    /// The unit that it is on.
    unit: Option<ID>,
    /// Its first day; today where absent.
    valid_from: Option<Date>,
    /// Its last day; none where absent.
    valid_until: Option<Date>,
}

impl RoleGrantInput {
    pub(super) fn read(&self) -> std::result::Result<NewGrant, AppError> {
        Ok(NewGrant {
            role: self.role,
            area: key_of(NodeKind::Area, &self.area)?,
            unit: key_of(NodeKind::Unit, &self.unit)?,
            valid_from: day(self.valid_from),
            valid_until: day(self.valid_until),
        })
    }
}

/// A role for an account, on an area or on a unit, one of the two.
#[derive(InputObject)]
struct GrantRoleInput {
    /// The account.
    account: ID,
    /// The role on its place, between its days.
    #[graphql(flatten)]
    grant: RoleGrantInput,
}

#[derive(Default)]
pub struct GrantMutation;

#[Object]
impl GrantMutation {
    /// Grants a role, which counts from the next request on.
    async fn grant_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role and whose it is.")] input: GrantRoleInput,
    ) -> Result<GrantRolePayload> {
        let account = key(NodeKind::Account, &input.account)?;
        let grant = input.grant.read()?;
        let outcome = mutate(ctx, |work| async move { grants::grant(&work, account, &grant).await });
        GrantRolePayload::of(ctx, outcome.await?).await
    }

    /// Revokes a role, which ends with this request.
    async fn revoke_role(&self, ctx: &Context<'_>, #[graphql(desc = "The grant.")] id: ID) -> Result<RevokeRolePayload> {
        let id = key(NodeKind::Grant, &id)?;
        let outcome = mutate(ctx, |work| async move { grants::revoke(&work, id).await });
        RevokeRolePayload::of(ctx, outcome.await?).await
    }
}
