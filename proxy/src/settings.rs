//! Where the proxy listens, and how patient it is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Settings {
    /// For plain HTTP/1.1.
    pub listen: Vec<SocketAddr>,
    /// For HTTP/1.1 and HTTP/2 inside TLS.
    pub listen_tls: Vec<SocketAddr>,
    /// For TLS. The first of them serves a client that names no host, or one that none is for.
    pub certificates: Vec<Certificate>,
    /// The unix socket over which the proxy is told what to do.
    pub control: PathBuf,
    /// The folder in which the proxy keeps what it was told.
    pub state: PathBuf,
    pub limits: Limits,
}

/// Two PEM files. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate, and those between it and the root.
    pub chain: PathBuf,
    pub key: PathBuf,
}

/// How long is waited for others, and how much is taken from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections of clients at a time. More wait in the kernel's queue.
    pub connections: usize,
    /// Bytes of a request's line and headers. Of those there may be 100, as hyper has it.
    pub head_bytes: usize,
    /// From a request's first byte (of the first one: from the connection, TLS included) to the end of its headers.
    pub head: Duration,
    /// Between two requests of a connection.
    pub idle: Duration,
    /// Between two pieces of a body, in both directions; and for a client to take what it is sent.
    pub body: Duration,
    /// Until a service has accepted a connection.
    pub connect: Duration,
    /// From a request's last byte to the headers of its answer.
    pub response: Duration,
    /// Without a byte in either direction of a websocket.
    pub tunnel: Duration,
    /// How long a connection to a service is kept for the next request. Node and uvicorn close theirs after 5 s:
    /// letting go first keeps a request from meeting such a close.
    pub pool_idle: Duration,
    /// Connections to a service's slot that are kept for the next request.
    pub pool_size: usize,
    /// Between two requests of a connection when the process is on its way out.
    pub drain_idle: Duration,
    /// What open requests and websockets get when the process is asked to stop.
    pub stop_grace: Duration,
    /// What they get when another process has taken over: nobody waits for them then.
    pub handover_grace: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 10_000,
            head_bytes: 64 * 1024,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body: Duration::from_secs(60),
            connect: Duration::from_secs(3),
            response: Duration::from_secs(60),
            tunnel: Duration::from_secs(3600),
            pool_idle: Duration::from_secs(4),
            pool_size: 64,
            drain_idle: Duration::from_secs(5),
            stop_grace: Duration::from_secs(25),
            handover_grace: Duration::from_secs(3600),
        }
    }
}
