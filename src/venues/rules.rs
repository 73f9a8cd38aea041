//! What a venue, its zones and its services are, and what may be written of them.

pub mod co_building;
pub mod hours;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use self::hours::{Span, open_spans, spans, without};
use super::entity::{venue, zone};
use crate::areas::rules::optional;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;

term! {
    /// What sort of venue it is.
    VenueKind {
        /// A party-masses service centre.
        Centre = "CENTRE" "党群服务中心",
        /// A party-masses service station.
        Station = "STATION" "党群服务站",
        /// A party-masses service post.
        Post = "POST" "党群服务点",
        /// A venue that a member unit owns and shares.
        UnitOwned = "UNIT_OWNED" "单位阵地",
    }
}

term! {
    /// What a function zone is for.
    ZoneKind {
        /// Services of all sorts at a counter.
        GeneralService = "GENERAL_SERVICE" "综合服务",
        /// Meetings of the party organisation.
        PartyLife = "PARTY_LIFE" "组织生活",
        /// Books and reading.
        Reading = "READING" "图书阅览",
        /// Volunteers.
        Volunteer = "VOLUNTEER" "志愿服务",
        /// Music, chess, calligraphy and painting.
        Arts = "ARTS" "琴棋书画",
        /// Sport and movement.
        Sport = "SPORT" "文体活动",
        /// Children.
        Children = "CHILDREN" "儿童之家",
        /// Older people.
        Elderly = "ELDERLY" "老年活动",
        /// A room for meetings.
        Meeting = "MEETING" "会议议事",
        /// A hall for many.
        Hall = "HALL" "多功能厅",
        /// A canteen.
        Canteen = "CANTEEN" "社区食堂",
        /// Day care.
        DayCare = "DAY_CARE" "社区日托",
        /// Anything else.
        Other = "OTHER" "其他",
    }
}

term! {
    /// What a service of a venue is.
    ServiceKind {
        /// Advice on policies.
        PolicyAdvice = "POLICY_ADVICE" "政策咨询",
        /// Education of party members.
        PartyEducation = "PARTY_EDUCATION" "党性教育",
        /// Errands and applications done for others.
        Errands = "ERRANDS" "代办代理",
        /// Law.
        Legal = "LEGAL" "法律服务",
        /// Health.
        Health = "HEALTH" "健康服务",
        /// Culture and sport.
        Culture = "CULTURE" "文体服务",
        /// Older people.
        Elderly = "ELDERLY" "为老服务",
        /// Children.
        Children = "CHILDREN" "少儿服务",
        /// Work and employment.
        Employment = "EMPLOYMENT" "就业服务",
        /// Anything else.
        Other = "OTHER" "其他",
    }
}

/// Where something lies, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    pub latitude: i64,
    pub longitude: i64,
}

impl Point {
    /// A point of the globe from degrees.
    pub fn of(latitude: f64, longitude: f64) -> Option<Point> {
        let right = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        let millionths = |degrees: f64| (degrees * 1e6).round() as i64;
        right.then(|| Point { latitude: millionths(latitude), longitude: millionths(longitude) })
    }
}

/// What is written of a zone, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneTerms {
    pub capacity: Option<i32>,
    pub buffer_before: i32,
    pub buffer_after: i32,
    pub lead_days: i32,
    pub longest_minutes: i32,
}

impl ZoneTerms {
    pub fn check(self) -> Result<ZoneTerms, Refusal> {
        let within = |field, value: i32, least: i32, most: i32| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(Refusal::invalid(field, format!("须在 {least} 至 {most} 之间"), format!("It takes {least} to {most}")))
        };
        if let Some(capacity) = self.capacity {
            within("capacity", capacity, 1, 100_000)?;
        }
        within("bufferBefore", self.buffer_before, 0, 240)?;
        within("bufferAfter", self.buffer_after, 0, 240)?;
        within("leadDays", self.lead_days, 1, 366)?;
        within("longestMinutes", self.longest_minutes, 15, 24 * 60)?;
        Ok(self)
    }
}

pub fn check_text(field: &'static str, value: Option<&str>) -> Result<Option<String>, Refusal> {
    optional(field, value, 200)
}

/// What is closed takes no changes and no bookings.
pub fn check_open(venue: &venue::Model, zone: Option<&zone::Model>, today: NaiveDate) -> Result<(), Refusal> {
    let over = |closed: Option<NaiveDate>| closed.is_some_and(|day| day <= today);
    if over(venue.closed_on) || zone.is_some_and(|zone| over(zone.closed_on)) {
        return Err(Reason::WrongState { state: State { code: "CLOSED", zh: "已停用" } }.into());
    }
    Ok(())
}

/// When a zone can be booked by the clock alone: open, and no sitting on.
pub fn bookable_hours(venue: &venue::Model, zone: &zone::Model, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Span> {
    let closures = [&venue.closures, &zone.closures];
    let open = open_spans(zone.hours.as_ref().unwrap_or(&venue.hours), &closures, from, to);
    match &zone.sittings {
        Some(sittings) => {
            // A booking keeps its buffers outside a sitting as outside another booking.
            let (before, after) = (TimeDelta::minutes(zone.buffer_before.into()), TimeDelta::minutes(zone.buffer_after.into()));
            let taken = spans(sittings, &closures, from - before, to + after).into_iter();
            without(open, &taken.map(|sitting| (sitting.0 - after, sitting.1 + before)).collect::<Vec<_>>())
        }
        None => open,
    }
}

/// The sitting of a zone that begins at an instant, if one does.
pub fn sitting_at(venue: &venue::Model, zone: &zone::Model, starts: DateTime<Utc>) -> Option<Span> {
    sittings(venue, zone, starts, starts + TimeDelta::nanoseconds(1)).pop()
}

/// The sittings of a zone that begin in a span, in order.
pub fn sittings(venue: &venue::Model, zone: &zone::Model, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Span> {
    let planned = zone.sittings.as_ref().map(|sittings| spans(sittings, &[&venue.closures, &zone.closures], from, to));
    planned.unwrap_or_default().into_iter().filter(|sitting| from <= sitting.0 && sitting.0 < to).collect()
}
