//! The calls about the records of domains.

use super::pages::{Query, page};
use super::server::{Shared, answer, invalid, lock, not_found};
use super::world::{Record, World};
use axum::Json;
use axum::extract::{Path, Query as In, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The shortest time to live, in seconds.
const LEAST_TTL: u64 = 30;

pub async fn list(State(world): State<Shared>, Path(domain): Path<String>, In(query): In<Query>) -> Response {
    let world = lock(&world);
    let Some(records) = world.domains.get(&domain) else { return not_found() };
    let full = |record: &Record| match record.name.as_str() {
        "@" => domain.clone(),
        name => format!("{name}.{domain}"),
    };
    let wanted = records
        .iter()
        .filter(|record| query.get("type").is_none_or(|kind| *kind == record.kind))
        .filter(|record| query.get("name").is_none_or(|name| *name == full(record)));
    let items = wanted.map(Record::show).collect();
    answer(200, &page("domain_records", &format!("/v2/domains/{domain}/records"), &query, items))
}

pub async fn show(State(world): State<Shared>, Path((domain, id)): Path<(String, u64)>) -> Response {
    match find(&mut lock(&world), &domain, id) {
        Some(record) => answer(200, &json!({ "domain_record": record.show() })),
        None => not_found(),
    }
}

pub async fn create(State(world): State<Shared>, Path(domain): Path<String>, Json(given): Json<Value>) -> Response {
    let mut world = lock(&world);
    if !world.domains.contains_key(&domain) {
        return not_found();
    }
    let text = |key: &str| given[key].as_str().map(str::to_owned);
    let (Some(kind), Some(name), Some(data)) = (text("type"), text("name"), text("data")) else {
        return invalid("type, name and data are required");
    };
    let mut record = Record { id: world.next_id(), kind, name, data, ttl: 1_800 };
    if let Err(why) = put(&mut record, &given) {
        return invalid(&why);
    }
    let shown = record.show();
    world.domains.entry(domain).or_default().push(record);
    answer(201, &json!({ "domain_record": shown }))
}

pub async fn change(
    State(world): State<Shared>,
    Path((domain, id)): Path<(String, u64)>,
    Json(given): Json<Value>,
) -> Response {
    let mut world = lock(&world);
    let Some(record) = find(&mut world, &domain, id) else { return not_found() };
    let mut changed = record.clone();
    if let Err(why) = put(&mut changed, &given) {
        return invalid(&why);
    }
    *record = changed;
    answer(200, &json!({ "domain_record": record.show() }))
}

pub async fn delete(State(world): State<Shared>, Path((domain, id)): Path<(String, u64)>) -> Response {
    let mut world = lock(&world);
    if find(&mut world, &domain, id).is_none() {
        return not_found();
    }
    world.domains.entry(domain).or_default().retain(|record| record.id != id);
    StatusCode::NO_CONTENT.into_response()
}

fn find<'a>(world: &'a mut World, domain: &str, id: u64) -> Option<&'a mut Record> {
    world.domains.get_mut(domain)?.iter_mut().find(|record| record.id == id)
}

fn put(record: &mut Record, given: &Value) -> Result<(), String> {
    for (key, field) in [("name", &mut record.name), ("data", &mut record.data), ("type", &mut record.kind)] {
        if let Some(value) = given[key].as_str() {
            *field = value.to_owned();
        }
    }
    if let Some(ttl) = given.get("ttl").filter(|ttl| !ttl.is_null()) {
        let seconds = ttl.as_u64().filter(|ttl| *ttl >= LEAST_TTL).and_then(|ttl| u32::try_from(ttl).ok());
        record.ttl = seconds.ok_or(format!("TTL must be at least {LEAST_TTL} seconds"))?;
    }
    let fits = match record.kind.as_str() {
        "A" => record.data.parse::<Ipv4Addr>().is_ok(),
        "AAAA" => record.data.parse::<Ipv6Addr>().is_ok(),
        _ => !record.data.is_empty(),
    };
    if fits { Ok(()) } else { Err(format!("Data is not valid for a record of type {}", record.kind)) }
}
