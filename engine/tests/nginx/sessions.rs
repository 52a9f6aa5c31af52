//! What makes two requests one session.

use crate::support::client::Client;
use crate::{HOST, green, stage};
use engine::router::Router;
use rollout::application::StickyBy;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_cookie_is_given_once_and_keeps_the_slot() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(50)).await.unwrap();
    let mut client = Client::new(nginx.port, HOST);
    let mut slots = BTreeSet::new();
    for _ in 0..40 {
        let first = client.get("/login", "").await;
        let cookies = first.headers("set-cookie");
        assert_eq!(cookies.len(), 2, "the service's own and ours: {cookies:?}");
        assert!(cookies.contains(&"own=1"));
        let ours = cookies.iter().find(|cookie| cookie.starts_with("crossfade_shop=")).unwrap();
        let (pair, attributes) = ours.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax");
        for _ in 0..3 {
            let next = client.get("/login", &format!("Cookie: a=b; {pair}")).await;
            assert_eq!(next.slot(), first.slot());
            assert_eq!(next.headers("set-cookie"), ["own=1"]);
        }
        slots.insert(first.slot().to_owned());
    }
    assert_eq!(slots.len(), 2);
    // An error starts a session too.
    let missing = client.get("/missing", "").await;
    assert_eq!((missing.status, missing.headers("set-cookie").len()), (404, 1));
    assert_eq!(missing.header("x-crossfade-slot"), Some(missing.body.as_str()));
}

/// The slots that answer `requests` requests, with this header.
async fn slots(client: &mut Client, header: &str, requests: u32) -> BTreeSet<String> {
    let mut slots = BTreeSet::new();
    for _ in 0..requests {
        let answer = client.get("/", header).await;
        assert_eq!(answer.headers("set-cookie"), [""; 0]);
        slots.insert(answer.slot().to_owned());
    }
    slots
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn a_header_keeps_the_slot() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Header("X-User-Id".into()));
    router.adopt(&routes, green(50)).await.unwrap();
    let mut client = Client::new(nginx.port, HOST);
    let mut seen = BTreeSet::new();
    for user in 0..40 {
        let slots = slots(&mut client, &format!("X-User-Id: {user}"), 3).await;
        assert_eq!(slots.len(), 1, "user {user}");
        seen.extend(slots);
    }
    assert_eq!(seen.len(), 2);
    // Without the header each request is for itself.
    assert_eq!(slots(&mut client, "", 60).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn an_address_keeps_the_slot() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Address);
    router.adopt(&routes, green(50)).await.unwrap();
    assert_eq!(slots(&mut Client::new(nginx.port, HOST), "", 60).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn without_stickiness_every_request_is_for_itself() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::None);
    router.adopt(&routes, green(50)).await.unwrap();
    assert_eq!(slots(&mut Client::new(nginx.port, HOST), "Cookie: crossfade_shop=a", 60).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_admin_server_answers_about_numbers_alone() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(100)).await.unwrap();
    let mut admin = Client::new(nginx.admin_port, "127.0.0.1");
    for (asked, slot) in [("0", "green"), ("99", "green"), ("100", "blue"), ("../readable", "blue"), ("", "blue")] {
        assert_eq!(admin.get(&format!("/crossfade/slot?b={asked}"), "").await.body, slot, "{asked:?}");
    }
    assert_eq!(admin.get("/", "").await.status, 404);
}
