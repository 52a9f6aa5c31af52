//! What is HAProxy's own of the router `haproxy`, against a real HAProxy on loopback. What every router must: `routers.rs`.

#[path = "haproxy/refusing.rs"]
mod refusing;
#[path = "haproxy/reloading.rs"]
mod reloading;
#[path = "haproxy/routing.rs"]
mod routing;

#[allow(dead_code, reason = "shared with other tests")]
mod support {
    #[path = "../support/backend.rs"]
    pub mod backend;
    #[path = "../support/client.rs"]
    pub mod client;
    #[path = "../support/haproxy.rs"]
    pub mod haproxy;
    #[path = "../support/nginx.rs"]
    pub mod nginx;
}

use engine::router::Route;
use rollout::slot::{Slot, Split, Weight};
use support::backend::backends;
use support::haproxy::PrivateHaproxy;
use support::nginx::route;

const HOST: &str = "shop.test";

fn green(percent: u8) -> Split {
    Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
}

/// A private HAProxy, not yet adopted, and the routes of one service in both slots.
async fn stage() -> (PrivateHaproxy, Vec<Route>) {
    (PrivateHaproxy::start(), routes().await)
}

async fn routes() -> Vec<Route> {
    let (blue, green) = backends().await;
    vec![route("web", &[HOST], blue, green)]
}
