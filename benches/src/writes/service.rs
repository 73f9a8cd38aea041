//! The service on one of the databases, who asks it, and what they send.

use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::{Bench, CALLERS};
use crate::Result;
use crate::process::Postgres;

const PORT: u16 = 28_084;
const PASSWORD: &str = "alliance-demo";

/// The service on one of the databases, ended with this value.
pub struct Service {
    child: Child,
}

impl Service {
    pub async fn start(bench: &Bench<'_>, name: &str) -> Result<Service> {
        let mut command = Command::new(bench.alliance);
        command
            .args(["serve", "--database-url", &Postgres::url(name), "--listen", &format!("127.0.0.1:{PORT}")])
            .env("ALLIANCE_KEY_FILE", &bench.database.key_file)
            .env("ALLIANCE_LOG", "warn");
        let child = command.stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).spawn()?;
        let mut service = Service { child };
        let (client, started) = (Client::new(), Instant::now());
        while ask(&client, "", None, json!({ "query": "{ __typename }" }).to_string()).await.is_err() {
            if started.elapsed() > Duration::from_secs(60) || service.child.try_wait()?.is_some() {
                return Err("the service did not start".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(service)
    }

    pub async fn end(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

/// The data of an answer without errors.
pub async fn ask(client: &Client, token: &str, key: Option<&str>, body: String) -> Result<Value> {
    let mut request = client.post(format!("http://127.0.0.1:{PORT}/graphql")).header("content-type", "application/json").body(body);
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let mut answer: Value = request.send().await?.json().await?;
    if answer["errors"].is_null() { Ok(answer["data"].take()) } else { Err(format!("the service answers {answer}").into()) }
}

/// Someone who is signed in, with the area or the unit of its role.
pub struct Person {
    pub token: String,
    pub place: String,
}

impl Person {
    async fn sign_in(client: &Client, login: &str) -> Result<Person> {
        let document =
            "mutation($login: String!, $password: String!) { signIn(login: $login, password: $password) { result { accessToken } } }";
        let body = json!({ "query": document, "variables": { "login": login, "password": PASSWORD } });
        let signed_in = ask(client, "", None, body.to_string()).await?;
        let token = signed_in["signIn"]["result"]["accessToken"].as_str().ok_or("nobody signed in")?.to_owned();
        let body = json!({ "query": "{ viewer { grants { area { id } unit { id } } } }" });
        let mut answer = ask(client, &token, None, body.to_string()).await?;
        let grant = answer["viewer"]["grants"][0].take();
        let place = grant["unit"]["id"].as_str().or(grant["area"]["id"].as_str()).ok_or("a login without a role")?.to_owned();
        Ok(Person { token, place })
    }

    /// What it sends for a verb: an input, or the id of the object that the verb is for.
    pub fn operation(&self, verb: &'static str, given: Value) -> Operation {
        let (argument, kind) = match given {
            Value::String(_) => ("id", "ID!".to_owned()),
            _ => ("input", format!("{}{}Input!", verb[..1].to_uppercase(), &verb[1..])),
        };
        let document =
            format!("mutation($given: {kind}) {{ {verb}({argument}: $given) {{ result {{ id status }} refusals {{ code message }} }} }}");
        let body = json!({ "query": document, "variables": { "given": given } }).to_string();
        Operation { verb, token: self.token.clone(), body }
    }
}

/// Two communities, their district, and two units that both of them are paired with.
pub struct People {
    secretaries: [Person; 2],
    pub district: Person,
    pub units: [Person; 2],
}

impl People {
    /// Their tokens hold for a quarter of an hour and in every copy: signing in, which is slow on purpose, is no part of a run.
    pub async fn sign_in(client: &Client) -> Result<People> {
        let person = |login| Person::sign_in(client, login);
        Ok(People {
            secretaries: [person("secretary").await?, person("secretary2").await?],
            district: person("district").await?,
            units: [person("unit").await?, person("unit2").await?],
        })
    }

    /// Both communities with both units, in turn.
    pub fn pair(&self, n: usize) -> (&Person, &Person) {
        (&self.secretaries[n % 2], &self.units[n / 2 % 2])
    }
}

/// A mutation, ready to be sent.
pub struct Operation {
    verb: &'static str,
    token: String,
    body: String,
}

impl Operation {
    /// Sends it; the id of the result. What is refused is an error here.
    pub async fn send(&self, client: &Client, key: Option<&str>) -> Result<String> {
        let answer = ask(client, &self.token, key, self.body.clone()).await?;
        let id = answer[self.verb]["result"]["id"].as_str();
        id.map(str::to_owned).ok_or_else(|| format!("{} answers {answer}", self.verb).into())
    }
}

pub fn key_of(n: usize) -> String {
    format!("bench-{n:06}")
}

/// Does something for each number, as many at once as there are callers, and gives the results in order. Each caller has a connection of its own.
pub async fn each<T, F, Fut>(numbers: std::ops::Range<usize>, clients: &[Client], one: F) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Fn(usize, Client) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T>> + Send,
{
    let mut callers = JoinSet::new();
    for (caller, client) in clients.iter().enumerate() {
        let (own, client, one) = (numbers.clone().skip(caller).step_by(clients.len()), client.clone(), one.clone());
        callers.spawn(async move {
            let mut results = Vec::new();
            for n in own {
                results.push((n, one(n, client.clone()).await?));
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(results)
        });
    }
    let mut results = Vec::new();
    while let Some(own) = callers.join_next().await {
        results.extend(own??);
    }
    results.sort_by_key(|(n, _)| *n);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

pub fn clients() -> Vec<Client> {
    (0..CALLERS).map(|_| Client::new()).collect()
}
