//! `crossfade proxy`

use proxy::{Certificate, Limits, Settings};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Arguments {
    /// Where to listen for plain HTTP. May be given more than once. 0.0.0.0:80 when it listens nowhere else.
    #[arg(long, env = "CROSSFADE_PROXY_LISTEN", value_delimiter = ',')]
    listen: Vec<SocketAddr>,
    /// Where to listen for HTTPS: HTTP/1.1 and HTTP/2 inside TLS. May be given more than once.
    #[arg(long, env = "CROSSFADE_PROXY_LISTEN_TLS", value_delimiter = ',', requires = "certificate")]
    listen_tls: Vec<SocketAddr>,
    /// A PEM file with a certificate and those between it and the root. May be given more than once; a client gets the
    /// one for the host that it names, or else the first. Read again when it changes.
    #[arg(long, env = "CROSSFADE_PROXY_CERTIFICATE", value_delimiter = ',', requires = "key")]
    certificate: Vec<PathBuf>,
    /// The PEM file with its private key; as many as certificates, in the same order.
    #[arg(long, env = "CROSSFADE_PROXY_KEY", value_delimiter = ',', requires = "certificate")]
    key: Vec<PathBuf>,
    /// The unix socket over which Crossfade tells it how to split traffic. A proxy that runs there is taken over from,
    /// without a request lost.
    #[arg(long, env = "CROSSFADE_PROXY_CONTROL", default_value = "/run/crossfade/proxy.sock")]
    control: PathBuf,
    /// The folder in which it keeps routes and weights, on a disk that outlives a restart.
    #[arg(long, env = "CROSSFADE_PROXY_STATE", default_value = "/var/lib/crossfade/proxy")]
    state: PathBuf,
    /// Connections of clients at a time; more wait.
    #[arg(long, default_value_t = Limits::default().connections)]
    connections: usize,
    /// Seconds from a request's first byte to the end of its headers.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().head.as_secs())]
    header_timeout: u64,
    /// Seconds between two requests of a connection.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().idle.as_secs())]
    idle_timeout: u64,
    /// Seconds between two pieces of a body, in both directions.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().body.as_secs())]
    body_timeout: u64,
    /// Seconds until a service has accepted a connection.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().connect.as_secs())]
    connect_timeout: u64,
    /// Seconds from a request's last byte to the headers of the service's answer.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().response.as_secs())]
    response_timeout: u64,
    /// Seconds without a byte in either direction of a websocket.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().tunnel.as_secs())]
    websocket_timeout: u64,
    /// Seconds that open requests and websockets get when it is asked to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().stop_grace.as_secs())]
    grace: u64,
    /// Seconds that they get when another process has taken over.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().handover_grace.as_secs())]
    handover_grace: u64,
}

pub async fn run(arguments: Arguments) -> Result<(), String> {
    if arguments.certificate.len() != arguments.key.len() {
        return Err(format!(
            "each --certificate needs its --key: there are {} and {}",
            arguments.certificate.len(),
            arguments.key.len()
        ));
    }
    let mut listen = arguments.listen;
    if listen.is_empty() && arguments.listen_tls.is_empty() {
        listen.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 80)));
    }
    let certificates = arguments.certificate.into_iter().zip(arguments.key);
    let limits = Limits {
        connections: arguments.connections.max(1),
        head: Duration::from_secs(arguments.header_timeout),
        idle: Duration::from_secs(arguments.idle_timeout),
        body: Duration::from_secs(arguments.body_timeout),
        connect: Duration::from_secs(arguments.connect_timeout),
        response: Duration::from_secs(arguments.response_timeout),
        tunnel: Duration::from_secs(arguments.websocket_timeout),
        stop_grace: Duration::from_secs(arguments.grace),
        handover_grace: Duration::from_secs(arguments.handover_grace),
        ..Limits::default()
    };
    proxy::run(Settings {
        listen,
        listen_tls: arguments.listen_tls,
        certificates: certificates.map(|(chain, key)| Certificate { chain, key }).collect(),
        control: arguments.control,
        state: arguments.state,
        limits,
    })
    .await
}
