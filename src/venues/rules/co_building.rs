//! What a co-building allows: who takes which step.

use uuid::Uuid;

use crate::auth::{Permission, Scope};
use crate::journal::ChangeKind;
use crate::refusal::{Reason, Refusal, State};
use crate::resources::rules::ResourceForm;
use crate::terms::term;
use crate::venues::entity::co_building::Model;

term! {
    /// In what form a unit takes part in building a venue.
    CoBuildingForm {
        /// Rooms or grounds.
        Space = "SPACE" "场地",
        /// Fitting out.
        FitOut = "FIT_OUT" "装修改造",
        /// Equipment.
        Equipment = "EQUIPMENT" "设施设备",
        /// What it costs to run.
        RunningCost = "RUNNING_COST" "运行经费",
        /// People.
        Staff = "STAFF" "人员",
    }
}

impl CoBuildingForm {
    /// The form in which it is counted as a contribution.
    pub fn resource(self) -> ResourceForm {
        match self {
            CoBuildingForm::Space => ResourceForm::VenueTime,
            CoBuildingForm::FitOut => ResourceForm::Service,
            CoBuildingForm::Equipment => ResourceForm::Equipment,
            CoBuildingForm::RunningCost => ResourceForm::Funds,
            CoBuildingForm::Staff => ResourceForm::PeopleTime,
        }
    }
}

term! {
    /// Where a co-building stands.
    CoBuildingStatus {
        /// One side has proposed it.
        Proposed = "PROPOSED" "待确认",
        /// The other side has turned it down.
        Declined = "DECLINED" "未达成",
        /// Both sides agree.
        Agreed = "AGREED" "已达成",
        /// It is being built.
        UnderConstruction = "UNDER_CONSTRUCTION" "建设中",
        /// In use; its value is counted.
        InUse = "IN_USE" "已投用",
        /// Over.
        Ended = "ENDED" "已结束",
    }
}

/// Steps of a co-building.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Agree,
    Decline,
    Start,
    PutInUse,
    End,
}

impl Step {
    pub fn kind(self) -> ChangeKind {
        match self {
            Step::Agree => ChangeKind::CoBuildingAgreed,
            Step::Decline => ChangeKind::CoBuildingDeclined,
            Step::Start => ChangeKind::CoBuildingStarted,
            Step::PutInUse => ChangeKind::CoBuildingInUse,
            Step::End => ChangeKind::CoBuildingEnded,
        }
    }
}

/// Whose step it is: the side that did not propose answers; the owner says how far it is.
pub fn right(found: &Model, step: Step, owner: &Scope) -> (Permission, Scope) {
    match step {
        Step::Agree | Step::Decline if !found.proposed_by_unit => (Permission::CoBuild, Scope::Unit(found.unit_id)),
        _ => (Permission::ManageVenue, owner.clone()),
    }
}

/// Where a step leads; nothing where it is done already.
pub fn step(found: &Model, step: Step, by: Option<Uuid>) -> Result<Option<CoBuildingStatus>, Refusal> {
    use CoBuildingStatus::*;
    let (from, to): (&[CoBuildingStatus], _) = match step {
        Step::Agree => (&[Proposed], Agreed),
        Step::Decline => (&[Proposed], Declined),
        Step::Start => (&[Agreed], UnderConstruction),
        Step::PutInUse => (&[Agreed, UnderConstruction], InUse),
        Step::End => (&[Agreed, UnderConstruction, InUse], Ended),
    };
    if found.status == to {
        return Ok(None);
    }
    if !from.contains(&found.status) {
        return Err(Reason::WrongState { state: State { code: found.status.code(), zh: found.status.zh() } }.into());
    }
    if step == Step::Agree && by.is_some() && by == Some(found.proposed_by) {
        return Err(Reason::SecondPersonRequired.into());
    }
    Ok(Some(to))
}
