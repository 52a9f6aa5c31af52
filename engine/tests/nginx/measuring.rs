//! What nginx's own log tells of the slots, against what was really sent.

use crate::support::backend::{backend, backends};
use crate::support::client::Client;
use crate::support::nginx::{PrivateNginx, free_port, route, signal, wait_for};
use crate::{HOST, green, routes, stage};
use engine::router::{Drift, NginxRouter, Router};
use engine::telemetry::router_log::{RouterLog, open_connections};
use rollout::application::StickyBy;
use rollout::clock::Millis;
use rollout::metric::Signal;
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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn open_connections_are_seen() {
    let (nginx, routes) = stage().await;
    nginx.router(StickyBy::None).adopt(&routes, green(100)).await.unwrap();
    let (_socket, head) = Client::new(nginx.port, HOST).upgrade().await;
    assert_eq!(head.status, 101);
    Client::new(nginx.port, HOST).get("/", "").await.slot();
    // The websocket, and the connection that nginx keeps.
    assert_eq!(open_connections(&[routes[0].green.port()]), Some(2));
    assert_eq!(open_connections(&[routes[0].blue.port()]), Some(0));
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
