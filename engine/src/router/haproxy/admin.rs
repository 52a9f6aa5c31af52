//! Asking HAProxy itself: the loopback frontend in our file says what HAProxy does.

use super::super::boundary;
use super::super::drift::Seen;
use super::error::HaproxyError;
use futures::future::try_join_all;
use reqwest::Client;
use rollout::slot::{Slot, Split};
use std::sync::LazyLock;
use std::time::Duration;

/// One application's admin frontend. Every question goes over a new connection, so that it reaches the worker that
/// HAProxy has now, and not one that is on its way out.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    application: String,
    port: u16,
}

/// One for all: a client is costly to make, and this one keeps nothing between questions.
static CLIENT: LazyLock<Result<Client, String>> = LazyLock::new(|| {
    Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .connect_timeout(Duration::from_secs(1))
        .timeout(Duration::from_secs(2))
        .build()
        .map_err(|error| error.to_string())
});

impl Admin {
    pub fn new(application: &str, port: u16) -> Admin {
        Admin { application: application.to_owned(), port }
    }

    /// Which slot the session with this number gets.
    async fn slot(&self, session: u8) -> Result<Slot, HaproxyError> {
        let answer = self.ask(&format!("slot?b={session}")).await?;
        Slot::parse(&answer).ok_or_else(|| self.fails(format!("it gives session {session} to `{answer}`")))
    }

    /// Which slots the sessions get by which this split is told from all others.
    pub async fn seen(&self, split: Split) -> Result<Seen, HaproxyError> {
        let questions = boundary(split)
            .into_iter()
            .map(|session| async move { self.slot(session).await.map(|slot| (session, slot)) });
        Ok(Seen(try_join_all(questions).await?))
    }

    /// An answer is final; one that fails to come is asked for again.
    pub async fn seen_patiently(&self, split: Split) -> Result<Seen, HaproxyError> {
        for pause in [20, 100] {
            if let Ok(seen) = self.seen(split).await {
                return Ok(seen);
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self.seen(split).await
    }

    /// Which generation of our file runs.
    pub async fn generation(&self) -> Result<String, HaproxyError> {
        self.ask("generation").await
    }

    async fn ask(&self, what: &str) -> Result<String, HaproxyError> {
        let client = CLIENT.as_ref().map_err(|why| self.fails(why.clone()))?;
        let url = format!("http://127.0.0.1:{}/crossfade/{what}", self.port);
        let answer = client.get(url).send().await.map_err(|error| self.fails(root_cause(&error)))?;
        match answer.headers().get("x-crossfade-application").map(|value| value.as_bytes().to_owned()) {
            Some(name) if name == self.application.as_bytes() => {}
            Some(name) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                return Err(self.fails(format!("the application {name} answers there")));
            }
            None => return Err(self.fails(String::from("another program answers there"))),
        }
        if !answer.status().is_success() {
            return Err(self.fails(format!("it answers {}", answer.status())));
        }
        answer.text().await.map(|text| text.trim().to_owned()).map_err(|error| self.fails(root_cause(&error)))
    }

    fn fails(&self, why: String) -> HaproxyError {
        HaproxyError::NotAnswering { port: self.port, why }
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
