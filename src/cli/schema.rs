//! What the outside relies on, written from the code: the schema, errors, permissions, settings, the tables of both databases.

use std::fmt::Write;
use std::path::Path;

use alliance::auth::Permission;
use alliance::config::both;
use alliance::graphql::{errors, schema};
use alliance::refusal::{RefusalCode, WarningCode};
use clap::CommandFactory;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, DbErr, Statement};

use super::Cli;
use super::events;

/// Writes all files, or only compares them.
pub async fn run(folder: &Path, check: bool) -> Result<(), String> {
    let tables = sqlite().await;
    let files = [
        ("schema.graphql", schema::sdl()),
        ("errors.md", errors()),
        ("permissions.md", permissions()),
        ("settings.md", settings()),
        ("tables.sqlite.sql", tables.map_err(|error| error.to_string())?),
        ("tables.postgres.sql", postgres()),
        ("events/change.schema.json", events::change()),
        ("events/test.schema.json", events::test()),
    ];
    if check {
        return compare(folder, &files);
    }
    let failed = |error: std::io::Error| both("无法写入", format!("{} cannot be written: {error}", folder.display()));
    std::fs::create_dir_all(folder.join("events")).map_err(failed)?;
    for (name, text) in &files {
        std::fs::write(folder.join(name), text).map_err(failed)?;
        println!("{}", folder.join(name).display());
    }
    Ok(())
}

fn compare(folder: &Path, files: &[(&str, String)]) -> Result<(), String> {
    let differs = |(name, text): &&(&str, String)| std::fs::read_to_string(folder.join(name)).ok().as_deref() != Some(text);
    let names: Vec<_> = files.iter().filter(differs).map(|(name, _)| folder.join(name).display().to_string()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let names = names.join(", ");
    Err(both(
        format!("与代码不一致，请运行 alliance schema：{names}"),
        format!("These differ from the code, run `alliance schema`: {names}"),
    ))
}

fn table(text: &mut String, title: &str, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let _ = write!(text, "\n## {title}\n\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| cell.trim().replace('|', "\\|")).collect();
        text.push_str(&line(&cells));
    }
}

fn errors() -> String {
    let mut text = "# Errors, refusals and warnings\n\nWritten by `alliance schema` from the code.\n".to_owned();
    let coded = |codes: &[(&str, &str)]| -> Vec<Vec<String>> {
        let row = |(code, meaning): &(&str, &str)| vec![format!("`{code}`"), (*meaning).to_owned()];
        codes.iter().map(row).collect()
    };
    let head = ["code", "meaning"];
    table(&mut text, "Errors: `errors[].extensions.code`", &head, coded(errors::CODES));
    table(&mut text, "Refusals: `refusals[].code`", &head, coded(RefusalCode::ALL));
    table(&mut text, "Warnings: `warnings[].code`", &head, coded(WarningCode::ALL));
    text
}

fn permissions() -> String {
    let mut text = "# Who may do what\n\nWritten by `alliance schema` from the code. A role holds a permission within its area or unit; \
                    “on behalf” is how the journal then keeps it.\n"
        .to_owned();
    let rows = Permission::ALL.iter().map(|permission| {
        let roles = permission.roles().iter().map(|(role, on_behalf)| {
            let note = if *on_behalf { " (on behalf)" } else { "" };
            format!("`{}`{note}", role.code())
        });
        vec![format!("`{}`", permission.code()), permission.meaning().to_owned(), roles.collect::<Vec<_>>().join(", ")]
    });
    table(&mut text, "Permissions", &["permission", "what for", "roles"], rows);
    text
}

fn settings() -> String {
    let mut text =
        "# Settings\n\nWritten by `alliance schema` from the code. The command line wins over the environment, the environment over \
                    the file that `--config` names, the file over the default.\n"
            .to_owned();
    let command = Cli::command();
    let rows = command.get_arguments().filter_map(|argument| {
        let code = |text: &str| format!("`{text}`");
        let default = argument.get_default_values().first().map(|value| code(&value.to_string_lossy()));
        Some(vec![
            code(argument.get_env()?.to_str()?),
            code(&format!("--{}", argument.get_long()?)),
            default.unwrap_or_else(|| "none".to_owned()),
            argument.get_help().map(ToString::to_string).unwrap_or_default(),
        ])
    });
    table(&mut text, "All settings", &["environment", "command line", "default", "what it does"], rows.collect::<Vec<_>>());
    text
}

/// The tables as SQLite keeps them after all migrations, by table, each with its indexes.
async fn sqlite() -> Result<String, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    // A second connection would be a second, empty database.
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await?;
    alliance_migrations::migrate(&db).await?;
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    let mut text = "-- The tables on SQLite, written by `alliance schema` from a database with all migrations.\n".to_owned();
    for row in rows {
        let _ = write!(text, "\n{};\n", row.try_get_by_index::<String>(0)?.trim());
    }
    Ok(text)
}

fn postgres() -> String {
    let mut text =
        "-- The tables on PostgreSQL, written by `alliance schema`: the statements of all migrations in their order, without asking a \
                    server.\n"
            .to_owned();
    for statement in alliance_migrations::rendered(DbBackend::Postgres) {
        let _ = write!(text, "\n{};\n", statement.trim().trim_end_matches(';'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_documented_and_no_cell_breaks_its_table() {
        let text = settings();
        assert!(text.contains("| `ALLIANCE_LISTEN` | `--listen` | `127.0.0.1:8080` |"), "{text}");
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        assert!(rows.map(|row| row.matches(" | ").count()).all(|cells| cells == 3));
    }

    #[tokio::test]
    async fn both_databases_have_the_same_tables() {
        let names = |sql: &str| {
            let mut names: Vec<_> = sql
                .lines()
                .filter_map(|line| line.strip_prefix("CREATE TABLE "))
                .map(|rest| rest.trim_end_matches(" (").to_owned())
                .filter(|name| !name.contains("seaql_migrations"))
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&sqlite().await.unwrap()), names(&postgres()));
    }
}
