//! DigitalOcean: its client, and the router, against a stand-in of the API on loopback.

#[path = "digitalocean/answers.rs"]
mod answers;
#[path = "digitalocean/calls.rs"]
mod calls;
#[path = "digitalocean/drifting.rs"]
mod drifting;
#[path = "digitalocean/failing.rs"]
mod failing;
#[path = "digitalocean/looking.rs"]
mod looking;
#[path = "digitalocean/moving.rs"]
mod moving;

#[allow(dead_code, reason = "shared with other tests")]
mod support {
    #[path = "../support/backend.rs"]
    pub mod backend;
    #[path = "../support/client.rs"]
    pub mod client;
    #[path = "../support/digitalocean/mod.rs"]
    pub mod digitalocean;
    #[path = "../support/fleet.rs"]
    pub mod fleet;
    #[path = "../support/ports.rs"]
    pub mod ports;

    pub use ports::free_port;
}

use engine::digitalocean::{Client, Pace};
use engine::router::Route;
use rollout::application::Secret;
use rollout::slot::{Slot, Split, Weight};
use std::time::Duration;
use support::digitalocean::{StandIn, TOKEN};

/// Waits are short, but for those on a machine that is busy.
fn hasty() -> Pace {
    Pace {
        request: Duration::from_secs(10),
        backoff: Duration::from_millis(5),
        look: Duration::from_millis(10),
        processing: Duration::from_secs(20),
        longest_wait: Duration::from_secs(5),
        second: Duration::from_millis(20),
        ..Pace::default()
    }
}

fn client(stand_in: &StandIn) -> Client {
    Client::new(&stand_in.url(), Secret::Plain(TOKEN.to_owned())).unwrap().with_pace(hasty())
}

fn split(to: Slot, percent: u8) -> Split {
    Split { to, weight: Weight::new(percent).unwrap() }
}

/// A balancer does not look at them.
fn routes() -> Vec<Route> {
    let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    vec![Route { service: "web".into(), hosts: vec!["shop.test".into()], blue: address(1), green: address(2) }]
}
