//! Routers side by side, in one run on one machine: changing a weight by hand and by ours, shares and failures through
//! a whole rollout and back, the way back under load, throughput; and beside them the way of the deployment guide that
//! Crossfade replaces. Prints tables; asserts nothing.
//!
//! `REQUESTS=20000` is how many are measured at each weight, by each kind of client.

mod changes;
mod guide;
mod load;
mod throughput;
mod times;
mod way_back;
mod weights;

#[path = "../../tests/routers/rig.rs"]
#[allow(dead_code, reason = "shared with the contract of routers")]
mod rig;

#[path = "../../tests/routers/rigs"]
#[allow(dead_code, reason = "shared with the contract of routers")]
mod rigs {
    pub mod embedded;
    pub mod haproxy;
    pub mod nginx;
}

#[path = "../../tests/support"]
#[allow(dead_code, reason = "shared with tests")]
mod support {
    pub mod backend;
    pub mod client;
    pub mod haproxy;
    pub mod nginx;
}

use load::{Manner, Tally};
use rig::Rig;

/// A router of the table.
trait Measured: Rig {
    const NAME: &'static str;
    /// What its `set_by_hand` does.
    const HAND: &'static str;
}

impl Measured for support::nginx::PrivateNginx {
    const NAME: &'static str = "nginx";
    const HAND: &'static str = "by hand: the dial's link";
}

impl Measured for support::haproxy::PrivateHaproxy {
    const NAME: &'static str = "haproxy";
    const HAND: &'static str = "by hand: `set map` over its socket";
}

impl Measured for rigs::embedded::PrivateProxy {
    const NAME: &'static str = "embedded";
    const HAND: &'static str = "by hand: a message over its socket";
}

/// The same for each router, one after the other.
macro_rules! each {
    ($module:ident :: $measure:ident $(, $argument:expr)*) => {
        [
            $module::$measure::<support::nginx::PrivateNginx>($($argument),*).await,
            $module::$measure::<support::haproxy::PrivateHaproxy>($($argument),*).await,
            $module::$measure::<rigs::embedded::PrivateProxy>($($argument),*).await,
        ]
    };
}

fn main() {
    // This program, started again to be the proxy.
    rigs::embedded::be();
    let requests = std::env::var("REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    threads.block_on(measure(requests));
}

async fn measure(requests: u64) {
    changes::head();
    each!(changes::compare);
    guide::reloads().await;

    weights::head();
    let mut walks: Vec<(f64, Tally)> = vec![];
    for manner in Manner::BOTH {
        walks.extend(each!(weights::walk, manner, requests));
    }
    let all: u64 = walks.iter().map(|(_, tally)| tally.requests).sum();
    let failed: u64 = walks.iter().map(|(_, tally)| tally.failed()).sum();
    let idle: u64 = walks.iter().map(|(_, tally)| tally.idle_closes).sum();
    let off = walks.iter().map(|(off, _)| *off).fold(0.0, f64::max);
    println!(
        "{all} requests, {failed} failed; {idle} connections closed while idle; shares off by at most {off:.2} points"
    );
    guide::switch_and_back(requests).await;

    way_back::head();
    each!(way_back::measure);

    throughput::head();
    throughput::direct().await;
    each!(throughput::measure);
}
