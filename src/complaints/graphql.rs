//! Complaints as the API shows them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::actions::{self, NewComplaint};
use super::entity::{complaint, visible_to};
use super::rules::{self, ComplaintKind, ComplaintStatus};
use crate::areas::graphql::{AreaKey, GovernanceArea, area};
use crate::auth::{Permission, Viewer};
use crate::db::{is_one_of, padded};
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::{PageArgs, Sort, connection, page};
use crate::graphql::{
    Action, Can, Loaders, Outcome, RefusalView, Request, WarningView, can, key, key_of, mutate, offered, payload, request,
};
use crate::ids::NodeKind;
use crate::refusal::Reason;
use crate::units::rules::{mask_name, mask_phone};
use crate::work::{Done, Work};

/// A complaint or a suggestion. Those who answer for its area see it, and whoever has its receipt number.
#[derive(Clone)]
pub struct Complaint(complaint::Model);

impl From<complaint::Model> for Complaint {
    fn from(model: complaint::Model) -> Self {
        Complaint(model)
    }
}

/// A complaint or a suggestion. Those who answer for its area see it, and whoever has its receipt number.
#[Object]
impl Complaint {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The area that it was sent to, or passed on to.
    async fn area(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.area_id()).await
    }

    /// The area that is to answer: `area`, or one above where it was not answered in time.
    async fn handler(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.handler_id).await
    }

    /// Whether it is a complaint or a suggestion.
    async fn kind(&self) -> ComplaintKind {
        self.0.kind
    }

    /// What was written; null once it is erased, 180 days after the answer.
    async fn words(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.0.opened(&request(ctx).app, &self.0.words_sealed)?)
    }

    /// Whom to call; null where nobody is named, and masked for all but those who answer for the area.
    async fn contact_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let request = request(ctx);
        let name = self.0.contact(&request.app)?.name;
        Ok(if self.0.is_handled_by(&request.viewer) { name } else { name.as_deref().map(mask_name) })
    }

    /// The mobile number to call; null where there is none, and masked for all but those who answer for the area.
    async fn contact_phone(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let request = request(ctx);
        let phone = self.0.contact(&request.app)?.phone;
        Ok(if self.0.is_handled_by(&request.viewer) { phone } else { phone.as_deref().map(mask_phone) })
    }

    /// Where it stands.
    async fn status(&self) -> ComplaintStatus {
        self.0.status
    }

    /// When it came in.
    async fn filed_at(&self) -> DateTime<Utc> {
        self.0.filed_at
    }

    /// By when it is to be answered.
    async fn due_at(&self) -> DateTime<Utc> {
        self.0.due_at
    }

    /// The answer; null before there is one, and once it is erased.
    async fn answer(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.0.opened(&request(ctx).app, &self.0.answer_sealed)?)
    }

    /// Why it was passed on; null where it was not, once it is erased, and for all but those who answer for the area.
    async fn transfer_reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let request = request(ctx);
        let handled = self.0.is_handled_by(&request.viewer);
        Ok(if handled { self.0.opened(&request.app, &self.0.transfer_sealed)? } else { None })
    }

    /// Why the answer before this one would not do; null where nobody objected, and once it is erased.
    async fn objection(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.0.opened(&request(ctx).app, &self.0.objection_sealed)?)
    }

    /// The answer that was objected to; null where none was, and once it is erased.
    async fn earlier_answer(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.0.opened(&request(ctx).app, &self.0.earlier_sealed)?)
    }

    /// When it was answered.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }

    /// What the viewer can do with it now.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let request = request(ctx);
        let handler = request.loader.load_one(AreaKey(self.0.handler_id)).await?.ok_or(AppError::NotFound)?;
        let may = || {
            let permitted = request.viewer.may(Permission::HandleComplaints, &handler.0.scope());
            offered(permitted, rules::handle(&self.0).map(|()| true), rules::state(&self.0))
        };
        Ok(vec![can(Action::Answer, may()), can(Action::Transfer, may())])
    }
}

connection!(Complaint, ComplaintConnection, ComplaintEdge, "complaints");

payload!(AnswerComplaintPayload, Complaint, ComplaintKey, "answerComplaint");

/// What became of objectToAnswer.
#[derive(SimpleObject)]
struct ObjectToAnswerPayload {
    /// The complaint; null exactly where there are refusals.
    result: Option<Complaint>,
    /// Why nothing was done; empty where it was.
    refusals: Vec<RefusalView>,
    /// What is worth a second look.
    warnings: Vec<WarningView>,
}

/// What became of transferComplaint.
#[derive(SimpleObject)]
struct TransferComplaintPayload {
    /// The complaint, which may be no longer for the viewer to see; null exactly where there are refusals.
    result: Option<Complaint>,
    /// Why nothing was done; empty where it was.
    refusals: Vec<RefusalView>,
    /// What is worth a second look.
    warnings: Vec<WarningView>,
}

/// What became of fileComplaint.
#[derive(SimpleObject)]
struct FileComplaintPayload {
    /// The complaint; null exactly where there are refusals.
    result: Option<Complaint>,
    /// The receipt number, by which anybody follows it: shown this once, kept as a digest alone; null where there are refusals, and in a dry run.
    receipt: Option<String>,
    /// Why nothing was done; empty where it was.
    refusals: Vec<RefusalView>,
    /// What is worth a second look.
    warnings: Vec<WarningView>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ComplaintKey(pub Uuid);

impl Loader<ComplaintKey> for Loaders {
    type Value = Complaint;
    type Error = AppError;

    async fn load(&self, keys: &[ComplaintKey]) -> std::result::Result<HashMap<ComplaintKey, Complaint>, AppError> {
        let rows = complaint::Entity::find()
            .filter(complaint::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (ComplaintKey(row.id), Complaint(row))).collect())
    }
}

/// Which complaints to list.
#[derive(InputObject, Default)]
struct ComplaintFilter {
    /// Only those that this area is to answer.
    handler: Option<ID>,
    /// Only these states.
    status: Option<Vec<ComplaintStatus>>,
}

#[derive(Default)]
pub struct ComplaintQuery;

#[Object]
impl ComplaintQuery {
    /// The complaint or suggestion that a receipt number stands for; null where it stands for none. Small letters, spaces and dashes do not
    /// matter.
    async fn complaint(&self, ctx: &Context<'_>, #[graphql(desc = "The receipt number.")] receipt: String) -> Result<Option<Complaint>> {
        Ok(actions::follow(&request(ctx).conn, &receipt).await?.map(Complaint))
    }

    /// Complaints and suggestions of the areas that the viewer answers for, with all below.
    #[allow(clippy::too_many_arguments)]
    async fn complaints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which complaints; all where absent.")] filter: Option<ComplaintFilter>,
        #[graphql(desc = "In which order; NEWEST where absent.")] order_by: Option<ComplaintOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ComplaintConnection> {
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut select = complaint::Entity::find().filter(visible_to(&request.viewer));
        if let Some(status) = filter.status {
            select = select.filter(is_one_of(complaint::Column::Status, status));
        }
        if let Some(handler) = key_of(NodeKind::Area, &filter.handler)? {
            select = select.filter(complaint::Column::HandlerId.eq(handler));
        }
        let newest = Sort::newest((complaint::Entity, complaint::Column::Id));
        let sort = match order_by {
            Some(ComplaintOrder::Oldest) => Sort { name: "OLDEST", descending: false, ..newest },
            _ => newest,
        };
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}

/// What is shorter is too easily that of somebody else.
const SHORTEST_KEY: usize = 32;

/// In which order complaints are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum ComplaintOrder {
    /// Latest first.
    Newest,
    /// Those that have waited longest first.
    Oldest,
}

/// A new complaint or suggestion.
#[derive(InputObject)]
struct FileComplaintInput {
    /// The district, street or community that it is for. One about a community can be sent to its street.
    area: ID,
    /// Whether it is a complaint or a suggestion.
    kind: ComplaintKind,
    /// What it is about, at most 1,000 characters.
    words: String,
    /// Whom to call, at most 40 characters; nobody need be named.
    contact_name: Option<String>,
    /// The mobile number to call.
    contact_phone: Option<String>,
}

/// The answer to a complaint.
#[derive(InputObject)]
struct AnswerComplaintInput {
    /// The complaint.
    id: ID,
    /// The answer, at most 1,000 characters. Whoever has the receipt number reads it.
    answer: String,
}

/// Where a complaint is passed on to.
#[derive(InputObject)]
struct TransferComplaintInput {
    /// The complaint.
    id: ID,
    /// The area whose matter it is, within the same district.
    area: ID,
    /// Why, at most 500 characters.
    reason: String,
}

/// Why an answer will not do.
#[derive(InputObject)]
struct ObjectToAnswerInput {
    /// The receipt number.
    receipt: String,
    /// What will not do, at most 1,000 characters.
    words: String,
}

/// Does something for whoever it is, in nobody's name. A dry run holds a transaction of its own, which is not for everybody to open.
async fn by_nobody<F, Fut>(request: &Request, action: F) -> std::result::Result<Done<complaint::Model>, AppError>
where
    F: Fn(Work) -> Fut,
    Fut: Future<Output = std::result::Result<complaint::Model, AppError>>,
{
    if request.dry_run && request.viewer.account.is_none() {
        return Err(Reason::HeaderNotAllowed.into());
    }
    request.app.write(&Viewer::system(), &request.conn, action).await
}

/// What was done, or why it was not.
async fn told<T>(ctx: &Context<'_>, outcome: std::result::Result<T, AppError>) -> Result<(Option<T>, Vec<RefusalView>)> {
    match outcome {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(AppError::Refused(refusal)) => Ok((None, vec![RefusalView::of(ctx, *refusal).await?])),
        Err(error) => Err(error.into()),
    }
}

#[derive(Default)]
pub struct ComplaintMutation;

#[Object]
impl ComplaintMutation {
    /// Sends a complaint or a suggestion, in nobody's name: it takes no account, and one that is signed in leaves no trace. With an
    /// Idempotency-Key of at least 32 characters, which should be random, the same one sent again is the one that there is, under the same
    /// receipt number. X-Dry-Run is for who is signed in.
    async fn file_complaint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new complaint.")] input: FileComplaintInput,
    ) -> Result<FileComplaintPayload> {
        let request = request(ctx);
        let new = NewComplaint {
            area: key(NodeKind::Area, &input.area)?,
            kind: input.kind,
            words: input.words,
            contact_name: input.contact_name,
            contact_phone: input.contact_phone,
        };
        let filed = async {
            let new = new.check()?;
            let key = request.idempotency_key.as_deref().filter(|key| key.len() >= SHORTEST_KEY);
            let receipt = rules::receipt(key.map(|key| new.seed(key)).as_deref());
            let file = |work| {
                let (new, receipt) = (new.clone(), receipt.clone());
                async move { actions::file(&work, &new, &receipt).await }
            };
            Ok((by_nobody(request, file).await?, receipt))
        };
        let (done, refusals) = told(ctx, filed.await).await?;
        let Some((done, receipt)) = done else {
            return Ok(FileComplaintPayload { result: None, receipt: None, refusals, warnings: Vec::new() });
        };
        Ok(FileComplaintPayload {
            result: Some(Complaint(done.value)),
            // What was only tried has none.
            receipt: Some(receipt).filter(|_| !request.dry_run),
            refusals,
            warnings: WarningView::all(ctx, done.warnings).await?,
        })
    }

    /// Says by the receipt number that the answer will not do: once, and the area above answers. In nobody's name, as it was sent. X-Dry-Run is
    /// for who is signed in.
    async fn object_to_answer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What will not do.")] input: ObjectToAnswerInput,
    ) -> Result<ObjectToAnswerPayload> {
        let objected = async {
            let words = rules::check_words("words", &input.words)?;
            let object = |work| {
                let (receipt, words) = (input.receipt.clone(), words.clone());
                async move { actions::object(&work, &receipt, &words).await }
            };
            by_nobody(request(ctx), object).await
        };
        let (done, refusals) = told(ctx, objected.await).await?;
        let (result, warnings) = match done {
            Some(done) => (Some(Complaint(done.value)), WarningView::all(ctx, done.warnings).await?),
            None => (None, Vec::new()),
        };
        Ok(ObjectToAnswerPayload { result, refusals, warnings })
    }

    /// Answers a complaint or a suggestion for its area.
    async fn answer_complaint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The answer.")] input: AnswerComplaintInput,
    ) -> Result<AnswerComplaintPayload> {
        let id = key(NodeKind::Complaint, &input.id)?;
        let outcome = mutate(ctx, |work| {
            let answer = input.answer.clone();
            async move { actions::answer(&work, id, &answer).await }
        });
        AnswerComplaintPayload::of(ctx, outcome.await?).await
    }

    /// Passes a complaint or a suggestion on to the area whose matter it is. The day by which it is to be answered stays.
    async fn transfer_complaint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to.")] input: TransferComplaintInput,
    ) -> Result<TransferComplaintPayload> {
        let (id, area) = (key(NodeKind::Complaint, &input.id)?, key(NodeKind::Area, &input.area)?);
        let outcome = mutate(ctx, |work| {
            let reason = input.reason.clone();
            async move { actions::transfer(&work, id, area, &reason).await }
        });
        let Outcome { key, refusals, warnings } = outcome.await?;
        let result = match key {
            Some(id) => complaint::Entity::find_by_id(id).one(&request(ctx).conn).await.map_err(AppError::from)?.map(Complaint),
            None => None,
        };
        Ok(TransferComplaintPayload { result, refusals, warnings })
    }
}
