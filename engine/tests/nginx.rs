//! What is nginx's own of the router `nginx`, against a real nginx on loopback. What every router must: `routers.rs`.

#[path = "nginx/adopting.rs"]
mod adopting;
#[path = "nginx/contained.rs"]
mod contained;
#[path = "nginx/door.rs"]
mod door;
#[path = "nginx/drifting.rs"]
mod drifting;
#[path = "nginx/including.rs"]
mod including;
#[path = "nginx/measuring.rs"]
mod measuring;
#[path = "nginx/refusing.rs"]
mod refusing;
#[path = "nginx/reloading.rs"]
mod reloading;
#[path = "nginx/sessions.rs"]
mod sessions;
#[path = "nginx/shifting.rs"]
mod shifting;

#[allow(dead_code, reason = "shared with other tests")]
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

fn green(percent: u8) -> Split {
    Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
}

/// A private nginx, not yet adopted, and the routes of one service in both slots.
async fn stage() -> (PrivateNginx, Vec<Route>) {
    (PrivateNginx::start(), routes().await)
}

async fn routes() -> Vec<Route> {
    let (blue, green) = backends().await;
    vec![route("web", &[HOST], blue, green)]
}
