//! A project reconciled: what is as wanted stays, what differs is made anew.

use super::container::{Publish, Source, Spec};
use super::{ContainerState, Docker, DockerError, Health, Project, while_trying};
use crate::compose::{Compose, Condition};
use bollard::query_parameters::CreateContainerOptionsBuilder;
use rollout::release::PinnedImages;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for a service that another one depends on.
const DEPENDENCY: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Longest wait for the engine to be done with what a predecessor asked of it.
const CONFLICT: Duration = Duration::from_secs(10);

/// What shall run in a project.
pub struct Wanted<'a> {
    pub project: &'a Project,
    pub compose: &'a Compose,
    pub compose_file: &'a Path,
    /// Services to run, with their ports; others of the compose file are left alone.
    pub services: BTreeMap<&'a str, Publish>,
    pub images: &'a PinnedImages,
    pub release: &'a str,
    /// Where what is not in `services` runs, when one depends on it.
    pub elsewhere: &'a Project,
    /// A container with another configuration is left as it is, and spoken of.
    pub keep_running: bool,
}

impl Docker {
    /// Makes the project as wanted. `tell` hears what is done.
    ///
    /// # Errors
    /// What the engine says; or that a service did not become what another one waits for.
    pub async fn up(&self, wanted: &Wanted<'_>, tell: &mut (dyn FnMut(String) + Send)) -> Result<(), DockerError> {
        self.make_networks(wanted.project, wanted.compose).await?;
        self.make_volumes(wanted.project, wanted.compose).await?;
        let order =
            crate::compose::start_order(wanted.compose).map_err(|problem| DockerError::new(problem.to_string()))?;
        let order = order.iter().filter_map(|name| Some((name.as_str(), *wanted.services.get(name.as_str())?)));
        for (name, publish) in order {
            let Some(service) = wanted.compose.services.get(name) else { continue };
            for (other, condition) in &service.depends_on {
                self.wait_for(wanted, name, other, *condition).await?;
            }
            let image =
                wanted.images.get(name).ok_or_else(|| DockerError::new(format!("no image is pinned for {name}")))?;
            let source = Source {
                project: wanted.project,
                compose: wanted.compose,
                compose_file: wanted.compose_file,
                service: name,
                image,
                release: wanted.release,
                publish,
            };
            self.reconcile(&source.spec(service), wanted.keep_running, name, tell).await?;
        }
        Ok(())
    }

    /// The engine may still be at what a predecessor asked before it was killed: making the container, or removing it.
    /// It says "conflict" until it is done.
    async fn reconcile(
        &self,
        spec: &Spec,
        keep_running: bool,
        service: &str,
        tell: &mut (dyn FnMut(String) + Send),
    ) -> Result<(), DockerError> {
        let deadline = Instant::now() + CONFLICT;
        loop {
            match self.reconcile_once(spec, keep_running, service, tell).await {
                Err(error) if error.is_conflict() && Instant::now() < deadline => tokio::time::sleep(LOOK_AGAIN).await,
                done => return done,
            }
        }
    }

    async fn reconcile_once(
        &self,
        spec: &Spec,
        keep_running: bool,
        service: &str,
        tell: &mut (dyn FnMut(String) + Send),
    ) -> Result<(), DockerError> {
        match self.container(&spec.name).await {
            Ok(there) if there.project.as_deref() != Some(&spec.project) => {
                return Err(DockerError::new(format!(
                    "there is a container {} already, and it is not Crossfade's: rename or remove it",
                    spec.name
                )));
            }
            Ok(there) if there.config_hash.as_deref() == Some(&spec.config_hash) => {
                if there.running {
                    tell(format!("{service} runs as wanted"));
                } else {
                    // It may have been left before it had joined them all.
                    self.join_more(spec).await?;
                    self.start(&there.id, &spec.name).await?;
                    tell(format!("{service} was {}: started again", there.status));
                }
                return Ok(());
            }
            // It outlives rollouts, and may hold data: it is started if need be, and never made anew.
            Ok(there) if keep_running => {
                if !there.running {
                    self.start(&there.id, &spec.name).await?;
                }
                tell(format!("{service} runs with an older configuration and is left alone: it outlives rollouts"));
                return Ok(());
            }
            Ok(there) => {
                self.stop(&there.id).await?;
                self.remove(&there.id).await?;
                tell(format!("{service} had another configuration: made anew"));
            }
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
        let mut options = CreateContainerOptionsBuilder::default().name(&spec.name);
        if let Some(platform) = &spec.platform {
            options = options.platform(platform);
        }
        self.api()?
            .create_container(Some(options.build()), spec.body.clone())
            .await
            .map_err(while_trying(format!("make the container {}", spec.name)))?;
        self.join_more(spec).await?;
        self.start(&spec.name, &spec.name).await?;
        tell(format!("{service} started"));
        Ok(())
    }

    async fn join_more(&self, spec: &Spec) -> Result<(), DockerError> {
        for (network, aliases) in &spec.more_networks {
            self.join(&spec.name, network, aliases).await?;
        }
        Ok(())
    }

    /// Starts a container that exists. Fine when it runs.
    ///
    /// # Errors
    /// What the engine says: a port that is taken, for one.
    pub async fn start(&self, container: &str, name: &str) -> Result<(), DockerError> {
        self.api()?.start_container(container, None).await.map_err(while_trying(format!("start {name}")))
    }

    async fn wait_for(
        &self,
        wanted: &Wanted<'_>,
        who: &str,
        other: &str,
        condition: Condition,
    ) -> Result<(), DockerError> {
        let project = if wanted.services.contains_key(other) { wanted.project } else { wanted.elsewhere };
        let deadline = Instant::now() + DEPENDENCY;
        loop {
            let mut containers = self.containers(project).await?;
            // What is brought up later than the rest waits for its own slot, too.
            if containers.iter().all(|container| container.service != other) {
                containers.extend(self.containers(wanted.project).await?);
            }
            let seen = containers.iter().find(|container| container.service == other);
            match seen.map(|container| meets(container, condition)) {
                Some(Ok(true)) => return Ok(()),
                Some(Err(why)) => return Err(DockerError::new(format!("{who} waits for {other}, but {why}"))),
                Some(Ok(false)) => {}
                None => {
                    // A service that runs only in the live slot is not there to be waited for.
                    return match condition {
                        Condition::Started => Ok(()),
                        _ => Err(DockerError::new(format!(
                            "{who} waits for {other}, but that does not run in {}",
                            project.name()
                        ))),
                    };
                }
            }
            if Instant::now() > deadline {
                let waited = DEPENDENCY.as_secs();
                return Err(DockerError::new(format!("{who} waited {waited} s for {other}, and it did not get there")));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Lets the services of `shared` be found by name in the networks of `project`.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn connect_shared(
        &self,
        shared: &Project,
        project: &Project,
        compose: &Compose,
    ) -> Result<(), DockerError> {
        for container in self.containers(shared).await? {
            let Some(service) = compose.services.get(&container.service) else { continue };
            for (network, attachment) in &service.networks {
                if compose.networks.get(network).is_some_and(|network| network.external) {
                    continue;
                }
                let aliases: Vec<String> =
                    std::iter::once(container.service.clone()).chain(attachment.aliases.iter().cloned()).collect();
                self.join(&container.name, &project.network(network), &aliases).await?;
            }
        }
        Ok(())
    }
}

/// Does the container meet the condition? `Err`: it never will by waiting.
fn meets(container: &ContainerState, condition: Condition) -> Result<bool, String> {
    let exited = || !container.running && container.status.starts_with("exited");
    match condition {
        Condition::Started if container.running => Ok(true),
        Condition::Started if exited() => Err(format!("it has {}", container.status)),
        Condition::Healthy if exited() => Err(format!("it has {}", container.status)),
        Condition::Healthy => match &container.health {
            Health::Healthy => Ok(true),
            Health::Unhealthy(why) => Err(format!("it is unhealthy: {why}")),
            Health::None => Err("it has no health check to wait for".to_owned()),
            Health::Starting => Ok(false),
        },
        Condition::CompletedSuccessfully if container.status == "exited (0)" => Ok(true),
        Condition::CompletedSuccessfully if exited() => Err(format!("it has {}", container.status)),
        Condition::Started | Condition::CompletedSuccessfully => Ok(false),
    }
}
