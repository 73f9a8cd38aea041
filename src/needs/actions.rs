//! Verbs of a need before anybody stands on it: post, change, submit, publish, return.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Query;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::deadlines::{journal_turn, next_step};
use super::entity::{direction, directions, lock, need};
use super::rules::{self, IntakeChannel, NeedStatus, Publication, Urgency};
use crate::areas;
use crate::areas::rules::{AreaLevel, check_current, check_reason, optional};
use crate::auth::{Permission, Permit};
use crate::calendar::shanghai_day;
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::identifying;
use crate::ids::{GlobalId, NodeKind};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal, WarningCode};
use crate::resources::rules::{NeedCategory, ResourceForm};
use crate::search;
use crate::units::entity::paired_units;
use crate::units::rules::check_phone;
use crate::work::Work;

/// A new need, as its community words it.
#[derive(Clone)]
pub struct NewNeed {
    pub community: Uuid,
    pub category: NeedCategory,
    pub form: ResourceForm,
    pub title: String,
    pub description: Option<String>,
    pub wanted: Decimal,
    pub measure: String,
    pub urgency: Urgency,
    pub due_on: Option<chrono::NaiveDate>,
    pub place: Option<String>,
    pub channel: Option<IntakeChannel>,
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
    pub directed_to: Option<Vec<Uuid>>,
    pub submit: bool,
}

pub async fn post(work: &Work, new: &NewNeed) -> Result<Uuid> {
    let community = areas::entity::find(work.read(), new.community).await?;
    let permit = work.permit(Permission::PostNeed, &community.scope(), Some(community.node()))?;
    if community.level != AreaLevel::Community {
        return Err(Refusal::invalid("community", "请选择社区(村)", "Choose a community").into());
    }
    check_current(&community, "community", work.today())?;
    let [district, street, _] = community.ancestry()[..] else {
        return Err(AppError::internal("a community hangs on a street of a district"));
    };
    let wanted = rules::check_quantity("wanted", new.wanted)?;
    let phone = optional("contactPhone", new.contact_phone.as_deref(), 20)?;
    if let Some(phone) = &phone {
        check_phone("contactPhone", phone)?;
    }
    let id = work.new_key();
    let model = need::Model {
        id,
        district_id: district,
        street_id: street,
        community_id: community.id,
        category: new.category,
        form: new.form,
        title: rules::check_title(&new.title)?,
        description: rules::check_description(new.description.as_deref())?,
        measure: rules::check_measure(&new.measure)?,
        wanted,
        unmatched: wanted,
        promised: 0,
        delivered: 0,
        accepted: 0,
        urgency: new.urgency,
        due_on: rules::check_day("dueOn", new.due_on, work.today())?,
        place: optional("place", new.place.as_deref(), 100)?,
        channel: new.channel,
        contact_name: optional("contactName", new.contact_name.as_deref(), 40)?,
        contact_phone_sealed: phone.map(|phone| work.app().keys().seal("phone", phone.as_bytes())),
        status: NeedStatus::Draft,
        publication: Publication::None,
        reopened: false,
        reason: None,
        directed_until: None,
        next_step_at: None,
        escalated_to_id: None,
        submitted_by: None,
        created_at: work.now(),
    };
    need::Entity::insert(need::ActiveModel::from(model.clone())).exec_without_returning(permit.write()).await?;
    search::add(&permit, model.node(), Some(district), &model.title, model.description.as_deref()).await?;
    if let Some(units) = &new.directed_to {
        direct(&permit, &model, units).await?;
    }
    warn(work, &model).await?;
    permit.journal(ChangeKind::NeedPosted, model.node(), Some(district));
    if new.submit {
        hand_in(&permit, model).await?;
    }
    Ok(id)
}

/// Names the units that get the first window; each must be paired with the community.
async fn direct(permit: &Permit, need: &need::Model, units: &[Uuid]) -> Result<()> {
    let work = permit.work();
    let mut units = units.to_vec();
    units.sort_unstable();
    units.dedup();
    let paired = paired_units(work.read(), need.community_id, work.today()).await?;
    if let Some(stranger) = units.iter().find(|unit| !paired.iter().any(|paired| paired.id == **unit)) {
        return Err(Refusal::from(Reason::NotPaired).at_input("directedTo").about(GlobalId::new(NodeKind::Unit, *stranger)).into());
    }
    insert_directions(permit, need.id, units).await
}

async fn insert_directions(permit: &Permit, need: Uuid, units: Vec<Uuid>) -> Result<()> {
    let rows = units.into_iter().map(|unit| direction::ActiveModel { need_id: Set(need), unit_id: Set(unit) });
    direction::Entity::insert_many(rows).exec_without_returning(permit.write()).await?;
    Ok(())
}

/// Warns of what would tell anybody who a resident is, while it can still be changed.
fn warn_of_texts(work: &Work, need: &need::Model) {
    if need.publication != Publication::None {
        return;
    }
    for (path, text) in [(["input", "title"], Some(&need.title)), (["input", "description"], need.description.as_ref())] {
        if text.is_some_and(|text| !identifying::find(text, search::dictionary()).is_empty()) {
            work.warn(WarningCode::IdentifyingText, &path, Vec::new());
        }
    }
}

async fn warn(work: &Work, need: &need::Model) -> Result<()> {
    warn_of_texts(work, need);
    if rules::is_unusual(need.wanted, &need.measure) {
        work.warn(WarningCode::UnusualQuantity, &["input", "wanted"], Vec::new());
    }
    let others = Query::select()
        .column(need::Column::Id)
        .from(need::Entity)
        .and_where(need::Column::CommunityId.eq(need.community_id))
        .and_where(need::Column::Category.eq(need.category))
        .and_where(need::Column::Id.ne(need.id))
        .and_where(need::Column::Status.is_not_in([NeedStatus::Closed, NeedStatus::Withdrawn, NeedStatus::Accepted]))
        .to_owned();
    let alike = search::alike(work.read(), NodeKind::Need, need.district_id, &need.title, others).await?;
    if !alike.is_empty() {
        let related = alike.into_iter().map(|id| GlobalId::new(NodeKind::Need, id)).collect();
        work.warn(WarningCode::PossibleDuplicate, &["input", "title"], related);
    }
    Ok(())
}

/// What is to be changed; what is absent stays.
#[derive(Clone)]
pub struct Changes {
    pub title: Option<String>,
    pub description: Option<String>,
    pub wanted: Option<Decimal>,
    pub urgency: Option<Urgency>,
    pub due_on: Option<chrono::NaiveDate>,
}

pub async fn update(work: &Work, id: Uuid, changes: &Changes) -> Result<Uuid> {
    let mut need = lock(work, id).await?;
    let permit = work.permit(Permission::ManageNeed, &need.at().scope(), Some(need.node()))?;
    let before = need.clone();
    let changes_text = changes.title.is_some() || changes.description.is_some();
    rules::update(&need, changes_text)?;
    if let Some(title) = &changes.title {
        need.title = rules::check_title(title)?;
    }
    if changes.description.is_some() {
        need.description = rules::check_description(changes.description.as_deref())?;
    }
    if let Some(wanted) = changes.wanted {
        let wanted = rules::check_quantity("wanted", wanted)?;
        need.unmatched = rules::rewant(&need, wanted)?;
        need.wanted = wanted;
    }
    if let Some(urgency) = changes.urgency {
        need.urgency = urgency;
    }
    if changes.due_on.is_some() {
        need.due_on = rules::check_day("dueOn", changes.due_on, work.today())?;
    }
    need.status = rules::status(&need);
    if need.publication != Publication::None {
        need.next_step_at = next_step(work, &before, &need);
        journal_turn(&permit, &before, &need);
    }
    if changes_text {
        search::index(&permit, need.node(), Some(need.district_id), &need.title, need.description.as_deref()).await?;
    }
    warn(work, &need).await?;
    let row = need::ActiveModel {
        id: Set(id),
        title: Set(need.title),
        description: Set(need.description),
        wanted: Set(need.wanted),
        unmatched: Set(need.unmatched),
        urgency: Set(need.urgency),
        due_on: Set(need.due_on),
        status: Set(need.status),
        next_step_at: Set(need.next_step_at),
        // Whoever words it last is whom the second person must not be.
        submitted_by: if before.status == NeedStatus::Submitted { Set(permit.account()) } else { NotSet },
        ..Default::default()
    };
    let need = row.update(permit.write()).await?;
    permit.journal(ChangeKind::NeedUpdated, need.node(), Some(need.district_id));
    Ok(id)
}

pub async fn submit(work: &Work, id: Uuid) -> Result<Uuid> {
    let need = lock(work, id).await?;
    let permit = work.permit(Permission::ManageNeed, &need.at().scope(), Some(need.node()))?;
    if rules::submit(&need)? {
        hand_in(&permit, need).await?;
    }
    Ok(id)
}

async fn hand_in(permit: &Permit, mut need: need::Model) -> Result<()> {
    need.status = NeedStatus::Submitted;
    need.submitted_by = permit.account();
    let row = need::ActiveModel {
        id: Set(need.id),
        status: Set(need.status),
        reason: Set(None),
        submitted_by: Set(need.submitted_by),
        ..Default::default()
    };
    row.update(permit.write()).await?;
    permit.journal(ChangeKind::NeedSubmitted, need.node(), Some(need.district_id));
    if !permit.work().app().settings().review_needs {
        release(permit, need).await?;
    }
    Ok(())
}

pub async fn publish(work: &Work, id: Uuid) -> Result<Uuid> {
    let need = lock(work, id).await?;
    let permit = work.permit(Permission::ReviewNeed, &need.at().scope(), Some(need.node()))?;
    if rules::publish(&need, permit.account())? {
        release(&permit, need).await?;
    }
    Ok(id)
}

/// Publishes: to the named units that are still paired, to all paired ones if none was named, or straight to the open hall.
async fn release(permit: &Permit, need: need::Model) -> Result<()> {
    let work = permit.work();
    let settings = work.app().settings();
    let paired: Vec<Uuid> = paired_units(work.read(), need.community_id, work.today()).await?.into_iter().map(|unit| unit.id).collect();
    let named = directions(work.read(), need.id).await?;
    let window = if named.is_empty() {
        insert_directions(permit, need.id, paired.clone()).await?;
        !paired.is_empty()
    } else {
        direction::Entity::delete_many()
            .filter(direction::Column::NeedId.eq(need.id))
            .filter(direction::Column::UnitId.is_not_in(paired.iter().copied()))
            .exec(permit.write())
            .await?;
        named.iter().any(|unit| paired.contains(unit))
    };
    let (publication, until) = if window {
        (Publication::Directed, Some(work.working_days(settings.directed_days)))
    } else {
        work.warn(WarningCode::NoPairedUnits, &[], Vec::new());
        (Publication::Open, None)
    };
    let next = until.unwrap_or_else(|| work.working_days(settings.open_days));
    let status = rules::status(&need::Model { publication, ..need.clone() });
    let row = need::ActiveModel {
        id: Set(need.id),
        status: Set(status),
        publication: Set(publication),
        directed_until: Set(until),
        next_step_at: Set(Some(next)),
        reason: Set(None),
        ..Default::default()
    };
    row.update(permit.write()).await?;
    let detail = serde_json::json!({ "publication": publication.code(), "until": until.map(shanghai_day) });
    permit.record(Entry::new(ChangeKind::NeedPublished, need.node(), Some(need.district_id)).with(detail));
    Ok(())
}

pub async fn return_(work: &Work, id: Uuid, reason: &str) -> Result<Uuid> {
    let need = lock(work, id).await?;
    let permit = work.permit(Permission::ReviewNeed, &need.at().scope(), Some(need.node()))?;
    if rules::return_(&need)? {
        let reason = check_reason(reason)?;
        let row =
            need::ActiveModel { id: Set(id), status: Set(NeedStatus::Returned), reason: Set(Some(reason.clone())), ..Default::default() };
        row.update(permit.write()).await?;
        let detail = serde_json::json!({ "reason": reason });
        permit.record(Entry::new(ChangeKind::NeedReturned, need.node(), Some(need.district_id)).with(detail));
    }
    Ok(id)
}
