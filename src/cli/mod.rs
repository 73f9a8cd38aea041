//! The commands, and how they speak: 简体中文 first, English below.
#![expect(clippy::print_stdout, reason = "this is what a command line is for; the log goes to standard error")]

mod account;
mod demo;
mod events;
mod health;
mod schema;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use alliance::app::App;
use alliance::auth::{outside, tokens};
use alliance::boot;
use alliance::clock::Clock;
use alliance::config::{Settings, both, explain, with_file};
use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

/// 党建联盟资源共享服务 / Alliance links pledged resources to the communities that need them
#[derive(Parser)]
#[command(name = "alliance", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// 启动服务 / Serve the API
    Serve,
    /// 启动带演示数据的服务 / Serve a demonstration district
    Demo,
    /// 建立或升级数据库 / Set up the database or bring it to this version
    Migrate,
    /// 检查配置、数据库和密钥文件 / Check settings, database and key file
    Check,
    /// 查询本机服务是否就绪 / Ask the service on this machine whether it is ready
    Healthcheck,
    /// 登记区(县)，其余区划由区级管理员通过接口登记 / Add a district; its admin adds the rest through the API
    District {
        #[command(subcommand)]
        action: account::DistrictAction,
    },
    /// 管理账号 / Manage accounts
    Account {
        #[command(subcommand)]
        action: account::AccountAction,
    },
    /// 管理签名密钥 / Manage signing keys
    Keys {
        #[command(subcommand)]
        action: KeysAction,
    },
    /// 生成对外约定文档 / Write what the outside relies on: schema, errors, permissions, settings, tables
    Schema {
        /// 只比较，不写入 / Compare only; exit 1 where a file differs
        #[arg(long)]
        check: bool,
        /// 目标文件夹 / The folder
        #[arg(long, default_value = "schema")]
        out: PathBuf,
    },
}

#[derive(Subcommand)]
enum KeysAction {
    /// 更换签名密钥，已发出的令牌到期前仍有效 / Make a new signing key; tokens given out stay good until they expire
    Rotate,
}

/// Runs what the command line asks for. Exit code 1: it failed; 2: the command line or a setting is wrong.
pub async fn run() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match act(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line twice: once to find the settings file, then with its values as defaults.
fn parse() -> Result<Cli, ExitCode> {
    let wrong = |message: String| {
        eprintln!("{message}");
        ExitCode::from(2)
    };
    let read = |command: Command| {
        let matches = command.try_get_matches();
        matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| {
            if !error.use_stderr() {
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            let other = || match error.kind() {
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.to_string(),
                _ => both("命令有误 / wrong command line:", &error),
            };
            wrong(explain(&error).unwrap_or_else(other).trim_end().to_owned())
        })
    };
    let cli = read(command())?;
    match &cli.settings.config {
        Some(file) => read(with_file(command(), file).map_err(wrong)?),
        None => Ok(cli),
    }
}

/// `-h` lists the commands and the settings that everybody needs, `--help` all of them.
fn command() -> Command {
    let needed = ["config", "database_url", "key_file", "listen"];
    Cli::command().mut_args(|argument: Arg| {
        let hidden = !needed.contains(&argument.get_id().as_str());
        argument.hide_short_help(hidden)
    })
}

async fn act(cli: Cli) -> Result<(), String> {
    let (settings, clock) = (cli.settings, Clock::System);
    match cli.action {
        Action::Serve => {
            alliance::telemetry::start(&settings)?;
            serve::serve(boot::open(settings, clock).await?, |_| {}).await
        }
        Action::Demo => demo::run(settings, clock).await,
        Action::Migrate => migrate(&settings, &clock).await,
        Action::Check => check(settings, clock).await,
        Action::Healthcheck => health::check(settings.listen),
        Action::District { action } => with_app(settings, clock, async |app| action.run(app).await).await,
        Action::Account { action } => with_app(settings, clock, async |app| action.run(app).await).await,
        Action::Keys { action: KeysAction::Rotate } => with_app(settings, clock, rotate).await,
        Action::Schema { check, out } => schema::run(&out, check).await,
    }
}

/// Opens the database for a command, and closes it when that is done.
async fn with_app(settings: Settings, clock: Clock, command: impl AsyncFnOnce(&App) -> Result<(), String>) -> Result<(), String> {
    let app = boot::open(settings, clock).await?;
    let done = command(&app).await;
    app.db().close().await;
    done
}

async fn migrate(settings: &Settings, clock: &Clock) -> Result<(), String> {
    let done = boot::migrate(settings, clock).await?;
    if let Some(path) = done.key_file {
        let path = std::path::absolute(&path).unwrap_or(path);
        println!("已生成密钥文件，请妥善保管并与数据库分开备份：{}", path.display());
        println!("Made the key file; keep it secret, and back it up apart from the database");
    }
    match done.applied {
        0 => println!("数据库已是最新版本 / The database is up to date"),
        n => println!("数据库已升级，执行了 {n} 项升级 / The database is up to date now; migrations applied: {n}"),
    }
    Ok(())
}

async fn check(settings: Settings, clock: Clock) -> Result<(), String> {
    println!("配置正确 / The settings are right");
    let path = settings.key_path(&settings.url()?);
    let app = boot::open(settings, clock).await?;
    let missing = outside::missing(&app).await.map_err(boot::told)?;
    app.db().close().await;
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(both(
            format!("ALLIANCE_ISSUERS 的角色规则所写的区划或单位不存在，或不适用于该角色：{missing}"),
            format!("Rules of ALLIANCE_ISSUERS give roles on places that there are not, or that are not for the role: {missing}"),
        ));
    }
    println!("数据库和密钥文件 {} 正确 / The database and its key file are right", path.display());
    Ok(())
}

async fn rotate(app: &App) -> Result<(), String> {
    let kid = tokens::rotate(app.db(), app.keys(), app.clock().now()).await.map_err(boot::told)?;
    println!("已启用新签名密钥 / The new signing key is {kid}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_the_short_help_is_short() {
        command().debug_assert();
        let help = command().render_help().to_string();
        assert!(help.contains("--database-url") && !help.contains("--answer-days"), "{help}");
    }
}
