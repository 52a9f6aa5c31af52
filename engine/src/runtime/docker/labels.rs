//! Labels and names of what belongs to a project, as compose gives them.

use crate::runtime::Project;
use rollout::slot::Slot;
use std::collections::HashMap;

pub const PROJECT: &str = "com.docker.compose.project";
pub const SERVICE: &str = "com.docker.compose.service";
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// Ours: the release that a container runs.
pub const RELEASE: &str = "crossfade.release";

impl Project {
    pub fn network(&self, network: &str) -> String {
        format!("{}_{network}", self.name)
    }

    /// Data outlives slots: a named volume is one, whichever slot uses it.
    pub fn volume(&self, volume: &str) -> String {
        format!("{}_{volume}", self.shared)
    }

    /// The labels of everything in this project.
    pub fn labels(&self) -> HashMap<String, String> {
        HashMap::from([
            (PROJECT.to_owned(), self.name.clone()),
            ("com.docker.compose.version".to_owned(), "2.0.0".to_owned()),
            ("crossfade.slot".to_owned(), self.slot.map_or("shared", Slot::as_str).to_owned()),
        ])
    }

    /// The labels by which `docker compose ps` finds a container.
    pub fn container_labels(&self, service: &str, image: &str, compose_file: &str) -> HashMap<String, String> {
        let mut labels = self.labels();
        let folder = compose_file.rsplit_once('/').map_or(".", |(folder, _)| folder);
        for (key, value) in [
            (SERVICE, service),
            ("com.docker.compose.container-number", "1"),
            ("com.docker.compose.oneoff", "False"),
            ("com.docker.compose.image", image),
            ("com.docker.compose.project.config_files", compose_file),
            ("com.docker.compose.project.working_dir", folder),
        ] {
            labels.insert(key.to_owned(), value.to_owned());
        }
        labels
    }
}
