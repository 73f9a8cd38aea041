//! Everything that the service may answer instead of doing what was asked: one closed list, in both languages.

use chrono::{DateTime, NaiveDate, Utc};

use crate::calendar::{Span, shanghai_day};
use crate::decimal::Decimal;
use crate::ids::GlobalId;
use crate::lang::Lang;

/// A state as a refusal names it: the code and the Chinese term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub code: &'static str,
    pub zh: &'static str,
}

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $code:ident $({ $($fact:ident: $type:ty),* $(,)? })? = $name:literal, $zh:expr, $en:expr;)+) => {
        /// Why something was not done, as a program reads it. The list is closed: a new code is announced in the change log.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
        pub enum RefusalCode { $($(#[doc = $doc])+ #[graphql(name = $name)] $code),+ }

        impl RefusalCode {
            /// Each code with its meaning, for the documentation.
            pub const ALL: &[(&'static str, &'static str)] = &[$(($name, concat!($($doc),+))),+];
        }

        /// Why something was not done, with the facts that the message needs.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Reason { $($code $({ $($fact: $type),* })?),+ }

        impl Reason {
            pub fn code(&self) -> RefusalCode {
                match self { $(Reason::$code { .. } => RefusalCode::$code),+ }
            }

            pub fn message(&self, lang: Lang) -> String {
                match self { $(Reason::$code $({ $($fact),* })? => lang.pick($zh.to_string(), $en.to_string())),+ }
            }
        }
    };
}

refusals! {
    /// Nobody is signed in, and this needs an account.
    SignInRequired = "SIGN_IN_REQUIRED", "请先登录", "Sign in first";
    /// The viewer's roles do not include this action on this object.
    NotPermitted = "NOT_PERMITTED", "您的角色不能进行此项操作", "None of your roles may do this";
    /// The object is in a state from which this action does not lead on.
    WrongState { state: State } = "WRONG_STATE",
        format!("当前状态为“{}”，不能进行此项操作", state.zh), format!("The state is {}, which does not allow this", state.code);
    /// A value of the input is missing, malformed, too long, too small or too large; the message says which rule it breaks.
    InvalidInput { zh: String, en: String } = "INVALID_INPUT", zh, en;
    /// The need has less left to match than was asked for.
    NotEnoughOpen { open: Decimal, measure: String } = "NOT_ENOUGH_OPEN",
        format!("该需求仅剩 {open} {measure}待认领，请调整数量"), format!("Only {open} {measure} of the need is still unmatched");
    /// The pledge has less available than was asked for.
    NotEnoughAvailable { available: Decimal, measure: String } = "NOT_ENOUGH_AVAILABLE",
        format!("该资源仅剩 {available} {measure}可用，请调整数量"), format!("Only {available} {measure} of the pledge is available");
    /// More was reported or accepted than the match or the report holds.
    NotEnoughOutstanding { outstanding: Decimal, measure: String } = "NOT_ENOUGH_OUTSTANDING",
        format!("最多可填 {outstanding} {measure}"), format!("At most {outstanding} {measure} can be entered here");
    /// The wanted quantity cannot fall below what is already matched.
    AlreadyMatched { matched: Decimal, measure: String } = "ALREADY_MATCHED",
        format!("已对接 {matched} {measure}，需求量不得低于此数"), format!("{matched} {measure} are matched already; the need cannot ask for less");
    /// The need and the pledge are measured differently.
    MeasureMismatch { need: String, pledge: String } = "MEASURE_MISMATCH",
        format!("需求按“{need}”计，资源按“{pledge}”计，无法对接"), format!("The need is counted in {need}, the pledge in {pledge}");
    /// The need is in its directed window and the unit is not among those it is directed to, or a named unit is not paired with the community.
    NotPaired = "NOT_PAIRED", "该单位未与本社区结对，或不在本次定向认领范围内", "The unit is not paired with the community, or is not one that the need is directed to";
    /// The unit has no active membership in any alliance.
    NotAMember = "NOT_A_MEMBER", "该单位目前不是任何联盟的正式成员", "The unit is not an active member of any alliance";
    /// The pledge does not serve this community.
    AreaNotServed = "AREA_NOT_SERVED", "该资源的服务范围不包括本社区", "The pledge does not serve this community";
    /// The area no longer exists under this code, or not yet.
    AreaNotCurrent = "AREA_NOT_CURRENT", "该区划已撤销或尚未启用，请选择现行区划", "The area has been redrawn or is not in force yet; choose a current one";
    /// A report of delivery waits for the community's answer; nothing ends before it is answered.
    ReportPending = "REPORT_PENDING", "有履约报告尚待社区验收，验收后方可办理", "A reported delivery waits for the community's answer first";
    /// What needs a second person cannot be done by the one who did the first step.
    SecondPersonRequired = "SECOND_PERSON_REQUIRED", "该步骤须由另一人办理，不能由本人自审自批", "This step needs a second person";
    /// The account stands on both sides of the match and must say for which one it acts.
    AmbiguousSide = "AMBIGUOUS_SIDE", "您同时代表双方，请注明以哪一方身份办理", "You stand on both sides; say for which one you act";
    /// This side has already evaluated the match.
    AlreadyEvaluated = "ALREADY_EVALUATED", "本方已评价，不能重复评价", "This side has evaluated the match already";
    /// The contribution has been reversed already, or is itself a reversal.
    AlreadyReversed = "ALREADY_REVERSED", "该笔投入已冲销，或本身就是冲销记录", "The contribution is reversed already, or is itself a reversal";
    /// The match is already proposed to another unit.
    TransferPending = "TRANSFER_PENDING", "该对接已提请转交，正等待对方单位确认", "The match is already proposed to another unit";
    /// The unit already has a running membership in this alliance, or a running pairing with this community.
    AlreadyJoined = "ALREADY_JOINED", "该单位已加入或已结对，无需重复办理", "The unit is in it already";
    /// The value is already used by another object: a login, a code, a credit code.
    AlreadyTaken { what: String } = "ALREADY_TAKEN", format!("“{what}”已被使用"), format!("{what} is in use already");
    /// The time, with the buffers of the zone, is taken: see `related` for the bookings in the way and `freeTimes` for the next free times.
    TimeTaken { free: Vec<Span> } = "TIME_TAKEN",
        instead("该时段已被占用", "，可改约：", "；", free.iter().map(|time| span_zh(*time))),
        instead("The time is taken", "; free are: ", "; ", free.iter().map(|time| span_en(*time)));
    /// The series has no date on which the zone is open and free.
    NothingToBook = "NOTHING_TO_BOOK", "所选日期均不可预约", "None of the dates can be booked";
    /// The time is not, or not wholly, within the opening hours of the zone, or on a day on which it is closed.
    OutsideOpeningHours = "OUTSIDE_OPENING_HOURS", "该时段不在开放时间内，请查看开放时间后再约", "The time is not within the opening hours";
    /// More people than the zone holds.
    OverCapacity { capacity: i32 } = "OVER_CAPACITY", format!("该功能区最多容纳 {capacity} 人"), format!("The zone holds {capacity} people");
    /// The zone cannot be booked so far ahead.
    TooFarAhead { day: NaiveDate } = "TOO_FAR_AHEAD", format!("目前最晚可约至 {day}"), format!("It can be booked up to {day} today");
    /// The zone cannot be booked for so long at a time.
    TooLong { minutes: i32 } = "TOO_LONG", format!("单次最长 {minutes} 分钟"), format!("At most {minutes} minutes at a time");
    /// The use of the venue by this booking was reported before.
    AlreadyReported = "ALREADY_REPORTED", "该次使用已报告履约，不能重复报告", "This use of the venue was reported before";
    /// The sitting has fewer places left than were asked for.
    NotEnoughSeats { left: i64 } = "NOT_ENOUGH_SEATS", format!("该场次仅剩 {left} 个名额"), format!("Only {left} places of the sitting are left");
    /// Places of this sitting are reserved: it keeps its time, and no fewer seats than are reserved.
    SittingReserved { starts: DateTime<Utc> } = "SITTING_RESERVED",
        format!("{} 的场次已有预订，须先取消预订，方可取消场次、改时间或减少名额", clock_time(*starts)),
        format!("Places of the sitting of {} are reserved: cancel them first", clock_time(*starts));
    /// Fewer sponsored places are left than were asked for.
    NotEnoughSponsored { left: i32 } = "NOT_ENOUGH_SPONSORED", format!("资助名额仅剩 {left} 个"), format!("Only {left} sponsored places are left");
    /// The licence of the canteen or of the day care has run out by then.
    LicenceExpired { day: NaiveDate } = "LICENCE_EXPIRED", format!("证照有效期至 {day}，此后的场次暂不接受预订"), format!("The licence holds until {day}; no later sitting takes reservations");
    /// The login or the password is wrong.
    WrongCredentials = "WRONG_CREDENTIALS", "账号或密码不正确", "The login or the password is wrong";
    /// Too many failed attempts: the account is locked until the time in the message.
    LockedOut { until: DateTime<Utc> } = "LOCKED_OUT",
        format!("失败次数过多，账号已锁定，请于 {} 后再试", clock_time(*until)), format!("Too many failures: locked until {}", clock_time(*until));
    /// The refresh token is unknown, used before, expired or of an ended session.
    SessionEnded = "SESSION_ENDED", "登录已失效，请重新登录", "The session has ended; sign in again";
    /// The idempotency key was used before for another input.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", "此前的提交已经办理；如需另办一件，请重新打开页面填写（幂等键已用于另一次请求）", "The idempotency key was used for a different request";
    /// This mutation takes no idempotency key and no dry run: it hands out or ends secrets.
    HeaderNotAllowed = "HEADER_NOT_ALLOWED", "此操作不接受幂等键或试运行", "This mutation takes neither Idempotency-Key nor X-Dry-Run";
    /// The confirmation or the step came too late: what it needed has lapsed or changed meanwhile.
    Lapsed { day: NaiveDate } = "LAPSED", format!("已于 {day} 到期失效"), format!("It lapsed on {day}");
}

fn instead(taken: &str, tail: &str, between: &str, times: impl Iterator<Item = String>) -> String {
    let times = times.collect::<Vec<_>>().join(between);
    if times.is_empty() { taken.to_owned() } else { format!("{taken}{tail}{times}") }
}

fn span_zh(time: Span) -> String {
    format!("{} 至 {}", clock_time(time.0), clock_time(time.1))
}

fn span_en(time: Span) -> String {
    format!("{} to {}", clock_time(time.0), clock_time(time.1))
}

fn clock_time(at: DateTime<Utc>) -> String {
    let offset = chrono::FixedOffset::east_opt(8 * 3600).expect("eight hours is an offset");
    let local = at.with_timezone(&offset);
    format!("{} {}", shanghai_day(at), local.format("%H:%M"))
}

/// A refusal: the reason, the input field at fault and the objects that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub reason: Reason,
    pub path: Vec<&'static str>,
    pub related: Vec<GlobalId>,
}

impl Refusal {
    pub fn at(mut self, path: &[&'static str]) -> Self {
        self.path = path.to_vec();
        self
    }

    /// Names the field of the mutation's `input` that is at fault.
    pub fn at_input(self, field: &'static str) -> Self {
        self.at(&["input", field])
    }

    pub fn about(mut self, node: GlobalId) -> Self {
        self.related.push(node);
        self
    }

    pub fn invalid(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Refusal::from(Reason::InvalidInput { zh: zh.into(), en: en.into() }).at_input(field)
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Refusal { reason, path: Vec::new(), related: Vec::new() }
    }
}

macro_rules! warnings {
    ($($(#[doc = $doc:literal])+ $code:ident = $name:literal, $zh:literal, $en:literal;)+) => {
        /// Something worth a second look, as a program reads it; what was asked was done all the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum, serde::Serialize, serde::Deserialize)]
        pub enum WarningCode { $($(#[doc = $doc])+ #[graphql(name = $name)] #[serde(rename = $name)] $code),+ }

        impl WarningCode {
            pub const ALL: &[(&'static str, &'static str)] = &[$(($name, concat!($($doc),+))),+];

            pub fn message(self, lang: Lang) -> &'static str {
                match self { $(WarningCode::$code => lang.pick($zh, $en)),+ }
            }
        }
    };
}

warnings! {
    /// An open need of the same community resembles this one; see `related`.
    PossibleDuplicate = "POSSIBLE_DUPLICATE", "本社区已有相似的需求，请核对是否重复", "The community has a similar open need; check that this is not the same";
    /// The quantity is far above what is usual for this measure.
    UnusualQuantity = "UNUSUAL_QUANTITY", "数量明显偏大，请核对", "The quantity is unusually large; check it";
    /// The deadline lies in a year without a holiday table, so Monday to Friday were counted.
    HolidaysUnknown = "HOLIDAYS_UNKNOWN", "该年度节假日安排尚未录入，期限暂按周一至周五计算", "No holiday table for that year yet: Monday to Friday were counted";
    /// The text seems to tell who a resident is: a phone, an account, papers, an address, a school class, a full name.
    IdentifyingText = "IDENTIFYING_TEXT", "这段文字公开后，可能让人认出居民是谁（电话、账号、证件、住址、学校班级或姓名），请改掉", "The text may tell who a resident is (phone, account, papers, address, school class or name); change it before it is published";
    /// No unit is paired with the community, so the need went straight to the open hall.
    NoPairedUnits = "NO_PAIRED_UNITS", "本社区没有可定向的结对单位，需求直接进入领办大厅", "The community has no paired unit to direct the need to; it goes straight to the open hall";
}

/// A warning and the input field and objects that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    pub code: WarningCode,
    pub path: Vec<&'static str>,
    pub related: Vec<GlobalId>,
}
