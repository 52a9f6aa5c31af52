//! How the balancer was left: its settings as they were when the application was added. Crossfade does not touch them,
//! and tells when somebody else did.

use super::BalancerError;
use crate::digitalocean::LoadBalancer;
use serde_json::{Map, Value};
use std::io;
use std::path::{Path, PathBuf};

/// The settings by which traffic goes where it should. Others (size, project, name) may change as they like.
const WATCHED: [&str; 9] = [
    "forwarding_rules",
    "health_check",
    "sticky_sessions",
    "redirect_http_to_https",
    "enable_proxy_protocol",
    "enable_backend_keepalive",
    "http_idle_timeout_seconds",
    "vpc_uuid",
    "firewall",
];

/// The file in which it is kept.
#[derive(Clone, Debug)]
pub(super) struct Left {
    path: PathBuf,
}

impl Left {
    pub fn new(folder: &str, application: &str) -> Left {
        Left { path: Path::new(folder).join(format!("{application}.json")) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `None` when nothing is kept of this balancer.
    pub async fn read(&self, id: &str) -> Result<Option<Map<String, Value>>, BalancerError> {
        let text = match tokio::fs::read(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(self.failed("read"))?,
        };
        // What cannot be understood says nothing of how it was left.
        let kept: Option<Map<String, Value>> = serde_json::from_slice(&text).ok();
        Ok(kept.filter(|kept| kept.get("id").and_then(Value::as_str) == Some(id)))
    }

    /// All or nothing: a torn file would be an unknown balancer.
    pub async fn write(&self, balancer: &LoadBalancer) -> Result<(), BalancerError> {
        let mut kept = watched(balancer);
        kept.insert("id".to_owned(), Value::from(balancer.id.clone()));
        let text = format!("{:#}\n", Value::Object(kept));
        let new = self.path.with_extension("json.new");
        if let Some(folder) = self.path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(self.failed("make the folder of"))?;
        }
        tokio::fs::write(&new, text).await.map_err(self.failed("write"))?;
        tokio::fs::rename(&new, &self.path).await.map_err(self.failed("write"))
    }

    pub async fn remove(&self) -> Result<(), BalancerError> {
        match tokio::fs::remove_file(&self.path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed("remove")(error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> BalancerError {
        let path = self.path.clone();
        move |source| BalancerError::State { doing, path, source }
    }
}

fn watched(balancer: &LoadBalancer) -> Map<String, Value> {
    let of = |key: &&str| balancer.settings.get(*key).map(|value| ((*key).to_owned(), value.clone()));
    let mut watched: Map<String, Value> = WATCHED.iter().filter_map(of).collect();
    // A certificate of Let's Encrypt gets a new id each time that DigitalOcean renews it.
    for rule in watched.get_mut("forwarding_rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(rule) = rule.as_object_mut() {
            rule.remove("certificate_id");
        }
    }
    watched
}

/// Which settings are not as they were.
pub(super) fn changed(kept: &Map<String, Value>, balancer: &LoadBalancer) -> Vec<String> {
    let now = watched(balancer);
    // One that the API did not have yet, or has no more, was not changed by anybody.
    let differs = |key: &&&str| kept.get(**key).zip(now.get(**key)).is_some_and(|(then, now)| then != now);
    WATCHED.iter().filter(differs).map(|key| (*key).to_owned()).collect()
}
