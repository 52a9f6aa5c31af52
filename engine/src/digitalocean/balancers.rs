//! Load balancers. What they are set to is read, and never written: `PUT` resets whatever it is not told, so droplets
//! are added and removed by the calls that do that alone.

use super::ApiError;
use super::client::{Client, Request};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A load balancer, as far as moving traffic is about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LoadBalancer {
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// `new` while it is at work on a change, `active`, or `errored`.
    pub status: String,
    #[serde(default)]
    pub droplet_ids: Vec<u64>,
    /// It takes the droplets with this tag, and then none by id.
    #[serde(default)]
    pub tag: Option<String>,
    /// Everything else, as the API has it.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ForwardingRule {
    pub entry_protocol: String,
    pub entry_port: u16,
    pub target_protocol: String,
    pub target_port: u16,
}

/// How the balancer checks its droplets. The defaults are the API's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HealthCheck {
    /// `http`, `https` or `tcp`.
    pub protocol: String,
    pub port: u16,
    pub path: String,
    pub check_interval_seconds: u64,
    pub response_timeout_seconds: u64,
    /// Passes in a row until a droplet gets traffic.
    pub healthy_threshold: u64,
}

impl Default for HealthCheck {
    fn default() -> HealthCheck {
        HealthCheck {
            protocol: "http".to_owned(),
            port: 80,
            path: "/".to_owned(),
            check_interval_seconds: 10,
            response_timeout_seconds: 5,
            healthy_threshold: 3,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StickySessions {
    /// `none` or `cookies`.
    pub r#type: String,
    pub cookie_ttl_seconds: Option<u64>,
}

impl LoadBalancer {
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }

    pub fn is_errored(&self) -> bool {
        self.status == "errored"
    }

    pub fn forwarding_rules(&self) -> Vec<ForwardingRule> {
        self.setting("forwarding_rules")
    }

    pub fn health_check(&self) -> HealthCheck {
        self.setting("health_check")
    }

    /// Droplets are sent a header of the PROXY protocol before anything else.
    pub fn enable_proxy_protocol(&self) -> bool {
        self.setting("enable_proxy_protocol")
    }

    /// One that is missing or of another shape is as the API has it by default.
    fn setting<T: DeserializeOwned + Default>(&self, key: &str) -> T {
        self.settings.get(key).and_then(|value| T::deserialize(value).ok()).unwrap_or_default()
    }

    /// The tag that it takes its droplets by.
    pub fn by_tag(&self) -> Option<&str> {
        self.tag.as_deref().filter(|tag| !tag.is_empty())
    }

    /// For how long a browser is pinned to one droplet.
    pub fn pins_for(&self) -> Option<u64> {
        let sticky: StickySessions = self.setting("sticky_sessions");
        (sticky.r#type == "cookies").then(|| sticky.cookie_ttl_seconds.unwrap_or(0))
    }
}

#[derive(Deserialize)]
struct One {
    load_balancer: LoadBalancer,
}

const READ: &str = "load_balancer:read";
const UPDATE: &str = "load_balancer:update";

impl Client {
    /// # Errors
    /// [`ApiError::NotFound`] when there is none of this id, and all that any request can end in.
    pub async fn load_balancer(&self, id: &str) -> Result<LoadBalancer, ApiError> {
        let request = Request::get(format!("show the load balancer {id}"), &["load_balancers", id], READ);
        Ok(self.fetch::<One>(&request).await?.load_balancer)
    }

    /// Every load balancer of the token's team.
    ///
    /// # Errors
    /// All that any request can end in.
    pub async fn load_balancers(&self) -> Result<Vec<LoadBalancer>, ApiError> {
        self.all("load_balancers", || Request::get("list the load balancers", &["load_balancers"], READ)).await
    }

    /// Waits while the balancer is at work on something else. Sent once: after an error that may have taken, look.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] when the balancer takes its droplets by tag; [`ApiError::Processing`] when it stays at
    /// work for too long; and all that any request can end in.
    pub async fn add_droplets(&self, id: &str, droplets: &[u64]) -> Result<(), ApiError> {
        let asked = format!("add {} to the load balancer {id}", named(droplets));
        self.droplets_of(Method::POST, asked, id, droplets).await
    }

    /// As [`Client::add_droplets`].
    ///
    /// # Errors
    /// As [`Client::add_droplets`].
    pub async fn remove_droplets(&self, id: &str, droplets: &[u64]) -> Result<(), ApiError> {
        let asked = format!("remove {} from the load balancer {id}", named(droplets));
        self.droplets_of(Method::DELETE, asked, id, droplets).await
    }

    async fn droplets_of(&self, method: Method, asked: String, id: &str, droplets: &[u64]) -> Result<(), ApiError> {
        let request = Request::new(method, asked, &["load_balancers", id, "droplets"], UPDATE);
        self.send(&request.body(json!({ "droplet_ids": droplets })).once()).await.map(drop)
    }
}

/// `the droplet 3`, `the droplets 3, 4`.
fn named(droplets: &[u64]) -> String {
    let ids = droplets.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    format!("the droplet{} {ids}", if droplets.len() == 1 { "" } else { "s" })
}
