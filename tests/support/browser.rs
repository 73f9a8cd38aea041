//! A real browser, driven over WebDriver as the W3C has it: Chromium and ChromeDriver, from the distribution.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Value, json};

/// How long a page may take to become what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The key of an element in the answers of WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Browser {
    driver: Child,
    http: reqwest::Client,
    session: String,
    pages: String,
}

impl Browser {
    /// A window of such a width, with or without the scripts of the pages.
    pub async fn start(pages: &str, width: u32, scripts: bool) -> Browser {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut driver = started.expect("chromedriver is installed: scripts/test does that");
        let lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let port = line.split_once("on port ")?.1.trim_end_matches('.').to_owned();
            port.parse::<u16>().ok().filter(|port| *port > 0)
        });
        let url = format!("http://127.0.0.1:{}/session", port.expect("chromedriver names its port"));
        let arguments =
            ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage", "--lang=zh-CN"];
        let size = format!("--window-size={width},900");
        let arguments: Vec<_> = arguments.into_iter().chain([size.as_str()]).collect();
        let prefs = json!({ "intl.accept_languages": "zh-CN,zh" });
        // A headless window is no narrower than 500 pixels by itself.
        let mobile =
            json!({ "deviceMetrics": { "width": width, "height": 900, "pixelRatio": 1.0, "touch": width < 600, "mobile": width < 600 } });
        let mut options = json!({ "args": arguments, "prefs": prefs });
        if width < 600 {
            options["mobileEmulation"] = mobile;
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options } } });
        let http = reqwest::Client::new();
        let answer: Value = http.post(&url).json(&wanted).send().await.expect("chromedriver answers").json().await.expect("JSON");
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("a browser starts: {answer}"));
        let browser = Browser { driver, http, session: format!("{url}/{id}"), pages: pages.to_owned() };
        if !scripts {
            // ChromeDriver itself works by scripts, so that only those of the pages are kept away.
            for (command, params) in [("Network.enable", json!({})), ("Network.setBlockedURLs", json!({ "urls": ["*.js*"] }))] {
                browser.tell("goog/cdp/execute", json!({ "cmd": command, "params": params })).await.expect("the network is ours");
            }
        }
        browser
    }

    async fn tell(&self, command: &str, body: Value) -> Result<Value, String> {
        let answer = self.http.post(format!("{}/{command}", self.session)).json(&body).send().await.expect("chromedriver answers");
        let sound = answer.status().is_success();
        let value = answer.json::<Value>().await.expect("JSON")["value"].take();
        if sound { Ok(value) } else { Err(format!("{command}: {}", value["message"].as_str().unwrap_or_default())) }
    }

    pub async fn open(&self, path: &str) {
        self.tell("url", json!({ "url": format!("{}{path}", self.pages) })).await.expect("a page");
    }

    /// What a script of the tests gives back, where scripts run.
    pub async fn run(&self, script: &str) -> Value {
        self.tell("execute/sync", json!({ "script": script, "args": [] })).await.unwrap_or_else(|wrong| panic!("{wrong}"))
    }

    async fn read(&self, what: &str) -> Option<String> {
        let answer = self.http.get(format!("{}/{what}", self.session)).send().await.expect("chromedriver answers");
        let value: Value = answer.json().await.expect("JSON");
        value["value"].as_str().map(str::to_owned)
    }

    pub async fn path(&self) -> String {
        self.read("url").await.unwrap_or_default().trim_start_matches(&self.pages).to_owned()
    }

    pub async fn text(&self) -> String {
        let body = self.find("body").await;
        // It is nothing where another page has come since.
        self.read(&format!("element/{body}/text")).await.unwrap_or_default()
    }

    /// Whether there is such an element at this moment.
    pub async fn has(&self, selector: &str) -> bool {
        let found = self.tell("elements", json!({ "using": "css selector", "value": selector })).await;
        found.is_ok_and(|found| found.as_array().is_some_and(|found| !found.is_empty()))
    }

    /// Waits for words to stand on the page.
    pub async fn sees(&self, words: &str) {
        let begun = Instant::now();
        while !self.text().await.contains(words) {
            assert!(begun.elapsed() < PATIENCE, "{words} does not stand on {}:\n{}", self.path().await, self.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for an element, by a selector of CSS or, where it begins with a slash, of XPath.
    pub async fn find(&self, selector: &str) -> String {
        let using = if selector.starts_with('/') { "xpath" } else { "css selector" };
        let begun = Instant::now();
        loop {
            match self.tell("element", json!({ "using": using, "value": selector })).await {
                Ok(found) => return found[ELEMENT].as_str().expect("an element").to_owned(),
                Err(wrong) => assert!(begun.elapsed() < PATIENCE, "{wrong} on {}", self.path().await),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn click(&self, selector: &str) {
        let begun = Instant::now();
        loop {
            let element = self.find(selector).await;
            match self.tell(&format!("element/{element}/click"), json!({})).await {
                Ok(_) => return,
                // It was put anew between two steps.
                Err(wrong) => assert!(begun.elapsed() < PATIENCE, "{selector}: {wrong}"),
            }
        }
    }

    /// The link or button that bears these words.
    pub async fn press(&self, words: &str) {
        self.click(&format!("//main//*[self::a or self::button or self::summary or self::label][contains(normalize-space(.), '{words}')]"))
            .await;
    }

    pub async fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        let _ = self.tell(&format!("element/{element}/clear"), json!({})).await;
        self.tell(&format!("element/{element}/value"), json!({ "text": text })).await.unwrap_or_else(|wrong| panic!("{selector}: {wrong}"));
    }

    /// Presses keys, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let presses: Vec<_> =
            keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))).collect();
        self.tell("actions", json!({ "actions": [{ "type": "key", "id": "keys", "actions": presses }] })).await.expect("keys");
    }

    pub async fn sign_in(&self, login: &str, password: &str) {
        self.open("/sign-in").await;
        self.write("#f-login", login).await;
        self.write("#f-password", password).await;
        self.press("登录").await;
        self.sees("您好").await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // ChromeDriver ends its browsers when it is told to, not when it is killed.
        let port_and_id = self.session.trim_start_matches("http://").split_once('/').map(|(host, path)| (host.to_owned(), path.to_owned()));
        if let Some((host, path)) = port_and_id
            && let Ok(mut stream) = std::net::TcpStream::connect(&host)
        {
            use std::io::{Read, Write};
            let _ = write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut [0; 64]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
