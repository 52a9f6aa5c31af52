//! Requests that two programs might read in two ways must not be passed on in a way that allows it. Whatever a client
//! sends, a service gets requests with one host, one length and nothing between them; and no more of them than the
//! proxy knows of.

use crate::support::process::Proxy;
use crate::support::service::by_hand;
use crate::{HOST, shop};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use rollout::application::StickyBy;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What arrived at the service.
#[derive(Default)]
struct Arrived {
    /// Whole requests.
    requests: u64,
    /// What a strict reader would not have taken.
    faults: Vec<String>,
}

/// A service that takes nothing that could be read in two ways.
async fn strict(arrived: Arc<Mutex<Arrived>>) -> SocketAddr {
    by_hand(move |mut stream| {
        let arrived = arrived.clone();
        async move {
            let mut bytes = vec![];
            loop {
                match request(&bytes) {
                    Ok(Some(length)) => {
                        bytes.drain(..length);
                        arrived.lock().unwrap().requests += 1;
                        if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.is_err() {
                            return;
                        }
                    }
                    Ok(None) => {
                        let mut piece = [0; 4096];
                        match stream.read(&mut piece).await {
                            Ok(0) | Err(_) => return,
                            Ok(read) => bytes.extend_from_slice(&piece[..read]),
                        }
                    }
                    Err(fault) => {
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        arrived.lock().unwrap().faults.push(format!("{fault}: {text:?}"));
                        return;
                    }
                }
            }
        }
    })
    .await
}

/// The length of the first request, when it is whole.
fn request(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head]).map_err(|_| "not text")?;
    let mut lines = text.split("\r\n");
    let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, "HTTP/1.1"] = first[..] else { return Err("a first line".into()) };
    let origin_form = target.starts_with('/') || (method == "OPTIONS" && target == "*");
    if !origin_form || !method.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err("a target".into());
    }
    let (mut hosts, mut lengths, mut codings) = (vec![], vec![], vec![]);
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or("a line")?;
        let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits || value.bytes().any(|b| b < b' ' && b != b'\t') {
            return Err(format!("a header {name}"));
        }
        match name {
            "host" => hosts.push(value.to_ascii_lowercase()),
            "content-length" => lengths.push(value.parse::<usize>().map_err(|_| "a length")?),
            "transfer-encoding" => codings.push(value),
            _ => {}
        }
    }
    let host = hosts.first().and_then(|host| host.split(':').next()).unwrap_or_default().trim_end_matches('.');
    if hosts.len() != 1 || host != HOST {
        return Err(format!("hosts {hosts:?}"));
    }
    let body = head + 4;
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(Some(body)),
        ([length], []) => Ok((bytes.len() >= body + length).then_some(body + length)),
        ([], ["chunked"]) => chunks(bytes, body),
        _ => Err(format!("lengths {lengths:?}, codings {codings:?}")),
    }
}

fn chunks(bytes: &[u8], mut at: usize) -> Result<Option<usize>, String> {
    loop {
        let Some(line) = bytes[at..].windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&bytes[at..at + line]).map_err(|_| "a size")?;
        let size = usize::from_str_radix(size, 16).map_err(|_| "a size")?;
        at += line + 2 + size + 2;
        if bytes.len() < at {
            return Ok(None);
        }
        if &bytes[at - 2..at] != b"\r\n" {
            return Err("the end of a chunk".into());
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

/// The lines of a head, and what follows it.
fn odd() -> impl Strategy<Value = Vec<u8>> {
    let first = prop::sample::select(vec![
        "GET / HTTP/1.1",
        "POST / HTTP/1.1",
        "POST / HTTP/1.0",
        "PUT /a?b#c HTTP/1.1",
        "GET http://shop.test/x HTTP/1.1",
        "GET http://evil.test/x HTTP/1.1",
        "GET http://shop.test HTTP/1.1",
        "POST http://u@shop.test/x HTTP/1.1",
        "GET //evil.test/x HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /\u{b}x HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "get / HTTP/1.1",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET /",
        "CONNECT shop.test:80 HTTP/1.1",
        "PRI * HTTP/2.0",
    ]);
    let host = prop_oneof![8 => Just("Host: shop.test"), 1 => prop::sample::select(vec![
        "Host: shop.test:80",
        "Host: SHOP.test.",
        "Host: evil.test",
        "Host: shop.test, evil.test",
        "Host: shop.test@evil.test",
        "Host: evil.test#shop.test",
        "Host:",
        "Host : shop.test",
        "X: no host",
    ])];
    let line = prop::sample::select(vec![
        "Content-Length: 5",
        "Content-Length: 0",
        "Content-Length: 6",
        "Content-Length: +5",
        "Content-Length: 5, 5",
        "Content-Length: 0x5",
        "Content-Length: -1",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999",
        "Content-Length:",
        "Content-Length : 5",
        "Content_Length: 5",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: Chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding:\tchunked",
        "Transfer-Encoding : chunked",
        "Transfer_Encoding: chunked",
        "Transfer-Encoding:",
        " Transfer-Encoding: chunked",
        "X: folded\r\n Transfer-Encoding: chunked",
        "X: a\rTransfer-Encoding: chunked",
        "X: a\nTransfer-Encoding: chunked",
        "X: a\0b",
        "Host: evil.test",
        "Host: shop.test",
        "Connection: content-length",
        "Connection: transfer-encoding, host",
        "Connection: close, keep-alive",
        "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        "Connection: Upgrade\r\nUpgrade: websocket",
        "Expect: 100-continue",
        "Expect: more",
        "TE: trailers",
        "Trailer: content-length",
        ": nothing",
        "no colon",
    ]);
    let body = prop::sample::select(vec![
        "",
        "hello",
        "5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        "0\r\n\r\n",
        "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "helloGET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "5;a=\"\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello",
        "5\r\nhelloGET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\r\n\r\n\r\n",
    ]);
    let end = prop_oneof![9 => Just("\r\n"), 1 => Just("\n")];
    (first, host, prop::collection::vec(line, 0..4), any::<prop::sample::Index>(), body, end).prop_map(
        |(first, host, mut lines, at, body, end)| {
            lines.insert(at.index(lines.len() + 1), host);
            let head: String = lines.iter().map(|line| format!("{line}{end}")).collect();
            format!("{first}{end}{head}{end}{body}").into_bytes()
        },
    )
}

/// Sends it, and a plain request after it, and reads what comes.
async fn send(address: SocketAddr, odd: Vec<u8>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let plain = format!("GET /last HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(&[odd, plain.into_bytes()].concat()).await;
    let mut answers = vec![];
    let _ = timeout(Duration::from_secs(3), stream.read_to_end(&mut answers)).await.expect("still open");
    String::from_utf8_lossy(&answers).into_owned()
}

#[test]
fn nothing_is_smuggled() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let arrived = Arc::new(Mutex::new(Arrived::default()));
    let proxy = runtime.block_on(async {
        let proxy = Proxy::with(&[("HEAD", 300), ("BODY", 300), ("RESPONSE", 1000)], false).await;
        let (blue, green) = (strict(arrived.clone()).await, strict(arrived.clone()).await);
        proxy.adopt(shop(StickyBy::None, blue, green)).await;
        proxy
    });
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 60,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Default::default()
    });
    let tried = runner.run(&prop::collection::vec(odd(), 40), |many| {
        runtime.block_on(async {
            let shown: Vec<String> = many.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect();
            let all = many.into_iter().map(|one| tokio::spawn(send(proxy.address(), one)));
            for (answers, shown) in futures::future::join_all(all).await.into_iter().zip(&shown) {
                let answers = answers.unwrap();
                let whole = answers.is_empty() || answers.starts_with("HTTP/1.");
                prop_assert!(whole, "{shown:?}: {answers:?}");
            }
            // Those that were given up are over by now, or soon.
            proxy.until(|served| served.blue.open + served.green.open == 0).await;
            let known = proxy.shop().await.blue.requests;
            let arrived = arrived.lock().unwrap();
            prop_assert!(arrived.faults.is_empty(), "{}", arrived.faults[0]);
            prop_assert!(arrived.requests <= known, "{} of {known} known", arrived.requests);
            Ok(())
        })
    });
    // All of what was tried is too much to read.
    tried.unwrap_or_else(|failed| match failed {
        TestError::Fail(why, _) => panic!("{why}"),
        TestError::Abort(why) => panic!("{why}"),
    });
    let (arrived, known) = (arrived.lock().unwrap(), runtime.block_on(proxy.shop()).blue.requests);
    eprintln!("{known} requests passed, {} of them whole", arrived.requests);
    assert!(arrived.requests > 300, "{}", arrived.requests);
}

/// The cases that have names.
#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused_or_made_plain() {
    let arrived = Arc::new(Mutex::new(Arrived::default()));
    let proxy = Proxy::with(&[("HEAD", 300), ("BODY", 300)], false).await;
    let (blue, green) = (strict(arrived.clone()).await, strict(arrived.clone()).await);
    proxy.adopt(shop(StickyBy::None, blue, green)).await;
    let smuggled = format!("GET /smuggled HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    for (head, body, status) in [
        // Both lengths: chunked counts, and the other is not passed on. RFC 9112, 6.3.
        ("Host: shop.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n", 200),
        ("Host: shop.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n", 200),
        ("Host: shop.test\r\nContent-Length: 5\r\nContent-Length: 6", "hello", 400),
        ("Host: shop.test\r\nTransfer-Encoding: chunked, identity", "0\r\n\r\n", 400),
        ("Host: shop.test\r\nTransfer-Encoding : chunked", "0\r\n\r\n", 400),
        ("Host: shop.test\r\nHost: evil.test", "", 400),
        ("Host: evil.test", "", 421),
        ("X: y", "", 400),
    ] {
        let before = arrived.lock().unwrap().requests;
        let request = format!("POST / HTTP/1.1\r\n{head}\r\n\r\n{body}");
        let answers = send(proxy.address(), format!("{request}{smuggled}").into_bytes()).await;
        assert!(answers.starts_with(&format!("HTTP/1.1 {status}")), "{head}: {answers}");
        // Either nothing of it arrived, or three requests, one after the other.
        let after = arrived.lock().unwrap().requests;
        let expected: &[u64] = if status == 200 { &[1, 3] } else { &[0, 1, 2] };
        assert!(expected.contains(&(after - before)), "{head}: {}", after - before);
    }
    assert!(arrived.lock().unwrap().faults.is_empty(), "{:?}", arrived.lock().unwrap().faults);
}
