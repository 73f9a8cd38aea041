//! What a match allows: its states, its sides, and who answers.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::entity::{delivery, exchange::Model};
use crate::auth::{Permission, Viewer};
use crate::bookings::entity::booking;
use crate::calendar::shanghai_day;
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::refusal::{Reason, Refusal, State};
use crate::resources::rules::ResourceForm;
use crate::terms::term;

term! {
    /// One of the two sides of a match.
    MatchSide {
        /// The member unit.
        Unit = "UNIT" "单位",
        /// The community.
        Community = "COMMUNITY" "社区",
    }
}

impl MatchSide {
    pub fn other(self) -> MatchSide {
        match self {
            MatchSide::Unit => MatchSide::Community,
            MatchSide::Community => MatchSide::Unit,
        }
    }
}

term! {
    /// Where a match stands.
    MatchStatus {
        /// Applied for; holds its quantity until the other side answers or it lapses.
        Applied = "APPLIED" "待确认",
        /// The other side has confirmed; the unit is to deliver.
        Confirmed = "CONFIRMED" "已确认",
        /// Part of it was reported.
        Fulfilling = "FULFILLING" "履约中",
        /// Nothing is outstanding, and a report waits for the community's answer.
        Delivered = "DELIVERED" "待验收",
        /// Something was accepted and nothing is left to do.
        Completed = "COMPLETED" "已完成",
        /// The other side turned it down.
        Rejected = "REJECTED" "未予确认",
        /// The unit gave it up.
        CancelledByUnit = "CANCELLED_BY_UNIT" "单位已取消",
        /// The community gave it up, or withdrew or closed the need.
        RevokedByCommunity = "REVOKED_BY_COMMUNITY" "社区已撤销",
        /// Not confirmed, or not delivered, in time.
        TimedOut = "TIMED_OUT" "已超时",
        /// Handed on to another unit.
        Transferred = "TRANSFERRED" "已转交",
    }
}

impl MatchStatus {
    pub fn state(self) -> State {
        State { code: self.code(), zh: self.zh() }
    }

    pub fn is_live(self) -> bool {
        matches!(self, MatchStatus::Applied | MatchStatus::Confirmed | MatchStatus::Fulfilling | MatchStatus::Delivered)
    }

    pub fn is_confirmed(self) -> bool {
        matches!(self, MatchStatus::Confirmed | MatchStatus::Fulfilling | MatchStatus::Delivered)
    }
}

term! {
    /// What became of a report of delivery.
    DeliveryStatus {
        /// Reported by the unit; waits for the community's answer.
        Reported = "REPORTED" "待验收",
        /// All of it was accepted.
        Accepted = "ACCEPTED" "验收通过",
        /// Part of it was accepted; the rest is outstanding again.
        PartlyAccepted = "PARTLY_ACCEPTED" "部分通过",
        /// None of it was accepted; it is outstanding again.
        Refused = "REFUSED" "验收不通过",
    }
}

impl DeliveryStatus {
    pub fn state(self) -> State {
        State { code: self.code(), zh: self.zh() }
    }
}

term! {
    /// How one side rates the other.
    Grade {
        /// Excellent.
        Excellent = "EXCELLENT" "优秀",
        /// Good.
        Good = "GOOD" "良好",
        /// Fair.
        Fair = "FAIR" "一般",
        /// Poor.
        Poor = "POOR" "较差",
    }
}

fn wrong_state(exchange: &Model) -> Refusal {
    Reason::WrongState { state: exchange.status.state() }.into()
}

/// The state of a confirmed match, told from its quantities.
pub fn status(exchange: &Model) -> MatchStatus {
    match (exchange.outstanding, exchange.delivered) {
        (0, 0) => MatchStatus::Completed,
        (0, _) => MatchStatus::Delivered,
        (_, 0) if exchange.accepted == 0 && exchange.status == MatchStatus::Confirmed => MatchStatus::Confirmed,
        _ => MatchStatus::Fulfilling,
    }
}

/// The side whose answer an application waits for: the one that did not apply; for a transfer, the unit it is handed to.
pub fn answering_side(exchange: &Model) -> MatchSide {
    if exchange.transfer_of_id.is_some() { MatchSide::Unit } else { exchange.initiated_by.other() }
}

/// Whether an application can be answered by this account; `false` where it was answered so already.
pub fn answer(exchange: &Model, confirm: bool, by: Option<Uuid>, now: DateTime<Utc>) -> Result<bool, Refusal> {
    let done = if confirm {
        exchange.confirmed_at.is_some() && (exchange.status.is_confirmed() || exchange.status == MatchStatus::Completed)
    } else {
        exchange.status == MatchStatus::Rejected
    };
    if done {
        return Ok(false);
    }
    if exchange.status != MatchStatus::Applied {
        return Err(wrong_state(exchange));
    }
    // Whether or not the sweep has come by.
    if let Some(lapsed) = exchange.next_step_at.filter(|at| confirm && *at <= now) {
        return Err(Reason::Lapsed { day: shanghai_day(lapsed - chrono::Duration::seconds(1)) }.into());
    }
    if confirm && by == Some(exchange.applied_by) {
        return Err(Reason::SecondPersonRequired.into());
    }
    Ok(true)
}

/// Whether a side can give the match up; `false` where it was given up by that side already.
pub fn cancel(exchange: &Model, side: MatchSide) -> Result<bool, Refusal> {
    if exchange.status == cancelled_as(side) {
        return Ok(false);
    }
    // Given up after something had been accepted: completed, with the rest returned.
    if exchange.status == MatchStatus::Completed && exchange.returned > 0 {
        return Ok(false);
    }
    if !exchange.status.is_live() {
        return Err(wrong_state(exchange));
    }
    if exchange.delivered > 0 {
        return Err(Reason::ReportPending.into());
    }
    Ok(true)
}

pub fn cancelled_as(side: MatchSide) -> MatchStatus {
    match side {
        MatchSide::Unit => MatchStatus::CancelledByUnit,
        MatchSide::Community => MatchStatus::RevokedByCommunity,
    }
}

/// Whether a match can be handed on; `proposed` where that waits for another unit's answer.
pub fn propose(exchange: &Model, proposed: bool) -> Result<(), Refusal> {
    transfer(exchange)?;
    if proposed { Err(Reason::TransferPending.into()) } else { Ok(()) }
}

/// Whether what is outstanding can move to another unit.
pub fn transfer(exchange: &Model) -> Result<(), Refusal> {
    if !exchange.status.is_confirmed() || exchange.outstanding == 0 {
        return Err(wrong_state(exchange));
    }
    if exchange.delivered > 0 {
        return Err(Reason::ReportPending.into());
    }
    Ok(())
}

/// Whether a delivery can be reported.
pub fn report(exchange: &Model) -> Result<(), Refusal> {
    if !exchange.status.is_confirmed() || exchange.outstanding == 0 {
        return Err(wrong_state(exchange));
    }
    Ok(())
}

/// Whether a zone of the unit's venue can be booked for a match.
pub fn use_venue(exchange: &Model) -> Result<(), Refusal> {
    if exchange.form != ResourceForm::VenueTime {
        return Err(Refusal::invalid("match", "该对接的资源不是场地时间", "The match is not about time in a venue"));
    }
    report(exchange)
}

/// How much of a match some bookings are: their hours where hours are counted, else one each.
pub fn quantity_of(exchange: &Model, bookings: &[booking::Model]) -> i64 {
    let minutes: i64 = bookings.iter().map(|booking| i64::from(booking.minutes)).sum();
    if exchange.measure == "小时" { minutes * 1000 / 60 } else { 1000 * bookings.len() as i64 }
}

/// A day of delivery: from the confirmation to today.
pub fn check_delivered_on(exchange: &Model, day: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    let confirmed = exchange.confirmed_at.map_or(today, shanghai_day);
    if day < confirmed || day > today {
        let (zh, en) = (format!("交付日期须在 {confirmed} 至 {today} 之间"), format!("The day lies between {confirmed} and {today}"));
        return Err(Refusal::invalid("deliveredOn", zh, en));
    }
    Ok(())
}

/// Whether a report can be answered; `false` where it was answered so already. `accepted` is 0 for a refusal.
pub fn answer_report(delivery: &delivery::Model, accepted: i64, by: Option<Uuid>) -> Result<bool, Refusal> {
    if delivery.status != DeliveryStatus::Reported {
        let same = delivery.accepted.unwrap_or(0) == accepted;
        let reason = Reason::WrongState { state: delivery.status.state() };
        return if same { Ok(false) } else { Err(reason.into()) };
    }
    if by == Some(delivery.reported_by) {
        return Err(Reason::SecondPersonRequired.into());
    }
    Ok(true)
}

/// Pictures of one delivery.
pub const MOST_PICTURES: u64 = 6;

/// Whether one more picture can be added.
pub fn add_picture(delivery: &delivery::Model, known: u64) -> Result<(), Refusal> {
    if delivery.status != DeliveryStatus::Reported {
        return Err(Reason::WrongState { state: delivery.status.state() }.into());
    }
    if known >= MOST_PICTURES {
        let (zh, en) = (format!("每次交付最多 {MOST_PICTURES} 张照片"), format!("At most {MOST_PICTURES} pictures of one delivery"));
        return Err(Refusal::invalid("picture", zh, en));
    }
    Ok(())
}

/// The part of a delivery's value or hours that falls to what was accepted; fractions of the smallest unit fall away.
pub fn pro_rata(whole: i64, accepted: i64, quantity: i64) -> i64 {
    i64::try_from(i128::from(whole) * i128::from(accepted) / i128::from(quantity)).unwrap_or(0)
}

/// Whether a side can evaluate.
pub fn evaluate(exchange: &Model, side: MatchSide) -> Result<(), Refusal> {
    if exchange.status != MatchStatus::Completed {
        return Err(wrong_state(exchange));
    }
    let done = match side {
        MatchSide::Unit => exchange.unit_evaluated,
        MatchSide::Community => exchange.community_evaluated,
    };
    match exchange.evaluations_released_at {
        _ if done => Err(Reason::AlreadyEvaluated.into()),
        // Who has read the other's grade no longer gives its own.
        Some(released) => Err(Reason::Lapsed { day: shanghai_day(released) }.into()),
        None => Ok(()),
    }
}

/// The side that the viewer stands on: the one it names, or the only one it has.
pub fn side(viewer: &Viewer, permission: Permission, exchange: &Model, named: Option<MatchSide>) -> Result<MatchSide> {
    let stands = |side| viewer.granted(permission, &exchange.scope(side)).is_some();
    match named {
        Some(side) => Ok(side),
        None if stands(MatchSide::Unit) && stands(MatchSide::Community) && !viewer.is_system() => {
            Err(Refusal::from(Reason::AmbiguousSide).at(&["as"]).into())
        }
        None if stands(MatchSide::Unit) => Ok(MatchSide::Unit),
        None => Ok(MatchSide::Community),
    }
}

/// The promised day: the one that was named, else the need's due date, else so many working days from now.
pub fn promised_on(named: Option<NaiveDate>, due_on: Option<NaiveDate>, today: NaiveDate, default: DateTime<Utc>) -> NaiveDate {
    named.or(due_on.filter(|day| *day >= today)).unwrap_or_else(|| shanghai_day(default - chrono::Duration::seconds(1)))
}

pub fn too_much(field: &'static str, outstanding: i64, measure: &str) -> AppError {
    let reason = Reason::NotEnoughOutstanding { outstanding: Decimal::thousandths(outstanding), measure: measure.to_owned() };
    Refusal::from(reason).at_input(field).into()
}
