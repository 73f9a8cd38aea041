//! Using the venue that was promised: a zone of the unit is booked for a match, and what was booked is reported as delivered.

use chrono::NaiveDate;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::peek;
use crate::bookings::actions::{NewBooking, book};
use crate::bookings::entity::booking;
use crate::bookings::rules::BookingStatus;
use crate::calendar::{Span, shanghai_day};
use crate::error::{AppError, Result};
use crate::matches::entity::{delivery, exchange};
use crate::matches::rules::{self, DeliveryStatus};
use crate::refusal::{Reason, Refusal};
use crate::venues::entity::{find_venue, find_zone};
use crate::work::Work;

/// A zone of the unit for a time that a match promised to the community.
#[derive(Clone)]
pub struct PromisedTime {
    pub exchange: Uuid,
    pub zone: Uuid,
    pub time: Span,
    pub purpose: String,
    pub headcount: Option<i32>,
}

/// Books promised time for the community, at once: the unit has confirmed the match.
pub async fn book_promised(work: &Work, new: &PromisedTime) -> Result<Uuid> {
    let seen = peek(work, new.exchange).await?;
    let booked = NewBooking {
        zone: new.zone,
        time: new.time,
        purpose: new.purpose.clone(),
        headcount: new.headcount,
        unit: None,
        community: Some(seen.community_id),
        wait: false,
        activity: false,
        promised_by: Some(seen.id),
    };
    let id = book(work, &booked).await?;
    // After the zone: whatever is refused from here on takes the booking back with it.
    let exchange = exchange::Entity::find_by_id(seen.id).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    rules::use_venue(&exchange)?;
    let venue = find_venue(work.read(), find_zone(work.read(), new.zone).await?.venue_id).await?;
    if venue.unit_id != Some(exchange.unit_id) {
        return Err(Refusal::invalid("zone", "请选择该单位所属阵地的功能区", "Choose a zone of the unit's own venue").into());
    }
    let unreported: i64 = unreported(work, exchange.id).await?.iter().map(|booking| rules::quantity_of(&exchange, booking.minutes)).sum();
    if unreported > exchange.outstanding {
        return Err(rules::too_much("endsAt", exchange.outstanding, &exchange.measure));
    }
    Ok(id)
}

/// The bookings of a match that stand or took place and that no report, but a refused one, speaks of.
async fn unreported(work: &Work, exchange: Uuid) -> Result<Vec<booking::Model>> {
    let reported = Query::select()
        .column(delivery::Column::BookingId)
        .from(delivery::Entity)
        .and_where(delivery::Column::MatchId.eq(exchange))
        .and_where(delivery::Column::BookingId.is_not_null())
        .and_where(delivery::Column::Status.ne(DeliveryStatus::Refused))
        .to_owned();
    Ok(booking::Entity::find()
        .filter(booking::Column::MatchId.eq(exchange))
        .filter(booking::Column::Status.is_in(BookingStatus::TAKEN))
        .filter(booking::Column::Id.not_in_subquery(reported))
        .all(work.read())
        .await?)
}

/// Whether a report of a locked match can speak of a booking: made for the match, over, on that day, as long as that, and not reported yet.
pub(super) async fn check_report(work: &Work, exchange: &exchange::Model, id: Uuid, quantity: i64, day: NaiveDate) -> Result<()> {
    let found = booking::Entity::find_by_id(id).filter(booking::Column::MatchId.eq(exchange.id)).one(work.read()).await?;
    let Some(booking) = found else {
        return Err(Refusal::invalid("booking", "该预约不属于本次对接", "The booking was not made for this match").into());
    };
    if booking.status != BookingStatus::Completed {
        return Err(Refusal::from(Reason::WrongState { state: booking.status.state() }).at_input("booking").into());
    }
    if unreported(work, exchange.id).await?.iter().all(|other| other.id != id) {
        return Err(Refusal::from(Reason::AlreadyReported).at_input("booking").into());
    }
    let used_on = shanghai_day(booking.starts_at);
    if day != used_on {
        let (zh, en) = (format!("该次使用的日期为 {used_on}"), format!("The venue was used on {used_on}"));
        return Err(Refusal::invalid("deliveredOn", zh, en).into());
    }
    let most = rules::quantity_of(exchange, booking.minutes);
    if quantity > most {
        return Err(rules::too_much("quantity", most, &exchange.measure));
    }
    Ok(())
}
