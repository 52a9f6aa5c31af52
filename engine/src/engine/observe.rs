//! What is really there right now: the router's own split, the containers' own state. For the screen, which shows
//! what was probed and not what was commanded.

use super::Engine;
use crate::clock;
use crate::error::EngineError;
use crate::runtime::docker::{ContainerState, Health, Project};
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
    /// Containers of blue, green and what they share; or why the engine did not tell.
    pub services: Result<Vec<ServiceView>, String>,
}

/// A container as it was seen.
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
        let looks = projects.iter().map(|(slot, project)| async move {
            let containers = self.shared.docker.containers(project).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(containers.into_iter().map(|container| view(*slot, container)).collect::<Vec<_>>())
        });
        match tokio::time::timeout(PATIENCE, futures::future::try_join_all(looks)).await {
            Ok(seen) => Ok(seen?.into_iter().flatten().collect()),
            Err(_) => Err("the Docker Engine does not answer".to_owned()),
        }
    }
}

fn view(slot: Option<Slot>, container: ContainerState) -> ServiceView {
    let health = match &container.health {
        // What a check said last says nothing of a container that was stopped.
        _ if !container.running => "",
        Health::None => "",
        Health::Starting => ", starting",
        Health::Healthy => ", healthy",
        Health::Unhealthy(_) => ", unhealthy",
    };
    let runs_well = container.running && matches!(container.health, Health::None | Health::Healthy);
    // One that was told to stop, and did: a worker that belongs in the other slot, a job that is done.
    let well = runs_well || container.status == "exited (0)";
    ServiceView {
        service: container.service,
        slot,
        release: container.release,
        well,
        status: format!("{}{health}", container.status),
    }
}
