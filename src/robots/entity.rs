//! Robots as they are stored.

pub mod robot {
    use sea_orm::entity::prelude::*;

    use crate::webhooks::rules::{AttemptFailure, PauseReason, WebhookStatus};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "robots")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub area_id: Uuid,
        pub district_id: Uuid,
        pub name: String,
        /// Sealed.
        pub robot_key: String,
        /// Codes.
        pub kinds: Json,
        /// Minutes after midnight in Asia/Shanghai.
        pub digest_at: Option<i16>,
        pub status: WebhookStatus,
        pub paused_because: Option<PauseReason>,
        pub cursor_tx: i64,
        pub cursor_seq: i64,
        /// The last day whose digest was sent.
        pub digest_on: Option<Date>,
        pub test_wanted: bool,
        pub failures: i32,
        pub failing_since: Option<DateTimeUtc>,
        pub last_failure: Option<AttemptFailure>,
        pub resting_until: DateTimeUtc,
        pub last_received_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::areas;
use crate::areas::entity::{area, at_or_below};
use crate::auth::{Permission, Permit, Viewer};
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::journal::feed::Position;
use crate::webhooks::entity::wrong_state;
use crate::webhooks::rules::WebhookStatus;
use crate::work::Work;

impl robot::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Robot, self.id)
    }

    pub fn kinds(&self) -> Vec<String> {
        serde_json::from_value(self.kinds.clone()).unwrap_or_default()
    }

    pub fn position(&self) -> Position {
        Position::new(self.cursor_tx, self.cursor_seq)
    }
}

/// The robots of the areas that the viewer manages them for, with all below.
pub fn visible_to(viewer: &Viewer) -> Condition {
    let areas = viewer.areas_with(Permission::ManageRobots);
    if areas.is_empty() {
        // Of nobody's areas there are none.
        return Condition::all().add(robot::Column::Id.is_null());
    }
    Condition::all().add(robot::Column::AreaId.in_subquery(at_or_below(&areas)))
}

/// The area that a robot tells of, and the right to let it.
pub async fn permit(work: &Work, area: Uuid, node: Option<GlobalId>) -> Result<(area::Model, Permit)> {
    let area = areas::entity::find(work.read(), area).await?;
    let permit = work.permit(Permission::ManageRobots, &area.scope(), node.or(Some(area.node())))?;
    Ok((area, permit))
}

/// A robot that the viewer sees and that was not removed, held for a change.
pub async fn hold(work: &Work, id: Uuid) -> Result<(robot::Model, Permit)> {
    let found = robot::Entity::find_by_id(id).filter(visible_to(work.viewer())).lock(LockType::NoKeyUpdate).one(work.read()).await?;
    let robot = found.ok_or(AppError::NotFound)?;
    let (_, permit) = permit(work, robot.area_id, Some(robot.node())).await?;
    match robot.status {
        WebhookStatus::Removed => Err(wrong_state(robot.status).into()),
        _ => Ok((robot, permit)),
    }
}
