//! Creating accounts, setting passwords, closing accounts.
//!
//! A district's admin manages the accounts that hold a role in the district, and those that it made and gave none yet. A password and the
//! end of an account reach all of its roles, so they take the right over every one: nobody takes over an account that others rely on.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LockType, Query};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::{account, role_grant, session};
use super::grants::{NewGrant, district_of, give, managed, not_over};
use super::{Capacity, Permission, Permit, Scope, Viewer, account_node, outside, passwords, sessions};
use crate::app::App;
use crate::areas::rules::check_name;
use crate::db::{Conn, or_taken};
use crate::error::{AppError, Result};
use crate::journal::{self, ChangeKind};
use crate::refusal::{Reason, Refusal};
use crate::work::{Work, statement};

/// With a new account.
const MOST_GRANTS: usize = 20;

/// A new account; its password comes hashed.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub login: String,
    pub name: String,
    pub password_hash: String,
    pub grants: Vec<NewGrant>,
}

/// The districts whose accounts the viewer manages.
pub(super) fn districts(viewer: &Viewer) -> Vec<Uuid> {
    viewer.areas_with(Permission::ManageAccounts)
}

pub(super) fn permit(work: &Work) -> Result<Permit> {
    work.permit(Permission::ManageAccounts, &Scope::Areas(districts(work.viewer())), None)
}

/// The accounts that the viewer manages: those that hold or held a role within its districts, and those that it made and nobody gave one.
/// Also those to whom the token of an outside issuer last gave a role there.
pub fn visible_to(viewer: &Viewer) -> Condition {
    if viewer.is_system() {
        return Condition::all();
    }
    // Those of partner clients belong to a later topic, which manages them by itself: here only whose they are is known.
    let of_clients = Query::select().column(Alias::new("id")).from(Alias::new("clients")).to_owned();
    let here = Query::select().column(role_grant::Column::AccountId).from(role_grant::Entity).cond_where(managed(viewer)).to_owned();
    let own = (account::Entity, account::Column::Id);
    let anywhere = Query::select()
        .expr(Expr::cust("1"))
        .from(role_grant::Entity)
        .and_where(Expr::col((role_grant::Entity, role_grant::Column::AccountId)).equals(own))
        .to_owned();
    let made = Query::select()
        .expr(Expr::cust("1"))
        .from(journal::Entity)
        .and_where(Expr::col((journal::Entity, journal::Column::NodeId)).equals(own))
        .and_where(Expr::col((journal::Entity, journal::Column::Kind)).eq(ChangeKind::AccountCreated))
        .and_where(Expr::col((journal::Entity, journal::Column::AccountId)).eq(viewer.account_id()))
        .to_owned();
    let managed = Condition::any()
        .add(account::Column::Id.in_subquery(here))
        .add(account::Column::Id.in_subquery(outside::of_districts(districts(viewer))))
        .add(Condition::all().add(Expr::exists(made)).add(Expr::exists(anywhere).not()));
    Condition::all().add(managed).add(account::Column::Id.not_in_subquery(of_clients))
}

/// Checks and hashes a password, before the transaction that is to keep it: nobody should wait for a hash with the database locked.
pub async fn hash(app: &App, viewer: &Viewer, password: &str) -> Result<String> {
    viewer.has(Permission::ManageAccounts)?;
    check_password(password).map_err(|refusal| refusal.at_input("password"))?;
    app.passwords().hash(password).await
}

fn check_password(password: &str) -> Result<(), Refusal> {
    if passwords::acceptable(password) {
        return Ok(());
    }
    Err(Refusal::from(Reason::InvalidInput {
        zh: "密码须为 10 至 128 个字符".to_owned(),
        en: "A password takes 10 to 128 characters".to_owned(),
    }))
}

fn check_login(login: &str) -> Result<(), Refusal> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    // Those of outside issuers are theirs alone.
    if (3..=64).contains(&login.len()) && login.chars().all(plain) && !login.starts_with(outside::LOGIN_PREFIX) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "login",
        "账号须为 3 至 64 位，由小写字母、数字、点、横线或下划线组成",
        "A login takes 3 to 64 lower-case letters, digits, dots, dashes and underscores",
    ))
}

pub async fn create(work: &Work, new: &NewAccount) -> Result<Uuid> {
    let permit = permit(work)?;
    check_login(&new.login)?;
    let name = check_name("name", &new.name)?;
    if new.grants.len() > MOST_GRANTS {
        let (zh, en) = ("一次最多授予 20 个角色", "At most 20 roles at a time");
        return Err(Refusal::invalid("grants", zh, en).into());
    }
    let id = work.new_key();
    let row = account::ActiveModel {
        id: Set(id),
        login: Set(new.login.clone()),
        name: Set(name),
        password_hash: Set(new.password_hash.clone()),
        created_at: Set(work.now()),
        disabled_at: Set(None),
    };
    or_taken(row.insert(permit.write()).await, || Refusal::from(Reason::AlreadyTaken { what: new.login.clone() }).at_input("login"))?;
    permit.journal(ChangeKind::AccountCreated, account_node(id), districts(work.viewer()).first().copied());
    for grant in &new.grants {
        give(work, id, grant).await.map_err(|error| match error {
            AppError::Refused(refusal) => refusal.at_input("grants").into(),
            other => other,
        })?;
    }
    Ok(id)
}

/// The account, for a change that must not cross another one of it. Its key does not change: what refers to it, such as the key under which
/// a request was sent, may be written meanwhile.
pub(super) async fn lock(work: &Work, id: Uuid) -> Result<account::Model> {
    let found = account::Entity::find_by_id(id).filter(visible_to(work.viewer())).lock(LockType::NoKeyUpdate);
    found.one(work.read()).await?.ok_or(AppError::NotFound)
}

/// The right over the whole account: over each role that runs or will.
async fn whole(work: &Work, id: Uuid) -> Result<(account::Model, Permit)> {
    let permit = permit(work)?;
    let account = lock(work, id).await?;
    let all = role_grant::Entity::find().filter(role_grant::Column::AccountId.eq(id)).filter(not_over(work.today()));
    let ours = all.clone().filter(managed(work.viewer())).count(work.read()).await?;
    let outside = outside::districts_of(work.read(), id).await?;
    let elsewhere = !work.viewer().is_system() && outside.iter().any(|district| !districts(work.viewer()).contains(district));
    if ours < all.count(work.read()).await? || elsewhere {
        return Err(AppError::Forbidden { permission: Permission::ManageAccounts.code(), node: Some(account_node(id)) });
    }
    Ok((account, permit))
}

async fn keep_password(permit: &Permit, account: &account::Model, hash: &str, ended: Condition, districts: &[Uuid]) -> Result<()> {
    account::ActiveModel { id: Set(account.id), password_hash: Set(hash.to_owned()), ..Default::default() }.update(permit.write()).await?;
    let ended = ended.add(session::Column::AccountId.eq(account.id));
    sessions::end(permit.write(), ended, "PASSWORD_SET", permit.work().now()).await?;
    // Where nobody looks after the account, no district reads of it.
    for district in districts.iter().copied().map(Some).chain(districts.is_empty().then_some(None)) {
        permit.journal(ChangeKind::PasswordSet, account_node(account.id), district);
    }
    Ok(())
}

/// The districts that the viewer's roles lie in.
async fn homes(work: &Work) -> Result<Vec<Uuid>> {
    let mut districts = Vec::new();
    for grant in &work.viewer().grants {
        districts.push(district_of(work, grant).await?);
    }
    districts.sort_unstable();
    districts.dedup();
    Ok(districts.into_iter().flatten().collect())
}

/// Sets the password of an account whose owner cannot: its sessions end, and a lock on its login is lifted.
pub async fn set_password(work: &Work, id: Uuid, hash: &str) -> Result<Uuid> {
    let (account, permit) = whole(work, id).await?;
    if outside::is_outsider(work.read(), id).await? {
        let (zh, en) = ("此账号由外部身份系统登录，不设密码", "This account signs in at an outside issuer and takes no password");
        return Err(Refusal::invalid("account", zh, en).into());
    }
    let district: Vec<Uuid> = districts(work.viewer()).into_iter().take(1).collect();
    keep_password(&permit, &account, hash, Condition::all(), &district).await?;
    let unlock = "DELETE FROM sign_in_failures WHERE login_digest = ?";
    let db = permit.write();
    db.execute_raw(statement(db, unlock, [sessions::digest(&account.login).into()])).await?;
    Ok(id)
}

/// Closes an account: nobody signs in with it, and its sessions end.
pub async fn disable(work: &Work, id: Uuid) -> Result<Uuid> {
    let (account, permit) = whole(work, id).await?;
    if account.disabled_at.is_some() {
        return Ok(id);
    }
    account::ActiveModel { id: Set(id), disabled_at: Set(Some(work.now())), ..Default::default() }.update(permit.write()).await?;
    let its = Condition::all().add(session::Column::AccountId.eq(id));
    sessions::end(permit.write(), its, "ACCOUNT_DISABLED", work.now()).await?;
    permit.journal(ChangeKind::AccountDisabled, account_node(id), districts(work.viewer()).first().copied());
    Ok(id)
}

/// Changes one's own password; the other sessions end. Attempts count like those of signing in.
pub async fn change_password(app: &App, viewer: &Viewer, current: &str, new: &str) -> Result<()> {
    let identity = viewer.account.as_ref().ok_or(AppError::Unauthenticated)?;
    check_password(new).map_err(|refusal| refusal.at(&["new"]))?;
    let account = account::Entity::find_by_id(identity.id).one(app.db()).await?;
    let account = account.ok_or(AppError::Unauthenticated)?;
    sessions::prove(app, &account.login, current).await.map_err(|error| match error {
        AppError::Refused(refusal) => refusal.at(&["current"]).into(),
        other => other,
    })?;
    let hash = app.passwords().hash(new).await?;
    let (account, hash) = (&account, &hash);
    app.write(viewer, &Conn::Pool(app.db().clone()), |work| async move {
        let own = Capacity { account: Some(identity.id), role: None, on_behalf: false };
        let others = Condition::all().add(session::Column::Id.ne(identity.session));
        let districts = homes(&work).await?;
        keep_password(&Permit::new(work, own), account, hash, others, &districts).await
    })
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_small_letters_digits_dots_dashes_and_underscores() {
        for right in ["abc", "a.b-c_9", &"x".repeat(64)] {
            assert!(check_login(right).is_ok(), "{right}");
        }
        for wrong in ["", "ab", "oidc_7", "Abc", "a b", "社区书记", "abc\n", &"x".repeat(65)] {
            assert!(check_login(wrong).is_err(), "{wrong}");
        }
    }
}
