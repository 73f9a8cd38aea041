//! The root objects, merged from the topics.

use async_graphql::{EmptySubscription, MergedObject, SDLExportOptions, SchemaBuilder};

use super::node::NodeQuery;
use crate::areas::graphql::{AreaMutation, AreaQuery};
use crate::units::graphql::{UnitMutation, UnitQuery};

/// Everything that can be read.
#[derive(MergedObject, Default)]
pub struct Query(NodeQuery, AreaQuery, UnitQuery);

/// Everything that can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(AreaMutation, UnitMutation);

pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

pub fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    async_graphql::Schema::build(Query::default(), Mutation::default(), EmptySubscription).disable_suggestions()
}

/// The schema definition, sorted.
pub fn sdl() -> String {
    builder().finish().sdl_with_options(
        SDLExportOptions::new()
            .sorted_fields()
            .sorted_arguments()
            .sorted_enum_items()
            .include_specified_by(),
    )
}
