//! GraphQL over a socket: the protocol `graphql-transport-ws`, every operation in one connection.
//!
//! One task serves a socket: it reads a message, or sends an answer, and does not read while it sends. Who does not take its answers is
//! therefore not served, and soon cut off.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures_util::stream::{AbortHandle, SelectAll, abortable};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep_until, timeout};

use super::Http;
use super::operation::{Asker, Operation, Parameters, authenticate};
use super::rates::{Caller, Peer};
use super::reply::{Accept, Body, Rejected, Reply, lang};
use crate::clients::origins;
use crate::error::AppError;
use crate::lang::Lang;
use crate::telemetry::trail::{self, Trail};

const PROTOCOL: &str = "graphql-transport-ws";
/// Sockets of one instance, and of one address.
const SOCKETS: usize = 2_000;
const SOCKETS_PER_ADDRESS: usize = 128;
/// Operations that run at a time on one socket.
const OPERATIONS: usize = 32;
const LONGEST_ID: usize = 128;
/// How long a caller may take to say who it is, and to take an answer.
const OPENING: Duration = Duration::from_secs(10);
const SENDING: Duration = Duration::from_secs(20);
/// How often a sign of life is given, and after how long without one a caller is gone.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether the caller's token has ended, and at the end of the service whether all is done.
const LOOK: Duration = Duration::from_millis(500);

/// The sockets that are open, by address.
#[derive(Clone, Default)]
pub(super) struct Sockets(Arc<Mutex<HashMap<Caller, usize>>>);

/// One of them; it is given back when it is dropped.
struct Place {
    sockets: Sockets,
    caller: Caller,
}

impl Sockets {
    pub(super) fn open(&self) -> usize {
        self.0.lock().expect("no panic under this lock").values().sum()
    }

    fn take(&self, caller: Caller) -> Option<Place> {
        let mut open = self.0.lock().expect("no panic under this lock");
        let (all, own) = (open.values().sum::<usize>(), open.get(&caller).copied().unwrap_or_default());
        if all >= SOCKETS || own >= SOCKETS_PER_ADDRESS {
            return None;
        }
        open.insert(caller, own + 1);
        Some(Place { sockets: self.clone(), caller })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.0.lock().expect("no panic under this lock");
        if let Some(own) = open.get_mut(&self.caller) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

pub(super) async fn upgrade(
    State(http): State<Http>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let lang = lang(&headers);
    let reply = Reply { lang, accept: Accept::Json };
    let Ok(upgrade) = upgrade else {
        let (zh, en) = ("此地址用于 WebSocket 连接", "This address takes WebSocket connections");
        let mut response = reply.reject(Rejected::malformed(lang, StatusCode::UPGRADE_REQUIRED, zh, en));
        response.headers_mut().insert(header::UPGRADE, header::HeaderValue::from_static("websocket"));
        return response;
    };
    if let Some(origin) = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default()) {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let is_ours = origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
        if !is_ours && !origins::allow(&http.app, origin).await {
            let (zh, en) = ("此网页未获准连接", "Pages of this origin may not connect");
            return reply.reject(Rejected::malformed(lang, StatusCode::FORBIDDEN, zh, en));
        }
    }
    let address = peer.caller(&headers, &http.app.settings().trusted_proxies);
    if let Err(seconds) = http.rates.take(address, 1) {
        return reply.reject(Rejected::too_often(lang, seconds));
    }
    let Some(place) = http.sockets.take(address) else {
        let (zh, en) = ("连接数已满，请稍后再试", "Too many sockets are open; try again later");
        return reply.reject(Rejected::overloaded(lang, StatusCode::SERVICE_UNAVAILABLE, "LIMIT_EXCEEDED", zh, en));
    };
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default().to_owned());
    let largest = http.app.settings().body_bytes as usize;
    // Who offers others alone is connected, to be told so by a code that its client shows.
    let offered =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let protocols = std::iter::once(PROTOCOL.to_owned()).chain(offered.map(|offered| offered.trim().to_owned()));
    // The request ends with its answer; the socket goes on under the same id.
    let id = trail::current().map(|trail| trail.id().to_owned()).unwrap_or_default();
    let trail = Trail::new(id, http.app.metrics().clone(), None);
    upgrade.protocols(protocols).max_message_size(largest).max_frame_size(largest).on_upgrade(async move |mut socket| {
        let _place = place;
        let session = Session {
            http,
            lang,
            address,
            authorization,
            trail: trail.clone(),
            begun: 0,
            acknowledged: false,
            running: HashMap::new(),
            answers: SelectAll::new(),
        };
        if let Err(Some((code, reason))) = trail.follow(session.serve(&mut socket)).await {
            let frame = CloseFrame { code, reason: reason.into() };
            let close = async {
                if socket.send(Message::Close(Some(frame))).await.is_ok() {
                    // The other side closes too; what it still had to say is lost.
                    while let Some(Ok(_)) = socket.recv().await {}
                }
            };
            let _ = timeout(Duration::from_secs(2), close).await;
        }
    })
}

/// Why a socket is closed; nothing where the other side has gone.
type End = Option<(u16, String)>;

fn end<T>(code: u16, reason: impl Into<String>) -> Result<T, End> {
    Err(Some((code, reason.into())))
}

/// What a client sends.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Heard {
    ConnectionInit { payload: Option<Map<String, Value>> },
    Ping { payload: Option<Map<String, Value>> },
    Pong {},
    Subscribe { id: String, payload: Parameters },
    Complete { id: String },
}

/// What an operation has to say.
enum Said {
    Next(Body),
    Error(Vec<Value>),
    Complete,
    /// The token that the caller came with opens nothing any more.
    Unauthorized,
}

impl Said {
    fn error(rejected: Rejected) -> Said {
        if rejected.error["extensions"]["code"] == "UNAUTHENTICATED" { Said::Unauthorized } else { Said::Error(vec![rejected.error]) }
    }
}

type Answers = Pin<Box<dyn Stream<Item = (String, Said)> + Send>>;

struct Session {
    http: Http,
    lang: Lang,
    address: Caller,
    authorization: Option<String>,
    trail: Arc<Trail>,
    /// How many operations have begun on it.
    begun: u64,
    acknowledged: bool,
    /// The operations under way, and how each is stopped.
    running: HashMap<String, AbortHandle>,
    answers: SelectAll<Answers>,
}

impl Session {
    async fn serve(mut self, socket: &mut WebSocket) -> Result<Infallible, End> {
        if socket.protocol().is_none_or(|protocol| protocol != PROTOCOL) {
            return end(4406, "Subprotocol not acceptable");
        }
        let (opened, mut heard) = (Instant::now(), Instant::now());
        let (mut signs, mut looks) = (interval(SIGN_OF_LIFE), interval(LOOK));
        let (mut ending, mut is_ending) = (self.http.ending.subscribe(), false);
        loop {
            // What is being done is done and told first.
            if is_ending && self.answers.is_empty() {
                return end(1012, "Service restart");
            }
            tokio::select! {
                biased;
                () = ended(&mut ending), if !is_ending => is_ending = true,
                () = sleep_until(opened + OPENING), if !self.acknowledged => return end(4408, "Connection initialisation timeout"),
                _ = looks.tick() => {
                    if self.acknowledged
                        && let Err(AppError::Unauthenticated) = authenticate(&self.http, self.authorization.as_deref()).await
                    {
                        return end(4401, "Unauthorized");
                    }
                }
                _ = signs.tick() => {
                    if heard.elapsed() > SILENCE {
                        return end(1001, "Silence");
                    }
                    send(socket, Message::Ping(Bytes::new())).await?;
                }
                message = socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.hear(socket, &text).await?,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Binary(_))) => return end(4400, "Invalid message"),
                        Some(Err(_)) => return end(1009, "Message too big"),
                        Some(Ok(Message::Close(_))) | None => return Err(None),
                    }
                }
                Some((id, said)) = self.answers.next() => self.say(socket, id, said).await?,
            }
        }
    }

    async fn hear(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), End> {
        let Ok(heard) = serde_json::from_str(text) else { return end(4400, "Invalid message") };
        match heard {
            Heard::ConnectionInit { .. } if self.acknowledged => end(4429, "Too many initialisation requests"),
            Heard::ConnectionInit { payload } => {
                let said = payload.iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
                if let Some((_, value)) = said {
                    self.authorization = Some(value.as_str().unwrap_or_default().to_owned());
                }
                match authenticate(&self.http, self.authorization.as_deref()).await {
                    Ok(_) => self.acknowledged = true,
                    Err(AppError::Unauthenticated) => return end(4403, "Forbidden"),
                    Err(error) => {
                        tracing::error!(?error, "a socket could not be opened");
                        return end(4500, "Internal server error");
                    }
                }
                // A page in a browser does not see the header of the answer.
                tell(socket, &json!({ "type": "connection_ack", "payload": { "requestId": self.trail.id() } })).await
            }
            Heard::Ping { payload: None } => tell(socket, &json!({ "type": "pong" })).await,
            Heard::Ping { payload } => tell(socket, &json!({ "type": "pong", "payload": payload })).await,
            Heard::Pong {} => Ok(()),
            Heard::Subscribe { .. } if !self.acknowledged => end(4401, "Unauthorized"),
            Heard::Subscribe { id, .. } if id.is_empty() || id.len() > LONGEST_ID => end(4400, "Invalid message"),
            Heard::Subscribe { id, .. } if self.running.contains_key(&id) => {
                // The reason of a close is at most 123 bytes.
                let id: String = id.chars().take(20).collect();
                end(4409, format!("Subscriber for {id} already exists"))
            }
            Heard::Subscribe { id, .. } if self.running.len() >= OPERATIONS => {
                let (zh, en) = ("此连接上同时进行的操作过多", "Too many operations run on this connection");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let rejected = Rejected::overloaded(self.lang, status, "LIMIT_EXCEEDED", zh, en);
                self.say(socket, id, Said::error(rejected)).await
            }
            Heard::Subscribe { id, payload } => {
                let asker = Asker { lang: self.lang, address: self.address, authorization: self.authorization.clone(), safely: false };
                self.begun += 1;
                let request_id = format!("{}.{}", self.trail.id(), self.begun);
                let trace = self.http.traces.begin("request", &request_id, None);
                let trail = Trail::new(request_id, self.http.app.metrics().clone(), trace);
                let (said, stop) = abortable(operate(self.http.clone(), trail, asker, payload));
                self.running.insert(id.clone(), stop);
                self.answers.push(Box::pin(said.map(move |said| (id.clone(), said))));
                Ok(())
            }
            Heard::Complete { id } => {
                if let Some(stop) = self.running.remove(&id) {
                    stop.abort();
                }
                Ok(())
            }
        }
    }

    async fn say(&mut self, socket: &mut WebSocket, id: String, said: Said) -> Result<(), End> {
        let message = match said {
            Said::Next(body) => json!({ "id": id, "type": "next", "payload": body }),
            Said::Error(errors) => json!({ "id": id, "type": "error", "payload": errors }),
            Said::Complete => json!({ "id": id, "type": "complete" }),
            Said::Unauthorized => return end(4401, "Unauthorized"),
        };
        if message["type"] != "next" {
            self.running.remove(&id);
        }
        tell(socket, &message).await
    }
}

/// What comes of one operation.
fn operate(http: Http, trail: Arc<Trail>, asker: Asker, parameters: Parameters) -> impl Stream<Item = Said> + Send + 'static {
    async_stream::stream! {
        let operation = match trail.follow(Operation::admit(&http, asker, parameters)).await {
            Ok(operation) => operation,
            Err(rejected) => {
                yield Said::error(rejected);
                return;
            }
        };
        if operation.kind() != OperationType::Subscription {
            match trail.follow(operation.run(None, false)).await {
                Ok(body) if body.data.is_none() => yield Said::Error(body.errors),
                Ok(body) => {
                    yield Said::Next(body);
                    yield Said::Complete;
                }
                Err(rejected) => yield Said::error(rejected),
            }
            return;
        }
        match trail.follow(async { operation.subscribe() }).await {
            Ok(bodies) => {
                for await body in bodies {
                    if body.data.is_none() {
                        yield Said::Error(body.errors);
                        return;
                    }
                    yield Said::Next(body);
                }
                // At the end of the service the socket is closed by a code after which clients go on elsewhere.
                if !*http.ending.borrow() {
                    yield Said::Complete;
                }
            }
            Err(rejected) => yield Said::error(rejected),
        }
    }
}

async fn ended(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}

async fn tell(socket: &mut WebSocket, message: &Value) -> Result<(), End> {
    send(socket, Message::Text(message.to_string().into())).await
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(SENDING, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        // Gone, or it does not take what it asked for.
        Ok(Err(_)) | Err(_) => Err(None),
    }
}
