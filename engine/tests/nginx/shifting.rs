//! Changing the weight: shares, stickiness, and nothing lost.

use crate::support::client::Client;
use crate::{HOST, green, split, stage};
use engine::router::{Router, same_split};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Enough that a share strays by 2 points once in 100,000 times.
const REQUESTS: u32 = 12_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_shares_are_as_set_in_both_directions() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    for wanted in [green(10), green(25), green(50), green(75), green(100), green(0), split(Slot::Blue, 30)] {
        router.set(wanted).await.unwrap();
        let mut client = Client::new(nginx.port, HOST);
        let mut greens = 0;
        for _ in 0..REQUESTS {
            greens += u32::from(client.get("/", "").await.slot() == "green");
        }
        let share = 100.0 * f64::from(greens) / f64::from(REQUESTS);
        let wanted_share = f64::from(wanted.share(Slot::Green).percent());
        println!("{wanted}: {share:.2} % green");
        match wanted_share {
            0.0 | 100.0 => assert_eq!(share, wanted_share, "{wanted}"),
            _ => assert!((share - wanted_share).abs() < 2.0, "{wanted}: {share} % went to green"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_session_moves_one_way_only() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    for to in Slot::BOTH {
        let mut client = Client::new(nginx.port, HOST);
        let mut before: Option<BTreeSet<u32>> = None;
        for percent in [0, 5, 10, 25, 50, 75, 100, 75, 50, 25, 10, 5, 0] {
            router.set(split(to, percent)).await.unwrap();
            let mut moved = BTreeSet::new();
            for session in 0..500 {
                let cookie = format!("Cookie: crossfade_shop=session-{session}");
                if client.get("/", &cookie).await.slot() == to.as_str() {
                    moved.insert(session);
                }
            }
            if let Some(before) = &before {
                assert!(before.is_subset(&moved) || moved.is_subset(before), "to {to}, {percent} %");
            }
            // 500 sessions stray by 2 points on average, and by 9 never.
            let share = moved.len() as i64 / 5;
            assert!((share - i64::from(percent)).abs() < 9, "to {to}, {percent} %: {share} %");
            before = Some(moved);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn changes_under_load_lose_nothing_and_reload_nothing() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let workers = nginx.workers();
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let (stop, served, port) = (stop.clone(), served.clone(), nginx.port);
            tokio::spawn(async move {
                let mut client = Client::new(port, HOST);
                while !stop.load(Ordering::Relaxed) {
                    client.get("/", "").await.slot();
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let start = Instant::now();
    let mut changes = 0;
    while start.elapsed() < Duration::from_secs(4) {
        for percent in [10, 25, 50, 75, 100, 0] {
            router.set(green(percent)).await.unwrap();
            changes += 1;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    println!("{changes} changes, {} requests, none lost", served.load(Ordering::Relaxed));
    assert!(changes > 10 && served.load(Ordering::Relaxed) > 1_000);
    assert_eq!(nginx.workers(), workers);
    assert_eq!(router.drift(&routes, green(0)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn long_answers_and_websockets_go_on() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();

    let (mut socket, head) = Client::new(nginx.port, HOST).upgrade().await;
    assert_eq!((head.status, head.header("x-slot")), (101, Some("blue")));
    let port = nginx.port;
    let slow = tokio::spawn(async move { Client::new(port, HOST).get("/slow", "").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    router.set(green(100)).await.unwrap();
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "green");

    for message in ["one", "two", "three"] {
        socket.get_mut().write_all(message.as_bytes()).await.unwrap();
        let mut echo = vec![0; message.len()];
        socket.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, message.as_bytes());
    }
    assert_eq!(slow.await.unwrap().body, "b".repeat(10));
    let (_, head) = Client::new(nginx.port, HOST).upgrade().await;
    assert_eq!((head.status, head.header("x-slot")), (101, Some("green")));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn equal_splits_by_other_names_are_equal() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    router.set(split(Slot::Blue, 0)).await.unwrap();
    assert!(same_split(router.current().await.unwrap(), Split::all(Slot::Green)));
    assert_eq!(router.drift(&routes, green(100)).await.unwrap(), []);
}

/// Printed for the budget; not asserted.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn how_long_a_change_takes() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let mut times = Vec::new();
    for round in 0..200u8 {
        let start = Instant::now();
        router.set(green([10, 25, 50, 75, 100][usize::from(round % 5)])).await.unwrap();
        times.push(start.elapsed());
    }
    // The first five make their folders.
    let first = *times[..5].iter().max().unwrap();
    times.sort_unstable();
    println!(
        "set, until verified: median {:?}, 99th {:?}, max {:?}, with a new folder {first:?}",
        times[100], times[198], times[199]
    );
}
