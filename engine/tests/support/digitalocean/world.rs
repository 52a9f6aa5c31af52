//! What there is: droplets, balancers, domains.

use super::faults::Fault;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

pub struct World {
    pub droplets: BTreeMap<u64, Droplet>,
    pub balancers: BTreeMap<String, Balancer>,
    pub domains: BTreeMap<String, Vec<Record>>,
    pub faults: Vec<Fault>,
    pub scopes: Option<BTreeSet<String>>,
    pub requests_left: u32,
    pub asked: Vec<String>,
    pub busy: Duration,
    pub dead: bool,
    last_id: u64,
}

impl Default for World {
    fn default() -> World {
        World {
            droplets: BTreeMap::new(),
            balancers: BTreeMap::new(),
            domains: BTreeMap::new(),
            faults: vec![],
            scopes: None,
            requests_left: 5_000,
            asked: vec![],
            busy: Duration::ZERO,
            dead: false,
            last_id: 1_000,
        }
    }
}

impl World {
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

pub struct Droplet {
    pub id: u64,
    pub status: String,
    pub tags: Vec<String>,
    pub private: IpAddr,
}

impl Droplet {
    pub fn new(id: u64, tags: &[&str], private: IpAddr) -> Droplet {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Droplet { id, status: "active".to_owned(), tags, private }
    }

    pub fn show(&self) -> Value {
        json!({
            "id": self.id,
            "name": format!("droplet-{}", self.id),
            "status": self.status,
            "tags": self.tags,
            "region": { "name": "Frankfurt 1", "slug": "fra1", "available": true },
            "vpc_uuid": "760e09ef-dc84-11e8-981e-3cfdfeaae000",
            "networks": {
                "v4": [
                    { "ip_address": self.private, "netmask": "255.255.240.0", "gateway": "<nil>", "type": "private" },
                    { "ip_address": "192.0.2.1", "netmask": "255.255.240.0", "gateway": "192.0.2.254", "type": "public" },
                ],
                "v6": [],
            },
        })
    }
}

pub struct Balancer {
    /// As it is shown, but for the status.
    pub object: Value,
    pub busy_until: Option<Instant>,
    /// Droplets that are healthy by its own check.
    pub healthy: Vec<u64>,
}

impl Balancer {
    pub fn new(id: &str, droplets: &[u64], target_port: u16) -> Balancer {
        let mut object = defaults();
        let given = json!({
            "id": id,
            "name": format!("balancer-{id}"),
            "ip": "192.0.2.53",
            "status": "active",
            "created_at": "2026-11-01T08:44:38Z",
            "region": { "name": "Frankfurt 1", "slug": "fra1", "available": true },
            "forwarding_rules": [{
                "entry_protocol": "http", "entry_port": 80, "target_protocol": "http", "target_port": target_port,
                "certificate_id": "", "tls_passthrough": false,
            }],
            "health_check": {
                "protocol": "http", "port": target_port, "path": "/health", "check_interval_seconds": 1,
                "response_timeout_seconds": 5, "unhealthy_threshold": 2, "healthy_threshold": 2,
            },
            "droplet_ids": droplets,
            // Not the default: a `PUT` that leaves it out would reset it.
            "http_idle_timeout_seconds": 90,
            "enable_backend_keepalive": true,
        });
        merge(&mut object, &given);
        Balancer { object, busy_until: None, healthy: vec![] }
    }

    pub fn is_busy(&self) -> bool {
        self.busy_until.is_some_and(|until| Instant::now() < until)
    }

    pub fn show(&self) -> Value {
        let mut object = self.object.clone();
        if self.is_busy() {
            object["status"] = json!("new");
        }
        object
    }

    pub fn droplets(&self) -> Vec<u64> {
        self.object["droplet_ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    }

    pub fn add(&mut self, ids: &[u64]) {
        let mut droplets = self.droplets();
        for id in ids {
            if !droplets.contains(id) {
                droplets.push(*id);
            }
        }
        self.object["droplet_ids"] = json!(droplets);
    }

    pub fn remove(&mut self, ids: &[u64]) {
        let droplets: Vec<u64> = self.droplets().into_iter().filter(|id| !ids.contains(id)).collect();
        self.object["droplet_ids"] = json!(droplets);
    }
}

/// What an attribute is when it is not given.
pub fn defaults() -> Value {
    json!({
        "size_unit": 1,
        "health_check": {
            "protocol": "http", "port": 80, "path": "/", "check_interval_seconds": 10,
            "response_timeout_seconds": 5, "unhealthy_threshold": 5, "healthy_threshold": 3,
        },
        "sticky_sessions": { "type": "none" },
        "redirect_http_to_https": false,
        "enable_proxy_protocol": false,
        "enable_backend_keepalive": false,
        "http_idle_timeout_seconds": 60,
        "disable_lets_encrypt_dns_records": false,
        "droplet_ids": [],
        "tag": "",
        "type": "REGIONAL",
        "network": "EXTERNAL",
        "firewall": { "allow": [], "deny": [] },
    })
}

pub fn merge(into: &mut Value, given: &Value) {
    for (key, value) in given.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}

/// A record of a domain. `name` is relative to it, `@` the domain itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub id: u64,
    pub kind: String,
    pub name: String,
    pub data: String,
    /// Seconds.
    pub ttl: u32,
}

impl Record {
    pub fn show(&self) -> Value {
        json!({
            "id": self.id, "type": self.kind, "name": self.name, "data": self.data, "ttl": self.ttl,
            "priority": null, "port": null, "weight": null, "flags": null, "tag": null,
        })
    }
}
