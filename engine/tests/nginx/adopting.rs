//! Writing the file, leaving it alone, and taking it away.

use crate::support::backend::backends;
use crate::support::client::Client;
use crate::support::nginx::{names_in, route, wait_for};
use crate::{HOST, green, stage};
use engine::router::{Router, same_split};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn adopting_twice_touches_nothing() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    assert!(same_split(router.current().await.unwrap(), Split::all(Slot::Blue)));
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "blue");
    assert_eq!(names_in(&nginx.path("conf.d")), ["crossfade-shop.conf"]);

    let state = || (fs::metadata(nginx.file()).unwrap().ino(), fs::read_link(nginx.dial().join("current")).unwrap());
    let (before, workers) = (state(), nginx.workers());
    router.adopt(&routes, Split::all(Slot::Green)).await.unwrap();
    assert_eq!((state(), nginx.workers()), (before, workers));
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "blue");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn traffic_goes_where_it_should_from_the_first_moment() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Green)).await.unwrap();
    assert!(same_split(router.current().await.unwrap(), Split::all(Slot::Green)));
    assert_eq!(Client::new(nginx.port, HOST).get("/", "").await.slot(), "green");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn other_routes_are_taken_on_and_the_weight_is_kept() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::None);
    router.adopt(&routes, green(100)).await.unwrap();
    let (blue, green_) = backends().await;
    let more = [routes[0].clone(), route("api", &["api.test", "*.api.test"], blue, green_)];
    router.adopt(&more, green(0)).await.unwrap();
    assert_eq!(router.current().await.unwrap(), green(100));
    for host in [HOST, "api.test", "v1.api.test"] {
        assert_eq!(Client::new(nginx.port, host).get("/", "").await.slot(), "green", "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn requests_arrive_with_the_headers_of_a_proxy() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let head = Client::new(nginx.port, HOST).get("/headers", "X-Forwarded-For: 1.2.3.4").await.body.to_lowercase();
    for line in [
        "get /headers http/1.1",
        "host: shop.test",
        "x-real-ip: 127.0.0.1",
        "x-forwarded-for: 1.2.3.4, 127.0.0.1",
        "x-forwarded-proto: http",
    ] {
        assert!(head.lines().any(|l| l == line), "{line}: {head}");
    }
    assert!(!head.contains("\nconnection:") && !head.contains("\nupgrade:"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_restart_of_nginx_keeps_the_weight() {
    let (mut nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    router.set(green(25)).await.unwrap();
    nginx.stop();
    nginx.run();
    assert_eq!(router.current().await.unwrap(), green(25));
    assert_eq!(router.drift(&routes, green(25)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn adopting_goes_on_when_nobody_waits_for_it() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    let adopting = router.adopt(&routes, Split::all(Slot::Blue));
    assert!(tokio::time::timeout(Duration::from_millis(5), adopting).await.is_err());
    wait_for("the file", || names_in(&nginx.path("conf.d")) == ["crossfade-shop.conf"]);
    assert!(same_split(router.current().await.unwrap(), Split::all(Slot::Blue)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn an_interrupted_adoption_is_finished_by_the_next_one() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let wanted = fs::read_to_string(nginx.file()).unwrap();
    router.forget().await.unwrap();
    // As if the machine had stopped between the rename and the reload.
    fs::write(nginx.file(), &wanted).unwrap();
    fs::write(nginx.path("conf.d/.crossfade-shop.previous"), "").unwrap();
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    assert_eq!(router.drift(&routes, Split::all(Slot::Blue)).await.unwrap(), []);
    assert_eq!(names_in(&nginx.path("conf.d")), ["crossfade-shop.conf"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn forgetting_leaves_nothing() {
    let (mut nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.forget().await.unwrap();
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    router.set(green(50)).await.unwrap();
    router.forget().await.unwrap();
    assert_eq!(names_in(&nginx.path("conf.d")), [""; 0]);
    assert!(!nginx.dial().exists());
    assert!(router.current().await.is_err());
    assert!(Client::new(nginx.port, HOST).try_get("/", "").await.is_err());

    // Without nginx there is nobody to tell.
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    nginx.stop();
    router.forget().await.unwrap();
    assert_eq!(names_in(&nginx.path("conf.d")), [""; 0]);
}
