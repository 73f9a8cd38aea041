//! Alliances and memberships.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::NaiveDate;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::units::{MemberUnit, unit};
use crate::areas::graphql::{GovernanceArea, area};
use crate::error::AppError;
use crate::graphql::paging::{Page, PageArgs, Sort, alike, connection, pages};
use crate::graphql::{Loaders, request, wants_total};
use crate::units::entity::{self, alliance, membership};
use crate::units::rules::MembershipStatus;

/// Units that an area brings together.
#[derive(Clone)]
pub struct Alliance(pub alliance::Model);

impl From<alliance::Model> for Alliance {
    fn from(model: alliance::Model) -> Self {
        Alliance(model)
    }
}

/// Units that an area brings together.
#[Object]
impl Alliance {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The area that hosts it.
    async fn host(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.host_id).await
    }

    /// How it works, in the host's words: what the digits of “123+N” stand for here.
    async fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// Its memberships, ended ones too, newest first.
    async fn memberships(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which memberships; all where absent.")] filter: Option<MembershipFilter>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<MembershipConnection> {
        let args = PageArgs::new(first, after, last, before)?;
        let key = MembershipsPage {
            alliance: self.0.id,
            status: filter.and_then(|filter| filter.status),
            args,
            total: wants_total(ctx),
        };
        Ok(request(ctx).loader.load_one(key).await?.unwrap_or_default().into())
    }
}

connection!(Alliance, AllianceConnection, AllianceEdge, "alliances");

/// One unit's standing in one alliance.
#[derive(Clone)]
pub struct Membership(pub membership::Model);

impl From<membership::Model> for Membership {
    fn from(model: membership::Model) -> Self {
        Membership(model)
    }
}

/// One unit's standing in one alliance.
#[Object]
impl Membership {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The alliance.
    async fn alliance(&self, ctx: &Context<'_>) -> Result<Alliance> {
        Ok(request(ctx)
            .loader
            .load_one(AllianceKey(self.0.alliance_id))
            .await?
            .ok_or(AppError::NotFound)?)
    }

    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<MemberUnit> {
        unit(ctx, self.0.unit_id).await
    }

    /// How the unit stands.
    async fn status(&self) -> MembershipStatus {
        self.0.status
    }

    /// The first day of membership; null before the unit was admitted.
    async fn since(&self) -> Option<NaiveDate> {
        self.0.since
    }

    /// The last day of membership, by the agreement or because it ended; null where it is open.
    async fn until(&self) -> Option<NaiveDate> {
        self.0.until
    }
}

connection!(Membership, MembershipConnection, MembershipEdge, "memberships");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AllianceKey(pub Uuid);

impl Loader<AllianceKey> for Loaders {
    type Value = Alliance;
    type Error = AppError;

    async fn load(&self, keys: &[AllianceKey]) -> std::result::Result<HashMap<AllianceKey, Alliance>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows = alliance::Entity::find()
            .filter(alliance::Column::Id.is_in(ids))
            .filter(entity::visible())
            .all(&self.0.conn.get())
            .await?;
        Ok(rows.into_iter().map(|row| (AllianceKey(row.id), Alliance(row))).collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MembershipKey(pub Uuid);

impl Loader<MembershipKey> for Loaders {
    type Value = Membership;
    type Error = AppError;

    async fn load(&self, keys: &[MembershipKey]) -> std::result::Result<HashMap<MembershipKey, Membership>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows = membership::Entity::find()
            .filter(membership::Column::Id.is_in(ids))
            .all(&self.0.conn.get())
            .await?;
        Ok(rows.into_iter().map(|row| (MembershipKey(row.id), Membership(row))).collect())
    }
}

/// The same page of the memberships of many alliances.
#[derive(Clone, PartialEq, Eq, Hash)]
struct MembershipsPage {
    alliance: Uuid,
    status: Option<Vec<MembershipStatus>>,
    args: PageArgs,
    total: bool,
}

impl Loader<MembershipsPage> for Loaders {
    type Value = Page<membership::Model>;
    type Error = AppError;

    async fn load(&self, keys: &[MembershipsPage]) -> std::result::Result<HashMap<MembershipsPage, Page<membership::Model>>, AppError> {
        let mut found = HashMap::new();
        for keys in alike(keys, |key| (&key.status, &key.args, key.total)) {
            let mut select = membership::Entity::find().filter(membership::Column::AllianceId.is_in(keys.iter().map(|key| key.alliance)));
            if let Some(status) = &keys[0].status {
                select = select.filter(membership::Column::Status.is_in(status.iter().copied()));
            }
            let sort = Sort::newest((membership::Entity, membership::Column::Id));
            let parent = Expr::col((membership::Entity, membership::Column::AllianceId));
            let mut by_parent = pages(&self.0.conn, select, parent, &sort, &keys[0].args, keys[0].total).await?;
            found.extend(
                keys.into_iter()
                    .map(|key| (key.clone(), by_parent.remove(&key.alliance).unwrap_or_default())),
            );
        }
        Ok(found)
    }
}

/// Which alliances to list.
#[derive(InputObject, Default)]
pub struct AllianceFilter {
    /// Only those hosted by this area.
    pub(super) host: Option<ID>,
    /// Only alliances whose name holds all of these words.
    pub(super) search: Option<String>,
}

/// Which memberships to list.
#[derive(InputObject, Default)]
pub struct MembershipFilter {
    /// Only these states.
    status: Option<Vec<MembershipStatus>>,
}

/// In which order alliances are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum AllianceOrder {
    /// By name.
    Name,
    /// Latest founded first.
    Newest,
    /// Best match first; latest founded where nothing is searched for.
    Relevance,
}
