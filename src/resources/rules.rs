//! What a pledge allows: who moves it from which state to which, whether it may be requested, whom it serves.

mod offer;

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use super::Model;
use crate::decimal::Decimal;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;

pub use offer::{Change, Offer};

term! {
    /// In which form something is given.
    ResourceForm {
        /// A room or a ground, for a time.
        VenueTime = "VENUE_TIME" "场地使用",
        /// Money.
        Funds = "FUNDS" "资金",
        /// Goods.
        Goods = "GOODS" "物资",
        /// A service.
        Service = "SERVICE" "服务",
        /// People's time.
        PeopleTime = "PEOPLE_TIME" "人力",
        /// The use of equipment.
        Equipment = "EQUIPMENT" "设备",
        /// Knowledge: lectures, advice, training.
        Expertise = "EXPERTISE" "专业支持",
    }
}

term! {
    /// What a need or a pledge is about.
    NeedCategory {
        /// Party building.
        PartyBuilding = "PARTY_BUILDING" "党建引领",
        /// Law: advice, mediation, lectures.
        Legal = "LEGAL" "法律服务",
        /// Households in hardship, and employment.
        HardshipAndEmployment = "HARDSHIP_AND_EMPLOYMENT" "帮困和就业",
        /// How the community is run.
        Governance = "GOVERNANCE" "基层治理",
        /// Health.
        Health = "HEALTH" "医疗健康",
        /// Culture and sport.
        CultureSport = "CULTURE_SPORT" "文化体育",
        /// Safety.
        Safety = "SAFETY" "平安建设",
        /// Older people.
        Elderly = "ELDERLY" "为老服务",
        /// Children.
        Children = "CHILDREN" "少儿关爱",
        /// Surroundings and cleanliness.
        Environment = "ENVIRONMENT" "环境整治",
        /// Rooms and grounds.
        Venue = "VENUE" "场地设施",
        /// Anything else.
        Other = "OTHER" "其他",
    }
}

term! {
    /// How a pledge stands.
    PledgeStatus {
        /// Begun by its unit, not yet submitted.
        Draft = "DRAFT" "草稿",
        /// Waits for review.
        Submitted = "SUBMITTED" "待审核",
        /// Sent back to its unit with a reason.
        Returned = "RETURNED" "已退回",
        /// On the resource list; can be requested.
        Listed = "LISTED" "已上架",
        /// Taken off the list for a while by its unit.
        Paused = "PAUSED" "已暂停",
        /// On the list, with nothing available.
        Exhausted = "EXHAUSTED" "已用尽",
        /// Past its last day.
        Expired = "EXPIRED" "已到期",
        /// Taken back by its unit.
        Withdrawn = "WITHDRAWN" "已下架",
    }
}

impl PledgeStatus {
    fn state(self) -> State {
        State { code: self.code(), zh: self.zh() }
    }
}

/// Steps of a pledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The unit hands a returned pledge in again; `changed` where what it hands in differs from what is there.
    Submit {
        review: bool,
        changed: bool,
    },
    /// Somebody other than who submitted it puts it on the list.
    List {
        by: Option<Uuid>,
    },
    Return,
    Pause,
    Resume,
    Withdraw,
}

/// Where a pledge stands when it is first submitted, and when it is again.
pub fn submitted(review: bool) -> PledgeStatus {
    if review { PledgeStatus::Submitted } else { PledgeStatus::Listed }
}

fn on_list(available: Option<i64>) -> PledgeStatus {
    if available == Some(0) { PledgeStatus::Exhausted } else { PledgeStatus::Listed }
}

pub fn wrong_state(pledge: &Model) -> Refusal {
    Reason::WrongState { state: pledge.status.state() }.into()
}

/// Where a step leads; `None` where the pledge is there already.
pub fn step(pledge: &Model, step: Step, today: NaiveDate) -> Result<Option<PledgeStatus>, Refusal> {
    use PledgeStatus::*;
    let (from, to): (&[PledgeStatus], _) = match step {
        Step::Submit { review, .. } => (&[Draft, Returned], submitted(review)),
        Step::List { .. } => (&[Submitted], on_list(pledge.available)),
        Step::Return => (&[Submitted], Returned),
        Step::Pause => (&[Listed], Paused),
        Step::Resume => (&[Paused], on_list(pledge.available)),
        Step::Withdraw => (&[Draft, Submitted, Returned, Listed, Paused, Exhausted, Expired], Withdrawn),
    };
    let same = !matches!(step, Step::Submit { changed: true, .. });
    if pledge.status == to && same {
        return Ok(None);
    }
    if !from.contains(&pledge.status) {
        return Err(wrong_state(pledge));
    }
    match step {
        Step::List { by } if by.is_some() && by == pledge.submitted_by => Err(Reason::SecondPersonRequired.into()),
        // It would expire at once: the unit renews it, or hands it in again, with a later day.
        Step::List { .. } | Step::Resume if let Some(day) = pledge.valid_until.filter(|_| pledge.is_over(today)) => {
            Err(Reason::Lapsed { day }.into())
        }
        _ => Ok(Some(to)),
    }
}

/// Where a renewal leads, with a new last day or the one it has; `None` where the unit has confirmed just this today.
pub fn renew(pledge: &Model, until: Option<NaiveDate>, today: NaiveDate) -> Result<Option<PledgeStatus>, Refusal> {
    use PledgeStatus::*;
    let status = match pledge.status {
        Listed | Exhausted | Paused => pledge.status,
        Expired => on_list(pledge.available),
        _ => return Err(wrong_state(pledge)),
    };
    let until = until.or(pledge.valid_until);
    offer::check_until(until, today).map_err(|refusal| refusal.at(&["validUntil"]))?;
    let same = status == pledge.status && !pledge.stale && pledge.confirmed_on == today && pledge.valid_until == until;
    Ok((!same).then_some(status))
}

/// What a deadline makes of a pledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Expire,
    Hide,
}

/// Which deadline a pledge has passed, if any.
pub fn due(pledge: &Model, today: NaiveDate, stale_days: u32) -> Option<Due> {
    use PledgeStatus::*;
    if pledge.is_over(today) && matches!(pledge.status, Listed | Exhausted | Paused) {
        Some(Due::Expire)
    } else if pledge.is_shown() && pledge.confirmed_on < today - Days::new(stale_days.into()) {
        Some(Due::Hide)
    } else {
        None
    }
}

/// Whether a community may request it.
pub fn may_request(pledge: &Model, unit_active: bool, today: NaiveDate) -> Result<(), Refusal> {
    let state = match pledge.status {
        PledgeStatus::Listed | PledgeStatus::Exhausted if pledge.is_over(today) => PledgeStatus::Expired.state(),
        PledgeStatus::Listed | PledgeStatus::Exhausted if pledge.stale => State { code: "HIDDEN", zh: "已隐藏，待单位续期" },
        PledgeStatus::Listed | PledgeStatus::Exhausted if !unit_active => return Err(Reason::NotAMember.into()),
        PledgeStatus::Listed => return Ok(()),
        PledgeStatus::Exhausted => return Err(not_enough(pledge)),
        other => other.state(),
    };
    Err(Reason::WrongState { state }.into())
}

pub fn not_enough(pledge: &Model) -> Refusal {
    let available = Decimal::thousandths(pledge.available.unwrap_or_default());
    let reason = Reason::NotEnoughAvailable { available, measure: pledge.measure.clone() };
    Refusal::from(reason).at_input("quantity").about(pledge.node())
}

/// Whether it serves a community, given the areas that it names and the community with all areas above it.
pub fn serves(pledge: &Model, areas: &[Uuid], ancestry: &[Uuid]) -> bool {
    pledge.serves_all || areas.iter().any(|area| ancestry.contains(area))
}

/// A pledge after a quantity has moved, `LISTED` and `EXHAUSTED` in step with what is available; inexhaustible ones keep no count of it.
pub fn moved(pledge: &Model, available: i64, held: i64, given: i64) -> Model {
    let available = pledge.available.map(|before| before + available);
    Model {
        available,
        held: pledge.held + held,
        given: pledge.given + given,
        status: match pledge.status {
            PledgeStatus::Listed | PledgeStatus::Exhausted => on_list(available),
            other => other,
        },
        ..pledge.clone()
    }
}

#[cfg(test)]
mod tests;
