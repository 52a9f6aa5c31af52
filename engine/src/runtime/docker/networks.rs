//! Networks and volumes of a project.

use super::{Docker, DockerError, Project, while_trying};
use crate::compose::Compose;
use bollard::models::{EndpointSettings, NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use std::collections::HashMap;

impl Docker {
    /// Makes the project's networks that are not there.
    ///
    /// # Errors
    /// What the engine says; or that an external one is missing.
    pub async fn make_networks(&self, project: &Project, compose: &Compose) -> Result<(), DockerError> {
        let mut names: Vec<&str> = compose.networks.keys().map(String::as_str).collect();
        if !names.contains(&"default") {
            names.push("default");
        }
        for name in names {
            let declared = compose.networks.get(name);
            let full = network_name(project, compose, name);
            if declared.is_some_and(|network| network.external) {
                if self.networks_named(&full).await?.is_empty() {
                    return Err(DockerError::new(format!(
                        "the network {full} is external, and Docker has none of that name"
                    )));
                }
                continue;
            }
            if self.leave_one(&full).await? {
                continue;
            }
            let mut labels = project.labels();
            labels.insert("com.docker.compose.network".to_owned(), name.to_owned());
            labels.extend(declared.map(|network| network.labels.clone()).unwrap_or_default());
            let request = NetworkCreateRequest {
                name: full.clone(),
                driver: declared.and_then(|network| network.driver.clone()),
                internal: declared.map(|network| network.internal),
                attachable: declared.map(|network| network.attachable),
                enable_ipv6: declared.map(|network| network.enable_ipv6),
                options: declared.map(|network| network.driver_opts.clone().into_iter().collect()),
                labels: Some(labels),
                ..NetworkCreateRequest::default()
            };
            match self.api()?.create_network(request).await.map_err(while_trying(format!("make the network {full}"))) {
                Err(error) if !error.is_conflict() => return Err(error),
                _ => {}
            }
            self.leave_one(&full).await?;
        }
        Ok(())
    }

    /// The ids of the networks of this name, oldest first.
    async fn networks_named(&self, name: &str) -> Result<Vec<String>, DockerError> {
        // The filter takes parts of names, too.
        let filters = HashMap::from([("name".to_owned(), vec![name.to_owned()])]);
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let found = self.api()?.list_networks(Some(options)).await;
        let mut found = found.map_err(while_trying(format!("look for the network {name}")))?;
        found.retain(|network| network.name.as_deref() == Some(name));
        found.sort_by_key(|network| network.created.clone());
        Ok(found.into_iter().filter_map(|network| network.id).collect())
    }

    /// Whether there is a network of this name; and then, only one. The engine lets several have one name, and that is
    /// what it comes to when whoever was making it was killed, and we make it while the engine still does for them.
    async fn leave_one(&self, name: &str) -> Result<bool, DockerError> {
        let ids = self.networks_named(name).await?;
        let mut left = ids.len();
        // One that is in use is not removed: the engine refuses.
        for id in ids.iter().rev() {
            if left > 1 && self.api()?.remove_network(id).await.is_ok() {
                left -= 1;
            }
        }
        match left {
            0 | 1 => Ok(left == 1),
            many => Err(DockerError::new(format!(
                "there are {many} networks {name}, and containers in more than one of them: remove all but one"
            ))),
        }
    }

    /// Makes the named volumes that are not there. One for both slots.
    pub(super) async fn make_volumes(&self, project: &Project, compose: &Compose) -> Result<(), DockerError> {
        for (name, volume) in &compose.volumes {
            let full = volume_name(project, compose, name);
            if self.api()?.inspect_volume(&full).await.is_ok() {
                continue;
            }
            if volume.external {
                return Err(DockerError::new(format!(
                    "the volume {full} is external, and Docker has none of that name"
                )));
            }
            let mut labels = project.labels();
            labels.insert("com.docker.compose.volume".to_owned(), name.clone());
            labels.extend(volume.labels.clone());
            let request = VolumeCreateRequest {
                name: Some(full.clone()),
                driver: volume.driver.clone(),
                driver_opts: Some(volume.driver_opts.clone().into_iter().collect()),
                labels: Some(labels),
                ..VolumeCreateRequest::default()
            };
            self.api()?.create_volume(request).await.map_err(while_trying(format!("make the volume {full}")))?;
        }
        Ok(())
    }

    /// Joins a container to a network under these names, if it is not joined yet.
    pub(super) async fn join(&self, container: &str, network: &str, aliases: &[String]) -> Result<(), DockerError> {
        let seen = self
            .api()?
            .inspect_container(container, None)
            .await
            .map_err(while_trying(format!("look at {container}")))?;
        let joined = seen.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        if joined.contains_key(network) {
            return Ok(());
        }
        let endpoint = EndpointSettings { aliases: Some(aliases.to_vec()), ..EndpointSettings::default() };
        let request = NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(endpoint) };
        self.api()?
            .connect_network(network, request)
            .await
            .map_err(while_trying(format!("join {container} to the network {network}")))
    }

    /// Removes the project's networks. Containers of other projects are let go first.
    pub(super) async fn remove_networks(&self, project: &Project) -> Result<(), DockerError> {
        let label = format!("{}={}", super::labels::PROJECT, project.name());
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let what = || format!("list the networks of {}", project.name());
        let networks = self.api()?.list_networks(Some(options)).await.map_err(while_trying(what()))?;
        for network in networks {
            // By id: a name may be that of two.
            let (Some(id), Some(name)) = (network.id, network.name) else { continue };
            let seen =
                match self.api()?.inspect_network(&id, None).await.map_err(while_trying(format!("look at {name}"))) {
                    Err(error) if error.is_missing() => continue,
                    seen => seen?,
                };
            for container in seen.containers.unwrap_or_default().into_keys() {
                let request = bollard::models::NetworkDisconnectRequest { container, force: Some(true) };
                // Gone meanwhile is as good.
                let _ = self.api()?.disconnect_network(&id, request).await;
            }
            match self.api()?.remove_network(&id).await.map_err(while_trying(format!("remove the network {name}"))) {
                Err(error) if !error.is_missing() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The network's name on the engine.
pub(super) fn network_name(project: &Project, compose: &Compose, name: &str) -> String {
    match compose.networks.get(name) {
        Some(network) if network.external => network.name.clone().unwrap_or_else(|| name.to_owned()),
        // A name of its own would be one for both slots: it is kept apart by the slot all the same.
        _ => project.network(name),
    }
}

/// The volume's name on the engine.
pub(super) fn volume_name(project: &Project, compose: &Compose, name: &str) -> String {
    match compose.volumes.get(name) {
        Some(volume) => match &volume.name {
            Some(own) => own.clone(),
            None if volume.external => name.to_owned(),
            None => project.volume(name),
        },
        None => project.volume(name),
    }
}
