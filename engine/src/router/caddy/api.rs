//! Caddy's admin API: <https://caddyserver.com/docs/api>.

use super::CaddyError;
use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use std::sync::LazyLock;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Api {
    admin: String,
}

/// A whole configuration, and the mark by which Caddy knows that it is still the same.
pub(super) struct Config {
    pub value: Value,
    pub etag: String,
}

/// One for all: a client is costly to make. Caddy answers once the new configuration runs, which may take it a while.
static CLIENT: LazyLock<Result<Client, String>> = LazyLock::new(|| {
    Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(|error| error.to_string())
});

impl Api {
    pub fn new(admin: &str) -> Api {
        Api { admin: admin.to_owned() }
    }

    pub async fn config(&self) -> Result<Config, CaddyError> {
        let answer = self.client()?.get(self.url()).send().await.map_err(|error| self.silent(&error))?;
        let answer = self.good(answer).await?;
        // Since 2.8 it comes before the body.
        let etag = answer.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(ToOwned::to_owned);
        let etag = etag.ok_or_else(|| self.not_caddy("it gives its configuration without an Etag header"))?;
        let text = answer.text().await.map_err(|error| self.silent(&error))?;
        let value = serde_json::from_str(&text).map_err(|_| self.not_caddy("its configuration is not JSON"))?;
        Ok(Config { value, etag })
    }

    /// Has Caddy run this configuration. False when it has another one by now than that of the Etag.
    pub async fn replace(&self, config: &Value, etag: &str) -> Result<bool, CaddyError> {
        let request = self.client()?.post(self.url()).header(CONTENT_TYPE, "application/json").header(IF_MATCH, etag);
        let answer = request.body(config.to_string()).send().await.map_err(|error| self.silent(&error))?;
        match answer.status() {
            StatusCode::PRECONDITION_FAILED => Ok(false),
            StatusCode::BAD_REQUEST | StatusCode::INTERNAL_SERVER_ERROR => {
                Err(CaddyError::Refused { said: said(answer).await })
            }
            _ => self.good(answer).await.map(|_| true),
        }
    }

    fn url(&self) -> String {
        format!("http://{}/config/", self.admin)
    }

    fn client(&self) -> Result<&'static Client, CaddyError> {
        CLIENT.as_ref().map_err(|why| CaddyError::Silent { admin: self.admin.clone(), why: why.clone() })
    }

    async fn good(&self, answer: Response) -> Result<Response, CaddyError> {
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        Err(CaddyError::Answers { admin: self.admin.clone(), status, said: said(answer).await })
    }

    fn silent(&self, error: &reqwest::Error) -> CaddyError {
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        CaddyError::Silent { admin: self.admin.clone(), why: cause.to_string() }
    }

    fn not_caddy(&self, why: &str) -> CaddyError {
        CaddyError::NotCaddy { admin: self.admin.clone(), why: why.to_owned() }
    }
}

/// The sentence in `{"error":".."}`, or what there is.
async fn said(answer: Response) -> String {
    let text = answer.text().await.unwrap_or_default();
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let sentence = json.as_ref().and_then(|json| json.get("error")).and_then(Value::as_str);
    sentence.unwrap_or(text.trim()).chars().take(600).collect()
}
