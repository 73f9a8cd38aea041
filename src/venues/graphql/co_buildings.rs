//! Co-buildings as the API shows them, and their verbs.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::venues::{Venue, venue};
use crate::date::{Date, day};
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::{Action, Can, Loaders, can, key, mutate, offered, payload, request};
use crate::ids::NodeKind;
use crate::refusal::State;
use crate::units::graphql::{MemberUnit, unit};
use crate::venues::actions::co_building as actions;
use crate::venues::entity::{self, co_building};
use crate::venues::rules::co_building::{self as rules, CoBuildingForm, CoBuildingStatus, Step};

/// What a unit puts into building a venue of an area.
#[derive(Clone)]
pub struct VenueCoBuilding(pub co_building::Model);

/// What a unit puts into building a venue of an area.
#[Object]
impl VenueCoBuilding {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The venue.
    async fn venue(&self, ctx: &Context<'_>) -> Result<Venue> {
        venue(ctx, self.0.venue_id).await
    }

    /// The unit that contributes.
    async fn unit(&self, ctx: &Context<'_>) -> Result<MemberUnit> {
        unit(ctx, self.0.unit_id).await
    }

    /// In what form.
    async fn form(&self) -> CoBuildingForm {
        self.0.form
    }

    /// What it is.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// The fair value of the whole term, in yuan.
    async fn value(&self) -> Decimal {
        Decimal::fen(self.0.value)
    }

    /// The day from which it has been in use; null while it is not.
    async fn since(&self) -> Option<Date> {
        self.0.since.map(Date)
    }

    /// The last day of the term; null where that is open.
    async fn until(&self) -> Option<Date> {
        self.0.until.map(Date)
    }

    /// Where it stands.
    async fn status(&self) -> CoBuildingStatus {
        self.0.status
    }

    /// Why it was turned down or ended.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What the viewer may do with it: CONFIRM, REJECT, START, PUT_IN_USE, CLOSE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let (viewer, owner) = (&request(ctx).viewer, venue(ctx, self.0.venue_id).await?.0.scope());
        let state = State { code: self.0.status.code(), zh: self.0.status.zh() };
        let may = |step| {
            let (permission, scope) = rules::right(&self.0, step, &owner);
            let rule = rules::step(&self.0, step, viewer.account_id()).map(|to| to.is_some());
            offered(viewer.may(permission, &scope), rule, state)
        };
        Ok(vec![
            can(Action::Confirm, may(Step::Agree)),
            can(Action::Reject, may(Step::Decline)),
            can(Action::Start, may(Step::Start)),
            can(Action::PutInUse, may(Step::PutInUse)),
            can(Action::Close, may(Step::End)),
        ])
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoBuildingKey(pub Uuid);

impl Loader<CoBuildingKey> for Loaders {
    type Value = VenueCoBuilding;
    type Error = AppError;

    async fn load(&self, keys: &[CoBuildingKey]) -> std::result::Result<HashMap<CoBuildingKey, VenueCoBuilding>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows = co_building::Entity::find()
            .filter(co_building::Column::Id.is_in(padded(ids)))
            .filter(entity::visible())
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (CoBuildingKey(row.id), VenueCoBuilding(row))).collect())
    }
}

payload!(ProposeCoBuildingPayload, VenueCoBuilding, CoBuildingKey, "proposeCoBuilding");
payload!(AgreeCoBuildingPayload, VenueCoBuilding, CoBuildingKey, "agreeCoBuilding");
payload!(DeclineCoBuildingPayload, VenueCoBuilding, CoBuildingKey, "declineCoBuilding");
payload!(StartCoBuildingPayload, VenueCoBuilding, CoBuildingKey, "startCoBuilding");
payload!(PutCoBuildingInUsePayload, VenueCoBuilding, CoBuildingKey, "putCoBuildingInUse");
payload!(EndCoBuildingPayload, VenueCoBuilding, CoBuildingKey, "endCoBuilding");

/// What a unit is to put into a venue.
#[derive(InputObject)]
struct ProposeCoBuildingInput {
    /// The venue, of an area.
    venue: ID,
    /// The unit that contributes.
    unit: ID,
    /// In what form.
    form: CoBuildingForm,
    /// What it is, at most 500 characters.
    description: String,
    /// The fair value of the whole term, in yuan, above 0.
    value: Decimal,
    /// The last day of the term, after today; open where absent.
    until: Option<Date>,
}

#[derive(Default)]
pub struct CoBuildingMutation;

#[Object]
impl CoBuildingMutation {
    /// Proposes a co-building: the unit does, or the owner of the venue.
    async fn propose_co_building(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the unit is to put into which venue.")] input: ProposeCoBuildingInput,
    ) -> Result<ProposeCoBuildingPayload> {
        let new = actions::Proposal {
            venue: key(NodeKind::Venue, &input.venue)?,
            unit: key(NodeKind::Unit, &input.unit)?,
            form: input.form,
            description: input.description,
            value: input.value,
            until: day(input.until),
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::propose(&work, &new).await }
        });
        ProposeCoBuildingPayload::of(ctx, outcome.await?).await
    }

    /// Agrees to a proposal, as the side that did not make it.
    async fn agree_co_building(&self, ctx: &Context<'_>, #[graphql(desc = "The co-building.")] id: ID) -> Result<AgreeCoBuildingPayload> {
        AgreeCoBuildingPayload::of(ctx, take(ctx, &id, Step::Agree, None).await?).await
    }

    /// Turns a proposal down, as the side that did not make it.
    async fn decline_co_building(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The co-building.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<DeclineCoBuildingPayload> {
        DeclineCoBuildingPayload::of(ctx, take(ctx, &id, Step::Decline, Some(reason)).await?).await
    }

    /// Says that building has begun, as the owner of the venue.
    async fn start_co_building(&self, ctx: &Context<'_>, #[graphql(desc = "The co-building.")] id: ID) -> Result<StartCoBuildingPayload> {
        StartCoBuildingPayload::of(ctx, take(ctx, &id, Step::Start, None).await?).await
    }

    /// Says that it is in use, as the owner of the venue: its value becomes a contribution of the unit.
    async fn put_co_building_in_use(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The co-building.")] id: ID,
    ) -> Result<PutCoBuildingInUsePayload> {
        PutCoBuildingInUsePayload::of(ctx, take(ctx, &id, Step::PutInUse, None).await?).await
    }

    /// Ends a co-building early, as the owner of the venue. What was counted stays counted unless the contribution is reversed.
    async fn end_co_building(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The co-building.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<EndCoBuildingPayload> {
        EndCoBuildingPayload::of(ctx, take(ctx, &id, Step::End, Some(reason)).await?).await
    }
}

async fn take(ctx: &Context<'_>, id: &ID, step: Step, reason: Option<String>) -> Result<crate::graphql::Outcome> {
    let id = key(NodeKind::CoBuilding, id)?;
    mutate(ctx, |work| {
        let reason = reason.clone();
        async move { actions::step(&work, id, step, reason.as_deref()).await }
    })
    .await
}
