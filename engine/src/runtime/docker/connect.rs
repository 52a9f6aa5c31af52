//! The engine's socket: the local one, or `DOCKER_HOST`.

use super::{Docker, DockerError, while_trying};
use bollard::Docker as Api;
use std::time::Duration;

/// Longest wait for the headers of an answer. Stopping a container waits for its grace period inside this.
const TIMEOUT: Duration = Duration::from_secs(600);

impl Docker {
    /// The engine, connected when it is first asked for: without a socket there is no client, and the engine may be down
    /// now and up when it is needed.
    ///
    /// # Errors
    /// When there is no socket, or `DOCKER_HOST` is not an address.
    pub(super) fn api(&self) -> Result<&Api, DockerError> {
        if let Some(api) = self.api.get() {
            return Ok(api);
        }
        let api = connect()?;
        Ok(self.api.get_or_init(|| api))
    }

    /// The engine's version, when it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn version(&self) -> Result<String, DockerError> {
        let version = self.api()?.version().await.map_err(while_trying("say its version: is it running?"))?;
        Ok(version.version.unwrap_or_else(|| "of unknown version".to_owned()))
    }

    /// Where the engine keeps its images and containers.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn root_dir(&self) -> Result<Option<String>, DockerError> {
        let info = self.api()?.info().await.map_err(while_trying("tell about itself"))?;
        Ok(info.docker_root_dir)
    }
}

fn connect() -> Result<Api, DockerError> {
    let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let api = match &host {
        Some(host) => {
            Api::connect_with_host(host).map_err(while_trying(format!("be reached at DOCKER_HOST={host}")))?
        }
        None => Api::connect_with_unix_defaults().map_err(while_trying("be reached at its local socket"))?,
    };
    Ok(api.with_timeout(TIMEOUT).with_request_modifier(|mut request| {
        // bollard encodes credentials with the standard alphabet of base64, the engine reads the URL-safe one and
        // silently drops what it cannot read.
        let safe = request.headers().get("x-registry-auth").and_then(|value| {
            value.to_str().ok().and_then(|text| text.replace('+', "-").replace('/', "_").parse().ok())
        });
        if let Some(value) = safe {
            request.headers_mut().insert("x-registry-auth", value);
        }
        request
    }))
}
