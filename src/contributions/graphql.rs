//! Contributions as the API shows them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::actions;
use super::entity::{contribution, visible_to};
use crate::areas::graphql::{GovernanceArea, area};
use crate::auth::Permission;
use crate::date::Date;
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::connection;
use crate::graphql::{Action, Can, Loaders, can, key, mutate, payload, request};
use crate::ids::NodeKind;
use crate::matches::graphql::{Delivery, DeliveryKey};
use crate::refusal::Reason;
use crate::resources::rules::ResourceForm;
use crate::units::graphql::{MemberUnit, unit};

/// A line of the ledger of what units put in; never changed, only reversed.
#[derive(Clone)]
pub struct Contribution(pub contribution::Model);

impl From<contribution::Model> for Contribution {
    fn from(model: contribution::Model) -> Self {
        Contribution(model)
    }
}

/// A line of the ledger of what units put in; never changed, only reversed.
#[Object]
impl Contribution {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The unit that gave.
    async fn unit(&self, ctx: &Context<'_>) -> Result<MemberUnit> {
        unit(ctx, self.0.unit_id).await
    }

    /// The community that received.
    async fn community(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.community_id).await
    }

    /// In what form it was given.
    async fn form(&self) -> ResourceForm {
        self.0.form
    }

    /// The fair value in yuan; negative in a reversing line.
    async fn value(&self) -> Decimal {
        Decimal::fen(self.0.value)
    }

    /// The hours given; null where hours are not counted, negative in a reversing line.
    async fn hours(&self) -> Option<Decimal> {
        self.0.hours.map(Decimal::thousandths)
    }

    /// The day on which the community accepted, or on which the line was reversed.
    async fn recorded_on(&self) -> Date {
        Date(self.0.recorded_on)
    }

    /// The delivery that was accepted; null for a co-building and a reversing line, and where the viewer may not see it.
    async fn delivery(&self, ctx: &Context<'_>) -> Result<Option<Delivery>> {
        match self.0.delivery_id {
            Some(id) => Ok(request(ctx).loader.load_one(DeliveryKey(id)).await?),
            None => Ok(None),
        }
    }

    /// The line that this one reverses; null for an ordinary line.
    async fn reverses(&self, ctx: &Context<'_>) -> Result<Option<Contribution>> {
        match self.0.reverses_id {
            Some(id) => Ok(request(ctx).loader.load_one(ContributionKey(id)).await?),
            None => Ok(None),
        }
    }

    /// Why the other line was reversed; null for an ordinary line.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What the viewer may do with it: REVERSE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let request = request(ctx);
        let reversed = request.loader.load_one(ReversedKey(self.0.id)).await?.is_some();
        let answer = request
            .viewer
            .may(Permission::ReverseContribution, &self.0.at().scope())
            .and_then(|()| if reversed || self.0.reverses_id.is_some() { Err(Reason::AlreadyReversed.into()) } else { Ok(()) });
        Ok(vec![can(Action::Reverse, answer)])
    }
}

connection!(Contribution, ContributionConnection, ContributionEdge, "contributions");
payload!(ReverseContributionPayload, Contribution, ContributionKey, "reverseContribution");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContributionKey(pub Uuid);

impl Loader<ContributionKey> for Loaders {
    type Value = Contribution;
    type Error = AppError;

    async fn load(&self, keys: &[ContributionKey]) -> std::result::Result<HashMap<ContributionKey, Contribution>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows = contribution::Entity::find()
            .filter(contribution::Column::Id.is_in(padded(ids)))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (ContributionKey(row.id), Contribution(row))).collect())
    }
}

/// The line that reverses another, by the other's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ReversedKey(Uuid);

impl Loader<ReversedKey> for Loaders {
    type Value = Uuid;
    type Error = AppError;

    async fn load(&self, keys: &[ReversedKey]) -> std::result::Result<HashMap<ReversedKey, Uuid>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows = contribution::Entity::find().filter(contribution::Column::ReversesId.is_in(padded(ids))).all(&self.0.conn).await?;
        Ok(rows.into_iter().filter_map(|row| Some((ReversedKey(row.reverses_id?), row.id))).collect())
    }
}

#[derive(Default)]
pub struct ContributionMutation;

#[Object]
impl ContributionMutation {
    /// Reverses a contribution that was recorded by mistake. The result is the reversing line.
    async fn reverse_contribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The contribution.")] id: ID,
        #[graphql(desc = "Why, at most 500 characters.")] reason: String,
    ) -> Result<ReverseContributionPayload> {
        let id = key(NodeKind::Contribution, &id)?;
        let outcome = mutate(ctx, |work| {
            let reason = reason.clone();
            async move { actions::reverse(&work, id, &reason).await }
        });
        ReverseContributionPayload::of(ctx, outcome.await?).await
    }
}
