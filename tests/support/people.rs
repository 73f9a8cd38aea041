//! Accounts and their sessions, made in the tables: a sign-in is worth its time only where it is the story.

use std::sync::OnceLock;

use alliance::auth::Role;
use alliance::auth::entity::{account, role_grant, session};
use alliance::ids::GlobalId;
use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::Days;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::actor::{Actor, Pass};
use super::answer::Id;
use super::app::TestApp;

/// The password of every account of the stories.
pub const PASSWORD: &str = "correct horse 2025";

impl TestApp {
    /// Somebody who has not signed in.
    pub fn anyone(&self) -> Actor {
        Actor { app: (**self).clone(), http: self.http.clone(), url: self.url.clone(), pass: Pass::None, headers: Vec::new() }
    }

    /// An account with one role on an area or a unit, signed in.
    pub async fn account(&self, login: &str, role: Role, scope: impl Id) -> Actor {
        let now = self.clock().now();
        let model = account::Model {
            id: alliance::ids::new_key(now),
            login: login.to_owned(),
            name: login.to_owned(),
            password_hash: hash().to_owned(),
            created_at: now,
            disabled_at: None,
        };
        insert::<account::Entity, account::ActiveModel>(self, model.clone().into()).await;
        self.grant(model.id, role, scope).await;
        self.session(model.id).await
    }

    /// Gives an account one more role.
    pub async fn grant(&self, account: Uuid, role: Role, scope: impl Id) {
        let now = self.clock().now();
        let scope = GlobalId::parse(scope.id()).expect("a global id");
        let is_unit = role == Role::UnitRepresentative;
        let model = role_grant::Model {
            id: alliance::ids::new_key(now),
            account_id: account,
            role,
            area_id: (!is_unit).then_some(scope.key),
            unit_id: is_unit.then_some(scope.key),
            valid_from: alliance::calendar::shanghai_day(now),
            valid_until: None,
            granted_at: now,
            revoked_at: None,
        };
        insert::<role_grant::Entity, role_grant::ActiveModel>(self, model.into()).await;
    }

    /// An account of the world in a session of its own.
    pub async fn actor(&self, login: &str) -> Actor {
        self.session(self.account_of(login).await).await
    }

    /// The account behind a login.
    pub async fn account_of(&self, login: &str) -> Uuid {
        let found = account::Entity::find().filter(account::Column::Login.eq(login));
        found.one(self.db().pool()).await.expect("accounts can be read").expect("the login exists").id
    }

    async fn session(&self, account: Uuid) -> Actor {
        let now = self.clock().now();
        let model = session::Model {
            id: alliance::ids::new_key(now),
            account_id: account,
            created_at: now,
            // Longer than any story.
            expires_at: now + Days::new(3650),
            ended_at: None,
            ended_because: None,
        };
        insert::<session::Entity, session::ActiveModel>(self, model.clone().into()).await;
        let mut actor = self.anyone();
        actor.pass = Pass::Session { account, session: model.id };
        actor
    }
}

async fn insert<E, A>(app: &TestApp, row: A)
where
    E: EntityTrait,
    A: sea_orm::ActiveModelTrait<Entity = E>,
{
    E::insert(row).exec_without_returning(app.db().pool()).await.expect("a row is written");
}

/// A hash of [`PASSWORD`] that takes no time to check, made once.
fn hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let quick = Params::new(Params::MIN_M_COST, 1, 1, None).expect("the parameters are allowed");
        let salt = SaltString::from_b64("c2FsdHNhbHRzYWx0").expect("a salt");
        let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, quick).hash_password(PASSWORD.as_bytes(), &salt);
        hashed.expect("a hash").to_string()
    })
}
