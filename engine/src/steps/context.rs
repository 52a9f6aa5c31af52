//! What every step has at hand.

use super::{Outcome, StepLog};
use crate::Definition;
use crate::router::{Route, Router};
use crate::runtime::{Pipe, Project, Recipe, Runtime};
use crate::store::Store;
use crate::store::applications::{Address, ApplicationRow};
use crate::store::logs::Stream;
use rollout::Rollout;
use rollout::application::Service;
use rollout::check::Check;
use rollout::event::RolloutId;
use rollout::slot::Slot;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Last lines of a container or process that are kept with the rollout.
const KEPT_LINES: usize = 100;

pub(crate) struct Context {
    pub(crate) id: RolloutId,
    pub(crate) store: Store,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) router: Arc<dyn Router>,
    pub(crate) http: reqwest::Client,
    pub(crate) row: ApplicationRow,
    pub(crate) definition: Definition,
    /// What the release of this rollout is made of.
    pub(crate) recipe: Recipe,
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

    /// The services that each slot has for itself and that `pick` takes.
    pub(crate) fn slot_services(&self, pick: impl Fn(&str) -> bool) -> BTreeSet<&str> {
        self.recipe.services().into_iter().filter(|name| !self.is_shared(name) && pick(name)).collect()
    }

    /// What runs a service, as sentences call it.
    pub(crate) fn one(&self) -> &'static str {
        match self.recipe {
            Recipe::Compose(_) => "container",
            Recipe::Processes(_) => "process",
        }
    }

    pub(crate) fn many(&self) -> &'static str {
        match self.recipe {
            Recipe::Compose(_) => "containers",
            Recipe::Processes(_) => "processes",
        }
    }

    pub(crate) fn counted(&self, count: usize) -> String {
        if count == 1 { format!("1 {}", self.one()) } else { format!("{count} {}", self.many()) }
    }

    /// Runs a command beside an instance to its end, and says its exit code.
    pub(crate) async fn execute(
        &self,
        instance: &str,
        command: &[String],
        line: &mut (dyn FnMut(Pipe, &str) + Send),
    ) -> Result<i64, String> {
        let exec = self.runtime.command(instance, command).await.map_err(|error| error.to_string())?;
        self.runtime.run(&exec, line).await.map_err(|error| error.to_string())
    }

    /// Keeps what the step found, one by one: it is written before the step's end.
    pub(crate) fn found(&self, checks: Vec<Check>) {
        *self.checks.lock().unwrap_or_else(PoisonError::into_inner) = checks;
    }

    /// Does the work; when it fails, the last lines of the new slot's services are kept, for whoever asks why.
    pub(crate) async fn keeping_logs(&self, work: impl Future<Output = Outcome>) -> Outcome {
        let outcome = work.await;
        if outcome.is_err() {
            self.keep_last_lines(self.new_slot()).await;
        }
        outcome
    }

    pub(crate) async fn keep_last_lines(&self, slot: Slot) {
        let instances = match self.runtime.instances(&self.project(slot)).await {
            Ok(instances) => instances,
            Err(error) => return self.log.info(format!("the logs of {slot} cannot be read: {error}")),
        };
        for instance in instances {
            let crashes = instance.crashes.as_ref().map(|crashes| format!(": {crashes}")).unwrap_or_default();
            self.log.line(Stream::Kept, &format!("── {} · {}{crashes} ──", instance.service, instance.state));
            match self.runtime.last_lines(&instance, KEPT_LINES).await {
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
