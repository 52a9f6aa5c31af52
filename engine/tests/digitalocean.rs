//! DigitalOcean: its client, and the router, against a stand-in of the API on loopback.

#[path = "digitalocean/answers.rs"]
mod answers;
#[path = "digitalocean/calls.rs"]
mod calls;

mod support {
    #[path = "../support/digitalocean/mod.rs"]
    pub mod digitalocean;
}

use engine::digitalocean::{Client, Pace};
use rollout::application::Secret;
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
