//! The calls about load balancers.

use super::pages::{Query, page};
use super::server::{Shared, answer, invalid, lock, not_found, refuse};
use super::world::{Balancer, World, defaults, merge};
use axum::Json;
use axum::extract::{Path, Query as In, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Instant;

/// A balancer has at most this many droplets by id.
const MOST: usize = 10;

pub async fn list(State(world): State<Shared>, In(query): In<Query>) -> Response {
    let items = lock(&world).balancers.values().map(Balancer::show).collect();
    answer(200, &page("load_balancers", "/v2/load_balancers", &query, items))
}

pub async fn show(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    match lock(&world).balancers.get(&id) {
        Some(balancer) => answer(200, &json!({ "load_balancer": balancer.show() })),
        None => not_found(),
    }
}

/// Everything that is not given is reset.
pub async fn replace(State(world): State<Shared>, Path(id): Path<String>, Json(given): Json<Value>) -> Response {
    let replaced = change(&world, &id, |_, balancer| {
        for needed in ["forwarding_rules", "region"] {
            if given.get(needed).is_none() {
                return Err(format!("{needed} is required"));
            }
        }
        if !given["region"].is_string() {
            return Err("region must be the slug of a region".to_owned());
        }
        let by_id = given["droplet_ids"].as_array().is_some_and(|ids| !ids.is_empty());
        let by_tag = given["tag"].as_str().is_some_and(|tag| !tag.is_empty());
        if by_id == by_tag {
            return Err(NEITHER.to_owned());
        }
        let mut object = defaults();
        for kept in ["id", "ip", "status", "created_at", "name"] {
            object[kept] = balancer.object[kept].clone();
        }
        merge(&mut object, &given);
        object["region"] = json!({ "name": given["region"], "slug": given["region"], "available": true });
        balancer.object = object;
        Ok(())
    });
    match replaced {
        Ok(()) => show(State(world), Path(id)).await,
        Err(refused) => refused.into_response(),
    }
}

const NEITHER: &str = "need to provide either a tag or a list of droplets";

#[derive(Deserialize)]
pub struct Droplets {
    droplet_ids: Vec<u64>,
}

pub async fn add(State(world): State<Shared>, Path(id): Path<String>, Json(given): Json<Droplets>) -> Response {
    droplets(&world, &id, &given.droplet_ids, |known, balancer| {
        if let Some(id) = given.droplet_ids.iter().find(|id| !known.contains(id)) {
            return Err(format!("droplet {id} does not exist"));
        }
        let new = given.droplet_ids.iter().filter(|id| !balancer.droplets().contains(id)).count();
        if balancer.droplets().len() + new > MOST {
            return Err(format!("a load balancer can have at most {MOST} droplets"));
        }
        balancer.add(&given.droplet_ids);
        Ok(())
    })
}

pub async fn remove(State(world): State<Shared>, Path(id): Path<String>, Json(given): Json<Droplets>) -> Response {
    droplets(&world, &id, &given.droplet_ids, |_, balancer| {
        balancer.remove(&given.droplet_ids);
        Ok(())
    })
}

fn droplets(
    world: &Shared,
    id: &str,
    ids: &[u64],
    of: impl FnOnce(&[u64], &mut Balancer) -> Result<(), String>,
) -> Response {
    let changed = change(world, id, |known, balancer| {
        if balancer.object["tag"].as_str().is_some_and(|tag| !tag.is_empty()) {
            return Err("cannot add or remove droplets: the load balancer uses a tag".to_owned());
        }
        if ids.is_empty() {
            return Err(NEITHER.to_owned());
        }
        of(known, balancer)
    });
    changed.map_or_else(Refused::into_response, |()| axum::http::StatusCode::NO_CONTENT.into_response())
}

enum Refused {
    NotFound,
    AtWork,
    Invalid(String),
}

impl Refused {
    fn into_response(self) -> Response {
        match self {
            Refused::NotFound => not_found(),
            Refused::AtWork => {
                refuse(403, "forbidden", "Load Balancer can't be updated while it processes previous actions")
            }
            Refused::Invalid(message) => invalid(&message),
        }
    }
}

/// Nothing is changed while it is at work; and after a change it is, for a time.
fn change(
    world: &Shared,
    id: &str,
    change: impl FnOnce(&[u64], &mut Balancer) -> Result<(), String>,
) -> Result<(), Refused> {
    let mut world = lock(world);
    let World { droplets, balancers, busy, .. } = &mut *world;
    let known: Vec<u64> = droplets.keys().copied().collect();
    let balancer = balancers.get_mut(id).ok_or(Refused::NotFound)?;
    if balancer.is_busy() {
        return Err(Refused::AtWork);
    }
    change(&known, balancer).map_err(Refused::Invalid)?;
    balancer.busy_until = Some(Instant::now() + *busy);
    Ok(())
}
