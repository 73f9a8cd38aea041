//! The words of every enum that pages show.

use crate::areas::rules::AreaLevel;
use crate::auth::{ClientScope, Role};
use crate::bookings::rules::BookingStatus;
use crate::complaints::rules::{ComplaintKind, ComplaintStatus};
use crate::journal::ChangeKind;
use crate::matches::rules::{DeliveryStatus, Grade, MatchSide, MatchStatus};
use crate::needs::rules::{IntakeChannel, NeedStatus};
use crate::resources::rules::{NeedCategory, PledgeStatus, ResourceForm};
use crate::sittings::rules::ReservationStatus;
use crate::units::rules::{MembershipStatus, Track, UnitKind};
use crate::venues::rules::co_building::{CoBuildingForm, CoBuildingStatus};
use crate::venues::rules::{ServiceKind, VenueKind, ZoneKind};
use crate::webhooks::rules::{AttemptFailure, MessageStatus, PauseReason, WebhookStatus};

type Words = &'static [(&'static str, &'static str)];

const URGENCY: Words = &[("ROUTINE", "一般"), ("SOON", "较急"), ("URGENT", "紧急")];
const LICENCE: Words = &[("VALID", "有效"), ("EXPIRING", "即将到期"), ("EXPIRED", "已过期")];
const WEEKDAYS: Words = &[
    ("MONDAY", "周一"),
    ("TUESDAY", "周二"),
    ("WEDNESDAY", "周三"),
    ("THURSDAY", "周四"),
    ("FRIDAY", "周五"),
    ("SATURDAY", "周六"),
    ("SUNDAY", "周日"),
];

/// The codes of an enum of the schema with their Chinese terms.
pub(super) fn all(of: &str) -> Option<Words> {
    Some(match of {
        "AreaLevel" => AreaLevel::TERMS,
        "AttemptFailure" => AttemptFailure::TERMS,
        "BookingStatus" => BookingStatus::TERMS,
        "ChangeKind" => ChangeKind::TERMS,
        "ClientScope" => ClientScope::TERMS,
        "CoBuildingForm" => CoBuildingForm::TERMS,
        "CoBuildingStatus" => CoBuildingStatus::TERMS,
        "ComplaintKind" => ComplaintKind::TERMS,
        "ComplaintStatus" => ComplaintStatus::TERMS,
        "DeliveryStatus" => DeliveryStatus::TERMS,
        "Grade" => Grade::TERMS,
        "IntakeChannel" => IntakeChannel::TERMS,
        "LicenceStatus" => LICENCE,
        "MatchSide" => MatchSide::TERMS,
        "MatchStatus" => MatchStatus::TERMS,
        "MembershipStatus" => MembershipStatus::TERMS,
        "MessageStatus" => MessageStatus::TERMS,
        "NeedCategory" => NeedCategory::TERMS,
        "NeedStatus" => NeedStatus::TERMS,
        "PauseReason" => PauseReason::TERMS,
        "PledgeStatus" => PledgeStatus::TERMS,
        "ReservationStatus" => ReservationStatus::TERMS,
        "ResourceForm" => ResourceForm::TERMS,
        "Role" => Role::TERMS,
        "ServiceKind" => ServiceKind::TERMS,
        "Track" => Track::TERMS,
        "UnitKind" => UnitKind::TERMS,
        "Urgency" => URGENCY,
        "VenueKind" => VenueKind::TERMS,
        "WebhookStatus" => WebhookStatus::TERMS,
        "Weekday" => WEEKDAYS,
        "ZoneKind" => ZoneKind::TERMS,
        _ => return None,
    })
}
