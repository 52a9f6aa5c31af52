//! When HAProxy or we say no: the old serves on, and the error says why.

use crate::support::client::Client;
use crate::support::haproxy::PrivateHaproxy;
use crate::support::nginx::names_in;
use crate::{HOST, green, routes, stage};
use engine::router::{Drift, Router, RouterError};
use engine::router::{HaproxyDrift, HaproxyError, HaproxyRouter};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::fs;

const BLUE: fn() -> Split = || Split::all(Slot::Blue);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_refused_configuration_leaves_the_old_one_serving() {
    let (haproxy, mut routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    router.adopt(&routes, BLUE()).await.unwrap();
    let (before, worker) = (fs::read_to_string(haproxy.file()).unwrap(), haproxy.worker());
    fs::write(haproxy.path("crossfade/theirs.cfg"), "frontend theirs\n    liste :80\n").unwrap();
    routes[0].hosts.push("more.test".into());
    let error = router.adopt(&routes, BLUE()).await.unwrap_err();
    assert!(matches!(error, RouterError::Haproxy(HaproxyError::Refused { .. })), "{error:?}");
    let said = error.to_string();
    assert!(said.contains("theirs.cfg:2") && said.contains("unknown keyword 'liste'"), "{said}");
    assert_eq!(fs::read_to_string(haproxy.file()).unwrap(), before);
    assert_eq!(names_in(&haproxy.path("crossfade")), ["crossfade-shop.cfg", "theirs.cfg"]);
    assert_eq!(haproxy.worker(), worker);
    assert_eq!(Client::new(haproxy.port, HOST).get("/", "").await.slot(), "blue");
    // Nor can it be forgotten, since HAProxy would not start again.
    assert!(router.forget().await.unwrap_err().to_string().contains("liste"));
    assert_eq!(fs::read_to_string(haproxy.file()).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_refused_first_file_is_taken_away() {
    let (haproxy, routes) = stage().await;
    fs::write(haproxy.path("crossfade/theirs.cfg"), "frontend theirs\n    liste :80\n").unwrap();
    let router = haproxy.router(StickyBy::Cookie);
    assert!(router.adopt(&routes, Split::all(Slot::Green)).await.is_err());
    assert_eq!(names_in(&haproxy.path("crossfade")), ["theirs.cfg"]);
    // The weight of the failed attempt does not decide about the next one.
    assert!(!haproxy.map().exists());
    fs::remove_file(haproxy.path("crossfade/theirs.cfg")).unwrap();
    router.adopt(&routes, BLUE()).await.unwrap();
    assert_eq!(Client::new(haproxy.port, HOST).get("/", "").await.slot(), "blue");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_reload_that_haproxy_does_not_do_is_noticed_and_taken_back() {
    let (haproxy, routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    router.adopt(&routes, BLUE()).await.unwrap();
    let before = fs::read_to_string(haproxy.file()).unwrap();
    // `haproxy -c` does not see that another program has the port.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = haproxy.settings();
    settings.listen = taken.local_addr().unwrap().to_string();
    let moved = HaproxyRouter::new("shop", &settings, &StickyBy::Cookie, haproxy.admin_port).unwrap();
    let error = moved.adopt(&routes, BLUE()).await.unwrap_err().to_string();
    assert!(error.contains("HAProxy was told to reload, but after 10 s generation"), "{error}");
    assert!(error.ends_with("The file was taken back, and HAProxy serves as before"), "{error}");
    assert_eq!(fs::read_to_string(haproxy.file()).unwrap(), before);
    assert_eq!(router.drift(&routes, BLUE()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_file_that_is_not_ours_is_left_alone() {
    let (haproxy, routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    fs::write(haproxy.file(), "# mine\n").unwrap();
    assert!(matches!(router.adopt(&routes, BLUE()).await, Err(RouterError::NotOurs { .. })));
    assert!(matches!(router.forget().await, Err(RouterError::NotOurs { .. })));
    assert_eq!(fs::read_to_string(haproxy.file()).unwrap(), "# mine\n");
    fs::remove_file(haproxy.file()).unwrap();
    router.adopt(&routes, BLUE()).await.unwrap();
    let edited = fs::read_to_string(haproxy.file()).unwrap().replace("retries 1", "retries 2");
    fs::write(haproxy.file(), &edited).unwrap();
    assert!(matches!(router.adopt(&routes, BLUE()).await, Err(RouterError::Edited { .. })));
    assert_eq!(fs::read_to_string(haproxy.file()).unwrap(), edited);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_haproxy_that_was_started_otherwise_is_refused() {
    let (mut haproxy, routes) = stage().await;
    let router = haproxy.router(StickyBy::Cookie);
    haproxy.kill();
    haproxy.run_with(&["-f", "haproxy.cfg"]);
    let error = router.adopt(&routes, BLUE()).await.unwrap_err().to_string();
    let folder = haproxy.path("crossfade").display().to_string();
    assert_eq!(
        error,
        format!(
            "HAProxy does not read {folder}: it was started with `-f haproxy.cfg`. Start it once more with `-f {folder}` at \
             the end"
        )
    );
    assert_eq!(names_in(&haproxy.path("crossfade")), [""; 0]);
    assert!(!haproxy.map().exists());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn a_socket_that_is_not_there_is_said() {
    let (haproxy, routes) = stage().await;
    let mut settings = haproxy.settings();
    settings.socket = haproxy.path("elsewhere.sock").display().to_string();
    let router = HaproxyRouter::new("shop", &settings, &StickyBy::Cookie, haproxy.admin_port).unwrap();
    let error = router.adopt(&routes, BLUE()).await.unwrap_err();
    assert!(matches!(error, RouterError::Haproxy(HaproxyError::SocketMissing { .. })), "{error:?}");
    let drifts = router.drift(&routes, BLUE()).await.unwrap();
    let Some(Drift::Haproxy(HaproxyDrift::Silent { why })) = drifts.last() else { panic!("{drifts:?}") };
    assert!(why.contains("elsewhere.sock is missing"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs haproxy"]
async fn two_applications_live_side_by_side() {
    let (haproxy, shop_routes) = stage().await;
    let shop = haproxy.router(StickyBy::Cookie);
    shop.adopt(&shop_routes, BLUE()).await.unwrap();
    let other = PrivateHaproxy::start();
    let mut settings = haproxy.settings();
    settings.listen = format!("127.0.0.1:{}", other.port);
    let blog = HaproxyRouter::new("blog", &settings, &StickyBy::Cookie, other.admin_port).unwrap();
    let (port, blog_routes) = (other.port, routes().await);
    drop(other);
    blog.adopt(&blog_routes, BLUE()).await.unwrap();
    blog.set(green(100)).await.unwrap();
    assert_eq!(shop.current().await.unwrap(), BLUE());
    assert_eq!(Client::new(haproxy.port, HOST).get("/", "").await.slot(), "blue");
    assert_eq!(Client::new(port, HOST).get("/", "").await.slot(), "green");
    blog.forget().await.unwrap();
    assert_eq!(shop.drift(&shop_routes, BLUE()).await.unwrap(), []);
    assert_eq!(names_in(&haproxy.path("crossfade")), ["crossfade-shop.cfg"]);
    assert_eq!(names_in(&haproxy.path("state")), ["shop.map"]);
}
