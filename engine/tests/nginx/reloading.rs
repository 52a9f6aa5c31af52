//! Reloads are few, and what they leave behind is watched.

use crate::support::backend::backends;
use crate::support::client::Client;
use crate::support::nginx::{PrivateNginx, free_port, route, signal, wait_for};
use crate::{HOST, routes, stage};
use engine::router::{NginxRouter, Route, Router, RouterError};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

const BLUE: fn() -> Split = || Split::all(Slot::Blue);

/// An nginx that writes down each reload, and applications at it.
async fn several(count: usize) -> (PrivateNginx, Vec<(NginxRouter, Vec<Route>)>) {
    let mut nginx = PrivateNginx::start();
    nginx.change("error.log;", "error.log notice;");
    let mut applications = Vec::new();
    for number in 0..count {
        let router =
            NginxRouter::new(&format!("shop-{number}"), &nginx.settings(), &StickyBy::Cookie, free_port()).unwrap();
        let (blue, green) = backends().await;
        applications.push((router, vec![route("web", &[&format!("shop-{number}.test")], blue, green)]));
    }
    (nginx, applications)
}

/// When nginx was told to reload, to the second.
fn reloads(nginx: &PrivateNginx) -> Vec<String> {
    let log = fs::read_to_string(nginx.path("error.log")).unwrap();
    log.lines().filter(|line| line.contains("(SIGHUP) received")).map(|line| line[..19].to_owned()).collect()
}

async fn adopt_all(applications: &[(NginxRouter, Vec<Route>)]) -> Vec<Result<(), RouterError>> {
    futures::future::join_all(applications.iter().map(|(router, routes)| router.adopt(routes, BLUE()))).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn applications_that_come_at_once_share_a_reload() {
    let (nginx, applications) = several(8).await;
    for done in adopt_all(&applications).await {
        done.unwrap();
    }
    let told = reloads(&nginx);
    // One, unless some were slow to come.
    assert!((1..=3).contains(&told.len()), "{told:?}");
    for (number, (router, routes)) in applications.iter().enumerate() {
        assert_eq!(router.drift(routes, BLUE()).await.unwrap(), []);
        assert_eq!(Client::new(nginx.port, &format!("shop-{number}.test")).get("/", "").await.slot(), "blue");
    }
    // One after the other, they keep their distance.
    for (router, _) in &applications[..2] {
        router.forget().await.unwrap();
    }
    let told = reloads(&nginx);
    let seconds: BTreeSet<&String> = told.iter().collect();
    assert_eq!(seconds.len(), told.len(), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn one_that_is_refused_keeps_nobody_else_out() {
    let (nginx, mut applications) = several(3).await;
    // A name that another file serves already.
    let theirs = format!("server {{ listen 127.0.0.1:{}; server_name {HOST}; return 200 theirs; }}", nginx.port);
    fs::write(nginx.path("conf.d/a.conf"), theirs).unwrap();
    applications[1].1 = routes().await;
    let done = adopt_all(&applications).await;
    assert!(done[0].is_ok() && done[2].is_ok(), "{done:?}");
    assert!(matches!(done[1], Err(RouterError::HostTaken { .. })), "{done:?}");
    assert!(!nginx.path("conf.d/crossfade-shop-1.conf").exists());
    assert_eq!(Client::new(nginx.port, "shop-2.test").get("/", "").await.slot(), "blue");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn an_old_worker_that_stays_is_told() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, BLUE()).await.unwrap();
    let (websocket, answer) = Client::new(nginx.port, HOST).upgrade().await;
    assert_eq!(answer.status, 101);
    assert_eq!(router.concerns().await, [""; 0]);
    // The limit comes with this reload: it does not count for the workers of before.
    let config = fs::read_to_string(nginx.path("nginx.conf")).unwrap();
    fs::write(nginx.path("nginx.conf"), format!("worker_shutdown_timeout 1s;\n{config}")).unwrap();
    let before = nginx.workers();
    signal("HUP", nginx.master());
    wait_for("the reload", || nginx.workers().len() == 2 && !nginx.workers().iter().any(|pid| before.contains(pid)));
    let start = Instant::now();
    let concerns = loop {
        let concerns = router.concerns().await;
        if !concerns.is_empty() {
            break concerns;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is said");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(start.elapsed() > Duration::from_secs(4), "it was said too soon: {:?}", start.elapsed());
    assert!(concerns[0].starts_with("1 old worker of nginx (process "), "{concerns:?}");
    assert!(concerns[0].contains("longer than `worker_shutdown_timeout` (1 s)"), "{concerns:?}");
    drop(websocket);
    let start = Instant::now();
    while !router.concerns().await.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "the worker did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
