//! Sending a complaint, answering it, passing it on.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::complaint::{ActiveModel, Column, Entity, Model};
use super::entity::{Contact, PURPOSE, hold, permit};
use super::rules::{self, ComplaintKind, ComplaintStatus};
use crate::areas;
use crate::areas::entity::area;
use crate::areas::rules::{check_current, check_keeps_records, check_reason, optional};
use crate::auth::Permission;
use crate::error::{AppError, Result};
use crate::journal::ChangeKind;
use crate::refusal::Refusal;
use crate::units::rules::check_phone;
use crate::work::Work;

/// Working days that an area has for what is passed on to it.
const AT_LEAST: u32 = 2;

#[derive(Clone)]
pub struct NewComplaint {
    pub area: Uuid,
    pub kind: ComplaintKind,
    pub words: String,
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
}

/// What somebody wrote, looked at before the database is asked for anything.
#[derive(Clone)]
pub struct Written {
    area: Uuid,
    kind: ComplaintKind,
    words: String,
    contact: Contact,
}

impl NewComplaint {
    pub fn check(self) -> Result<Written, Refusal> {
        let contact = Contact {
            name: optional("contactName", self.contact_name.as_deref(), 40)?,
            phone: optional("contactPhone", self.contact_phone.as_deref(), 20)?,
        };
        if let Some(phone) = &contact.phone {
            check_phone("contactPhone", phone)?;
        }
        Ok(Written { area: self.area, kind: self.kind, words: rules::check_words("words", &self.words)?, contact })
    }
}

impl Written {
    /// What makes it another one, under the same key.
    pub fn seed(&self, key: &str) -> String {
        let Written { area, kind, words, contact } = self;
        [
            key,
            &area.to_string(),
            kind.code(),
            words,
            contact.name.as_deref().unwrap_or_default(),
            contact.phone.as_deref().unwrap_or_default(),
        ]
        .join("\n")
    }
}

/// Sends one, in nobody's name. Under a receipt number that is known already it is the one that was sent before.
pub async fn file(work: &Work, new: &Written, receipt: &str) -> Result<Model> {
    // One after the other, so that the same one sent twice at once is found by the second.
    let area = area::Entity::find_by_id(new.area).lock(LockType::NoKeyUpdate).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::HandleComplaints, &area.scope(), None)?;
    let receipt_digest = rules::receipt_digest(receipt).ok_or_else(|| AppError::internal("a receipt number is one"))?;
    if let Some(known) = Entity::find().filter(Column::ReceiptDigest.eq(&receipt_digest)).one(work.read()).await? {
        return Ok(known);
    }
    check_keeps_records(area.level, "area")?;
    check_current(&area, "area", work.today())?;
    let is_given = new.contact.name.is_some() || new.contact.phone.is_some();
    let contact = serde_json::to_vec(&new.contact).map_err(AppError::internal)?;
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
        words_sealed: Some(keys.seal(PURPOSE, new.words.as_bytes())),
        contact_sealed: is_given.then(|| keys.seal(PURPOSE, &contact)),
        answer_sealed: None,
        transfer_sealed: None,
        objection_sealed: None,
        earlier_sealed: None,
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

/// Says that the answer will not do: once, by the receipt number. The area above answers then, in the same time.
pub async fn object(work: &Work, receipt: &str, words: &str) -> Result<Model> {
    let digest = rules::receipt_digest(receipt).ok_or(AppError::NotFound)?;
    let found = Entity::find().filter(Column::ReceiptDigest.eq(digest)).lock(LockType::NoKeyUpdate).one(work.read()).await?;
    let complaint = found.ok_or(AppError::NotFound)?;
    let permit = permit(work, &complaint).await?;
    if !rules::object(&complaint)? {
        return Ok(complaint);
    }
    let due_at = work.working_days(work.app().settings().complaint_days);
    let row = ActiveModel {
        id: Set(complaint.id),
        handler_id: Set(complaint.above_handler().unwrap_or(complaint.handler_id)),
        objection_sealed: Set(Some(work.app().keys().seal(PURPOSE, words.as_bytes()))),
        earlier_sealed: Set(complaint.answer_sealed.clone()),
        answer_sealed: Set(None),
        status: Set(ComplaintStatus::Received),
        due_at: Set(due_at),
        answered_at: Set(None),
        answered_by: Set(None),
        next_step_at: Set(Some(due_at)),
        ..Default::default()
    };
    let complaint = row.update(permit.write()).await?;
    permit.journal(ChangeKind::ComplaintReopened, complaint.node(), Some(complaint.district_id));
    Ok(complaint)
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
    check_current(&area, "area", work.today())?;
    let row = ActiveModel {
        id: Set(id),
        street_id: Set(area.ancestry().get(1).copied()),
        community_id: Set(area.ancestry().get(2).copied()),
        handler_id: Set(area.id),
        transfer_sealed: Set(Some(work.app().keys().seal(PURPOSE, reason.as_bytes()))),
        // Whoever gets it has at least these days; one that could go up no further can again.
        next_step_at: Set(complaint.next_step_at.max(Some(work.working_days(AT_LEAST)))),
        ..Default::default()
    };
    row.update(permit.write()).await?;
    // The reason may tell of people: it is erased with the rest, and the journal is not.
    permit.journal(ChangeKind::ComplaintTransferred, complaint.node(), Some(complaint.district_id));
    Ok(id)
}
