//! What nginx's own log tells of the slots, against what was really sent.

use crate::support::backend::{backend, backends};
use crate::support::client::Client;
use crate::support::nginx::{PrivateNginx, free_port, route, signal, wait_for};
use crate::{HOST, green, routes, stage};
use engine::router::{Drift, NginxRouter, Router};
use engine::telemetry::router_log::{RouterLog, open_connections};
use rollout::application::StickyBy;
use rollout::clock::Millis;
use rollout::metric::{Signal, Window};
use rollout::slot::{Slot, Split};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

const ALL: Millis = Millis::hours(1);

/// A log that is listened to, at an nginx that has adopted the routes.
async fn listening(split: Split) -> (PrivateNginx, RouterLog) {
    let (nginx, routes) = stage().await;
    let log = RouterLog::listen(nginx.admin_port).unwrap();
    nginx.router(StickyBy::None).adopt(&routes, split).await.unwrap();
    (nginx, log)
}

/// Waits until so many requests to both slots have been heard of.
async fn heard(log: &RouterLog, requests: u64) {
    let start = Instant::now();
    let of = |slot| log.requests(slot, ALL);
    while of(Slot::Blue) + of(Slot::Green) + log.lost() < requests {
        assert!(start.elapsed() < Duration::from_secs(20), "{} blue, {} green", of(Slot::Blue), of(Slot::Green));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn share(log: &RouterLog, slot: Slot) -> Window {
    log.window(slot, None, Signal::Errors, ALL)
}

fn p95(log: &RouterLog, slot: Slot) -> f64 {
    log.window(slot, None, Signal::Time(0.95), ALL).value().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn every_request_is_counted_for_its_slot() {
    const CLIENTS: u64 = 8;
    const EACH: u64 = 2_500;
    let (nginx, log) = listening(green(25)).await;
    let start = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let port = nginx.port;
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
    println!("{all} requests in {:?}, {greens} of them to green", start.elapsed());
    heard(&log, all).await;
    assert_eq!((log.lost(), log.malformed()), (0, 0));
    assert_eq!((log.requests(Slot::Green, ALL), log.requests(Slot::Blue, ALL)), (greens, all - greens));
    assert_eq!(share(&log, Slot::Green), Window::Share { part: 0.0, of: greens as f64 });
    assert_eq!(log.window(Slot::Green, Some("web"), Signal::Errors, ALL), share(&log, Slot::Green));
    assert_eq!(log.window(Slot::Green, Some("api"), Signal::Errors, ALL), Window::Silent);
    let share = greens as f64 / all as f64;
    assert!((share - 0.25).abs() < 0.02, "{share}");
    // The slot's name and nginx's head: some hundred bytes each.
    let bytes = log.tally(Slot::Green, None, ALL).bytes;
    assert!((100 * greens..400 * greens).contains(&bytes), "{bytes} bytes");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn errors_are_those_of_the_slot_that_made_them() {
    let (nginx, log) = listening(green(50)).await;
    let mut client = Client::new(nginx.port, HOST);
    let mut broken = 0;
    for n in 0..1_000 {
        let path = if n % 5 == 0 { "/fails-in-green" } else { "/missing" };
        broken += u64::from(client.get(path, "").await.status == 500);
    }
    heard(&log, 1_000).await;
    let [blue, of_green] = [Slot::Blue, Slot::Green].map(|slot| log.tally(slot, None, ALL));
    assert!(broken > 50);
    assert_eq!((blue.errors, of_green.errors, blue.requests + of_green.requests), (0, broken, 1_000));
    assert_eq!(share(&log, Slot::Green), Window::Share { part: broken as f64, of: of_green.requests as f64 });
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_slow_slot_shows() {
    let (nginx, log) = listening(green(50)).await;
    for _ in 0..4 {
        let clients = (0..30).map(|_| async { Client::new(nginx.port, HOST).get("/late-in-green", "").await.status });
        assert!(futures::future::join_all(clients).await.iter().all(|status| *status == 200));
    }
    heard(&log, 120).await;
    let (slow, fast) = (p95(&log, Slot::Green), p95(&log, Slot::Blue));
    assert!((0.28..0.6).contains(&slow) && fast < 0.2, "green {slow} s, blue {fast} s");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_slot_that_nobody_serves_is_all_errors() {
    let nginx = PrivateNginx::start();
    let log = RouterLog::listen(nginx.admin_port).unwrap();
    let dead = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let routes = [route("web", &[HOST], backend("blue").await, dead)];
    nginx.router(StickyBy::None).adopt(&routes, green(100)).await.unwrap();
    let mut client = Client::new(nginx.port, HOST);
    for _ in 0..50 {
        assert_eq!(client.get("/", "").await.status, 502);
    }
    heard(&log, 50).await;
    assert_eq!(share(&log, Slot::Green), Window::Share { part: 50.0, of: 50.0 });
    assert_eq!(share(&log, Slot::Blue), Window::Silent);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn websockets_are_counted_when_they_end_and_have_no_time() {
    let (nginx, routes) = stage().await;
    let log = RouterLog::listen(nginx.admin_port).unwrap();
    nginx.router(StickyBy::None).adopt(&routes, green(100)).await.unwrap();
    let ports = [routes[0].green.port()];
    let (socket, head) = Client::new(nginx.port, HOST).upgrade().await;
    assert_eq!(head.status, 101);
    Client::new(nginx.port, HOST).get("/", "").await.slot();
    heard(&log, 1).await;
    assert_eq!(log.tally(Slot::Green, None, ALL).upgraded, 0);
    // The websocket, and the connection that nginx keeps.
    assert_eq!(open_connections(&ports), Some(2));
    assert_eq!(open_connections(&[routes[0].blue.port()]), Some(0));
    tokio::time::sleep(Duration::from_millis(700)).await;
    drop(socket);
    heard(&log, 2).await;
    let tally = log.tally(Slot::Green, None, ALL);
    assert_eq!((tally.requests, tally.upgraded, tally.errors, tally.times.count()), (2, 1, 0, 1.0));
    assert!(p95(&log, Slot::Green) < 0.5);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_client_that_goes_away_is_no_error() {
    let (nginx, log) = listening(green(100)).await;
    let mut client = Client::new(nginx.port, HOST);
    let answer = tokio::time::timeout(Duration::from_millis(100), client.get("/late-in-green", "")).await;
    assert!(answer.is_err());
    drop(client);
    heard(&log, 1).await;
    let tally = log.tally(Slot::Green, None, ALL);
    assert_eq!((tally.requests, tally.unanswered, tally.errors), (1, 1, 0));
    assert_eq!(share(&log, Slot::Green), Window::Silent);
}

/// Lines of the user's own log that speak of this path.
fn own_lines(nginx: &PrivateNginx, path: &str) -> usize {
    let log = fs::read_to_string(nginx.path("access.log")).unwrap_or_default();
    log.lines().filter(|line| line.contains(&format!("GET {path} "))).count()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_users_own_log_is_written_as_before() {
    let (mut nginx, log) = listening(green(50)).await;
    let own = format!("access_log {};", nginx.path("access.log").display());
    let include = format!("include {}/*.conf;", nginx.path("conf.d").display());
    for path in ["/before", "/after"] {
        let mut client = Client::new(nginx.port, HOST);
        let already = log.requests(Slot::Blue, ALL) + log.requests(Slot::Green, ALL);
        for _ in 0..20 {
            client.get(path, "").await.slot();
        }
        heard(&log, already + 20).await;
        wait_for("the user's log", || own_lines(&nginx, path) == 20);
        // Once more with the user's log named after our file.
        if path == "/before" {
            nginx.change(&own, "");
            nginx.change(&include, &format!("{include}\n{own}"));
        }
    }
    assert_eq!(log.requests(Slot::Blue, ALL) + log.requests(Slot::Green, ALL), 40);

    // A log that is off is off for both. To a file that keeps nothing, both are written.
    nginx.change(&own, "access_log off;");
    let mut client = Client::new(nginx.port, HOST);
    client.get("/off", "").await.slot();
    nginx.change("access_log off;", "access_log /dev/null;");
    let mut client = Client::new(nginx.port, HOST);
    client.get("/null", "").await.slot();
    heard(&log, 41).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(log.requests(Slot::Blue, ALL) + log.requests(Slot::Green, ALL), 41);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn only_the_applications_own_requests_are_told() {
    let nginx = PrivateNginx::start();
    let theirs = format!(
        "upstream theirs.web.blue {{ server {}; }}\nserver {{ listen 127.0.0.1:{}; server_name theirs.test;\n\
         location / {{ proxy_pass http://theirs.web.blue; }} }}\n",
        backend("blue").await,
        nginx.port
    );
    fs::write(nginx.path("conf.d/theirs.conf"), theirs).unwrap();
    // One name begins like the other; a service has dots and capitals.
    let (shop, shop_b) = (RouterLog::listen(nginx.admin_port).unwrap(), free_port());
    let other = RouterLog::listen(shop_b).unwrap();
    nginx.router(StickyBy::None).adopt(&routes().await, green(100)).await.unwrap();
    let (blue, green_) = backends().await;
    let service = [route("API.v1", &["b.test"], blue, green_)];
    let router = NginxRouter::new("shop-b", &nginx.settings(), &StickyBy::None, shop_b).unwrap();
    router.adopt(&service, green(100)).await.unwrap();
    for (host, requests) in [(HOST, 3), ("b.test", 5), ("theirs.test", 7)] {
        for _ in 0..requests {
            assert_eq!(Client::new(nginx.port, host).get("/", "").await.status, 200);
        }
    }
    heard(&shop, 3).await;
    heard(&other, 5).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((shop.requests(Slot::Green, ALL), shop.malformed()), (3, 0));
    assert_eq!((other.requests(Slot::Green, ALL), other.malformed()), (5, 0));
    assert_eq!(other.window(Slot::Green, Some("API.v1"), Signal::Errors, ALL).samples(), 5);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn nginx_serves_on_when_nobody_listens() {
    let (nginx, log) = listening(green(50)).await;
    drop(log);
    let mut client = Client::new(nginx.port, HOST);
    for _ in 0..500 {
        client.get("/", "").await.slot();
    }
    let errors = fs::read_to_string(nginx.path("error.log")).unwrap_or_default();
    println!("500 requests without a listener: {} lines in nginx's error log", errors.lines().count());
    // A listener that comes later hears of what comes then.
    let log = RouterLog::listen(nginx.admin_port).unwrap();
    for _ in 0..50 {
        client.get("/", "").await.slot();
    }
    // Of each worker's first one, the kernel may still say that nobody listens.
    heard(&log, 48).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_file_of_an_earlier_crossfade_is_renewed_by_adopting() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::None);
    router.adopt(&routes, green(50)).await.unwrap();
    let text = fs::read_to_string(nginx.file()).unwrap();
    let generation = text.lines().find_map(|line| line.strip_prefix("# generation: ")).unwrap();
    // Without a log, as it was, and with the generation of such a text.
    let (before, log) = text.split_once("# nginx tells Crossfade of each request").unwrap();
    let (_, after) = log.split_once(";\n\n").unwrap();
    let blank = "@".repeat(generation.len());
    let older = format!("{before}{after}").replace(generation, &blank);
    assert!(!older.contains("syslog"), "{older}");
    let hash = Sha256::digest(older.as_bytes()).iter().take(6).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    fs::write(nginx.file(), older.replace(&blank, &hash)).unwrap();
    signal("HUP", nginx.master());
    let mut drifts = Vec::new();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drifts = router.drift(&routes, green(50)).await.unwrap();
        if drifts.len() == 2 {
            break;
        }
    }
    let [Drift::FileOutdated { .. }, Drift::OtherGeneration { running, .. }] = drifts.as_slice() else {
        panic!("{drifts:?}")
    };
    assert_eq!(*running, hash);
    let said = drifts[0].to_string();
    assert!(
        said.contains("another version of Crossfade") && said.contains("Run `crossfade application add` once"),
        "{said}"
    );
    router.adopt(&routes, green(0)).await.unwrap();
    assert_eq!(router.drift(&routes, green(50)).await.unwrap(), []);
    assert_eq!(fs::read_to_string(nginx.file()).unwrap(), text);
}
