//! Websockets stay where they are while traffic moves, and are counted.

use crate::support::process::Proxy;
use crate::{HOST, green};
use futures::{SinkExt, StreamExt};
use rollout::application::StickyBy;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

async fn open(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    client_async(format!("ws://{HOST}/websocket"), stream).await.unwrap().0
}

async fn echo(socket: &mut WebSocketStream<TcpStream>) -> String {
    socket.send(Message::text("hello")).await.unwrap();
    socket.next().await.unwrap().unwrap().into_text().unwrap().to_string()
}

#[tokio::test]
async fn a_websocket_lives_through_shifts_and_through_a_restart() {
    let (mut proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let mut old = open(proxy.address()).await;
    assert_eq!(echo(&mut old).await, "blue hello");
    for percent in [10, 50, 100] {
        proxy.set(green(percent)).await;
        assert_eq!(echo(&mut old).await, "blue hello");
    }
    let mut new = open(proxy.address()).await;
    assert_eq!(echo(&mut new).await, "green hello");
    let served = proxy.until(|served| served.blue.upgraded == 1 && served.green.upgraded == 1).await;
    assert_eq!((served.blue.open, served.green.open), (0, 0));

    proxy.replace().await;
    assert_eq!(echo(&mut old).await, "blue hello");
    // What the process before still has is counted too.
    let served = proxy.shop().await;
    assert_eq!((served.blue.upgraded, served.green.upgraded), (1, 1));
    assert_eq!(proxy.state().await.ending.len(), 1);

    old.close(None).await.unwrap();
    while old.next().await.is_some() {}
    drop(old);
    proxy.until(|served| served.blue.upgraded == 0 && served.green.upgraded == 1).await;
    assert_eq!(echo(&mut new).await, "green hello");
    drop(new);
    proxy.until(|served| served.green.upgraded == 0).await;
    for _ in 0..500 {
        if proxy.first_ended() {
            assert!(proxy.state().await.ending.is_empty());
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the process before did not end");
}

/// A connection that was upgraded has no heads of requests and no requests to wait for.
#[tokio::test]
async fn a_silent_websocket_outlives_the_patience_for_requests() {
    let proxy = Proxy::with(&[("HEAD", 200), ("IDLE", 300), ("BODY", 400), ("RESPONSE", 400)], false).await;
    let (blue, other) = crate::support::service::services().await;
    proxy.adopt(crate::shop(StickyBy::None, blue.address, other.address)).await;
    let mut socket = open(proxy.address()).await;
    assert_eq!(echo(&mut socket).await, "blue hello");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(echo(&mut socket).await, "blue hello");
}

#[tokio::test]
async fn a_websocket_that_nobody_uses_ends() {
    let proxy = Proxy::with(&[("TUNNEL", 400)], false).await;
    let (blue, other) = crate::support::service::services().await;
    proxy.adopt(crate::shop(StickyBy::None, blue.address, other.address)).await;
    let mut socket = open(proxy.address()).await;
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(echo(&mut socket).await, "blue hello");
    }
    let end = tokio::time::timeout(Duration::from_secs(5), socket.next()).await.unwrap();
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
    proxy.until(|served| served.blue.upgraded == 0).await;
}
