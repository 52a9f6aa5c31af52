//! Slow clients, slow services, and too much of anything.

use crate::support::client::Client;
use crate::support::process::{Proxy, get};
use crate::support::service::{Named, services};
use crate::{HOST, shop};
use rollout::application::StickyBy;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

async fn serving(limits: &[(&'static str, u64)]) -> (Proxy, Named, Named) {
    let proxy = Proxy::with(limits, false).await;
    let (blue, green) = services().await;
    proxy.adopt(shop(StickyBy::None, blue.address, green.address)).await;
    (proxy, blue, green)
}

/// How long until the proxy closes the connection, in milliseconds, and what it said before.
async fn end(stream: &mut TcpStream) -> (u128, String) {
    let begun = Instant::now();
    let mut said = vec![];
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut said)).await.expect("still open");
    (begun.elapsed().as_millis(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn slow_heads_are_not_waited_for_and_others_are_served_meanwhile() {
    let (proxy, _blue, _green) = serving(&[("HEAD", 700), ("IDLE", 5_000), ("CONNECTIONS", 300)]).await;
    // A byte now and then, from many.
    let slow = (0..200).map(|n| {
        let address = proxy.address();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let begun = Instant::now();
            let head = if n % 4 == 0 { String::new() } else { get("/") };
            for byte in head.bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                sleep(Duration::from_millis(100)).await;
            }
            end(&mut stream).await;
            begun.elapsed()
        })
    });
    let slow: Vec<_> = slow.collect();
    sleep(Duration::from_millis(300)).await;
    assert!(proxy.state().await.connections >= 200);
    assert_eq!(Client::new(proxy.address()).get("/").await.unwrap().text(), "blue");
    for one in slow {
        let took = one.await.unwrap();
        assert!((Duration::from_millis(650)..Duration::from_secs(3)).contains(&took), "{took:?}");
    }
    let mut client = Client::new(proxy.address());
    client.get("/").await.unwrap();
    // The head that follows has its time from its own first byte.
    sleep(Duration::from_millis(1000)).await;
    client.get("/").await.unwrap();
    assert_eq!(client.idle_closes, 0);
    let mut stream = client.into_stream();
    stream.write_all(b"GET / HT").await.unwrap();
    let (took, _) = end(&mut stream).await;
    assert!((650..3000).contains(&took), "{took}");
}

#[tokio::test]
async fn idle_connections_end() {
    let (proxy, _blue, _green) = serving(&[("HEAD", 5_000), ("IDLE", 500)]).await;
    let mut client = Client::new(proxy.address());
    for _ in 0..3 {
        client.get("/").await.unwrap();
        sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(client.idle_closes, 0);
    let (took, said) = end(&mut client.into_stream()).await;
    assert!((100..2000).contains(&took), "{took}");
    assert_eq!(said, "");
}

#[tokio::test]
async fn bodies_that_stop_are_not_waited_for() {
    let (proxy, _blue, _green) = serving(&[("BODY", 400), ("RESPONSE", 1_500)]).await;
    let mut client = Client::new(proxy.address());
    let head = format!("POST /length HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 100\r\n\r\n");
    client.write(format!("{head}some").as_bytes()).await.unwrap();
    assert_eq!(client.read(false).await.unwrap().status, 408);

    // Slow, but steady, for longer than each limit.
    let mut client = Client::new(proxy.address());
    client.write(head.as_bytes()).await.unwrap();
    for _ in 0..10 {
        sleep(Duration::from_millis(200)).await;
        client.write(b"0123456789").await.unwrap();
    }
    assert_eq!(client.read(false).await.unwrap().text(), "100");

    // One that cannot be a body.
    let mut client = Client::new(proxy.address());
    let head = format!("POST /length HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\nnot a size\r\n");
    client.write(head.as_bytes()).await.unwrap();
    assert_eq!(client.read(false).await.unwrap().status, 400);
    proxy.until(|served| served.blue.open == 0).await;
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_let_go() {
    let (proxy, _blue, _green) = serving(&[("BODY", 500)]).await;
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let head = format!("POST /echo HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 100000000\r\n\r\n");
    writing.write_all(head.as_bytes()).await.unwrap();
    let flood = tokio::spawn(async move {
        let piece = vec![0; 100_000];
        while writing.write_all(&piece).await.is_ok() {}
    });
    tokio::time::timeout(Duration::from_secs(10), flood).await.expect("still served").unwrap();
    let _ = reading.read(&mut [0; 10]).await;
    proxy.until(|served| served.blue.open == 0).await;
    assert_eq!(proxy.state().await.connections, 0);
}

#[tokio::test]
async fn a_service_that_takes_too_long_is_not_waited_for() {
    let (proxy, _blue, _green) = serving(&[("RESPONSE", 400)]).await;
    let mut client = Client::new(proxy.address());
    let response = client.get("/hang").await.unwrap();
    assert_eq!(response.status, 504);
    assert!(response.text().contains("takes too long"));
    // Faster ones are.
    assert_eq!(client.get("/slow").await.unwrap().text(), "blue");
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_request() {
    let (proxy, _blue, _green) = serving(&[]).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(get("/hang").as_bytes()).await.unwrap();
    proxy.until(|served| served.blue.open == 1).await;
    drop(stream);
    proxy.until(|served| served.blue.open == 0).await;
}

#[tokio::test]
async fn heads_have_a_size() {
    let (proxy, _blue, _green) = serving(&[]).await;
    for (lines, length, status) in [(90, 100, 200), (101, 10, 431), (1, 60_000, 200), (1, 70_000, 431)] {
        let mut client = Client::new(proxy.address());
        client.headers = (0..lines - 1).map(|n| format!("x-{n}: {}", "x".repeat(length))).collect();
        if lines == 1 {
            client.headers = vec![format!("x: {}", "x".repeat(length))];
        }
        assert_eq!(client.get("/").await.unwrap().status, status, "{lines} {length}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let (proxy, _blue, _green) = serving(&[("CONNECTIONS", 2)]).await;
    let (mut one, mut two) = (Client::new(proxy.address()), Client::new(proxy.address()));
    one.get("/").await.unwrap();
    two.get("/").await.unwrap();
    let address = proxy.address();
    let three = tokio::spawn(async move { Client::new(address).get("/").await });
    sleep(Duration::from_millis(300)).await;
    assert!(!three.is_finished());
    drop(one);
    assert_eq!(three.await.unwrap().unwrap().text(), "blue");
}
