//! From `set` of the way back to the last request that the new slot got, under load.

use crate::Measured;
use crate::load::{Load, Manner};
use crate::rig::{HOST, Stage};
use crate::times::Times;
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::time::Instant;

const ROUNDS: usize = 100;
/// Before and after each, so that the connections have been used.
const REQUESTS: u64 = 200;

pub fn head() {
    println!("\nThe way back from 100 %, {ROUNDS} times, under load of keep-alive clients: milliseconds");
    println!("{:<10} {:<52} {:>9} {:>9} {:>9}", "router", "from the order to", "median", "99th", "longest");
}

pub async fn measure<R: Measured>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let load = Load::start(stage.rig.port().expect("requests pass through it"), HOST, Manner::KeepAlive);
    let (mut confirmed, mut ended) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        stage.set(Split::all(Slot::Green)).await;
        load.under_it(REQUESTS).await;
        load.moving();
        let ordered = Instant::now();
        stage.router.set(Split::all(Slot::Blue)).await.expect("the weight is set");
        confirmed.push(ordered.elapsed());
        load.under_it(REQUESTS).await;
        ended.push(load.green_until(ordered));
    }
    println!("{:<10} {:<52} {}", R::NAME, "`set` returns, verified", Times::of(confirmed));
    println!("{:<10} {:<52} {}", R::NAME, "the last request that green answered was begun", Times::of(ended));
    let tally = load.stop().await;
    println!("{:<10} {} requests, {} failed", R::NAME, tally.requests, tally.failed());
}
