//! What every part that listens has in common: counting, naming its version, and leaving without losing a request.

use crate::door::{Door, Guest};
use crate::log;
use crate::metrics::{self, Gauge, Metrics};
use crate::release::{Release, variable};
use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// No request for so long: whoever sent them has gone elsewhere.
const QUIET: Duration = Duration::from_millis(500);
/// How long is waited for quiet. Clients that never go away are told to with every answer.
const DRAIN: Duration = Duration::from_secs(2);
/// For whoever came in last to send a request.
const LAST_CALL: Duration = Duration::from_secs(2);
/// For websockets to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// One part of the application at work.
pub struct Service {
    pub release: Release,
    pub metrics: Metrics,
    /// Connections on which no request has come yet.
    pub new_guests: Gauge,
    /// Open websockets, which the server does not wait for by itself.
    pub sockets: Gauge,
    started: Instant,
    /// Of the last request, in milliseconds since `started`.
    last_request: AtomicU64,
    phase: watch::Sender<Phase>,
}

/// How far a service is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Running,
    /// Asked to stop. Still accepts connections; every answer asks the client to open another one elsewhere.
    Draining,
    /// Lets in those who wait, and nobody else.
    Closing,
    /// No connections are accepted any more; those there are get their answers.
    Closed,
}

impl Service {
    /// From here on SIGTERM and SIGINT stop the service gently. As process 1 of a container it has no other way:
    /// there, a signal without a handler does nothing.
    pub fn start(release: Release) -> Result<Arc<Service>, String> {
        let service = Arc::new(Service {
            release,
            metrics: Metrics::new(),
            new_guests: Gauge::default(),
            sockets: Gauge::default(),
            started: Instant::now(),
            last_request: AtomicU64::new(0),
            phase: watch::Sender::new(Phase::Running),
        });
        let listen = |kind| signal(kind).map_err(|problem| format!("signals cannot be handled: {problem}"));
        let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        let told = Arc::clone(&service);
        tokio::spawn(async move {
            let mut next = async || tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} };
            next().await;
            told.enter(Phase::Draining);
            next().await;
            log::line("asked twice to stop: leaving at once");
            std::process::exit(1);
        });
        Ok(service)
    }

    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn is_stopping(&self) -> bool {
        *self.phase.borrow() > Phase::Running
    }

    /// Ends when the service was asked to stop.
    pub async fn stopped(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Ends when the service has got so far.
    pub async fn reached(&self, phase: Phase) {
        // The sender lives as long as `self`, so this fails never.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    pub fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Asked to stop, nobody sends requests any more, the door is shut, and whoever came in last was heard.
    async fn drained(&self) {
        self.stopped().await;
        let asked = Instant::now();
        while asked.elapsed() < DRAIN && self.quiet_for() < QUIET {
            sleep(Duration::from_millis(25)).await;
        }
        self.enter(Phase::Closing);
        let _ = timeout(LAST_CALL, async {
            self.reached(Phase::Closed).await;
            while self.new_guests.value() > 0 {
                sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    fn quiet_for(&self) -> Duration {
        self.uptime().saturating_sub(Duration::from_millis(self.last_request.load(Ordering::Relaxed)))
    }
}

/// Serves `routes` and `/metrics` on `$PORT`, or `port`, until the service is asked to stop and all is answered.
///
/// A connection is not closed under a client that is about to use it: see [`Phase`]. Idle ones are closed at the very
/// end, when nobody has used one for a while.
pub async fn run(service: Arc<Service>, name: &str, port: u16, routes: Router) -> Result<(), String> {
    let port = match variable("PORT")? {
        None => port,
        Some(text) => text.parse().map_err(|_| format!("PORT is {text:?}: expected a number from 1 to 65535"))?,
    };
    // All of a container's own; a process of a machine may want to be met on the machine alone.
    let host = match variable("HOST")? {
        None => Ipv4Addr::UNSPECIFIED,
        Some(text) => text.parse().map_err(|_| format!("HOST is {text:?}: expected an address such as 127.0.0.1"))?,
    };
    let listener = Door::open(SocketAddrV4::new(host, port), &service)
        .map_err(|problem| format!("port {port} cannot be listened on: {problem}"))?;
    log::line(&format!("{name} {} listens on port {port}", service.release.version));

    let counted = Arc::clone(&service);
    let routes = routes
        .route("/metrics", get(async move || ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], counted.metrics.render())))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "there is nothing here"))
        .method_not_allowed_fallback(async || refuse(StatusCode::METHOD_NOT_ALLOWED, "not with this method"))
        .layer(from_fn_with_state(Arc::clone(&service), observe));
    let draining = Arc::clone(&service);
    axum::serve(listener, routes.into_make_service_with_connect_info::<Guest>())
        .with_graceful_shutdown(async move { draining.drained().await })
        .await
        .map_err(|problem| format!("{name} cannot serve: {problem}"))?;

    let waited = Instant::now();
    while service.sockets.value() > 0 && waited.elapsed() < GOODBYE {
        sleep(Duration::from_millis(25)).await;
    }
    log::line(&format!("{name} {} has finished", service.release.version));
    Ok(())
}

/// Why a request is not answered as asked; written as `{"error": ..}`.
#[derive(Clone, Debug)]
pub struct Refusal(StatusCode, String);

pub fn refuse(status: StatusCode, error: impl Into<String>) -> Refusal {
    Refusal(status, error.into())
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({ "error": self.1 }))).into_response()
    }
}

/// Around every request. It is timed until the head of its answer: a stream takes as long as it is asked to.
async fn observe(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    if let Some(ConnectInfo(guest)) = request.extensions().get::<ConnectInfo<Guest>>() {
        guest.heard();
    }
    let route = request.extensions().get::<MatchedPath>().cloned();
    let began = Instant::now();
    service.last_request.store(service.uptime().as_millis() as u64, Ordering::Relaxed);

    let mut response = next.run(request).await;

    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    service.metrics.request(method.as_str(), route, response.status().as_u16(), began.elapsed());
    if let Ok(version) = HeaderValue::from_str(&service.release.version) {
        response.headers_mut().insert("x-hopwhistle-version", version);
    }
    if service.is_stopping() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
