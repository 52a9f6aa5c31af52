//! What is asked of a runtime, asked of Docker.

use super::container::Publish;
use super::{ContainerState, Docker, fitness, pinning};
use crate::compose::Compose;
use crate::definition::Definition;
use crate::runtime::{Done, Exec, Instance, Pipe, Project, Recipe, Runtime, RuntimeError, State, Tell, Wanted};
use futures::FutureExt;
use futures::future::BoxFuture;
use rollout::application::Service;
use rollout::check::Check;
use rollout::release::PinnedImages;
use std::collections::BTreeMap;

impl From<super::DockerError> for RuntimeError {
    fn from(error: super::DockerError) -> RuntimeError {
        RuntimeError::new(error.to_string())
    }
}

impl From<ContainerState> for Instance {
    fn from(container: ContainerState) -> Instance {
        let exited = container.status.strip_prefix("exited (").and_then(|rest| rest.strip_suffix(')')?.parse().ok());
        let state = match exited {
            _ if container.running => State::Running,
            Some(code) => State::Ended(code),
            None if container.status == "restarting" => State::Restarting,
            None => State::Other(container.status),
        };
        Instance {
            id: container.id,
            name: container.name,
            service: container.service,
            release: container.release,
            state,
            health: container.health,
            ip: container.ip,
            crashes: None,
        }
    }
}

fn compose(recipe: &Recipe) -> Result<&Compose, RuntimeError> {
    match recipe {
        Recipe::Compose(compose) => Ok(compose),
        Recipe::Processes(_) => Err(RuntimeError::new("processes cannot run in containers: there is no compose file")),
    }
}

/// Which ports of the machine lead into the container.
fn publish(wanted: &Wanted, service: &str) -> Publish {
    let Some(slot) = wanted.project.slot else { return Publish::AsWritten };
    let address = wanted.addresses.iter().find(|address| address.service == service && address.slot == slot);
    match (wanted.definition.service(service), address) {
        (Service::Routed { port: Some(port), .. }, Some(address)) => {
            Publish::Address { container: port, loopback: address.port }
        }
        _ => Publish::Nothing,
    }
}

impl Runtime for Docker {
    fn name(&self) -> &'static str {
        "the Docker Engine"
    }

    fn fitness(&self) -> BoxFuture<'_, Vec<Check>> {
        fitness::look(self).boxed()
    }

    fn pin<'a>(
        &'a self,
        definition: &'a Definition,
        recipe: &'a Recipe,
        known: Option<&'a PinnedImages>,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, (PinnedImages, Check)> {
        async move {
            match compose(recipe) {
                Ok(compose) => pinning::pin(self, definition, compose, known, tell).await,
                Err(error) => (PinnedImages::new(), Check::failure("images", error.to_string())),
            }
        }
        .boxed()
    }

    fn fetch<'a>(
        &'a self,
        definition: &'a Definition,
        recipe: &'a Recipe,
        pinned: &'a PinnedImages,
        tell: Tell<'a>,
    ) -> Done<'a, ()> {
        async move {
            for (name, service) in &compose(recipe)?.services {
                let pinned =
                    pinned.get(name).ok_or_else(|| RuntimeError::new(format!("no image is pinned for {name}")))?;
                if self.has_image(pinned).await {
                    tell(format!("{name}: the image is here"));
                    continue;
                }
                let credentials = pinning::credentials(definition, &service.image).map_err(RuntimeError::new)?;
                let mut progress = |progress: String| tell(format!("{name}: pulling: {progress}"));
                self.pull(pinned, credentials.as_ref(), &mut progress).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn join_shared<'a>(&'a self, shared: &'a Project, project: &'a Project, recipe: &'a Recipe) -> Done<'a, ()> {
        async move {
            let compose = compose(recipe)?;
            self.make_networks(project, compose).await?;
            Ok(self.connect_shared(shared, project, compose).await?)
        }
        .boxed()
    }

    fn up<'a>(&'a self, wanted: &'a Wanted<'a>, tell: Tell<'a>) -> Done<'a, ()> {
        async move {
            let shared = Project::shared(&wanted.definition.application.name);
            let containers = super::Wanted {
                project: wanted.project,
                compose: compose(wanted.recipe)?,
                compose_file: &wanted.definition.compose_file,
                services: wanted.services.iter().map(|name| (*name, publish(wanted, name))).collect(),
                images: wanted.images,
                release: wanted.release.as_str(),
                elsewhere: &shared,
                keep_running: wanted.keep_running,
            };
            Ok(Docker::up(self, &containers, tell).await?)
        }
        .boxed()
    }

    fn down<'a>(&'a self, project: &'a Project) -> Done<'a, usize> {
        async move { Ok(Docker::down(self, project).await?) }.boxed()
    }

    fn instances<'a>(&'a self, project: &'a Project) -> Done<'a, Vec<Instance>> {
        async move { Ok(self.containers(project).await?.into_iter().map(Instance::from).collect()) }.boxed()
    }

    fn environments<'a>(&'a self, project: &'a Project) -> Done<'a, BTreeMap<String, BTreeMap<String, String>>> {
        async move { Ok(Docker::environments(self, project).await?) }.boxed()
    }

    fn start<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()> {
        async move { Ok(Docker::start(self, &instance.id, &instance.name).await?) }.boxed()
    }

    fn stop<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()> {
        async move { Ok(Docker::stop(self, &instance.id).await?) }.boxed()
    }

    fn remove<'a>(&'a self, instance: &'a Instance) -> Done<'a, ()> {
        async move { Ok(Docker::remove(self, &instance.id).await?) }.boxed()
    }

    fn last_lines<'a>(&'a self, instance: &'a Instance, count: usize) -> Done<'a, Vec<String>> {
        async move { Ok(Docker::last_lines(self, &instance.id, count).await?) }.boxed()
    }

    fn command<'a>(&'a self, instance: &'a str, command: &'a [String]) -> Done<'a, Exec> {
        async move { Ok(self.create_exec(instance, command).await?) }.boxed()
    }

    fn run<'a>(&'a self, exec: &'a Exec, line: &'a mut (dyn FnMut(Pipe, &str) + Send)) -> Done<'a, i64> {
        async move { Ok(self.run_exec(exec, line).await?) }.boxed()
    }

    fn runs<'a>(&'a self, exec: &'a Exec) -> Done<'a, bool> {
        async move { Ok(self.exec_runs(exec).await?) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Health;

    #[test]
    fn the_state_of_a_container_is_that_of_an_instance() {
        for (status, state) in [
            ("running", State::Running),
            ("exited (0)", State::Ended(0)),
            ("exited (137)", State::Ended(137)),
            ("restarting", State::Restarting),
            ("created", State::Other("created".to_owned())),
        ] {
            let container = ContainerState {
                id: "1".to_owned(),
                name: "a".to_owned(),
                service: "api".to_owned(),
                project: None,
                release: None,
                config_hash: None,
                running: status == "running",
                ip: None,
                status: status.to_owned(),
                health: Health::None,
            };
            let instance = Instance::from(container);
            assert_eq!((&instance.state, instance.state.to_string().as_str()), (&state, status));
        }
    }
}
