//! The testers' door: by a key past the weight, and for nobody else.

use crate::rig::{Rig, Stage};
use crate::support::client::Client;
use engine::router::RouterError;
use engine::telemetry::router_log::RouterLog;
use rollout::application::StickyBy;
use rollout::clock::Millis;
use rollout::router::{Door, DoorKey};
use rollout::slot::{Slot, Split};
use std::time::{Duration, Instant};

fn door(slot: Slot, byte: u8) -> Door {
    Door { slot, key: DoorKey::of([byte; 32]) }
}

fn by_header(door: &Door) -> String {
    format!("X-Crossfade-Door: {}", door.key.as_str())
}

fn by_cookie(door: &Door) -> String {
    format!("Cookie: crossfade_shop=07-abc; crossfade_shop_door={}", door.key.as_str())
}

/// All traffic on blue. `None` for a router that has no door, and says so.
async fn stage<R: Rig>(sticky_by: StickyBy) -> Option<(Stage<R>, Client)> {
    let stage = Stage::<R>::adopted(sticky_by, Split::all(Slot::Blue)).await;
    if !stage.can.door {
        let refused = stage.router.open_door(&door(Slot::Green, 1)).await;
        assert!(matches!(refused, Err(RouterError::NoDoor)), "{refused:?}");
        assert_eq!(stage.router.door().await.unwrap(), None);
        stage.router.close_door().await.unwrap();
        return None;
    }
    let client = stage.client()?;
    Some((stage, client))
}

pub async fn a_key_leads_to_its_slot_and_nothing_else_does<R: Rig>() {
    let Some((stage, mut client)) = stage::<R>(StickyBy::Cookie).await else { return };
    let router = &stage.router;
    assert_eq!(router.door().await.unwrap(), None);
    let (first, second) = (door(Slot::Green, 0xab), door(Slot::Green, 2));
    assert_eq!(client.get("/", &by_header(&first)).await.slot(), "blue", "nothing is open");

    router.open_door(&first).await.unwrap();
    assert_eq!(router.door().await.unwrap(), Some(first.clone()));
    for header in [by_header(&first), by_cookie(&first)] {
        assert_eq!(client.get("/", &header).await.slot(), "green", "{header}");
    }
    let upper = by_header(&first).to_uppercase();
    for header in [
        "",
        "X-Crossfade-Door: none",
        "X-Crossfade-Door: ../../current/0",
        "X-Crossfade-Door: /etc/passwd",
        "Cookie: crossfade_shop_door=",
        "Cookie: crossfade_shop_door=../green",
        &by_header(&second),
        &upper,
    ] {
        assert_eq!(client.get("/", header).await.slot(), "blue", "{header}");
    }
    // Whatever the weight is; and the weight is as it was for all others.
    assert_eq!(stage.drifts(Split::all(Slot::Blue)).await, "");
    stage.set(Split::all(Slot::Green)).await;
    stage.set(Split::all(Slot::Blue)).await;
    assert_eq!(client.get("/", &by_header(&first)).await.slot(), "green");
    stage.is_at(Split::all(Slot::Blue)).await;

    // Another rollout's key, and another slot's.
    router.open_door(&second).await.unwrap();
    assert_eq!(client.get("/", &by_header(&first)).await.slot(), "blue");
    assert_eq!(client.get("/", &by_header(&second)).await.slot(), "green");
    stage.set(Split::all(Slot::Green)).await;
    router.open_door(&door(Slot::Blue, 3)).await.unwrap();
    assert_eq!(client.get("/", &by_header(&door(Slot::Blue, 3))).await.slot(), "blue");
    router.close_door().await.unwrap();
    router.close_door().await.unwrap();
    assert_eq!(client.get("/", &by_header(&door(Slot::Blue, 3))).await.slot(), "green");
    assert_eq!(router.door().await.unwrap(), None);
}

pub async fn a_door_outlives_a_restart_and_new_routes<R: Rig>() {
    let Some((mut stage, _)) = stage::<R>(StickyBy::Cookie).await else { return };
    let open = door(Slot::Green, 4);
    stage.router.open_door(&open).await.unwrap();
    stage.rig.kill().await;
    stage.rig.run().await;
    assert_eq!(stage.router.door().await.unwrap(), Some(open.clone()));
    let mut client = stage.client().expect("requests pass through it");
    assert_eq!(client.get("/", &by_cookie(&open)).await.slot(), "green");
    let mut routes = stage.routes.clone();
    routes[0].hosts.push("www.shop.test".into());
    stage.router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    assert_eq!(stage.client().unwrap().get("/", &by_cookie(&open)).await.slot(), "green");
}

pub async fn a_browser_is_given_the_cookie_and_gives_it_back<R: Rig>() {
    let Some((stage, mut client)) = stage::<R>(StickyBy::Cookie).await else { return };
    let open = door(Slot::Green, 7);
    stage.router.open_door(&open).await.unwrap();
    let port = stage.rig.port().unwrap();
    let origin = stage.router.origin("shop.test").await.unwrap();
    // Where the user's own servers listen is not known.
    assert!(origin == format!("http://shop.test:{port}") || origin == "https://shop.test", "{origin}");
    let key = open.key.as_str();
    let given = client.get(&format!("/.crossfade/door?key={key}"), "").await;
    assert_eq!((given.status, given.header("location")), (303, Some("/")), "{given:?}");
    let cookie = format!("crossfade_shop_door={key}; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(given.headers("set-cookie"), [cookie]);
    assert_eq!(given.header("cache-control"), Some("no-store"));
    for wrong in ["", "?key=", "?key=none", "?key=..%2Fcurrent%2F0", &format!("?key={}", "0".repeat(64))] {
        let answer = client.get(&format!("/.crossfade/door{wrong}"), "").await;
        assert_eq!((answer.status, answer.headers("set-cookie").len()), (303, 0), "{wrong}");
    }
    let left = client.get("/.crossfade/leave", "").await;
    let cookie = "crossfade_shop_door=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
    assert_eq!((left.status, left.headers("set-cookie")), (303, vec![cookie]));
    // No service is handed the key by the header.
    let seen = client.get("/headers", &by_header(&open)).await;
    assert!(!seen.body.to_lowercase().contains("x-crossfade-door"), "{}", seen.body);
}

pub async fn testers_are_in_no_share_and_no_metric<R: Rig>() {
    let Some((stage, mut client)) = stage::<R>(StickyBy::None).await.filter(|(stage, _)| stage.can.measures) else {
        return;
    };
    let log = RouterLog::listen(stage.rig.log_port()).unwrap();
    let open = door(Slot::Green, 9);
    stage.router.open_door(&open).await.unwrap();
    for n in 0..40 {
        let path = if n % 2 == 0 { "/" } else { "/fails-in-green" };
        client.get(path, &by_header(&open)).await;
    }
    for _ in 0..10 {
        client.get("/", "").await.slot();
    }
    let begun = Instant::now();
    while log.testers() < 40 || log.total(Slot::Blue) < 10 {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} testers", log.testers());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let green = log.tally(Slot::Green, None, Millis::hours(1));
    assert_eq!((log.testers(), green.requests, green.errors, log.total(Slot::Green)), (40, 0, 0, 0));
}
