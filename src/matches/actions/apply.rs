//! Applying: a unit claims a need, a community requests a pledge. What is applied for is held from this moment on.

use chrono::NaiveDate;
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::areas;
use crate::areas::Place;
use crate::areas::rules::{AreaLevel, optional, text};
use crate::auth::{Permission, Permit};
use crate::decimal::Decimal;
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::journal::{ChangeKind, Entry};
use crate::matches::entity::exchange;
use crate::matches::ledger::{Shift, shift_need};
use crate::matches::rules::{MatchSide, MatchStatus};
use crate::needs::entity::{is_directed, lock as lock_need, need};
use crate::needs::rules as need_rules;
use crate::needs::{deadlines::settle, rules::Publication};
use crate::refusal::{Reason, Refusal};
use crate::resources;
use crate::units::entity::hold_unit;
use crate::work::Work;

/// What a unit promises to a need.
#[derive(Clone)]
pub struct Claim {
    pub need: Uuid,
    pub unit: Uuid,
    pub quantity: Decimal,
    pub pledge: Option<Uuid>,
    pub plan: Option<String>,
    pub promised_on: Option<NaiveDate>,
}

pub async fn claim(work: &Work, claim: &Claim) -> Result<Uuid> {
    let unit = hold_unit(work.read(), claim.unit).await?;
    let permit = work.permit(Permission::ClaimNeed, &crate::auth::Scope::Unit(unit.id), Some(unit.node()))?;
    let need = settle(&permit, lock_need(work, claim.need).await?).await?;
    let directed = is_directed(work.read(), need.id, unit.id, work.today()).await?;
    need_rules::claim(&need, directed, unit.active, work.now())?;
    let quantity = need_rules::check_quantity("quantity", claim.quantity)?;
    let plan = optional("plan", claim.plan.as_deref(), 500)?;
    let promised_on = need_rules::check_day("promisedOn", claim.promised_on, work.today())?;
    let pledge = match claim.pledge {
        Some(id) => {
            let pledge = resources::actions::lock(work, id).await?;
            if pledge.unit_id != unit.id {
                return Err(AppError::NotFound);
            }
            Some(pledge)
        }
        None => None,
    };
    if let Some(pledge) = &pledge {
        fit(&need, pledge)?;
        resources::rules::may_request(pledge, unit.active, work.today()).map_err(|refusal| refusal.at_input("pledge"))?;
    }
    let application = Application {
        place: need.at(),
        unit: unit.id,
        form: need.form,
        category: need.category,
        measure: need.measure.clone(),
        quantity,
        side: MatchSide::Unit,
        plan,
        purpose: None,
        promised_on,
    };
    application.write(&permit, Some(need), pledge).await
}

/// What a community asks of a pledge.
#[derive(Clone)]
pub struct Request {
    pub pledge: Uuid,
    pub community: Uuid,
    pub quantity: Decimal,
    pub need: Option<Uuid>,
    pub purpose: String,
    pub needed_on: Option<NaiveDate>,
}

pub async fn request(work: &Work, request: &Request) -> Result<Uuid> {
    let community = areas::entity::find(work.read(), request.community).await?;
    let permit = work.permit(Permission::RequestPledge, &community.scope(), Some(community.node()))?;
    let [district, street, _] = community.ancestry()[..] else {
        return Err(Refusal::invalid("community", "请选择社区(村)", "Choose a community").into());
    };
    // A need keeps the community that it was made in, also when that has been redrawn.
    if community.level != AreaLevel::Community || (request.need.is_none() && !community.is_current(work.today())) {
        return Err(Refusal::from(Reason::AreaNotCurrent).at_input("community").into());
    }
    let seen = resources::actions::find(work, request.pledge).await?;
    let unit = hold_unit(work.read(), seen.unit_id).await?;
    let need = match request.need {
        Some(id) => {
            let need = settle(&permit, lock_need(work, id).await?).await?;
            if need.community_id != community.id {
                return Err(AppError::NotFound);
            }
            if need.status.is_ended() || need.publication == Publication::None {
                return Err(Refusal::from(Reason::WrongState { state: need.status.state() }).at_input("need").about(need.node()).into());
            }
            Some(need)
        }
        None => None,
    };
    let pledge = resources::actions::lock(work, request.pledge).await?;
    let quantity = need_rules::check_quantity("quantity", request.quantity)?;
    if let Some(need) = &need {
        fit(need, &pledge)?;
    }
    resources::rules::may_request(&pledge, unit.active, work.today())?;
    let served = resources::entity::areas_of(work.read(), pledge.id).await?;
    if !resources::rules::serves(&pledge, &served, &community.ancestry()) {
        return Err(Refusal::from(Reason::AreaNotServed).at_input("community").into());
    }
    let purpose = text("purpose", &request.purpose, 500)?.ok_or_else(|| Refusal::invalid("purpose", "请填写用途", "Say what it is for"))?;
    let application = Application {
        place: Place { district, street, community: community.id },
        unit: unit.id,
        form: pledge.form,
        category: need.as_ref().map_or(pledge.category, |need| need.category),
        measure: pledge.measure.clone(),
        quantity,
        side: MatchSide::Community,
        plan: None,
        purpose: Some(purpose),
        promised_on: need_rules::check_day("neededOn", request.needed_on, work.today())?,
    };
    application.write(&permit, need, Some(pledge)).await
}

/// A need and a pledge meet only in one measure.
fn fit(need: &need::Model, pledge: &resources::Model) -> Result<()> {
    if need.measure == pledge.measure {
        return Ok(());
    }
    let reason = Reason::MeasureMismatch { need: need.measure.clone(), pledge: pledge.measure.clone() };
    Err(Refusal::from(reason).at_input("pledge").about(need.node()).about(GlobalId::new(NodeKind::Pledge, pledge.id)).into())
}

struct Application {
    place: Place,
    unit: Uuid,
    form: resources::rules::ResourceForm,
    category: resources::rules::NeedCategory,
    measure: String,
    quantity: i64,
    side: MatchSide,
    plan: Option<String>,
    purpose: Option<String>,
    promised_on: Option<NaiveDate>,
}

impl Application {
    async fn write(self, permit: &Permit, need: Option<need::Model>, pledge: Option<resources::Model>) -> Result<Uuid> {
        let work = permit.work();
        if let Some(need) = &need {
            if self.quantity > need.unmatched {
                return Err(need_rules::not_enough_open(need).into());
            }
            shift_need(permit, need, Shift { unmatched: -self.quantity, promised: self.quantity, ..Shift::default() }).await?;
        }
        if let Some(pledge) = &pledge {
            resources::actions::hold(permit, pledge, self.quantity).await?;
        }
        let model = exchange::Model {
            id: work.new_key(),
            district_id: self.place.district,
            street_id: self.place.street,
            community_id: self.place.community,
            need_id: need.map(|need| need.id),
            pledge_id: pledge.map(|pledge| pledge.id),
            unit_id: self.unit,
            form: self.form,
            category: self.category,
            initiated_by: self.side,
            transfer_of_id: None,
            measure: self.measure,
            quantity: self.quantity,
            outstanding: self.quantity,
            delivered: 0,
            accepted: 0,
            returned: 0,
            plan: self.plan,
            purpose: self.purpose,
            promised_on: self.promised_on,
            status: MatchStatus::Applied,
            reason: None,
            reassign: false,
            applied_by: permit.account().ok_or_else(|| AppError::internal("the service itself applies for nothing"))?,
            applied_at: work.now(),
            confirmed_at: None,
            completed_at: None,
            nudged_at: None,
            next_step_at: Some(work.working_days(work.app().settings().answer_days)),
            unit_evaluated: false,
            community_evaluated: false,
            evaluations_released_at: None,
        };
        let (id, entry) = (model.id, Entry::new(ChangeKind::MatchApplied, model.node(), Some(model.district_id)));
        exchange::Entity::insert(exchange::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
        permit.record(entry.with(serde_json::json!({ "by": self.side.code(), "quantity": self.quantity })));
        Ok(id)
    }
}
