//! The proxy as it runs: a process of its own, real sockets on loopback, services behind it and clients before it.

#[path = "serving/door.rs"]
mod door;
#[path = "serving/keeping.rs"]
mod keeping;
#[path = "serving/limits.rs"]
mod limits;
#[path = "serving/odd.rs"]
mod odd;
#[path = "serving/restarting.rs"]
mod restarting;
#[path = "serving/retrying.rs"]
mod retrying;
#[path = "serving/sharing.rs"]
mod sharing;
#[path = "serving/streaming.rs"]
mod streaming;
#[path = "serving/tls.rs"]
mod tls;
#[path = "serving/websockets.rs"]
mod websockets;

mod support {
    #[path = "../support/client.rs"]
    pub mod client;
    #[path = "../../../engine/tests/support/ports.rs"]
    pub mod ports;
    #[path = "../support/process.rs"]
    pub mod process;
    #[path = "../support/service.rs"]
    pub mod service;
}

use proxy::wire::{Application, Service};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split, Weight};
use std::net::SocketAddr;

const HOST: &str = "shop.test";

fn green(percent: u8) -> Split {
    Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
}

fn shop(sticky_by: StickyBy, blue: SocketAddr, green: SocketAddr) -> Application {
    let service = Service { name: "web".into(), hosts: vec![HOST.into()], blue, green };
    Application { name: "shop".into(), sticky_by, services: vec![service], log: None }
}

/// Not a test: the process that the others start. See `support::process`.
#[test]
fn the_proxy_itself() {
    support::process::be();
}
