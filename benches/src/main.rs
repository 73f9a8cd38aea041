//! Alliance beside its peers, on one machine, in one run: the same data, the same answers, in rounds that alternate.
//!
//! `scripts/bench` builds what this needs and starts it. The peers are the floor (axum and tokio-postgres, one statement by hand that makes
//! its JSON in the database) and PostGraphile 5 on the same tables. Nothing is printed for a work whose answers differ.

mod compare;
mod data;
mod floor;
mod load;
mod process;
mod table;
mod works;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

#[derive(Parser)]
#[command(about = "Alliance beside its peers: requests a second, as ratios")]
struct Options {
    #[command(subcommand)]
    role: Option<Role>,
    /// Fewer and shorter rounds: a few minutes in all.
    #[arg(long)]
    quick: bool,
    /// How many times the demonstration's district there is.
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
    if let Some(Role::Floor { database, listen }) = &options.role {
        return floor::serve(database, listen).await;
    }
    let (rounds, length) = if options.quick { (3, Duration::from_secs(3)) } else { (5, Duration::from_secs(8)) };
    let _postgres = process::Postgres::start(&options.postgres, &options.folder).await?;
    for scale in &options.scale {
        let database = data::prepare(&options.alliance, &options.folder, *scale).await?;
        let peers = process::Peers::start(&options.alliance, options.postgraphile.as_deref(), &database).await?;
        println!("\nthe district × {scale}, {} connections, {rounds} rounds of {} s", options.connections, length.as_secs());
        println!("{}", table::HEAD);
        for work in works::all(&database).await? {
            if options.only.as_deref().is_some_and(|only| !work.name.contains(only)) {
                continue;
            }
            if let Err(difference) = compare::compare(&peers, &work).await {
                println!("{:<24} no figures: {difference}", work.name);
                continue;
            }
            let mut figures = Vec::new();
            for _ in 0..rounds {
                figures.push(load::round(&peers, &work, options.connections, length).await?);
            }
            println!("{}", table::row(&work, &figures));
        }
        println!("{}", peers.memory());
    }
    Ok(())
}
