//! What runs, and how it is.

use super::labels::{CONFIG_HASH, PROJECT, RELEASE, SERVICE};
use super::{Docker, DockerError, Health, Project, while_trying};
use crate::runtime::lines::Lines;
use bollard::container::LogOutput;
use bollard::models::{ContainerStateStatusEnum, HealthStatusEnum};
use bollard::query_parameters::{ListContainersOptionsBuilder, LogsOptionsBuilder};
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap};

/// A container as the engine sees it right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerState {
    pub id: String,
    pub name: String,
    pub service: String,
    pub(super) project: Option<String>,
    pub release: Option<String>,
    pub(super) config_hash: Option<String>,
    pub running: bool,
    /// Its address on the first of its networks, while it runs.
    pub ip: Option<String>,
    /// `running`, `exited (1)`, `restarting`: for a person.
    pub status: String,
    pub health: Health,
}

impl Docker {
    /// Every container of a project, running or not.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn containers(&self, project: &Project) -> Result<Vec<ContainerState>, DockerError> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{PROJECT}={}", project.name())])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let what = || format!("list the containers of {}", project.name());
        let listed = self.api()?.list_containers(Some(options)).await.map_err(while_trying(what()))?;
        let mut states = vec![];
        for id in listed.into_iter().filter_map(|container| container.id) {
            match self.container(&id).await {
                Ok(state) => states.push(state),
                // Gone since it was listed.
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error),
            }
        }
        states.sort_by(|a, b| a.service.cmp(&b.service));
        Ok(states)
    }

    /// The environment that each service of a project runs with.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn environments(
        &self,
        project: &Project,
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, DockerError> {
        let mut environments = BTreeMap::new();
        for container in self.containers(project).await? {
            let what = || format!("look at {}", container.name);
            let seen = self.api()?.inspect_container(&container.id, None).await.map_err(while_trying(what()))?;
            let lines = seen.config.and_then(|config| config.env).unwrap_or_default();
            let pair = |line: String| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            environments.insert(container.service, lines.into_iter().filter_map(pair).collect());
        }
        Ok(environments)
    }

    /// One container, by name or id.
    ///
    /// # Errors
    /// When there is none, or the engine does not answer.
    pub async fn container(&self, name: &str) -> Result<ContainerState, DockerError> {
        let seen = self.api()?.inspect_container(name, None).await.map_err(while_trying(format!("look at {name}")))?;
        let labels = seen.config.and_then(|config| config.labels).unwrap_or_default();
        let state = seen.state.unwrap_or_default();
        let networks = seen.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let mut ips: Vec<_> = networks.into_iter().filter_map(|(name, end)| Some((name, end.ip_address?))).collect();
        ips.retain(|(_, ip)| !ip.is_empty());
        ips.sort();
        let status = match state.status {
            Some(ContainerStateStatusEnum::EXITED) => format!("exited ({})", state.exit_code.unwrap_or_default()),
            Some(status) => status.to_string(),
            None => "unknown".to_owned(),
        };
        let health = match state.health {
            None => Health::None,
            Some(health) => match health.status {
                Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
                Some(HealthStatusEnum::UNHEALTHY) => {
                    let last = health.log.unwrap_or_default().pop().and_then(|result| result.output);
                    Health::Unhealthy(last.unwrap_or_default().trim().to_owned())
                }
                Some(HealthStatusEnum::STARTING) => Health::Starting,
                _ => Health::None,
            },
        };
        Ok(ContainerState {
            id: seen.id.unwrap_or_default(),
            name: seen.name.unwrap_or_default().trim_start_matches('/').to_owned(),
            project: labels.get(PROJECT).cloned(),
            service: labels.get(SERVICE).cloned().unwrap_or_default(),
            release: labels.get(RELEASE).cloned(),
            config_hash: labels.get(CONFIG_HASH).cloned(),
            ip: ips.into_iter().next().map(|(_, ip)| ip),
            running: state.status == Some(ContainerStateStatusEnum::RUNNING),
            status,
            health,
        })
    }

    /// The last lines of a container, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn last_lines(&self, container: &str, count: usize) -> Result<Vec<String>, DockerError> {
        let options =
            LogsOptionsBuilder::default().stdout(true).stderr(true).timestamps(true).tail(&count.to_string()).build();
        let mut output = self.api()?.logs(container, Some(options));
        let (mut out, mut seen) = (Lines::default(), vec![]);
        while let Some(piece) = output.next().await {
            let piece = piece.map_err(while_trying(format!("read the log of {container}")))?;
            if let LogOutput::StdErr { message } | LogOutput::StdOut { message } | LogOutput::Console { message } =
                piece
            {
                out.push(&message, |line| seen.push(line.to_owned()));
            }
        }
        out.finish(|line| seen.push(line.to_owned()));
        Ok(seen)
    }
}
