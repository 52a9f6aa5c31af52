//! The testers' door: past the weight by a key, and nobody else.

use crate::green;
use crate::support::client::{Client, Response};
use crate::support::process::Proxy;
use proxy::wire::Ask;
use rollout::application::StickyBy;
use rollout::router::{Door, DoorKey};
use rollout::slot::Slot;

fn door(byte: u8) -> Door {
    Door { slot: Slot::Green, key: DoorKey::of([byte; 32]) }
}

async fn open(proxy: &Proxy, door: Option<Door>) {
    let state = proxy.ask(Ask::Door { application: "shop".into(), door: door.clone() }).await.unwrap();
    assert_eq!(state.applications[0].door, door);
}

async fn get(client: &mut Client, path: &str, header: &str) -> Response {
    client.headers = if header.is_empty() { vec![] } else { vec![header.to_owned()] };
    client.get(path).await.unwrap()
}

async fn slot(client: &mut Client, header: &str) -> String {
    get(client, "/", header).await.text().to_owned()
}

#[tokio::test]
async fn a_key_leads_to_the_standby_slot_and_nothing_else_does() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::Cookie).await;
    let mut client = Client::new(proxy.address());
    let by_header = format!("x-crossfade-door: {}", door(1).key.as_str());
    let by_cookie = format!("cookie: crossfade_shop=07-a; crossfade_shop_door={}", door(1).key.as_str());
    for header in ["", &*by_header, &*by_cookie] {
        assert_eq!(slot(&mut client, header).await, "blue", "nothing is open");
    }
    open(&proxy, Some(door(1))).await;
    for header in [&*by_header, &*by_cookie] {
        assert_eq!(slot(&mut client, header).await, "green", "{header}");
    }
    let wrong = format!("x-crossfade-door: {}", door(2).key.as_str());
    for header in ["", &*wrong, "x-crossfade-door: ../", "cookie: crossfade_shop_door="] {
        assert_eq!(slot(&mut client, header).await, "blue", "{header}");
    }

    // A weight changes nothing for those inside, nor for the others.
    proxy.set(green(100)).await;
    proxy.set(green(0)).await;
    assert_eq!(slot(&mut client, &by_header).await, "green");
    assert_eq!(slot(&mut client, "").await, "blue");

    // Whoever takes over, and whoever starts after a crash, knows the key.
    proxy.replace().await;
    let mut client = Client::new(proxy.address());
    assert_eq!(slot(&mut client, &by_cookie).await, "green");
    proxy.kill();
    proxy.start_one();
    proxy.until(|served| served.door == Some(door(1))).await;
    let mut client = Client::new(proxy.address());
    assert_eq!(slot(&mut client, &by_cookie).await, "green");

    // Another rollout's key.
    open(&proxy, Some(door(2))).await;
    assert_eq!(slot(&mut client, &by_header).await, "blue");
    assert_eq!(slot(&mut client, &wrong).await, "green");
    open(&proxy, None).await;
    assert_eq!(slot(&mut client, &wrong).await, "blue");
}

#[tokio::test]
async fn a_browser_is_given_the_cookie_and_gives_it_back() {
    let (proxy, _blue, green) = Proxy::serving(StickyBy::Cookie).await;
    open(&proxy, Some(door(1))).await;
    let mut client = Client::new(proxy.address());
    let key = door(1).key.as_str().to_owned();
    let given = get(&mut client, &format!("/.crossfade/door?key={key}"), "").await;
    assert_eq!((given.status, given.header("location")), (303, Some("/")));
    let cookie = format!("crossfade_shop_door={key}; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(given.header("set-cookie"), Some(&*cookie));
    assert_eq!(given.header("cache-control"), Some("no-store"));
    let wrong = get(&mut client, "/.crossfade/door?key=abc", "").await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (303, None));
    let left = get(&mut client, "/.crossfade/leave", "").await;
    let cookie = "crossfade_shop_door=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax";
    assert_eq!((left.status, left.header("set-cookie")), (303, Some(cookie)));
    assert_eq!(green.requests(), 0, "the service has no part in it");
}

/// Through the door there is one slot: what is broken there is seen as broken.
#[tokio::test]
async fn what_fails_behind_the_door_is_not_hidden() {
    let proxy = Proxy::start().await;
    let blue = crate::support::service::Named::start("blue").await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    proxy.adopt(crate::shop(StickyBy::Cookie, blue.address, nobody)).await;
    open(&proxy, Some(door(1))).await;
    let mut client = Client::new(proxy.address());
    let header = format!("x-crossfade-door: {}", door(1).key.as_str());
    assert_eq!(get(&mut client, "/", &header).await.status, 502);
    assert_eq!(slot(&mut client, "").await, "blue");
}
