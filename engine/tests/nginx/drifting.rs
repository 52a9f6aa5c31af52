//! Everything that can be changed behind our back is noticed.

use crate::support::nginx::{names_in, route, signal, wait_for};
use crate::{green, stage};
use engine::router::{Drift, Router, RouterError};
use rollout::application::StickyBy;
use std::fs;
use std::os::unix::fs::symlink;

/// The names of the drifts' variants, in order.
fn kinds(drifts: &[Drift]) -> Vec<String> {
    drifts.iter().map(|drift| format!("{drift:?}").split([' ', '{']).next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_file() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    let drift = async || kinds(&router.drift(&routes, green(25)).await.unwrap());
    assert_eq!(drift().await, ["FileMissing", "LinkMissing", "NotAnswering"]);
    router.adopt(&routes, green(25)).await.unwrap();
    assert_eq!(drift().await, [""; 0]);

    let ours = fs::read_to_string(nginx.file()).unwrap();
    fs::write(nginx.file(), ours.replace("keepalive 32", "keepalive 64")).unwrap();
    assert_eq!(drift().await, ["FileEdited"]);
    fs::write(nginx.file(), "# mine\n").unwrap();
    assert_eq!(drift().await, ["FileNotOurs"]);
    fs::remove_file(nginx.file()).unwrap();
    assert_eq!(drift().await, ["FileMissing"]);
    fs::write(nginx.file(), &ours).unwrap();
    assert_eq!(drift().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_dial() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(25)).await.unwrap();
    let drift = async || router.drift(&routes, green(25)).await.unwrap();
    let link = nginx.dial().join("current");

    fs::remove_file(&link).unwrap();
    let drifts = drift().await;
    assert_eq!(kinds(&drifts), ["LinkMissing", "Split"]);
    assert!(drifts[1].to_string().starts_with("All traffic goes to blue; it was left at green 25 %, blue 75 %."));

    symlink("somewhere", &link).unwrap();
    assert_eq!(kinds(&drift().await), ["LinkElsewhere", "Split"]);
    assert!(router.current().await.unwrap_err().to_string().contains("points at somewhere"));
    assert!(router.adopt(&routes, green(25)).await.is_err());

    // Setting the weight mends it.
    router.set(green(25)).await.unwrap();
    assert_eq!(drift().await, []);

    fs::remove_file(link.join("24")).unwrap();
    assert_eq!(kinds(&drift().await), ["FolderDamaged", "Split"]);
    assert!(router.current().await.is_err());
    router.set(green(25)).await.unwrap();
    assert_eq!(drift().await, []);

    router.set(green(50)).await.unwrap();
    assert_eq!(kinds(&drift().await), ["LinkMoved", "Split"]);
    router.set(green(25)).await.unwrap();

    fs::remove_file(nginx.dial().join("readable")).unwrap();
    assert_eq!(kinds(&drift().await), ["DialHidden"]);
    router.set(green(25)).await.unwrap();
    assert_eq!(drift().await, []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn nginx_itself() {
    let (mut nginx, mut routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(25)).await.unwrap();

    // Another file is on the disk than nginx has loaded.
    let ours = fs::read_to_string(nginx.file()).unwrap();
    let old = routes.clone();
    let others = crate::routes().await;
    routes.push(route("api", &["api.test"], others[0].blue, others[0].green));
    router.adopt(&routes, green(25)).await.unwrap();
    fs::write(nginx.file(), &ours).unwrap();
    assert_eq!(kinds(&router.drift(&old, green(25)).await.unwrap()), ["OtherGeneration"]);
    // Adopting reloads it.
    router.adopt(&old, green(25)).await.unwrap();
    assert_eq!(router.drift(&old, green(25)).await.unwrap(), []);

    // It was reloaded without our file.
    fs::rename(nginx.file(), nginx.path("away")).unwrap();
    signal("HUP", nginx.master());
    wait_for("the reload", || std::net::TcpStream::connect(("127.0.0.1", nginx.admin_port)).is_err());
    assert_eq!(kinds(&router.drift(&old, green(25)).await.unwrap()), ["FileMissing", "NotAnswering"]);
    fs::rename(nginx.path("away"), nginx.file()).unwrap();

    nginx.stop();
    assert_eq!(kinds(&router.drift(&old, green(25)).await.unwrap()), ["NotRunning", "NotAnswering"]);
    nginx.run();
    assert_eq!(router.drift(&old, green(25)).await.unwrap(), []);
}

/// Whatever was done to it, one call brings it back; and what somebody wrote is kept where the call says.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn put_right() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(25)).await.unwrap();
    let (ours, workers) = (fs::read_to_string(nginx.file()).unwrap(), nginx.workers());
    let drift = async || kinds(&router.drift(&routes, green(25)).await.unwrap());
    let put_right = async || router.put_right(&routes, green(25)).await.unwrap();
    assert!(put_right().await.is_empty(), "nothing was wrong");

    // The dial: another weight, one that is gone, one that points anywhere, a damaged folder. No reload is needed.
    let link = nginx.dial().join("current");
    router.set(green(80)).await.unwrap();
    assert!(put_right().await.is_empty());
    assert_eq!(router.current().await.unwrap(), green(25));
    fs::remove_file(&link).unwrap();
    put_right().await;
    assert_eq!(drift().await, [""; 0]);
    fs::remove_file(&link).unwrap();
    symlink("somewhere", &link).unwrap();
    put_right().await;
    fs::remove_file(link.join("24")).unwrap();
    put_right().await;
    assert_eq!(drift().await, [""; 0]);
    assert_eq!(nginx.workers(), workers, "nothing was reloaded");

    // The file: edited, somebody's own, and gone; nginx has loaded it or has not.
    let edited = ours.replace("keepalive 32", "keepalive 64");
    fs::write(nginx.file(), &edited).unwrap();
    signal("HUP", nginx.master());
    let kept = put_right().await;
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), edited);
    assert!(kept[0].to_str().unwrap().contains("crossfade-shop.conf.edited-2"), "{kept:?}");
    assert_eq!((fs::read_to_string(nginx.file()).unwrap(), drift().await), (ours.clone(), vec![]));
    fs::write(nginx.file(), "# mine\n").unwrap();
    let mine = put_right().await;
    assert_ne!(mine, kept);
    assert_eq!(fs::read_to_string(&mine[0]).unwrap(), "# mine\n");
    fs::remove_file(nginx.file()).unwrap();
    signal("HUP", nginx.master());
    wait_for("the reload", || std::net::TcpStream::connect(("127.0.0.1", nginx.admin_port)).is_err());
    assert!(put_right().await.is_empty());
    assert_eq!((fs::read_to_string(nginx.file()).unwrap(), drift().await), (ours, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn what_cannot_be_put_right_is_left_as_it_was() {
    let (mut nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(25)).await.unwrap();
    let edited = fs::read_to_string(nginx.file()).unwrap().replace("keepalive 32", "keepalive 64");
    fs::write(nginx.file(), &edited).unwrap();
    // Somebody else's file keeps nginx from taking anything.
    fs::write(nginx.path("conf.d/theirs.conf"), "server { liste 80; }").unwrap();
    let error = router.put_right(&routes, green(25)).await.unwrap_err();
    assert!(matches!(error, RouterError::Refused { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(nginx.file()).unwrap(), edited);
    assert_eq!(
        names_in(&nginx.path("conf.d")),
        ["crossfade-shop.conf", "theirs.conf"],
        "no copy of what is in its place"
    );
    fs::remove_file(nginx.path("conf.d/theirs.conf")).unwrap();

    nginx.stop();
    let error = router.put_right(&routes, green(30)).await.unwrap_err();
    assert!(matches!(error, RouterError::NotRunning { .. }), "{error:?}");
    assert_eq!(fs::read_link(nginx.dial().join("current")).unwrap().to_str().unwrap(), "to-green-25");
    nginx.run();
    assert_eq!(router.put_right(&routes, green(25)).await.unwrap().len(), 1);
    assert_eq!(router.drift(&routes, green(25)).await.unwrap(), []);
}
