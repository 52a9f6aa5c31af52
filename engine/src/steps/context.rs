//! What every step has at hand.

use super::{Outcome, StepLog};
use crate::Definition;
use crate::compose::Compose;
use crate::preflight::images::credentials;
use crate::router::{Route, Router};
use crate::runtime::docker::{Docker, Project, Publish};
use crate::store::Store;
use crate::store::applications::{Address, ApplicationRow};
use crate::store::logs::Stream;
use bollard::auth::DockerCredentials;
use rollout::Rollout;
use rollout::application::Service;
use rollout::check::Check;
use rollout::slot::Slot;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Last lines of a container that are kept with the rollout.
const KEPT_LINES: usize = 100;

pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) docker: Docker,
    pub(crate) router: Arc<dyn Router>,
    pub(crate) http: reqwest::Client,
    pub(crate) row: ApplicationRow,
    pub(crate) definition: Definition,
    /// The compose file for the release of this rollout.
    pub(crate) compose: Compose,
    pub(crate) addresses: Vec<Address>,
    pub(crate) rollout: Rollout,
    pub(crate) log: StepLog,
    /// What the step found; the runner writes it.
    pub(crate) checks: Arc<Mutex<Vec<Check>>>,
}

impl Context {
    pub(crate) fn application(&self) -> &str {
        &self.definition.application.name
    }

    /// Where the release goes, or is.
    pub(crate) fn new_slot(&self) -> Slot {
        self.rollout.start.slot
    }

    pub(crate) fn project(&self, slot: Slot) -> Project {
        Project::slot(self.application(), slot)
    }

    pub(crate) fn shared(&self) -> Project {
        Project::shared(self.application())
    }

    pub(crate) fn routes(&self) -> Vec<Route> {
        routes(&self.definition, &self.addresses)
    }

    /// Where a routed service of a slot answers: `http://127.0.0.1:21000`.
    pub(crate) fn base_url(&self, service: &str, slot: Slot) -> Result<String, String> {
        let address = self.addresses.iter().find(|address| address.service == service && address.slot == slot);
        let port = address.ok_or_else(|| format!("{service} has no address in {slot}: is it a routed service?"))?.port;
        Ok(format!("http://127.0.0.1:{port}"))
    }

    /// The name that a routed service is asked by.
    pub(crate) fn host(&self, service: &str) -> Option<String> {
        let (_, _, hosts) = self.definition.routed().find(|(name, ..)| *name == service)?;
        hosts.iter().find(|host| !host.contains('*')).cloned()
    }

    pub(crate) fn is_shared(&self, service: &str) -> bool {
        matches!(self.definition.service(service), Service::Shared)
    }

    pub(crate) fn is_live_slot_only(&self, service: &str) -> bool {
        matches!(self.definition.service(service), Service::Background { live_slot_only: true })
    }

    /// The services of a slot that `pick` takes, with the ports they get there.
    pub(crate) fn slot_services(&self, slot: Slot, pick: impl Fn(&str) -> bool) -> BTreeMap<&str, Publish> {
        let names = self.compose.services.keys().map(String::as_str);
        names.filter(|name| !self.is_shared(name) && pick(name)).map(|name| (name, self.publish(name, slot))).collect()
    }

    fn publish(&self, service: &str, slot: Slot) -> Publish {
        let address = self.addresses.iter().find(|address| address.service == service && address.slot == slot);
        match (self.definition.service(service), address) {
            (Service::Routed { port, .. }, Some(address)) => {
                Publish::Address { container: port, loopback: address.port }
            }
            _ => Publish::Nothing,
        }
    }

    /// What an image's registry asks for, if the application file names that registry.
    pub(crate) fn credentials(&self, image: &str) -> Result<Option<DockerCredentials>, String> {
        credentials(&self.definition, image)
    }

    /// Keeps what the step found, one by one: it is written before the step's end.
    pub(crate) fn found(&self, checks: Vec<Check>) {
        *self.checks.lock().unwrap_or_else(PoisonError::into_inner) = checks;
    }

    /// Does the work; when it fails, the last lines of the new slot's containers are kept, for whoever asks why.
    pub(crate) async fn keeping_logs(&self, work: impl Future<Output = Outcome>) -> Outcome {
        let outcome = work.await;
        if outcome.is_err() {
            self.keep_last_lines(self.new_slot()).await;
        }
        outcome
    }

    pub(crate) async fn keep_last_lines(&self, slot: Slot) {
        let containers = match self.docker.containers(&self.project(slot)).await {
            Ok(containers) => containers,
            Err(error) => return self.log.info(format!("the logs of {slot} cannot be read: {error}")),
        };
        for container in containers {
            self.log.line(Stream::Kept, &format!("── {} · {} ──", container.service, container.status));
            match self.docker.last_lines(&container.id, KEPT_LINES).await {
                Ok(lines) => lines.iter().for_each(|line| self.log.line(Stream::Kept, line)),
                Err(error) => self.log.info(error.to_string()),
            }
        }
    }
}

/// The routed services with their addresses in both slots.
pub(crate) fn routes(definition: &Definition, addresses: &[Address]) -> Vec<Route> {
    let find = |service: &str, slot: Slot| {
        let address = addresses.iter().find(|address| address.service == service && address.slot == slot)?;
        Some(([127, 0, 0, 1], address.port).into())
    };
    definition
        .routed()
        .filter_map(|(service, _, hosts)| {
            Some(Route {
                service: service.to_owned(),
                hosts: hosts.to_vec(),
                blue: find(service, Slot::Blue)?,
                green: find(service, Slot::Green)?,
            })
        })
        .collect()
}
