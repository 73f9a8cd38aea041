//! The one append-only record of change, written in the transaction of the change: audit, change feed and subscriptions read it.
//!
//! (tx, seq) orders entries by commit. SQLite has one writer, so a running number is enough and tx stays 0. On PostgreSQL transactions
//! commit in any order: tx is the transaction's own number, and readers stop before the oldest one that still runs, so that nobody ever
//! reads a later entry before an earlier one has appeared. A server that the database was moved to counts its transactions anew: an offset
//! makes them follow on those of the old one.

pub mod feed;
pub mod graphql;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, DbBackend};

use crate::auth::Capacity;
use crate::db::Db;
use crate::error::Result;
use crate::ids::{GlobalId, new_key};
use crate::terms::term;
use crate::work::statement;

term! {
    /// What happened to an object.
    ChangeKind {
        /// An area was added.
        AreaAdded = "AREA_ADDED" "新增区划",
        /// An area was renamed.
        AreaRenamed = "AREA_RENAMED" "区划更名",
        /// An area was closed, by a split or a merger.
        AreaClosed = "AREA_CLOSED" "区划撤销",
        /// A unit was added.
        UnitAdded = "UNIT_ADDED" "新增单位",
        /// A unit's entry was changed.
        UnitChanged = "UNIT_CHANGED" "单位信息变更",
        /// An alliance was founded.
        AllianceFounded = "ALLIANCE_FOUNDED" "成立联盟",
        /// An alliance's name or model was changed.
        AllianceChanged = "ALLIANCE_CHANGED" "联盟信息变更",
        /// A unit was invited to an alliance.
        MembershipInvited = "MEMBERSHIP_INVITED" "邀请加入联盟",
        /// A unit applied to an alliance.
        MembershipApplied = "MEMBERSHIP_APPLIED" "申请加入联盟",
        /// A unit became an active member.
        MembershipAdmitted = "MEMBERSHIP_ADMITTED" "正式加入联盟",
        /// A membership was suspended.
        MembershipSuspended = "MEMBERSHIP_SUSPENDED" "暂停成员资格",
        /// A suspended membership runs again.
        MembershipResumed = "MEMBERSHIP_RESUMED" "恢复成员资格",
        /// A membership was withdrawn or turned down.
        MembershipWithdrawn = "MEMBERSHIP_WITHDRAWN" "退出联盟",
        /// A membership reached its last day.
        MembershipExpired = "MEMBERSHIP_EXPIRED" "成员资格到期",
        /// A unit was paired with a community.
        PairingMade = "PAIRING_MADE" "建立结对",
        /// A pairing was ended.
        PairingEnded = "PAIRING_ENDED" "结束结对",
        /// A pledge was submitted for review.
        PledgeSubmitted = "PLEDGE_SUBMITTED" "提交资源",
        /// A pledge is on the resource list.
        PledgeListed = "PLEDGE_LISTED" "资源上架",
        /// A pledge was returned to its unit with a reason.
        PledgeReturned = "PLEDGE_RETURNED" "资源退回",
        /// A pledge takes no new requests for now.
        PledgePaused = "PLEDGE_PAUSED" "资源暂停",
        /// A paused pledge is on the list again.
        PledgeResumed = "PLEDGE_RESUMED" "资源恢复",
        /// A pledge was confirmed or extended by its unit.
        PledgeRenewed = "PLEDGE_RENEWED" "资源续期",
        /// Nothing of a pledge is available any more.
        PledgeExhausted = "PLEDGE_EXHAUSTED" "资源用尽",
        /// Something of a pledge is available again.
        PledgeReplenished = "PLEDGE_REPLENISHED" "资源恢复可用",
        /// A pledge reached its last day.
        PledgeExpired = "PLEDGE_EXPIRED" "资源到期",
        /// A pledge was hidden: not confirmed for too long, or its unit is no longer active.
        PledgeHidden = "PLEDGE_HIDDEN" "资源隐藏",
        /// A hidden pledge can be seen again.
        PledgeShown = "PLEDGE_SHOWN" "资源恢复展示",
        /// A pledge was withdrawn by its unit.
        PledgeWithdrawn = "PLEDGE_WITHDRAWN" "资源下架",
        /// A need was posted as a draft.
        NeedPosted = "NEED_POSTED" "新建需求",
        /// A need was changed.
        NeedUpdated = "NEED_UPDATED" "修改需求",
        /// A need was submitted for review.
        NeedSubmitted = "NEED_SUBMITTED" "提交需求",
        /// A need was returned to its community with a reason.
        NeedReturned = "NEED_RETURNED" "需求退回",
        /// A need was published, to its paired units or in the open hall.
        NeedPublished = "NEED_PUBLISHED" "需求发布",
        /// A need went from its directed window to the open hall.
        NeedOpened = "NEED_OPENED" "转入领办大厅",
        /// A need that nobody took went up to the street or the district.
        NeedEscalated = "NEED_ESCALATED" "需求上报",
        /// Part of a need was claimed; the rest can still be.
        NeedClaimed = "NEED_CLAIMED" "需求部分认领",
        /// Everything that a need asked for is promised.
        NeedMatched = "NEED_MATCHED" "需求对接完成",
        /// Part of a need was given back, so that it can be claimed again.
        NeedReleased = "NEED_RELEASED" "需求余量重新开放",
        /// The fulfilment of a need went on: something was reported, or a report was answered.
        NeedProgressed = "NEED_PROGRESSED" "需求实施进展",
        /// Everything that a need asked for was accepted.
        NeedAccepted = "NEED_ACCEPTED" "需求验收完成",
        /// A need is finished: rated, or closed early with a reason.
        NeedClosed = "NEED_CLOSED" "需求办结",
        /// A need was withdrawn by its community.
        NeedWithdrawn = "NEED_WITHDRAWN" "需求撤回",
        /// A unit claimed a need, or a community requested a pledge.
        MatchApplied = "MATCH_APPLIED" "发起对接",
        /// The other side confirmed a match.
        MatchConfirmed = "MATCH_CONFIRMED" "确认对接",
        /// The other side rejected a match.
        MatchRejected = "MATCH_REJECTED" "不予确认对接",
        /// The unit cancelled a match.
        MatchCancelled = "MATCH_CANCELLED" "单位取消对接",
        /// The community, or the service for it, revoked a match.
        MatchRevoked = "MATCH_REVOKED" "社区撤销对接",
        /// A match lapsed: not confirmed, or not delivered in time.
        MatchTimedOut = "MATCH_TIMED_OUT" "对接超时退回",
        /// A match was handed on to another unit.
        MatchTransferred = "MATCH_TRANSFERRED" "对接转交",
        /// The promised day of a match has come.
        MatchNudged = "MATCH_NUDGED" "履约提醒",
        /// The unit of a match can no longer be relied on; another should be found.
        MatchReassignable = "MATCH_REASSIGNABLE" "对接待重新安排",
        /// Everything of a match was delivered and accepted, or the rest given back.
        MatchCompleted = "MATCH_COMPLETED" "对接完成",
        /// A unit reported a delivery.
        DeliveryReported = "DELIVERY_REPORTED" "报告履约",
        /// The community is reminded that a report waits for its answer.
        DeliveryReminded = "DELIVERY_REMINDED" "提醒验收",
        /// The community accepted a delivery in whole or in part.
        DeliveryAccepted = "DELIVERY_ACCEPTED" "验收通过",
        /// The community refused a delivery with a reason.
        DeliveryRefused = "DELIVERY_REFUSED" "验收不通过",
        /// A picture was added to a reported delivery.
        PictureAdded = "PICTURE_ADDED" "添加照片",
        /// A picture of a delivery was removed.
        PictureRemoved = "PICTURE_REMOVED" "删除照片",
        /// One side evaluated a match; sealed until both have.
        EvaluationGiven = "EVALUATION_GIVEN" "作出评价",
        /// The evaluations of a match can be read.
        EvaluationReleased = "EVALUATION_RELEASED" "评价公开",
        /// An accepted delivery was written to the ledger.
        ContributionRecorded = "CONTRIBUTION_RECORDED" "记入投入",
        /// A contribution was reversed.
        ContributionReversed = "CONTRIBUTION_REVERSED" "冲销投入",
        /// A venue was added.
        VenueAdded = "VENUE_ADDED" "新增阵地",
        /// A venue's entry was changed.
        VenueChanged = "VENUE_CHANGED" "阵地信息变更",
        /// A venue takes no more bookings.
        VenueClosed = "VENUE_CLOSED" "阵地停用",
        /// A function zone was added.
        ZoneAdded = "ZONE_ADDED" "新增功能区",
        /// A function zone's entry was changed.
        ZoneChanged = "ZONE_CHANGED" "功能区信息变更",
        /// A function zone takes no more bookings.
        ZoneClosed = "ZONE_CLOSED" "功能区停用",
        /// A service of a venue was added.
        ServiceAdded = "SERVICE_ADDED" "新增服务项目",
        /// A service of a venue is no longer given.
        ServiceEnded = "SERVICE_ENDED" "停办服务项目",
        /// A co-building of a venue was proposed.
        CoBuildingProposed = "CO_BUILDING_PROPOSED" "提出阵地共建",
        /// The other side agreed to a co-building.
        CoBuildingAgreed = "CO_BUILDING_AGREED" "达成阵地共建",
        /// The other side turned a co-building down.
        CoBuildingDeclined = "CO_BUILDING_DECLINED" "未达成阵地共建",
        /// Building has begun.
        CoBuildingStarted = "CO_BUILDING_STARTED" "阵地共建开工",
        /// A co-building is in use; its value is counted.
        CoBuildingInUse = "CO_BUILDING_IN_USE" "阵地共建投用",
        /// A co-building is over.
        CoBuildingEnded = "CO_BUILDING_ENDED" "阵地共建结束",
        /// The sittings of a canteen or of day care were planned.
        SittingsPlanned = "SITTINGS_PLANNED" "安排供餐（托管）场次",
        /// The licence of a canteen or of day care runs out within 30 days.
        LicenceExpiring = "LICENCE_EXPIRING" "证照即将到期",
        /// Places at a sitting were reserved.
        PlacesReserved = "PLACES_RESERVED" "预订名额",
        /// A reservation was given up before its sitting.
        ReservationCancelled = "RESERVATION_CANCELLED" "取消名额预订",
        /// A zone was requested for a time, which is held until the owner answers.
        BookingRequested = "BOOKING_REQUESTED" "申请预约",
        /// A booking stands.
        BookingApproved = "BOOKING_APPROVED" "预约通过",
        /// A booking was turned down, or gave way to an activity of the community.
        BookingRejected = "BOOKING_REJECTED" "预约未通过",
        /// A booking was given up.
        BookingCancelled = "BOOKING_CANCELLED" "取消预约",
        /// Nobody answered a booking in time, or nobody took it up.
        BookingExpired = "BOOKING_EXPIRED" "预约失效",
        /// Somebody waits for a time that is taken.
        BookingWaiting = "BOOKING_WAITING" "预约候补",
        /// A time that somebody waited for is free, and held for them for a day.
        BookingPromoted = "BOOKING_PROMOTED" "候补递补",
        /// A booking took place.
        BookingCompleted = "BOOKING_COMPLETED" "预约完成",
        /// Nobody came to a booking.
        BookingNoShow = "BOOKING_NO_SHOW" "预约未到场",
        /// A series of bookings was made.
        SeriesBooked = "SERIES_BOOKED" "新增系列预约",
        /// What was left of a series was given up.
        SeriesCancelled = "SERIES_CANCELLED" "取消系列预约",
        /// A calendar to subscribe to was opened.
        CalendarOpened = "CALENDAR_OPENED" "开通日历订阅",
        /// A calendar to subscribe to was revoked.
        CalendarRevoked = "CALENDAR_REVOKED" "撤销日历订阅",
        /// A partner client was registered.
        ClientRegistered = "CLIENT_REGISTERED" "登记合作方客户端",
        /// The name, scopes or origins of a partner client were changed.
        ClientChanged = "CLIENT_CHANGED" "变更合作方客户端",
        /// A partner client got a new credential.
        ClientCredentialAdded = "CLIENT_CREDENTIAL_ADDED" "更换合作方客户端凭证",
        /// A partner client was revoked.
        ClientRevoked = "CLIENT_REVOKED" "停用合作方客户端",
        /// A webhook was registered.
        WebhookRegistered = "WEBHOOK_REGISTERED" "登记推送地址",
        /// The address, the kinds or the secret of a webhook were changed.
        WebhookChanged = "WEBHOOK_CHANGED" "变更推送地址",
        /// A webhook was paused, by somebody or after long failure.
        WebhookPaused = "WEBHOOK_PAUSED" "暂停推送地址",
        /// A paused webhook is served again.
        WebhookResumed = "WEBHOOK_RESUMED" "恢复推送地址",
        /// A webhook was removed.
        WebhookRemoved = "WEBHOOK_REMOVED" "移除推送地址",
        /// A robot of a chat group was added.
        RobotAdded = "ROBOT_ADDED" "添加群机器人",
        /// A robot was changed.
        RobotChanged = "ROBOT_CHANGED" "变更群机器人",
        /// A robot was paused, by somebody or after long failure.
        RobotPaused = "ROBOT_PAUSED" "暂停群机器人",
        /// A paused robot tells again.
        RobotResumed = "ROBOT_RESUMED" "恢复群机器人",
        /// A robot was removed.
        RobotRemoved = "ROBOT_REMOVED" "移除群机器人",
        /// A complaint or a suggestion came in.
        ComplaintFiled = "COMPLAINT_FILED" "收到投诉建议",
        /// A complaint was answered.
        ComplaintAnswered = "COMPLAINT_ANSWERED" "答复投诉建议",
        /// A complaint was passed on to another area.
        ComplaintTransferred = "COMPLAINT_TRANSFERRED" "转办投诉建议",
        /// A complaint was not answered in time and went up.
        ComplaintEscalated = "COMPLAINT_ESCALATED" "投诉建议逾期上报",
        /// Somebody objected to the answer to a complaint; the area above answers.
        ComplaintReopened = "COMPLAINT_REOPENED" "对答复不满意，重新办理",
        /// What a complaint said was erased.
        ComplaintErased = "COMPLAINT_ERASED" "清除投诉建议内容",
        /// Documents of a partner client were registered, or are no longer.
        ClientOperationsRegistered = "CLIENT_OPERATIONS_REGISTERED" "登记合作方查询语句",
        /// An account was created.
        AccountCreated = "ACCOUNT_CREATED" "新建账号",
        /// An account was closed.
        AccountDisabled = "ACCOUNT_DISABLED" "停用账号",
        /// An account got a new password.
        PasswordSet = "PASSWORD_SET" "重设密码",
        /// A role was granted.
        RoleGranted = "ROLE_GRANTED" "授予角色",
        /// A role was revoked.
        RoleRevoked = "ROLE_REVOKED" "撤销角色",
        /// A year's holiday table was loaded.
        HolidaysLoaded = "HOLIDAYS_LOADED" "录入节假日",
        /// An object left the viewer's sight: copies of it are stale. Sent, never stored.
        Gone = "GONE" "不再可见",
    }
}

/// One change, before it has its place.
#[derive(Clone, Debug)]
pub struct Entry {
    pub kind: ChangeKind,
    pub node: GlobalId,
    pub district: Option<Uuid>,
    /// The public could see the object before and cannot after.
    pub hides: bool,
    /// Facts for the auditor: states, quantities, reasons; no phone, no resident's name.
    pub detail: serde_json::Value,
    pub capacity: Option<Capacity>,
}

impl Entry {
    pub fn new(kind: ChangeKind, node: GlobalId, district: Option<Uuid>) -> Self {
        Entry { kind, node, district, hides: false, detail: serde_json::json!({}), capacity: None }
    }

    pub fn hides(self, hides: bool) -> Self {
        Entry { hides, ..self }
    }

    pub fn with(self, detail: serde_json::Value) -> Self {
        Entry { detail, ..self }
    }
}

/// An entry as it is stored.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tx: i64,
    pub seq: i64,
    pub at: DateTimeUtc,
    pub kind: ChangeKind,
    pub node_kind: String,
    pub node_id: Uuid,
    pub district_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    pub role: Option<String>,
    pub on_behalf: bool,
    pub hides: bool,
    pub detail: Json,
}

crate::db::row!(Model);

impl ActiveModelBehavior for ActiveModel {}

/// What is added to the numbers of transactions on PostgreSQL.
const OFFSET: &str = "COALESCE((SELECT CAST(value AS BIGINT) FROM facts WHERE name = 'journal_offset'), 0)";

/// Raises the offset where the entries that are there would not come before the next one: after a move to another server.
pub async fn carry_on(db: &Db) -> Result<()> {
    if !db.is_postgres() {
        return Ok(());
    }
    let (transaction, _turn) = db.begin().await?;
    transaction.execute_unprepared("SELECT pg_advisory_xact_lock(4701234569)").await?;
    let sql = format!(
        "INSERT INTO facts (name, value) SELECT 'journal_offset', CAST(MAX(tx) AS TEXT) FROM journal \
         HAVING MAX(tx) >= {OFFSET} + CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    );
    transaction.execute_unprepared(&sql).await?;
    transaction.commit().await?;
    Ok(())
}

/// Writes entries in the order in which they happened, in one statement.
pub(crate) async fn append(transaction: &DatabaseTransaction, now: DateTime<Utc>, entries: &[Entry]) -> Result<()> {
    // SQLite takes 32,766 parameters in a statement.
    for entries in entries.chunks(1000) {
        if entries.is_empty() {
            continue;
        }
        let (tx, seq) = match transaction.get_database_backend() {
            DbBackend::Postgres => {
                (format!("{OFFSET} + CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"), "nextval('journal_seq')".to_owned())
            }
            _ => ("0".to_owned(), "(SELECT COALESCE(MAX(seq), 0) FROM journal WHERE tx = 0) + {n}".to_owned()),
        };
        let rows: Vec<String> = (1..=entries.len())
            .map(|n| format!("(?, {tx}, {}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", seq.replace("{n}", &n.to_string())))
            .collect();
        let sql = format!(
            "INSERT INTO journal (id, tx, seq, at, kind, node_kind, node_id, district_id, account_id, role, on_behalf, hides, detail) VALUES {}",
            rows.join(", ")
        );
        let values = entries.iter().flat_map(|entry| -> [sea_orm::Value; 11] {
            let capacity = entry.capacity.unwrap_or(Capacity { account: None, role: None, on_behalf: false });
            [
                new_key(now).into(),
                now.into(),
                entry.kind.code().into(),
                entry.node.kind.prefix().into(),
                entry.node.key.into(),
                entry.district.into(),
                capacity.account.into(),
                capacity.role.map(|role| role.code()).into(),
                capacity.on_behalf.into(),
                entry.hides.into(),
                entry.detail.clone().into(),
            ]
        });
        transaction.execute_raw(statement(transaction, &sql, values.collect::<Vec<_>>())).await?;
    }
    Ok(())
}
