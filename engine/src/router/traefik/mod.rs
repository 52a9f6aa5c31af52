//! Traefik by a file that it watches. Sessions have numbers here, too: each number is a service of its own, the cookie
//! names it, and the weight says to which slot it leads. So a session keeps its number when the weight changes.
//!
//! | file | what |
//! |---|---|
//! | `settings` | names and addresses, checked |
//! | `render` | our file in the folder that Traefik watches |
//! | `file` | reading and writing it |
//! | `api` | what Traefik says that it runs |
//! | `running` | comparing that with the file |
//! | `error`, `drift` | what can go wrong, and what can be otherwise |

mod api;
mod drift;
mod error;
mod file;
mod render;
mod running;
mod settings;

pub use drift::TraefikDrift;
pub use error::TraefikError;

use super::nginx::to_the_end;
use super::{Drift, Route, Router, RouterError, same_split};
use api::Api;
use file::Found;
use futures::FutureExt;
use futures::future::BoxFuture;
use render::{Rendered, render};
use rollout::application::StickyBy;
use rollout::router::{Capabilities, Traefik};
use rollout::slot::Split;
use settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long Traefik may take to run what lies in its folder. It takes in changes once in 2 s, by default.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(20);

/// One application's share of a Traefik.
#[derive(Clone, Debug)]
pub struct TraefikRouter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    api: Api,
    /// One change at a time.
    changing: Mutex<()>,
}

impl TraefikRouter {
    /// # Errors
    /// When a name, address or path cannot be used, or sessions are to stick by what Traefik cannot tell them by.
    pub fn new(application: &str, traefik: &Traefik, sticky_by: &StickyBy) -> Result<TraefikRouter, RouterError> {
        let settings = Settings::new(application, traefik, sticky_by)?;
        let api = Api::new(&settings.api);
        Ok(TraefikRouter { inner: Arc::new(Inner { settings, api, changing: Mutex::new(()) }) })
    }
}

impl Router for TraefikRouter {
    fn capabilities(&self) -> Capabilities {
        Capabilities::TRAEFIK
    }

    fn adopt<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<(), RouterError>> {
        let (inner, routes) = (self.inner.clone(), routes.to_vec());
        to_the_end(async move { inner.adopt(&routes, split).await })
    }

    fn current(&self) -> BoxFuture<'_, Result<Split, RouterError>> {
        async move { Ok(running::split(&self.inner.api.raw().await?, &self.inner.settings)?) }.boxed()
    }

    fn set(&self, split: Split) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move { inner.set(split).await })
    }

    fn drift<'a>(&'a self, routes: &'a [Route], expected: Split) -> BoxFuture<'a, Result<Vec<Drift>, RouterError>> {
        async move {
            let rendered = render(&self.inner.settings, routes, expected)?;
            // A change that is under way is no drift.
            let _changing = self.inner.changing.lock().await;
            Ok(drift::drift(&self.inner, routes, &rendered, expected).await)
        }
        .boxed()
    }

    fn put_right<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<Vec<PathBuf>, RouterError>> {
        let (inner, routes) = (self.inner.clone(), routes.to_vec());
        to_the_end(async move { inner.put_right(&routes, split).await })
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move { inner.forget().await })
    }
}

impl Inner {
    async fn adopt(&self, routes: &[Route], split: Split) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        render(&self.settings, routes, split)?;
        // Before anything is touched: is there a Traefik that can take it?
        let raw = self.api.raw().await?;
        let found = file::read(&self.settings).await?;
        // The weight that there is already is kept: the file's, or what runs where somebody edited the file.
        let kept = match &found {
            Found::Nothing => None,
            Found::Ours(ours) => Some(ours.split),
            Found::Edited { .. } => running::split(&raw, &self.settings).ok(),
            Found::Somebodys { .. } => return Err(RouterError::NotOurs { path: self.settings.file() }),
        };
        let rendered = render(&self.settings, routes, kept.unwrap_or(split))?;
        if found.text() == Some(rendered.text.as_str()) && running::difference(&raw, &rendered.body).is_none() {
            return Ok(());
        }
        self.replace(&rendered, &found).await.map(drop)
    }

    async fn put_right(&self, routes: &[Route], split: Split) -> Result<Vec<PathBuf>, RouterError> {
        let _changing = self.changing.lock().await;
        let rendered = render(&self.settings, routes, split)?;
        let raw = self.api.raw().await?;
        let found = file::read(&self.settings).await?;
        if found.text() == Some(rendered.text.as_str()) && running::difference(&raw, &rendered.body).is_none() {
            return Ok(vec![]);
        }
        self.replace(&rendered, &found).await
    }

    /// Brings the file in. What somebody wrote in its place is kept beside it; says where.
    async fn replace(&self, rendered: &Rendered, found: &Found) -> Result<Vec<PathBuf>, RouterError> {
        let mut kept = vec![];
        if let Found::Edited { text } | Found::Somebodys { text } = found {
            kept.push(file::keep(&self.settings, text).await?);
        }
        let done = self.bring_in(rendered, found).await;
        for copy in kept.iter().filter(|_| done.is_err()) {
            // It is in its place again.
            file::remove(copy).await?;
        }
        done.map(|()| kept)
    }

    /// Writes the file and waits until Traefik runs it; what was there before comes back when it does not.
    async fn bring_in(&self, rendered: &Rendered, former: &Found) -> Result<(), RouterError> {
        let file = self.settings.file();
        file::write(&self.settings, &file, &rendered.text).await?;
        let Err(why) = self.settle(rendered).await else { return Ok(()) };
        let back = match former.text() {
            Some(text) => file::write(&self.settings, &file, text).await,
            None => file::remove(&file).await,
        };
        let now = match back {
            Ok(()) => String::from("The file was taken back"),
            Err(error) => format!("The file could not be taken back: {error}"),
        };
        Err(RouterError::TakenBack { why: Box::new(why.into()), now })
    }

    /// Waits until Traefik runs this. It gives the new configuration to its entry points one after the other, so it is
    /// looked at a second time, a moment later.
    async fn settle(&self, rendered: &Rendered) -> Result<(), TraefikError> {
        let start = Instant::now();
        let mut before = false;
        loop {
            let difference = match self.api.raw().await {
                Ok(raw) => running::difference(&raw, &rendered.body),
                Err(error) => Some(error.to_string()),
            };
            match difference {
                None if before => return Ok(()),
                None => before = true,
                Some(seen) if start.elapsed() > PATIENCE => {
                    let (file, seconds) = (self.settings.file(), PATIENCE.as_secs());
                    return Err(TraefikError::NotInEffect { file, seconds, seen });
                }
                Some(_) => before = false,
            }
            sleep(PAUSE).await;
        }
    }

    async fn set(&self, split: Split) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        let not_set = |why, now: String| RouterError::NotSet { wanted: split, why: Box::new(why), now };
        let prepared = async {
            let raw = self.api.raw().await?;
            let found = file::read(&self.settings).await?;
            let path = self.settings.file();
            let ours = match &found {
                Found::Ours(ours) => ours,
                Found::Nothing => return Err(TraefikError::FileMissing { path }.into()),
                Found::Edited { .. } => return Err(TraefikError::FileEdited { path }.into()),
                Found::Somebodys { .. } => return Err(RouterError::NotOurs { path }),
            };
            let rendered = render(&self.settings, &ours.routes, split)?;
            Ok((raw, rendered, found))
        };
        let (raw, rendered, found) = match prepared.await {
            Ok(prepared) => prepared,
            Err(why) => return Err(not_set(why, String::from("Traefik's file was not touched"))),
        };
        if found.text() == Some(rendered.text.as_str()) && running::difference(&raw, &rendered.body).is_none() {
            return Ok(());
        }
        let Err(why) = self.bring_in(&rendered, &found).await else { return Ok(()) };
        let now = match self.api.raw().await.and_then(|raw| running::split(&raw, &self.settings)) {
            Ok(now) if !same_split(now, split) => format!("Traffic is at {now}, by Traefik's own answer"),
            Ok(now) => format!("Traefik still says that traffic is at {now}"),
            Err(_) => String::from("How traffic is split now is not known"),
        };
        Err(not_set(why, now))
    }

    async fn forget(&self) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        let found = file::read(&self.settings).await?;
        let path = self.settings.file();
        if matches!(found, Found::Somebodys { .. }) {
            return Err(RouterError::NotOurs { path });
        }
        file::remove(&path).await?;
        let start = Instant::now();
        loop {
            match self.api.raw().await {
                Ok(raw) if running::knows(&raw, &self.settings) => {}
                Ok(_) => return Ok(()),
                // It does not run, and will not find the file when it does.
                Err(TraefikError::Silent { .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            if start.elapsed() > PATIENCE {
                let seen = String::from("it still serves this application");
                let why = TraefikError::NotInEffect { file: path.clone(), seconds: PATIENCE.as_secs(), seen };
                let Some(text) = found.text() else { return Err(why.into()) };
                let now = match file::write(&self.settings, &path, text).await {
                    Ok(()) => String::from("The file was put back"),
                    Err(error) => format!("The file could not be put back: {error}"),
                };
                return Err(RouterError::TakenBack { why: Box::new(why.into()), now });
            }
            sleep(PAUSE).await;
        }
    }
}
