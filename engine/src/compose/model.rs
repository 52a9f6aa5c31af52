//! What a compose file says, once it has been read and found valid.
//!
//! Everything here serialises the same way twice, so a hash of it tells whether a configuration has changed.

use rollout::clock::Millis;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A compose file. Services that name profiles are left out, as `docker compose up` leaves them out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Compose {
    pub name: Option<String>,
    pub services: BTreeMap<String, Service>,
    /// Every network that a service is on is here; `default` too, when one is on it.
    pub networks: BTreeMap<String, Network>,
    /// Every named volume that a service mounts is here.
    pub volumes: BTreeMap<String, Volume>,
}

/// One service. `None` is always "not said": the image or the engine decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Service {
    pub image: String,
    /// Empty means "no command", whatever the image says.
    pub command: Option<Vec<String>>,
    /// Empty means "no entrypoint", whatever the image says.
    pub entrypoint: Option<Vec<String>>,
    /// `env_file` and `environment` together.
    pub environment: BTreeMap<String, String>,
    pub ports: Vec<Port>,
    pub expose: Vec<u16>,
    pub volumes: Vec<Mount>,
    /// By network; never empty.
    pub networks: BTreeMap<String, Attachment>,
    pub healthcheck: Option<HealthCheck>,
    pub depends_on: BTreeMap<String, Condition>,
    pub restart: Option<Restart>,
    pub labels: BTreeMap<String, String>,
    pub user: Option<String>,
    pub working_dir: Option<String>,
    pub hostname: Option<String>,
    pub stop_signal: Option<String>,
    pub stop_grace_period: Option<Millis>,
    pub init: Option<bool>,
    pub read_only: bool,
    /// Path in the container to mount options (`size=64m,mode=1777`, or nothing).
    pub tmpfs: BTreeMap<String, String>,
    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    pub extra_hosts: Vec<ExtraHost>,
    pub logging: Option<Logging>,
    pub security_opt: Vec<String>,
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Bytes.
    pub shm_size: Option<u64>,
    /// Bytes.
    pub memory_limit: Option<u64>,
    /// Bytes.
    pub memory_reservation: Option<u64>,
    /// Billionths of a CPU, as Docker counts them: half a CPU is 500,000,000.
    pub nano_cpus: Option<u64>,
    /// -1 is no limit.
    pub pids_limit: Option<i64>,
    /// How many containers.
    pub replicas: u32,
    pub tty: bool,
    pub stdin_open: bool,
    pub platform: Option<String>,
    pub container_name: Option<String>,
    /// Where it is in the file. Not part of the configuration: a comment above must not change its hash.
    #[serde(skip)]
    pub line: usize,
}

/// One port of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Port {
    /// Every address of the machine when not given.
    pub host_ip: Option<IpAddr>,
    /// On the machine; one that is free when not given.
    pub published: Option<u16>,
    /// In the container.
    pub target: u16,
    pub protocol: Protocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

/// Something mounted in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// An absolute path in the container.
    pub target: String,
    pub read_only: bool,
    pub source: MountSource,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MountSource {
    /// A volume of [`Compose::volumes`], by its key there.
    Volume {
        name: String,
        /// An empty volume is not filled with what the image has at the target.
        no_copy: bool,
    },
    /// A volume of its own, without a name.
    Anonymous { no_copy: bool },
    /// A file or folder of the machine.
    Bind {
        /// As it is written. A relative one ([`MountSource::is_relative`]) starts at the compose file's folder.
        path: String,
        /// Make a folder if nothing is there.
        create: bool,
        selinux: Option<Selinux>,
    },
    /// Memory.
    Tmpfs {
        /// Bytes.
        size: Option<u64>,
        /// Permission bits.
        mode: Option<u32>,
    },
}

impl MountSource {
    /// Whether this is a path that starts at the compose file's folder.
    pub fn is_relative(&self) -> bool {
        matches!(self, MountSource::Bind { path, .. } if !path.starts_with('/'))
    }
}

/// How a bind mount is labelled where SELinux is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selinux {
    /// `z`: for every container.
    Shared,
    /// `Z`: for this one alone.
    Private,
}

/// How a service is on a network. It is always found by its own name too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Attachment {
    pub aliases: Vec<String>,
}

/// The engine's own check of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthCheck {
    /// Not even the one in the image.
    Disabled,
    Check {
        /// `["CMD", ..]` or `["CMD-SHELL", ..]`, as Docker takes it. Empty: the image's own, with the times below.
        test: Vec<String>,
        interval: Option<Millis>,
        timeout: Option<Millis>,
        retries: Option<u32>,
        start_period: Option<Millis>,
        /// Engines before 25 ignore it without a word. It only lets a check pass sooner: rely on it for nothing.
        start_interval: Option<Millis>,
    },
}

/// What a service waits for before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    Started,
    Healthy,
    CompletedSuccessfully,
}

/// When the engine starts a container again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    No,
    Always,
    UnlessStopped,
    OnFailure {
        /// For ever when not given.
        most: Option<u32>,
    },
}

/// A line for the container's hosts file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ExtraHost {
    pub name: String,
    /// An IP address, or `host-gateway`.
    pub address: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Logging {
    pub driver: Option<String>,
    pub options: BTreeMap<String, String>,
}

/// -1 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ulimit {
    pub soft: i64,
    pub hard: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Network {
    /// What it is called in the engine, when not after the project.
    pub name: Option<String>,
    /// It is there already, and is not Crossfade's to make or remove.
    pub external: bool,
    pub driver: Option<String>,
    pub driver_opts: BTreeMap<String, String>,
    pub internal: bool,
    pub attachable: bool,
    pub enable_ipv6: bool,
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// What it is called in the engine, when not after the project.
    pub name: Option<String>,
    /// It is there already, and is not Crossfade's to make or remove.
    pub external: bool,
    pub driver: Option<String>,
    pub driver_opts: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
}
