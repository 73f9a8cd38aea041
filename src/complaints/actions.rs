//! Sending a complaint, answering it, passing it on.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::complaint::{ActiveModel, Column, Entity, Model};
use super::entity::{Contact, PURPOSE, hold};
use super::rules::{self, ComplaintKind, ComplaintStatus};
use crate::areas;
use crate::areas::entity::area;
use crate::areas::rules::{check_keeps_records, check_reason, optional};
use crate::auth::Permission;
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::refusal::{Reason, Refusal};
use crate::units::rules::check_phone;
use crate::work::Work;

#[derive(Clone)]
pub struct NewComplaint {
    pub area: Uuid,
    pub kind: ComplaintKind,
    pub words: String,
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
}

/// Sends one, in nobody's name. Under a receipt number that is known already it is the one that was sent before.
pub async fn file(work: &Work, new: &NewComplaint, receipt: &str) -> Result<Model> {
    // One after the other, so that the same one sent twice at once is found by the second.
    let area = area::Entity::find_by_id(new.area).lock(LockType::NoKeyUpdate).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::HandleComplaints, &area.scope(), None)?;
    let receipt_digest = rules::receipt_digest(receipt).ok_or_else(|| AppError::internal("a receipt number is one"))?;
    if let Some(known) = Entity::find().filter(Column::ReceiptDigest.eq(&receipt_digest)).one(work.read()).await? {
        return Ok(known);
    }
    check_keeps_records(area.level, "area")?;
    if !area.is_current(work.today()) {
        return Err(Refusal::from(Reason::AreaNotCurrent).at_input("area").into());
    }
    let words = rules::check_words("words", &new.words)?;
    let contact = Contact {
        name: optional("contactName", new.contact_name.as_deref(), 40)?,
        phone: optional("contactPhone", new.contact_phone.as_deref(), 20)?,
    };
    if let Some(phone) = &contact.phone {
        check_phone("contactPhone", phone)?;
    }
    let is_given = contact.name.is_some() || contact.phone.is_some();
    let contact = serde_json::to_vec(&contact).map_err(AppError::internal)?;
    let due_at = work.working_days(work.app().settings().complaint_days);
    let (street_id, community_id) = (area.ancestry().get(1).copied(), area.ancestry().get(2).copied());
    let keys = work.app().keys();
    let row = Model {
        id: work.new_key(),
        district_id: area.district_id,
        street_id,
        community_id,
        handler_id: area.id,
        kind: new.kind,
        receipt_digest,
        words_sealed: Some(keys.seal(PURPOSE, words.as_bytes())),
        contact_sealed: is_given.then(|| keys.seal(PURPOSE, &contact)),
        answer_sealed: None,
        status: ComplaintStatus::Received,
        filed_at: work.now(),
        due_at,
        answered_at: None,
        answered_by: None,
        next_step_at: Some(due_at),
    };
    Entity::insert(ActiveModel::from(row.clone())).exec_without_returning(permit.write()).await?;
    permit.journal(ChangeKind::ComplaintFiled, row.node(), Some(row.district_id));
    Ok(row)
}

/// The one that a receipt number stands for.
pub async fn follow(db: &impl ConnectionTrait, receipt: &str) -> Result<Option<Model>> {
    let Some(digest) = rules::receipt_digest(receipt) else { return Ok(None) };
    Ok(Entity::find().filter(Column::ReceiptDigest.eq(digest)).one(db).await?)
}

pub async fn answer(work: &Work, id: Uuid, answer: &str) -> Result<Uuid> {
    let (complaint, permit) = hold(work, id).await?;
    let by = permit.account().ok_or_else(|| AppError::internal("the service itself answers nobody"))?;
    let answer = rules::check_words("answer", answer)?;
    rules::handle(&complaint)?;
    let row = ActiveModel {
        id: Set(id),
        answer_sealed: Set(Some(work.app().keys().seal(PURPOSE, answer.as_bytes()))),
        status: Set(ComplaintStatus::Answered),
        answered_at: Set(Some(work.now())),
        answered_by: Set(Some(by)),
        next_step_at: Set(Some(work.now() + super::deadlines::KEPT)),
        ..Default::default()
    };
    row.update(permit.write()).await?;
    permit.journal(ChangeKind::ComplaintAnswered, complaint.node(), Some(complaint.district_id));
    Ok(id)
}

/// Passes one on to the area whose matter it is. The day by which it is to be answered stays.
pub async fn transfer(work: &Work, id: Uuid, to: Uuid, reason: &str) -> Result<Uuid> {
    let (complaint, permit) = hold(work, id).await?;
    rules::handle(&complaint)?;
    let reason = check_reason(reason).map_err(|refusal| refusal.at_input("reason"))?;
    let area = areas::entity::find(work.read(), to).await?;
    check_keeps_records(area.level, "area")?;
    if area.district_id != complaint.district_id {
        return Err(Refusal::invalid("area", "只能转给本区的街道或社区", "Only within the same district").into());
    }
    if area.id == complaint.handler_id {
        return Err(Refusal::invalid("area", "现在就由该处办理", "It lies there already").into());
    }
    if !area.is_current(work.today()) {
        return Err(Refusal::from(Reason::AreaNotCurrent).at_input("area").into());
    }
    let row = ActiveModel {
        id: Set(id),
        street_id: Set(area.ancestry().get(1).copied()),
        community_id: Set(area.ancestry().get(2).copied()),
        handler_id: Set(area.id),
        // One that could go up no further can again.
        next_step_at: Set(complaint.next_step_at.or_else(|| Some(work.working_days(work.app().settings().complaint_days)))),
        ..Default::default()
    };
    row.update(permit.write()).await?;
    let entry = Entry::new(ChangeKind::ComplaintTransferred, complaint.node(), Some(complaint.district_id));
    permit.record(entry.with(serde_json::json!({ "reason": reason })));
    Ok(id)
}
