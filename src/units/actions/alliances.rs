//! Founding an alliance and changing it.

use sea_orm::{ActiveModelTrait, IntoActiveModel};
use uuid::Uuid;

use crate::areas;
use crate::areas::rules::{check_current, check_name, optional};
use crate::auth::Permission;
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::search;
use crate::units::entity::{alliance, find_alliance};
use crate::work::Work;

const LONGEST_MODEL: usize = 500;

pub async fn found_alliance(work: &Work, host: Uuid, name: &str, model: Option<&str>) -> Result<Uuid> {
    let host = areas::entity::find(work.read(), host).await?;
    let permit = work.permit(Permission::ManageAlliances, &host.scope(), Some(host.node()))?;
    check_current(&host, "host", work.today())?;
    let alliance = alliance::Model {
        id: work.new_key(),
        district_id: host.district_id,
        host_id: host.id,
        name: check_name("name", name)?,
        model: optional("model", model, LONGEST_MODEL)?,
        created_at: work.now(),
    };
    let alliance = alliance.into_active_model().insert(permit.write()).await?;
    search::add(&permit, alliance.node(), Some(alliance.district_id), &alliance.name, alliance.model.as_deref()).await?;
    permit.journal(ChangeKind::AllianceFounded, alliance.node(), Some(alliance.district_id));
    Ok(alliance.id)
}

/// What is `None` stays; a model of `Some(None)` is taken away.
#[derive(Clone)]
pub struct AllianceChange {
    pub id: Uuid,
    pub name: Option<String>,
    pub model: Option<Option<String>>,
}

pub async fn update_alliance(work: &Work, change: &AllianceChange) -> Result<Uuid> {
    let alliance = find_alliance(work.read(), change.id).await?;
    let host = areas::entity::find(work.read(), alliance.host_id).await?;
    let permit = work.permit(Permission::ManageAlliances, &host.scope(), Some(alliance.node()))?;
    let changed = alliance::Model {
        name: match &change.name {
            Some(name) => check_name("name", name)?,
            None => alliance.name,
        },
        model: match &change.model {
            Some(model) => optional("model", model.as_deref(), LONGEST_MODEL)?,
            None => alliance.model,
        },
        ..alliance
    };
    let alliance = changed.into_active_model().reset_all().update(permit.write()).await?;
    search::index(&permit, alliance.node(), Some(alliance.district_id), &alliance.name, alliance.model.as_deref()).await?;
    permit.journal(ChangeKind::AllianceChanged, alliance.node(), Some(alliance.district_id));
    Ok(alliance.id)
}
