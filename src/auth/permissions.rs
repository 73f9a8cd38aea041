//! The one table that says which role may do what on which scope.

use uuid::Uuid;

use super::{Capacity, Viewer};
use crate::error::Result;
use crate::terms::term;

term! {
    /// What an account may act as, on an area with all below it or on a unit.
    Role {
        /// Units, areas, roles, annual report, audit; acts for streets and communities on their behalf.
        DistrictAdmin = "DISTRICT_ADMIN" "区级管理员",
        /// Reviews needs, covers those that nobody took; acts for its communities on their behalf.
        StreetOfficer = "STREET_OFFICER" "街道工作人员",
        /// Posts needs, confirms matches, accepts deliveries for one community.
        CommunitySecretary = "COMMUNITY_SECRETARY" "社区书记",
        /// Pledges resources, claims needs, reports deliveries for one unit.
        UnitRepresentative = "UNIT_REPRESENTATIVE" "成员单位联络员",
        /// A serving party member, steward or volunteer.
        Member = "MEMBER" "在职党员",
        /// Reads everything that may be read, changes nothing.
        Auditor = "AUDITOR" "审计人员",
        /// A partner organisation's frontend; reads what is public.
        Partner = "PARTNER" "合作方",
    }
}

/// Where an action happens: in an area, named with all areas above it, or for a unit.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    Areas(Vec<Uuid>),
    Unit(Uuid),
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal: $($role:ident $(($behalf:ident))?),+;)+) => {
        /// A right to do one thing; its code is what FORBIDDEN names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission { $($(#[doc = $doc])+ $name),+ }

        impl Permission {
            pub const ALL: &[Permission] = &[$(Permission::$name),+];

            pub fn code(self) -> &'static str {
                match self { $(Permission::$name => $code),+ }
            }

            pub fn meaning(self) -> &'static str {
                match self { $(Permission::$name => concat!($($doc),+)),+ }
            }

            /// The roles that hold it, each with whether it then acts on behalf of another.
            pub fn roles(self) -> &'static [(Role, bool)] {
                match self { $(Permission::$name => &[$((Role::$role, permissions!(@behalf $($behalf)?))),+]),+ }
            }
        }
    };
    (@behalf behalf) => { true };
    (@behalf) => { false };
}

permissions! {
    /// Add, rename, split and close areas.
    ManageAreas = "MANAGE_AREAS": DistrictAdmin;
    /// Add and change member units.
    ManageUnits = "MANAGE_UNITS": DistrictAdmin;
    /// Found and change an alliance of an area.
    ManageAlliances = "MANAGE_ALLIANCES": CommunitySecretary, StreetOfficer, DistrictAdmin;
    /// Invite, admit, suspend and resume the members of an alliance.
    ManageMemberships = "MANAGE_MEMBERSHIPS": CommunitySecretary, StreetOfficer, DistrictAdmin;
    /// Apply to an alliance, accept its invitation, leave it, for a unit.
    JoinAlliance = "JOIN_ALLIANCE": UnitRepresentative;
    /// Pair units with a community and end pairings.
    ManagePairings = "MANAGE_PAIRINGS": CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Create accounts, grant and revoke roles.
    ManageAccounts = "MANAGE_ACCOUNTS": DistrictAdmin;
    /// Register, change and revoke partner clients.
    ManageClients = "MANAGE_CLIENTS": DistrictAdmin;
    /// Register, change, test and remove the webhooks of a partner client; a client those of its own.
    ManageWebhooks = "MANAGE_WEBHOOKS": DistrictAdmin, Partner;
    /// Let the robot of a chat group tell of an area's changes.
    ManageRobots = "MANAGE_ROBOTS": CommunitySecretary, StreetOfficer, DistrictAdmin;
    /// Load the yearly holiday table.
    ManageHolidays = "MANAGE_HOLIDAYS": DistrictAdmin;
    /// Read the journal with who did what.
    ReadJournal = "READ_JOURNAL": Auditor, DistrictAdmin;
    /// Pledge a resource for a unit.
    PledgeResource = "PLEDGE_RESOURCE": UnitRepresentative;
    /// Pause, resume, renew and withdraw a pledge.
    ManagePledge = "MANAGE_PLEDGE": UnitRepresentative;
    /// List a submitted pledge, or return it with a reason.
    ReviewPledge = "REVIEW_PLEDGE": StreetOfficer, DistrictAdmin;
    /// Post a need for a community.
    PostNeed = "POST_NEED": CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Change, submit, withdraw and close a need.
    ManageNeed = "MANAGE_NEED": CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Publish a submitted need, or return it with a reason.
    ReviewNeed = "REVIEW_NEED": StreetOfficer, DistrictAdmin(behalf);
    /// Claim a need for a unit.
    ClaimNeed = "CLAIM_NEED": UnitRepresentative;
    /// Request a pledge for a community.
    RequestPledge = "REQUEST_PLEDGE": CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Confirm, reject, cancel and evaluate a match, for its unit or its community.
    AnswerMatch = "ANSWER_MATCH": UnitRepresentative, CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Hand a match on to another unit.
    TransferMatch = "TRANSFER_MATCH": UnitRepresentative;
    /// Report what a unit delivered.
    ReportDelivery = "REPORT_DELIVERY": UnitRepresentative;
    /// Accept or refuse what was delivered to a community.
    AcceptDelivery = "ACCEPT_DELIVERY": CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Add, change and close venues, their zones and services, for the area or the unit that owns them.
    ManageVenue = "MANAGE_VENUE": CommunitySecretary, UnitRepresentative, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Reserve places at sittings for residents of a community, and give them up.
    ReservePlaces = "RESERVE_PLACES": CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Propose and agree to co-buildings of venues for a unit.
    CoBuild = "CO_BUILD": UnitRepresentative;
    /// Book a zone for a unit or a community, give a booking up and take a promoted one up.
    BookZone = "BOOK_ZONE": UnitRepresentative, CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Approve, reject and cancel bookings as the owner of the venue, and say who came.
    AnswerBooking = "ANSWER_BOOKING": CommunitySecretary, UnitRepresentative, StreetOfficer(behalf), DistrictAdmin(behalf);
    /// Read, answer and pass on the complaints and suggestions of an area.
    HandleComplaints = "HANDLE_COMPLAINTS": CommunitySecretary, StreetOfficer, DistrictAdmin;
    /// Reverse a contribution that was recorded by mistake.
    ReverseContribution = "REVERSE_CONTRIBUTION": CommunitySecretary, StreetOfficer(behalf), DistrictAdmin(behalf);
}

impl Viewer {
    /// The areas on which the viewer holds a permission.
    pub fn areas_with(&self, permission: Permission) -> Vec<Uuid> {
        let holds = |grant: &&super::RoleGrant| permission.roles().iter().any(|(role, _)| *role == grant.role);
        self.grants.iter().filter(holds).filter_map(|grant| grant.area_id).collect()
    }

    /// That the viewer holds a permission on any area at all.
    pub fn has(&self, permission: Permission) -> Result<()> {
        self.may(permission, &Scope::Areas(self.areas_with(permission)))
    }

    /// In which capacity the viewer holds a permission on a scope: the nearest one, not on behalf where there is a choice.
    pub fn granted(&self, permission: Permission, scope: &Scope) -> Option<Capacity> {
        if let Some(capacity) = self.system_capacity() {
            return Some(capacity);
        }
        let account = self.account.as_ref()?.id;
        permission.roles().iter().find_map(|&(role, on_behalf)| {
            self.grants
                .iter()
                .any(|grant| {
                    grant.role == role
                        && match scope {
                            Scope::Areas(areas) => grant.area_id.is_some_and(|area| areas.contains(&area)),
                            Scope::Unit(unit) => grant.unit_id == Some(*unit),
                        }
                })
                .then_some(Capacity { account: Some(account), role: Some(role), on_behalf })
        })
    }
}
