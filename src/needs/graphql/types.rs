//! The need itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::areas::graphql::{AreaKey, GovernanceArea, area};
use crate::auth::{Permission, Role, Scope, Viewer};
use crate::calendar::shanghai_day;
use crate::date::Date;
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::{PageArgs, connection};
use crate::graphql::{Action, Can, Loaders, can, offered, request};
use crate::matches::graphql::{MatchConnection, MatchesPage};
use crate::needs::entity::{direction, need, standing_directions, visible_to};
use crate::needs::rules::{self, IntakeChannel, NeedStatus, Urgency};
use crate::resources::rules::{NeedCategory, ResourceForm};
use crate::units::graphql::UnitKey;
use crate::units::rules::{mask_name, mask_phone};

/// Something that a community needs.
#[derive(Clone)]
pub struct CommunityNeed(pub Arc<need::Model>);

impl From<need::Model> for CommunityNeed {
    fn from(model: need::Model) -> Self {
        CommunityNeed(Arc::new(model))
    }
}

/// Something that a community needs.
#[Object]
impl CommunityNeed {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The community that needs it.
    async fn community(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.community_id).await
    }

    /// What it is about.
    async fn category(&self) -> NeedCategory {
        self.0.category
    }

    /// In what form it is needed.
    async fn form(&self) -> ResourceForm {
        self.0.form
    }

    /// The title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// More about it.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What its quantities count: 袋, 次, 小时, 元.
    async fn measure(&self) -> &str {
        &self.0.measure
    }

    /// How much is wanted; always unmatched + promised + delivered + accepted.
    async fn wanted(&self) -> Decimal {
        Decimal::thousandths(self.0.wanted)
    }

    /// How much nobody has promised.
    async fn unmatched(&self) -> Decimal {
        Decimal::thousandths(self.0.unmatched)
    }

    /// How much is applied for or confirmed, and not yet reported.
    async fn promised(&self) -> Decimal {
        Decimal::thousandths(self.0.promised)
    }

    /// How much was reported and waits for the community's answer.
    async fn delivered(&self) -> Decimal {
        Decimal::thousandths(self.0.delivered)
    }

    /// How much the community has accepted.
    async fn accepted(&self) -> Decimal {
        Decimal::thousandths(self.0.accepted)
    }

    /// How pressing it is.
    async fn urgency(&self) -> Urgency {
        self.0.urgency
    }

    /// The day by which it is needed.
    async fn due_on(&self) -> Option<Date> {
        self.0.due_on.map(Date)
    }

    /// Where it is needed, within the community.
    async fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// How it reached the community; null to who sees only what is public.
    async fn channel(&self, ctx: &Context<'_>) -> Option<IntakeChannel> {
        self.0.channel.filter(|_| self.is_in_areas_of(&request(ctx).viewer))
    }

    /// Whom to call; null to all but the area and units with a confirmed match, masked for auditors.
    async fn contact_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let name = self.0.contact_name.as_deref();
        Ok(match self.contact(ctx).await? {
            Some(true) => name.map(mask_name),
            Some(false) => name.map(str::to_owned),
            None => None,
        })
    }

    /// The phone of the contact; null to all but the area and units with a confirmed match, masked for auditors.
    async fn contact_phone(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let (Some(masked), Some(sealed)) = (self.contact(ctx).await?, &self.0.contact_phone_sealed) else { return Ok(None) };
        let phone = request(ctx).app.keys().open_text("phone", sealed)?;
        Ok(Some(if masked { mask_phone(&phone) } else { phone }))
    }

    /// Where it stands.
    async fn status(&self, ctx: &Context<'_>) -> NeedStatus {
        // A window that is over is over, whether or not the sweep has come by.
        let over = self.0.directed_until.is_some_and(|until| until <= request(ctx).now());
        if self.0.status == NeedStatus::PublishedDirected && over { NeedStatus::PublishedOpen } else { self.0.status }
    }

    /// Why it was returned, withdrawn or closed early.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The end of the directed window; null where there was none.
    async fn directed_until(&self) -> Option<DateTime<Utc>> {
        self.0.directed_until
    }

    /// The street or district that it has gone up to; null while it has not.
    async fn escalated_to(&self, ctx: &Context<'_>) -> Result<Option<GovernanceArea>> {
        match self.0.escalated_to_id {
            Some(area) => Ok(request(ctx).loader.load_one(AreaKey(area)).await?),
            None => Ok(None),
        }
    }

    /// When it was posted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its matches that the viewer may see, newest first.
    async fn matches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<MatchConnection> {
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let key = MatchesPage { need: self.0.id, args };
        Ok(request(ctx).loader.load_one(key).await?.unwrap_or_default().into())
    }

    /// What the viewer may do with it: UPDATE, SUBMIT, PUBLISH, RETURN, WITHDRAW, CLOSE, CLAIM.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let viewer = &request(ctx).viewer;
        let scope = self.0.at().scope();
        let need = &self.0;
        let may = |permission, rule| offered(viewer.may(permission, &scope), rule, need.status.state());
        Ok(vec![
            can(Action::Update, may(Permission::ManageNeed, rules::update(need, false).map(|()| true))),
            can(Action::Submit, may(Permission::ManageNeed, rules::submit(need))),
            can(Action::Publish, may(Permission::ReviewNeed, rules::publish(need, viewer.account_id()))),
            can(Action::Return, may(Permission::ReviewNeed, rules::return_(need))),
            can(Action::Withdraw, may(Permission::ManageNeed, rules::end(need, NeedStatus::Withdrawn))),
            can(Action::Close, may(Permission::ManageNeed, rules::end(need, NeedStatus::Closed))),
            can(Action::Claim, self.may_claim(ctx).await?),
        ])
    }
}

impl CommunityNeed {
    fn is_in_areas_of(&self, viewer: &Viewer) -> bool {
        let at = self.0.at();
        viewer.is_system() || viewer.areas().iter().any(|area| [at.community, at.street, at.district].contains(area))
    }

    /// Whether the viewer sees the contact, and then whether masked.
    async fn contact(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        let request = request(ctx);
        if self.is_in_areas_of(&request.viewer) {
            let open = request.viewer.may(Permission::ManageNeed, &self.0.at().scope()).is_ok();
            return Ok(Some(!open && request.viewer.holds(Role::Auditor)));
        }
        let units = request.viewer.units();
        let stands = !units.is_empty() && request.loader.load_one(CounterpartOf(self.0.id)).await?.is_some();
        Ok(stands.then_some(false))
    }

    /// Whether any of the viewer's units may claim, by the rules of the claim itself.
    async fn may_claim(&self, ctx: &Context<'_>) -> Result<crate::error::Result<()>> {
        let request = request(ctx);
        let units = request.viewer.units();
        let Some(first) = units.first() else { return Ok(request.viewer.may(Permission::ClaimNeed, &Scope::Areas(Vec::new()))) };
        let directed = request.loader.load_one(Directions(self.0.id)).await?.unwrap_or_default();
        let active = request.loader.load_many(units.iter().map(|unit| UnitKey(*unit))).await?;
        let answers = units.iter().map(|unit| {
            let active = active.get(&UnitKey(*unit)).is_some_and(|unit| unit.0.active);
            rules::claim(&self.0, directed.contains(unit), active, request.now())
        });
        let mut refused = None;
        for answer in answers {
            match answer {
                Ok(()) => return Ok(request.viewer.may(Permission::ClaimNeed, &Scope::Unit(*first))),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        Ok(refused.map_or(Ok(()), |refusal| Err(refusal.into())))
    }
}

connection!(CommunityNeed, CommunityNeedConnection, CommunityNeedEdge, "needs");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NeedKey(pub Uuid);

impl Loader<NeedKey> for Loaders {
    type Value = CommunityNeed;
    type Error = AppError;

    async fn load(&self, keys: &[NeedKey]) -> std::result::Result<HashMap<NeedKey, CommunityNeed>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows = need::Entity::find()
            .filter(need::Column::Id.is_in(padded(ids)))
            .filter(visible_to(&self.0.viewer, self.0.now()))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (NeedKey(row.id), CommunityNeed::from(row))).collect())
    }
}

/// Which of the viewer's units a need is directed to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Directions(Uuid);

impl Loader<Directions> for Loaders {
    type Value = HashSet<Uuid>;
    type Error = AppError;

    async fn load(&self, keys: &[Directions]) -> std::result::Result<HashMap<Directions, HashSet<Uuid>>, AppError> {
        let query = standing_directions(&self.0.viewer.units(), shanghai_day(self.0.now()))
            .column((direction::Entity, direction::Column::NeedId))
            .column((direction::Entity, direction::Column::UnitId))
            .and_where(Expr::col((direction::Entity, direction::Column::NeedId)).is_in(padded(keys.iter().map(|key| key.0))))
            .to_owned();
        let mut found: HashMap<_, HashSet<_>> = HashMap::new();
        for row in self.0.conn.query_all(&query).await? {
            found.entry(Directions(row.try_get_by_index(0)?)).or_default().insert(row.try_get_by_index(1)?);
        }
        Ok(found)
    }
}

/// Whether one of the viewer's units stands on a confirmed match with a need.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CounterpartOf(Uuid);

impl Loader<CounterpartOf> for Loaders {
    type Value = ();
    type Error = AppError;

    async fn load(&self, keys: &[CounterpartOf]) -> std::result::Result<HashMap<CounterpartOf, ()>, AppError> {
        let query = Query::select()
            .distinct()
            .column(Alias::new("need_id"))
            .from(Alias::new("matches"))
            .and_where(Expr::col(Alias::new("need_id")).is_in(padded(keys.iter().map(|key| key.0))))
            .and_where(Expr::col(Alias::new("unit_id")).is_in(self.0.viewer.units()))
            .and_where(Expr::col(Alias::new("status")).is_in(["CONFIRMED", "FULFILLING", "DELIVERED", "COMPLETED"]))
            .to_owned();
        let rows = self.0.conn.query_all(&query).await?;
        rows.iter().map(|row| Ok((CounterpartOf(row.try_get_by_index(0)?), ()))).collect()
    }
}
