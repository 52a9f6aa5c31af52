//! Shares, and sessions that stay where they are.

use crate::support::client::Client;
use crate::support::process::Proxy;
use crate::support::service::services;
use crate::{HOST, green, shop};
use proxy::wire::{Ask, Service};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};

/// Of `count` requests from eight clients, those that green answered.
async fn answered_by_green(proxy: &Proxy, count: usize) -> usize {
    let clients = (0..8).map(|_| {
        let mut client = Client::new(proxy.address());
        tokio::spawn(async move {
            let mut green = 0;
            for _ in 0..count / 8 {
                let response = client.get("/").await.unwrap();
                assert_eq!(response.status, 200);
                assert_eq!(response.header("x-crossfade-slot"), Some(response.text()));
                green += usize::from(response.text() == "green");
            }
            assert_eq!(client.idle_closes, 0);
            green
        })
    });
    futures::future::join_all(clients).await.into_iter().map(Result::unwrap).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_are_exact_without_cookies() {
    for sticky_by in [StickyBy::Cookie, StickyBy::None] {
        let (proxy, _blue, _green) = Proxy::serving(sticky_by).await;
        proxy.set(green(25)).await;
        let share = answered_by_green(&proxy, 20_000).await;
        assert_eq!(share, 5_000);
        for percent in [10, 50, 75, 100, 0] {
            proxy.set(green(percent)).await;
            let share = answered_by_green(&proxy, 2_000).await;
            assert_eq!(share, 20 * usize::from(percent), "{percent} %");
        }
        let served = proxy.shop().await;
        assert_eq!(served.green.requests, 5_000 + 20 * (10 + 50 + 75 + 100));
        assert_eq!(served.blue.requests + served.green.requests, 30_000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_move_forward_only_and_all_come_back() {
    let (proxy, _blue, _green) = Proxy::serving(StickyBy::Cookie).await;
    let mut sessions = vec![];
    let mut client = Client::new(proxy.address());
    for _ in 0..300 {
        sessions.push(client.get("/").await.unwrap().cookie().unwrap());
    }
    // As nginx gave them.
    sessions.extend((0..100u128).map(|n| format!("crossfade_shop={:032x}", n * 0x9e37_79b9_7f4a_7c15)));
    let mut on_green = vec![false; sessions.len()];
    for percent in [10, 25, 50, 75, 100] {
        proxy.set(green(percent)).await;
        for (session, was) in sessions.iter().zip(&mut on_green) {
            client.headers = vec![format!("cookie: x=y; {session}")];
            let response = client.get("/").await.unwrap();
            assert_eq!(response.cookie(), None);
            let is = response.text() == "green";
            assert!(is || !*was, "{session} went back at {percent} %");
            *was = is;
        }
        let count = on_green[..300].iter().filter(|is| **is).count();
        assert_eq!(count, 3 * usize::from(percent));
    }
    proxy.set(green(0)).await;
    for session in &sessions {
        client.headers = vec![format!("cookie: {session}")];
        assert_eq!(client.get("/").await.unwrap().text(), "blue");
    }
}

#[tokio::test]
async fn sessions_by_header_and_by_address() {
    let (proxy, blue, other) = Proxy::serving(StickyBy::Header("X-User".into())).await;
    proxy.set(green(50)).await;
    let mut client = Client::new(proxy.address());
    let mut greens = 0;
    for user in 0..100 {
        client.headers = vec![format!("x-user: {user}")];
        let (one, two) = (client.get("/").await.unwrap(), client.get("/").await.unwrap());
        assert_eq!((one.text(), one.cookie()), (two.text(), None));
        greens += u32::from(one.text() == "green");
    }
    assert!((30..70).contains(&greens), "{greens}");

    // Adopted again with other words, it keeps its split.
    proxy.adopt(shop(StickyBy::Address, blue.address, other.address)).await;
    assert_eq!(proxy.shop().await.split, green(50));
    client.headers.clear();
    let first = client.get("/").await.unwrap();
    for _ in 0..50 {
        let mut another = Client::new(proxy.address());
        assert_eq!(another.get("/").await.unwrap().text(), first.text());
    }
}

#[tokio::test]
async fn hosts_have_their_services_and_others_none() {
    let proxy = Proxy::start().await;
    let mut client = Client::new(proxy.address());
    assert_eq!(client.get("/").await.unwrap().status, 503);
    let (blue, other) = services().await;
    let mut application = shop(StickyBy::None, blue.address, other.address);
    application.services.push(Service {
        name: "api".into(),
        hosts: vec!["*.shop.test".into(), HOST.into()],
        blue: other.address,
        green: blue.address,
    });
    proxy.adopt(application.clone()).await;
    for (host, status, answer) in [
        ("shop.test", 200, "blue"),
        ("SHOP.test:8080", 200, "blue"),
        ("api.shop.test", 200, "green"),
        ("shop.test.evil.org", 421, "421"),
        ("", 421, "421"),
        ("a b", 400, "400"),
    ] {
        client.write(format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
        let response = client.read(false).await.unwrap();
        assert_eq!(response.status, status, "{host}");
        assert!(response.text().starts_with(answer), "{host}");
    }
    // A host that another application has.
    application.name = "other".into();
    let refused = proxy.ask(Ask::Adopt { application, split: Split::all(Slot::Blue) }).await.unwrap_err();
    assert!(refused.to_string().contains("routed to the application shop already"), "{refused}");
    proxy.ask(Ask::Forget { application: "shop".into() }).await.unwrap();
    assert_eq!(client.get("/").await.unwrap().status, 503);
    proxy.ask(Ask::Forget { application: "shop".into() }).await.unwrap();
}
