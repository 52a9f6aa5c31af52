//! A balancer's front: round robin over the droplets that are healthy by its own check.

use super::server::{Shared, lock};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[derive(Clone)]
struct Front {
    world: Shared,
    id: String,
    next: Arc<AtomicUsize>,
    http: reqwest::Client,
}

/// Serves a balancer's front on a free port.
pub async fn serve(world: Shared, id: String, second: Duration) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let front = Front { world, id, next: Arc::default(), http };
    tokio::spawn(check(front.clone(), second));
    let router = Router::new().fallback(forward).with_state(front);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// How the balancer is set to check and forward, and where its droplets are.
struct Settings {
    target_port: u64,
    port: u64,
    path: String,
    interval: u32,
    healthy: i64,
    unhealthy: i64,
    droplets: Vec<(u64, IpAddr)>,
}

impl Front {
    fn settings(&self) -> Option<Settings> {
        let world = lock(&self.world);
        let balancer = world.balancers.get(&self.id)?;
        let (object, check) = (&balancer.object, &balancer.object["health_check"]);
        let number = |key: &str, default: u64| check[key].as_u64().unwrap_or(default);
        let tag = object["tag"].as_str().filter(|tag| !tag.is_empty());
        let by_id = balancer.droplets();
        let has = |droplet: &&super::world::Droplet| match tag {
            Some(tag) => droplet.tags.iter().any(|has| has == tag),
            None => by_id.contains(&droplet.id),
        };
        let droplets = world.droplets.values().filter(has).map(|droplet| (droplet.id, droplet.private)).collect();
        Some(Settings {
            target_port: object["forwarding_rules"][0]["target_port"].as_u64().unwrap_or(80),
            port: number("port", 80),
            path: check["path"].as_str().unwrap_or("/").to_owned(),
            interval: u32::try_from(number("check_interval_seconds", 10)).unwrap_or(10),
            healthy: i64::try_from(number("healthy_threshold", 3)).unwrap_or(3),
            unhealthy: i64::try_from(number("unhealthy_threshold", 5)).unwrap_or(5),
            droplets,
        })
    }
}

async fn check(front: Front, second: Duration) {
    // Checks passed (above zero) or failed (below) in a row.
    let mut in_a_row: HashMap<u64, i64> = HashMap::new();
    while let Some(settings) = front.settings() {
        for (id, address) in &settings.droplets {
            let url = format!("http://{address}:{}{}", settings.port, settings.path);
            let answer = front.http.get(url).timeout(Duration::from_secs(5)).send().await;
            let well = answer.is_ok_and(|answer| answer.status().is_success());
            let count = in_a_row.entry(*id).or_default();
            *count = if well { (*count).max(0) + 1 } else { (*count).min(0) - 1 };
            let mut world = lock(&front.world);
            let Some(balancer) = world.balancers.get_mut(&front.id) else { return };
            if *count >= settings.healthy && !balancer.healthy.contains(id) {
                balancer.healthy.push(*id);
            } else if *count <= -settings.unhealthy {
                balancer.healthy.retain(|healthy| healthy != id);
            }
        }
        // One that was taken out begins anew when it comes back.
        let Some(now) = front.settings() else { return };
        let there = |id: &u64| now.droplets.iter().any(|(droplet, _)| droplet == id);
        in_a_row.retain(|id, _| there(id));
        if let Some(balancer) = lock(&front.world).balancers.get_mut(&front.id) {
            balancer.healthy.retain(there);
        }
        tokio::time::sleep(second * settings.interval).await;
    }
}

async fn forward(State(front): State<Front>, request: Request) -> Response {
    let unavailable = || (axum::http::StatusCode::SERVICE_UNAVAILABLE, "no server is available").into_response();
    let Some(settings) = front.settings() else { return unavailable() };
    let healthy: Vec<IpAddr> = {
        let world = lock(&front.world);
        let Some(balancer) = world.balancers.get(&front.id) else { return unavailable() };
        let is_healthy = |(id, _): &&(u64, IpAddr)| balancer.healthy.contains(id);
        settings.droplets.iter().filter(is_healthy).map(|(_, address)| *address).collect()
    };
    let next = front.next.fetch_add(1, Ordering::Relaxed);
    let droplet = next.checked_rem(healthy.len()).map(|next| healthy[next]);
    let Some(address) = droplet else { return unavailable() };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let url = format!("http://{address}:{}{path}", settings.target_port);
    let mut sent = front.http.request(request.method().clone(), url);
    if let Some(host) = request.headers().get("host") {
        sent = sent.header("host", host);
    }
    match sent.send().await {
        Ok(answer) => {
            let status = answer.status();
            (status, answer.bytes().await.unwrap_or_default()).into_response()
        }
        Err(_) => (axum::http::StatusCode::BAD_GATEWAY, "the server did not answer").into_response(),
    }
}
