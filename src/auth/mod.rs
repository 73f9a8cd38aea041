//! Who asks, and what they may do: accounts, passwords, sessions and tokens, role grants, the permission table.
//!
//! A request becomes a [`Viewer`]; an action asks [`Work::permit`] and gets a [`Permit`], without which nothing is written. Reads start
//! from each topic's `visible_to(viewer)`. What always holds: tokens live 15 minutes, a refresh token works once, an ended session or a
//! revoked grant counts from the next request on. Tokens of outside issuers ([`outside`]) make a viewer too.

pub mod accounts;
pub mod entity;
pub mod grants;
pub mod graphql;
pub mod outside;
mod passwords;
mod permissions;
mod scopes;
pub mod sessions;
pub mod tokens;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::error::{AppError, Result};
use crate::ids::{GlobalId, NodeKind};
use crate::journal::{ChangeKind, Entry};
use crate::work::Work;

pub use entity::role_grant::Model as RoleGrant;
pub use passwords::{NO_PASSWORD, Passwords};
pub use permissions::{Permission, Role, Scope};
pub use scopes::ClientScope;

/// The account behind a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub id: Uuid,
    pub name: String,
    pub session: Uuid,
}

/// Who asks: nobody, an account with the grants that run today, or the service itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Viewer {
    pub account: Option<Identity>,
    pub grants: Vec<RoleGrant>,
    /// When the token that it came with ends.
    until: Option<DateTime<Utc>>,
    /// What the token of a client may be used for; that of a person for everything.
    scopes: Option<Vec<ClientScope>>,
    /// The roles that the token of an outside issuer carries, which are stored nowhere; nothing for tokens of our own.
    carried: Option<Arc<[RoleGrant]>>,
    system: bool,
}

/// In which role something was done, as the journal keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    pub account: Option<Uuid>,
    pub role: Option<Role>,
    pub on_behalf: bool,
}

/// Roles that read what lies in their area, published or not.
const READING_ROLES: [Role; 4] = [Role::DistrictAdmin, Role::StreetOfficer, Role::CommunitySecretary, Role::Auditor];

impl Viewer {
    pub fn new(account: Identity, grants: Vec<RoleGrant>) -> Self {
        Viewer { account: Some(account), grants, ..Viewer::default() }
    }

    /// The same viewer behind a token that ends then, for these uses.
    pub(crate) fn behind(self, end: DateTime<Utc>, scopes: Option<Vec<ClientScope>>) -> Self {
        Viewer { until: Some(end), scopes, ..self }
    }

    /// The same viewer behind a token of an outside issuer that carries these roles.
    fn carrying(self, grants: Vec<RoleGrant>) -> Self {
        Viewer { carried: Some(grants.into()), ..self }
    }

    /// Whether the token that it came with may be used so.
    pub fn within(&self, scope: ClientScope) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&scope))
    }

    /// The partner client that asks, where it is one.
    pub fn client(&self) -> Option<Uuid> {
        self.account_id().filter(|_| self.scopes.is_some())
    }

    /// Whether the token that it came with has ended.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|end| end <= now)
    }

    pub fn anonymous() -> Self {
        Viewer::default()
    }

    /// The service itself, for deadlines and the command line: sees all, may do all, and is journalled as nobody.
    pub fn system() -> Self {
        Viewer { system: true, ..Viewer::default() }
    }

    pub fn is_system(&self) -> bool {
        self.system
    }

    pub fn account_id(&self) -> Option<Uuid> {
        self.account.as_ref().map(|account| account.id)
    }

    fn system_capacity(&self) -> Option<Capacity> {
        self.system.then_some(Capacity { account: None, role: None, on_behalf: false })
    }

    /// Whether the permission table lets the viewer do something and, if not, why not.
    pub fn may(&self, permission: Permission, scope: &Scope) -> Result<()> {
        self.granted(permission, scope).map(|_| ()).ok_or_else(|| self.lacks(permission, None))
    }

    /// What a viewer without a permission is answered.
    pub(crate) fn lacks(&self, permission: Permission, node: Option<GlobalId>) -> AppError {
        match self.account {
            None => AppError::Unauthenticated,
            Some(_) => AppError::Forbidden { permission: permission.code(), node },
        }
    }

    /// The areas within which the viewer reads everything that is not a resident's.
    pub fn areas(&self) -> Vec<Uuid> {
        self.grants.iter().filter(|grant| READING_ROLES.contains(&grant.role)).filter_map(|grant| grant.area_id).collect()
    }

    /// The areas that the viewer acts for.
    pub fn acting_areas(&self) -> Vec<Uuid> {
        self.grants
            .iter()
            .filter(|grant| grant.role != Role::Auditor && READING_ROLES.contains(&grant.role))
            .filter_map(|grant| grant.area_id)
            .collect()
    }

    /// The units that the viewer represents.
    pub fn units(&self) -> Vec<Uuid> {
        self.grants.iter().filter(|grant| grant.role == Role::UnitRepresentative).filter_map(|grant| grant.unit_id).collect()
    }

    pub fn holds(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }
}

/// The right to write in this transaction, in a certain capacity.
pub struct Permit {
    work: Work,
    capacity: Capacity,
}

impl Permit {
    pub(crate) fn new(work: Work, capacity: Capacity) -> Self {
        Permit { work, capacity }
    }

    /// The transaction, for writing.
    pub fn write(&self) -> &DatabaseTransaction {
        self.work.read()
    }

    pub fn account(&self) -> Option<Uuid> {
        self.capacity.account
    }

    /// Records a change; it appears when the transaction commits.
    pub fn journal(&self, kind: ChangeKind, node: GlobalId, district: Option<Uuid>) {
        self.record(Entry::new(kind, node, district));
    }

    pub fn record(&self, entry: Entry) {
        self.work.journal(Entry { capacity: Some(self.capacity), ..entry });
    }

    pub fn work(&self) -> &Work {
        &self.work
    }
}

/// The global id of an account, for the journal.
pub fn account_node(id: Uuid) -> GlobalId {
    GlobalId::new(NodeKind::Account, id)
}
