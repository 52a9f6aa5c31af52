//! What is really there right now: the router's own split, the state of containers and processes. For the screen, which shows
//! what was probed and not what was commanded.

use super::Engine;
use crate::clock;
use crate::error::EngineError;
use crate::runtime::{Health, Instance, Project};
use crate::store::applications::ApplicationRow;
use rollout::actor::Actor;
use rollout::clock::{Millis, Timestamp};
use rollout::policy::{Permission, authorize};
use rollout::slot::{Slot, Split};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What was seen, and when.
#[derive(Clone, Debug)]
pub struct Observed {
    pub at: Timestamp,
    /// By the router's own word; or why it did not tell.
    pub split: Result<Split, String>,
    /// What runs in blue, green and for both of them; or why the runtime did not tell.
    pub services: Result<Vec<ServiceView>, String>,
}

/// A container or process as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    pub service: String,
    /// `None`: shared by both slots.
    pub slot: Option<Slot>,
    pub release: Option<String>,
    pub well: bool,
    /// `running, healthy`.
    pub status: String,
}

/// A look is good for this long: many browsers are one look.
const FRESH: Millis = Millis(1_000);
/// Longest wait for a look. A page is not kept waiting by an engine that is down.
const PATIENCE: Duration = Duration::from_millis(1_500);

#[derive(Default)]
pub(crate) struct Observations {
    last: Mutex<HashMap<String, Arc<Observed>>>,
}

impl Observations {
    /// What was seen is no longer so: the next one who asks looks anew.
    pub(super) fn forget(&self, application: &str) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).remove(application);
    }
}

impl Engine {
    /// Looks at router and containers of an application.
    ///
    /// # Errors
    /// When the actor may not read, or there is no such application. What cannot be seen is said in the answer.
    pub async fn observe(&self, actor: &Actor, application: &str) -> Result<Arc<Observed>, EngineError> {
        authorize(actor, Permission::Read)?;
        let row = self.shared.store.application(application).await?;
        let row = row.ok_or_else(|| EngineError::NotFound(format!("application {application}")))?;
        let cached = {
            let last = self.shared.observations.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.get(application).cloned()
        };
        if let Some(seen) = cached
            && clock::now() - seen.at < FRESH
        {
            return Ok(seen);
        }
        let (split, services) = tokio::join!(self.look_at_router(&row), self.look_at_services(&row));
        let seen = Arc::new(Observed { at: clock::now(), split, services });
        let mut last = self.shared.observations.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(application.to_owned(), seen.clone());
        Ok(seen)
    }

    async fn look_at_router(&self, row: &ApplicationRow) -> Result<Split, String> {
        let definition = super::rollouts::load(row.file.clone()).await.map_err(|error| error.to_string())?;
        let router = self.shared.router(&definition.application, row.admin_port).map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, router.current()).await {
            Ok(split) => split.map_err(|error| error.to_string()),
            Err(_) => Err("the router does not answer".to_owned()),
        }
    }

    async fn look_at_services(&self, row: &ApplicationRow) -> Result<Vec<ServiceView>, String> {
        let projects = [
            (Some(Slot::Blue), Project::slot(&row.name, Slot::Blue)),
            (Some(Slot::Green), Project::slot(&row.name, Slot::Green)),
            (None, Project::shared(&row.name)),
        ];
        // What runs is shown even when the file has become unreadable.
        let runtime = match super::rollouts::load(row.file.clone()).await {
            Ok(definition) => self.shared.runtimes.of(&definition.application),
            Err(_) => self.shared.runtimes.holding(&row.name),
        };
        let runtime = runtime.as_ref();
        let looks = projects.iter().map(|(slot, project)| async move {
            let instances = runtime.instances(project).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(instances.into_iter().map(|instance| view(*slot, instance)).collect::<Vec<_>>())
        });
        match tokio::time::timeout(PATIENCE, futures::future::try_join_all(looks)).await {
            Ok(seen) => Ok(seen?.into_iter().flatten().collect()),
            Err(_) => Err(format!("{} does not answer", runtime.name())),
        }
    }
}

fn view(slot: Option<Slot>, instance: Instance) -> ServiceView {
    let health = match &instance.health {
        // What a check said last says nothing of what was stopped.
        _ if !instance.running() => "",
        Health::None => "",
        Health::Starting => ", starting",
        Health::Healthy => ", healthy",
        Health::Unhealthy(_) => ", unhealthy",
    };
    let runs_well = instance.running() && matches!(instance.health, Health::None | Health::Healthy);
    // One that was told to stop, and did: a worker that belongs in the other slot, a job that is done.
    let well = runs_well || instance.ended_well();
    let crashes = instance.crashes.as_ref().map(|crashes| format!("; {crashes}")).unwrap_or_default();
    ServiceView {
        status: format!("{}{health}{crashes}", instance.state),
        service: instance.service,
        slot,
        release: instance.release,
        well,
    }
}
