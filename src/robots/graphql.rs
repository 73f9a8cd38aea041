//! Robots as the API shows them.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::actions::{self, Changes, NewRobot};
use super::entity::{robot, visible_to};
use super::rules;
use crate::areas::graphql::{GovernanceArea, area};
use crate::auth::Permission;
use crate::db::padded;
use crate::error::AppError;
use crate::graphql::paging::{PageArgs, Sort, connection, page};
use crate::graphql::{Loaders, kept, key, mutate, payload, request};
use crate::ids::NodeKind;
use crate::journal::{ChangeKind, feed};
use crate::webhooks::rules::{AttemptFailure, PauseReason, WebhookStatus};

/// A robot of a WeCom group that tells of an area's changes. Its key is never shown.
#[derive(Clone)]
pub struct Robot(robot::Model);

impl From<robot::Model> for Robot {
    fn from(model: robot::Model) -> Self {
        Robot(model)
    }
}

/// A robot of a WeCom group that tells of an area's changes. Its key is never shown.
#[Object]
impl Robot {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.node().to_string().into()
    }

    /// The area whose changes it tells.
    async fn area(&self, ctx: &Context<'_>) -> Result<GovernanceArea> {
        area(ctx, self.0.area_id).await
    }

    /// The name of the group.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The kinds of changes that it tells of.
    async fn kinds(&self) -> Vec<ChangeKind> {
        self.0.kinds().iter().filter_map(|code| sea_orm::ActiveEnum::try_from_value(code).ok()).collect()
    }

    /// When it sends the digest on working days, `08:30`, Asia/Shanghai; null where it sends none.
    async fn digest_at(&self) -> Option<String> {
        self.0.digest_at.map(rules::shown_digest)
    }

    /// Whether it tells.
    async fn status(&self) -> WebhookStatus {
        self.0.status
    }

    /// Why it was paused; null where it is not.
    async fn paused_because(&self) -> Option<PauseReason> {
        self.0.paused_because
    }

    /// Since when messages have failed; null where the last one did not.
    async fn failing_since(&self) -> Option<DateTime<Utc>> {
        self.0.failing_since
    }

    /// Why the last message failed; null where it did not.
    async fn last_failure(&self) -> Option<AttemptFailure> {
        self.0.last_failure
    }

    /// When a message was last received; null while none was.
    async fn last_received_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_received_at
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

connection!(Robot, RobotConnection, RobotEdge, "robots");

payload!(AddRobotPayload, Robot, RobotKey, "addRobot");
payload!(UpdateRobotPayload, Robot, RobotKey, "updateRobot");
payload!(PauseRobotPayload, Robot, RobotKey, "pauseRobot");
payload!(ResumeRobotPayload, Robot, RobotKey, "resumeRobot");
payload!(TestRobotPayload, Robot, RobotKey, "testRobot");
payload!(RemoveRobotPayload, Robot, RobotKey, "removeRobot");

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RobotKey(pub Uuid);

impl Loader<RobotKey> for Loaders {
    type Value = Robot;
    type Error = AppError;

    async fn load(&self, keys: &[RobotKey]) -> std::result::Result<HashMap<RobotKey, Robot>, AppError> {
        let rows = robot::Entity::find()
            .filter(robot::Column::Id.is_in(padded(keys.iter().map(|key| key.0))))
            .filter(visible_to(&self.0.viewer))
            .all(&self.0.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (RobotKey(row.id), Robot(row))).collect())
    }
}

#[derive(Default)]
pub struct RobotQuery;

#[Object]
impl RobotQuery {
    /// The robots of the areas that the viewer manages them for, with all below, without those removed; latest first.
    async fn robots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<RobotConnection> {
        let request = request(ctx);
        kept(ctx, request.viewer.has(Permission::ManageRobots))?;
        let args = PageArgs::new(ctx, first, after, last, before)?;
        let select = robot::Entity::find().filter(visible_to(&request.viewer)).filter(robot::Column::Status.ne(WebhookStatus::Removed));
        let sort = Sort::newest((robot::Entity, robot::Column::Id));
        Ok(page(&request.conn, select, &sort, &args).await?.into())
    }
}

/// A new robot.
#[derive(InputObject)]
struct AddRobotInput {
    /// The area whose changes it tells: a district, a street or a community.
    area: ID,
    /// The name of the group, at most 80 characters.
    name: String,
    /// The address that WeCom shows for the robot, or the key in it.
    key: String,
    /// The kinds of changes that it tells of; what a group may need where absent.
    kinds: Option<Vec<ChangeKind>>,
    /// When to send the digest on working days, `08:30`, Asia/Shanghai; none where absent.
    digest_at: Option<String>,
}

/// What is to be changed; what is absent stays as it is.
#[derive(InputObject)]
struct UpdateRobotInput {
    /// The robot.
    id: ID,
    /// The name of the group.
    name: Option<String>,
    /// The address that WeCom shows for the robot, or the key in it.
    key: Option<String>,
    /// The kinds of changes that it tells of.
    kinds: Option<Vec<ChangeKind>>,
    /// When to send the digest; null for none.
    digest_at: MaybeUndefined<String>,
}

#[derive(Default)]
pub struct RobotMutation;

#[Object]
impl RobotMutation {
    /// Lets the robot of a WeCom group tell of an area's changes from now on.
    async fn add_robot(&self, ctx: &Context<'_>, #[graphql(desc = "The new robot.")] input: AddRobotInput) -> Result<AddRobotPayload> {
        let after = feed::head(request(ctx).app.db()).await?;
        let area = key(NodeKind::Area, &input.area)?;
        let new = NewRobot { area, name: input.name, key: input.key, kinds: input.kinds, digest_at: input.digest_at, after };
        let outcome = mutate(ctx, |work| {
            let new = new.clone();
            async move { actions::add(&work, &new).await }
        });
        AddRobotPayload::of(ctx, outcome.await?).await
    }

    /// Changes a robot.
    async fn update_robot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be changed.")] input: UpdateRobotInput,
    ) -> Result<UpdateRobotPayload> {
        let id = key(NodeKind::Robot, &input.id)?;
        let digest_at = match input.digest_at {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(text) => Some(Some(text)),
        };
        let changes = Changes { name: input.name, key: input.key, kinds: input.kinds, digest_at };
        let outcome = mutate(ctx, |work| {
            let changes = changes.clone();
            async move { actions::update(&work, id, &changes).await }
        });
        UpdateRobotPayload::of(ctx, outcome.await?).await
    }

    /// Pauses a robot.
    async fn pause_robot(&self, ctx: &Context<'_>, #[graphql(desc = "The robot.")] id: ID) -> Result<PauseRobotPayload> {
        let id = key(NodeKind::Robot, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::pause(&work, id).await });
        PauseRobotPayload::of(ctx, outcome.await?).await
    }

    /// Lets a paused robot tell again, of what happens from now on.
    async fn resume_robot(&self, ctx: &Context<'_>, #[graphql(desc = "The robot.")] id: ID) -> Result<ResumeRobotPayload> {
        let after = feed::head(request(ctx).app.db()).await?;
        let id = key(NodeKind::Robot, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::resume(&work, id, after).await });
        ResumeRobotPayload::of(ctx, outcome.await?).await
    }

    /// Lets a robot send a test message to its group.
    async fn test_robot(&self, ctx: &Context<'_>, #[graphql(desc = "The robot.")] id: ID) -> Result<TestRobotPayload> {
        let id = key(NodeKind::Robot, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::test(&work, id).await });
        TestRobotPayload::of(ctx, outcome.await?).await
    }

    /// Removes a robot, with its key.
    async fn remove_robot(&self, ctx: &Context<'_>, #[graphql(desc = "The robot.")] id: ID) -> Result<RemoveRobotPayload> {
        let id = key(NodeKind::Robot, &id)?;
        let outcome = mutate(ctx, |work| async move { actions::remove(&work, id).await });
        RemoveRobotPayload::of(ctx, outcome.await?).await
    }
}
