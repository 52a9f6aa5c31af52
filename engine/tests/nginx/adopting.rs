//! Writing the file, leaving it alone, and taking it away.

use crate::support::client::Client;
use crate::support::nginx::names_in;
use crate::{HOST, green, stage};
use engine::router::{Router, same_split};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::fs;
use std::os::unix::fs::MetadataExt;

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
