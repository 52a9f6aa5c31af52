//! An application as it was when a rollout started: its own file and its compose file, read and found to agree. Where
//! processes run the services, there is no compose file.

use crate::application;
use crate::compose::{self, Compose, Problem, Variables};
use crate::runtime::process::at_hand;
use crate::runtime::{Programs, Recipe};
use rollout::application::{Application, Service};
use rollout::release::Version;
use rollout::runtime::RuntimeKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Frozen with the rollout: editing the files changes the next one, not this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    pub application: Application,
    /// Holds the application file; relative paths start here.
    pub folder: PathBuf,
    /// The compose file's path, and its text with nothing filled in. Empty where there is none.
    pub compose_file: PathBuf,
    pub compose_text: String,
}

impl Definition {
    /// Reads both files and sees that they agree.
    ///
    /// # Errors
    /// Everything that is wrong with them, each with file, line and column.
    pub fn load(file: &Path) -> Result<Definition, Vec<Problem>> {
        let text = read(file)?;
        let shown = file.display().to_string();
        let mut application = application::read(&shown, &text)?;
        let folder = std::path::absolute(file)
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned))
            .unwrap_or_else(|| PathBuf::from("."));
        application.traffic.router.resolve_paths(&folder);
        if application.runtime.is_process() {
            return Ok(Definition { application, folder, compose_file: PathBuf::new(), compose_text: String::new() });
        }
        let compose_file = folder.join(&application.compose);
        let compose_text = read(&compose_file)?;
        let definition = Definition { application, folder, compose_file, compose_text };
        // Any version does for looking: what it stands for is checked when there is one.
        let compose = definition.compose_for("0.0.0")?;
        let problems = application::cross_check(&definition.application, &shown, &text, &compose);
        if problems.is_empty() { Ok(definition) } else { Err(problems) }
    }

    /// What a release is made of.
    ///
    /// # Errors
    /// Everything that is wrong with the compose file; a variable that is not set, for one.
    pub fn recipe(&self, version: &Version) -> Result<Recipe, Vec<Problem>> {
        match &self.application.runtime {
            RuntimeKind::Docker => self.compose(version).map(Recipe::Compose),
            RuntimeKind::Process(services) => {
                Ok(Recipe::Processes(Programs { version: version.clone(), services: services.clone() }))
            }
        }
    }

    /// The compose file for a release.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compose(&self, version: &Version) -> Result<Compose, Vec<Problem>> {
        self.compose_for(version.as_str())
    }

    /// Releases that lie ready on this machine, the lowest first. Only where a folder is named after each.
    pub fn releases_at_hand(&self) -> Vec<Version> {
        at_hand::releases(self)
    }

    /// The one that comes after a version, of those.
    pub fn next_release(&self, after: &Version) -> Option<Version> {
        let later = |version: &Version| at_hand::compare(version.as_str(), after.as_str()).is_gt();
        self.releases_at_hand().into_iter().find(later)
    }

    /// The file that describes the services.
    pub fn described_in(&self) -> Option<&Path> {
        (!self.application.runtime.is_process()).then_some(self.compose_file.as_path())
    }

    fn compose_for(&self, version: &str) -> Result<Compose, Vec<Problem>> {
        let folder = self.compose_file.parent().unwrap_or(&self.folder);
        let overrides = BTreeMap::from([(self.application.version_variable.clone(), version.to_owned())]);
        let mut variables = Variables::new(overrides, std::env::vars());
        let dotenv = folder.join(".env");
        if dotenv.exists() {
            variables = variables.with_dotenv(&dotenv.display().to_string(), &read(&dotenv)?)?;
        }
        let shown = self.compose_file.display().to_string();
        compose::read(&shown, &self.compose_text, &variables, &|path| std::fs::read_to_string(folder.join(path)))
    }

    /// How a compose service takes part: as the application file says, or in the background.
    pub fn service(&self, name: &str) -> Service {
        let said = self.application.services.get(name).cloned();
        said.unwrap_or(Service::Background { live_slot_only: false })
    }

    /// The routed services with their containers' ports.
    pub fn routed(&self) -> impl Iterator<Item = (&str, Option<u16>, &[String])> {
        self.application.services.iter().filter_map(|(name, service)| match service {
            Service::Routed { port, hosts } => Some((name.as_str(), *port, hosts.as_slice())),
            _ => None,
        })
    }
}

/// Relative paths of a router start at the application file.
trait ResolvePaths {
    fn resolve_paths(&mut self, folder: &Path);
}

impl ResolvePaths for rollout::router::RouterKind {
    fn resolve_paths(&mut self, folder: &Path) {
        match self {
            rollout::router::RouterKind::Nginx(nginx) => {
                for path in [&mut nginx.config, &mut nginx.conf_d, &mut nginx.pid, &mut nginx.dial] {
                    *path = clean(&folder.join(&*path)).display().to_string();
                }
                // A bare name is looked up on the PATH.
                if nginx.binary.contains('/') {
                    nginx.binary = clean(&folder.join(&nginx.binary)).display().to_string();
                }
            }
            rollout::router::RouterKind::Haproxy(haproxy) => {
                for path in [&mut haproxy.socket, &mut haproxy.folder, &mut haproxy.state] {
                    *path = clean(&folder.join(&*path)).display().to_string();
                }
                if haproxy.binary.contains('/') {
                    haproxy.binary = clean(&folder.join(&haproxy.binary)).display().to_string();
                }
            }
            rollout::router::RouterKind::Embedded(embedded) => {
                embedded.control = clean(&folder.join(&embedded.control)).display().to_string();
            }
            rollout::router::RouterKind::DigitalOcean(balancer) => {
                balancer.state = clean(&folder.join(&balancer.state)).display().to_string();
            }
            rollout::router::RouterKind::Dns(dns) => {
                let fronts = dns.fronts.as_mut().map(|fronts| [&mut fronts.blue, &mut fronts.green]);
                for path in fronts.into_iter().flatten().chain([&mut dns.state]) {
                    *path = clean(&folder.join(&*path)).display().to_string();
                }
            }
            rollout::router::RouterKind::Caddy(caddy) => {
                caddy.dial = clean(&folder.join(&caddy.dial)).display().to_string();
            }
            rollout::router::RouterKind::Traefik(traefik) => {
                traefik.directory = clean(&folder.join(&traefik.directory)).display().to_string();
            }
        }
    }
}

/// The path without `.` and `..`, so that it reads well in messages.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(clean.pop()),
            std::path::Component::CurDir => {}
            part => clean.push(part),
        }
    }
    clean
}

fn read(file: &Path) -> Result<String, Vec<Problem>> {
    std::fs::read_to_string(file).map_err(|error| {
        let message = format!("cannot be read: {error}");
        vec![Problem { file: file.display().to_string(), line: 1, column: 1, message }]
    })
}
