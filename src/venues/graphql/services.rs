//! The services of a venue.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::venues::{Venue, venue};
use crate::auth::Permission;
use crate::date::Date;
use crate::db::padded;
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::{Action, Can, Loaders, can, request};
use crate::refusal::{Reason, State};
use crate::venues::entity::{self, service};
use crate::venues::rules::ServiceKind;

/// Something that is done for residents at a venue.
#[derive(Clone)]
pub struct VenueService(pub service::Model);

/// Something that is done for residents at a venue.
#[Object]
impl VenueService {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The venue.
    async fn venue(&self, ctx: &Context<'_>) -> Result<Venue> {
        venue(ctx, self.0.venue_id).await
    }

    /// What it is about.
    async fn kind(&self) -> ServiceKind {
        self.0.kind
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Who gives it.
    async fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// When it is given, in words.
    async fn hours(&self) -> Option<&str> {
        self.0.hours.as_deref()
    }

    /// How to ask for it.
    async fn how_to_ask(&self) -> Option<&str> {
        self.0.how_to_ask.as_deref()
    }

    /// What it costs, in yuan; 0 where it is free of charge, null where nobody has said.
    async fn fee(&self) -> Option<Decimal> {
        self.0.fee.map(Decimal::fen)
    }

    /// The day from which it has not been given; null while it is.
    async fn ended_on(&self) -> Option<Date> {
        self.0.ended_on.map(Date)
    }

    /// What the viewer may do with it: CLOSE.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let venue = venue(ctx, self.0.venue_id).await?;
        let answer = request(ctx).viewer.may(Permission::ManageVenue, &venue.0.scope()).and_then(|()| match self.0.ended_on {
            Some(_) => Err(Reason::WrongState { state: State { code: "ENDED", zh: "已停办" } }.into()),
            None => Ok(()),
        });
        Ok(vec![can(Action::Close, answer)])
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceKey(pub Uuid);

impl Loader<ServiceKey> for Loaders {
    type Value = VenueService;
    type Error = AppError;

    async fn load(&self, keys: &[ServiceKey]) -> std::result::Result<HashMap<ServiceKey, VenueService>, AppError> {
        let ids = keys.iter().map(|key| key.0);
        let rows =
            service::Entity::find().filter(service::Column::Id.is_in(padded(ids))).filter(entity::visible()).all(&self.0.conn).await?;
        Ok(rows.into_iter().map(|row| (ServiceKey(row.id), VenueService(row))).collect())
    }
}
