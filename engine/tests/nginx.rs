//! The router `nginx` against a real nginx on loopback.

#[path = "nginx/adopting.rs"]
mod adopting;
#[path = "nginx/drifting.rs"]
mod drifting;
#[path = "nginx/measuring.rs"]
mod measuring;
#[path = "nginx/refusing.rs"]
mod refusing;
#[path = "nginx/sessions.rs"]
mod sessions;
#[path = "nginx/shifting.rs"]
mod shifting;

mod support {
    #[path = "../support/backend.rs"]
    pub mod backend;
    #[path = "../support/client.rs"]
    pub mod client;
    #[path = "../support/nginx.rs"]
    pub mod nginx;
}

use engine::router::Route;
use rollout::slot::{Slot, Split, Weight};
use support::backend::backends;
use support::nginx::{PrivateNginx, route};

const HOST: &str = "shop.test";

fn split(to: Slot, percent: u8) -> Split {
    Split { to, weight: Weight::new(percent).unwrap() }
}

fn green(percent: u8) -> Split {
    split(Slot::Green, percent)
}

/// A private nginx, not yet adopted, and the routes of one service in both slots.
async fn stage() -> (PrivateNginx, Vec<Route>) {
    (PrivateNginx::start(), routes().await)
}

async fn routes() -> Vec<Route> {
    let (blue, green) = backends().await;
    vec![route("web", &[HOST], blue, green)]
}
