//! With a proxy in this process, on loopback.

use super::super::{Drift, Route, Router, RouterError, choose, same_split};
use super::EmbeddedRouter;
use crate::telemetry::router_log::RouterLog;
use proxy::{Limits, Settings};
use rollout::application::StickyBy;
use rollout::clock::Millis;
use rollout::router::Embedded;
use rollout::slot::{Slot, Split, Weight};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn green(percent: u8) -> Split {
    Split { to: Slot::Green, weight: Weight::new(percent).unwrap() }
}

struct Stage {
    folder: TempDir,
    listen: SocketAddr,
    proxy: AbortHandle,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.proxy.abort();
    }
}

impl Stage {
    async fn start() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let listen = free();
        let settings = Settings {
            listen: vec![listen],
            listen_tls: vec![],
            certificates: vec![],
            control: folder.path().join("control"),
            state: folder.path().join("state"),
            limits: Limits::default(),
        };
        let proxy = tokio::spawn(async move { proxy::run(settings).await.unwrap() }).abort_handle();
        Stage { folder, listen, proxy }
    }

    fn router(&self, sticky_by: StickyBy, log_port: u16) -> EmbeddedRouter {
        router(self.folder.path(), sticky_by, log_port)
    }
}

fn router(folder: &Path, sticky_by: StickyBy, log_port: u16) -> EmbeddedRouter {
    let embedded = Embedded { control: folder.join("control").display().to_string() };
    EmbeddedRouter::new("my-shop", &embedded, &sticky_by, log_port)
}

/// A service that answers every request with its slot's name, and its address.
async fn service(slot: Slot) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{slot}");
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

async fn routes() -> Vec<Route> {
    let (blue, green) = (service(Slot::Blue).await, service(Slot::Green).await);
    vec![Route { service: "web".into(), hosts: vec!["shop.test".into()], blue, green }]
}

async fn get(address: SocketAddr, host: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_split_goes_there_and_comes_back() {
    let (stage, routes) = (Stage::start().await, routes().await);
    let router = stage.router(StickyBy::None, 9);
    assert!(matches!(router.current().await, Err(RouterError::NotServed { .. })));
    assert_eq!(Router::drift(&router, &routes, green(0)).await.unwrap(), [Drift::NotServed]);
    Router::adopt(&router, &routes, Split::all(Slot::Blue)).await.unwrap();
    for percent in [10, 50, 100, 0] {
        Router::set(&router, green(percent)).await.unwrap();
        assert!(same_split(router.current().await.unwrap(), green(percent)));
        assert_eq!(Router::drift(&router, &routes, green(percent)).await.unwrap(), []);
        let mut count = 0;
        for _ in 0..100 {
            count += u8::from(get(stage.listen, "shop.test").await.contains("x-crossfade-slot: green\r\n"));
        }
        assert_eq!(count, percent);
    }
    // Adopted again it keeps its split, also with other routes.
    Router::set(&router, green(30)).await.unwrap();
    let mut more = routes.clone();
    more[0].hosts.push("www.shop.test".into());
    assert_eq!(Router::drift(&router, &more, green(30)).await.unwrap(), [Drift::ServedOtherwise]);
    Router::adopt(&router, &more, Split::all(Slot::Blue)).await.unwrap();
    assert_eq!(Router::drift(&router, &more, green(30)).await.unwrap(), []);
    let drift = Router::drift(&router, &more, green(100)).await.unwrap();
    assert!(
        matches!(&drift[..], [Drift::Split { expected, seen }] if *expected == green(100) && !seen.agrees_with(green(100)))
    );

    Router::forget(&router).await.unwrap();
    Router::forget(&router).await.unwrap();
    assert!(matches!(Router::set(&router, green(1)).await, Err(RouterError::NotSet { .. })));
}

#[tokio::test]
async fn what_cannot_be_routed_is_refused_before_anything_changes() {
    let (stage, routes) = (Stage::start().await, routes().await);
    let router = stage.router(StickyBy::None, 9);
    assert!(matches!(Router::adopt(&router, &[], green(0)).await, Err(RouterError::NoRoutes)));
    let mut bad = routes.clone();
    bad[0].hosts = vec!["a b".into()];
    let said = Router::adopt(&router, &bad, green(0)).await.unwrap_err().to_string();
    assert_eq!(
        said,
        "the host name `a b` cannot be used: expected a name like api.example.com or *.example.com, without port or path"
    );
    // A host that another application has.
    Router::adopt(&router, &routes, green(0)).await.unwrap();
    let embedded = Embedded { control: stage.folder.path().join("control").display().to_string() };
    let other = EmbeddedRouter::new("other", &embedded, &StickyBy::None, 9);
    let said = Router::adopt(&other, &routes, green(0)).await.unwrap_err().to_string();
    assert!(said.contains("the host shop.test is routed to the application my-shop already"), "{said}");
}

#[tokio::test]
async fn a_proxy_that_does_not_run_is_told_as_such() {
    let (folder, routes) = (tempfile::tempdir().unwrap(), routes().await);
    let router = router(folder.path(), StickyBy::None, 9);
    let drift = Router::drift(&router, &routes, green(0)).await.unwrap();
    assert!(matches!(&drift[..], [Drift::ProxySilent { why }] if why.contains("no proxy answers")), "{drift:?}");
    let said = Router::set(&router, green(10)).await.unwrap_err().to_string();
    assert!(said.contains("not changed to green 10 %") && said.ends_with("is not known"), "{said}");
}

/// The proxy's lines are read as nginx's are.
#[tokio::test]
async fn its_log_is_heard() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let log = RouterLog::listen(port).unwrap();
    let (stage, mut routes) = (Stage::start().await, routes().await);
    let dead = free();
    routes.push(Route { service: "dead".into(), hosts: vec!["dead.test".into()], blue: dead, green: routes[0].green });
    let router = stage.router(StickyBy::None, port);
    Router::adopt(&router, &routes, green(25)).await.unwrap();
    for _ in 0..100 {
        get(stage.listen, "shop.test").await;
        assert!(get(stage.listen, "dead.test").await.starts_with("HTTP/1.1 200"));
    }
    let heard = |slot| log.total(slot);
    let waited = std::time::Instant::now();
    while (heard(Slot::Blue), heard(Slot::Green)) != (150, 50) {
        let heard = (heard(Slot::Blue), heard(Slot::Green));
        assert!(waited.elapsed() < Duration::from_secs(10), "{heard:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(log.malformed(), 0);
    let of = |slot, service| log.tally(slot, Some(service), Millis::seconds(60));
    assert_eq!((of(Slot::Blue, "web").errors, of(Slot::Green, "web").errors), (0, 0));
    // Green answered instead, and that hides nothing.
    let (blue, green) = (of(Slot::Blue, "dead"), of(Slot::Green, "dead"));
    assert_eq!((blue.requests, blue.errors, green.requests, green.errors), (75, 75, 25, 0));
}

#[test]
fn the_file_chooses_it() {
    let text =
        "name = \"shop\"\nservices.web.routed = { port = 1, hosts = [\"a.test\"] }\ntraffic.router = \"embedded\"";
    let application = crate::application::read("shop.toml", text).unwrap();
    assert!(choose(&application, 9600).is_ok());
    assert_eq!(super::super::log_port(&application, 9600), 9600);
}
