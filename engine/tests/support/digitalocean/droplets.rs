//! The calls about droplets.

use super::pages::{Query, page};
use super::server::{Shared, answer, lock, not_found};
use axum::extract::{Path, Query as In, State};
use axum::response::Response;
use serde_json::json;

pub async fn list(State(world): State<Shared>, In(query): In<Query>) -> Response {
    let world = lock(&world);
    let has = |tags: &[String]| query.get("tag_name").is_none_or(|tag| tags.contains(tag));
    let items = world.droplets.values().filter(|droplet| has(&droplet.tags)).map(|droplet| droplet.show()).collect();
    answer(200, &page("droplets", "/v2/droplets", &query, items))
}

pub async fn show(State(world): State<Shared>, Path(id): Path<u64>) -> Response {
    match lock(&world).droplets.get(&id) {
        Some(droplet) => answer(200, &json!({ "droplet": droplet.show() })),
        None => not_found(),
    }
}
