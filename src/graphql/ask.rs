//! The service asks itself: the same schema and the same rights as from outside, without a door in between.

use std::sync::Arc;

use async_graphql::Variables;
use serde::de::DeserializeOwned;

use super::errors::LANG;
use super::{Request, Source, schema};
use crate::app::App;
use crate::auth::Viewer;
use crate::db::Conn;
use crate::error::{AppError, Result};
use crate::lang::Lang;

/// Runs a query that is known to be valid; its data.
pub async fn ask<T: DeserializeOwned>(app: &App, viewer: Viewer, lang: Lang, query: &str, variables: serde_json::Value) -> Result<T> {
    let source = Arc::new(Source::new(app.clone(), viewer, Conn::Pool(app.db().clone()), lang));
    let request = Request::new(source, None, false);
    let batches = request.batches.clone();
    let prepared = async_graphql::Request::new(query).variables(Variables::from_json(variables)).data(request);
    let answer = LANG.scope(lang, batches.drive(schema::shared().execute(prepared))).await;
    match answer.errors.first() {
        Some(error) => Err(AppError::internal(&error.message)),
        None => answer.data.into_json().and_then(serde_json::from_value).map_err(AppError::internal),
    }
}
