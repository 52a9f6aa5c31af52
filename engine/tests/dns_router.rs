//! The router `dns` against real name servers on loopback: BIND, Knot and, as a cache, Unbound.

#[path = "dns_router/changing.rs"]
mod changing;
#[path = "dns_router/failing.rs"]
mod failing;
#[path = "dns_router/lying.rs"]
mod lying;

#[allow(dead_code, reason = "shared with other tests")]
mod support {
    #[path = "../support/named.rs"]
    pub mod named;
    #[path = "../support/ports.rs"]
    mod ports;

    pub use ports::free_port;
}

use engine::router::{DnsRouter, Route, Router};
use rollout::application::Secret;
use rollout::clock::Millis;
use rollout::router::{Algorithm, Dns, Provider, Update};
use rollout::slot::{Slot, Split, Weight};
use std::sync::Mutex;
use std::time::Duration;
use support::named::{NameServer, SECRET, ZONE};
use tempfile::TempDir;

/// One name server or several, and what the application file says of them.
struct Stage {
    dns: Dns,
    _folder: TempDir,
}

impl Stage {
    fn new(primary: &NameServer, others: &[&NameServer]) -> Stage {
        Stage::at(&primary.at(), &others.iter().map(|server| server.at()).collect::<Vec<_>>())
    }

    fn at(primary: &str, others: &[String]) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let update = Update {
            server: primary.to_owned(),
            key: "crossfade".into(),
            // Tests write it down; the application file cannot.
            secret: Secret::Plain(SECRET.into()),
            algorithm: Algorithm::HmacSha256,
        };
        let addresses = |list: &[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let dns = Dns {
            provider: Provider::Update(update),
            zone: ZONE.into(),
            names: vec![ZONE.into(), format!("www.{ZONE}")],
            ttl: Millis::seconds(2),
            blue: addresses(&["192.0.2.1", "192.0.2.3", "2001:db8::1", "2001:db8::3"]),
            green: addresses(&["192.0.2.2", "192.0.2.4", "2001:db8::2", "2001:db8::4"]),
            name_servers: std::iter::once(primary.to_owned()).chain(others.iter().cloned()).collect(),
            resolvers: vec![],
            state: folder.path().display().to_string(),
            fronts: None,
        };
        Stage { dns, _folder: folder }
    }

    fn update(&mut self) -> &mut Update {
        let Provider::Update(update) = &mut self.dns.provider;
        update
    }

    fn router(&self) -> DnsRouter {
        DnsRouter::new("shop", &self.dns, 1).unwrap().with_propagation(Duration::from_secs(10))
    }
}

fn routes() -> Vec<Route> {
    vec![Route {
        service: "web".into(),
        hosts: vec![ZONE.into(), format!("www.{ZONE}")],
        blue: "127.0.0.1:21000".parse().unwrap(),
        green: "127.0.0.1:21001".parse().unwrap(),
    }]
}

fn green(percent: u8) -> Split {
    Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
}

/// Sets it, and gives back what was told meanwhile.
async fn set(router: &DnsRouter, split: Split) -> Vec<String> {
    let told = Mutex::new(vec![]);
    router.set_telling(split, &|line| told.lock().unwrap().push(line)).await.unwrap();
    told.into_inner().unwrap()
}

/// How it differs, in words; empty when it does not.
async fn drifts(router: &DnsRouter, expected: Split) -> String {
    let drift = router.drift(&routes(), expected).await.unwrap();
    drift.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}
