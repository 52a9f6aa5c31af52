//! A compose service as a container, pure: what is asked of the engine, and a hash of it.

use super::Project;
use super::labels::{CONFIG_HASH, RELEASE};
use super::networks::{network_name, volume_name};
use crate::compose::{Attachment, Compose, HealthCheck, Mount, MountSource, Port, Restart, Selinux, Service};
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, MountBindOptions,
    MountTmpfsOptions, MountType, MountVolumeOptions, NetworkingConfig, PortBinding, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use rollout::clock::Millis;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;

/// Which ports of the machine lead into the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// None: a background service of a slot. The ports in the compose file would collide between slots.
    Nothing,
    /// This container port at this loopback port: the slot's address of a routed service.
    Address { container: u16, loopback: u16 },
    /// Those of the compose file: a shared service.
    AsWritten,
}

/// A container to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    pub(super) name: String,
    /// The project it belongs to.
    pub(super) project: String,
    pub(super) body: ContainerCreateBody,
    pub(super) platform: Option<String>,
    /// Networks beside the first, with the names it has there: joined one by one before it starts.
    pub(super) more_networks: Vec<(String, Vec<String>)>,
    pub(super) config_hash: String,
}

/// Where a container comes from.
pub(super) struct Source<'a> {
    pub(super) project: &'a Project,
    pub(super) compose: &'a Compose,
    pub(super) compose_file: &'a Path,
    pub(super) service: &'a str,
    /// The image by content.
    pub(super) image: &'a str,
    pub(super) release: &'a str,
    pub(super) publish: Publish,
}

impl Source<'_> {
    pub(super) fn spec(&self, service: &Service) -> Spec {
        let mut networks: Vec<(String, Vec<String>)> = service
            .networks
            .iter()
            .map(|(name, attachment)| (network_name(self.project, self.compose, name), self.aliases(attachment)))
            .collect();
        let first = (!networks.is_empty()).then(|| networks.remove(0));
        let mut labels: HashMap<String, String> = service.labels.clone().into_iter().collect();
        let file = self.compose_file.display().to_string();
        labels.extend(self.project.container_labels(self.service, &service.image, &file));
        let mut body = ContainerCreateBody {
            image: Some(self.image.to_owned()),
            cmd: service.command.clone(),
            entrypoint: service.entrypoint.clone(),
            env: Some(service.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            exposed_ports: Some(self.exposed(service)),
            healthcheck: service.healthcheck.as_ref().map(health),
            hostname: service.hostname.clone(),
            user: service.user.clone(),
            working_dir: service.working_dir.clone(),
            stop_signal: service.stop_signal.clone(),
            stop_timeout: service.stop_grace_period.map(|grace| i64_of(grace.0.div_ceil(1_000))),
            tty: Some(service.tty),
            open_stdin: Some(service.stdin_open),
            host_config: Some(self.host(service, first.as_ref().map(|(network, _)| network.clone()))),
            networking_config: first.map(|(network, aliases)| NetworkingConfig {
                endpoints_config: Some(HashMap::from([(
                    network,
                    EndpointSettings { aliases: Some(aliases), ..EndpointSettings::default() },
                )])),
            }),
            ..ContainerCreateBody::default()
        };
        // Another release alone is another container, too: its label must be true.
        labels.insert(RELEASE.to_owned(), self.release.to_owned());
        body.labels = Some(labels);
        let config_hash = hash(&body, &networks);
        if let Some(labels) = &mut body.labels {
            labels.insert(CONFIG_HASH.to_owned(), config_hash.clone());
        }
        Spec {
            name: self.name(service),
            project: self.project.name().to_owned(),
            body,
            platform: service.platform.clone(),
            more_networks: networks,
            config_hash,
        }
    }

    /// A `container_name` would collide between the slots; what is shared may keep its own.
    fn name(&self, service: &Service) -> String {
        match &service.container_name {
            Some(own) if self.project.is_shared() => own.clone(),
            _ => self.project.container(self.service),
        }
    }

    fn aliases(&self, attachment: &Attachment) -> Vec<String> {
        std::iter::once(self.service.to_owned()).chain(attachment.aliases.iter().cloned()).collect()
    }

    fn exposed(&self, service: &Service) -> Vec<String> {
        let mut ports: Vec<String> = service.expose.iter().map(|port| format!("{port}/tcp")).collect();
        ports.extend(service.ports.iter().map(container_port));
        if let Publish::Address { container, .. } = self.publish {
            ports.push(format!("{container}/tcp"));
        }
        ports.sort();
        ports.dedup();
        ports
    }

    fn host(&self, service: &Service, network: Option<String>) -> HostConfig {
        HostConfig {
            network_mode: network,
            port_bindings: Some(self.bindings(service)),
            mounts: Some(service.volumes.iter().filter_map(|mount| self.mount(mount)).collect()),
            binds: Some(service.volumes.iter().filter_map(|mount| self.labelled_bind(mount)).collect()),
            tmpfs: Some(service.tmpfs.clone().into_iter().collect()),
            restart_policy: service.restart.map(restart),
            init: service.init,
            readonly_rootfs: Some(service.read_only),
            cap_add: Some(service.cap_add.clone()),
            cap_drop: Some(service.cap_drop.clone()),
            security_opt: Some(service.security_opt.clone()),
            extra_hosts: Some(
                service.extra_hosts.iter().map(|host| format!("{}:{}", host.name, host.address)).collect(),
            ),
            log_config: service.logging.as_ref().map(|logging| HostConfigLogConfig {
                typ: logging.driver.clone(),
                config: Some(logging.options.clone().into_iter().collect()),
            }),
            ulimits: Some(
                service
                    .ulimits
                    .iter()
                    .map(|(name, limit)| ResourcesUlimits {
                        name: Some(name.clone()),
                        soft: Some(limit.soft),
                        hard: Some(limit.hard),
                    })
                    .collect(),
            ),
            shm_size: service.shm_size.map(i64_of),
            memory: service.memory_limit.map(i64_of),
            memory_reservation: service.memory_reservation.map(i64_of),
            nano_cpus: service.nano_cpus.map(i64_of),
            pids_limit: service.pids_limit,
            ..HostConfig::default()
        }
    }

    fn bindings(&self, service: &Service) -> HashMap<String, Option<Vec<PortBinding>>> {
        let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
        match self.publish {
            Publish::Nothing => {}
            Publish::Address { container, loopback } => {
                let binding =
                    PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(loopback.to_string()) };
                bindings.insert(format!("{container}/tcp"), Some(vec![binding]));
            }
            Publish::AsWritten => {
                for port in &service.ports {
                    let binding = PortBinding {
                        host_ip: port.host_ip.map(|ip| ip.to_string()),
                        host_port: Some(port.published.map_or_else(String::new, |port| port.to_string())),
                    };
                    bindings.entry(container_port(port)).or_default().get_or_insert_default().push(binding);
                }
            }
        }
        bindings
    }

    fn mount(&self, mount: &Mount) -> Option<bollard::models::Mount> {
        let base = bollard::models::Mount {
            target: Some(mount.target.clone()),
            read_only: Some(mount.read_only),
            ..bollard::models::Mount::default()
        };
        let volume =
            |no_copy: bool| Some(MountVolumeOptions { no_copy: Some(no_copy), ..MountVolumeOptions::default() });
        Some(match &mount.source {
            MountSource::Volume { name, no_copy } => bollard::models::Mount {
                typ: Some(MountType::VOLUME),
                source: Some(volume_name(self.project, self.compose, name)),
                volume_options: volume(*no_copy),
                ..base
            },
            MountSource::Anonymous { no_copy } => {
                bollard::models::Mount { typ: Some(MountType::VOLUME), volume_options: volume(*no_copy), ..base }
            }
            // The engine takes SELinux labels only in the short form.
            MountSource::Bind { selinux: Some(_), .. } => return None,
            MountSource::Bind { path, create, .. } => bollard::models::Mount {
                typ: Some(MountType::BIND),
                source: Some(self.bind_path(path)),
                bind_options: Some(MountBindOptions {
                    create_mountpoint: Some(*create),
                    ..MountBindOptions::default()
                }),
                ..base
            },
            MountSource::Tmpfs { size, mode } => bollard::models::Mount {
                typ: Some(MountType::TMPFS),
                tmpfs_options: Some(MountTmpfsOptions {
                    size_bytes: size.map(i64_of),
                    mode: mode.map(i64::from),
                    ..MountTmpfsOptions::default()
                }),
                ..base
            },
        })
    }

    fn labelled_bind(&self, mount: &Mount) -> Option<String> {
        let MountSource::Bind { path, selinux: Some(label), .. } = &mount.source else { return None };
        let label = match label {
            Selinux::Shared => "z",
            Selinux::Private => "Z",
        };
        let access = if mount.read_only { "ro" } else { "rw" };
        Some(format!("{}:{}:{access},{label}", self.bind_path(path), mount.target))
    }

    fn bind_path(&self, path: &str) -> String {
        let folder = self.compose_file.parent().unwrap_or(Path::new("/"));
        folder.join(path).components().collect::<std::path::PathBuf>().display().to_string()
    }
}

fn container_port(port: &Port) -> String {
    let protocol = match port.protocol {
        crate::compose::Protocol::Tcp => "tcp",
        crate::compose::Protocol::Udp => "udp",
        crate::compose::Protocol::Sctp => "sctp",
    };
    format!("{}/{protocol}", port.target)
}

fn health(check: &HealthCheck) -> HealthConfig {
    match check {
        HealthCheck::Disabled => HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() },
        HealthCheck::Check { test, interval, timeout, retries, start_period, start_interval } => HealthConfig {
            test: Some(test.clone()),
            interval: interval.map(nanos),
            timeout: timeout.map(nanos),
            retries: retries.map(i64::from),
            start_period: start_period.map(nanos),
            start_interval: start_interval.map(nanos),
        },
    }
}

fn restart(restart: Restart) -> RestartPolicy {
    let (name, most) = match restart {
        Restart::No => (RestartPolicyNameEnum::NO, None),
        Restart::Always => (RestartPolicyNameEnum::ALWAYS, None),
        Restart::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        Restart::OnFailure { most } => (RestartPolicyNameEnum::ON_FAILURE, most.map(i64::from)),
    };
    RestartPolicy { name: Some(name), maximum_retry_count: most }
}

/// The same configuration gives the same hash, on every run: JSON objects are sorted first.
fn hash(body: &ContainerCreateBody, networks: &[(String, Vec<String>)]) -> String {
    let sorted = serde_json::to_value((body, networks)).map(|value| value.to_string()).unwrap_or_default();
    Sha256::digest(sorted.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn nanos(length: Millis) -> i64 {
    i64_of(length.0.saturating_mul(1_000_000))
}

fn i64_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
