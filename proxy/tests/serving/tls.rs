//! TLS, with HTTP/1.1 and HTTP/2 inside, and certificates that change.

use crate::support::process::{Proxy, lay_certificates};
use crate::support::service::services;
use crate::{green, shop};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rollout::application::StickyBy;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

fn certificate(name: &str) -> CertificateDer<'static> {
    let text = match name {
        "one" => include_str!("certificates/one.pem"),
        _ => include_str!("certificates/two.pem"),
    };
    CertificateDer::from_pem_slice(text.as_bytes()).unwrap()
}

async fn connect(proxy: &Proxy, name: &str, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    ["one", "two"].into_iter().for_each(|name| roots.add(certificate(name)).unwrap());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(proxy.told.listen_tls.unwrap()).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

async fn serving() -> (Proxy, (crate::support::service::Named, crate::support::service::Named)) {
    let proxy = Proxy::with(&[], true).await;
    let (blue, other) = services().await;
    let mut application = shop(StickyBy::Cookie, blue.address, other.address);
    application.services[0].hosts = vec!["one.test".into(), "*.two.test".into()];
    proxy.adopt(application).await;
    (proxy, (blue, other))
}

#[tokio::test]
async fn http1_inside_tls() {
    let (proxy, _services) = serving().await;
    let stream = connect(&proxy, "one.test", &["http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap()[0], certificate("one"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/head").header("host", "one.test").body(Full::<Bytes>::default()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert!(response.headers().contains_key("set-cookie"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("x-forwarded-proto: https\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_inside_tls_also_while_another_process_takes_over() {
    let (mut proxy, _services) = serving().await;
    let stream = connect(&proxy, "www.two.test", &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    // By the name, not by the order.
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap()[0], certificate("two"));
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = |path: &str, body: &str| {
        let uri = format!("https://www.two.test{path}");
        let cookies = ["a=1", "b=2"];
        let request = Request::post(uri).header("cookie", cookies[0]).header("cookie", cookies[1]);
        request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()
    };
    let response = sender.send_request(request("/head", "")).await.unwrap();
    let text = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(text.starts_with("POST /head HTTP/1.1\n"), "{text}");
    for line in ["host: www.two.test\n", "cookie: a=1; b=2\n", "x-forwarded-proto: https\n"] {
        assert!(text.contains(line), "{text}");
    }
    proxy.set(green(100)).await;
    let many = (0..200).map(|n| {
        let sent = sender.send_request(request("/echo", &n.to_string()));
        async move {
            let response = sent.await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["x-crossfade-slot"], "green");
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), n.to_string());
        }
    });
    futures::future::join_all(many).await;

    let slow = tokio::spawn(sender.send_request(request("/slow", "")));
    proxy.until(|served| served.green.open == 1).await;
    proxy.replace().await;
    assert_eq!(slow.await.unwrap().unwrap().status(), StatusCode::OK);
    // It said that it takes no more, and closed when all was answered.
    tokio::time::timeout(Duration::from_secs(5), connection).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn certificates_that_change_are_read_again() {
    let (mut proxy, _services) = serving().await;
    let served = |stream: TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    // No such name: the first one.
    assert!(connect(&proxy, "three.test", &[]).await.is_err());
    assert_eq!(served(connect(&proxy, "one.test", &[]).await.unwrap()), certificate("one"));
    let folder = proxy.told.folder.clone();
    for file in ["one.pem", "one.key"] {
        std::fs::copy(folder.join(file.replace("one", "two")), folder.join(file)).unwrap();
    }
    proxy.replace().await;
    assert!(connect(&proxy, "one.test", &[]).await.is_err());
    assert_eq!(served(connect(&proxy, "www.two.test", &[]).await.unwrap()), certificate("two"));
    // And without another process, within the time between two looks.
    lay_certificates(&folder);
    for _ in 0..150 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Ok(stream) = connect(&proxy, "one.test", &[]).await {
            assert_eq!(served(stream), certificate("one"));
            return;
        }
    }
    panic!("not read again");
}
