//! Accepting connections.

use crate::answer::Shared;
use crate::connection::serve;
use crate::drain::Room;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// After a connection could not be accepted for want of something (file descriptors, mostly).
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until told to stop. What is waiting in the kernel's queue by then is still accepted when `last`: it would be
/// reset when the socket is closed. A socket that another process has taken over goes on without us.
pub async fn accept(
    shared: Arc<Shared>,
    listener: Arc<TcpListener>,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
    last: CancellationToken,
) {
    loop {
        let room = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            room = shared.drain.room() => room,
        };
        let Some(room) = room else { return };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => start(&shared, stream, address, &tls, room),
            Err(error) => {
                if !of_one_connection(&error) {
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
    while last.is_cancelled()
        && let Some(room) = shared.drain.try_room()
        && let Some((stream, address)) = waiting(&listener).await
    {
        start(&shared, stream, address, &tls, room);
    }
}

fn start(shared: &Arc<Shared>, stream: TcpStream, address: SocketAddr, tls: &Option<TlsAcceptor>, room: Room) {
    let place = shared.drain.place(room);
    tokio::spawn(serve(shared.clone(), stream, address.ip(), tls.clone(), place));
}

/// One that is there already.
async fn waiting(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    poll_fn(|cx| match listener.poll_accept(cx) {
        Poll::Ready(Ok(accepted)) => Poll::Ready(Some(accepted)),
        Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// The client was gone before it was accepted.
fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
