//! The root objects, merged from the topics.

use std::sync::LazyLock;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, SchemaBuilder, ValidationMode};

use super::node::NodeQuery;
use crate::areas::graphql::{AreaMutation, AreaQuery};
use crate::auth::graphql::{AccountMutation, AccountQuery, GrantMutation, SessionMutation, SessionQuery};
use crate::bookings::graphql::{BookingMutation, BookingQuery, CalendarMutation, CalendarQuery};
use crate::clients::graphql::{ClientMutation, ClientQuery, OperationMutation};
use crate::complaints::graphql::{ComplaintMutation, ComplaintQuery};
use crate::contributions::graphql::ContributionMutation;
use crate::journal::graphql::{ChangeQuery, ChangeSubscription, JournalQuery};
use crate::matches::graphql::{MatchMutation, MatchQuery};
use crate::needs::graphql::{NeedMutation, NeedQuery};
use crate::reports::graphql::ReportQuery;
use crate::resources::graphql::{PledgeMutation, PledgeQuery};
use crate::robots::graphql::{RobotMutation, RobotQuery};
use crate::sittings::graphql::{ReservationQuery, SittingMutation};
use crate::units::graphql::{UnitMutation, UnitQuery};
use crate::venues::graphql::{CoBuildingMutation, VenueMutation, VenueQuery};
use crate::webhooks::graphql::WebhookMutation;

/// Everything that can be read.
#[derive(MergedObject, Default)]
pub struct Query(
    NodeQuery,
    SessionQuery,
    AccountQuery,
    AreaQuery,
    UnitQuery,
    PledgeQuery,
    VenueQuery,
    ReservationQuery,
    BookingQuery,
    CalendarQuery,
    ClientQuery,
    RobotQuery,
    ComplaintQuery,
    NeedQuery,
    MatchQuery,
    ReportQuery,
    JournalQuery,
    ChangeQuery,
);

/// Everything that can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(
    SessionMutation,
    AccountMutation,
    GrantMutation,
    AreaMutation,
    UnitMutation,
    PledgeMutation,
    VenueMutation,
    CoBuildingMutation,
    SittingMutation,
    BookingMutation,
    CalendarMutation,
    ClientMutation,
    WebhookMutation,
    RobotMutation,
    ComplaintMutation,
    OperationMutation,
    NeedMutation,
    MatchMutation,
    ContributionMutation,
);

/// Everything that can be followed.
#[derive(MergedSubscription, Default)]
pub struct Subscription(ChangeSubscription);

pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Documents come to it validated: `guard::Document::check`.
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .disable_suggestions()
        .validation_mode(ValidationMode::Fast)
}

/// The one schema of the process.
pub fn shared() -> &'static Schema {
    static SHARED: LazyLock<Schema> = LazyLock::new(|| builder().finish());
    &SHARED
}

/// The schema definition, sorted.
pub fn sdl() -> String {
    shared().sdl_with_options(SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by())
}
