//! Deliveries and evaluations.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Select};
use uuid::Uuid;

use super::pictures::{Picture, PicturesOf};
use super::types::{Match, MatchKey};
use crate::auth::{Permission, Scope};
use crate::bookings::graphql::{Booking, BookingKey};
use crate::date::Date;
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::{Action, Can, Loaders, can, offered, request};
use crate::matches::entity::{delivery, evaluation, exchange, visible_to};
use crate::matches::rules::{self, DeliveryStatus, Grade, MatchSide};

/// A report of what a unit handed over, and the community's answer.
#[derive(Clone)]
pub struct Delivery(pub delivery::Model);

/// A report of what a unit handed over, and the community's answer.
#[Object]
impl Delivery {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The match that it fulfils.
    #[graphql(name = "match")]
    async fn exchange(&self, ctx: &Context<'_>) -> Result<Match> {
        Ok(request(ctx).loader.load_one(MatchKey(self.0.match_id)).await?.ok_or(AppError::NotFound)?)
    }

    /// The booking by which the unit's venue was used; null where there was none.
    async fn booking(&self, ctx: &Context<'_>) -> Result<Option<Booking>> {
        match self.0.booking_id {
            Some(booking) => Ok(request(ctx).loader.load_one(BookingKey(booking)).await?),
            None => Ok(None),
        }
    }

    /// How much was reported.
    async fn quantity(&self) -> Decimal {
        Decimal::thousandths(self.0.quantity)
    }

    /// How much of it was accepted; null while it waits for an answer.
    async fn accepted(&self) -> Option<Decimal> {
        self.0.accepted.map(Decimal::thousandths)
    }

    /// The day on which it was handed over.
    async fn delivered_on(&self) -> Date {
        Date(self.0.delivered_on)
    }

    /// What the unit says of it.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// What the community says of it: a note, or the reason of the refusal.
    async fn answer(&self) -> Option<&str> {
        self.0.answer.as_deref()
    }

    /// The fair value of all that was reported, in yuan; null where none was named.
    async fn fair_value(&self) -> Option<Decimal> {
        self.0.fair_value.map(Decimal::fen)
    }

    /// The hours of all that was reported; null where they are not counted.
    async fn hours(&self) -> Option<Decimal> {
        self.0.hours.map(Decimal::thousandths)
    }

    /// What became of the report.
    async fn status(&self) -> DeliveryStatus {
        self.0.status
    }

    /// When it was reported.
    async fn reported_at(&self) -> DateTime<Utc> {
        self.0.reported_at
    }

    /// When the community answered; null while it has not.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }

    /// Its pictures, in the order in which they were added, at most 6; how they are added is in the README.
    async fn pictures(&self, ctx: &Context<'_>) -> Result<Vec<Picture>> {
        Ok(request(ctx).loader.load_one(PicturesOf(self.0.id)).await?.unwrap_or_default())
    }

    /// What the viewer may do with it: ACCEPT, REFUSE, ADD_PICTURE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let request = request(ctx);
        let exchange = request.loader.load_one(MatchKey(self.0.match_id)).await?.ok_or(AppError::NotFound)?;
        let may = |accepted| {
            let permitted = request.viewer.may(Permission::AcceptDelivery, &exchange.0.at().scope());
            offered(permitted, rules::answer_report(&self.0, accepted, request.viewer.account_id()), self.0.status.state())
        };
        let mut add = request.viewer.may(Permission::ReportDelivery, &Scope::Unit(exchange.0.unit_id));
        if add.is_ok() {
            let waits = self.0.status == DeliveryStatus::Reported;
            let known = if waits { request.loader.load_one(PicturesOf(self.0.id)).await?.map_or(0, |known| known.len()) } else { 0 };
            add = rules::add_picture(&self.0, known as u64).map_err(AppError::from);
        }
        Ok(vec![can(Action::Accept, may(self.0.quantity)), can(Action::Refuse, may(0)), can(Action::AddPicture, add)])
    }
}

/// How one side of a match rated the other.
#[derive(Clone)]
pub struct Evaluation(pub evaluation::Model);

/// How one side of a match rated the other.
#[Object]
impl Evaluation {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The side that rates.
    async fn by(&self) -> MatchSide {
        self.0.side
    }

    /// The grade; null while sealed.
    async fn grade(&self) -> Option<Grade> {
        self.0.released_at.map(|_| self.0.grade)
    }

    /// In words; null while sealed, and where there are none.
    async fn comment(&self) -> Option<&str> {
        self.0.released_at.and(self.0.comment.as_deref())
    }

    /// When it could first be read; null while sealed.
    async fn released_at(&self) -> Option<DateTime<Utc>> {
        self.0.released_at
    }
}

/// Keys of matches that the viewer may see, to bind deliveries and evaluations to them.
pub(super) fn visible_matches(loaders: &Loaders) -> sea_orm::sea_query::SelectStatement {
    Query::select().column(exchange::Column::Id).from(exchange::Entity).cond_where(visible_to(&loaders.0.viewer)).to_owned()
}

fn deliveries(loaders: &Loaders) -> Select<delivery::Entity> {
    delivery::Entity::find().filter(delivery::Column::MatchId.in_subquery(visible_matches(loaders))).order_by_asc(delivery::Column::Id)
}

fn evaluations(loaders: &Loaders) -> Select<evaluation::Entity> {
    evaluation::Entity::find()
        .filter(evaluation::Column::MatchId.in_subquery(visible_matches(loaders)))
        .order_by_asc(evaluation::Column::Id)
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveryKey(pub Uuid);

impl Loader<DeliveryKey> for Loaders {
    type Value = Delivery;
    type Error = AppError;

    async fn load(&self, keys: &[DeliveryKey]) -> std::result::Result<HashMap<DeliveryKey, Delivery>, AppError> {
        let rows = deliveries(self).filter(delivery::Column::Id.is_in(padded(keys.iter().map(|key| key.0)))).all(&self.0.conn).await?;
        Ok(rows.into_iter().map(|row| (DeliveryKey(row.id), Delivery(row))).collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EvaluationKey(pub Uuid);

impl Loader<EvaluationKey> for Loaders {
    type Value = Evaluation;
    type Error = AppError;

    async fn load(&self, keys: &[EvaluationKey]) -> std::result::Result<HashMap<EvaluationKey, Evaluation>, AppError> {
        let rows = evaluations(self).filter(evaluation::Column::Id.is_in(padded(keys.iter().map(|key| key.0)))).all(&self.0.conn).await?;
        Ok(rows.into_iter().map(|row| (EvaluationKey(row.id), Evaluation(row))).collect())
    }
}

/// The reports of a match that the viewer already sees.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliveriesOf(pub Uuid);

impl Loader<DeliveriesOf> for Loaders {
    type Value = Vec<Delivery>;
    type Error = AppError;

    async fn load(&self, keys: &[DeliveriesOf]) -> std::result::Result<HashMap<DeliveriesOf, Vec<Delivery>>, AppError> {
        let rows = delivery::Entity::find()
            .filter(delivery::Column::MatchId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_asc(delivery::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let list = found.entry(DeliveriesOf(row.match_id)).or_default();
            if list.len() < 100 {
                list.push(Delivery(row));
            }
        }
        Ok(found)
    }
}

/// The evaluations of a match that the viewer already sees.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EvaluationsOf(pub Uuid);

impl Loader<EvaluationsOf> for Loaders {
    type Value = Vec<Evaluation>;
    type Error = AppError;

    async fn load(&self, keys: &[EvaluationsOf]) -> std::result::Result<HashMap<EvaluationsOf, Vec<Evaluation>>, AppError> {
        let rows = evaluation::Entity::find()
            .filter(evaluation::Column::MatchId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_asc(evaluation::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(EvaluationsOf(row.match_id)).or_default().push(Evaluation(row));
        }
        Ok(found)
    }
}
