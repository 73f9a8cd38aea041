//! Member units.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::alliances::{AllianceKey, Membership};
use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::auth::{Permission, Scope};
use crate::calendar::shanghai_day;
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::{PageArgs, connection};
use crate::graphql::{Action, Can, Loaders, can, request};
use crate::matches::entity::exchange;
use crate::resources::graphql::{PledgeFilter, PledgeOrder, ResourcePledgeConnection, pledges_of};
use crate::units::entity::{self, membership, pairing, unit};
use crate::units::rules::{self, Sight, Track, UnitKind};

/// An organisation that pledges resources and claims needs.
#[derive(Clone)]
pub struct MemberUnit(pub Arc<unit::Model>);

impl From<unit::Model> for MemberUnit {
    fn from(model: unit::Model) -> Self {
        MemberUnit(Arc::new(model))
    }
}

connection!(MemberUnit, MemberUnitConnection, MemberUnitEdge, "member units");

/// An organisation that pledges resources and claims needs.
#[Object]
impl MemberUnit {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What sort of organisation it is.
    async fn kind(&self) -> UnitKind {
        self.0.kind
    }

    /// Which line of party building it belongs to.
    async fn track(&self) -> Track {
        self.0.track
    }

    /// The unified social credit code; null where it has none.
    async fn credit_code(&self) -> Option<&str> {
        self.0.credit_code.as_deref()
    }

    /// Why it has no credit code; null where it has one.
    async fn no_credit_code_reason(&self) -> Option<&str> {
        self.0.no_credit_code_reason.as_deref()
    }

    /// The address.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// Whether it is an active member of at least one alliance.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// The person to talk to. Open to the unit, its street and its district, and to a community from the confirmation of a match on; masked
    /// (张**) for their auditor, null to others.
    async fn contact_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.sight(ctx).await?.show(self.0.contact_name.as_deref(), rules::mask_name))
    }

    /// That person's mobile number. Open to the unit, its street and its district, and to a community from the confirmation of a match on;
    /// masked (138****5678) for their auditor, null to others.
    async fn contact_phone(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let sight = self.sight(ctx).await?;
        match &self.0.contact_phone_sealed {
            Some(sealed) if sight != Sight::Hidden => {
                let phone = request(ctx).app.keys().open_text("phone", sealed)?;
                Ok(sight.show(Some(&phone), rules::mask_phone))
            }
            _ => Ok(None),
        }
    }

    /// The secretary of its party organisation. Open to the unit, its street and its district, and to a community from the confirmation of a
    /// match on; masked (张**) for their auditor, null to others.
    async fn party_secretary(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.sight(ctx).await?.show(self.0.party_secretary.as_deref(), rules::mask_name))
    }

    /// Its memberships in alliances, newest first.
    async fn memberships(&self, ctx: &Context<'_>) -> Result<Vec<Membership>> {
        Ok(request(ctx).loader.load_one(MembershipsOf(self.0.id)).await?.unwrap_or_default())
    }

    /// The communities that it is paired with today.
    async fn paired_areas(&self, ctx: &Context<'_>) -> Result<Vec<GovernanceArea>> {
        let areas = request(ctx).loader.load_one(PairedAreas(self.0.id)).await?.unwrap_or_default();
        let mut found = request(ctx).loader.load_many(areas.iter().map(|area| AreaKey(*area))).await?;
        Ok(areas.into_iter().filter_map(|area| found.remove(&AreaKey(area))).collect())
    }

    /// Its pledges, as far as the viewer may see them.
    #[allow(clippy::too_many_arguments)]
    async fn pledges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pledges; all where absent.")] filter: Option<PledgeFilter>,
        #[graphql(desc = "In which order; RELEVANCE where `search` is given, else NEWEST.")] order_by: Option<PledgeOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ResourcePledgeConnection> {
        pledges_of(ctx, self.0.id, filter, order_by, PageArgs::new(ctx, first, after, last, before)?).await
    }

    /// What the viewer may do with it: UPDATE, APPLY, PAIR.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Vec<Eager<Can>> {
        let viewer = &request(ctx).viewer;
        let district = Scope::Areas(vec![self.0.district_id]);
        // With any community that the viewer acts for.
        let pairing = Scope::Areas(viewer.acting_areas());
        vec![
            can(Action::Update, viewer.may(Permission::ManageUnits, &district)),
            can(Action::Apply, viewer.may(Permission::JoinAlliance, &Scope::Unit(self.0.id))),
            can(Action::Pair, viewer.may(Permission::ManagePairings, &pairing)),
        ]
    }
}

impl MemberUnit {
    /// How much of the contact the viewer sees.
    async fn sight(&self, ctx: &Context<'_>) -> Result<Sight> {
        let request = request(ctx);
        let memberships = request.loader.load_one(MembershipsOf(self.0.id)).await?.unwrap_or_default();
        let belongs = memberships.iter().filter(|membership| membership.0.status.belongs());
        let alliances = request.loader.load_many(belongs.map(|membership| AllianceKey(membership.0.alliance_id))).await?;
        let hosts = request.loader.load_many(alliances.values().map(|alliance| AreaKey(alliance.0.host_id))).await?;
        let above = hosts.values().flat_map(|host| host.0.ancestry());
        let areas: Vec<Uuid> = above.chain([self.0.district_id]).collect();
        let sight = rules::contact_visible(&request.viewer, self.0.id, &areas, false);
        if sight == Sight::Open || request.viewer.acting_areas().is_empty() {
            return Ok(sight);
        }
        let counterpart = request.loader.load_one(CounterpartOf(self.0.id)).await?.is_some();
        Ok(if counterpart { Sight::Open } else { sight })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnitKey(pub Uuid);

impl Loader<UnitKey> for Loaders {
    type Value = MemberUnit;
    type Error = AppError;

    async fn load(&self, keys: &[UnitKey]) -> std::result::Result<HashMap<UnitKey, MemberUnit>, AppError> {
        let keys = keys.iter().map(|key| key.0);
        let rows = self.0.recall::<unit::Entity>(|memory| &memory.units, unit::Column::Id, |row| row.id, keys, entity::visible()).await?;
        Ok(rows.into_iter().map(|(id, row)| (UnitKey(id), MemberUnit(row))).collect())
    }
}

/// A unit that must be there: what refers to it is bound to it by a foreign key.
pub async fn unit(ctx: &Context<'_>, id: Uuid) -> Result<MemberUnit> {
    match request(ctx).known(|memory| &memory.units, id) {
        Some(unit) => Ok(MemberUnit(unit)),
        None => Ok(request(ctx).loader.load_one(UnitKey(id)).await?.ok_or(AppError::NotFound)?),
    }
}

/// Whether a unit has a confirmed match with a community that the viewer acts for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CounterpartOf(Uuid);

impl Loader<CounterpartOf> for Loaders {
    type Value = ();
    type Error = AppError;

    async fn load(&self, keys: &[CounterpartOf]) -> std::result::Result<HashMap<CounterpartOf, ()>, AppError> {
        use exchange::Column;
        let areas = self.0.viewer.acting_areas();
        let there = Condition::any()
            .add(Column::CommunityId.is_in(areas.clone()))
            .add(Column::StreetId.is_in(areas.clone()))
            .add(Column::DistrictId.is_in(areas));
        let units = exchange::Entity::find()
            .select_only()
            .distinct()
            .column(Column::UnitId)
            .filter(Column::UnitId.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(Column::ConfirmedAt.is_not_null())
            .filter(there)
            .into_tuple::<Uuid>()
            .all(&self.0.conn)
            .await?;
        Ok(units.into_iter().map(|unit| (CounterpartOf(unit), ())).collect())
    }
}

/// All memberships of a unit, newest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct MembershipsOf(Uuid);

impl Loader<MembershipsOf> for Loaders {
    type Value = Vec<Membership>;
    type Error = AppError;

    async fn load(&self, keys: &[MembershipsOf]) -> std::result::Result<HashMap<MembershipsOf, Vec<Membership>>, AppError> {
        let rows = membership::Entity::find()
            .filter(membership::Column::UnitId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_desc(membership::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(MembershipsOf(row.unit_id)).or_default().push(Membership(row));
        }
        Ok(found)
    }
}

/// The communities that a unit is paired with today.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct PairedAreas(Uuid);

impl Loader<PairedAreas> for Loaders {
    type Value = Vec<Uuid>;
    type Error = AppError;

    async fn load(&self, keys: &[PairedAreas]) -> std::result::Result<HashMap<PairedAreas, Vec<Uuid>>, AppError> {
        let rows = pairing::Entity::find()
            .filter(pairing::Column::UnitId.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(entity::running_pairing(shanghai_day(self.0.now())))
            .order_by_asc(pairing::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(PairedAreas(row.unit_id)).or_default().push(row.community_id);
        }
        Ok(found)
    }
}
