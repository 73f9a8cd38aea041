//! The first district, its accounts and their roles: what has to be there before anybody can sign in.

use std::io::Read;

use alliance::app::App;
use alliance::areas::actions::NewArea;
use alliance::areas::rules::AreaLevel;
use alliance::auth::accounts::{self, NewAccount};
use alliance::auth::entity::account;
use alliance::auth::grants::{self, NewGrant};
use alliance::auth::{Role, Viewer};
use alliance::boot::told;
use alliance::calendar::shanghai_day;
use alliance::config::both;
use alliance::db::Conn;
use alliance::error::{AppError, Result as AppResult};
use alliance::units::entity::unit;
use alliance::work::Work;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, QueryFilter, QuerySelect};
use uuid::Uuid;

#[derive(Subcommand)]
pub enum DistrictAction {
    /// 登记区(县) / Add a district
    Add {
        /// 6 位区划代码 / Its code, 6 digits
        #[arg(long)]
        code: String,
        /// 名称 / Its name
        #[arg(long)]
        name: String,
    },
}

#[derive(Subcommand)]
pub enum AccountAction {
    /// 新建账号 / Create an account
    Create {
        #[command(flatten)]
        login: Login,
        /// 姓名或机构名称 / The name of the person or organisation
        #[arg(long)]
        name: String,
        #[command(flatten)]
        password: Password,
    },
    /// 授予角色 / Grant a role
    Grant {
        #[command(flatten)]
        login: Login,
        /// 角色 / The role, such as DISTRICT_ADMIN
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        place: Place,
        /// 截止日期 / Its last day; none where absent
        #[arg(long)]
        valid_until: Option<NaiveDate>,
    },
    /// 重设密码并结束其登录 / Set a new password and end the sessions
    Reset {
        #[command(flatten)]
        login: Login,
        #[command(flatten)]
        password: Password,
    },
}

#[derive(Args)]
pub struct Login {
    /// 账号 / The login
    #[arg(long)]
    login: String,
}

#[derive(Args)]
pub struct Password {
    /// 从标准输入读取密码，否则随机生成并显示一次 / Read the password from standard input; otherwise a random one is shown once
    #[arg(long)]
    password_stdin: bool,
}

/// What a role is granted on, one of the two.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// 区划代码 / The code of an area
    #[arg(long)]
    area_code: Option<String>,
    /// 成员单位名称 / The name of a unit
    #[arg(long)]
    unit_name: Option<String>,
}

fn role(text: &str) -> Result<Role, String> {
    let wanted = text.to_uppercase().replace('-', "_");
    Role::iter().find(|role| role.code() == wanted).ok_or_else(|| {
        let codes: Vec<_> = Role::iter().map(Role::code).collect();
        format!("请用 / use {}", codes.join(", "))
    })
}

/// Runs an action as the service itself.
async fn write<F, Fut>(app: &App, work: F) -> Result<Uuid, String>
where
    F: Fn(Work) -> Fut,
    Fut: Future<Output = AppResult<Uuid>>,
{
    let done = app.write(&Viewer::system(), &Conn::Pool(app.db().clone()), work).await;
    done.map(|done| done.value).map_err(told)
}

impl DistrictAction {
    pub async fn run(self, app: &App) -> Result<(), String> {
        let DistrictAction::Add { code, name } = self;
        let new = NewArea { parent: None, level: AreaLevel::District, code, name, valid_from: shanghai_day(app.clock().now()) };
        let new = &new;
        write(app, |work| async move { alliance::areas::actions::add(&work, new).await }).await?;
        println!("已登记 / Added {} {}", new.code, new.name);
        Ok(())
    }
}

impl AccountAction {
    pub async fn run(self, app: &App) -> Result<(), String> {
        match self {
            AccountAction::Create { login, name, password } => create(app, login.login, name, &password).await,
            AccountAction::Grant { login, role, place, valid_until } => grant(app, &login, role, &place, valid_until).await,
            AccountAction::Reset { login, password } => reset(app, &login, &password).await,
        }
    }
}

async fn create(app: &App, login: String, name: String, password: &Password) -> Result<(), String> {
    let password = password.take()?;
    let new = NewAccount { login, name, password_hash: password.hash(app).await?, grants: Vec::new() };
    let new = &new;
    write(app, |work| async move { accounts::create(&work, new).await }).await?;
    println!("已新建账号 / Created {}", new.login);
    password.show();
    Ok(())
}

async fn grant(app: &App, login: &Login, role: Role, place: &Place, valid_until: Option<NaiveDate>) -> Result<(), String> {
    let account = login.find(app).await?;
    let (area, unit) = place.find(app).await?;
    let new = NewGrant { role, area, unit, valid_from: None, valid_until };
    write(app, |work| async move { grants::grant(&work, account, &new).await }).await?;
    println!("已授予角色 / Granted {} ({}) to {}", role.code(), role.zh(), login.login);
    Ok(())
}

async fn reset(app: &App, login: &Login, password: &Password) -> Result<(), String> {
    let account = login.find(app).await?;
    let password = password.take()?;
    let hash = &password.hash(app).await?;
    write(app, |work| async move { accounts::set_password(&work, account, hash).await }).await?;
    println!("已重设密码 / Set a new password for {}", login.login);
    password.show();
    Ok(())
}

impl Login {
    async fn find(&self, app: &App) -> Result<Uuid, String> {
        let found = account::Entity::find().filter(account::Column::Login.eq(&self.login));
        let found = found.one(app.db()).await.map_err(|error| told(error.into()))?;
        let login = &self.login;
        let account = found.ok_or_else(|| both(format!("没有账号“{login}”"), format!("There is no account “{login}”")))?;
        Ok(account.id)
    }
}

impl Place {
    async fn find(&self, app: &App) -> Result<(Option<Uuid>, Option<Uuid>), String> {
        let db = app.db();
        if let Some(code) = &self.area_code {
            let found = alliance::areas::entity::current(db, code, shanghai_day(app.clock().now())).await;
            let area = found.map_err(told)?.ok_or_else(|| {
                both(
                    format!("没有代码为 {code} 的区划"),
                    format!("There is no area with the code {code}; `alliance district add` adds a district"),
                )
            })?;
            return Ok((Some(area.id), None));
        }
        let name = self.unit_name.as_deref().unwrap_or_default();
        let found = unit::Entity::find().filter(unit::Column::Name.eq(name)).limit(2).all(db).await;
        match found.map_err(|error| told(error.into()))?.as_slice() {
            [unit] => Ok((None, Some(unit.id))),
            [] => Err(both(format!("没有名为“{name}”的单位"), format!("There is no unit with the name “{name}”"))),
            _ => Err(both(
                format!("有多个名为“{name}”的单位，请由区级管理员通过接口授予"),
                format!("Several units bear the name “{name}”: let the district's admin grant it through the API"),
            )),
        }
    }
}

/// A password in hand, and whether it was made here.
struct Taken {
    password: String,
    made: bool,
}

impl Password {
    fn take(&self) -> Result<Taken, String> {
        if !self.password_stdin {
            return Ok(Taken { password: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>()), made: true });
        }
        let mut password = String::new();
        std::io::stdin()
            .take(4096)
            .read_to_string(&mut password)
            .map_err(|error| both("无法读取密码", format!("The password cannot be read: {error}")))?;
        Ok(Taken { password: password.trim_end_matches(['\r', '\n']).to_owned(), made: false })
    }
}

impl Taken {
    async fn hash(&self, app: &App) -> Result<String, String> {
        let hash: Result<String, AppError> = accounts::hash(app, &Viewer::system(), &self.password).await;
        hash.map_err(told)
    }

    fn show(&self) {
        if self.made {
            println!("密码(仅显示这一次) / Its password, shown this once: {}", self.password);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_known_by_its_code_in_any_case() {
        assert_eq!(role("district-admin"), Ok(Role::DistrictAdmin));
        assert!(role("king").unwrap_err().contains("COMMUNITY_SECRETARY"));
    }
}
