//! The API: log in, make keys and calls. What a rollout checks, smoke tests and watches.

mod accounts;
mod calls;
mod health;
mod jobs;
mod stream;

use crate::database;
use crate::release::Release;
use crate::serve::{self, Service};
use crate::strain::Strain;
use axum::Router;
use axum::routing::{get, post};
use calls::Calls;
use jobs::Jobs;
use std::sync::Arc;

/// What the handlers share.
pub struct Api {
    service: Arc<Service>,
    calls: Calls,
    jobs: Jobs,
    /// Signs tokens. The same in both slots, so that nobody is logged out by a rollout.
    secret: String,
}

pub async fn run(release: Release) -> Result<(), String> {
    let service = Service::start(release)?;
    database::link(Arc::clone(&service))?;
    health::explain(&service);
    let secret = accounts::secret()?;
    let jobs = Jobs::start(&service);
    let api = Arc::new(Api { service: Arc::clone(&service), calls: Calls::new()?, jobs, secret });
    let for_users = Router::new()
        .route("/api/v1/auth/login", post(accounts::log_in))
        .route("/admin/api/v1/api-keys", post(accounts::create_key))
        .route("/api/v1/calls", get(calls::list).post(calls::create))
        .route("/api/v1/slow", get(stream::slow))
        .route("/ws", get(stream::echo));
    let routes = Strain::new(service.release.fault)?
        .on(for_users)
        .route("/health", get(health::check))
        .route("/api/v1/health", get(health::check))
        .with_state(api);
    serve::run(service, "api", 3001, routes).await
}
