//! Containers that are not ours, by name.

use super::{Docker, DockerError, while_trying};
use bollard::query_parameters::KillContainerOptionsBuilder;

impl Docker {
    /// Sends a signal, such as `HUP`, to a container's first process.
    ///
    /// # Errors
    /// When there is no such container, or it does not run.
    pub async fn signal(&self, container: &str, signal: &str) -> Result<(), DockerError> {
        let options = KillContainerOptionsBuilder::default().signal(signal).build();
        let sent = self.api()?.kill_container(container, Some(options)).await;
        sent.map_err(while_trying(format!("send {signal} to {container}")))
    }

    /// Whether a container runs.
    ///
    /// # Errors
    /// When there is none of that name, or the engine does not answer.
    pub async fn is_running(&self, container: &str) -> Result<bool, DockerError> {
        let seen = self.api()?.inspect_container(container, None).await;
        let seen = seen.map_err(while_trying(format!("look at the container {container}")))?;
        Ok(seen.state.and_then(|state| state.running).unwrap_or(false))
    }
}
