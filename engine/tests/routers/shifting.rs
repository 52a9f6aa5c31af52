//! Changing the weight: shares, and nothing lost.

use crate::rig::{HOST, Rig, Stage};
use crate::support::client::Client;
use rollout::application::StickyBy;
use rollout::router::Possible;
use rollout::slot::{Slot, Split};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Enough that a share strays by 2 points once in 100,000 times.
const REQUESTS: u32 = 12_000;

pub async fn shares_are_as_set<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let wanted = match &stage.can.weights {
        Possible::Every => [10, 25, 50, 75, 100, 0].map(|percent| stage.green(percent)).to_vec(),
        Possible::Only(weights) => weights.iter().map(|weight| Split { to: Slot::Green, weight: *weight }).collect(),
    };
    for wanted in wanted.into_iter().chain([stage.split(Slot::Blue, 30)]) {
        stage.set(wanted).await;
        let share = 100.0 * f64::from(stage.rig.greens(REQUESTS).await) / f64::from(REQUESTS);
        let wanted_share = f64::from(wanted.share(Slot::Green).percent());
        println!("{wanted}: {share:.2} % green");
        match wanted_share {
            0.0 | 100.0 => assert_eq!(share, wanted_share, "{wanted}"),
            _ => assert!((share - wanted_share).abs() < 2.0, "{wanted}: {share} % went to green"),
        }
    }
}

pub async fn every_possible_weight_is_read_back<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    for to in Slot::BOTH {
        for weight in stage.weights() {
            let split = Split { to, weight };
            stage.router.set(split).await.unwrap();
            let now = stage.router.current().await.unwrap();
            assert!(stage.same(now, split), "{now}, expected {split}");
            assert_eq!(stage.drifts(split).await, "");
        }
    }
}

pub async fn equal_splits_by_other_names_are_equal<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    stage.set(stage.split(Slot::Blue, 0)).await;
    stage.is_at(Split::all(Slot::Green)).await;
    assert_eq!(stage.drifts(stage.green(100)).await, "");
}

pub async fn changes_under_load_lose_nothing<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let Some(port) = stage.rig.port() else { return };
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..16)
        .map(|number| {
            let (stop, served) = (stop.clone(), served.clone());
            tokio::spawn(async move {
                let mut client = Client::new(port, HOST);
                // A few of them open a connection for each request.
                let header = if number % 8 == 0 { "Connection: close" } else { "" };
                while !stop.load(Ordering::Relaxed) {
                    client.get("/", header).await.slot();
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let start = Instant::now();
    let mut changes = 0;
    while start.elapsed() < Duration::from_secs(4) || changes < 12 {
        for percent in [10, 25, 50, 75, 100, 0] {
            stage.router.set(stage.green(percent)).await.unwrap();
            changes += 1;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    println!("{changes} changes, {} requests, none lost", served.load(Ordering::Relaxed));
    assert!(served.load(Ordering::Relaxed) > 1_000);
    assert_eq!(stage.drifts(stage.green(0)).await, "");
}

pub async fn long_answers_and_websockets_go_on<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let Some(port) = stage.rig.port().filter(|_| stage.can.drains) else { return };
    let (mut socket, head) = Client::new(port, HOST).upgrade().await;
    assert_eq!((head.status, head.header("x-slot")), (101, Some("blue")));
    let slow = tokio::spawn(async move { Client::new(port, HOST).get("/slow", "").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    stage.set(stage.green(100)).await;
    assert_eq!(Client::new(port, HOST).get("/", "").await.slot(), "green");

    for message in ["one", "two", "three"] {
        socket.get_mut().write_all(message.as_bytes()).await.unwrap();
        let mut echo = vec![0; message.len()];
        socket.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, message.as_bytes());
    }
    assert_eq!(slow.await.unwrap().body, "b".repeat(10));
    let (_, head) = Client::new(port, HOST).upgrade().await;
    assert_eq!((head.status, head.header("x-slot")), (101, Some("green")));
}

/// Printed for the budget; not asserted.
pub async fn how_long_a_change_takes<R: Rig>() {
    let stage = Stage::<R>::adopted(StickyBy::Cookie, Split::all(Slot::Blue)).await;
    let mut times = Vec::new();
    // What takes its time is not waited for a hundred times.
    for round in 0..if stage.can.takes.is_zero() { 100u8 } else { 10 } {
        let start = Instant::now();
        stage.router.set(stage.green([10, 25, 50, 75, 100][usize::from(round % 5)])).await.unwrap();
        times.push(start.elapsed());
    }
    // Some have to make something for a weight that is new to them.
    let first = *times[..5].iter().max().unwrap();
    times.sort_unstable();
    println!(
        "set, until verified: median {:?}, 95th {:?}, max {:?}, of the first five {first:?}",
        times[times.len() / 2],
        times[times.len() * 94 / 100],
        times[times.len() - 1]
    );
}
