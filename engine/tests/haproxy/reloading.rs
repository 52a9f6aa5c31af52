//! A weight is no reload; and when somebody reloads, the weight stays.

use crate::support::client::Client;
use crate::{HOST, green, stage};
use engine::router::Router;
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn changes_reload_nothing() {
    let (haproxy, routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let worker = haproxy.worker();
    for percent in [10, 25, 50, 75, 100, 0] {
        router.set(green(percent)).await.unwrap();
        assert_eq!(fs::read_to_string(haproxy.map()).unwrap(), format!("split green-{percent}\n"));
    }
    assert_eq!(haproxy.worker(), worker);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn reloads_by_others_lose_neither_requests_nor_the_weight() {
    let (haproxy, routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let (stop, served, port) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), haproxy.port);
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (stop, served) = (stop.clone(), served.clone());
            tokio::spawn(async move {
                let mut client = Client::new(port, HOST);
                while !stop.load(Ordering::Relaxed) {
                    client.get("/", "").await.slot();
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for percent in [10, 50, 100, 30] {
        router.set(green(percent)).await.unwrap();
        haproxy.reload();
        assert_eq!(router.current().await.unwrap(), green(percent));
        assert_eq!(router.drift(&routes, green(percent)).await.unwrap(), []);
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    println!("4 reloads, {} requests, none lost", served.load(Ordering::Relaxed));
    assert!(served.load(Ordering::Relaxed) > 100);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_worker_before_a_reload_hears_of_the_weight() {
    let (haproxy, routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    // These keep their worker: one by its next request, one for as long as it likes.
    let mut idle = Client::new(haproxy.port, HOST);
    assert_eq!(idle.get("/", "").await.slot(), "blue");
    let (_socket, head) = Client::new(haproxy.port, HOST).upgrade().await;
    assert_eq!(head.status, 101);
    haproxy.reload();
    assert_eq!(haproxy.workers().len(), 2);
    router.set(green(100)).await.unwrap();
    let answer = idle.get("/", "").await;
    assert_eq!((answer.slot(), answer.header("connection")), ("green", Some("close")));
}
