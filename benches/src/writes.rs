//! Writes beside the same statements by `pgbench`: what the service adds to what the database has to do in any case.
//!
//! What a work needs is made by the service's own mutations in a copy of the district. Every run has a copy of that for itself, so that all
//! begin with the same rows. One run, an operation at a time with the statements logged, tells what each operation asks of the database;
//! `pgbench` replays that in as many sessions as the service has callers, and both must leave the same rows behind.

mod prepare;
mod replay;
mod service;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use reqwest::Client;

use crate::Result;
use crate::data::{Database, connect};
use crate::process::Postgres;
use crate::table;
use prepare::prepare;
use replay::{capture, replay};
use service::{Operation, Service, clients, each, key_of};

/// Who asks at once, and the sessions of `pgbench`.
const CALLERS: usize = 8;
/// Operations before the clock starts: connections are opened, statements prepared and planned.
const WARM: usize = 10 * CALLERS;

/// The state that every run of a work begins with, and the copies of it.
const PREPARED: &str = "writes_prepared";
const CAPTURED: &str = "writes_captured";
const SERVED: &str = "writes_served";
const REPLAYED: &str = "writes_replayed";

/// What must be equal after both: a conditional update that meets nothing would be fast.
const STATE: &str = "SELECT concat_ws(' | ',
    (SELECT (count(*), sum(unmatched), sum(promised), sum(delivered), sum(accepted), count(DISTINCT status))::text FROM needs),
    (SELECT (count(*), sum(outstanding), sum(delivered), sum(accepted), count(DISTINCT status))::text FROM matches),
    (SELECT (count(*), sum(accepted))::text FROM deliveries),
    (SELECT (count(*), sum(value), sum(hours))::text FROM contributions),
    (SELECT (count(*), sum(minutes))::text FROM bookings),
    (SELECT count(*)::text FROM search_words),
    (SELECT (count(*), count(*) FILTER (WHERE node_id = '00000000-0000-0000-0000-000000000000'))::text FROM idempotency_keys))";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Post,
    Claim,
    ClaimSame,
    Accept,
    Book,
}

impl Work {
    const ALL: [Work; 5] = [Work::Post, Work::Claim, Work::ClaimSame, Work::Accept, Work::Book];

    fn name(self) -> &'static str {
        match self {
            Work::Post => "post a need",
            Work::Claim => "claim, each another need",
            Work::ClaimSame => "claim, all the same need",
            Work::Accept => "accept a delivery",
            Work::Book => "book a zone",
        }
    }
}

/// Where things are, and how long it goes on.
pub struct Bench<'a> {
    pub alliance: &'a Path,
    /// The programs of PostgreSQL.
    pub postgres: &'a Path,
    pub database: &'a Database,
    pub quick: bool,
}

/// What one run of the service did.
struct Figure {
    rate: f64,
    /// Milliseconds.
    median: f64,
    slow: f64,
}

/// Measures the works with `only` in their names and prints their table.
pub async fn measure(bench: &Bench<'_>, only: Option<&str>) -> Result<()> {
    let works: Vec<Work> = Work::ALL.into_iter().filter(|work| only.is_none_or(|only| work.name().contains(only))).collect();
    if works.is_empty() {
        return Ok(());
    }
    let (rounds, count) = if bench.quick { (3, 400) } else { (5, 2000) };
    println!(
        "\nwrites, {CALLERS} callers, {rounds} rounds of {count} operations; beside the same statements by pgbench, wanted: 0.70 and more"
    );
    println!("work                     operations/s   p50 ms   p99 ms   of pgbench");
    for work in works {
        match rounds_of(bench, work, rounds, WARM + count).await {
            Ok((figures, ratios)) => {
                let of = |value: fn(&Figure) -> f64| table::median(&figures.iter().map(value).collect::<Vec<_>>());
                let (rate, median, slow) = (of(|figure| figure.rate), of(|figure| figure.median), of(|figure| figure.slow));
                println!("{:<24} {rate:>12.0} {median:>8.2} {slow:>8.2}   {}", work.name(), table::spread(&ratios));
            }
            Err(error) => println!("{:<24} no figures: {error}", work.name()),
        }
        for name in [PREPARED, CAPTURED, SERVED, REPLAYED] {
            drop_database(name).await?;
        }
    }
    Ok(())
}

async fn rounds_of(bench: &Bench<'_>, work: Work, rounds: usize, count: usize) -> Result<(Vec<Figure>, Vec<f64>)> {
    let operations = prepare(bench, work, count).await?;
    let statements = capture(bench, &operations).await?;
    let (mut figures, mut ratios) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Turn about, so that neither always comes second.
        let (figure, rate) = if round % 2 == 0 {
            let figure = serve(bench, &operations).await?;
            (figure, replay(bench, &statements).await?)
        } else {
            let rate = replay(bench, &statements).await?;
            (serve(bench, &operations).await?, rate)
        };
        let (served, replayed) = (state(SERVED).await?, state(REPLAYED).await?);
        if served != replayed {
            return Err(format!("the service and pgbench leave different rows behind:\n{served}\n{replayed}").into());
        }
        ratios.push(figure.rate / rate);
        figures.push(figure);
    }
    Ok((figures, ratios))
}

async fn state(name: &str) -> Result<String> {
    Ok(connect(&Postgres::url(name)).await?.query_one(STATE, &[]).await?.get(0))
}

async fn drop_database(name: &str) -> Result<()> {
    let admin = connect(&Postgres::url("postgres")).await?;
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    Ok(())
}

/// A copy of a database that nobody needs to be connected to any more. What copying left to be written is written, so that it is no part of a run.
async fn copy(from: &str, to: &str) -> Result<()> {
    drop_database(to).await?;
    let admin = connect(&Postgres::url("postgres")).await?;
    admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", &[&from]).await?;
    admin.batch_execute(&format!("CREATE DATABASE {to} TEMPLATE {from}")).await?;
    admin.batch_execute("CHECKPOINT").await?;
    Ok(())
}
/// The service under all its callers.
async fn serve(bench: &Bench<'_>, operations: &Arc<Vec<Operation>>) -> Result<Figure> {
    copy(PREPARED, SERVED).await?;
    let service = Service::start(bench, SERVED).await?;
    let clients = clients();
    let one = {
        let operations = operations.clone();
        move |n: usize, client: Client| {
            let operations = operations.clone();
            async move {
                let started = Instant::now();
                operations[n].send(&client, Some(&key_of(n))).await?;
                Ok(started.elapsed().as_secs_f64() * 1e3)
            }
        }
    };
    each(0..WARM, &clients, one.clone()).await?;
    let started = Instant::now();
    let mut latencies = each(WARM..operations.len(), &clients, one).await?;
    let rate = latencies.len() as f64 / started.elapsed().as_secs_f64();
    service.end().await?;
    latencies.sort_by(f64::total_cmp);
    Ok(Figure { rate, median: latencies[latencies.len() / 2], slow: latencies[latencies.len() * 99 / 100] })
}
