//! Complaints as they are stored, and who may see them.

use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::complaint::{Column, Entity, Model};
use crate::app::App;
use crate::areas;
use crate::auth::{Permission, Permit, Viewer};
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::work::Work;

pub mod complaint {
    use sea_orm::entity::prelude::*;

    use super::super::rules::{ComplaintKind, ComplaintStatus};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "complaints")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub street_id: Option<Uuid>,
        pub community_id: Option<Uuid>,
        /// The area that is to answer: the one that it was sent to, or one above.
        pub handler_id: Uuid,
        pub kind: ComplaintKind,
        pub receipt_digest: String,
        pub words_sealed: Option<String>,
        pub contact_sealed: Option<String>,
        pub answer_sealed: Option<String>,
        pub transfer_sealed: Option<String>,
        /// Why the answer would not do, and the answer that it was.
        pub objection_sealed: Option<String>,
        pub earlier_sealed: Option<String>,
        pub status: ComplaintStatus,
        pub filed_at: DateTimeUtc,
        pub due_at: DateTimeUtc,
        pub answered_at: Option<DateTimeUtc>,
        pub answered_by: Option<Uuid>,
        pub next_step_at: Option<DateTimeUtc>,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

/// What the texts are sealed for.
pub const PURPOSE: &str = "complaint";

/// Whom to call.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Contact {
    pub name: Option<String>,
    pub phone: Option<String>,
}

impl Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Complaint, self.id)
    }

    /// The area that it was sent to, or passed on to.
    pub fn area_id(&self) -> Uuid {
        self.community_id.or(self.street_id).unwrap_or(self.district_id)
    }

    /// The area above the one that is to answer; none above the district.
    pub fn above_handler(&self) -> Option<Uuid> {
        match self.handler_id {
            handler if Some(handler) == self.community_id => self.street_id,
            handler if Some(handler) == self.street_id => Some(self.district_id),
            _ => None,
        }
    }

    /// Whether the viewer answers for its area, or for one above.
    pub fn is_handled_by(&self, viewer: &Viewer) -> bool {
        let areas = viewer.areas_with(Permission::HandleComplaints);
        [self.community_id, self.street_id, Some(self.district_id)].iter().flatten().any(|area| areas.contains(area))
    }

    pub fn opened(&self, app: &App, sealed: &Option<String>) -> Result<Option<String>> {
        sealed.as_ref().map(|sealed| app.keys().open_text(PURPOSE, sealed)).transpose()
    }

    pub fn contact(&self, app: &App) -> Result<Contact> {
        let contact = self.opened(app, &self.contact_sealed)?;
        contact.map_or(Ok(Contact::default()), |text| serde_json::from_str(&text).map_err(AppError::internal))
    }
}

/// Complaints of the areas that the viewer answers for, with all below.
pub fn visible_to(viewer: &Viewer) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    let areas = viewer.areas_with(Permission::HandleComplaints);
    Condition::any()
        .add(Column::CommunityId.is_in(areas.clone()))
        .add(Column::StreetId.is_in(areas.clone()))
        .add(Column::DistrictId.is_in(areas))
}

/// A complaint that the viewer sees and that its area may handle now, held for a change.
pub async fn hold(work: &Work, id: Uuid) -> Result<(Model, Permit)> {
    let found = Entity::find_by_id(id).filter(visible_to(work.viewer())).lock(LockType::NoKeyUpdate).one(work.read()).await?;
    let complaint = found.ok_or(AppError::NotFound)?;
    let permit = permit(work, &complaint).await?;
    Ok((complaint, permit))
}

/// The right to handle a complaint, which its handler has and whoever stands above.
pub async fn permit(work: &Work, complaint: &Model) -> Result<Permit> {
    let handler = areas::entity::find(work.read(), complaint.handler_id).await?;
    work.permit(Permission::HandleComplaints, &handler.scope(), Some(complaint.node()))
}
