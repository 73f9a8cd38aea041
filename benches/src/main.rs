//! Alliance beside its peers, on one machine, in one run: the same data, the same answers, in rounds that alternate.
//!
//! `scripts/bench` builds what this needs and starts it. The peers are the floor (axum and tokio-postgres or rusqlite, one statement by hand
//! that makes its JSON in the database) and, on PostgreSQL, PostGraphile 5 on the same tables. Nothing is printed for a work whose answers
//! differ.

mod compare;
mod data;
mod floor;
mod held;
mod load;
mod process;
mod subjects;
mod table;
mod works;
mod writes;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use data::Database;
use load::Rounds;
use process::Peers;
use subjects::Subjects;
use works::Work;

pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// The rounds of each work, by its name.
type Measured = HashMap<&'static str, Rounds>;

#[derive(Parser)]
#[command(about = "Alliance beside its peers: requests a second, as ratios")]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    /// Fewer and shorter rounds: a few minutes in all.
    #[arg(long)]
    quick: bool,
    /// How many times the demonstration's district there is; SQLite is measured beside 1.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    scale: Vec<u32>,
    /// Only works with this in their names.
    #[arg(long)]
    only: Option<String>,
    /// Connections that ask at once.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// The programs of PostgreSQL.
    #[arg(long, env = "BENCH_POSTGRES_BIN")]
    postgres: PathBuf,
    /// The service to measure.
    #[arg(long, env = "BENCH_ALLIANCE")]
    alliance: PathBuf,
    /// Where PostGraphile is installed; without it, it is left out.
    #[arg(long, env = "BENCH_POSTGRAPHILE")]
    postgraphile: Option<PathBuf>,
    /// Where the data is kept from one run to the next.
    #[arg(long, env = "BENCH_FOLDER", default_value = "target/bench")]
    folder: PathBuf,
}

#[derive(Subcommand)]
enum Role {
    /// The floor, as a server of its own.
    Floor {
        /// The database.
        database: String,
        /// Where to listen.
        listen: String,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(Role::Floor { database, listen }) = &options.role {
        return floor::serve(database, listen).await;
    }
    let _postgres = process::Postgres::start(&options.postgres, &options.folder).await?;
    let mut at_one = None;
    for scale in &options.scale {
        let database = data::prepare(&options.alliance, &options.folder, *scale).await?;
        let subjects = Subjects::on_postgres(&database.url).await?;
        let title = format!("the district × {scale} on PostgreSQL");
        let on_postgres = reads(&options, &title, &database, &subjects, at_one.as_ref().map(|measured| ("× 1", measured))).await?;
        if *scale == 1 {
            let database = data::prepare_sqlite(&options.alliance, &options.folder).await?;
            let subjects = Subjects::on_sqlite(database.url.trim_start_matches("sqlite://"))?;
            reads(&options, "the district on SQLite", &database, &subjects, Some(("PostgreSQL", &on_postgres))).await?;
            at_one = Some(on_postgres);
        }
    }
    let database = data::prepare(&options.alliance, &options.folder, 1).await?;
    let bench = writes::Bench { alliance: &options.alliance, postgres: &options.postgres, database: &database, quick: options.quick };
    writes::measure(&bench, options.only.as_deref()).await
}

/// Measures the works that read and prints their table: beside PostGraphile, or beside what our service did elsewhere.
async fn reads(
    options: &Options,
    title: &str,
    database: &Database,
    subjects: &Subjects,
    elsewhere: Option<(&str, &Measured)>,
) -> Result<Measured> {
    let (rounds, length) = if options.quick { (3, Duration::from_secs(3)) } else { (5, Duration::from_secs(8)) };
    let works = works::all(subjects).into_iter().filter(|work| options.only.as_deref().is_none_or(|only| work.name.contains(only)));
    let works: Vec<_> = works.collect();
    let (mut measured, none) = (Measured::new(), Rounds::new());
    if works.is_empty() {
        return Ok(measured);
    }
    let postgraphile = options.postgraphile.as_deref().filter(|_| elsewhere.is_none());
    let peers = Peers::start(&options.alliance, postgraphile, database).await?;
    println!("\n{title}, {} connections, {rounds} rounds of {} s", options.connections, length.as_secs());
    println!("{}", table::head(elsewhere.map_or("PostGraphile", |(name, _)| name)));
    for work in works {
        match measure(&peers, &work, options.connections, rounds, length).await {
            Ok(figures) => {
                println!("{}", table::row(&work, &figures, elsewhere.map(|(_, measured)| measured.get(work.name).unwrap_or(&none))));
                measured.insert(work.name, figures);
            }
            Err(reason) => println!("{:<24} no figures: {reason}", work.name),
        }
    }
    println!("{}", peers.memory());
    println!("the binary: {} MiB", std::fs::metadata(&options.alliance)?.len() >> 20);
    peers.end().await?;
    Ok(measured)
}

async fn measure(peers: &Peers, work: &Work, connections: u32, rounds: usize, length: Duration) -> Result<Rounds> {
    compare::compare(peers, work).await?;
    let mut figures = Rounds::new();
    for _ in 0..rounds {
        figures.push(load::round(peers, work, connections, length).await?);
    }
    Ok(figures)
}
