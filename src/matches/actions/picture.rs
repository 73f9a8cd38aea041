//! Pictures of a delivery: the unit adds them while its report waits for an answer; either side takes them away.

use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{lock, peek};
use crate::app::App;
use crate::auth::{Permission, Permit, Scope, Viewer};
use crate::error::{AppError, Result};
use crate::journal::{ChangeKind, Entry};
use crate::matches::entity::{delivery, exchange, picture, picture_content, visible_to};
use crate::matches::rules;
use crate::picture::Picture;
use crate::work::Work;

/// Whether the viewer could add this file now, before anything is made of it; the picture that it is already.
pub async fn look(app: &App, viewer: &Viewer, delivery: Uuid, digest: &str) -> Result<Option<Uuid>> {
    let seen = delivery::Entity::find_by_id(delivery).one(app.db()).await?.ok_or(AppError::NotFound)?;
    let exchange = exchange::Entity::find_by_id(seen.match_id).filter(visible_to(viewer)).one(app.db()).await?.ok_or(AppError::NotFound)?;
    viewer.may(Permission::ReportDelivery, &Scope::Unit(exchange.unit_id))?;
    known_or_allowed(app.db(), &seen, digest).await
}

/// Adds a picture to a report that waits for its answer. The same file once more is the same picture.
pub async fn add(work: &Work, delivery: Uuid, picture: &Picture, digest: &str) -> Result<Uuid> {
    let (seen, exchange) = peek_delivery(work, delivery).await?;
    let permit = work.permit(Permission::ReportDelivery, &Scope::Unit(exchange.unit_id), Some(seen.node()))?;
    lock(work, &exchange).await?;
    let seen = delivery::Entity::find_by_id(delivery).lock_exclusive().one(work.read()).await?.ok_or(AppError::NotFound)?;
    if let Some(known) = known_or_allowed(work.read(), &seen, digest).await? {
        return Ok(known);
    }
    let model = picture::Model {
        id: work.new_key(),
        district_id: exchange.district_id,
        delivery_id: delivery,
        digest: digest.to_owned(),
        width: measured(picture.width)?,
        height: measured(picture.height)?,
        size: measured(picture.jpeg.len())?,
        added_by: permit.account().ok_or_else(|| AppError::internal("the service itself takes no pictures"))?,
        added_at: work.now(),
    };
    let (id, content) = (model.id, picture_content::Model { picture_id: model.id, content: picture.jpeg.clone() });
    picture::Entity::insert(picture::ActiveModel::from(model)).exec_without_returning(permit.write()).await?;
    picture_content::Entity::insert(picture_content::ActiveModel::from(content)).exec_without_returning(permit.write()).await?;
    record(&permit, ChangeKind::PictureAdded, &seen, &exchange, id);
    Ok(id)
}

/// Takes a picture away, whatever became of the report: it may show what must not be seen. The key is that of the delivery.
pub async fn remove(work: &Work, id: Uuid) -> Result<Uuid> {
    let picture = picture::Entity::find_by_id(id).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let (delivery, exchange) = peek_delivery(work, picture.delivery_id).await?;
    let of_unit = work.permit(Permission::ReportDelivery, &Scope::Unit(exchange.unit_id), Some(delivery.node()));
    let permit = of_unit.or_else(|_| work.permit(Permission::AcceptDelivery, &exchange.at().scope(), Some(delivery.node())))?;
    picture_content::Entity::delete_by_id(id).exec(permit.write()).await?;
    if picture::Entity::delete_by_id(id).exec(permit.write()).await?.rows_affected == 0 {
        return Err(AppError::NotFound);
    }
    record(&permit, ChangeKind::PictureRemoved, &delivery, &exchange, id);
    Ok(delivery.id)
}

/// The picture of a report that this file is already; refused where it could be none.
async fn known_or_allowed(db: &impl ConnectionTrait, report: &delivery::Model, digest: &str) -> Result<Option<Uuid>> {
    let of_report = picture::Entity::find().filter(picture::Column::DeliveryId.eq(report.id)).all(db).await?;
    if let Some(known) = of_report.iter().find(|known| known.digest == digest) {
        return Ok(Some(known.id));
    }
    rules::add_picture(report, of_report.len() as u64)?;
    Ok(None)
}

async fn peek_delivery(work: &Work, id: Uuid) -> Result<(delivery::Model, exchange::Model)> {
    let delivery = delivery::Entity::find_by_id(id).one(work.read()).await?.ok_or(AppError::NotFound)?;
    let exchange = peek(work, delivery.match_id).await?;
    Ok((delivery, exchange))
}

fn record(permit: &Permit, kind: ChangeKind, delivery: &delivery::Model, exchange: &exchange::Model, picture: Uuid) {
    let entry = Entry::new(kind, delivery.node(), Some(exchange.district_id));
    permit.record(entry.with(serde_json::json!({ "picture": picture })));
}

fn measured<N: TryInto<i32>>(number: N) -> Result<i32> {
    number.try_into().map_err(|_| AppError::internal("a picture of no measure"))
}

/// A picture's bytes, where the viewer may see it; without them where the caller holds them already.
pub async fn read(app: &App, viewer: &Viewer, id: Uuid, is_held: bool) -> Result<Option<Vec<u8>>> {
    let matches = Query::select().column(exchange::Column::Id).from(exchange::Entity).cond_where(visible_to(viewer)).to_owned();
    let deliveries = Query::select()
        .column(delivery::Column::Id)
        .from(delivery::Entity)
        .and_where(delivery::Column::MatchId.in_subquery(matches))
        .to_owned();
    let visible = picture::Entity::find_by_id(id).filter(picture::Column::DeliveryId.in_subquery(deliveries));
    visible.one(app.db()).await?.ok_or(AppError::NotFound)?;
    if is_held {
        return Ok(None);
    }
    let found = picture_content::Entity::find_by_id(id).one(app.db()).await?.ok_or(AppError::NotFound)?;
    Ok(Some(found.content))
}
