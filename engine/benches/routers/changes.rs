//! A weight changed by hand, against our `set`, which returns when the router itself has confirmed it.

use crate::Measured;
use crate::rig::{HOST, Stage};
use crate::support::client::Client;
use crate::times::Times;
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::time::Instant;

const CHANGES: usize = 100;

pub fn head() {
    println!("\nAll traffic from one slot to the other and back, {CHANGES} times, no load: milliseconds");
    println!("{:<10} {:<52} {:>9} {:>9} {:>9}", "router", "how", "median", "99th", "longest");
}

pub async fn compare<R: Measured>() {
    let mut stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let mut times = vec![];
    for change in 0..CHANGES {
        let split = Split::all(Slot::BOTH[(change + 1) % 2]);
        let begun = Instant::now();
        stage.router.set(split).await.expect("the weight is set");
        times.push(begun.elapsed());
    }
    row::<R>("`set`, until verified", times);
    let port = stage.rig.port().expect("requests pass through it");
    let mut times = vec![];
    for change in 0..CHANGES {
        let split = Split::all(Slot::BOTH[(change + 1) % 2]);
        let begun = Instant::now();
        stage.rig.set_by_hand(split).await;
        until_all_goes_to(port, split.to).await;
        times.push(begun.elapsed());
    }
    row::<R>(R::HAND, times);
}

/// Until a new connection is answered by this slot.
pub async fn until_all_goes_to(port: u16, slot: Slot) {
    let mut client = Client::new(port, HOST);
    while client.try_get("/", "Connection: close").await.map_or(true, |answer| answer.body != slot.as_str()) {}
}

pub fn row<R: Measured>(how: &str, times: Vec<std::time::Duration>) {
    println!("{:<10} {how:<52} {}", R::NAME, Times::of(times));
}
