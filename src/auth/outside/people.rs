//! The accounts of those whose tokens an outside issuer gives out: made at first sight, with the roles that each token carries.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LockType, Query, SelectStatement};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::issuer::Issuer;
use super::rules::{Place, Said, Wanted};
use super::settings::PlaceOf;
use crate::app::App;
use crate::areas::entity::area;
use crate::auth::entity::account;
use crate::auth::grants::check_role;
use crate::auth::passwords::NO_PASSWORD;
use crate::auth::sessions::running_grants;
use crate::auth::{Identity, Permission, RoleGrant, Scope, Viewer, account_node};
use crate::calendar::shanghai_day;
use crate::db::{Conn, or_taken, padded};
use crate::error::{AppError, Result};
use crate::ids::{GlobalId, key_of_digest};
use crate::journal::ChangeKind;
use crate::refusal::Reason;
use crate::units::entity::unit;
use crate::work::{Work, statement};

/// How the logins of such accounts begin, and those of no others.
pub const LOGIN_PREFIX: &str = "oidc_";

/// What is stored of somebody.
struct Person {
    id: Uuid,
    name: String,
    created_at: DateTime<Utc>,
    /// The account was closed, or somebody signed out with this token.
    is_out: bool,
}

/// A role on a place that there is.
struct Given {
    wanted: Wanted,
    area: Option<Uuid>,
    unit: Option<Uuid>,
    district: Uuid,
}

/// The login of a subject: a digest, since a subject may be the number of an identity card.
fn login(issuer: &str, subject: &str) -> String {
    let digest = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(subject).finalize();
    format!("{LOGIN_PREFIX}{:.40}", format!("{digest:x}"))
}

/// The viewer that a token makes, with the account's own grants and those that the token carries.
pub async fn load(app: &App, issuer: &Issuer, said: &Said, session: Uuid, now: DateTime<Utc>) -> Result<Viewer> {
    let login = login(&issuer.settings.issuer, &said.subject);
    let given = given(app, &said.wanted, shanghai_day(now)).await?;
    let mut districts: Vec<Uuid> = given.iter().map(|given| given.district).collect();
    districts.sort_unstable();
    districts.dedup();
    let person = match find(app, &login, session).await? {
        Some(person) => person,
        None => {
            let name = said.name.as_deref().unwrap_or(&login);
            match create(app, &issuer.settings.issuer, &login, name, &districts).await {
                // Somebody else was first.
                Ok(()) | Err(AppError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
            let made = find(app, &login, session).await?;
            made.ok_or_else(|| AppError::internal("the login of an outside account is somebody else's"))?
        }
    };
    if person.is_out {
        return Err(AppError::Unauthenticated);
    }
    let name = said.name.clone().unwrap_or_else(|| person.name.clone());
    if name != person.name || districts != districts_of(app.db(), person.id).await? {
        note(app, person.id, &name, &districts).await?;
    }
    let carried: Vec<RoleGrant> = given.iter().map(|given| given.to(&person)).collect();
    let grants = together(running_grants(app, person.id, now).await?, &carried);
    let identity = Identity { id: person.id, name, session };
    Ok(Viewer::new(identity, grants).behind(said.until, None).carrying(carried))
}

/// What a viewer of an outside issuer may do now, where the account and the token still open anything.
pub async fn again(app: &App, viewer: &Viewer, carried: &[RoleGrant], now: DateTime<Utc>) -> Result<Option<Viewer>> {
    let Some(identity) = &viewer.account else { return Ok(None) };
    let sql =
        "SELECT a.id FROM accounts a LEFT JOIN sessions s ON s.id = ? WHERE a.id = ? AND a.disabled_at IS NULL AND s.ended_at IS NULL";
    let values: [sea_orm::Value; 2] = [identity.session.into(), identity.id.into()];
    if app.db().query_one_raw(statement(app.db(), sql, values)).await?.is_none() {
        return Ok(None);
    }
    let grants = together(running_grants(app, identity.id, now).await?, carried);
    Ok(Some(Viewer { grants, ..viewer.clone() }))
}

fn together(mut grants: Vec<RoleGrant>, carried: &[RoleGrant]) -> Vec<RoleGrant> {
    for grant in carried {
        let is_known = |known: &RoleGrant| (known.role, known.area_id, known.unit_id) == (grant.role, grant.area_id, grant.unit_id);
        if !grants.iter().any(is_known) {
            grants.push(grant.clone());
        }
    }
    grants
}

impl Given {
    /// The grant that nobody stored: the same for each token, so that streams see that it is the same.
    fn to(&self, person: &Person) -> RoleGrant {
        let digest = Sha256::new().chain_update(person.id).chain_update(self.wanted.role.code());
        let digest = digest.chain_update(self.area.or(self.unit).unwrap_or_default()).finalize();
        RoleGrant {
            id: key_of_digest(digest),
            account_id: person.id,
            role: self.wanted.role,
            area_id: self.area,
            unit_id: self.unit,
            valid_from: shanghai_day(person.created_at),
            valid_until: None,
            granted_at: person.created_at,
            revoked_at: None,
        }
    }
}

/// The roles of which there is the place, and which are for such a place; the others are none.
async fn given(app: &App, wanted: &[Wanted], today: NaiveDate) -> Result<Vec<Given>> {
    let mut given = Vec::new();
    if wanted.is_empty() {
        return Ok(given);
    }
    let codes = wanted.iter().filter_map(|wanted| if let Place::Area(code) = &wanted.place { Some(code.clone()) } else { None });
    let units: Vec<&String> =
        wanted.iter().filter_map(|wanted| if let Place::Unit(unit) = &wanted.place { Some(unit) } else { None }).collect();
    let areas = area::Entity::find().filter(area::Column::Code.is_in(codes)).all(app.db()).await?;
    let units = match units.is_empty() {
        true => Vec::new(),
        false => {
            let by_id = unit::Column::Id.is_in(padded(units.iter().filter_map(|unit| GlobalId::parse(unit)).map(|id| id.key)));
            let by_code = unit::Column::CreditCode.is_in(units.iter().map(|unit| unit.as_str()));
            unit::Entity::find().filter(Condition::any().add(by_id).add(by_code)).all(app.db()).await?
        }
    };
    for wanted in wanted {
        let wanted = wanted.clone();
        match &wanted.place {
            Place::Area(code) => {
                let found = areas.iter().filter(|area| area.code == *code && area.is_current(today));
                for area in found.filter(|area| check_role(wanted.role, Some(area.level)).is_ok()) {
                    given.push(Given { wanted: wanted.clone(), area: Some(area.id), unit: None, district: area.district_id });
                }
            }
            Place::Unit(name) => {
                let is = |unit: &&unit::Model| unit.credit_code.as_ref() == Some(name) || unit.node().to_string() == *name;
                for unit in units.iter().filter(is).filter(|_| check_role(wanted.role, None).is_ok()) {
                    given.push(Given { wanted: wanted.clone(), area: None, unit: Some(unit.id), district: unit.district_id });
                }
            }
        }
    }
    Ok(given)
}

async fn find(app: &App, login: &str, session: Uuid) -> Result<Option<Person>> {
    let sql = "SELECT a.id, a.name, a.created_at, a.disabled_at, s.ended_at FROM outsiders o JOIN accounts a ON a.id = o.account_id \
               LEFT JOIN sessions s ON s.id = ? WHERE a.login = ?";
    let values: [sea_orm::Value; 2] = [session.into(), login.into()];
    let Some(row) = app.db().query_one_raw(statement(app.db(), sql, values)).await? else { return Ok(None) };
    let (disabled, ended): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
    Ok(Some(Person {
        id: row.try_get_by_index(0)?,
        name: row.try_get_by_index(1)?,
        created_at: row.try_get_by_index(2)?,
        is_out: disabled.is_some() || ended.is_some(),
    }))
}

/// The districts in which the last token gave a role.
pub async fn districts_of(db: &impl ConnectionTrait, account: Uuid) -> Result<Vec<Uuid>> {
    let sql = "SELECT district_id FROM outsider_districts WHERE account_id = ?";
    let rows = db.query_all_raw(statement(db, sql, [account.into()])).await?;
    let mut districts = rows.iter().map(|row| row.try_get_by_index(0)).collect::<std::result::Result<Vec<Uuid>, _>>()?;
    districts.sort_unstable();
    Ok(districts)
}

async fn create(app: &App, issuer: &str, login: &str, name: &str, districts: &[Uuid]) -> Result<()> {
    let (system, conn) = (Viewer::system(), Conn::Pool(app.db().clone()));
    let write = app.write(&system, &conn, |work| async move {
        let permit = work.permit(Permission::ManageAccounts, &Scope::Areas(districts.to_vec()), None)?;
        let id = work.new_key();
        let row = account::ActiveModel {
            id: Set(id),
            login: Set(login.to_owned()),
            name: Set(name.to_owned()),
            password_hash: Set(NO_PASSWORD.to_owned()),
            created_at: Set(work.now()),
            disabled_at: Set(None),
        };
        or_taken(row.insert(permit.write()).await, || Reason::AlreadyTaken { what: login.to_owned() }.into())?;
        let db = permit.write();
        let sql = "INSERT INTO outsiders (account_id, issuer) VALUES (?, ?)";
        db.execute_raw(statement(db, sql, [id.into(), issuer.into()])).await?;
        keep(&work, id, districts).await?;
        permit.journal(ChangeKind::AccountCreated, account_node(id), districts.first().copied());
        Ok(())
    });
    write.await.map(|_| ())
}

/// Keeps what a token said of somebody, where it is something else than the last one did.
async fn note(app: &App, id: Uuid, name: &str, districts: &[Uuid]) -> Result<()> {
    let (system, conn) = (Viewer::system(), Conn::Pool(app.db().clone()));
    let write = app.write(&system, &conn, |work| async move {
        let db = work.read();
        // One after the other: two tokens at once may say two things.
        account::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(db).await?.ok_or(AppError::Unauthenticated)?;
        account::ActiveModel { id: Set(id), name: Set(name.to_owned()), ..Default::default() }.update(db).await?;
        db.execute_raw(statement(db, "DELETE FROM outsider_districts WHERE account_id = ?", [id.into()])).await?;
        keep(&work, id, districts).await
    });
    write.await.map(|_| ())
}

async fn keep(work: &Work, id: Uuid, districts: &[Uuid]) -> Result<()> {
    let db = work.read();
    if districts.is_empty() {
        return Ok(());
    }
    let rows = vec!["(?, ?)"; districts.len()].join(", ");
    let sql = format!("INSERT INTO outsider_districts (account_id, district_id) VALUES {rows}");
    let values = districts.iter().flat_map(|district| [id.into(), (*district).into()]);
    db.execute_raw(statement(db, &sql, values)).await?;
    Ok(())
}

/// The accounts in which the last token gave a role in one of these districts.
pub fn of_districts(districts: Vec<Uuid>) -> SelectStatement {
    let (account, district) = (Alias::new("account_id"), Alias::new("district_id"));
    Query::select().column(account).from(Alias::new("outsider_districts")).and_where(Expr::col(district).is_in(districts)).to_owned()
}

/// Whether an account is one of an outside issuer.
pub async fn is_outsider(db: &impl ConnectionTrait, account: Uuid) -> Result<bool> {
    let sql = "SELECT 1 FROM outsiders WHERE account_id = ?";
    Ok(db.query_one_raw(statement(db, sql, [account.into()])).await?.is_some())
}

/// Notes that somebody signed out with a token: it opens nothing from now on.
pub async fn end(work: &Work, identity: &Identity, until: DateTime<Utc>) -> Result<()> {
    let sql = "INSERT INTO sessions (id, account_id, created_at, expires_at, ended_at, ended_because) VALUES (?, ?, ?, ?, ?, 'SIGNED_OUT') \
               ON CONFLICT (id) DO NOTHING";
    let now = work.now();
    let values: [sea_orm::Value; 5] = [identity.session.into(), identity.id.into(), now.into(), until.into(), now.into()];
    work.read().execute_raw(statement(work.read(), sql, values)).await?;
    Ok(())
}

/// The fixed places of the rules that there are not, or that are not for their roles.
pub async fn missing(app: &App) -> Result<Vec<String>> {
    let Some(issuers) = &app.settings().issuers else { return Ok(Vec::new()) };
    let mut missing = Vec::new();
    for rule in issuers.iter().flat_map(|issuer| &issuer.rules) {
        let (place, name) = match &rule.place {
            PlaceOf::Area(code) => (Place::Area(code.clone()), code),
            PlaceOf::Unit(unit) => (Place::Unit(unit.clone()), unit),
            PlaceOf::AreaIn(_) | PlaceOf::UnitIn(_) => continue,
        };
        let wanted = Wanted { role: rule.role, place };
        let named = format!("{} {name}", rule.role.code());
        if given(app, &[wanted], shanghai_day(app.clock().now())).await?.is_empty() && !missing.contains(&named) {
            missing.push(named);
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_tells_issuers_and_subjects_apart_and_nothing_of_either() {
        let one = login("https://sso.example.cn", "220303199001011234");
        assert!(one.len() == 45 && !one.contains("2203031990"));
        for (issuer, subject) in
            [("https://sso.example.cn", "7"), ("https://sso.example.c", "n220303199001011234"), ("x", "220303199001011234")]
        {
            assert_ne!(one, login(issuer, subject));
        }
    }
}
