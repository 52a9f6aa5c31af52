//! What is deployed as one: services, how they are checked, how traffic moves to them.
//!
//! This is the application file (see `docs/application-file.md`) after it has been read and found valid.

use crate::actor::Role;
use crate::clock::Millis;
use crate::metric::Metric;
use crate::router::RouterKind;
use crate::runtime::RuntimeKind;
use crate::slot::Weight;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An application, as its file describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Application {
    /// Lower-case letters, digits and `-`: part of container and folder names.
    pub name: String,
    #[serde(default)]
    pub runtime: RuntimeKind,
    /// The user's compose file, relative to the application file. Not looked at when processes run the services.
    pub compose: String,
    /// The variable of the compose file that carries a release's version: `image: api:${VERSION}`.
    pub version_variable: String,
    /// What compose cannot say, by service. A compose service not named here is background.
    pub services: BTreeMap<String, Service>,
    pub registry: Option<Registry>,
    pub migrate: Option<Migrate>,
    pub health: Vec<HealthCheck>,
    pub smoke: Vec<SmokeTest>,
    pub traffic: Traffic,
    pub monitor: Option<Monitor>,
    pub keep_warm: Millis,
    #[serde(default)]
    pub requires: Requires,
}

/// How a service takes part in a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Gets requests from the router, for these host names. The first routed service of a host is its owner. `port` is where
    /// its container listens; a process is told its port.
    Routed { port: Option<u16>, hosts: Vec<String> },
    /// Gets no requests.
    Background { live_slot_only: bool },
    /// Outlives rollouts and serves both slots.
    Shared,
}

/// A reference to a secret. The value is looked up when it is used, and never kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// `env:NAME`: a variable of Crossfade's own environment.
    Env(String),
    /// `file:PATH`: the contents of a file, without the line end.
    File(String),
    /// Written in the file as it is: not a secret.
    Plain(String),
}

impl Secret {
    pub fn parse(text: &str) -> Secret {
        if let Some(name) = text.strip_prefix("env:") {
            Secret::Env(name.to_owned())
        } else if let Some(path) = text.strip_prefix("file:") {
            Secret::File(path.to_owned())
        } else {
            Secret::Plain(text.to_owned())
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    /// Host and port, as it stands before the first `/` of an image name.
    pub server: String,
    pub username: Secret,
    pub password: Secret,
}

/// The migration of the database, run in the standby slot before its checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrate {
    /// Runs the commands below, in its standby container.
    pub service: String,
    pub up: Vec<String>,
    pub verify: Option<Vec<String>>,
    #[serde(default)]
    pub kind: MigrationKind,
    /// Runs before `up`; `{version}` in it is the release.
    #[serde(default)]
    pub backup: Option<Vec<String>>,
    /// Undoes `up`, on a roll back and only when it is asked for.
    #[serde(default)]
    pub down: Option<Vec<String>>,
    #[serde(default)]
    pub lint: Lint,
    /// May be run again after it was interrupted. If not, a person decides.
    pub rerun: bool,
    /// Of all the commands together.
    pub timeout: Millis,
}

/// What a migration does to the release before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationKind {
    /// It only adds: the release before it goes on working.
    #[default]
    Expand,
    /// It takes away or changes: the release before it may not work any more, and rolling back to it is unsafe.
    Contract,
}

/// Where the SQL that a migration is going to run can be read, to be looked through before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lint {
    /// Files, or folders of them, relative to the application file.
    pub files: Vec<String>,
    /// Prints the SQL that is still to be run, in the standby container.
    pub command: Option<Vec<String>>,
    /// Rules whose findings are accepted.
    pub allow: Vec<String>,
}

/// What both slots lean on, as the guide's prerequisites have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requires {
    pub database: Option<Sharing>,
    pub cache: Option<Sharing>,
    /// Environment variables that say where files are kept: they must be the same in both slots.
    pub object_storage: Vec<String>,
    /// The longest time that DNS records of the hosts may be kept by others.
    pub dns_ttl: Millis,
    /// `address:port` of the name servers to ask; the system's when empty.
    pub name_servers: Vec<String>,
}

impl Default for Requires {
    fn default() -> Requires {
        Requires {
            database: None,
            cache: None,
            object_storage: vec![],
            dns_ttl: Millis::seconds(300),
            name_servers: vec![],
        }
    }
}

/// How two slots come to the same data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// One, used by both.
    Shared,
    /// One each, and what is written to one arrives in the other.
    Replicated,
    /// One each.
    Separate,
    /// The application has none.
    None,
}

/// An HTTP check of a service in the standby slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    pub service: String,
    pub path: String,
    /// The status that counts as healthy; any 2xx when not given.
    pub status: Option<u16>,
    /// Attempts before it fails.
    pub tries: u32,
    /// Between two attempts.
    pub interval: Millis,
    /// Of one attempt.
    pub timeout: Millis,
    /// Passes in a row that are wanted.
    pub passes: u32,
}

/// One HTTP request to the standby slot, and what its answer must be. Run in order; the first failure ends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmokeTest {
    pub name: String,
    pub method: String,
    pub service: String,
    /// May hold `{variable}`, as may headers and bodies.
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Body,
    pub expect: Expect,
    /// Variable to JSON path (`$.token`) in the answer's body.
    pub capture: BTreeMap<String, String>,
    pub timeout: Millis,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    None,
    /// JSON text; strings in it may be `env:` or `file:` references.
    Json(String),
    Text(String),
}

/// What a smoke test's answer must be. Everything named must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Expect {
    /// Any 2xx when not given.
    pub status: Option<u16>,
    /// Header to its exact value.
    pub headers: BTreeMap<String, String>,
    /// Text that the body holds.
    pub body: Option<String>,
    /// JSON path (`$.user.id`) to the JSON text of its value.
    pub json: BTreeMap<String, String>,
}

/// How traffic moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    pub router: RouterKind,
    pub sticky_by: StickyBy,
    /// How long what is open on a slot may go on when it has lost its traffic, before it is stopped. Zero: no time.
    #[serde(default)]
    pub drain: Millis,
    /// How browsers reach a host, for links: `https://{host}`. By where the router listens when `None`.
    #[serde(default)]
    pub url: Option<String>,
    /// In rising order; the last is 100 %.
    pub stages: Vec<Stage>,
}

/// What makes two requests one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StickyBy {
    /// A cookie that the router sets.
    Cookie,
    /// A header of the request.
    Header(String),
    /// The client's address.
    Address,
    /// Nothing: every request for itself.
    None,
}

/// One shift of traffic with the gate before it and the bake after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    pub weight: Weight,
    /// Who must say yes before; nobody when `None`.
    pub approve: Option<ApprovalRule>,
    /// How long to watch after; not at all when zero.
    pub bake: Millis,
    /// The bake does not end before the new slot has had this many requests at this weight.
    #[serde(default)]
    pub min_requests: u64,
}

/// Who must say yes before a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRule {
    /// Which role may: this one or one above it.
    pub role: Role,
    /// How many different people must. At least 1.
    pub count: u32,
    /// Whoever started the rollout does not count.
    pub four_eyes: bool,
    /// How long is waited for them; for ever when `None`.
    pub timeout: Option<Millis>,
    pub on_timeout: OnTimeout,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnTimeout {
    /// As if somebody had rejected.
    Reject,
    /// The rollout is held; the weight stays.
    Hold,
}

/// Watching: the numbers that are looked at at every weight, and how long after all traffic has moved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// After the last stage; not at all when zero.
    pub duration: Millis,
    #[serde(default)]
    pub metrics: Vec<Metric>,
}

impl Application {
    /// What is watched while traffic moves.
    pub fn metrics(&self) -> &[Metric] {
        self.monitor.as_ref().map_or(&[], |monitor| &monitor.metrics)
    }
}
