//! Asking nginx itself: the loopback server in our file says what nginx does.

use super::super::RouterError;
use super::super::boundary;
use super::super::drift::Seen;
use futures::future::try_join_all;
use reqwest::Client;
use rollout::router::{DOOR_HEADER, DoorKey};
use rollout::slot::{Slot, Split};
use std::sync::LazyLock;
use std::time::Duration;

/// One application's admin server. Every question goes over a new connection, so that it reaches the workers that
/// nginx has now, and not one that is on its way out.
#[derive(Clone, Debug)]
pub(in crate::router) struct Admin {
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
    pub async fn slot(&self, session: u8) -> Result<Slot, RouterError> {
        let answer = self.ask(&format!("slot?b={session}")).await?;
        Slot::parse(&answer).ok_or_else(|| self.fails(format!("it gives session {session} to `{answer}`")))
    }

    /// Which slots the sessions get by which this split is told from all others.
    pub async fn seen(&self, split: Split) -> Result<Seen, RouterError> {
        let questions = boundary(split)
            .into_iter()
            .map(|session| async move { self.slot(session).await.map(|slot| (session, slot)) });
        Ok(Seen(try_join_all(questions).await?))
    }

    /// Which generation of our file runs.
    pub async fn generation(&self) -> Result<String, RouterError> {
        self.ask("generation").await
    }

    /// Can nginx look into the dial's folder?
    pub async fn sees_dial(&self) -> Result<bool, RouterError> {
        Ok(self.ask("readable").await? == "yes")
    }

    /// Where the testers' door leads with this key; nowhere when nginx does not find it.
    pub async fn door(&self, key: &DoorKey) -> Result<Option<Slot>, RouterError> {
        Ok(Slot::parse(&self.show("door", key.as_str()).await?))
    }

    async fn ask(&self, what: &str) -> Result<String, RouterError> {
        self.show(what, "").await
    }

    /// Asks with this key in hand, or none.
    async fn show(&self, what: &str, key: &str) -> Result<String, RouterError> {
        let client = CLIENT.as_ref().map_err(|why| self.fails(why.clone()))?;
        let url = format!("http://127.0.0.1:{}/crossfade/{what}", self.port);
        let answer =
            client.get(url).header(DOOR_HEADER, key).send().await.map_err(|error| self.fails(root_cause(&error)))?;
        let application = answer.headers().get("x-crossfade-application").map(|value| value.as_bytes().to_owned());
        match application {
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

    fn fails(&self, why: String) -> RouterError {
        RouterError::NotAnswering { port: self.port, why }
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
