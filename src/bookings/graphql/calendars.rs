//! Calendars as the API shows them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::bookings::calendars;
use crate::bookings::entity::calendar;
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::{Loaders, key, key_of, mutate, payload, request};
use crate::ids::NodeKind;
use crate::venues::graphql::{FunctionZone, zone};

/// A calendar that the viewer can subscribe to with any calendar client.
#[derive(Clone)]
pub struct BookingCalendar(pub calendar::Model);

/// A calendar that the viewer can subscribe to with any calendar client.
#[Object]
impl BookingCalendar {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The zone; null where it holds what the viewer booked.
    async fn zone(&self, ctx: &Context<'_>) -> Result<Option<FunctionZone>> {
        match self.0.zone_id {
            Some(id) => Ok(Some(zone(ctx, id).await?)),
            None => Ok(None),
        }
    }

    /// Its secret address, below that of the service. Whoever has it reads what the viewer may know: keep it like a password.
    async fn address(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(calendars::address(&request(ctx).app, &self.0)?)
    }

    /// When it was opened.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was revoked; null while it can be read.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }
}

payload!(OpenCalendarPayload, BookingCalendar, CalendarKey, "openCalendar");
payload!(RevokeCalendarPayload, BookingCalendar, CalendarKey, "revokeCalendar");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CalendarKey(pub Uuid);

impl Loader<CalendarKey> for Loaders {
    type Value = BookingCalendar;
    type Error = AppError;

    async fn load(&self, keys: &[CalendarKey]) -> std::result::Result<HashMap<CalendarKey, BookingCalendar>, AppError> {
        let Some(account) = self.0.viewer.account_id() else { return Ok(HashMap::new()) };
        let rows = calendar::Entity::find()
            .filter(calendar::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(calendar::Column::AccountId.eq(account))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (CalendarKey(row.id), BookingCalendar(row))).collect())
    }
}

#[derive(Default)]
pub struct CalendarQuery;

#[Object]
impl CalendarQuery {
    /// The viewer's calendars that can be read, oldest first, at most 50; none where nobody is signed in.
    async fn calendars(&self, ctx: &Context<'_>) -> Result<Vec<BookingCalendar>> {
        let Some(account) = request(ctx).viewer.account_id() else { return Ok(Vec::new()) };
        let rows = calendar::Entity::find()
            .filter(calendar::Column::AccountId.eq(account))
            .filter(calendar::Column::RevokedAt.is_null())
            .order_by_asc(calendar::Column::Id)
            .all(&request(ctx).conn)
            .await;
        Ok(rows.map_err(AppError::from)?.into_iter().map(BookingCalendar).collect())
    }
}

#[derive(Default)]
pub struct CalendarMutation;

#[Object]
impl CalendarMutation {
    /// Opens a calendar of a zone, or of what the viewer booked, at a secret address.
    async fn open_calendar(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The zone; what the viewer booked where absent.")] zone: Option<ID>,
    ) -> Result<OpenCalendarPayload> {
        let zone = key_of(NodeKind::Zone, &zone)?;
        let outcome = mutate(ctx, |work| async move { calendars::open(&work, zone).await });
        OpenCalendarPayload::of(ctx, outcome.await?).await
    }

    /// Revokes a calendar: its address opens nothing from now on.
    async fn revoke_calendar(&self, ctx: &Context<'_>, #[graphql(desc = "The calendar.")] id: ID) -> Result<RevokeCalendarPayload> {
        let id = key(NodeKind::Calendar, &id)?;
        let outcome = mutate(ctx, |work| async move { calendars::revoke(&work, id).await });
        RevokeCalendarPayload::of(ctx, outcome.await?).await
    }
}
