//! Alliances and memberships.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::units::{MemberUnit, unit};
use crate::areas::graphql::{GovernanceArea, area};
use crate::auth::{Permission, Scope};
use crate::calendar::shanghai_day;
use crate::date::Date;
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::{Page, PageArgs, Sort, alike, connection, pages};
use crate::graphql::{Action, Can, Loaders, can, request};
use crate::units::entity::{self, alliance, membership};
use crate::units::rules::{self, MembershipStatus, Step};

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
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let key = MembershipsPage { alliance: self.0.id, status: filter.and_then(|filter| filter.status), args };
        Ok(request(ctx).loader.load_one(key).await?.unwrap_or_default().into())
    }

    /// What the viewer may do with it: UPDATE, INVITE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let host = self.host_scope(ctx).await?;
        let viewer = &request(ctx).viewer;
        Ok(vec![
            can(Action::Update, viewer.may(Permission::ManageAlliances, &host)),
            can(Action::Invite, viewer.may(Permission::ManageMemberships, &host)),
        ])
    }
}

impl Alliance {
    async fn host_scope(&self, ctx: &Context<'_>) -> Result<Scope> {
        Ok(area(ctx, self.0.host_id).await?.0.scope())
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
        alliance(ctx, self.0.alliance_id).await
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
    async fn since(&self) -> Option<Date> {
        self.0.since.map(Date)
    }

    /// The last day of membership, by the agreement or because it ended; null where it is open.
    async fn until(&self) -> Option<Date> {
        self.0.until.map(Date)
    }

    /// What was agreed. The unit, and the host with those above it, read it; null to others.
    async fn agreement(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.terms(ctx, self.0.agreement.as_ref()).await
    }

    /// Why it was suspended or ended. The unit, and the host with those above it, read it; null to others.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.terms(ctx, self.0.reason.as_ref()).await
    }

    /// What the viewer may do with it: ADMIT, SUSPEND, RESUME, LEAVE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let host = alliance(ctx, self.0.alliance_id).await?.host_scope(ctx).await?;
        let request = request(ctx);
        let today = shanghai_day(request.now());
        let steps = [
            (Action::Admit, Step::Admit),
            (Action::Suspend, Step::Suspend),
            (Action::Resume, Step::Resume),
            (Action::Leave, Step::Withdraw),
        ];
        let answer = |(action, step)| can(action, rules::may(&request.viewer, step, &self.0, &host, today));
        Ok(steps.map(answer).into())
    }
}

impl Membership {
    async fn terms(&self, ctx: &Context<'_>, text: Option<&String>) -> Result<Option<String>> {
        let Some(text) = text else { return Ok(None) };
        let host = area(ctx, alliance(ctx, self.0.alliance_id).await?.0.host_id).await?;
        let visible = rules::terms_visible(&request(ctx).viewer, self.0.unit_id, &host.0.ancestry());
        Ok(visible.then(|| text.clone()))
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
        let rows =
            alliance::Entity::find().filter(alliance::Column::Id.is_in(padded(ids))).filter(entity::visible()).all(&self.0.conn).await?;
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
        let rows = membership::Entity::find().filter(membership::Column::Id.is_in(padded(ids))).all(&self.0.conn).await?;
        Ok(rows.into_iter().map(|row| (MembershipKey(row.id), Membership(row))).collect())
    }
}

/// An alliance that must be there: what refers to it is bound to it by a foreign key.
async fn alliance(ctx: &Context<'_>, id: Uuid) -> Result<Alliance> {
    Ok(request(ctx).loader.load_one(AllianceKey(id)).await?.ok_or(AppError::NotFound)?)
}

/// The same page of the memberships of many alliances.
#[derive(Clone, PartialEq, Eq, Hash)]
struct MembershipsPage {
    alliance: Uuid,
    status: Option<Vec<MembershipStatus>>,
    args: PageArgs,
}

impl Loader<MembershipsPage> for Loaders {
    type Value = Page<membership::Model>;
    type Error = AppError;

    async fn load(&self, keys: &[MembershipsPage]) -> std::result::Result<HashMap<MembershipsPage, Page<membership::Model>>, AppError> {
        let mut found = HashMap::new();
        for keys in alike(keys, |key| (&key.status, &key.args)) {
            let mut select = membership::Entity::find();
            if let Some(status) = &keys[0].status {
                select = select.filter(membership::Column::Status.is_in(status.iter().copied()));
            }
            let sort = Sort::newest((membership::Entity, membership::Column::Id));
            let parents = keys.iter().map(|key| key.alliance);
            let mut by_parent = pages(&self.0.conn, select, membership::Column::AllianceId, parents, &sort, &keys[0].args).await?;
            found.extend(keys.into_iter().map(|key| (key.clone(), by_parent.remove(&key.alliance).unwrap_or_default())));
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
