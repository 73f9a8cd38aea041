//! The list of bookings.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::BookingConnection;
use crate::bookings::entity::{booking, known_to};
use crate::bookings::rules::BookingStatus;
use crate::date::instant;
use crate::db::is_one_of;
use crate::graphql::paging::{Key, PageArgs, Sort, page};
use crate::graphql::{key_of, request};
use crate::ids::NodeKind;

/// Which bookings to list.
#[derive(InputObject, Default)]
pub struct BookingFilter {
    /// Only these states.
    status: Option<Vec<BookingStatus>>,
    /// Only those of this unit.
    unit: Option<ID>,
    /// Only those of this community.
    community: Option<ID>,
    /// Only those of this venue.
    venue: Option<ID>,
    /// Only those of this zone.
    zone: Option<ID>,
    /// Only those that end after this.
    from: Option<DateTime<Utc>>,
    /// Only those that begin before this.
    to: Option<DateTime<Utc>>,
}

/// In which order bookings are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum BookingOrder {
    /// Latest requested first.
    Newest,
    /// Those that begin soonest first.
    StartsSoonest,
}

#[derive(Default)]
pub struct BookingQuery;

#[Object]
impl BookingQuery {
    /// The bookings of the viewer's units and areas, and of the venues that are theirs.
    #[allow(clippy::too_many_arguments)]
    async fn bookings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bookings; all where absent.")] filter: Option<BookingFilter>,
        #[graphql(desc = "In which order; NEWEST where absent.")] order_by: Option<BookingOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<BookingConnection> {
        use booking::Column;
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut wanted = Condition::all().add(known_to(&request.viewer));
        if let Some(status) = filter.status {
            wanted = wanted.add(is_one_of(Column::Status, status));
        }
        for (column, id) in [
            (Column::UnitId, key_of(NodeKind::Unit, &filter.unit)?),
            (Column::CommunityId, key_of(NodeKind::Area, &filter.community)?),
            (Column::VenueId, key_of(NodeKind::Venue, &filter.venue)?),
            (Column::ZoneId, key_of(NodeKind::Zone, &filter.zone)?),
        ] {
            if let Some(id) = id {
                wanted = wanted.add(column.eq(id));
            }
        }
        if let Some(from) = filter.from.map(instant).transpose()? {
            wanted = wanted.add(Column::EndsAt.gt(from));
        }
        if let Some(to) = filter.to.map(instant).transpose()? {
            wanted = wanted.add(Column::StartsAt.lt(to));
        }
        let sort = match order_by {
            Some(BookingOrder::StartsSoonest) => Sort {
                name: "STARTS_SOONEST",
                keys: vec![Key::Instant(Expr::col((booking::Entity, Column::StartsAt)))],
                descending: false,
                id: Expr::col((booking::Entity, Column::Id)),
            },
            _ => Sort::newest((booking::Entity, Column::Id)),
        };
        Ok(page(&request.conn, booking::Entity::find().filter(wanted), &sort, &args).await?.into())
    }
}
