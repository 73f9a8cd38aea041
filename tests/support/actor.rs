//! Somebody with an HTTP client: nobody in particular, an account, or the holder of a token.

use alliance::app::App;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, Id, Thing};
use super::verbs::selection;

#[derive(Clone)]
pub enum Pass {
    None,
    /// A running session; its token is made anew for each request, because stories pass weeks in a moment.
    Session {
        account: Uuid,
        session: Uuid,
    },
    Token(String),
}

#[derive(Clone)]
pub struct Actor {
    pub(super) app: App,
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    pub(super) pass: Pass,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Actor {
    pub fn in_english(&self) -> Actor {
        self.with("accept-language", "en")
    }

    pub fn with_key(&self, key: &str) -> Actor {
        self.with("idempotency-key", key)
    }

    pub fn in_a_dry_run(&self) -> Actor {
        self.with("x-dry-run", "true")
    }

    pub fn with(&self, header: &'static str, value: &str) -> Actor {
        let mut actor = self.clone();
        actor.headers.retain(|(known, _)| *known != header);
        actor.headers.push((header, value.to_owned()));
        actor
    }

    /// The same account behind a token that was handed out by a sign-in.
    pub fn with_token(&self, token: &str) -> Actor {
        let mut actor = self.clone();
        actor.pass = Pass::Token(token.to_owned());
        actor
    }

    /// The same actor at another instance.
    pub fn at(&self, url: &str) -> Actor {
        Actor { url: url.to_owned(), ..self.clone() }
    }

    /// The token that this actor's next request would carry.
    pub fn token_now(&self) -> String {
        self.token().expect("somebody who is signed in")
    }

    fn token(&self) -> Option<String> {
        match &self.pass {
            Pass::None => None,
            Pass::Token(token) => Some(token.clone()),
            Pass::Session { account, session } => {
                let issued = self.app.tokens().issue(*account, *session, None, self.app.clock().now());
                Some(issued.unwrap_or_else(|error| panic!("a token is issued: {error:?}")).0)
            }
        }
    }

    /// A request with this actor's headers to a path of the service.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = self.token() {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request
    }

    /// Sends a picture of a delivery and takes whatever comes back.
    pub async fn send_picture(&self, delivery: impl Id, media: &str, sent: Vec<u8>) -> Answer {
        let path = format!("/pictures?delivery={}", delivery.id());
        let request = self.request(reqwest::Method::POST, &path).header("content-type", media).body(sent);
        let response = request.send().await.expect("the service answers");
        let status = response.status().as_u16();
        Answer { status, body: response.json().await.expect("the answer is JSON") }
    }

    /// Adds a picture that must be taken; its id.
    pub async fn add_picture(&self, delivery: impl Id, sent: Vec<u8>) -> String {
        let answer = self.send_picture(delivery, "image/jpeg", sent).await;
        assert_eq!(answer.status, 201, "{answer}");
        answer.body["id"].as_str().expect("an id").to_owned()
    }

    /// Asks for a picture and takes whatever comes back.
    pub async fn picture(&self, id: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        let response = self.request(reqwest::Method::GET, &format!("/pictures/{id}")).send().await.expect("the service answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.bytes().await.expect("a body").to_vec())
    }

    /// Sends a document and takes whatever comes back.
    pub async fn run(&self, document: &str, variables: Value) -> Answer {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let response = self
            .request(reqwest::Method::POST, "/graphql")
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json")
            .body(body)
            .send()
            .await
            .expect("the service answers");
        let status = response.status().as_u16();
        Answer { status, body: response.json().await.expect("the answer is JSON") }
    }

    /// Sends a query that must succeed; its data.
    #[track_caller]
    pub fn query(&self, document: &str, variables: Value) -> impl Future<Output = Value> {
        let (actor, document) = (self.clone(), document.to_owned());
        async move { actor.run(&document, variables).await.ok() }
    }

    /// An object as this actor sees it now; nothing where it sees none.
    pub async fn find(&self, id: impl Id) -> Option<Thing> {
        let (kind, _) = id.id().split_once('_').expect("a global id");
        let (name, fields) = selection(kind);
        let document = format!("query($id: ID!) {{ node(id: $id) {{ __typename ... on {name} {{ {fields} }} }} }}");
        let data = self.query(&document, json!({ "id": id.id() })).await;
        (!data["node"].is_null()).then(|| Thing(data["node"].clone()))
    }

    /// An object that this actor must see.
    pub async fn see(&self, id: impl Id) -> Thing {
        let found = self.find(&id).await;
        found.unwrap_or_else(|| panic!("{} is not to be seen", id.id()))
    }

    /// Looks at an object: its state and its sum are these.
    pub async fn sees(&self, id: impl Id, standing: &str) -> Thing {
        let thing = self.see(&id).await;
        assert_eq!(thing.standing(), standing, "{:#}", thing.0);
        thing
    }

    /// Looks for an object and finds what it would find for one that never was.
    pub async fn sees_nothing_of(&self, id: impl Id) {
        let (kind, _) = id.id().split_once('_').expect("a global id");
        let never = format!("{kind}_{}", "0190c2".to_owned() + &"0".repeat(26));
        let document = "query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { id } }";
        let (there, nowhere) = (self.run(document, json!({ "id": id.id() })).await, self.run(document, json!({ "id": never })).await);
        assert_eq!(there.data(), &json!({ "node": null, "nodes": [null] }), "{}", id.id());
        assert_eq!(there.body, nowhere.body);
    }

    /// The ids on the first page of a list: `needs`, `matches(filter: …)`.
    pub async fn lists(&self, list: &str) -> Vec<String> {
        let data = self.query(&format!("{{ list: {list} {{ nodes {{ id }} }} }}"), json!({})).await;
        let nodes = data["list"]["nodes"].as_array().cloned().unwrap_or_default();
        nodes.iter().map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
    }
}
