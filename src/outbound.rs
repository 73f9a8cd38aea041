//! Calls to addresses that others have named: nothing inside the network is reached, whatever a name resolves to and wherever an answer
//! points.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Url, redirect};

use crate::error::{AppError, Result};

/// From the first byte sent to the last one read.
const WHOLE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
/// What is read of an answer at most.
const ANSWER: usize = 16 * 1024;

/// Says what TLS is computed by, which nothing that calls by it may come before; the process has one such, whoever came first.
pub fn provide_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// Networks that are no place of the public internet: private, shared, of this machine, of documentation, reserved.
const INNER: [&str; 28] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Which addresses may be reached: public ones by TLS, and the operator's own networks.
#[derive(Clone, Debug)]
pub struct Reach {
    inner: Arc<[IpNet]>,
    opened: Arc<[IpNet]>,
}

impl Reach {
    /// `opened`: networks of the operator's own that may be reached, without TLS too.
    pub fn new(opened: &[IpNet]) -> Reach {
        Reach { inner: INNER.iter().filter_map(|network| network.parse().ok()).collect(), opened: opened.into() }
    }

    /// What is sent without TLS stays at home.
    fn allows(&self, address: IpAddr, by_tls: bool) -> bool {
        let address = address.to_canonical();
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        within(&self.opened) || (by_tls && !within(&self.inner))
    }

    /// Whether an address as it is written could be called at all; what its name resolves to is seen when it is.
    pub fn may_call(&self, url: &Url) -> bool {
        let by_tls = url.scheme() == "https";
        literal(url).map_or(by_tls || !self.opened.is_empty(), |address| self.allows(address, by_tls))
    }
}

struct Resolver {
    reach: Reach,
    by_tls: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the address may not be reached")]
struct Unreached;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, by_tls) = (self.reach.clone(), self.by_tls);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| reach.allows(address.ip(), by_tls)).collect();
            if allowed.is_empty() {
                return Err(Unreached.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The address is one that is not called.
    Refused,
    TimedOut,
    Unreachable,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// How long the other side asks to be left alone.
    pub retry_after: Option<Duration>,
    /// As far as it was read.
    pub body: Vec<u8>,
}

/// A caller of such addresses; cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    reach: Reach,
    by_tls: Client,
    plain: Client,
}

impl Outbound {
    pub fn new(reach: Reach) -> Result<Outbound> {
        provide_cryptography();
        let client = |by_tls| {
            Client::builder()
                .user_agent(concat!("alliance/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .no_proxy()
                .timeout(WHOLE)
                .connect_timeout(CONNECT)
                .dns_resolver(Arc::new(Resolver { reach: reach.clone(), by_tls }))
                .build()
                .map_err(AppError::internal)
        };
        Ok(Outbound { by_tls: client(true)?, plain: client(false)?, reach })
    }

    /// Sends a body; redirects are answers like any other.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: String) -> std::result::Result<Reply, Fault> {
        // A number instead of a name is resolved by nobody.
        if !self.reach.may_call(url) {
            return Err(Fault::Refused);
        }
        let client = if url.scheme() == "https" { &self.by_tls } else { &self.plain };
        let mut answer = client.post(url.clone()).headers(headers).body(body).send().await.map_err(fault)?;
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut reply = Reply { status: answer.status().as_u16(), retry_after: seconds.map(Duration::from_secs), body: Vec::new() };
        while let Some(chunk) = answer.chunk().await.map_err(fault)? {
            reply.body.extend_from_slice(&chunk[..chunk.len().min(ANSWER - reply.body.len())]);
            if reply.body.len() == ANSWER {
                break;
            }
        }
        Ok(reply)
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn fault(error: reqwest::Error) -> Fault {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if error.is::<Unreached>() {
            return Fault::Refused;
        }
        cause = error.source();
    }
    if error.is_timeout() { Fault::TimedOut } else { Fault::Unreachable }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn every_network_of_the_list_is_one() {
        assert!(INNER.iter().all(|network| network.parse::<IpNet>().is_ok()));
    }

    #[test]
    fn only_public_addresses_are_called_and_the_operators_own_networks() {
        let closed = Reach::new(&[]);
        for inside in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.100.100.200/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "http://8.8.8.8/",
            "http://example.cn/",
        ] {
            assert!(!closed.may_call(&url(inside)), "{inside}");
        }
        for outside in ["https://example.cn/", "https://8.8.8.8/", "https://[2400:3200::1]/"] {
            assert!(closed.may_call(&url(outside)), "{outside}");
        }
        let opened = Reach::new(&["10.1.0.0/16".parse().unwrap()]);
        assert!(opened.may_call(&url("http://10.1.2.3:8080/hook")) && opened.may_call(&url("https://10.1.2.3/")));
        assert!(!opened.may_call(&url("http://10.2.2.3/")) && !opened.may_call(&url("http://8.8.8.8/")));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_not_called() {
        let outbound = Outbound::new(Reach::new(&[])).unwrap();
        let reply = outbound.post(&url("https://localhost:9/"), HeaderMap::new(), String::new()).await;
        assert_eq!(reply.err(), Some(Fault::Refused));
    }
}
