//! A project taken away.

use super::{Docker, DockerError, Project, while_trying};
use bollard::query_parameters::RemoveContainerOptionsBuilder;

impl Docker {
    /// Stops a container with its grace period. Fine when it is stopped or gone.
    ///
    /// # Errors
    /// When the engine cannot.
    pub async fn stop(&self, container: &str) -> Result<(), DockerError> {
        match self.api()?.stop_container(container, None).await.map_err(while_trying(format!("stop {container}"))) {
            Err(error) if !error.is_missing() => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes a container. Fine when it is gone.
    ///
    /// # Errors
    /// When the engine cannot.
    pub async fn remove(&self, container: &str) -> Result<(), DockerError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self
            .api()?
            .remove_container(container, Some(options))
            .await
            .map_err(while_trying(format!("remove {container}")))
        {
            // 409: it is being removed already.
            Err(error) if !error.is_missing() && !error.is_conflict() => Err(error),
            _ => Ok(()),
        }
    }

    /// Stops and removes every container of the project, side by side, and its networks. Volumes stay. Returns how
    /// many containers there were.
    ///
    /// # Errors
    /// What the engine says first.
    pub async fn down(&self, project: &Project) -> Result<usize, DockerError> {
        let containers = self.containers(project).await?;
        let all = containers.iter().map(|container| async {
            self.stop(&container.id).await?;
            self.remove(&container.id).await
        });
        futures::future::try_join_all(all).await?;
        self.remove_networks(project).await?;
        Ok(containers.len())
    }
}
