//! The booking and the series.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::auth::{Permission, Scope};
use crate::bookings::entity::{booking, known_to, live, series, visible_to};
use crate::bookings::rules::free::LONGEST_BUFFERS;
use crate::bookings::rules::{self, BookingStatus};
use crate::calendar::Span;
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::{alike, connection};
use crate::graphql::{Action, Can, Loaders, can, offered, request};
use crate::matches::graphql::{Match, MatchKey};
use crate::refusal::Refusal;
use crate::units::graphql::{MemberUnit, UnitKey};
use crate::venues::graphql::{FunctionZone, Interval, venue, zone};

/// A zone for a time, for a unit or a community.
#[derive(Clone)]
pub struct Booking(pub booking::Model);

impl From<booking::Model> for Booking {
    fn from(model: booking::Model) -> Self {
        Booking(model)
    }
}

/// A zone for a time, for a unit or a community. To who may only know that the time is taken, it tells no more.
#[Object]
impl Booking {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The zone.
    async fn zone(&self, ctx: &Context<'_>) -> Result<FunctionZone> {
        zone(ctx, self.0.zone_id).await
    }

    /// When it begins.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }

    /// When it ends; the next may begin then, but for the zone's buffers.
    async fn ends_at(&self) -> DateTime<Utc> {
        self.0.ends_at
    }

    /// Where it stands.
    async fn status(&self) -> BookingStatus {
        self.0.status
    }

    /// What it is for; null to who may only know that the time is taken.
    async fn purpose(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.is_known(ctx).await?.then(|| self.0.purpose.clone()))
    }

    /// How many people come; null where nobody has said, and to who may only know that the time is taken.
    async fn headcount(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        Ok(if self.is_known(ctx).await? { self.0.headcount } else { None })
    }

    /// The unit that booked; null where a community did, and to who may only know that the time is taken.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<MemberUnit>> {
        match self.0.unit_id {
            Some(unit) if self.is_known(ctx).await? => Ok(request(ctx).loader.load_one(UnitKey(unit)).await?),
            _ => Ok(None),
        }
    }

    /// The community, street or district that booked; null where a unit did, and to who may only know that the time is taken.
    async fn community(&self, ctx: &Context<'_>) -> Result<Option<GovernanceArea>> {
        match self.0.community_id {
            Some(area) if self.is_known(ctx).await? => Ok(request(ctx).loader.load_one(AreaKey(area)).await?),
            _ => Ok(None),
        }
    }

    /// Whether it is an activity of the community whose venue it is; null to who may only know that the time is taken.
    async fn activity(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.is_known(ctx).await?.then_some(self.0.activity))
    }

    /// Why it was turned down or given up; null to who may only know that the time is taken.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(if self.is_known(ctx).await? { self.0.reason.clone() } else { None })
    }

    /// The series that it is a date of; null where it is none, and to who may only know that the time is taken.
    async fn series(&self, ctx: &Context<'_>) -> Result<Option<BookingSeries>> {
        match self.0.series_id {
            Some(series) if self.is_known(ctx).await? => Ok(request(ctx).loader.load_one(SeriesKey(series)).await?),
            _ => Ok(None),
        }
    }

    /// The match by which the owner of the venue promised the time; null where there is none or the viewer may not see it, and to who may
    /// only know that the time is taken.
    #[graphql(name = "match")]
    async fn exchange(&self, ctx: &Context<'_>) -> Result<Option<Match>> {
        match self.0.match_id {
            Some(exchange) if self.is_known(ctx).await? => Ok(request(ctx).loader.load_one(MatchKey(exchange)).await?),
            _ => Ok(None),
        }
    }

    /// Until when the time is held for a request; null for all else, and to who may only know that the time is taken.
    async fn held_until(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        let holds = self.0.status == BookingStatus::Requested && self.is_known(ctx).await?;
        Ok(self.0.next_step_at.filter(|_| holds))
    }

    /// Whether it came from the waiting list, and is to be taken up or approved within a day; null to who may only know that the time is
    /// taken.
    async fn promoted(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.is_known(ctx).await?.then_some(self.0.promoted))
    }

    /// What the viewer may do with it: APPROVE, REJECT, CANCEL, TAKE_UP, COMPLETE, MARK_NO_SHOW.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let (viewer, now, booking) = (&request(ctx).viewer, request(ctx).now(), &self.0);
        let (venue, zone) = (venue(ctx, booking.venue_id).await?, zone(ctx, booking.zone_id).await?);
        let (owner, party) = (venue.0.scope(), self.party(ctx).await?);
        let may = |permission, scope: &Scope, rule: std::result::Result<bool, Refusal>| {
            offered(viewer.may(permission, scope), rule, booking.status.state())
        };
        let answer = |rule| may(Permission::AnswerBooking, &owner, rule);
        // Who booked gives it up; so does the owner.
        let cancel = match viewer.may(Permission::BookZone, &party) {
            Ok(()) => may(Permission::BookZone, &party, rules::cancel(booking, now)),
            Err(_) => answer(rules::cancel(booking, now)),
        };
        Ok(vec![
            can(Action::Approve, answer(rules::approve(booking, viewer.account_id(), now))),
            can(Action::Reject, answer(rules::reject(booking))),
            can(Action::Cancel, cancel),
            can(Action::TakeUp, may(Permission::BookZone, &party, rules::take_up(booking, &venue.0, &zone.0, now))),
            can(Action::Complete, answer(rules::conclude(booking, BookingStatus::Completed, now))),
            can(Action::MarkNoShow, answer(rules::conclude(booking, BookingStatus::NoShow, now))),
        ])
    }
}

impl Booking {
    /// Whether the viewer may know more than that the time is taken.
    async fn is_known(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(request(ctx).viewer.is_system() || request(ctx).loader.load_one(Known(self.0.id)).await?.is_some())
    }

    /// Where the rights of whoever booked are asked for.
    async fn party(&self, ctx: &Context<'_>) -> Result<Scope> {
        if let Some(unit) = self.0.unit_id {
            return Ok(Scope::Unit(unit));
        }
        let area = self.0.community_id.map(AreaKey).ok_or(AppError::NotFound)?;
        let area = request(ctx).loader.load_one(area).await?.ok_or(AppError::NotFound)?;
        Ok(area.0.scope())
    }
}

connection!(Booking, BookingConnection, BookingEdge, "bookings");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BookingKey(pub Uuid);

impl Loader<BookingKey> for Loaders {
    type Value = Booking;
    type Error = AppError;

    async fn load(&self, keys: &[BookingKey]) -> std::result::Result<HashMap<BookingKey, Booking>, AppError> {
        let rows = booking::Entity::find()
            .filter(booking::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (BookingKey(row.id), Booking(row))).collect())
    }
}

/// Whether the viewer may know more of a booking than that its time is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Known(Uuid);

impl Loader<Known> for Loaders {
    type Value = ();
    type Error = AppError;

    async fn load(&self, keys: &[Known]) -> std::result::Result<HashMap<Known, ()>, AppError> {
        if self.0.viewer.areas().is_empty() && self.0.viewer.units().is_empty() {
            return Ok(HashMap::new());
        }
        use sea_orm::QuerySelect;
        let known = booking::Entity::find()
            .select_only()
            .column(booking::Column::Id)
            .filter(booking::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(known_to(&self.0.viewer))
            .into_tuple::<Uuid>()
            .all(&self.0.conn)
            .await?;
        Ok(known.into_iter().map(|id| (Known(id), ())).collect())
    }
}

/// The bookings of a zone that touch a span, as far as the viewer may see them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BookingsOf {
    pub zone: Uuid,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

impl Loader<BookingsOf> for Loaders {
    type Value = Vec<Booking>;
    type Error = AppError;

    async fn load(&self, keys: &[BookingsOf]) -> std::result::Result<HashMap<BookingsOf, Vec<Booking>>, AppError> {
        let mut found: HashMap<BookingsOf, Vec<Booking>> = HashMap::new();
        for keys in alike(keys, |key| (key.from, key.to)) {
            let (from, to) = (keys[0].from, keys[0].to);
            let rows = booking::Entity::find()
                .filter(booking::Column::ZoneId.is_in(padded(keys.iter().map(|key| key.zone))))
                // No booking is longer than a day: a lower bound for the index.
                .filter(booking::Column::StartsAt.gt(from - chrono::TimeDelta::days(1)))
                .filter(booking::Column::StartsAt.lt(to))
                .filter(booking::Column::EndsAt.gt(from))
                .filter(visible_to(&self.0.viewer))
                .order_by_asc(booking::Column::StartsAt)
                .order_by_asc(booking::Column::Id)
                .all(&self.0.conn)
                .await?;
            for row in rows {
                found.entry(BookingsOf { zone: row.zone_id, from, to }).or_default().push(Booking(row));
            }
        }
        Ok(found)
    }
}

/// The bookings that were made for a match, as far as the viewer may see them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BookedFor(pub Uuid);

impl Loader<BookedFor> for Loaders {
    type Value = Vec<Booking>;
    type Error = AppError;

    async fn load(&self, keys: &[BookedFor]) -> std::result::Result<HashMap<BookedFor, Vec<Booking>>, AppError> {
        let rows = booking::Entity::find()
            .filter(booking::Column::MatchId.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .order_by_asc(booking::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<BookedFor, Vec<Booking>> = HashMap::new();
        for row in rows {
            let made = row.match_id.map(|id| found.entry(BookedFor(id)).or_default());
            if let Some(made) = made.filter(|made| made.len() < 100) {
                made.push(Booking(row));
            }
        }
        Ok(found)
    }
}

/// What live bookings of a zone hold of a span, in order; no more than that is told of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldIn {
    pub zone: Uuid,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

impl Loader<HeldIn> for Loaders {
    type Value = Vec<Span>;
    type Error = AppError;

    async fn load(&self, keys: &[HeldIn]) -> std::result::Result<HashMap<HeldIn, Vec<Span>>, AppError> {
        let mut found: HashMap<HeldIn, Vec<Span>> = HashMap::new();
        for keys in alike(keys, |key| (key.from, key.to)) {
            let (from, to) = (keys[0].from, keys[0].to);
            for row in live(keys.iter().map(|key| key.zone), from - LONGEST_BUFFERS, to + LONGEST_BUFFERS).all(&self.0.conn).await? {
                found.entry(HeldIn { zone: row.zone_id, from, to }).or_default().push((row.held_from, row.held_until));
            }
        }
        Ok(found)
    }
}

/// Bookings that recur by one rule.
#[derive(Clone)]
pub struct BookingSeries(pub series::Model);

/// Bookings that recur by one rule.
#[Object]
impl BookingSeries {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The zone.
    async fn zone(&self, ctx: &Context<'_>) -> Result<FunctionZone> {
        zone(ctx, self.0.zone_id).await
    }

    /// The recurrence rule of RFC 5545.
    async fn rule(&self) -> &str {
        &self.0.rule
    }

    /// Its bookings, at most 60, in the order of their times.
    async fn bookings(&self, ctx: &Context<'_>) -> Result<Vec<Booking>> {
        Ok(request(ctx).loader.load_one(OfSeries(self.0.id)).await?.unwrap_or_default())
    }

    /// The times that were left out, because something else was there or the zone was closed.
    async fn skipped(&self) -> Vec<Interval> {
        self.0.skipped.0.iter().map(|span| Interval::from(*span)).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeriesKey(pub Uuid);

impl Loader<SeriesKey> for Loaders {
    type Value = BookingSeries;
    type Error = AppError;

    async fn load(&self, keys: &[SeriesKey]) -> std::result::Result<HashMap<SeriesKey, BookingSeries>, AppError> {
        use sea_orm::sea_query::Query;
        let known = Query::select().column(booking::Column::SeriesId).from(booking::Entity).cond_where(known_to(&self.0.viewer)).to_owned();
        let rows = series::Entity::find()
            .filter(series::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(series::Column::Id.in_subquery(known))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (SeriesKey(row.id), BookingSeries(row))).collect())
    }
}

/// The bookings of a series that the viewer already sees.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct OfSeries(Uuid);

impl Loader<OfSeries> for Loaders {
    type Value = Vec<Booking>;
    type Error = AppError;

    async fn load(&self, keys: &[OfSeries]) -> std::result::Result<HashMap<OfSeries, Vec<Booking>>, AppError> {
        let rows = booking::Entity::find()
            .filter(booking::Column::SeriesId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_asc(booking::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<OfSeries, Vec<Booking>> = HashMap::new();
        for row in rows {
            if let Some(series) = row.series_id {
                found.entry(OfSeries(series)).or_default().push(Booking(row));
            }
        }
        Ok(found)
    }
}
