//! Who may ask, what was asked, what goes wrong.

use super::faults::Wrong;
use super::world::World;
use super::{TOKEN, balancers, domains, droplets};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use futures::StreamExt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub type Shared = Arc<Mutex<World>>;

pub fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn start(world: Shared, listener: TcpListener) -> JoinHandle<()> {
    let router = Router::new()
        .route("/v2/load_balancers", get(balancers::list))
        .route("/v2/load_balancers/{id}", get(balancers::show).put(balancers::replace))
        .route("/v2/load_balancers/{id}/droplets", post(balancers::add).delete(balancers::remove))
        .route("/v2/droplets", get(droplets::list))
        .route("/v2/droplets/{id}", get(droplets::show))
        .route("/v2/domains/{domain}/records", get(domains::list).post(domains::create))
        .route(
            "/v2/domains/{domain}/records/{id}",
            patch(domains::change).put(domains::change).delete(domains::delete).get(domains::show),
        )
        .fallback(|| async { refuse(404, "not_found", "The resource you requested could not be found.") })
        .layer(middleware::from_fn_with_state(world.clone(), watched))
        .with_state(world);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
}

/// An error as the API words it.
pub fn refuse(status: u16, id: &str, message: &str) -> Response {
    let body = json!({ "id": id, "message": message, "request_id": "4d9d8375-3c56-4925-a3e7-eb137fed17e9" });
    answer(status, &body)
}

pub fn answer(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

pub fn not_found() -> Response {
    refuse(404, "not_found", "The resource you were accessing could not be found.")
}

pub fn invalid(message: &str) -> Response {
    refuse(422, "unprocessable_entity", message)
}

/// What stands before every call: the token, its limits and scopes, and what was injected.
async fn watched(State(world): State<Shared>, request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri());
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let may = bearer == Some(&format!("Bearer {TOKEN}"));
    let scope = scope(request.method().as_str(), request.uri().path());
    let dead = lock(&world).dead;
    if dead {
        return wrong(&Wrong::Cut).await;
    }
    let (fault, left, allowed) = {
        let mut world = lock(&world);
        world.asked.push(asked.clone());
        let fault = world.faults.iter_mut().find(|fault| fault.left > 0 && asked.starts_with(&fault.on));
        let fault = fault.map(|fault| {
            fault.left -= 1;
            fault.clone()
        });
        let left = world.requests_left;
        world.requests_left = left.saturating_sub(1);
        (fault, left, world.scopes.as_ref().is_none_or(|scopes| scopes.contains(&scope)))
    };
    let right = async {
        if !may {
            return refuse(401, "Unauthorized", "Unable to authenticate you");
        }
        if left == 0 {
            return refuse(429, "too_many_requests", "API Rate limit exceeded.");
        }
        if !allowed {
            return refuse(403, "forbidden", "You are not authorized to perform this operation");
        }
        next.run(request).await
    };
    let mut response = match fault {
        None => right.await,
        Some(fault) if fault.done => {
            right.await;
            wrong(&fault.wrong).await
        }
        Some(fault) => wrong(&fault.wrong).await,
    };
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3_000;
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", HeaderValue::from(5_000));
    headers.insert("ratelimit-remaining", HeaderValue::from(left.saturating_sub(1)));
    headers.insert("ratelimit-reset", HeaderValue::from(reset));
    response
}

/// `load_balancer:update`
fn scope(method: &str, path: &str) -> String {
    let kind = path.split('/').nth(2).unwrap_or_default().trim_end_matches('s');
    let verb = match (method, kind) {
        ("GET", _) => "read",
        ("POST", "domain") => "create",
        ("DELETE", "domain") => "delete",
        _ => "update",
    };
    format!("{kind}:{verb}")
}

async fn wrong(wrong: &Wrong) -> Response {
    match wrong {
        Wrong::Status(status, message) => refuse(*status, "server_error", message),
        Wrong::Burst(seconds) => {
            let mut response = refuse(429, "too_many_requests", "API Rate limit exceeded.");
            response.headers_mut().insert("retry-after", HeaderValue::from(*seconds));
            response
        }
        Wrong::Page(status) => {
            (StatusCode::from_u16(*status).unwrap(), "<html>upstream went away</html>").into_response()
        }
        Wrong::Cut => {
            let begun = futures::stream::iter([Ok("{\"load_balancer\": {\"id\": ")]);
            // The first part is on its way before the connection ends.
            let cut = begun.chain(futures::stream::once(async {
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            }));
            Response::new(Body::from_stream(cut))
        }
        Wrong::Hangs => std::future::pending().await,
        Wrong::Garbled => answer(200, &json!({ "load_balancer": "gone fishing" })),
    }
}
