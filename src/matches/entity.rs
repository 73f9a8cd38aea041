//! Matches, deliveries and evaluations as they are stored, and who may see them.

use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition};

use self::exchange::Column;
use super::rules::{MatchSide, MatchStatus};
use crate::areas::Place;
use crate::auth::{Scope, Viewer};
use crate::ids::{GlobalId, NodeKind};

/// A match; the word itself is taken by the language.
pub mod exchange {
    use sea_orm::entity::prelude::*;

    use super::super::rules::{MatchSide, MatchStatus};
    use crate::resources::rules::{NeedCategory, ResourceForm};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "matches")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub street_id: Uuid,
        pub community_id: Uuid,
        pub need_id: Option<Uuid>,
        pub pledge_id: Option<Uuid>,
        pub unit_id: Uuid,
        pub form: ResourceForm,
        pub category: NeedCategory,
        pub initiated_by: MatchSide,
        pub transfer_of_id: Option<Uuid>,
        pub measure: String,
        pub quantity: i64,
        pub outstanding: i64,
        pub delivered: i64,
        pub accepted: i64,
        pub returned: i64,
        pub plan: Option<String>,
        pub purpose: Option<String>,
        pub promised_on: Option<Date>,
        pub status: MatchStatus,
        pub reason: Option<String>,
        pub reassign: bool,
        pub applied_by: Uuid,
        pub applied_at: DateTimeUtc,
        pub confirmed_at: Option<DateTimeUtc>,
        pub completed_at: Option<DateTimeUtc>,
        pub nudged_at: Option<DateTimeUtc>,
        pub next_step_at: Option<DateTimeUtc>,
        pub unit_evaluated: bool,
        pub community_evaluated: bool,
        pub evaluations_released_at: Option<DateTimeUtc>,
    }

    crate::db::row!(Model {
        id,
        district_id,
        street_id,
        community_id,
        need_id,
        pledge_id,
        unit_id,
        form,
        category,
        initiated_by,
        transfer_of_id,
        measure,
        quantity,
        outstanding,
        delivered,
        accepted,
        returned,
        plan,
        purpose,
        promised_on,
        status,
        reason,
        reassign,
        applied_by,
        applied_at,
        confirmed_at,
        completed_at,
        nudged_at,
        next_step_at,
        unit_evaluated,
        community_evaluated,
        evaluations_released_at,
    });

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod delivery {
    use sea_orm::entity::prelude::*;

    use super::super::rules::DeliveryStatus;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "deliveries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub match_id: Uuid,
        pub booking_id: Option<Uuid>,
        pub quantity: i64,
        pub accepted: Option<i64>,
        pub delivered_on: Date,
        pub note: Option<String>,
        pub answer: Option<String>,
        pub fair_value: Option<i64>,
        pub hours: Option<i64>,
        pub status: DeliveryStatus,
        pub reported_by: Uuid,
        pub reported_at: DateTimeUtc,
        pub answered_at: Option<DateTimeUtc>,
        pub remind_at: Option<DateTimeUtc>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod picture {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "pictures")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub delivery_id: Uuid,
        pub digest: String,
        pub width: i32,
        pub height: i32,
        pub size: i32,
        pub added_by: Uuid,
        pub added_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod picture_content {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "picture_contents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub picture_id: Uuid,
        pub content: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod evaluation {
    use sea_orm::entity::prelude::*;

    use super::super::rules::{Grade, MatchSide};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "evaluations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub match_id: Uuid,
        pub side: MatchSide,
        pub grade: Grade,
        pub comment: Option<String>,
        pub given_at: DateTimeUtc,
        pub released_at: Option<DateTimeUtc>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

impl exchange::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Match, self.id)
    }

    pub fn at(&self) -> Place {
        Place { district: self.district_id, street: self.street_id, community: self.community_id }
    }

    /// Where rights of a side are asked for.
    pub fn scope(&self, side: MatchSide) -> Scope {
        match side {
            MatchSide::Unit => Scope::Unit(self.unit_id),
            MatchSide::Community => self.at().scope(),
        }
    }
}

impl delivery::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Delivery, self.id)
    }
}

impl picture::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Picture, self.id)
    }
}

impl evaluation::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Evaluation, self.id)
    }
}

/// A match is its unit's and its area's.
pub fn visible_to(viewer: &Viewer) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    let (areas, units) = (viewer.areas(), viewer.units());
    // Nobody's match is that of nobody. Said also of who has an area, since SQLite would otherwise gather by three indexes and sort.
    let mut visible = Condition::any().add(Column::UnitId.is_in(units.clone()));
    if !units.is_empty() {
        // Who proposes to hand a match on follows the proposal.
        let handed_on = Query::select().column(Column::Id).from(exchange::Entity).and_where(Column::UnitId.is_in(units)).to_owned();
        visible = visible.add(Condition::all().add(Column::ConfirmedAt.is_null()).add(Column::TransferOfId.in_subquery(handed_on)));
    }
    if !areas.is_empty() {
        visible = visible
            .add(Column::CommunityId.is_in(areas.clone()))
            .add(Column::StreetId.is_in(areas.clone()))
            .add(Column::DistrictId.is_in(areas));
    }
    visible
}

/// Matches in which a side is next. Whether it still can, and who of it may, is for the rules.
pub fn waits_for(side: MatchSide) -> Condition {
    let asked_by_unit = Condition::all().add(Column::TransferOfId.is_null()).add(Column::InitiatedBy.eq(MatchSide::Unit));
    let (answers, rated, handing_over) = match side {
        MatchSide::Unit => {
            let promised = Condition::all().add(Column::Status.is_in([MatchStatus::Confirmed, MatchStatus::Fulfilling]));
            (asked_by_unit.not(), Column::UnitEvaluated, promised.add(Column::Outstanding.gt(0)))
        }
        MatchSide::Community => {
            let reported = Condition::all().add(Column::Status.is_in([MatchStatus::Fulfilling, MatchStatus::Delivered]));
            (asked_by_unit, Column::CommunityEvaluated, reported.add(Column::Delivered.gt(0)))
        }
    };
    let to_answer = Condition::all().add(Column::Status.eq(MatchStatus::Applied)).add(answers);
    let to_rate = Column::Status.eq(MatchStatus::Completed).and(rated.eq(false)).and(Column::EvaluationsReleasedAt.is_null());
    Condition::any().add(to_answer).add(handing_over).add(to_rate)
}
