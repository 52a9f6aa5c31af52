//! What Traefik says that it runs: <https://doc.traefik.io/traefik/reference/install-configuration/api-dashboard/>.

use super::TraefikError;
use reqwest::Client;
use serde_json::Value;
use std::sync::LazyLock;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Api {
    api: String,
}

/// One for all: a client is costly to make.
static CLIENT: LazyLock<Result<Client, String>> = LazyLock::new(|| {
    Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(5))
        .build()
        .map_err(|error| error.to_string())
});

impl Api {
    pub fn new(api: &str) -> Api {
        Api { api: api.to_owned() }
    }

    /// All routers and services, by their names with `@file` and the like.
    pub async fn raw(&self) -> Result<Value, TraefikError> {
        let client = CLIENT.as_ref().map_err(|why| self.silent(why.clone()))?;
        let url = format!("http://{}/api/rawdata", self.api);
        let answer = client.get(url).send().await.map_err(|error| self.silent(root_cause(&error)))?;
        if !answer.status().is_success() {
            return Err(self.not_traefik(format!("it answers {} to /api/rawdata", answer.status())));
        }
        let text = answer.text().await.map_err(|error| self.silent(root_cause(&error)))?;
        let raw: Value =
            serde_json::from_str(&text).map_err(|_| self.not_traefik(String::from("its answer is not JSON")))?;
        match raw.is_object() {
            true => Ok(raw),
            false => Err(self.not_traefik(String::from("its answer has no routers and services"))),
        }
    }

    fn silent(&self, why: String) -> TraefikError {
        TraefikError::Silent { api: self.api.clone(), why }
    }

    fn not_traefik(&self, why: String) -> TraefikError {
        TraefikError::NotTraefik { api: self.api.clone(), why }
    }
}

/// The innermost reason: `Connection refused`, not `error sending request`.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
