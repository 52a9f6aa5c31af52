//! One connection of a client, from its acceptance to its end.

use crate::answer::{Client, Shared, answer};
use crate::drain::Place;
use crate::guard::Guard;
use crate::pulse::Pulse;
use crate::settings::Limits;
use crate::tls;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_rustls::TlsAcceptor;

/// HTTP/2 streams of a connection at a time.
const STREAMS: u32 = 128;

/// A connection that is begun and not heard of is asked whether it lives, this often. HTTP/2 only.
const PING: Duration = Duration::from_secs(20);

pub async fn serve(shared: Arc<Shared>, stream: TcpStream, address: IpAddr, tls: Option<TlsAcceptor>, place: Place) {
    // What is small must not wait for more.
    let _ = stream.set_nodelay(true);
    let accepted = Instant::now();
    let client = |pulse: &Arc<Pulse>, secure| {
        let (shared, pulse) = (shared.clone(), pulse.clone());
        Arc::new(Client { shared, address, secure, pulse, place: Arc::new(place) })
    };
    let Some(tls) = tls else {
        let pulse = Pulse::new(accepted, true);
        return serve_http1(stream, client(&pulse, false), pulse).await;
    };
    let Ok(Ok(stream)) = timeout_at(accepted + shared.limits.head, tls.accept(stream)).await else {
        return;
    };
    if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) {
        let pulse = Pulse::new(accepted, false);
        serve_http2(stream, client(&pulse, true), pulse).await;
    } else {
        let pulse = Pulse::new(accepted, true);
        serve_http1(stream, client(&pulse, true), pulse).await;
    }
}

fn guarded<S>(stream: S, pulse: &Arc<Pulse>, limits: &Limits) -> TokioIo<Guard<S>> {
    TokioIo::new(Guard::new(stream, pulse.clone(), limits.head, limits.body))
}

async fn serve_http1<S>(stream: S, client: Arc<Client>, pulse: Arc<Pulse>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shared = client.shared.clone();
    let limits = &shared.limits;
    let mut http = http1::Builder::new();
    // `Guard` is more exact: this one also ends connections that wait for their next request.
    http.timer(TokioTimer::new()).header_read_timeout(None);
    http.max_header_size(limits.head_bytes);
    let service = service_fn(|request: Request<Incoming>| {
        let client = client.clone();
        async move { Ok::<_, Infallible>(answer(client, request).await) }
    });
    let connection = http.serve_connection(guarded(stream, &pulse, limits), service).with_upgrades();
    watch(pin!(connection), &shared, &pulse, |connection| connection.graceful_shutdown(), None).await;
}

async fn serve_http2<S>(stream: S, client: Arc<Client>, pulse: Arc<Pulse>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shared = client.shared.clone();
    let limits = &shared.limits;
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PING);
    http.max_concurrent_streams(STREAMS).max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    let service = service_fn(|request: Request<Incoming>| {
        let client = client.clone();
        async move { Ok::<_, Infallible>(answer(client, request).await) }
    });
    let connection = http.serve_connection(guarded(stream, &pulse, limits), service);
    let finish: fn(Pin<&mut _>) = |connection| http2::Connection::graceful_shutdown(connection);
    watch(pin!(connection), &shared, &pulse, finish, Some(finish)).await;
}

/// Carries a connection to its end: `finish` when it has been idle too long, `leave` when the process is on its way
/// out. HTTP/2 can tell its client to begin no more requests here. HTTP/1 cannot: its connections end with their next
/// answer, and those that wait for a request are not cut off right away, since one may be under way.
async fn watch<C: Future>(
    mut connection: Pin<&mut C>,
    shared: &Shared,
    pulse: &Pulse,
    finish: impl Fn(Pin<&mut C>),
    leave: Option<fn(Pin<&mut C>)>,
) {
    let limits = &shared.limits;
    let mut finishing = false;
    let mut leaving = false;
    loop {
        let limit = if leaving { limits.drain_idle } else { limits.idle };
        // While a request is at work, look again later.
        let look = pulse.idle_deadline(limit).unwrap_or_else(|| Instant::now() + limit.min(limits.idle));
        tokio::select! {
            biased;
            _ = &mut connection => return,
            () = shared.drain.left(), if !leaving => {
                leaving = true;
                if let Some(leave) = leave {
                    leave(connection.as_mut());
                }
            }
            () = sleep_until(look), if !finishing => {
                let overdue = pulse.idle_deadline(limit).is_some_and(|deadline| deadline <= Instant::now());
                if overdue {
                    finishing = true;
                    finish(connection.as_mut());
                }
            }
        }
    }
}
