//! Using the venue that was promised: a zone of the unit is booked for a match, and what was booked is reported as delivered.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{LockType, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
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
use crate::resources::rules::ResourceForm;
use crate::units::entity::hold_unit;
use crate::venues::entity::find_venue;
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
    let unit = hold_unit(work.read(), seen.unit_id).await?;
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
    // After the zone: whatever is refused from here on takes the booking back with it. Its key stays as it is: the booking refers to it.
    let held = exchange::Entity::find_by_id(seen.id).lock(LockType::NoKeyUpdate);
    let exchange = held.one(work.read()).await?.ok_or(AppError::NotFound)?;
    rules::use_venue(&exchange)?;
    if !unit.active {
        return Err(Refusal::from(Reason::NotAMember).into());
    }
    let (this, others): (Vec<_>, Vec<_>) = unreported(work, &exchange).await?.into_iter().partition(|booking| booking.id == id);
    let [made] = &this[..] else { return Err(AppError::internal("what was just booked is not there")) };
    if find_venue(work.read(), made.venue_id).await?.unit_id != Some(exchange.unit_id) {
        return Err(Refusal::invalid("zone", "请选择该单位所属阵地的功能区", "Choose a zone of the unit's own venue").into());
    }
    let left = exchange.outstanding - rules::quantity_of(&exchange, &others);
    if rules::quantity_of(&exchange, &[this, others].concat()) > exchange.outstanding {
        return Err(rules::too_much("endsAt", left.max(0), &exchange.measure));
    }
    Ok(id)
}

/// The bookings of a match that stand or took place and that no report, but a refused one, speaks of.
async fn unreported(work: &Work, exchange: &exchange::Model) -> Result<Vec<booking::Model>> {
    let reported = Query::select()
        .column(delivery::Column::BookingId)
        .from(delivery::Entity)
        .and_where(delivery::Column::MatchId.eq(exchange.id))
        .and_where(delivery::Column::BookingId.is_not_null())
        .and_where(delivery::Column::Status.ne(DeliveryStatus::Refused))
        .to_owned();
    Ok(booking::Entity::find()
        .filter(booking::Column::MatchId.eq(exchange.id))
        .filter(booking::Column::Status.is_in(BookingStatus::TAKEN))
        .filter(booking::Column::Id.not_in_subquery(reported))
        .all(work.read())
        .await?)
}

/// Whether a locked match allows a report of so much, handed over on a day: what is booked and not reported yet stays for its bookings, and a
/// report that names one speaks of a booking that was made for the match, is over, was on that day, as long as that, and not reported yet.
pub(super) async fn check_report(
    work: &Work,
    exchange: &exchange::Model,
    named: Option<Uuid>,
    quantity: i64,
    day: NaiveDate,
) -> Result<()> {
    if exchange.form != ResourceForm::VenueTime {
        return named.map_or(Ok(()), |_| Err(not_of_this_match()));
    }
    let (this, others): (Vec<_>, Vec<_>) = unreported(work, exchange).await?.into_iter().partition(|booking| Some(booking.id) == named);
    let mut most = exchange.outstanding - rules::quantity_of(exchange, &others);
    if let Some(id) = named {
        let found = booking::Entity::find_by_id(id).filter(booking::Column::MatchId.eq(exchange.id)).one(work.read()).await?;
        let booking = found.ok_or_else(not_of_this_match)?;
        if booking.status != BookingStatus::Completed {
            return Err(Refusal::from(Reason::WrongState { state: booking.status.state() }).at_input("booking").into());
        }
        if this.is_empty() {
            return Err(Refusal::from(Reason::AlreadyReported).at_input("booking").into());
        }
        let used_on = shanghai_day(booking.starts_at);
        if day != used_on {
            let (zh, en) = (format!("该次使用的日期为 {used_on}"), format!("The venue was used on {used_on}"));
            return Err(Refusal::invalid("deliveredOn", zh, en).into());
        }
        // To the thousandth above: three times a third of an hour make a whole one.
        most = most.min(rules::quantity_of(exchange, &this) + 1);
    }
    if quantity > most {
        return Err(rules::too_much("quantity", most.max(0), &exchange.measure));
    }
    Ok(())
}

fn not_of_this_match() -> AppError {
    Refusal::invalid("booking", "该预约不属于本次对接", "The booking was not made for this match").into()
}

/// When the last booking of a match that stands is over.
pub async fn last_use(work: &Work, exchange: &exchange::Model) -> Result<Option<DateTime<Utc>>> {
    if exchange.form != ResourceForm::VenueTime {
        return Ok(None);
    }
    let last = booking::Entity::find()
        .filter(booking::Column::MatchId.eq(exchange.id))
        .filter(booking::Column::Status.eq(BookingStatus::Approved))
        .order_by_desc(booking::Column::EndsAt)
        .one(work.read())
        .await?;
    Ok(last.map(|booking| booking.ends_at))
}
