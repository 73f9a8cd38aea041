//! Webhooks and their messages as they are stored.

pub mod webhook {
    use sea_orm::entity::prelude::*;

    use crate::webhooks::rules::{PauseReason, WebhookStatus};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhooks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub client_id: Uuid,
        pub district_id: Uuid,
        pub url: String,
        /// Codes; all where absent.
        pub kinds: Option<Json>,
        /// Sealed.
        pub secret: String,
        /// Signs too until its time is over.
        pub former_secret: Option<String>,
        pub former_until: Option<DateTimeUtc>,
        pub status: WebhookStatus,
        pub paused_because: Option<PauseReason>,
        pub cursor_tx: i64,
        pub cursor_seq: i64,
        /// Attempts in a row that failed.
        pub failures: i32,
        pub failing_since: Option<DateTimeUtc>,
        pub resting_until: Option<DateTimeUtc>,
        pub last_received_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod message {
    use sea_orm::entity::prelude::*;

    use crate::journal::ChangeKind;
    use crate::webhooks::rules::{AttemptFailure, MessageStatus};

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_messages")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub webhook_id: Uuid,
        pub district_id: Uuid,
        /// Nothing in a test.
        pub change_id: Option<Uuid>,
        pub kind: Option<ChangeKind>,
        /// The global id of the object; of the webhook itself in a test.
        pub node: String,
        pub tx: i64,
        pub seq: i64,
        /// When the change happened.
        pub at: DateTimeUtc,
        pub status: MessageStatus,
        pub attempts: i32,
        pub next_attempt_at: DateTimeUtc,
        pub failing_since: Option<DateTimeUtc>,
        pub last_attempt_at: Option<DateTimeUtc>,
        pub last_status: Option<i32>,
        pub last_failure: Option<AttemptFailure>,
        pub received_at: Option<DateTimeUtc>,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

use sea_orm::sea_query::{LockType, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::auth::{Permission, Permit, Scope, Viewer};
use crate::clients::entity::{client, visible_to as clients_visible_to};
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::journal::ChangeKind;
use crate::journal::feed::Position;
use crate::refusal::{Reason, Refusal, State};
use crate::webhooks::rules::WebhookStatus;
use crate::work::Work;

impl webhook::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Webhook, self.id)
    }

    pub fn kinds(&self) -> Option<Vec<String>> {
        serde_json::from_value(self.kinds.clone()?).ok()
    }

    pub fn position(&self) -> Position {
        Position::new(self.cursor_tx, self.cursor_seq)
    }
}

impl message::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::WebhookMessage, self.id)
    }

    /// What the receiver knows it by, however often it comes.
    pub fn public_id(&self) -> String {
        match self.change_id {
            Some(change) => format!("change_{}", change.simple()),
            None => self.node().to_string(),
        }
    }

    pub fn kind_code(&self) -> &'static str {
        self.kind.map_or("TEST", ChangeKind::code)
    }
}

/// The webhooks of the clients that a viewer sees.
pub fn visible_to(viewer: &Viewer) -> Condition {
    let clients = Query::select().column(client::Column::Id).from(client::Entity).cond_where(clients_visible_to(viewer)).to_owned();
    Condition::all().add(webhook::Column::ClientId.in_subquery(clients))
}

/// The messages of those webhooks.
pub fn messages_visible_to(viewer: &Viewer) -> Condition {
    let webhooks = Query::select().column(webhook::Column::Id).from(webhook::Entity).cond_where(visible_to(viewer)).to_owned();
    Condition::all().add(message::Column::WebhookId.in_subquery(webhooks))
}

pub fn wrong_state(status: WebhookStatus) -> Refusal {
    Reason::WrongState { state: State { code: status.code(), zh: status.zh() } }.into()
}

/// A webhook that the viewer sees and that was not removed, held for a change.
pub async fn hold(work: &Work, id: Uuid) -> Result<(webhook::Model, Permit)> {
    let found = webhook::Entity::find_by_id(id).filter(visible_to(work.viewer())).lock(LockType::NoKeyUpdate).one(work.read()).await?;
    let webhook = found.ok_or(AppError::NotFound)?;
    let permit = work.permit(Permission::ManageWebhooks, &Scope::Areas(vec![webhook.district_id]), Some(webhook.node()))?;
    match webhook.status {
        WebhookStatus::Removed => Err(wrong_state(webhook.status).into()),
        _ => Ok((webhook, permit)),
    }
}
