//! The match itself.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::deliveries::{DeliveriesOf, Delivery, Evaluation, EvaluationsOf};
use crate::areas::graphql::{GovernanceArea, area};
use crate::auth::{Permission, Scope};
use crate::bookings::graphql::{BookedFor, Booking};
use crate::date::Date;
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::{Page, PageArgs, Sort, alike, connection, pages};
use crate::graphql::{Action, Can, Loaders, can, offered, request};
use crate::matches::entity::{exchange, visible_to};
use crate::matches::rules::{self, MatchSide, MatchStatus};
use crate::needs::graphql::{CommunityNeed, NeedKey};
use crate::refusal::{Reason, Refusal};
use crate::resources::graphql::{PledgeKey, ResourcePledge};
use crate::resources::rules::ResourceForm;
use crate::units::graphql::{MemberUnit, unit};

/// A need and a unit, or a pledge and a community, brought together.
#[derive(Clone)]
pub struct Match(pub Arc<exchange::Model>);

impl From<exchange::Model> for Match {
    fn from(model: exchange::Model) -> Self {
        Match(Arc::new(model))
    }
}

/// A need and a unit, or a pledge and a community, brought together.
#[Object]
impl Match {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The need; null where a pledge was requested without one, or where the viewer may not see it.
    async fn need(&self, ctx: &Context<'_>) -> Result<Option<CommunityNeed>> {
        match self.0.need_id {
            Some(need) => Ok(request(ctx).loader.load_one(NeedKey(need)).await?),
            None => Ok(None),
        }
    }

    /// The pledge; null where a need was claimed without one, or where the viewer may not see it.
    async fn pledge(&self, ctx: &Context<'_>) -> Result<Option<ResourcePledge>> {
        match self.0.pledge_id {
            Some(pledge) => Ok(request(ctx).loader.load_one(PledgeKey(pledge)).await?),
            None => Ok(None),
        }
    }

    /// The unit that is to deliver.
    async fn unit(&self, ctx: &Context<'_>) -> Result<MemberUnit> {
        unit(ctx, self.0.unit_id).await
    }

    /// The community that is to receive.
    async fn community(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.community_id).await
    }

    /// Which side applied.
    async fn initiated_by(&self) -> MatchSide {
        self.0.initiated_by
    }

    /// The match that this one is to take over; null for an ordinary match, and to who may not see that one.
    async fn transfer_of(&self, ctx: &Context<'_>) -> Result<Option<Match>> {
        match self.0.transfer_of_id {
            Some(id) => Ok(request(ctx).loader.load_one(MatchKey(id)).await?),
            None => Ok(None),
        }
    }

    /// What it would take over on confirmation; null where it was not handed on, and once it is answered.
    async fn takes_over(&self, ctx: &Context<'_>) -> Result<Option<TakeOver>> {
        let proposed = self.0.transfer_of_id.filter(|_| self.0.status == MatchStatus::Applied);
        let Some(old) = proposed else { return Ok(None) };
        let loader = &request(ctx).loader;
        let old = loader.load_one(TakenOver(old)).await?.ok_or(AppError::NotFound)?;
        Ok(Some(TakeOver {
            unit: unit(ctx, old.unit_id).await?,
            quantity: Decimal::thousandths(old.outstanding),
            pledge: match old.pledge_id {
                Some(pledge) => loader.load_one(PledgeKey(pledge)).await?,
                None => None,
            },
        }))
    }

    /// What its quantities count.
    async fn measure(&self) -> &str {
        &self.0.measure
    }

    /// How much was applied for; always outstanding + delivered + accepted + returned. A proposed transfer holds 0 until it is confirmed.
    async fn quantity(&self) -> Decimal {
        Decimal::thousandths(self.0.quantity)
    }

    /// How much is still to be reported.
    async fn outstanding(&self) -> Decimal {
        Decimal::thousandths(self.0.outstanding)
    }

    /// How much was reported and waits for the community's answer.
    async fn delivered(&self) -> Decimal {
        Decimal::thousandths(self.0.delivered)
    }

    /// How much the community has accepted.
    async fn accepted(&self) -> Decimal {
        Decimal::thousandths(self.0.accepted)
    }

    /// How much was given back undelivered.
    async fn returned(&self) -> Decimal {
        Decimal::thousandths(self.0.returned)
    }

    /// How the unit means to do it.
    async fn plan(&self) -> Option<&str> {
        self.0.plan.as_deref()
    }

    /// What the community requested it for.
    async fn purpose(&self) -> Option<&str> {
        self.0.purpose.as_deref()
    }

    /// The day by which the unit is to have delivered; null before the match is confirmed unless it was named.
    async fn promised_on(&self) -> Option<Date> {
        self.0.promised_on.map(Date)
    }

    /// Where it stands.
    async fn status(&self) -> MatchStatus {
        self.0.status
    }

    /// Why it ended early, or why it was handed on.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Whether another unit should be found: this one is no longer active.
    async fn reassign(&self) -> bool {
        self.0.reassign
    }

    /// When it was applied for.
    async fn applied_at(&self) -> DateTime<Utc> {
        self.0.applied_at
    }

    /// When the other side confirmed it.
    async fn confirmed_at(&self) -> Option<DateTime<Utc>> {
        self.0.confirmed_at
    }

    /// When the unit was reminded of its promise; null where it was not.
    async fn nudged_at(&self) -> Option<DateTime<Utc>> {
        self.0.nudged_at
    }

    /// The reports of delivery, oldest first, at most 100.
    async fn deliveries(&self, ctx: &Context<'_>) -> Result<Vec<Delivery>> {
        Ok(request(ctx).loader.load_one(DeliveriesOf(self.0.id)).await?.unwrap_or_default())
    }

    /// The evaluations by both sides.
    async fn evaluations(&self, ctx: &Context<'_>) -> Result<Vec<Evaluation>> {
        Ok(request(ctx).loader.load_one(EvaluationsOf(self.0.id)).await?.unwrap_or_default())
    }

    /// The bookings of the unit's venue that were made for it and that the viewer may see, oldest first, at most 100.
    async fn bookings(&self, ctx: &Context<'_>) -> Result<Vec<Booking>> {
        Ok(request(ctx).loader.load_one(BookedFor(self.0.id)).await?.unwrap_or_default())
    }

    /// What the viewer may do with it: CONFIRM, REJECT, CANCEL, TRANSFER, BOOK, REPORT, EVALUATE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let (viewer, now) = (&request(ctx).viewer, request(ctx).now());
        let exchange = &self.0;
        let by = viewer.account_id();
        let unit = Scope::Unit(exchange.unit_id);
        let handing_on = match exchange.transfer_of_id.is_some() || rules::transfer(exchange).is_ok() {
            true => request(ctx).loader.load_one(HandingOn { of: exchange.transfer_of_id, id: exchange.id }).await?.unwrap_or_default(),
            false => Handing::default(),
        };
        let answering = exchange.scope(rules::answering_side(exchange));
        let may = |permission, scope: &Scope, rule: crate::error::Result<bool, Refusal>| {
            offered(viewer.may(permission, scope), rule, exchange.status.state())
        };
        // On whichever side the viewer stands, the rule of that side answers; who stands on both may what either may.
        let by_side = |rule: &dyn Fn(MatchSide) -> crate::error::Result<bool, Refusal>| {
            let on = |side| may(Permission::AnswerMatch, &exchange.scope(side), rule(side));
            match viewer.may(Permission::AnswerMatch, &unit) {
                Ok(()) => on(MatchSide::Unit).or_else(|refused| on(MatchSide::Community).map_err(|_| refused)),
                Err(_) => on(MatchSide::Community),
            }
        };
        let active = exchange.form != ResourceForm::VenueTime || crate::units::graphql::unit(ctx, exchange.unit_id).await?.0.active;
        let book = viewer
            .may(Permission::BookZone, &exchange.at().scope())
            .or_else(|refused| viewer.may(Permission::BookZone, &unit).map_err(|_| refused))
            .and_then(|()| Ok(rules::use_venue(exchange)?))
            .and_then(|()| if active { Ok(()) } else { Err(Refusal::from(Reason::NotAMember).into()) });
        let confirm = rules::answer(exchange, true, by, now).and_then(|open| match handing_on.from {
            Some(from) if open => rules::transfer(&from).map(|()| true),
            _ => Ok(open),
        });
        Ok(vec![
            can(Action::Confirm, may(Permission::AnswerMatch, &answering, confirm)),
            can(Action::Reject, may(Permission::AnswerMatch, &answering, rules::answer(exchange, false, by, now))),
            can(Action::Cancel, by_side(&|side| rules::cancel(exchange, side))),
            can(Action::Transfer, may(Permission::TransferMatch, &unit, rules::propose(exchange, handing_on.proposed).map(|()| true))),
            can(Action::Book, book),
            can(Action::Report, may(Permission::ReportDelivery, &unit, rules::report(exchange).map(|()| true))),
            can(Action::Evaluate, by_side(&|side| rules::evaluate(exchange, side).map(|()| true))),
        ])
    }
}

connection!(Match, MatchConnection, MatchEdge, "matches");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MatchKey(pub Uuid);

impl Loader<MatchKey> for Loaders {
    type Value = Match;
    type Error = AppError;

    async fn load(&self, keys: &[MatchKey]) -> std::result::Result<HashMap<MatchKey, Match>, AppError> {
        let rows = exchange::Entity::find()
            .filter(exchange::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (MatchKey(row.id), Match::from(row))).collect())
    }
}

/// What a unit is asked to take over from another.
#[derive(SimpleObject)]
pub struct TakeOver {
    /// The unit that hands it on.
    unit: MemberUnit,
    /// How much is outstanding now.
    quantity: Decimal,
    /// The pledge that it came from; null where it was none, and to who may not see it.
    pledge: Option<ResourcePledge>,
}

/// The match that a proposal is about. Whoever sees the proposal must know what it is asked for, and does not see that match.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TakenOver(Uuid);

impl Loader<TakenOver> for Loaders {
    type Value = Arc<exchange::Model>;
    type Error = AppError;

    async fn load(&self, keys: &[TakenOver]) -> std::result::Result<HashMap<TakenOver, Arc<exchange::Model>>, AppError> {
        let of = padded(keys.iter().map(|key| key.0));
        let rows = exchange::Entity::find().filter(exchange::Column::Id.is_in(of)).all(&self.0.conn).await?;
        Ok(rows.into_iter().map(|row| (TakenOver(row.id), Arc::new(row))).collect())
    }
}

/// What the rules of handing on ask of a match: the one that it would take over, and whether another would take it over.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct HandingOn {
    of: Option<Uuid>,
    id: Uuid,
}

#[derive(Clone, Default)]
struct Handing {
    from: Option<exchange::Model>,
    proposed: bool,
}

impl Loader<HandingOn> for Loaders {
    type Value = Handing;
    type Error = AppError;

    /// Whether or not the viewer sees the other match: only the rule's answer is shown.
    async fn load(&self, keys: &[HandingOn]) -> std::result::Result<HashMap<HandingOn, Handing>, AppError> {
        let open = Condition::all()
            .add(exchange::Column::TransferOfId.is_in(padded(keys.iter().map(|key| key.id))))
            .add(exchange::Column::Status.eq(MatchStatus::Applied));
        let rows = exchange::Entity::find()
            .filter(Condition::any().add(exchange::Column::Id.is_in(padded(keys.iter().filter_map(|key| key.of)))).add(open))
            .all(&self.0.conn)
            .await?;
        let handing = |key: &HandingOn| Handing {
            from: rows.iter().find(|row| Some(row.id) == key.of).cloned(),
            proposed: rows.iter().any(|row| row.transfer_of_id == Some(key.id) && row.status == MatchStatus::Applied),
        };
        Ok(keys.iter().map(|key| (*key, handing(key))).collect())
    }
}

/// The same page of the matches of many needs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MatchesPage {
    pub need: Uuid,
    pub args: PageArgs,
}

impl Loader<MatchesPage> for Loaders {
    type Value = Page<Match>;
    type Error = AppError;

    async fn load(&self, keys: &[MatchesPage]) -> std::result::Result<HashMap<MatchesPage, Page<Match>>, AppError> {
        let mut found = HashMap::new();
        for keys in alike(keys, |key| &key.args) {
            let select = exchange::Entity::find().filter(visible_to(&self.0.viewer));
            let sort = Sort::newest((exchange::Entity, exchange::Column::Id));
            let parents = keys.iter().map(|key| key.need);
            let mut by_need = pages(&self.0.conn, select, exchange::Column::NeedId, parents, &sort, &keys[0].args).await?;
            found.extend(keys.into_iter().map(|key| (key.clone(), by_need.remove(&key.need).unwrap_or_default().map(Match::from))));
        }
        Ok(found)
    }
}
