//! Adding a unit and changing its entry.

use sea_orm::{ActiveModelTrait, IntoActiveModel};
use uuid::Uuid;

use crate::areas;
use crate::areas::rules::{AreaLevel, check_current, check_name, optional};
use crate::auth::{Permission, Scope};
use crate::db::or_taken;
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::refusal::{Reason, Refusal};
use crate::search;
use crate::units::entity::{self, unit};
use crate::units::rules::{self, Track, UnitKind};
use crate::work::Work;

/// What an entry says beside name, kind and track: `None` leaves a value as it is, `Some(None)` takes it away.
#[derive(Clone)]
pub struct Details {
    pub credit_code: Option<Option<String>>,
    pub no_credit_code_reason: Option<Option<String>>,
    pub address: Option<Option<String>>,
    pub contact_name: Option<Option<String>>,
    pub contact_phone: Option<Option<String>>,
    pub party_secretary: Option<Option<String>>,
}

#[derive(Clone)]
pub struct NewUnit {
    pub district: Uuid,
    pub name: String,
    pub kind: UnitKind,
    pub track: Track,
    pub details: Details,
}

#[derive(Clone)]
pub struct UnitChange {
    pub id: Uuid,
    pub name: Option<String>,
    pub kind: Option<UnitKind>,
    pub track: Option<Track>,
    pub details: Details,
}

pub async fn add_unit(work: &Work, new: &NewUnit) -> Result<Uuid> {
    let district = areas::entity::find(work.read(), new.district).await?;
    let permit = work.permit(Permission::ManageUnits, &district.scope(), Some(district.node()))?;
    if district.level != AreaLevel::District {
        return Err(Refusal::invalid("district", "请选择区(县)", "A unit is entered in a district").into());
    }
    check_current(&district, "district", work.today())?;
    let blank = unit::Model {
        id: work.new_key(),
        district_id: district.id,
        name: check_name("name", &new.name)?,
        kind: new.kind,
        track: new.track,
        credit_code: None,
        no_credit_code_reason: None,
        address: None,
        contact_name: None,
        contact_phone_sealed: None,
        party_secretary: None,
        active: false,
        created_at: work.now(),
    };
    let unit = with_details(work, blank, &new.details)?;
    let unit = or_taken(unit.clone().into_active_model().insert(permit.write()).await, || taken(&unit))?;
    search::add(&permit, unit.node(), Some(unit.district_id), &unit.name, None).await?;
    permit.journal(ChangeKind::UnitAdded, unit.node(), Some(unit.district_id));
    Ok(unit.id)
}

pub async fn update_unit(work: &Work, change: &UnitChange) -> Result<Uuid> {
    let unit = entity::lock_unit(work.read(), change.id).await?;
    let scope = Scope::Areas(vec![unit.district_id]);
    let permit = work.permit(Permission::ManageUnits, &scope, Some(unit.node()))?;
    let changed = unit::Model {
        name: match &change.name {
            Some(name) => check_name("name", name)?,
            None => unit.name,
        },
        kind: change.kind.unwrap_or(unit.kind),
        track: change.track.unwrap_or(unit.track),
        ..unit
    };
    let changed = with_details(work, changed, &change.details)?;
    let row = changed.clone().into_active_model().reset_all();
    let unit = or_taken(row.update(permit.write()).await, || taken(&changed))?;
    search::index(&permit, unit.node(), Some(unit.district_id), &unit.name, None).await?;
    permit.journal(ChangeKind::UnitChanged, unit.node(), Some(unit.district_id));
    Ok(unit.id)
}

fn with_details(work: &Work, unit: unit::Model, details: &Details) -> Result<unit::Model> {
    let text = |field, new: &Option<Option<String>>, old, most| match new {
        Some(new) => optional(field, new.as_deref(), most),
        None => Ok(old),
    };
    let credit_code = text("creditCode", &details.credit_code, unit.credit_code, 18)?;
    // A code that is found later makes the old reason void.
    let old_reason = unit.no_credit_code_reason.filter(|_| credit_code.is_none());
    let no_credit_code_reason = text("noCreditCodeReason", &details.no_credit_code_reason, old_reason, 200)?;
    rules::check_identity(credit_code.as_deref(), no_credit_code_reason.as_deref())?;
    let contact_phone_sealed = match &details.contact_phone {
        Some(new) => match optional("contactPhone", new.as_deref(), 20)? {
            Some(phone) => {
                rules::check_phone("contactPhone", &phone)?;
                Some(work.app().keys().seal("phone", phone.as_bytes()))
            }
            None => None,
        },
        None => unit.contact_phone_sealed,
    };
    Ok(unit::Model {
        credit_code,
        no_credit_code_reason,
        address: text("address", &details.address, unit.address, 200)?,
        contact_name: text("contactName", &details.contact_name, unit.contact_name, 40)?,
        contact_phone_sealed,
        party_secretary: text("partySecretary", &details.party_secretary, unit.party_secretary, 40)?,
        ..unit
    })
}

/// The credit code is the one value of a unit that is its own.
fn taken(unit: &unit::Model) -> Refusal {
    let what = unit.credit_code.clone().unwrap_or_default();
    Refusal::from(Reason::AlreadyTaken { what }).at_input("creditCode")
}
