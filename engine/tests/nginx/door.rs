//! The testers' door: by a key past the weight, without a reload, and for nobody else.

use crate::support::backend::backends;
use crate::support::client::Client;
use crate::support::nginx::{PrivateNginx, route, wait_for};
use crate::{HOST, green, stage};
use engine::router::{Router, RouterError};
use rollout::application::StickyBy;
use rollout::router::{Door, DoorKey};
use rollout::slot::{Slot, Split};

fn door(slot: Slot, byte: u8) -> Door {
    Door { slot, key: DoorKey::of([byte; 32]) }
}

fn by_header(door: &Door) -> String {
    format!("X-Crossfade-Door: {}", door.key.as_str())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_door_needs_no_reload_and_its_key_is_in_no_log() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(0)).await.unwrap();
    let workers = nginx.workers();
    let open = door(Slot::Green, 0xab);
    router.open_door(&open).await.unwrap();
    let mut client = Client::new(nginx.port, HOST);
    let key = open.key.as_str();
    client.get(&format!("/.crossfade/door?key={key}"), "").await;
    assert_eq!(client.get("/", &by_header(&open)).await.slot(), "green");
    client.get("/.crossfade/leave", "").await;
    assert_eq!(nginx.workers(), workers, "nginx was not reloaded");
    let log = || std::fs::read_to_string(nginx.path("access.log")).unwrap();
    wait_for("the line of the last request", || log().contains("/.crossfade/leave"));
    assert!(!log().contains(key), "{}", log());
    router.forget().await.unwrap();
    assert!(!nginx.dial().exists(), "nothing of it stays");
}

/// nginx's workers are another user, as they are everywhere: they find a key that they know, and nobody sees which there are.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn workers_of_another_user_find_the_key() {
    if !crate::support::nginx::is_root() {
        return;
    }
    let nginx = PrivateNginx::start_as("www-data", "");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(nginx.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (blue, other) = backends().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&[route("web", &[HOST], blue, other)], Split::all(Slot::Blue)).await.unwrap();
    router.open_door(&door(Slot::Green, 4)).await.unwrap();
    let listed = std::process::Command::new("setpriv")
        .args(["--reuid=www-data", "--regid=www-data", "--clear-groups", "ls"])
        .arg(nginx.dial().join("door/green"))
        .output()
        .unwrap();
    assert!(!listed.status.success() && listed.stdout.is_empty(), "{listed:?}");

    // Where they may not even look, the door is not said to be open.
    std::fs::set_permissions(nginx.dial().join("door"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut client = Client::new(nginx.port, HOST);
    assert_eq!(client.get("/", &by_header(&door(Slot::Green, 4))).await.slot(), "blue");
    // Opening it anew puts that right.
    router.open_door(&door(Slot::Green, 5)).await.unwrap();
    assert_eq!(client.get("/", &by_header(&door(Slot::Green, 5))).await.slot(), "green");
}

/// nginx runs an older file of ours, which knows nothing of doors.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_door_that_nginx_does_not_know_is_not_open() {
    let (mut nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(0)).await.unwrap();
    let text = std::fs::read_to_string(nginx.file()).unwrap();
    let older: String = text.replace("/door/green/", "/nowhere/green/").replace("/door/blue/", "/nowhere/blue/");
    nginx.stop();
    std::fs::write(nginx.file(), older).unwrap();
    nginx.run();
    let refused = router.open_door(&door(Slot::Green, 1)).await;
    assert!(matches!(refused, Err(RouterError::DoorNotSeen { .. })), "{refused:?}");
    assert_eq!(router.door().await.unwrap(), None, "and it is closed again");
}
