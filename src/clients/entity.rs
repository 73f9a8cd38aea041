//! Clients and their credentials as they are stored.

pub mod client {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "clients")]
    pub struct Model {
        /// Also the key of its account.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub district_id: Uuid,
        pub name: String,
        /// Codes.
        pub scopes: Json,
        /// As browsers write them.
        pub origins: Json,
        pub expires_on: Option<Date>,
        pub created_at: DateTimeUtc,
        pub last_used_at: Option<DateTimeUtc>,
        pub revoked_at: Option<DateTimeUtc>,
        /// Whether it may send nothing but what it registered.
        pub registered_only: bool,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod credential {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "client_credentials")]
    pub struct Model {
        /// Also the key of its session.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub client_id: Uuid,
        pub secret_digest: Option<String>,
        /// A JWK.
        pub public_key: Option<Json>,
        pub created_at: DateTimeUtc,
        pub expires_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod assertion {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "client_assertions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub client_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub digest: String,
        pub expires_at: DateTimeUtc,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod operation {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "client_operations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub client_id: Uuid,
        /// SHA-256 of the document, in hexadecimal letters.
        pub hash: String,
        pub name: Option<String>,
        pub document: String,
        pub bytes: i32,
        pub registered_at: DateTimeUtc,
    }

    crate::db::row!(Model);

    impl ActiveModelBehavior for ActiveModel {}
}

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, Condition};

use crate::auth::{ClientScope, Permission, Viewer};
use crate::ids::{GlobalId, NodeKind};

impl client::Model {
    pub fn node(&self) -> GlobalId {
        GlobalId::new(NodeKind::Client, self.id)
    }

    /// Whether it was revoked, or its last day is over.
    pub fn has_ended(&self, today: NaiveDate) -> bool {
        self.revoked_at.is_some() || self.expires_on.is_some_and(|last| last < today)
    }

    pub fn scopes(&self) -> Vec<ClientScope> {
        let codes: Vec<String> = serde_json::from_value(self.scopes.clone()).unwrap_or_default();
        codes.iter().filter_map(|code| ClientScope::parse(code)).collect()
    }

    pub fn origins(&self) -> Vec<String> {
        serde_json::from_value(self.origins.clone()).unwrap_or_default()
    }
}

/// The clients of the districts that a viewer manages them for, and the viewer itself where it is one.
pub fn visible_to(viewer: &Viewer) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    let own = client::Column::Id.eq(viewer.account_id());
    Condition::any().add(own).add(client::Column::DistrictId.is_in(viewer.areas_with(Permission::ManageClients)))
}
