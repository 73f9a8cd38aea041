//! The programs that are compared: started here, measured here, ended with this program.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::Result;
use crate::data::Database;

/// One of those that answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    Alliance,
    Floor,
    Postgraphile,
}

impl Peer {
    pub fn port(self) -> u16 {
        match self {
            Peer::Alliance => 28_081,
            Peer::Floor => 28_082,
            Peer::Postgraphile => 28_083,
        }
    }
}

const POSTGRES_PORT: u16 = 28_080;

/// A cluster of its own, in a folder of the bench.
pub struct Postgres {
    _server: Child,
}

/// A command that runs as the user `postgres` where this program runs as root: PostgreSQL refuses root.
fn as_postgres(program: &Path) -> Command {
    // Nobody else lists that folder.
    let is_root = std::fs::read_dir("/root").is_ok();
    if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Postgres {
    pub fn url(name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{POSTGRES_PORT}/{name}")
    }

    pub async fn start(bin: &Path, folder: &Path) -> Result<Postgres> {
        std::fs::create_dir_all(folder)?;
        let place = folder.canonicalize()?.join("postgres");
        let data = place.join("data");
        if !data.join("PG_VERSION").exists() {
            std::fs::create_dir_all(&place)?;
            let _ = std::process::Command::new("chown").arg("postgres").arg(&place).status();
            let mut made = as_postgres(&bin.join("initdb"));
            made.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]);
            let made = made.stdout(Stdio::null()).status().await?;
            if !made.success() {
                return Err("initdb failed".into());
            }
        }
        let mut command = as_postgres(&bin.join("postgres"));
        command
            .arg("-D")
            .arg(&data)
            .args(["-p", &POSTGRES_PORT.to_string(), "-c"])
            .arg(format!("unix_socket_directories={}", place.display()));
        for setting in [
            "listen_addresses=127.0.0.1",
            "shared_buffers=1GB",
            "max_wal_size=8GB",
            "work_mem=16MB",
            "max_connections=200",
            "jit=off",
            // What the writes' statements are read from.
            "logging_collector=on",
            "log_destination=jsonlog",
            "log_rotation_size=0",
        ] {
            command.args(["-c", setting]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut server = command.spawn()?;
        for _ in 0..200 {
            if tokio_postgres::connect(&Postgres::url("postgres"), tokio_postgres::NoTls).await.is_ok() {
                return Ok(Postgres { _server: server });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            // What is left of the one before may hold the data for a moment.
            if server.try_wait()?.is_some() {
                server = command.spawn()?;
            }
        }
        Err("PostgreSQL did not start".into())
    }
}

/// A running server and how long it took until it first answered.
pub struct Running {
    pub peer: Peer,
    child: Child,
    pub start: Duration,
    /// What it holds before the load, in KiB.
    idle: Option<u64>,
}

pub struct Peers {
    pub running: Vec<Running>,
    /// The token of the district's own account.
    pub token: String,
}

impl Peers {
    pub async fn start(alliance: &Path, postgraphile: Option<&Path>, database: &Database) -> Result<Peers> {
        let mut running = Vec::new();
        let mut service = Command::new(alliance);
        service
            .args(["serve", "--database-url", &database.url, "--listen", &format!("127.0.0.1:{}", Peer::Alliance.port())])
            .env("ALLIANCE_KEY_FILE", &database.key_file)
            .env("ALLIANCE_LOG", "warn")
            .env("ALLIANCE_RATE_LIMIT", "off");
        running.push(Running::start(Peer::Alliance, service).await?);
        let mut floor = Command::new(std::env::current_exe()?);
        floor.args(["--postgres", "-", "--alliance", "-", "floor", &database.url, &format!("127.0.0.1:{}", Peer::Floor.port())]);
        running.push(Running::start(Peer::Floor, floor).await?);
        if let Some(folder) = postgraphile {
            let mut peer = Command::new(folder.join("node_modules/.bin/node"));
            peer.arg("server.mjs")
                .current_dir(folder)
                .env("DATABASE_URL", &database.url)
                .env("PORT", Peer::Postgraphile.port().to_string())
                .env("NODE_ENV", "production")
                .env("GRAPHILE_ENV", "production");
            running.push(Running::start(Peer::Postgraphile, peer).await?);
        }
        let sign_in = r#"mutation { signIn(login: "district", password: "alliance-demo") { result { accessToken } } }"#;
        let answer: serde_json::Value = reqwest::Client::new()
            .post(format!("http://127.0.0.1:{}/graphql", Peer::Alliance.port()))
            .json(&serde_json::json!({ "query": sign_in }))
            .send()
            .await?
            .json()
            .await?;
        let token = answer["data"]["signIn"]["result"]["accessToken"].as_str().ok_or("nobody signed in")?.to_owned();
        Ok(Peers { running, token })
    }

    /// Ends them, so that their ports are free.
    pub async fn end(self) -> Result<()> {
        for mut running in self.running {
            running.child.kill().await?;
        }
        Ok(())
    }

    /// What each holds in memory after the load.
    pub fn memory(&self) -> String {
        let each = self.running.iter().map(|one| {
            let megabytes = |kib: Option<u64>| kib.map_or("?".to_owned(), |kib| format!("{} MiB", kib / 1024));
            let (idle, loaded) = (megabytes(one.idle), megabytes(one.resident()));
            format!("{:?}: {idle} idle, {loaded} after, first answer after {} ms", one.peer, one.start.as_millis())
        });
        format!("memory before and after the load, start: {}", each.collect::<Vec<_>>().join("; "))
    }
}

impl Running {
    async fn start(peer: Peer, mut command: Command) -> Result<Running> {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).spawn()?;
        let address = format!("http://127.0.0.1:{}/graphql", peer.port());
        let client = reqwest::Client::new();
        loop {
            let question = client.post(&address).json(&serde_json::json!({ "query": "{ __typename }" })).send().await;
            if question.is_ok_and(|answer| answer.status().is_success()) {
                let start = started.elapsed();
                // What it still loads behind the first answer is part of it.
                tokio::time::sleep(Duration::from_secs(1)).await;
                let mut running = Running { peer, child, start, idle: None };
                running.idle = running.resident();
                return Ok(running);
            }
            if started.elapsed() > Duration::from_secs(60) || child.try_wait()?.is_some() {
                return Err(format!("{peer:?} did not start").into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}
