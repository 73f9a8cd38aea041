//! Areas as the API shows them.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::entity::{self, area};
use super::rules::AreaLevel;
use super::{Model, actions};
use crate::calendar::{parse_holidays, shanghai_day};
use crate::date::{Date, day};
use crate::error::AppError;
use crate::graphql::paging::{Key, PageArgs, Sort, connection, page};
use crate::graphql::{Loaders, key, key_of, mutate, payload, request};
use crate::ids::NodeKind;
use crate::refusal::{Reason, Refusal};
use crate::search;

/// A place on the area tree, between two redrawings.
pub struct GovernanceArea(pub Arc<Model>);

impl From<Model> for GovernanceArea {
    fn from(model: Model) -> Self {
        GovernanceArea(Arc::new(model))
    }
}

/// A place on the area tree, between two redrawings.
#[Object]
impl GovernanceArea {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The official code: 6 digits for a district, 9 for a street, 12 for a community, longer below.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How high it stands in the tree.
    async fn level(&self) -> AreaLevel {
        self.0.level
    }

    /// The area that it hangs on; null for a district.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<GovernanceArea>> {
        match self.0.parent_id {
            Some(parent) => Ok(Some(area(ctx, parent).await?)),
            None => Ok(None),
        }
    }

    /// The first day on which it bears its code.
    async fn valid_from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// The last day on which it bears its code; null while it is current.
    async fn valid_to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
    }
}

connection!(GovernanceArea, GovernanceAreaConnection, GovernanceAreaEdge, "areas");
payload!(AddAreaPayload, GovernanceArea, AreaKey, "addArea");
payload!(RenameAreaPayload, GovernanceArea, AreaKey, "renameArea");
payload!(SplitAreaPayload, GovernanceArea, AreaKey, "splitArea");
payload!(LoadHolidaysPayload, GovernanceArea, AreaKey, "loadHolidays");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AreaKey(pub Uuid);

impl Loader<AreaKey> for Loaders {
    type Value = GovernanceArea;
    type Error = AppError;

    async fn load(&self, keys: &[AreaKey]) -> std::result::Result<HashMap<AreaKey, GovernanceArea>, AppError> {
        let keys = keys.iter().map(|key| key.0);
        let rows = self.0.recall::<area::Entity>(|memory| &memory.areas, area::Column::Id, |row| row.id, keys, entity::visible()).await?;
        Ok(rows.into_iter().map(|(id, row)| (AreaKey(id), GovernanceArea(row))).collect())
    }
}

impl Clone for GovernanceArea {
    fn clone(&self) -> Self {
        GovernanceArea(self.0.clone())
    }
}

/// An area that must be there: what refers to it is bound to it by a foreign key.
pub async fn area(ctx: &Context<'_>, id: Uuid) -> Result<GovernanceArea> {
    match request(ctx).known(|memory| &memory.areas, id) {
        Some(area) => Ok(GovernanceArea(area)),
        None => Ok(request(ctx).loader.load_one(AreaKey(id)).await?.ok_or(AppError::NotFound)?),
    }
}

/// Which areas to list.
#[derive(InputObject, Default)]
pub struct AreaFilter {
    /// Only these levels.
    level: Option<Vec<AreaLevel>>,
    /// Only this area and those below it.
    within: Option<ID>,
    /// Only areas whose name holds all of these words.
    search: Option<String>,
}

/// In which order areas are listed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum AreaOrder {
    /// By code.
    Code,
    /// By name.
    Name,
    /// Best match first; by code where nothing is searched for.
    Relevance,
}

#[derive(Default)]
pub struct AreaQuery;

#[Object]
impl AreaQuery {
    /// Areas of the tree, current and closed.
    #[allow(clippy::too_many_arguments)]
    async fn areas(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which areas; all where absent.")] filter: Option<AreaFilter>,
        #[graphql(desc = "In which order; RELEVANCE where `search` is given, else CODE.")] order_by: Option<AreaOrder>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<GovernanceAreaConnection> {
        let request = request(ctx);
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let filter = filter.unwrap_or_default();
        let mut select = area::Entity::find().filter(entity::visible());
        if let Some(levels) = filter.level {
            select = select.filter(area::Column::Level.is_in(levels));
        }
        let mut district = None;
        if let Some(id) = key_of(NodeKind::Area, &filter.within)? {
            let area = area(ctx, id).await?.0;
            district = Some(area.district_id);
            select = select.filter(entity::below(&area));
        }
        let id = || Expr::col((area::Entity, area::Column::Id));
        let by = |name, key| Sort { name, keys: vec![Key::Text(Expr::col((area::Entity, key)))], descending: false, id: id() };
        let (select, relevance) = search::narrow(select, NodeKind::Area, id(), district, filter.search.as_deref())?;
        let sort = match (order_by, relevance) {
            (None | Some(AreaOrder::Relevance), Some(sort)) => sort,
            (Some(AreaOrder::Name), _) => by("NAME", area::Column::Name),
            _ => by("CODE", area::Column::Code),
        };
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }

    /// The area that bore a code on a day; null where none did.
    async fn area(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The official code.")] code: String,
        #[graphql(desc = "The day, in Asia/Shanghai; today where absent.")] on: Option<Date>,
    ) -> Result<Option<GovernanceArea>> {
        let request = request(ctx);
        let day = day(on).unwrap_or_else(|| shanghai_day(request.now()));
        Ok(entity::current(&request.conn, &code, day).await?.map(GovernanceArea::from))
    }
}

/// A new area.
#[derive(InputObject)]
struct AddAreaInput {
    /// The area that it hangs on; absent for a district.
    parent: Option<ID>,
    /// How high it stands in the tree.
    level: AreaLevel,
    /// Its code: the parent's with its own digits behind.
    code: String,
    /// Its name, at most 80 characters.
    name: String,
    /// The first day on which it bears the code; today where absent.
    valid_from: Option<Date>,
}

/// An area to be split, and what takes its place.
#[derive(InputObject)]
struct SplitAreaInput {
    /// The area that is closed.
    area: ID,
    /// The first day of the new areas; the old one ends the day before.
    on: Date,
    /// What takes its place, on the same parent and level: 1 to 20 areas.
    into: Vec<AreaPart>,
}

/// One area that a split makes.
#[derive(InputObject)]
struct AreaPart {
    /// Its code.
    code: String,
    /// Its name, at most 80 characters.
    name: String,
}

#[derive(Default)]
pub struct AreaMutation;

#[Object]
impl AreaMutation {
    /// Adds an area to the tree.
    async fn add_area(&self, ctx: &Context<'_>, #[graphql(desc = "The new area.")] input: AddAreaInput) -> Result<AddAreaPayload> {
        let new = actions::NewArea {
            parent: key_of(NodeKind::Area, &input.parent)?,
            level: input.level,
            code: input.code,
            name: input.name,
            valid_from: day(input.valid_from).unwrap_or_else(|| shanghai_day(request(ctx).now())),
        };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::add(&work, &new).await }
        });
        AddAreaPayload::of(ctx, outcome.await?).await
    }

    /// Renames an area.
    async fn rename_area(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The area.")] id: ID,
        #[graphql(desc = "The new name, at most 80 characters.")] name: String,
    ) -> Result<RenameAreaPayload> {
        let id = key(NodeKind::Area, &id)?;
        let outcome = mutate(ctx, |work| {
            let name = name.clone();
            async move { actions::rename(&work, id, &name).await }
        });
        RenameAreaPayload::of(ctx, outcome.await?).await
    }

    /// Splits an area from a day on, or replaces it by one. Records keep the area that they were made in. The result is the closed area.
    async fn split_area(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is split, when and into what.")] input: SplitAreaInput,
    ) -> Result<SplitAreaPayload> {
        let id = key(NodeKind::Area, &input.area)?;
        let into: Vec<_> = input.into.into_iter().map(|part| (part.code, part.name)).collect();
        let outcome = mutate(ctx, |work| {
            let into = into.clone();
            async move {
                if into.is_empty() || into.len() > 20 {
                    return Err(Refusal::invalid("into", "请填写 1 至 20 个新区划", "Name 1 to 20 new areas").into());
                }
                actions::split(&work, id, input.on.into(), &into).await
            }
        });
        SplitAreaPayload::of(ctx, outcome.await?).await
    }

    /// Loads the State Council's holiday table of a later year, in the format of the table that ships with the program. The result is the
    /// district.
    async fn load_holidays(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The district for which it is loaded.")] district: ID,
        #[graphql(desc = "The table, as TOML: a section for each year, a line for each festival.")] table: String,
    ) -> Result<LoadHolidaysPayload> {
        let district = key(NodeKind::Area, &district)?;
        let outcome = mutate(ctx, |work| {
            let rows = parse_holidays(&table);
            async move {
                let rows = rows.map_err(|error| Refusal::from(Reason::InvalidInput { zh: error.zh, en: error.en }).at(&["table"]))?;
                actions::load_holidays(&work, district, &rows).await
            }
        })
        .await?;
        request(ctx).app.refresh().await?;
        LoadHolidaysPayload::of(ctx, outcome).await
    }
}
