//! Routes and what surrounds them. One file a layer.

mod door;
mod live;
mod live_drift;
mod session_store;
mod site;
mod who;

#[cfg(test)]
mod tests;

pub use site::site;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use engine::Engine;
use leptos_axum::{LeptosRoutes, generate_route_list};
use session_store::SessionStore;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

/// Largest form.
const BODY: usize = 64 * 1024;
/// Longest wait for a page.
const PATIENCE: Duration = Duration::from_secs(30);
/// A session ends this long after it was last used.
const SESSION: time::Duration = time::Duration::hours(12);

/// Everything that is served.
///
/// # Errors
/// When the site's path cannot be used.
pub fn router(engine: &Engine, site: &Path, secure: bool, stop: &CancellationToken) -> Result<Router, String> {
    let options = site::options(site)?;
    let context = {
        let engine = engine.clone();
        move || leptos::prelude::provide_context(engine.clone())
    };
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone())
    };
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(app::App), context.clone(), shell.clone())
        // A page that does not exist is a page, too.
        .fallback(leptos_axum::render_app_async_with_context(context, shell))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .with_state(options);
    // Websockets last: no time limit, no compression.
    let live = Router::new()
        .route("/live/rollouts/{id}", get(live::rollout))
        .route("/live/drift", get(live_drift::drift))
        .with_state(live::State { engine: engine.clone(), stop: stop.clone() });
    let sessions = SessionManagerLayer::new(SessionStore::new(engine.store().clone()))
        .with_name(if secure { "__Host-crossfade" } else { "crossfade" })
        .with_secure(secure)
        .with_http_only(true)
        // Lax: links from mail and chat keep one signed in. Foreign forms are refused below.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(SESSION));
    let guarded = pages.merge(live).layer(
        ServiceBuilder::new()
            .layer(CsrfLayer::new())
            .layer(sessions)
            .layer(axum::middleware::from_fn_with_state(engine.clone(), who::know))
            // Not axum's own limit: server functions read bodies past it.
            .layer(RequestBodyLimitLayer::new(BODY)),
    );
    let health =
        Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(engine.clone());
    let door = Router::new().route("/door/{id}", get(door::enter)).with_state(engine.clone());
    let mut router = guarded
        .merge(health)
        .merge(door)
        .nest_service("/pkg", site::files(site))
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http());
    for (name, value) in headers(secure) {
        router = router.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)));
    }
    Ok(router)
}

/// On every answer that does not say otherwise.
fn headers(secure: bool) -> Vec<(HeaderName, &'static str)> {
    let mut headers = vec![
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        // Pages show what production is doing: they are not kept.
        (header::CACHE_CONTROL, "no-store"),
    ];
    if secure {
        headers.push((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    headers
}

/// The database can be written.
async fn ready(axum::extract::State(engine): axum::extract::State<Engine>) -> impl IntoResponse {
    match engine.store().remove_expired_sessions().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be written"),
    }
}
