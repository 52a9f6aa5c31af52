//! A service in one slot: says its slot's name, streams slowly at `/slow`, echoes after an upgrade. In the slot that
//! `/fails-in-..` names it answers 500 there, and in the one of `/late-in-..` after 300 ms.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Starts one on a free port. It ends with the test's runtime.
pub async fn backend(slot: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(accept(listener, slot));
    address
}

/// Starts one at an address; it ends when the task is aborted.
pub async fn backend_at(address: SocketAddr, slot: &'static str) -> JoinHandle<()> {
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(accept(listener, slot))
}

async fn accept(listener: TcpListener, slot: &'static str) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, slot));
    }
}

/// Both slots: blue and green.
pub async fn backends() -> (SocketAddr, SocketAddr) {
    (backend("blue").await, backend("green").await)
}

async fn serve(stream: TcpStream, slot: &'static str) {
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some(head) = read_head(&mut stream).await {
        let lower = head.to_lowercase();
        let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
        let sent = if lower.contains("\r\nupgrade: websocket\r\n") && lower.contains("\r\nconnection: upgrade\r\n") {
            return echo(stream, slot).await;
        } else if path == "/slow" {
            slow(&mut stream, slot).await
        } else if path.strip_prefix("/fails-in-") == Some(slot) {
            answer(&mut stream, "500 Internal Server Error", "", slot).await
        } else if path.strip_prefix("/late-in-") == Some(slot) {
            tokio::time::sleep(Duration::from_millis(300)).await;
            answer(&mut stream, "200 OK", "", slot).await
        } else if path == "/headers" {
            answer(&mut stream, "200 OK", "", &head).await
        } else if path == "/login" {
            answer(&mut stream, "200 OK", "Set-Cookie: own=1\r\n", slot).await
        } else if path == "/missing" {
            answer(&mut stream, "404 Not Found", "", slot).await
        } else {
            answer(&mut stream, "200 OK", "", slot).await
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    loop {
        let read = stream.read_line(&mut head).await.ok()?;
        if read == 0 {
            return None;
        }
        if head.ends_with("\r\n\r\n") {
            return Some(head);
        }
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, status: &str, more: &str, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.get_mut().write_all(head.as_bytes()).await
}

/// Ten times the slot's first letter, 100 ms apart.
async fn slow(stream: &mut BufReader<TcpStream>, slot: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await?;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.get_mut().write_all(&slot.as_bytes()[..1]).await?;
    }
    Ok(())
}

async fn echo(mut stream: BufReader<TcpStream>, slot: &str) {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Slot: {slot}\r\n\r\n"
    );
    let _ = stream.get_mut().write_all(head.as_bytes()).await;
    let mut bytes = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        if stream.get_mut().write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
