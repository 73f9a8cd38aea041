//! Somebody before the console: a browser's cookies, and forms that are sent as the page has them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart;

use super::app::TestApp;
use super::people::PASSWORD;

#[derive(Clone)]
pub struct Visitor {
    http: reqwest::Client,
    url: String,
    pub cookies: Arc<Mutex<BTreeMap<String, String>>>,
    headers: HeaderMap,
}

/// What came back.
pub struct Shown {
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
}

impl TestApp {
    pub fn visitor(&self) -> Visitor {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let headers = HeaderMap::from_iter([(HeaderName::from_static("accept"), HeaderValue::from_static("text/html"))]);
        Visitor { http, url: self.url.clone(), cookies: Arc::default(), headers }
    }

    /// Signed in by the page.
    pub async fn visitor_as(&self, login: &str) -> Visitor {
        let visitor = self.visitor();
        visitor.sign_in(login).await;
        visitor
    }
}

impl Visitor {
    pub fn with(&self, header: &'static str, value: &str) -> Visitor {
        let mut visitor = self.clone();
        visitor.headers.insert(HeaderName::from_static(header), HeaderValue::from_str(value).expect("a header"));
        visitor
    }

    pub fn in_english(&self) -> Visitor {
        self.with("accept-language", "en")
    }

    pub async fn open(&self, path: &str) -> Shown {
        self.send(self.http.get(format!("{}{path}", self.url))).await
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("the cookies").get(&format!("alliance-{name}")).cloned()
    }

    /// Sends fields to a page, with the secret that its forms carry.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let secret = self.cookie("csrf").unwrap_or_default();
        let fields: Vec<_> = [("csrf", secret.as_str())].iter().chain(fields).copied().collect();
        self.send(self.http.post(format!("{}{path}", self.url)).form(&fields)).await
    }

    /// Opens a page, fills its form for a verb and sends it.
    pub async fn fill(&self, path: &str, verb: &str, fields: &[(&str, &str)]) -> Shown {
        let page = self.open(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.html);
        let mut sent = page.form(verb, fields.iter().find(|(name, _)| *name == "id").map(|(_, id)| *id));
        sent.retain(|(name, _)| !fields.iter().any(|(known, _)| known == name));
        sent.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.send(self.http.post(format!("{}{path}", self.url)).form(&sent)).await
    }

    /// The same for a form with files.
    pub async fn fill_with(&self, path: &str, verb: &str, fields: &[(&str, &str)], files: &[Vec<u8>]) -> Shown {
        let page = self.open(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.html);
        let mut sent = page.form(verb, None);
        sent.retain(|(name, _)| name != "pictures" && !fields.iter().any(|(known, _)| known == name));
        sent.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.send_with(path, sent, files).await
    }

    pub async fn send_with(&self, path: &str, fields: Vec<(String, String)>, files: &[Vec<u8>]) -> Shown {
        let mut form = fields.into_iter().fold(multipart::Form::new(), |form, (name, value)| form.text(name, value));
        for file in files {
            form = form.part("pictures", multipart::Part::bytes(file.clone()).file_name("照片.jpg"));
        }
        self.send(self.http.post(format!("{}{path}", self.url)).multipart(form)).await
    }

    pub async fn sign_in(&self, login: &str) -> Shown {
        let shown = self.fill("/sign-in", "signIn", &[("login", login), ("password", PASSWORD)]).await;
        assert_eq!((shown.status, shown.to()), (303, "/"), "{}", shown.html);
        shown
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Shown {
        let cookies: Vec<_> = self.cookies.lock().expect("the cookies").iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request.headers(self.headers.clone());
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let html = String::from_utf8_lossy(&response.bytes().await.expect("a body")).into_owned();
        let mut cookies = self.cookies.lock().expect("the cookies");
        for set in headers.get_all("set-cookie") {
            let (pair, rest) = set.to_str().expect("a cookie").split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            if rest.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Shown { status, headers, html }
    }
}

impl Shown {
    /// Where it leads.
    pub fn to(&self) -> &str {
        self.header("location")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn has(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    /// The text that a reader sees, without marks and repeated blanks.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for part in self.html.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
            text.push(' ');
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The fields of the page's form for a verb, for an object where one is named, as a browser would send them untouched.
    fn form(&self, verb: &str, id: Option<&str>) -> Vec<(String, String)> {
        let mark = format!("name=\"do\" value=\"{verb}\"");
        let forms = self.html.split("<form").filter(|form| form.contains(&mark));
        let of = id.map(|id| format!("value=\"{id}\""));
        let form = forms.into_iter().find(|form| of.as_ref().is_none_or(|of| form.contains(of)));
        let form = form.unwrap_or_else(|| panic!("there is no form for {verb}: {}", self.html));
        let form = form.split("</form>").next().expect("a form");
        let mut fields = Vec::new();
        for input in form.split("<input").skip(1).map(|rest| rest.split('>').next().expect("an input")) {
            let attribute = |name: &str| input.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next());
            let choice = matches!(attribute("type"), Some("radio" | "checkbox"));
            if let Some(name) = attribute("name").filter(|_| !choice || input.contains(" checked")) {
                fields.push((name.to_owned(), plain(attribute("value").unwrap_or_default())));
            }
        }
        for select in form.split("<select").skip(1).map(|rest| rest.split("</select>").next().expect("a select")) {
            let name = select.split_once(" name=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
            let options: Vec<_> = select.split("<option").skip(1).collect();
            let chosen = options.iter().find(|option| option.contains(" selected")).or(options.first());
            let value = chosen.and_then(|option| option.split_once("value=\"")).and_then(|(_, rest)| rest.split('"').next());
            fields.push((name.to_owned(), plain(value.unwrap_or_default())));
        }
        fields
    }
}

fn plain(text: &str) -> String {
    let pairs = [("&#x2f;", "/"), ("&quot;", "\""), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
