//! Whether the API is well. One of the releases never is.

use super::Api;
use crate::log;
use crate::release::Fault;
use crate::serve::Service;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const REASON: &str = "cannot read call recordings: OBJECT_STORAGE_URL is not set";

pub async fn check(State(api): State<Arc<Api>>) -> Response {
    let Service { release, metrics, .. } = &*api.service;
    if release.fault == Some(Fault::Unhealthy) {
        let body = json!({ "status": "unhealthy", "service": "api", "version": release.version, "reason": REASON });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    let database = if metrics.db_connections.value() > 0 { "connected" } else { "unreachable" };
    let uptime = api.service.uptime().as_secs();
    let body =
        json!({ "status": "ok", "service": "api", "version": release.version, "uptime": uptime, "database": database });
    Json(body).into_response()
}

/// Says in the log why the API is not healthy, now and then.
pub fn explain(service: &Arc<Service>) {
    if service.release.fault == Some(Fault::Unhealthy) {
        tokio::spawn(async {
            loop {
                log::error(&format!("not healthy: {REASON}"));
                sleep(Duration::from_secs(5)).await;
            }
        });
    }
}
