//! A pledge and what the viewer may do with it.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::auth::{Permission, Scope};
use crate::calendar::shanghai_day;
use crate::date::Date;
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::connection;
use crate::graphql::{Action, Can, Loaders, can, request};
use crate::refusal::Reason;
use crate::resources::entity::{self, pledge};
use crate::resources::rules::{self, NeedCategory, PledgeStatus, ResourceForm, Step};
use crate::units::entity::review_areas;
use crate::units::graphql::{MemberUnit, unit};

/// Something that a unit can give: how much of it there is, what is left, and for whom.
#[derive(Clone)]
pub struct ResourcePledge(pub pledge::Model);

impl From<pledge::Model> for ResourcePledge {
    fn from(model: pledge::Model) -> Self {
        ResourcePledge(model)
    }
}

connection!(ResourcePledge, ResourcePledgeConnection, ResourcePledgeEdge, "resource pledges");

/// Something that a unit can give: how much of it there is, what is left, and for whom. total = available + held + given.
#[Object]
impl ResourcePledge {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The unit that gives it.
    async fn unit(&self, ctx: &Context<'_>) -> Result<MemberUnit> {
        unit(ctx, self.0.unit_id).await
    }

    /// In which form it is given.
    async fn form(&self) -> ResourceForm {
        self.0.form
    }

    /// What it is about.
    async fn category(&self) -> NeedCategory {
        self.0.category
    }

    /// The title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it is, in the unit's words.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What quantities of it are counted in: 袋, 次, 小时, 元.
    async fn measure(&self) -> &str {
        &self.0.measure
    }

    /// How much there is in all; null where it is inexhaustible.
    async fn total(&self) -> Option<Decimal> {
        self.0.total.map(Decimal::thousandths)
    }

    /// How much can still be asked for; null where it is inexhaustible.
    async fn available(&self) -> Option<Decimal> {
        self.0.available.map(Decimal::thousandths)
    }

    /// How much is held for matches, from the application on.
    async fn held(&self) -> Decimal {
        Decimal::thousandths(self.0.held)
    }

    /// How much has been given, from the acceptance on.
    async fn given(&self) -> Decimal {
        Decimal::thousandths(self.0.given)
    }

    /// How much can be given on one occasion, at most; null where that is open.
    async fn per_session(&self) -> Option<Decimal> {
        self.0.per_session.map(Decimal::thousandths)
    }

    /// When in the week it can be had, in the unit's words.
    async fn weekly_hours(&self) -> Option<&str> {
        self.0.weekly_hours.as_deref()
    }

    /// For whom it is meant, in the unit's words.
    async fn audience(&self) -> Option<&str> {
        self.0.audience.as_deref()
    }

    /// What whoever asks for it must see to, in the unit's words.
    async fn conditions(&self) -> Option<&str> {
        self.0.conditions.as_deref()
    }

    /// The areas that it serves, each with all below it; empty where it serves all.
    async fn areas(&self, ctx: &Context<'_>) -> Result<Vec<GovernanceArea>> {
        if self.0.serves_all {
            return Ok(Vec::new());
        }
        let areas = request(ctx).loader.load_one(AreasOf(self.0.id)).await?.unwrap_or_default();
        let mut found = request(ctx).loader.load_many(areas.iter().map(|area| AreaKey(*area))).await?;
        Ok(areas.into_iter().filter_map(|area| found.remove(&AreaKey(area))).collect())
    }

    /// How it stands.
    async fn status(&self) -> PledgeStatus {
        self.0.status
    }

    /// Why it was returned or withdrawn; null in other states.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The last day on which it can be asked for; null where that is open.
    async fn valid_until(&self) -> Option<Date> {
        self.0.valid_until.map(Date)
    }

    /// The day on which its unit last confirmed that it stands. One that nobody has confirmed for long is hidden from the list until then.
    async fn confirmed_on(&self) -> Date {
        Date(self.0.confirmed_on)
    }

    /// When it was pledged.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// What the viewer may do with it and, if not, why not.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let (request, pledge) = (request(ctx), &self.0);
        let (viewer, today) = (&request.viewer, shanghai_day(request.now()));
        let unit_active = unit(ctx, pledge.unit_id).await?.0.active;
        let review = request.loader.load_one(ReviewScope(pledge.unit_id)).await?;
        let review = review.unwrap_or(Scope::Areas(Vec::new()));
        let own = Scope::Unit(pledge.unit_id);
        // Any community that the viewer acts for could ask.
        let asking = Scope::Areas(viewer.grants.iter().filter_map(|grant| grant.area_id).collect());
        let step = |action, permission, scope: &Scope, step| {
            let decide = || rules::step(pledge, step, today)?.ok_or_else(|| rules::wrong_state(pledge));
            let answer = viewer.may(permission, scope).and_then(|()| Ok(decide().map(|_| ())?));
            can(action, answer)
        };
        let manage = Permission::ManagePledge;
        let submit = Step::Submit { review: request.app.settings().review_pledges, changed: true };
        let list = Step::List { by: viewer.account_id() };
        let renew = viewer.may(manage, &own).and_then(|()| Ok(rules::renew(pledge, Some(today), today).map(|_| ())?));
        let mut ask = viewer.may(Permission::RequestPledge, &asking).and_then(|()| Ok(rules::may_request(pledge, unit_active, today)?));
        if ask.is_ok() && !pledge.serves_all && !self.serves_any(ctx, &viewer.acting_areas()).await? {
            ask = Err(Reason::AreaNotServed.into());
        }
        Ok(vec![
            step(Action::Submit, manage, &own, submit),
            step(Action::List, Permission::ReviewPledge, &review, list),
            step(Action::Return, Permission::ReviewPledge, &review, Step::Return),
            step(Action::Pause, manage, &own, Step::Pause),
            step(Action::Resume, manage, &own, Step::Resume),
            can(Action::Renew, renew),
            step(Action::Withdraw, manage, &own, Step::Withdraw),
            can(Action::Request, ask),
        ])
    }
}

impl ResourcePledge {
    /// Whether it serves one of some areas, or one below them.
    async fn serves_any(&self, ctx: &Context<'_>, areas: &[Uuid]) -> Result<bool> {
        let loader = &request(ctx).loader;
        let served = loader.load_one(AreasOf(self.0.id)).await?.unwrap_or_default();
        let known = loader.load_many(served.iter().chain(areas).map(|area| AreaKey(*area))).await?;
        let above = |area: &Uuid| known.get(&AreaKey(*area)).map(|area| area.0.ancestry()).unwrap_or_default();
        Ok(areas.iter().any(|own| rules::serves(&self.0, &served, &above(own)) || served.iter().any(|area| above(area).contains(own))))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PledgeKey(pub Uuid);

impl Loader<PledgeKey> for Loaders {
    type Value = ResourcePledge;
    type Error = AppError;

    async fn load(&self, keys: &[PledgeKey]) -> std::result::Result<HashMap<PledgeKey, ResourcePledge>, AppError> {
        let rows = pledge::Entity::find()
            .filter(pledge::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(entity::visible_to(&self.0.viewer, shanghai_day(self.0.now())))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (PledgeKey(row.id), ResourcePledge(row))).collect())
    }
}

/// The areas that a pledge names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct AreasOf(Uuid);

impl Loader<AreasOf> for Loaders {
    type Value = Vec<Uuid>;
    type Error = AppError;

    async fn load(&self, keys: &[AreasOf]) -> std::result::Result<HashMap<AreasOf, Vec<Uuid>>, AppError> {
        let found = entity::areas_by_pledge(&self.0.conn, keys.iter().map(|key| key.0)).await?;
        Ok(found.into_iter().map(|(pledge, areas)| (AreasOf(pledge), areas)).collect())
    }
}

/// Where the right to review a unit's pledges is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ReviewScope(Uuid);

impl Loader<ReviewScope> for Loaders {
    type Value = Scope;
    type Error = AppError;

    async fn load(&self, keys: &[ReviewScope]) -> std::result::Result<HashMap<ReviewScope, Scope>, AppError> {
        let found = review_areas(&self.0.conn, keys.iter().map(|key| key.0)).await?;
        Ok(found.into_iter().map(|(unit, scope)| (ReviewScope(unit), scope)).collect())
    }
}
