//! Pictures of deliveries, as far as they can be told in GraphQL.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::deliveries::{Delivery, DeliveryKey, visible_matches};
use super::types::MatchKey;
use crate::auth::{Permission, Scope};
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::{Action, Can, Loaders, can, request};
use crate::matches::entity::{delivery, picture};

/// A picture of what was delivered, a JPEG without metadata.
#[derive(Clone)]
pub struct Picture(pub picture::Model);

/// A picture of what was delivered, a JPEG without metadata.
#[Object]
impl Picture {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The delivery that it shows.
    async fn delivery(&self, ctx: &Context<'_>) -> Result<Delivery> {
        Ok(request(ctx).loader.load_one(DeliveryKey(self.0.delivery_id)).await?.ok_or(AppError::NotFound)?)
    }

    /// Where the JPEG is, on this service; it is asked for with the same `Authorization`.
    async fn path(&self) -> String {
        format!("/pictures/{}", self.0.node())
    }

    /// In pixels.
    async fn width(&self) -> i32 {
        self.0.width
    }

    /// In pixels.
    async fn height(&self) -> i32 {
        self.0.height
    }

    /// In bytes.
    async fn size(&self) -> i32 {
        self.0.size
    }

    /// When it was added.
    async fn added_at(&self) -> DateTime<Utc> {
        self.0.added_at
    }

    /// What the viewer may do with it: REMOVE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let request = request(ctx);
        let delivery = request.loader.load_one(DeliveryKey(self.0.delivery_id)).await?.ok_or(AppError::NotFound)?;
        let exchange = request.loader.load_one(MatchKey(delivery.0.match_id)).await?.ok_or(AppError::NotFound)?;
        let of_unit = request.viewer.may(Permission::ReportDelivery, &Scope::Unit(exchange.0.unit_id));
        let may = of_unit.or_else(|_| request.viewer.may(Permission::AcceptDelivery, &exchange.0.at().scope()));
        Ok(vec![can(Action::Remove, may)])
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureKey(pub Uuid);

impl Loader<PictureKey> for Loaders {
    type Value = Picture;
    type Error = AppError;

    async fn load(&self, keys: &[PictureKey]) -> std::result::Result<HashMap<PictureKey, Picture>, AppError> {
        let visible = Query::select()
            .column(delivery::Column::Id)
            .from(delivery::Entity)
            .and_where(delivery::Column::MatchId.in_subquery(visible_matches(self)))
            .to_owned();
        let rows = picture::Entity::find()
            .filter(picture::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(picture::Column::DeliveryId.in_subquery(visible))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (PictureKey(row.id), Picture(row))).collect())
    }
}

/// The pictures of a delivery that the viewer already sees.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PicturesOf(pub Uuid);

impl Loader<PicturesOf> for Loaders {
    type Value = Vec<Picture>;
    type Error = AppError;

    async fn load(&self, keys: &[PicturesOf]) -> std::result::Result<HashMap<PicturesOf, Vec<Picture>>, AppError> {
        let rows = picture::Entity::find()
            .filter(picture::Column::DeliveryId.is_in(padded(keys.iter().map(|key| key.0))))
            .order_by_asc(picture::Column::Id)
            .all(&self.0.conn)
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(PicturesOf(row.delivery_id)).or_default().push(Picture(row));
        }
        Ok(found)
    }
}
