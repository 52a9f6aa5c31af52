//! What the router's own log tells of the slots, against what was really sent.

use crate::rig::{HOST, Rig, Stage, route};
use crate::support::backend::backend;
use crate::support::client::Client;
use crate::support::nginx::free_port;
use engine::telemetry::router_log::RouterLog;
use rollout::application::StickyBy;
use rollout::clock::Millis;
use rollout::metric::{Signal, Window};
use rollout::slot::{Slot, Split};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

const ALL: Millis = Millis::hours(1);

/// A router that is listened to; `None` when it does not measure.
async fn listening<R: Rig>(percent: u8) -> Option<(Stage<R>, RouterLog, u16)> {
    let stage = Stage::<R>::new(StickyBy::None).await;
    let port = stage.rig.port().filter(|_| stage.can.measures)?;
    let log = RouterLog::listen(stage.rig.log_port()).unwrap();
    let split = stage.green(percent);
    stage.router.adopt(&stage.routes, split).await.unwrap();
    stage.set(split).await;
    Some((stage, log, port))
}

/// Waits until so many requests to both slots have been heard of.
async fn heard(log: &RouterLog, requests: u64) {
    let start = Instant::now();
    let of = |slot| log.requests(slot, ALL);
    while of(Slot::Blue) + of(Slot::Green) + log.lost() < requests {
        assert!(start.elapsed() < Duration::from_secs(20), "{} blue, {} green", of(Slot::Blue), of(Slot::Green));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(log.malformed(), 0);
}

fn share(log: &RouterLog, slot: Slot) -> Window {
    log.window(slot, None, Signal::Errors, ALL)
}

fn p95(log: &RouterLog, slot: Slot) -> f64 {
    log.window(slot, None, Signal::Time(0.95), ALL).value().unwrap()
}

pub async fn every_request_is_counted_for_its_slot<R: Rig>() {
    const CLIENTS: u64 = 8;
    const EACH: u64 = 2_500;
    let Some((stage, log, port)) = listening::<R>(25).await else { return };
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            tokio::spawn(async move {
                let mut client = Client::new(port, HOST);
                // Half of them open a connection for each request.
                let header = if number % 2 == 0 { "" } else { "Connection: close" };
                let mut greens = 0;
                for _ in 0..EACH {
                    greens += u64::from(client.get("/", header).await.slot() == "green");
                }
                greens
            })
        })
        .collect();
    let mut greens = 0;
    for client in clients {
        greens += client.await.unwrap();
    }
    let all = CLIENTS * EACH;
    heard(&log, all).await;
    assert_eq!(log.lost(), 0);
    assert_eq!((log.requests(Slot::Green, ALL), log.requests(Slot::Blue, ALL)), (greens, all - greens));
    assert_eq!(share(&log, Slot::Green), Window::Share { part: 0.0, of: greens as f64 });
    assert_eq!(log.window(Slot::Green, Some("web"), Signal::Errors, ALL), share(&log, Slot::Green));
    assert_eq!(log.window(Slot::Green, Some("api"), Signal::Errors, ALL), Window::Silent);
    let (seen, set) = (100.0 * greens as f64 / all as f64, f64::from(stage.green(25).weight.percent()));
    assert!((seen - set).abs() < 2.0, "{seen} %");
    // The slot's name and a head: some ten or some hundred bytes each.
    let bytes = log.tally(Slot::Green, None, ALL).bytes;
    assert!((10 * greens..400 * greens).contains(&bytes), "{bytes} bytes");
}

pub async fn errors_are_those_of_the_slot_that_made_them<R: Rig>() {
    let Some((_stage, log, port)) = listening::<R>(50).await else { return };
    let mut client = Client::new(port, HOST);
    let mut broken = 0;
    for n in 0..1_000 {
        let path = if n % 5 == 0 { "/fails-in-green" } else { "/missing" };
        broken += u64::from(client.get(path, "").await.status == 500);
    }
    heard(&log, 1_000).await;
    let [blue, green] = [Slot::Blue, Slot::Green].map(|slot| log.tally(slot, None, ALL));
    assert!(broken > 50);
    assert_eq!((blue.errors, green.errors, blue.requests + green.requests), (0, broken, 1_000));
    assert_eq!(share(&log, Slot::Green), Window::Share { part: broken as f64, of: green.requests as f64 });
}

/// Whether or not the other slot answers instead.
pub async fn a_slot_where_nothing_listens_makes_errors<R: Rig>() {
    for percent in [50, 100] {
        let mut stage = Stage::<R>::new(StickyBy::None).await;
        let Some(port) = stage.rig.port().filter(|_| stage.can.measures) else { return };
        let log = RouterLog::listen(stage.rig.log_port()).unwrap();
        let dead = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        stage.routes = vec![route("web", HOST, backend("blue").await, dead)];
        let split = stage.green(percent);
        stage.router.adopt(&stage.routes, split).await.unwrap();
        stage.set(split).await;
        // At once: a router may try for a while before it gives one up.
        let answers = (0..200).map(|_| async { Client::new(port, HOST).get("/", "").await });
        let mut failed = 0;
        for answer in futures::future::join_all(answers).await {
            failed += u64::from(answer.status != 200);
            assert!(matches!(answer.status, 200 | 502 | 503), "{answer:?}");
        }
        heard(&log, 200).await;
        let [blue, green] = [Slot::Blue, Slot::Green].map(|slot| log.tally(slot, None, ALL));
        println!("{split}: {failed} of 200 failed for the clients, {} for green", green.requests);
        assert_eq!((blue.errors, green.errors, blue.requests + green.requests), (0, green.requests, 200));
        assert!(green.requests > 50, "{}", green.requests);
        // A slot without a share of the traffic takes over for none.
        if split == Split::all(Slot::Green) {
            assert_eq!(failed, 200);
        }
    }
}

pub async fn a_slow_slot_shows<R: Rig>() {
    let Some((_stage, log, port)) = listening::<R>(50).await else { return };
    for _ in 0..4 {
        let clients = (0..30).map(|_| async move { Client::new(port, HOST).get("/late-in-green", "").await.status });
        assert!(futures::future::join_all(clients).await.iter().all(|status| *status == 200));
    }
    heard(&log, 120).await;
    let (slow, fast) = (p95(&log, Slot::Green), p95(&log, Slot::Blue));
    // The machine may be slow as well.
    assert!((0.28..5.0).contains(&slow) && fast < slow, "green {slow} s, blue {fast} s");
}

pub async fn websockets_are_counted_when_they_end_and_have_no_time<R: Rig>() {
    let Some((_stage, log, port)) = listening::<R>(100).await else { return };
    let (socket, head) = Client::new(port, HOST).upgrade().await;
    assert_eq!(head.status, 101);
    Client::new(port, HOST).get("/", "").await.slot();
    heard(&log, 1).await;
    assert_eq!(log.tally(Slot::Green, None, ALL).upgraded, 0);
    tokio::time::sleep(Duration::from_millis(700)).await;
    drop(socket);
    heard(&log, 2).await;
    let tally = log.tally(Slot::Green, None, ALL);
    assert_eq!((tally.requests, tally.upgraded, tally.errors, tally.times.count()), (2, 1, 0, 1.0));
}

pub async fn a_client_that_goes_away_is_no_error<R: Rig>() {
    let Some((_stage, log, port)) = listening::<R>(100).await else { return };
    let mut client = Client::new(port, HOST);
    let answer = tokio::time::timeout(Duration::from_millis(100), client.get("/late-in-green", "")).await;
    assert!(answer.is_err());
    drop(client);
    heard(&log, 1).await;
    let tally = log.tally(Slot::Green, None, ALL);
    assert_eq!((tally.requests, tally.unanswered, tally.errors), (1, 1, 0));
    assert_eq!(share(&log, Slot::Green), Window::Silent);
}
