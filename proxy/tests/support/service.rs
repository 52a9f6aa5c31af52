//! Services behind the proxy.

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, TRAILER, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// One that answers with its name. Ends when it is dropped.
pub struct Named {
    pub address: SocketAddr,
    pub requests: Arc<AtomicU64>,
    accepting: AbortHandle,
}

pub async fn services() -> (Named, Named) {
    (Named::start("blue").await, Named::start("green").await)
}

impl Named {
    pub async fn start(name: &'static str) -> Named {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicU64::new(0));
        let counter = requests.clone();
        let accepting = tokio::spawn(async move {
            // Ended together with what they were accepted for.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let counter = counter.clone();
                let service = service_fn(move |request| {
                    counter.fetch_add(1, Ordering::Relaxed);
                    answer(name, request)
                });
                let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
                connections.spawn(async move { drop(serving.await) });
            }
        });
        Named { address, requests, accepting: accepting.abort_handle() }
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

type Body = BoxBody<Bytes, hyper::Error>;

fn text(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never: Infallible| match never {}).boxed()
}

async fn answer(name: &'static str, mut request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let mut response = Response::new(text(name));
    match request.uri().path() {
        // The head of the request, as it came.
        "/head" => {
            let mut head = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
            for (name, value) in request.headers() {
                head += &format!("{name}: {}\n", value.to_str().unwrap_or("?"));
            }
            *response.body_mut() = text(head);
        }
        "/echo" => *response.body_mut() = request.into_body().boxed(),
        "/length" => {
            let trailers = request.headers().get(TRAILER).is_some();
            let collected = request.into_body().collect().await?;
            let trailers = if trailers { format!(" {:?}", collected.trailers()) } else { String::new() };
            *response.body_mut() = text(format!("{}{trailers}", collected.to_bytes().len()));
        }
        "/slow" => tokio::time::sleep(Duration::from_millis(300)).await,
        "/hang" => std::future::pending().await,
        "/empty" => *response.status_mut() = StatusCode::NO_CONTENT,
        "/hop" => {
            for (name, value) in [("connection", "x-own"), ("x-own", "1"), ("keep-alive", "timeout=1"), ("x-kept", "1")]
            {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
        }
        "/trailers" => {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", HeaderValue::from_static("42"));
            let frames = [Ok(Frame::data(Bytes::from(name))), Ok(Frame::trailers(trailers))];
            *response.body_mut() = BodyExt::boxed(StreamBody::new(futures::stream::iter(frames)));
            response.headers_mut().insert(TRAILER, HeaderValue::from_static("x-sum"));
        }
        "/websocket" => {
            let key = request.headers().get(SEC_WEBSOCKET_KEY).cloned();
            let Some(key) = key.filter(|_| request.headers().get(UPGRADE).is_some()) else {
                *response.status_mut() = StatusCode::BAD_REQUEST;
                return Ok(response);
            };
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let stream = TokioIo::new(upgraded.await.unwrap());
                let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_text() && socket.send(format!("{name} {message}").into()).await.is_err() {
                        break;
                    }
                }
            });
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).unwrap();
            response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
        "/unasked" => {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            response.headers_mut().insert(UPGRADE, HeaderValue::from_static("mystery"));
        }
        _ => {}
    }
    Ok(response)
}

/// One whose every connection is served by hand.
pub async fn by_hand<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream));
        }
    });
    address
}
