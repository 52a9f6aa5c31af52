//! The worker: gets no requests from the router, works on one job after the other, and finishes the one it is at.

use crate::database;
use crate::log;
use crate::release::Release;
use crate::serve::{self, Service};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const BETWEEN_JOBS: Duration = Duration::from_millis(600);
const ONE_JOB: Duration = Duration::from_millis(400);
/// A line in the log for so many jobs.
const TALK: u64 = 15;

pub async fn run(release: Release) -> Result<(), String> {
    let service = Service::start(release)?;
    database::link(Arc::clone(&service))?;
    let version = service.release.version.clone();
    let routes = Router::new()
        .route("/health", get(async move || Json(json!({ "status": "ok", "service": "worker", "version": version }))));
    let jobs = tokio::spawn(work(Arc::clone(&service)));
    serve::run(service, "worker", 3002, routes).await?;
    jobs.await.map_err(|problem| format!("the worker broke off: {problem}"))
}

async fn work(service: Arc<Service>) {
    for job in 1u64.. {
        tokio::select! {
            () = service.stopped() => return log::line(&format!("worker stops after {} jobs", job - 1)),
            () = sleep(BETWEEN_JOBS) => {}
        }
        let _active = service.metrics.jobs.count();
        sleep(ONE_JOB).await;
        if job % TALK == 0 {
            log::line(&format!("worker has billed {job} calls"));
        }
    }
}
