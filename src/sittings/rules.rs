//! What a plan may say, and what a reservation asks of it.

use chrono::{DateTime, Days, NaiveDate, Utc};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use super::entity::{plan, reservation};
use crate::areas::rules::check_name;
use crate::calendar::shanghai_day;
use crate::decimal::Decimal;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;
use crate::venues::entity::{venue, zone};
use crate::venues::rules::check_open;

/// In fen.
const DEAREST: i64 = 10_000_000;
const MOST_BANDS: usize = 20;
const MOST_SEATS: i32 = 10_000;
const MOST_SPONSORED: i32 = 1_000_000;
/// The owner is warned so many days before a licence runs out.
const WARNED_BEFORE: u64 = 30;

term! {
    /// What became of a reservation.
    ReservationStatus {
        /// The places are kept.
        Reserved = "RESERVED" "已预订",
        /// They were given up before the sitting.
        Cancelled = "CANCELLED" "已取消",
    }
}

impl ReservationStatus {
    pub fn state(self) -> State {
        State { code: self.code(), zh: self.zh() }
    }
}

/// How long a licence still holds.
#[derive(async_graphql::Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceStatus {
    /// For more than 30 days.
    Valid,
    /// For at most 30 days.
    Expiring,
    /// No longer: no sitting after its last day takes reservations.
    Expired,
}

/// What a place costs somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBand {
    pub name: String,
    /// In fen.
    pub price: i64,
}

/// The price bands of a plan, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct PriceBands(pub Vec<PriceBand>);

impl PriceBands {
    /// From names and prices in yuan.
    pub fn check(bands: &[(String, Decimal)]) -> Result<PriceBands, Refusal> {
        let refused = |zh: &str, en: &str| Refusal::invalid("priceBands", zh, en);
        if bands.is_empty() || bands.len() > MOST_BANDS {
            return Err(refused("收费档次须为 1 至 20 项", "1 to 20 price bands"));
        }
        let read = |(name, price): &(String, Decimal)| {
            let amount = || refused("金额以元为单位，须在 0 至 10 万元之间，最多两位小数", "0 to 100,000 yuan, with at most two places");
            let price = price.to_fen().filter(|fen| (0..=DEAREST).contains(fen)).ok_or_else(amount)?;
            Ok(PriceBand { name: check_name("priceBands", name)?, price })
        };
        let bands = bands.iter().map(read).collect::<Result<Vec<_>, Refusal>>()?;
        let twice = bands.iter().enumerate().any(|(place, band)| bands[..place].iter().any(|other| other.name == band.name));
        if twice { Err(refused("收费档次名称不能重复", "Two price bands have one name")) } else { Ok(PriceBands(bands)) }
    }
}

pub fn check_seats(seats: i32, capacity: Option<i32>) -> Result<i32, Refusal> {
    let most = capacity.unwrap_or(MOST_SEATS);
    if (1..=most).contains(&seats) {
        return Ok(seats);
    }
    Err(Refusal::invalid("seats", format!("每场名额须为 1 至 {most}"), format!("1 to {most} seats at a sitting")))
}

/// What is left of the sponsored places when there are so many of them in all.
pub fn sponsored_left(before: Option<&plan::Model>, sponsored: i32) -> Result<i32, Refusal> {
    let used = before.map_or(0, |plan| plan.sponsored - plan.sponsored_left);
    if (used..=MOST_SPONSORED).contains(&sponsored) {
        return Ok(sponsored - used);
    }
    let (zh, en) = (
        format!("资助名额不得少于已使用的 {used} 个，且不超过 {MOST_SPONSORED} 个"),
        format!("From the {used} in use to {MOST_SPONSORED}"),
    );
    Err(Refusal::invalid("sponsoredPlaces", zh, en))
}

pub fn warn_on(licence_until: NaiveDate) -> NaiveDate {
    licence_until - Days::new(WARNED_BEFORE)
}

pub fn licence_status(plan: &plan::Model, today: NaiveDate) -> LicenceStatus {
    if plan.licence_until < today {
        LicenceStatus::Expired
    } else if warn_on(plan.licence_until) <= today {
        LicenceStatus::Expiring
    } else {
        LicenceStatus::Valid
    }
}

/// Whether a sitting that begins then can be reserved at all: the zone is in use, it is to come, not too far ahead, and the licence holds.
pub fn check_time(
    venue: &venue::Model,
    zone: &zone::Model,
    plan: &plan::Model,
    starts: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    check_open(venue, Some(zone), shanghai_day(now)).map_err(|refusal| refusal.at_input("zone"))?;
    if starts <= now {
        return Err(Refusal::invalid("startsAt", "该场次已开始", "The sitting has begun"));
    }
    let last = shanghai_day(now) + Days::new(zone.lead_days.unsigned_abs().into());
    if shanghai_day(starts) > last {
        return Err(Refusal::from(Reason::TooFarAhead { day: last }).at_input("startsAt"));
    }
    if plan.licence_until < shanghai_day(starts) {
        return Err(Refusal::from(Reason::LicenceExpired { day: plan.licence_until }).at_input("startsAt"));
    }
    Ok(())
}

/// Whether a sitting has room for so many: its seats and the sponsored places are enough.
pub fn check_places(plan: &plan::Model, taken: i64, places: i32, sponsored: i32) -> Result<(), Refusal> {
    if places < 1 {
        return Err(Refusal::invalid("places", "人数须大于 0", "At least one place"));
    }
    if !(0..=places).contains(&sponsored) {
        return Err(Refusal::invalid("sponsored", "资助名额不能多于预订人数", "No more of them sponsored than reserved"));
    }
    let left = i64::from(plan.seats) - taken;
    if i64::from(places) > left {
        return Err(Refusal::from(Reason::NotEnoughSeats { left: left.max(0) }).at_input("places"));
    }
    if sponsored > plan.sponsored_left {
        return Err(Refusal::from(Reason::NotEnoughSponsored { left: plan.sponsored_left }).at_input("sponsored"));
    }
    Ok(())
}

/// Whether a reservation can be given up; `false` where that is done already.
pub fn cancel(reservation: &reservation::Model, now: DateTime<Utc>) -> Result<bool, Refusal> {
    match reservation.status {
        ReservationStatus::Cancelled => Ok(false),
        ReservationStatus::Reserved if now < reservation.starts_at => Ok(true),
        ReservationStatus::Reserved => Err(Reason::WrongState { state: State { code: "STARTED", zh: "已开始" } }.into()),
    }
}
