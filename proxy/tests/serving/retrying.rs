//! When a request is sent again, and when it is not.

use crate::support::client::Client;
use crate::support::process::{Proxy, free};
use crate::support::service::{Named, by_hand};
use crate::{green, shop};
use rollout::application::StickyBy;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Nobody listens there.
fn dead() -> SocketAddr {
    free()
}

#[tokio::test]
async fn a_slot_that_refuses_is_left_for_the_other_if_that_has_a_share() {
    let proxy = Proxy::start().await;
    let blue = Named::start("blue").await;
    proxy.adopt(shop(StickyBy::None, blue.address, dead())).await;
    proxy.set(green(50)).await;
    let mut client = Client::new(proxy.address());
    for _ in 0..100 {
        let response = client.get("/").await.unwrap();
        assert_eq!((response.status, response.text()), (200, "blue"));
        assert_eq!(response.header("x-crossfade-slot"), Some("blue"));
    }
    let served = proxy.shop().await;
    assert_eq!((served.green.requests, served.green.moved_away, served.blue.requests), (50, 50, 50));

    // What may not be sent twice is not, and nor is a body.
    for (method, body) in [("POST", ""), ("PATCH", ""), ("PUT", "x"), ("GET", "x")] {
        let mut refused = 0;
        for _ in 0..100 {
            let response = client.send(method, "/", body.as_bytes()).await.unwrap();
            refused += u32::from(response.status == 502);
        }
        assert_eq!(refused, 50, "{method}");
    }
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE"] {
        for _ in 0..10 {
            assert_eq!(client.send(method, "/", b"").await.unwrap().status, 200, "{method}");
        }
    }

    // Blue has no share: it is not asked. It may not be what it should be.
    proxy.set(green(100)).await;
    let before = blue.requests();
    let response = client.get("/").await.unwrap();
    assert_eq!(response.status, 502);
    assert!(response.text().contains("does not answer"), "{}", response.text());
    assert_eq!(blue.requests(), before);
}

/// Answers one request a connection as if there were more to come, and closes it when the next one comes.
async fn hangs_up(answered: Arc<AtomicU64>, read_first: bool) -> SocketAddr {
    by_hand(move |mut stream| {
        let answered = answered.clone();
        async move {
            let mut head = vec![0; 4096];
            let bytes = stream.read(&mut head).await.unwrap();
            if bytes == 0 {
                return;
            }
            answered.fetch_add(1, Ordering::Relaxed);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            if read_first {
                // The next request arrives, and gets no answer.
                let _ = stream.read(&mut head).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_connection_that_ends_while_idle_costs_nothing() {
    for read_first in [false, true] {
        let answered = Arc::new(AtomicU64::new(0));
        let proxy = Proxy::start().await;
        proxy.adopt(shop(StickyBy::None, hangs_up(answered.clone(), read_first).await, dead())).await;
        let mut client = Client::new(proxy.address());
        for n in 0..200 {
            let response = client.get("/").await.unwrap();
            assert_eq!(response.status, 200, "{n}");
        }
        assert_eq!(answered.load(Ordering::Relaxed), 200);
    }
}

#[tokio::test]
async fn a_request_that_may_have_arrived_and_may_not_be_repeated_is_not() {
    let answered = Arc::new(AtomicU64::new(0));
    let proxy = Proxy::start().await;
    proxy.adopt(shop(StickyBy::None, hangs_up(answered.clone(), true).await, dead())).await;
    let mut client = Client::new(proxy.address());
    for (method, body, status) in [("GET", "", 200), ("POST", "x", 502), ("POST", "x", 200), ("POST", "", 502)] {
        assert_eq!(client.send(method, "/", body.as_bytes()).await.unwrap().status, status, "{method}");
        // The connection is back in the pool after a moment.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_broken_off_is_not_passed_on_as_whole() {
    for (answer, status) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", 200),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", 200),
        ("HTTP/1.1 200 OK\r\ncontent-", 502),
        ("nonsense\r\n\r\n", 502),
        ("", 502),
    ] {
        let service = by_hand(move |mut stream| async move {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let proxy = Proxy::start().await;
        proxy.adopt(shop(StickyBy::None, service.await, dead())).await;
        let answered = Client::new(proxy.address()).get("/").await;
        match status {
            200 => assert_eq!(answered.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{answer}"),
            status => assert_eq!(answered.unwrap().status, status, "{answer}"),
        }
    }
}
