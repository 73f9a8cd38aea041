//! Setting up: areas, accounts, units, alliances, memberships, pairings.

use chrono::NaiveDate;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use uuid::Uuid;

use super::content::phrases::ALLIANCE_MODELS;
use super::content::scenes::{CLINIC_HOSPITAL, HENGRUI, KUNBO, LEGAL_AID_CENTRE, SHENNONG, SHUANGHUI, TAOYUAN, ZIWEI};
use super::content::{self, DISTRICT_CODE, DISTRICT_NAME, STREETS, UNITS, UnitKind};
use super::world::{Community, Street, Unit, World};
use crate::areas::actions::{NewArea, add};
use crate::areas::rules::AreaLevel;
use crate::auth::entity::{account, role_grant};
use crate::auth::{Identity, Permission, Role, Scope, Viewer, account_node};
use crate::error::Result;
use crate::journal::ChangeKind;
use crate::matches::standing;
use crate::units::actions::{Details, NewUnit, Offer, add_unit, apply_to_alliance, found_alliance, invite_unit, pair_unit};
use crate::units::rules::credit_code_with_check;

/// The neighbour that the one unit from outside lies in.
const NEIGHBOUR: (&str, &str) = ("220322", "梨树县");
/// The street whose officer the introduction signs in as.
const BEIMEN: &str = "006";
const PASSWORD: &str = "alliance-demo";
/// Alliances that a community hosts, with the model of each and how many units are in it beside those of its street.
const OF_COMMUNITIES: [(&str, &str, usize, usize); 5] = [
    (ZIWEI, "紫微社区“123+N党建大联盟”", 0, 34),
    (TAOYUAN, "桃源社区党建联盟", 4, 8),
    (SHUANGHUI, "双汇社区党建联盟", 2, 8),
    ("育才社区", "育才校社联盟", 8, 6),
    ("塔山村", "塔山村企共建联盟", 9, 6),
];
const AGREEMENT: &str = "按联盟章程参加共建活动，每年申报一次资源清单，由轮值单位通报办理情况。";
const SURNAMES: [&str; 16] = ["王", "李", "张", "刘", "陈", "杨", "赵", "孙", "周", "徐", "朱", "高", "林", "何", "关", "那"];

/// Password hashes take long on purpose: one for the logins of the introduction, one that nobody has the password of.
struct Hashes {
    known: String,
    nobodys: String,
}

pub(super) async fn found(world: &mut World) -> Result<()> {
    let passwords = world.app.passwords();
    let secret = format!("{:032x}", rand::random::<u128>());
    let hashes = Hashes { known: passwords.hash(PASSWORD).await?, nobodys: passwords.hash(&secret).await? };
    let system = Viewer::system();
    let district = add_area(world, &system, None, AreaLevel::District, DISTRICT_CODE, DISTRICT_NAME).await?;
    let neighbour = add_area(world, &system, None, AreaLevel::District, NEIGHBOUR.0, NEIGHBOUR.1).await?;
    for (login, name, role) in [
        ("district", "铁东区 区级管理员", Role::DistrictAdmin),
        ("auditor", "铁东区 审计人员", Role::Auditor),
        ("partner", "合作方", Role::Partner),
    ] {
        let viewer = enrol(world, login, name, &hashes.known, role, Scope::Areas(vec![district])).await?;
        if role == Role::DistrictAdmin {
            world.district = viewer;
        }
    }
    add_areas(world, district, &hashes).await?;
    add_units(world, district, neighbour, &hashes).await?;
    join(world).await?;
    pair(world).await
}

async fn add_area(world: &World, who: &Viewer, parent: Option<Uuid>, level: AreaLevel, code: &str, name: &str) -> Result<Uuid> {
    let valid_from = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day");
    let new = &NewArea { parent, level, code: code.to_owned(), name: name.to_owned(), valid_from };
    world.act(who, |work| async move { add(&work, new).await }).await
}

async fn add_areas(world: &mut World, district: Uuid, hashes: &Hashes) -> Result<()> {
    for def in STREETS {
        let code = format!("{DISTRICT_CODE}{}", def.code);
        let id = add_area(world, &world.district, Some(district), AreaLevel::Street, &code, def.name).await?;
        let (login, hash) = match def.name {
            "北门街道" => ("street".to_owned(), &hashes.known),
            _ => (format!("street-{code}"), &hashes.nobodys),
        };
        let name = format!("{} 工作人员", def.name);
        let officer = enrol(world, &login, &name, hash, Role::StreetOfficer, Scope::Areas(vec![id])).await?;
        let name = &format!("{}党建联盟", def.name);
        // 镇 and 乡 have their own model; the streets take turns at theirs.
        let model = if def.code < "100" { ALLIANCE_MODELS[[1, 5, 7][world.streets.len() % 3]] } else { ALLIANCE_MODELS[6] };
        let alliance = world.act(&officer, |work| async move { found_alliance(&work, id, name, Some(model)).await }).await?;
        for community in def.communities {
            let code = format!("{code}{}", community.code);
            let id = add_area(world, &world.district, Some(id), AreaLevel::Community, &code, community.name).await?;
            let (login, hash) = match community.name {
                TAOYUAN => ("secretary".to_owned(), &hashes.known),
                SHUANGHUI => ("secretary2".to_owned(), &hashes.known),
                _ => (format!("secretary-{code}"), &hashes.nobodys),
            };
            let post = if community.name.ends_with('村') { "村书记" } else { "社区书记" };
            let name = format!("{} {post}", community.name);
            let secretary = enrol(world, &login, &name, hash, Role::CommunitySecretary, Scope::Areas(vec![id])).await?;
            let street = world.streets.len();
            world.communities.push(Community { id, name: community.name, street, secretary, paired: Vec::new() });
        }
        world.streets.push(Street { id, officer, alliance });
    }
    Ok(())
}

async fn add_units(world: &mut World, district: Uuid, neighbour: Uuid, hashes: &Hashes) -> Result<()> {
    for (number, def) in UNITS.iter().enumerate() {
        let outside = def.home.is_empty();
        let home = if [SHENNONG, KUNBO].contains(&def.name) { BEIMEN } else { def.home };
        let street = STREETS.iter().position(|street| street.code == home).unwrap_or(6);
        let (home, who) = if outside { (neighbour, Viewer::system()) } else { (district, world.district.clone()) };
        let place = if outside { NEIGHBOUR.1.to_owned() } else { format!("{DISTRICT_NAME}{}", STREETS[street].name) };
        let mut surname = || world.dice.one(&SURNAMES).unwrap_or_default();
        let (contact, secretary) = (format!("{}同志", surname()), format!("{}书记", surname()));
        let code = credit_code(def, number, if outside { NEIGHBOUR.0 } else { DISTRICT_CODE });
        let details = Details {
            no_credit_code_reason: code.is_none().then(|| Some("党组织或部队单位，没有统一社会信用代码".to_owned())),
            credit_code: code.map(Some),
            address: Some(Some(place)),
            contact_name: Some(Some(contact)),
            // A pattern that shows at a glance that it is invented.
            contact_phone: Some(Some(format!("1990000{:04}", number + 1))),
            party_secretary: Some(Some(secretary)),
        };
        let new = &NewUnit { district: home, name: def.name.to_owned(), kind: def.kind, track: def.track, details };
        let id = world.act(&who, |work| async move { add_unit(&work, new).await }).await?;
        let (login, hash) = match def.name {
            SHENNONG => ("unit".to_owned(), &hashes.known),
            KUNBO => ("unit2".to_owned(), &hashes.known),
            _ => (format!("unit-{:03}", number + 1), &hashes.nobodys),
        };
        let name = format!("{} 联络员", def.name);
        let representative = enrol(world, &login, &name, hash, Role::UnitRepresentative, Scope::Unit(id)).await?;
        world.units.push(Unit { id, def, street, representative, active: true });
    }
    Ok(())
}

/// An invented code: right in form, and of nobody.
fn credit_code(def: &content::Unit, number: usize, district: &str) -> Option<String> {
    let sort = match def.kind {
        UnitKind::Garrison | UnitKind::Other => return None,
        UnitKind::PartyGovernmentOrgan => "11",
        UnitKind::PublicInstitution | UnitKind::School | UnitKind::Medical => "12",
        UnitKind::SocialOrganisation => "51",
        _ => "91",
    };
    credit_code_with_check(&format!("{sort}{district}MADEM{number:04}"))
}

/// An account with one role. Accounts are made by an operator before anybody can sign in to make them.
async fn enrol(world: &World, login: &str, name: &str, hash: &str, role: Role, scope: Scope) -> Result<Viewer> {
    let (area, unit) = match &scope {
        Scope::Areas(areas) => (areas.first().copied(), None),
        Scope::Unit(unit) => (None, Some(*unit)),
    };
    let (system, scope) = (Viewer::system(), &scope);
    let made = world.act(&system, |work| async move {
        let permit = work.permit(Permission::ManageAccounts, scope, None)?;
        let account = account::Model {
            id: work.new_key(),
            login: login.to_owned(),
            name: name.to_owned(),
            password_hash: hash.to_owned(),
            created_at: work.now(),
            disabled_at: None,
        };
        let grant = role_grant::Model {
            id: work.new_key(),
            account_id: account.id,
            role,
            area_id: area,
            unit_id: unit,
            valid_from: work.today(),
            valid_until: None,
            granted_at: work.now(),
            revoked_at: None,
        };
        let account = account.into_active_model().insert(permit.write()).await?;
        let grant = grant.into_active_model().insert(permit.write()).await?;
        permit.journal(ChangeKind::AccountCreated, account_node(account.id), None);
        permit.journal(ChangeKind::RoleGranted, account_node(account.id), None);
        Ok((account.id, grant))
    });
    let (id, grant) = made.await?;
    // Nobody has signed in: there is no session.
    Ok(Viewer::new(Identity { id, name: name.to_owned(), session: Uuid::nil() }, vec![grant]))
}

/// Every unit joins its street's alliance, some by applying and some by invitation; many join others, wherever these are.
async fn join(world: &mut World) -> Result<()> {
    for unit in 0..world.units.len() {
        let street = world.units[unit].street;
        let host = world.streets[street].officer.clone();
        let alliance = world.streets[street].alliance;
        admit(world, alliance, &host, unit).await?;
    }
    // One membership each: whoever plays the suspension of one sees all of it.
    let groups = [world.unit(SHENNONG), world.unit(KUNBO)];
    for (host, name, model, others) in OF_COMMUNITIES {
        let community = world.community(host);
        let (id, street) = (world.communities[community].id, world.communities[community].street);
        let secretary = world.communities[community].secretary.clone();
        let model = Some(ALLIANCE_MODELS[model]);
        let alliance = world.act(&secretary, |work| async move { found_alliance(&work, id, name, model).await }).await?;
        let mut units: Vec<usize> = (0..world.units.len()).filter(|unit| !groups.contains(unit)).collect();
        world.dice.shuffle(&mut units);
        let (near, far): (Vec<_>, Vec<_>) = units.into_iter().partition(|unit| world.units[*unit].street == street);
        let members = near.into_iter().take(10).chain(far.into_iter().take(others));
        for unit in members {
            admit(world, alliance, &secretary, unit).await?;
        }
    }
    Ok(())
}

async fn admit(world: &mut World, alliance: Uuid, host: &Viewer, unit: usize) -> Result<Uuid> {
    admit_until(world, alliance, host, unit, None).await
}

pub(super) async fn admit_until(world: &mut World, alliance: Uuid, host: &Viewer, unit: usize, until: Option<NaiveDate>) -> Result<Uuid> {
    let applies = world.dice.percent(50);
    let (id, own) = (world.units[unit].id, &world.units[unit].representative);
    let offer = &Offer { alliance, unit: id, agreement: Some(AGREEMENT.to_owned()), until };
    let (membership, second) = if applies {
        (world.act(own, |work| async move { apply_to_alliance(&work, offer).await }).await?, host)
    } else {
        (world.act(host, |work| async move { invite_unit(&work, offer).await }).await?, own)
    };
    world.act(second, |work| async move { standing::admit(&work, membership).await }).await
}

/// Each community has two to five units of its own, some from across the street's border.
async fn pair(world: &mut World) -> Result<()> {
    for community in 0..world.communities.len() {
        let Community { id, name, street, .. } = world.communities[community];
        let mut chosen = match name {
            TAOYUAN => vec![world.unit(SHENNONG), world.unit(KUNBO), world.unit(LEGAL_AID_CENTRE)],
            SHUANGHUI => vec![world.unit(SHENNONG), world.unit(KUNBO), world.unit(CLINIC_HOSPITAL)],
            _ => Vec::new(),
        };
        let most = chosen.len().max(world.dice.within((2, 5)) as usize);
        while chosen.len() < most {
            let abroad = world.dice.percent(30);
            let near: Vec<usize> = (0..world.units.len()).filter(|unit| abroad || world.units[*unit].street == street).collect();
            let unit = world.dice.one(&near).unwrap_or_default();
            if !chosen.contains(&unit) {
                chosen.push(unit);
            }
        }
        for unit in &chosen {
            let (unit, secretary) = (world.units[*unit].id, &world.communities[community].secretary);
            world.act(secretary, |work| async move { pair_unit(&work, unit, id, work.today()).await }).await?;
        }
        world.communities[community].paired = chosen;
    }
    Ok(())
}

impl World {
    /// A unit of the tables.
    pub fn unit(&self, name: &str) -> usize {
        self.units.iter().position(|unit| unit.def.name == name).expect("a unit of the table")
    }

    /// Whether somebody of the introduction signs in for the unit.
    pub fn named(&self, unit: usize) -> bool {
        [SHENNONG, KUNBO].contains(&self.units[unit].def.name)
    }

    /// Whether the unit may come off badly: there are real ones of the other kinds, and some firms are in the newspaper.
    pub fn is_invented(&self, unit: usize) -> bool {
        let def = self.units[unit].def;
        matches!(def.kind, UnitKind::PrivateEnterprise | UnitKind::PropertyCompany) && ![SHENNONG, KUNBO, HENGRUI].contains(&def.name)
    }

    /// A community of the tables.
    pub fn community(&self, name: &str) -> usize {
        self.communities.iter().position(|community| community.name == name).expect("a community of the table")
    }
}
