//! The other end of a webhook: a server that keeps what it hears and answers as the story wants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub headers: HeaderMap,
    pub text: String,
}

impl Call {
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.text))
    }

    /// The id by which the receiver knows a message.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("a text")
    }

    /// The object and what happened to it.
    pub fn told(&self) -> (String, String) {
        let body = self.body();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&body["data"]["nodeId"]), text(&body["type"]))
    }
}

/// What a receiver does with a call.
pub enum Mood {
    Answers(u16, &'static str),
    Redirects(String),
    Hangs,
}

type Temper = Box<dyn Fn(&Call) -> Mood + Send + Sync>;

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    temper: Arc<Mutex<Temper>>,
}

impl Receiver {
    /// One that takes whatever comes.
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let temper: Temper = Box::new(|_| Mood::Answers(200, ""));
        let receiver = Receiver { url, calls: Arc::default(), temper: Arc::new(Mutex::new(temper)) };
        let router = Router::new().fallback(hear).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// From now on it does this with each call.
    pub fn now(&self, temper: impl Fn(&Call) -> Mood + Send + Sync + 'static) {
        *self.temper.lock().expect("a lock") = Box::new(temper);
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("a lock").clone()
    }

    /// Waits until it has heard so many calls in all, and a moment longer for those that should not come.
    pub async fn hears(&self, count: usize) -> Vec<Call> {
        for _ in 0..200 {
            if self.calls().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_millis(600)).await;
        let calls = self.calls();
        assert_eq!(calls.len(), count, "{calls:#?}");
        calls
    }
}

async fn hear(State(receiver): State<Receiver>, OriginalUri(uri): OriginalUri, headers: HeaderMap, body: Bytes) -> Response {
    let call = Call { path: uri.to_string(), headers, text: String::from_utf8_lossy(&body).into_owned() };
    let mood = (receiver.temper.lock().expect("a lock"))(&call);
    receiver.calls.lock().expect("a lock").push(call);
    match mood {
        Mood::Answers(status, text) => (StatusCode::from_u16(status).expect("a status"), text).into_response(),
        Mood::Redirects(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Mood::Hangs => std::future::pending().await,
    }
}
