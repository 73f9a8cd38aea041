//! What a need allows: its state, who may claim it when, and what the clock does to it.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};

use super::entity::need::Model;
use crate::areas::rules::{line, optional};
use crate::decimal::Decimal;
use crate::refusal::{Reason, Refusal, State};
use crate::terms::term;

term! {
    /// Where a need stands.
    NeedStatus {
        /// Being written; only its community's side sees it.
        Draft = "DRAFT" "草稿",
        /// Waits for the street's review.
        Submitted = "SUBMITTED" "待审核",
        /// Sent back to the community with a reason.
        Returned = "RETURNED" "已退回",
        /// Published to paired units only, until `directedUntil`.
        PublishedDirected = "PUBLISHED_DIRECTED" "定向认领中",
        /// In the open hall: every active member may claim it.
        PublishedOpen = "PUBLISHED_OPEN" "公开认领中",
        /// Nobody took it in time: it lies with the street or the district, and can still be claimed.
        Escalated = "ESCALATED" "已上报",
        /// All of it is promised; nothing is reported yet.
        Matched = "MATCHED" "已对接",
        /// All of it is promised and part of it was reported.
        InProgress = "IN_PROGRESS" "实施中",
        /// All of it was reported; some reports wait for the community's answer.
        Delivered = "DELIVERED" "待验收",
        /// The latest report was refused; until the next report.
        Reopened = "REOPENED" "验收未通过",
        /// All of it was accepted.
        Accepted = "ACCEPTED" "已验收",
        /// Finished: rated or timed out after acceptance, or closed early with a reason.
        Closed = "CLOSED" "已办结",
        /// Taken back by the community with a reason.
        Withdrawn = "WITHDRAWN" "已撤回",
    }
}

impl NeedStatus {
    pub fn state(self) -> State {
        State { code: self.code(), zh: self.zh() }
    }

    pub fn is_ended(self) -> bool {
        matches!(self, NeedStatus::Closed | NeedStatus::Withdrawn)
    }
}

term! {
    /// How far a need has been published, whatever became of it since.
    Publication {
        /// Not at all.
        None = "NONE" "未发布",
        /// To the units that it is directed to.
        Directed = "DIRECTED" "定向",
        /// In the open hall.
        Open = "OPEN" "领办大厅",
        /// To the open hall and up to the street or the district.
        Escalated = "ESCALATED" "上报",
    }
}

term! {
    /// How a need reached its community.
    IntakeChannel {
        /// A visit at home.
        Visit = "VISIT" "入户走访",
        /// The service desk.
        ServiceDesk = "SERVICE_DESK" "服务窗口",
        /// A telephone call.
        Phone = "PHONE" "来电",
        /// A WeChat group of residents.
        WechatGroup = "WECHAT_GROUP" "居民微信群",
        /// The 12345 hotline.
        Hotline12345 = "HOTLINE_12345" "12345热线",
        /// The wish box.
        WishBox = "WISH_BOX" "意见箱",
        /// A meeting.
        Meeting = "MEETING" "会议",
    }
}

/// How pressing a need is. Stored so that the most urgent sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i32", db_type = "Integer")]
pub enum Urgency {
    /// Within days.
    #[sea_orm(num_value = 0)]
    Urgent,
    /// Within weeks.
    #[sea_orm(num_value = 1)]
    Soon,
    /// No hurry.
    #[sea_orm(num_value = 2)]
    Routine,
}

/// The state of a published need, told from its publication and its quantities.
pub fn status(need: &Model) -> NeedStatus {
    if need.status.is_ended() {
        return need.status;
    }
    if need.unmatched > 0 {
        return match need.publication {
            Publication::None => need.status,
            Publication::Directed => NeedStatus::PublishedDirected,
            Publication::Open => NeedStatus::PublishedOpen,
            Publication::Escalated => NeedStatus::Escalated,
        };
    }
    if need.accepted == need.wanted {
        NeedStatus::Accepted
    } else if need.promised == 0 {
        NeedStatus::Delivered
    } else if need.reopened {
        NeedStatus::Reopened
    } else if need.delivered == 0 && need.accepted == 0 {
        NeedStatus::Matched
    } else {
        NeedStatus::InProgress
    }
}

fn wrong_state(need: &Model) -> Refusal {
    Reason::WrongState { state: need.status.state() }.into()
}

/// Whether a need can be submitted; `false` where that is done already.
pub fn submit(need: &Model) -> Result<bool, Refusal> {
    match need.status {
        NeedStatus::Draft | NeedStatus::Returned => Ok(true),
        NeedStatus::Submitted => Ok(false),
        _ if need.publication != Publication::None && !need.status.is_ended() => Ok(false),
        _ => Err(wrong_state(need)),
    }
}

/// Whether a need can be published by this account; `false` where that is done already.
pub fn publish(need: &Model, by: Option<uuid::Uuid>) -> Result<bool, Refusal> {
    match need.status {
        NeedStatus::Submitted if by.is_some() && need.submitted_by == by => Err(Reason::SecondPersonRequired.into()),
        NeedStatus::Submitted => Ok(true),
        _ if need.publication != Publication::None && !need.status.is_ended() => Ok(false),
        _ => Err(wrong_state(need)),
    }
}

/// Whether a need can be returned; `false` where that is done already.
pub fn return_(need: &Model) -> Result<bool, Refusal> {
    match need.status {
        NeedStatus::Submitted => Ok(true),
        NeedStatus::Returned => Ok(false),
        _ => Err(wrong_state(need)),
    }
}

/// Whether a need can be withdrawn or, once published, closed; `false` where that is done already.
pub fn end(need: &Model, as_: NeedStatus) -> Result<bool, Refusal> {
    if need.status == as_ {
        return Ok(false);
    }
    let unpublished = need.publication == Publication::None;
    let wrong = match as_ {
        NeedStatus::Closed => need.status.is_ended() || unpublished,
        _ => need.status.is_ended() || need.status == NeedStatus::Accepted,
    };
    if wrong {
        return Err(wrong_state(need));
    }
    if need.delivered > 0 {
        return Err(Reason::ReportPending.into());
    }
    Ok(true)
}

/// Whether text, urgency and dates can still be changed; the text only before publication, so that what was reviewed is what is shown.
pub fn update(need: &Model, changes_text: bool) -> Result<(), Refusal> {
    let published = need.publication != Publication::None;
    if need.status.is_ended() || need.status == NeedStatus::Accepted || (published && changes_text) {
        return Err(wrong_state(need));
    }
    Ok(())
}

/// What a new wanted quantity leaves unmatched.
pub fn rewant(need: &Model, wanted: i64) -> Result<i64, Refusal> {
    let matched = need.promised + need.delivered + need.accepted;
    if wanted < matched {
        let reason = Reason::AlreadyMatched { matched: Decimal::thousandths(matched), measure: need.measure.clone() };
        return Err(Refusal::from(reason).at_input("wanted"));
    }
    Ok(wanted - matched)
}

/// Whether a unit may claim: `directed` says whether the need is directed to it.
pub fn claim(need: &Model, directed: bool, active: bool, now: DateTime<Utc>) -> Result<(), Refusal> {
    if need.status.is_ended() || need.publication == Publication::None {
        return Err(wrong_state(need));
    }
    let window = need.publication == Publication::Directed && need.directed_until.is_some_and(|until| now < until);
    if !active {
        return Err(Reason::NotAMember.into());
    }
    if window && !directed {
        return Err(Reason::NotPaired.into());
    }
    if need.unmatched == 0 {
        return Err(not_enough_open(need));
    }
    Ok(())
}

pub fn not_enough_open(need: &Model) -> Refusal {
    let reason = Reason::NotEnoughOpen { open: Decimal::thousandths(need.unmatched), measure: need.measure.clone() };
    Refusal::from(reason).at_input("quantity").about(need.node())
}

/// What the clock does to a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The directed window is over.
    Open,
    /// Nobody took it in the hall: to the street.
    ToStreet,
    /// Nor at the street: to the district.
    ToDistrict,
    /// Accepted, and rated or not for long enough.
    Close,
    /// Nothing is left to find a taker for: the clock stops until something is given back.
    Rest,
}

/// The step that is due, if any.
pub fn due(need: &Model, now: DateTime<Utc>) -> Option<Step> {
    if need.next_step_at.is_none_or(|at| now < at) || need.status.is_ended() {
        return None;
    }
    Some(match need.publication {
        _ if need.status == NeedStatus::Accepted => Step::Close,
        Publication::Directed => Step::Open,
        _ if need.unmatched == 0 => Step::Rest,
        Publication::Open => Step::ToStreet,
        Publication::Escalated if need.escalated_to_id == Some(need.street_id) => Step::ToDistrict,
        _ => Step::Rest,
    })
}

/// A measure word: 袋, 次, 小时, 元.
pub fn check_measure(measure: &str) -> Result<String, Refusal> {
    line("measure", measure, 12)?.ok_or_else(|| {
        Refusal::invalid("measure", "请填写计量单位，如袋、次、小时、元", "A measure is needed: bags, sessions, hours, yuan")
    })
}

pub fn check_title(title: &str) -> Result<String, Refusal> {
    line("title", title, 60)?.ok_or_else(|| Refusal::invalid("title", "请填写标题", "A title is needed"))
}

pub fn check_description(description: Option<&str>) -> Result<Option<String>, Refusal> {
    optional("description", description, 2000)
}

/// A quantity above zero, in thousandths.
pub fn check_quantity(field: &'static str, quantity: Decimal) -> Result<i64, Refusal> {
    let thousandths = quantity.to_thousandths();
    if thousandths > 0 { Ok(thousandths) } else { Err(Refusal::invalid(field, "数量须大于 0", "The quantity must be above 0")) }
}

/// A day not before today.
pub fn check_day(field: &'static str, day: Option<NaiveDate>, today: NaiveDate) -> Result<Option<NaiveDate>, Refusal> {
    match day {
        Some(day) if day < today => Err(Refusal::invalid(field, "日期不能早于今天", "The day cannot lie before today")),
        Some(day) if day > today + chrono::Days::new(3660) => {
            Err(Refusal::invalid(field, "日期过远，请核对", "The day lies too far ahead"))
        }
        day => Ok(day),
    }
}

/// Whether a quantity is worth a second look: ten thousand of anything, a hundred thousand yuan.
pub fn is_unusual(quantity: i64, measure: &str) -> bool {
    quantity >= Decimal::whole(if measure == "元" { 100_000 } else { 10_000 }).to_thousandths()
}
