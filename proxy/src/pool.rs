//! Connections to a service in one slot, kept from one request to the next.

use crate::body::ToService;
use crate::settings::Limits;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

#[derive(Debug)]
pub struct Pool {
    address: SocketAddr,
    /// The one that was used last is at the end, and used next.
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    since: Instant,
    sender: SendRequest<ToService>,
}

/// A connection for one request.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<ToService>,
    /// It carried a request before: its other end may be closing it right now.
    pub used_before: bool,
}

/// No connection came about, so that nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    #[error("{0}")]
    Refused(io::Error),
    #[error("it took too long")]
    TookTooLong,
}

impl Pool {
    pub fn new(address: SocketAddr) -> Pool {
        Pool { address, idle: Mutex::new(vec![]) }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is there, when it can be used.
    pub fn take(&self, fresh: Duration) -> Option<Connection> {
        let mut idle = self.idle();
        while let Some(Idle { since, sender }) = idle.pop() {
            if since.elapsed() > fresh {
                // Those below it have lain longer.
                idle.clear();
            } else if sender.is_ready() {
                return Some(Connection { sender, used_before: true });
            }
        }
        None
    }

    /// A new one.
    pub async fn connect(&self, limits: &Limits) -> Result<Connection, NotConnected> {
        let connect = async {
            let stream = TcpStream::connect(self.address).await.map_err(NotConnected::Refused)?;
            // What is small must not wait for more.
            let _ = stream.set_nodelay(true);
            let shaken = http1::handshake::<_, ToService>(TokioIo::new(stream)).await;
            shaken.map_err(|error| NotConnected::Refused(io::Error::other(error)))
        };
        let (sender, connection) = timeout(limits.connect, connect).await.unwrap_or(Err(NotConnected::TookTooLong))?;
        tokio::spawn(connection.with_upgrades());
        Ok(Connection { sender, used_before: false })
    }

    /// Takes it back once its answer has been read to the end; one that was broken off ends by itself.
    pub fn give_back(self: &Arc<Pool>, connection: Connection, size: usize) {
        let Connection { mut sender, .. } = connection;
        let pool = self.clone();
        tokio::spawn(async move {
            if sender.ready().await.is_ok() {
                let mut idle = pool.idle();
                if idle.len() < size {
                    idle.push(Idle { since: Instant::now(), sender });
                }
            }
        });
    }

    /// Lets go of those that have lain too long.
    pub fn sweep(&self, fresh: Duration) {
        self.idle().retain(|idle| idle.since.elapsed() <= fresh && !idle.sender.is_closed());
    }
}

impl Connection {
    pub async fn send(
        &mut self,
        request: Request<ToService>,
    ) -> Result<Response<Incoming>, TrySendError<Request<ToService>>> {
        self.sender.try_send_request(request).await
    }
}
