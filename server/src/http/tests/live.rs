//! Websockets: who may listen. Over a real connection, for an upgrade needs one.

use super::dashboard::Dashboard;
use rollout::actor::Role;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub async fn serve(dashboard: &Dashboard) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = dashboard.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Asks to listen; the head of the answer and the connection.
async fn listen(at: SocketAddr, path: &str, headers: &[String]) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap(), stream)
}

/// Listens until these words are heard.
pub async fn hear(at: SocketAddr, path: &str, cookie: &str, words: &str) -> String {
    let headers = [format!("Cookie: crossfade={cookie}"), format!("Origin: http://{at}")];
    let (_, mut stream) = listen(at, path, &headers).await;
    let mut heard = String::new();
    let mut bytes = vec![0; 65_536];
    while !heard.contains(words) {
        let read =
            tokio::time::timeout(std::time::Duration::from_secs(60), stream.read(&mut bytes)).await.unwrap().unwrap();
        assert!(read > 0, "the connection ended: {heard}");
        heard += &String::from_utf8_lossy(&bytes[..read]);
    }
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_own_pages_of_people_who_signed_in_may_listen() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let at = serve(&dashboard).await;
    let viewer = dashboard.signed_in(Role::Viewer).await;
    let cookie = format!("Cookie: crossfade={}", viewer.session().unwrap());
    let origin = format!("Origin: http://{at}");
    let path = format!("/live/rollouts/{}?seq=0&line=0", id.0);
    let evil = "Origin: https://evil.example".to_owned();
    let cases: [(&str, &[String], u16); 10] = [
        (&path, &[cookie.clone(), origin.clone()], 101),
        (&path, std::slice::from_ref(&origin), 401),
        (&path, &["Cookie: crossfade=AAAAAAAAAAAAAAAAAAAAAA".to_owned(), origin.clone()], 401),
        (&path, &[cookie.clone(), evil], 403),
        (&path, std::slice::from_ref(&cookie), 403),
        ("/live/drift", &[cookie.clone(), origin.clone()], 101),
        ("/live/drift", std::slice::from_ref(&origin), 401),
        ("/live/drift", std::slice::from_ref(&cookie), 403),
        ("/live/rollouts/99?seq=0&line=0", &[cookie.clone(), origin.clone()], 404),
        ("/live/rollouts/x?seq=0&line=0", &[cookie.clone(), origin.clone()], 400),
    ];
    for (path, headers, status) in cases {
        let (head, _) = listen(at, path, headers).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {headers:?}: {head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_listens_hears_what_they_have_not() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let at = serve(&dashboard).await;
    let viewer = dashboard.signed_in(Role::Viewer).await;
    let path = format!("/live/rollouts/{}?seq=0&line=0", id.0);
    let heard = hear(at, &path, viewer.session().unwrap(), r#""seq":1"#).await;
    assert!(heard.contains("2.0.0"), "{heard}");
}
