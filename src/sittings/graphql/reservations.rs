//! Reservations and their list.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::areas::graphql::{AreaKey, GovernanceArea};
use crate::auth::Permission;
use crate::date::instant;
use crate::db::{is_one_of, padded};
use crate::decimal::Decimal;
use crate::error::AppError;
use crate::graphql::eager::Eager;
use crate::graphql::paging::{Key, PageArgs, Sort, connection, page};
use crate::graphql::{Action, Can, Loaders, can, key_of, offered, request};
use crate::ids::NodeKind;
use crate::sittings::entity::{reservation, visible_to};
use crate::sittings::rules::{self, ReservationStatus};
use crate::venues::graphql::{FunctionZone, venue, zone};

/// Places at a sitting, kept for residents of a community.
#[derive(Clone)]
pub struct Reservation(pub reservation::Model);

impl From<reservation::Model> for Reservation {
    fn from(model: reservation::Model) -> Self {
        Reservation(model)
    }
}

/// Places at a sitting, kept for residents of a community, who are counted and not named.
#[Object]
impl Reservation {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The zone.
    async fn zone(&self, ctx: &Context<'_>) -> Result<FunctionZone> {
        zone(ctx, self.0.zone_id).await
    }

    /// The community, street or district whose residents come.
    async fn community(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        Ok(request(ctx).loader.load_one(AreaKey(self.0.community_id)).await?.ok_or(AppError::NotFound)?)
    }

    /// When the sitting begins.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }

    /// When the sitting ends.
    async fn ends_at(&self) -> DateTime<Utc> {
        self.0.ends_at
    }

    /// For whom, as the plan named it when the reservation was made.
    async fn price_band(&self) -> &str {
        &self.0.price_band
    }

    /// What a place costs, in yuan, as it was when the reservation was made.
    async fn price(&self) -> Decimal {
        Decimal::fen(self.0.price)
    }

    /// How many places.
    async fn places(&self) -> i32 {
        self.0.places
    }

    /// How many of them are sponsored.
    async fn sponsored(&self) -> i32 {
        self.0.sponsored
    }

    /// What those that are not sponsored come to, in yuan.
    async fn to_pay(&self) -> Decimal {
        Decimal::fen(self.0.price * i64::from(self.0.places - self.0.sponsored))
    }

    /// What became of it.
    async fn status(&self) -> ReservationStatus {
        self.0.status
    }

    /// Why it was given up.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What the viewer may do with it: CANCEL.
    async fn viewer_can(&self, ctx: &Context<'_>) -> Result<Vec<Eager<Can>>> {
        let request = request(ctx);
        let community = request.loader.load_one(AreaKey(self.0.community_id)).await?.ok_or(AppError::NotFound)?;
        let owner = venue(ctx, self.0.venue_id).await?.0.scope();
        let permitted = request
            .viewer
            .may(Permission::ReservePlaces, &community.0.scope())
            .or_else(|refused| request.viewer.may(Permission::ManageVenue, &owner).map_err(|_| refused));
        let answer = offered(permitted, rules::cancel(&self.0, request.now()), self.0.status.state());
        Ok(vec![can(Action::Cancel, answer)])
    }
}

connection!(Reservation, ReservationConnection, ReservationEdge, "reservations");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReservationKey(pub Uuid);

impl Loader<ReservationKey> for Loaders {
    type Value = Reservation;
    type Error = AppError;

    async fn load(&self, keys: &[ReservationKey]) -> std::result::Result<HashMap<ReservationKey, Reservation>, AppError> {
        let rows = reservation::Entity::find()
            .filter(reservation::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (ReservationKey(row.id), Reservation(row))).collect())
    }
}

/// Which reservations to list.
#[derive(InputObject, Default)]
struct ReservationFilter {
    /// Only these states.
    status: Option<Vec<ReservationStatus>>,
    /// Only those of this community.
    community: Option<ID>,
    /// Only those of this zone.
    zone: Option<ID>,
    /// Only those whose sitting begins at this time or later.
    from: Option<DateTime<Utc>>,
    /// Only those whose sitting begins before this.
    to: Option<DateTime<Utc>>,
}

#[derive(Default)]
pub struct ReservationQuery;

#[Object]
impl ReservationQuery {
    /// The reservations of the viewer's areas, and those at the venues that are theirs, in the order of the sittings.
    async fn reservations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which reservations; all where absent.")] filter: Option<ReservationFilter>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ReservationConnection> {
        use reservation::Column;
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut wanted = Condition::all().add(visible_to(&request.viewer));
        if let Some(status) = filter.status {
            wanted = wanted.add(is_one_of(Column::Status, status));
        }
        for (column, id) in
            [(Column::CommunityId, key_of(NodeKind::Area, &filter.community)?), (Column::ZoneId, key_of(NodeKind::Zone, &filter.zone)?)]
        {
            wanted = wanted.add_option(id.map(|id| column.eq(id)));
        }
        wanted = wanted.add_option(filter.from.map(instant).transpose()?.map(|from| Column::StartsAt.gte(from)));
        wanted = wanted.add_option(filter.to.map(instant).transpose()?.map(|to| Column::StartsAt.lt(to)));
        let sort = Sort {
            name: "STARTS_SOONEST",
            keys: vec![Key::Instant(Expr::col((reservation::Entity, Column::StartsAt)))],
            descending: false,
            id: Expr::col((reservation::Entity, Column::Id)),
        };
        Ok(page(&request.conn, reservation::Entity::find().filter(wanted), &sort, &args).await?.into())
    }
}
