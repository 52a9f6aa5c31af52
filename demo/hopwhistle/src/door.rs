//! The listening socket. It is closed before the connections are, which axum's own is not: whoever came in through it
//! is still served.

use crate::serve::{Phase, Service};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::fmt;
use std::future::pending;
use std::io;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Lets connections in until the service is [`Phase::Closing`].
pub struct Door {
    state: State,
    service: Arc<Service>,
}

enum State {
    Open(TcpListener),
    /// Only those who wait already are let in. Asked of the system itself, since tokio may not have heard of them yet.
    Closing(std::net::TcpListener),
    Closed,
}

impl Door {
    pub fn open(address: SocketAddrV4, service: &Arc<Service>) -> io::Result<Door> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address.into())?;
        // A burst of connections waits here rather than for the client's next attempt a second later.
        let listener = socket.listen(4096)?;
        Ok(Door { state: State::Open(listener), service: Arc::clone(service) })
    }

    async fn next(&mut self) -> TcpStream {
        if let State::Open(listener) = &mut self.state {
            tokio::select! {
                (stream, _) = Listener::accept(listener) => return stream,
                () = self.service.reached(Phase::Closing) => {}
            }
        }
        self.state = match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(listener) => listener.into_std().map_or(State::Closed, State::Closing),
            other => other,
        };
        if let State::Closing(listener) = &self.state
            && let Ok((stream, _)) = listener.accept()
            && stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            return stream;
        }
        self.state = State::Closed;
        self.service.enter(Phase::Closed);
        pending().await
    }
}

impl Listener for Door {
    type Io = TcpStream;
    /// What axum keeps beside the connection, and shows to every request on it.
    type Addr = Guest;

    async fn accept(&mut self) -> (TcpStream, Guest) {
        let stream = self.next().await;
        // Without it, small answers may wait for the client's acknowledgement of the last one.
        let _ = stream.set_nodelay(true);
        (stream, Guest::new(&self.service))
    }

    fn local_addr(&self) -> io::Result<Guest> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// One connection. It is new until its first request: to close a new one is to lose the request that is on its way.
#[derive(Clone)]
pub struct Guest(Arc<Arrival>);

struct Arrival {
    service: Arc<Service>,
    is_new: AtomicBool,
}

impl Guest {
    fn new(service: &Arc<Service>) -> Guest {
        service.new_guests.add(1);
        Guest(Arc::new(Arrival { service: Arc::clone(service), is_new: AtomicBool::new(true) }))
    }

    /// A request has come.
    pub fn heard(&self) {
        self.0.heard();
    }
}

impl Arrival {
    fn heard(&self) {
        if self.is_new.swap(false, Ordering::Relaxed) {
            self.service.new_guests.add(-1);
        }
    }
}

/// Gone without a word.
impl Drop for Arrival {
    fn drop(&mut self) {
        self.heard();
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guest")
    }
}

impl Connected<IncomingStream<'_, Door>> for Guest {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Guest {
        stream.remote_addr().clone()
    }
}
