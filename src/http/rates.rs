//! How much a caller may ask for in a minute, and who the caller is.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;
use uuid::Uuid;

/// What an account may ask for in a minute, and what all callers of an address may who are not signed in: requests, and their static cost.
pub const ACCOUNT: (u32, u32) = (3_000, 3_000_000);
pub const ADDRESS: (u32, u32) = (1_200, 600_000);
/// After so many requests, what is known of callers who have long been quiet is forgotten.
const SWEEP: u64 = 10_000;

/// Whose share a request is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    Account(Uuid),
    Address(IpAddr),
}

type Limiter = RateLimiter<Caller, DefaultKeyedStateStore<Caller>, DefaultClock, StateInformationMiddleware>;

/// One share, refilled evenly over a minute.
struct Share {
    name: &'static str,
    accounts: Limiter,
    addresses: Limiter,
    sizes: (u32, u32),
}

impl Share {
    fn new(name: &'static str, account: u32, address: u32) -> Share {
        let limiter = |size: u32| {
            let size = NonZeroU32::new(size).unwrap_or(NonZeroU32::MIN);
            RateLimiter::dashmap(Quota::per_minute(size)).with_middleware()
        };
        Share { name, accounts: limiter(account), addresses: limiter(address), sizes: (account, address) }
    }

    /// Takes from the share; what is left of it, or in how many seconds there is enough.
    fn take(&self, caller: Caller, amount: u32) -> Result<Left, u64> {
        let (limiter, size) = match caller {
            Caller::Account(_) => (&self.accounts, self.sizes.0),
            Caller::Address(_) => (&self.addresses, self.sizes.1),
        };
        let amount = NonZeroU32::new(amount.min(size)).unwrap_or(NonZeroU32::MIN);
        match limiter.check_key_n(&caller, amount) {
            Ok(Ok(state)) => Ok(Left { name: self.name, size, rest: state.remaining_burst_capacity() }),
            Ok(Err(until)) => Err(until.wait_time_from(DefaultClock::default().now()).as_secs() + 1),
            // Nothing that is asked for is more than the whole.
            Err(_) => Err(60),
        }
    }

    fn sweep(&self) {
        self.accounts.retain_recent();
        self.addresses.retain_recent();
    }
}

struct Left {
    name: &'static str,
    size: u32,
    rest: u32,
}

/// What is left of a caller's shares.
pub struct Standing([Left; 2]);

impl Standing {
    /// Says it in the header fields of the IETF's draft.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let join = |item: fn(&Left) -> String| self.0.iter().map(item).collect::<Vec<_>>().join(", ");
        let policy = join(|left| format!("\"{}\";q={};w=60", left.name, left.size));
        let state = join(|left| {
            // How long until it is whole again.
            let until = u64::from(left.size - left.rest) * 60;
            format!("\"{}\";r={};t={}", left.name, left.rest, until.div_ceil(u64::from(left.size)))
        });
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// The shares of all callers of this instance.
pub struct Rates {
    shares: Option<[Share; 2]>,
    taken: AtomicU64,
}

impl Rates {
    pub fn new(on: bool) -> Rates {
        let shares = on.then(|| [Share::new("requests", ACCOUNT.0, ADDRESS.0), Share::new("cost", ACCOUNT.1, ADDRESS.1)]);
        Rates { shares, taken: AtomicU64::new(0) }
    }

    /// Takes one request of some cost; where there is not enough left, the seconds until there is. Nothing where no limit is kept.
    pub fn take(&self, caller: Caller, cost: u64) -> Result<Option<Standing>, u64> {
        let Some([requests, costs]) = &self.shares else { return Ok(None) };
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            requests.sweep();
            costs.sweep();
        }
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        Ok(Some(Standing([requests.take(caller, 1)?, costs.take(caller, cost)?])))
    }
}

/// The address that a connection came from.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(super) IpAddr);

impl Peer {
    /// Whether it is a proxy whose word is believed.
    pub(crate) fn is_trusted(self, proxies: &[IpNet]) -> bool {
        let address = self.0.to_canonical();
        proxies.iter().any(|proxy| proxy.contains(&address))
    }

    /// Whose share is taken from where nobody is signed in: the peer, or whom trusted proxies say that they speak for, the last of them first.
    /// Who has one address of version 6 has a whole network of them.
    pub(super) fn caller(self, headers: &HeaderMap, proxies: &[IpNet]) -> Caller {
        let said = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let mut said: Vec<&str> = said.collect();
        let mut address = self.0.to_canonical();
        while proxies.iter().any(|proxy| proxy.contains(&address))
            && let Some(before) = said.pop().and_then(|text| text.trim().parse::<IpAddr>().ok())
        {
            address = before.to_canonical();
        }
        Caller::Address(match address {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
            address => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str]) -> Caller {
        let proxies: Vec<IpNet> = ["10.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).into();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        Peer(peer.parse().expect("an address")).caller(&headers, &proxies)
    }

    fn address(text: &str) -> Caller {
        Caller::Address(text.parse().expect("an address"))
    }

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_speaks() {
        assert_eq!(seen("203.0.113.7", &["198.51.100.1"]), address("203.0.113.7"));
        assert_eq!(seen("10.1.2.3", &["198.51.100.1"]), address("198.51.100.1"));
        assert_eq!(
            seen("10.1.2.3", &["192.0.2.66, 198.51.100.1", "10.9.9.9"]),
            address("198.51.100.1"),
            "what the caller wrote itself is not believed"
        );
        assert_eq!(seen("10.1.2.3", &["nonsense"]), address("10.1.2.3"));
        assert_eq!(seen("::1", &["::ffff:198.51.100.1"]), address("198.51.100.1"));
    }

    #[test]
    fn a_network_of_version_6_is_one_caller() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", &[]), seen("2001:db8:1:2::1", &[]));
        assert_ne!(seen("2001:db8:1:2::1", &[]), seen("2001:db8:1:3::1", &[]));
    }

    #[test]
    fn a_share_that_is_used_up_says_when_there_is_more() {
        let (rates, caller) = (Rates::new(true), address("192.0.2.1"));
        for _ in 0..ADDRESS.0 {
            assert!(rates.take(caller, 1).is_ok());
        }
        let refused = (0..3).find_map(|_| rates.take(caller, 1).err());
        assert_eq!(refused, Some(1));
        assert!(rates.take(address("192.0.2.2"), 1).is_ok(), "each has its own");
        assert!(rates.take(Caller::Account(Uuid::from_u128(1)), 1).is_ok());
    }

    #[test]
    fn what_costs_much_uses_up_more() {
        let (rates, caller) = (Rates::new(true), address("192.0.2.1"));
        assert!(rates.take(caller, u64::from(ADDRESS.1)).is_ok());
        assert_eq!(rates.take(caller, u64::from(ADDRESS.1) / 2).err(), Some(30));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let rates = Rates::new(false);
        assert!((0..ADDRESS.0 * 2).all(|_| matches!(rates.take(address("192.0.2.1"), 1_000_000), Ok(None))));
    }
}
