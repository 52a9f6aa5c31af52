//! Up through the stages and all the way back, under load: shares, and what failed.

use crate::Measured;
use crate::load::{Load, Manner, Tally};
use crate::rig::{HOST, Stage};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};

const WEIGHTS: [u8; 6] = [10, 25, 50, 75, 100, 0];

pub fn head() {
    println!("\nUp and back under load: share of green in percent, by the answers; requests that failed");
    let weights = WEIGHTS.map(|weight| format!("{weight:>7}")).concat();
    println!(
        "{:<10} {:<18}{weights} {:>10} {:>6} {:>8} {:>10} {:>5}",
        "router", "clients", "requests", "lost", "not 200", "messages", "cut"
    );
}

/// Returns the greatest distance of a share from its weight, in percentage points, and what became of all requests.
pub async fn walk<R: Measured>(manner: Manner, requests: u64) -> (f64, Tally) {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let port = stage.rig.port().expect("requests pass through it");
    let load = Load::start(port, HOST, manner);
    load.under_it(requests / 10).await;
    let mut shares = String::new();
    let mut off = 0.0_f64;
    for weight in WEIGHTS {
        load.moving();
        stage.set(stage.green(weight)).await;
        let (all, green) = load.under_it(requests).await;
        #[allow(clippy::cast_precision_loss)]
        let share = 100.0 * green as f64 / all as f64;
        shares.push_str(&format!("{share:>7.2}"));
        off = off.max((share - f64::from(weight)).abs());
    }
    let tally = load.stop().await;
    println!(
        "{:<10} {:<18}{shares} {:>10} {:>6} {:>8} {:>10} {:>5}",
        R::NAME,
        manner.as_str(),
        tally.requests,
        tally.lost,
        tally.refused,
        tally.messages,
        tally.cut
    );
    (off, tally)
}
