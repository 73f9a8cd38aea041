//! Function zones: what they are, who has them when, and when they are free.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::hours::{Closure, Interval, Opening, closed, shown};
use super::venues::{Venue, venue};
use crate::auth::{Permission, Scope};
use crate::bookings::graphql::{Booking, BookingsOf, HeldIn};
use crate::bookings::rules::free::{LONGEST_LOOK, free};
use crate::calendar::{Span, shanghai_day};
use crate::date::{Date, instant};
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::{Action, Can, Loaders, can, request};
use crate::refusal::{Reason, Refusal, State};
use crate::sittings::graphql::{Sitting, SittingPlan, plan, sittings_of};
use crate::venues::entity::{self, zone as table};
use crate::venues::rules::{ZoneKind, check_open};

/// A part of a venue with a purpose, which can be booked.
#[derive(Clone)]
pub struct FunctionZone(pub Arc<table::Model>);

fn look(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Span> {
    let (from, to) = (instant(from)?, instant(to)?);
    if to <= from || to - from > TimeDelta::days(LONGEST_LOOK) {
        let (zh, en) = ("时间范围须为正，且不超过 90 天", "A span of time is positive and at most 90 days long");
        return Err(AppError::BadInput { zh, en }.into());
    }
    Ok((from, to))
}

/// A part of a venue with a purpose, which can be booked.
#[Object]
impl FunctionZone {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The venue.
    async fn venue(&self, ctx: &Context<'_>) -> Result<Venue> {
        venue(ctx, self.0.venue_id).await
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is for.
    async fn kind(&self) -> ZoneKind {
        self.0.kind
    }

    /// How many people it holds; null where nobody has said.
    async fn capacity(&self) -> Option<i32> {
        self.0.capacity
    }

    /// What is in it.
    async fn equipment(&self) -> Option<&str> {
        self.0.equipment.as_deref()
    }

    /// The opening hours of the week: its own, or those of its venue.
    async fn hours(&self, ctx: &Context<'_>) -> Result<Vec<Opening>> {
        Ok(match &self.0.hours {
            Some(own) => shown(own),
            None => shown(&venue(ctx, self.0.venue_id).await?.0.hours),
        })
    }

    /// The days on which it is closed, beside those of its venue.
    async fn closures(&self) -> Vec<Closure> {
        closed(&self.0.closures)
    }

    /// The minutes that are kept free before each booking.
    async fn buffer_before(&self) -> i32 {
        self.0.buffer_before
    }

    /// The minutes that are kept free after each booking.
    async fn buffer_after(&self) -> i32 {
        self.0.buffer_after
    }

    /// How many days ahead it can be booked.
    async fn lead_days(&self) -> i32 {
        self.0.lead_days
    }

    /// For how many minutes it can be booked at a time.
    async fn longest_minutes(&self) -> i32 {
        self.0.longest_minutes
    }

    /// Whether the owner approves each booking of somebody else's; else these stand at once.
    async fn approval(&self) -> bool {
        self.0.approval
    }

    /// The day from which it has taken no bookings; null while it does.
    async fn closed_on(&self) -> Option<Date> {
        self.0.closed_on.map(Date)
    }

    /// Who has it when: the bookings by which its time is or was taken, in order, and whatever else of it the viewer may see. To who may
    /// only know that the time is taken a booking tells no more than that.
    async fn bookings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From when.")] from: DateTime<Utc>,
        #[graphql(desc = "To when, at most 90 days later.")] to: DateTime<Utc>,
    ) -> Result<Vec<Booking>> {
        let (from, to) = look(from, to)?;
        Ok(request(ctx).loader.load_one(BookingsOf { zone: self.0.id, from, to }).await?.unwrap_or_default())
    }

    /// The maximal spans in which it can be booked for so many minutes: within opening hours, not past, not too far ahead, with its buffers.
    async fn free(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From when.")] from: DateTime<Utc>,
        #[graphql(desc = "To when, at most 90 days later.")] to: DateTime<Utc>,
        #[graphql(desc = "How long a booking is to be, from 1 minute to a day.")] minutes: i32,
    ) -> Result<Vec<Interval>> {
        let (from, to) = look(from, to)?;
        if !(1..=1440).contains(&minutes) {
            return Err(AppError::BadInput { zh: "时长须为 1 至 1440 分钟", en: "minutes takes 1 to 1440" }.into());
        }
        let request = request(ctx);
        let venue = venue(ctx, self.0.venue_id).await?;
        let held = request.loader.load_one(HeldIn { zone: self.0.id, from, to }).await?.unwrap_or_default();
        let spans = free(&venue.0, &self.0, &held, (from, to), TimeDelta::minutes(minutes.into()), request.now());
        Ok(spans.into_iter().map(Interval::from).collect())
    }

    /// What a canteen or a day-care place offers at each of its sittings; null where there are none.
    async fn sitting_plan(&self, ctx: &Context<'_>) -> Result<Option<SittingPlan>> {
        plan(ctx, &self.0).await
    }

    /// The sittings that begin in a span, in order, with the places that are left. The zone takes no bookings meanwhile.
    async fn sittings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From when.")] from: DateTime<Utc>,
        #[graphql(desc = "To when, at most 90 days later.")] to: DateTime<Utc>,
    ) -> Result<Vec<Sitting>> {
        let (from, to) = look(from, to)?;
        sittings_of(ctx, &self.0, from, to).await
    }

    /// What the viewer may do with it: UPDATE, CLOSE, BOOK, PLAN_SITTINGS, RESERVE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let request = request(ctx);
        let (viewer, venue) = (&request.viewer, venue(ctx, self.0.venue_id).await?);
        let open = || check_open(&venue.0, Some(&self.0), shanghai_day(request.now()));
        let manage = || viewer.may(Permission::ManageVenue, &venue.0.scope()).and_then(|()| Ok(open()?));
        // For any unit or community that the viewer acts for.
        let by_unit = viewer.units().first().map(|unit| Scope::Unit(*unit));
        let scope = by_unit.unwrap_or_else(|| Scope::Areas(viewer.acting_areas()));
        let book = viewer.may(Permission::BookZone, &scope).and_then(|()| Ok(open()?));
        let reserve = viewer.may(Permission::ReservePlaces, &Scope::Areas(viewer.acting_areas())).and_then(|()| match self.0.sittings {
            Some(_) => Ok(open()?),
            None => Err(Refusal::from(Reason::WrongState { state: State { code: "NO_SITTINGS", zh: "未安排场次" } }).into()),
        });
        Ok(vec![
            can(Action::Update, manage()),
            can(Action::Close, manage()),
            can(Action::Book, book),
            can(Action::PlanSittings, manage()),
            can(Action::Reserve, reserve),
        ])
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZoneKey(pub Uuid);

impl Loader<ZoneKey> for Loaders {
    type Value = FunctionZone;
    type Error = AppError;

    async fn load(&self, keys: &[ZoneKey]) -> std::result::Result<HashMap<ZoneKey, FunctionZone>, AppError> {
        let keys = keys.iter().map(|key| key.0);
        let rows = self.0.recall::<table::Entity>(|memory| &memory.zones, table::Column::Id, |row| row.id, keys, entity::visible()).await?;
        Ok(rows.into_iter().map(|(id, row)| (ZoneKey(id), FunctionZone(row))).collect())
    }
}

/// A zone that must be there: what refers to it is bound to it by a foreign key.
pub async fn zone(ctx: &Context<'_>, id: Uuid) -> Result<FunctionZone> {
    match request(ctx).known(|memory| &memory.zones, id) {
        Some(zone) => Ok(FunctionZone(zone)),
        None => Ok(request(ctx).loader.load_one(ZoneKey(id)).await?.ok_or(AppError::NotFound)?),
    }
}
