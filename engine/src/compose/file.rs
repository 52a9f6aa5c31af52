//! The whole file: its top, and what its parts say of each other.

use super::depends_on::Waits;
use super::model::{Compose, Condition, HealthCheck};
use super::names::Names;
use super::networks::{self, DEFAULT};
use super::order::order;
use super::problem::Mark;
use super::reader::{Reader, is_name, is_null};
use super::service::service;
use super::tree::{Key, Node, Value};
use super::{unsupported, volumes};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the tree of a compose file. What it gives is whole only if it reported nothing.
pub(super) fn compose(reader: &mut Reader, root: &Node) -> Compose {
    let mut compose = Compose::default();
    let mut services = None;
    if !matches!(root.value, Value::Map(_)) {
        reader.report(root.at, "a compose file is a mapping that has `services`");
        return compose;
    }
    for (key, value) in reader.fields(root, "the file") {
        match key.name.as_str() {
            // Says nothing since compose has one version.
            "version" => {}
            "name" => compose.name = name(reader, value),
            "services" => services = Some(value),
            "networks" => compose.networks = networks::networks(reader, value),
            "volumes" => compose.volumes = volumes::volumes(reader, value),
            other => match unsupported::top(other) {
                Some(advice) => reader.unsupported(key, advice),
                None => reader.unknown(key, "a compose file"),
            },
        }
    }
    match services {
        None => reader.report(root.at, "there are no `services`: add them"),
        Some(node) if is_null(node) || matches!(&node.value, Value::Map(entries) if entries.is_empty()) => {
            reader.report(node.at, "`services` is empty: add one");
        }
        Some(node) => all_services(reader, node, &mut compose),
    }
    compose
}

fn name(reader: &mut Reader, node: &Node) -> Option<String> {
    reader.parsed(node, "name", |text| {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let right =
            text.bytes().next().is_some_and(lower) && text.bytes().all(|b| lower(b) || matches!(b, b'_' | b'-'));
        let message = || format!("expected lower-case letters, digits, `_` and `-`, not `{text}`");
        right.then(|| text.to_owned()).ok_or_else(message)
    })
}

fn all_services(reader: &mut Reader, node: &Node, compose: &mut Compose) {
    let entries = reader.entries(node, "services");
    let (left_out, kept): (Vec<_>, Vec<_>) = entries.iter().partition(|(_, node)| has_profiles(reader, node));
    let set = |entries: &[&(Key, Node)]| entries.iter().map(|(key, _)| key.name.clone()).collect::<BTreeSet<_>>();
    let names = Names {
        services: set(&kept),
        left_out: set(&left_out),
        networks: compose.networks.keys().cloned().collect(),
        volumes: compose.volumes.keys().cloned().collect(),
    };
    let mut waits = BTreeMap::new();
    for (key, node) in kept {
        if !is_name(&key.name) {
            reader
                .report(key.at, format!("`{}` cannot name a service: use letters, digits, `_`, `.` and `-`", key.name));
        }
        if let Some((service, waits_for)) = service(reader, key, node, &names) {
            waits.insert(key.name.clone(), waits_for);
            compose.services.insert(key.name.clone(), service);
        }
    }
    if compose.services.values().any(|service| service.networks.contains_key(DEFAULT)) {
        compose.networks.entry(DEFAULT.to_owned()).or_default();
    }
    check_waits(reader, compose, &waits);
}

/// Whether `docker compose up` would leave the service out.
fn has_profiles(reader: &mut Reader, node: &Node) -> bool {
    let Value::Map(entries) = &node.value else { return false };
    let profiles = entries.iter().find(|(key, _)| key.name == "profiles");
    profiles.is_some_and(|(_, value)| !reader.items(value, "profiles").is_empty())
}

/// Waiting must come to an end.
fn check_waits(reader: &mut Reader, compose: &Compose, waits: &BTreeMap<String, Waits>) {
    let place = |of: &str, name: &str| waits.get(of).and_then(|waits| waits.get(name)).map(|(_, at)| *at);
    if let Err(cycle) = order(waits.iter().map(|(name, waits)| (name.as_str(), waits.keys().map(String::as_str)))) {
        let services = cycle.services();
        let next = services.get(1).unwrap_or(&services[0]);
        reader.report(place(&services[0], next).unwrap_or(Mark::START), cycle.to_string());
    }
    for (name, (condition, at)) in waits.values().flatten() {
        let check = compose.services.get(name).and_then(|service| service.healthcheck.as_ref());
        if *condition == Condition::Healthy && check == Some(&HealthCheck::Disabled) {
            let message = format!("`{name}` can never become healthy: its `healthcheck` is disabled");
            reader.report(*at, message);
        }
    }
}
