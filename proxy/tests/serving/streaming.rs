//! Bodies pass in pieces, both ways, and heads as they should.

use crate::support::client::Client;
use crate::support::process::Proxy;
use crate::{HOST, green};
use rollout::application::StickyBy;

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[tokio::test]
async fn pieces_pass_both_ways_before_the_last_is_there() {
    let (proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let mut client = Client::new(proxy.address());
    let head = format!("POST /echo HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n");
    client.write(head.as_bytes()).await.unwrap();
    for (n, text) in ["one", "two", "three"].into_iter().enumerate() {
        client.write(chunk(text).as_bytes()).await.unwrap();
        if n == 0 {
            let head = client.until(b"\r\n\r\n").await.unwrap();
            assert!(head.starts_with(b"HTTP/1.1 200 OK"));
        }
        // Comes back while the request goes on.
        assert_eq!(client.chunk().await.unwrap(), text.as_bytes());
    }
    client.write(b"0\r\n\r\n").await.unwrap();
    assert_eq!(client.chunk().await.unwrap(), b"");
    client.until(b"\r\n").await.unwrap();
    // The connection goes on.
    assert_eq!(client.get("/").await.unwrap().text(), "blue");
}

#[tokio::test]
async fn much_passes_unchanged() {
    let (proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let body: Vec<u8> = (0..5_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let address = proxy.address();
    let (mut reading, mut writing) = tokio::net::TcpStream::connect(address).await.unwrap().into_split();
    let sent = body.clone();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let head = format!("POST /echo HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {}\r\n\r\n", sent.len());
        writing.write_all(head.as_bytes()).await.unwrap();
        writing.write_all(&sent).await.unwrap();
        std::future::pending::<()>().await;
    });
    use tokio::io::AsyncReadExt;
    let mut answer = vec![];
    let mut piece = vec![0; 65536];
    let start = loop {
        let bytes = reading.read(&mut piece).await.unwrap();
        answer.extend_from_slice(&piece[..bytes]);
        if let Some(at) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    assert!(String::from_utf8_lossy(&answer[..start]).contains("content-length: 5000000"));
    while answer.len() - start < body.len() {
        let bytes = reading.read(&mut piece).await.unwrap();
        assert_ne!(bytes, 0);
        answer.extend_from_slice(&piece[..bytes]);
    }
    assert!(answer[start..] == body[..]);
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is() {
    let (proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let mut client = Client::new(proxy.address());
    let head = format!("POST /length HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
    client.write(head.as_bytes()).await.unwrap();
    assert_eq!(client.until(b"\r\n\r\n").await.unwrap(), b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write(b"12345").await.unwrap();
    assert_eq!(client.read(false).await.unwrap().text(), "5");
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let (proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let mut client = Client::new(proxy.address());
    client.headers = vec!["te: trailers".into()];
    let response = client.get("/trailers").await.unwrap();
    assert_eq!((response.text(), response.trailers.as_str()), ("blue", "x-sum: 42\r\n"));
    let head = format!("POST /length HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n");
    client.write(format!("{head}{}0\r\nx-sum: 7\r\n\r\n", chunk("four")).as_bytes()).await.unwrap();
    assert_eq!(client.read(false).await.unwrap().text(), r#"4 Some({"x-sum": "7"})"#);
}

#[tokio::test]
async fn heads_are_passed_on_as_they_should() {
    let (proxy, _blue, _green) = Proxy::serving(StickyBy::None).await;
    let mut client = Client::new(proxy.address());
    client.headers = ["connection: x-secret", "x-secret: 1", "x-forwarded-for: 9.9.9.9", "x-kept: 1", "keep-alive: 5"]
        .map(str::to_owned)
        .into();
    let head = client.get("/head?a=b%20c&d").await.unwrap();
    let mut lines: Vec<&str> = head.text().lines().collect();
    assert_eq!(lines.remove(0), "GET /head?a=b%20c&d HTTP/1.1");
    lines.sort_unstable();
    let expected = [
        "host: shop.test",
        "x-forwarded-for: 9.9.9.9, 127.0.0.1",
        "x-forwarded-host: shop.test",
        "x-forwarded-proto: http",
        "x-kept: 1",
        "x-real-ip: 127.0.0.1",
    ];
    assert_eq!(lines, expected);
    client.headers.clear();
    let hop = client.get("/hop").await.unwrap();
    assert_eq!((hop.header("x-own"), hop.header("x-kept"), hop.header("keep-alive")), (None, Some("1"), None));
    assert_eq!(hop.header("connection"), None);

    assert_eq!(client.get("/empty").await.unwrap().status, 204);
    let head = client.send("HEAD", "/", b"").await.unwrap();
    assert_eq!((head.status, head.header("content-length")), (200, Some("4")));
    assert_eq!(client.get("/unasked").await.unwrap().status, 502);
    for method in ["TRACE", "CONNECT"] {
        let target = if method == "CONNECT" { "shop.test:80" } else { "/" };
        let mut client = Client::new(proxy.address());
        assert_eq!(client.send(method, target, b"").await.unwrap().status, 405, "{method}");
    }
    // HTTP/1.0 gets its answer, and the end of the connection.
    let mut old = Client::new(proxy.address());
    old.write(format!("GET / HTTP/1.0\r\nhost: {HOST}\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(old.read(false).await.unwrap().text(), "blue");
    proxy.set(green(100)).await;
    assert_eq!(client.get("/").await.unwrap().text(), "green");
}
