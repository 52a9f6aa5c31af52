//! Caddy by its admin API. Our part of its configuration is put in once, and looks at the dial for every request, as
//! nginx's file does: a weight changes without a reload.
//!
//! | file | what |
//! |---|---|
//! | `settings` | names and addresses, checked |
//! | `render` | our part of the configuration |
//! | `place` | getting it into a configuration, and out again |
//! | `api` | Caddy's admin API |
//! | `error`, `drift` | what can go wrong, and what can be otherwise |

mod api;
mod drift;
mod error;
mod place;
mod render;
mod settings;

pub use drift::CaddyDrift;
pub use error::CaddyError;

use super::nginx::admin::Admin;
use super::nginx::dial::{Dial, Link};
use super::nginx::watch::fix_for;
use super::nginx::{blocking, to_the_end};
use super::{Drift, Route, Router, RouterError};
use api::Api;
use futures::FutureExt;
use futures::future::BoxFuture;
use render::Rendered;
use rollout::application::StickyBy;
use rollout::router::{Caddy, Capabilities};
use rollout::slot::Split;
use serde_json::Value;
use settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long Caddy may take to serve a configuration that it has accepted.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);
/// For a moment after a change the former configuration may still answer: so often must the new one, without a break.
const ALONE_ANSWERS: u32 = 5;

/// One application's share of a Caddy on this machine.
#[derive(Clone, Debug)]
pub struct CaddyRouter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    dial: Dial,
    api: Api,
    /// Asks the server of ours that says what Caddy does.
    probe: Admin,
    /// One change at a time.
    changing: Mutex<()>,
}

impl CaddyRouter {
    /// `probe_port`: the port of 127.0.0.1 on which Caddy tells which slot a session gets.
    ///
    /// # Errors
    /// When a name, address or path cannot be used, or sessions are to stick by what Caddy cannot tell them by.
    pub fn new(
        application: &str,
        caddy: &Caddy,
        sticky_by: &StickyBy,
        probe_port: u16,
    ) -> Result<CaddyRouter, RouterError> {
        let settings = Settings::new(application, caddy, sticky_by, probe_port)?;
        let dial = Dial::new(&settings.dial);
        let api = Api::new(&settings.admin);
        let probe = Admin::new(application, probe_port);
        Ok(CaddyRouter { inner: Arc::new(Inner { settings, dial, api, probe, changing: Mutex::new(()) }) })
    }
}

impl Router for CaddyRouter {
    fn capabilities(&self) -> Capabilities {
        Capabilities::CADDY
    }

    fn adopt<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<(), RouterError>> {
        let (inner, routes) = (self.inner.clone(), routes.to_vec());
        to_the_end(async move { inner.adopt(&routes, split).await })
    }

    fn current(&self) -> BoxFuture<'_, Result<Split, RouterError>> {
        self.inner.current().boxed()
    }

    fn set(&self, split: Split) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move { inner.set(split).await })
    }

    fn drift<'a>(&'a self, routes: &'a [Route], expected: Split) -> BoxFuture<'a, Result<Vec<Drift>, RouterError>> {
        async move {
            let rendered = render::render(&self.inner.settings, routes)?;
            // A change that is under way is no drift.
            let _changing = self.inner.changing.lock().await;
            Ok(drift::drift(&self.inner, &rendered, expected).await)
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
        let rendered = render::render(&self.settings, routes)?;
        // Before anything is touched: is there a Caddy that can take it?
        let mut config = self.api.config().await?.value;
        let known = place::is_there(&config, &self.settings);
        place::put_in(&mut config, &self.settings, &rendered)?;
        let former = self.link().await?;
        let split = self.prepare_dial(split).await?;
        let done = self.bring_in(&rendered, split).await;
        // A dial that was made for nothing must not decide where traffic goes when this is tried again.
        if done.is_err() && former == Link::Missing && !known {
            let dial = self.dial.clone();
            if let Err(error) = blocking(move || dial.restore(&former)).await {
                tracing::warn!(%error, "a dial that was made for nothing could not be taken away");
            }
        }
        done
    }

    async fn bring_in(&self, rendered: &Rendered, split: Split) -> Result<(), RouterError> {
        let former = self.change(|config| place::put_in(config, &self.settings, rendered)).await?;
        let done = async {
            self.settle(&rendered.generation).await?;
            self.confirm(split).await
        };
        let Err(why) = done.await else { return Ok(()) };
        let Some(former) = former else { return Err(why) };
        let back = self.change(|config| {
            place::put_back(config, &former, &self.settings);
            Ok(())
        });
        let now = match back.await {
            Ok(_) => String::from("Crossfade's part was taken back out of Caddy's configuration"),
            Err(error) => format!("Crossfade's part could not be taken back out of Caddy's configuration: {error}"),
        };
        Err(RouterError::TakenBack { why: Box::new(why), now })
    }

    /// Changes Caddy's configuration, and nothing that somebody else has changed meanwhile. Gives the former one, or
    /// `None` when there was nothing to change.
    async fn change(&self, edit: impl Fn(&mut Value) -> Result<(), CaddyError>) -> Result<Option<Value>, RouterError> {
        for _ in 0..5 {
            let former = self.api.config().await?;
            let mut wanted = former.value.clone();
            edit(&mut wanted)?;
            if wanted == former.value {
                return Ok(None);
            }
            if self.api.replace(&wanted, &former.etag).await? {
                return Ok(Some(former.value));
            }
        }
        Err(CaddyError::Busy { admin: self.settings.admin.clone() }.into())
    }

    /// Waits until Caddy serves this generation of our part, and no other.
    async fn settle(&self, wanted: &str) -> Result<(), RouterError> {
        let start = Instant::now();
        let mut alone = 0;
        loop {
            let answer = self.probe.generation().await;
            alone = if answer.as_ref().is_ok_and(|generation| generation == wanted) { alone + 1 } else { 0 };
            if alone == ALONE_ANSWERS {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                let seen = match answer {
                    Ok(generation) => format!("generation {generation} answers"),
                    Err(error) => self.silent(error).to_string(),
                };
                return Err(CaddyError::NotInEffect { seconds: PATIENCE.as_secs(), seen }.into());
            }
            sleep(PAUSE).await;
        }
    }

    /// The dial before the configuration that looks at it. One that is there already is kept; the split that it says
    /// is given.
    async fn prepare_dial(&self, split: Split) -> Result<Split, RouterError> {
        let dial = self.dial.clone();
        blocking(move || match dial.link()? {
            Link::Missing => dial.turn(split).map(|()| split),
            Link::To(kept) => dial.turn(kept).map(|()| kept),
            Link::Elsewhere(target) => Err(elsewhere(&dial, &target)),
        })
        .await
    }

    async fn current(&self) -> Result<Split, RouterError> {
        let mut link = self.link().await?;
        loop {
            let Some(split) = link.split() else {
                return Err(elsewhere(&self.dial, &link.target().unwrap_or_default()));
            };
            let confirmed = self.confirm(split).await;
            // Turned while Caddy was being asked: ask about what it says now.
            let now = self.link().await?;
            if now == link {
                return confirmed.map(|()| split);
            }
            link = now;
        }
    }

    async fn set(&self, split: Split) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        let not_set = |why, now: String| RouterError::NotSet { wanted: split, why: Box::new(why), now };
        let dial = self.dial.clone();
        let turned = blocking(move || {
            let former = dial.link()?;
            dial.turn(split)?;
            Ok(former)
        });
        let former = match turned.await {
            Ok(former) => former,
            Err(why) => return Err(not_set(why, String::from("The dial was not touched"))),
        };
        match self.confirm(split).await {
            Ok(()) => Ok(()),
            Err(why) => Err(not_set(why, self.turn_back(former).await)),
        }
    }

    /// After a change that Caddy did not confirm. Says how it stands then.
    async fn turn_back(&self, former: Link) -> String {
        let dial = self.dial.clone();
        let split = former.split();
        if let Err(error) = blocking(move || dial.restore(&former)).await {
            return format!("The dial could not be turned back: {error}");
        }
        let Some(split) = split else {
            return String::from("The dial points where it pointed before");
        };
        match self.confirm(split).await {
            Ok(()) => format!("Traffic is at {split} as before, by Caddy's own answer"),
            Err(error) => format!("The dial was turned back to {split}, but Caddy does not confirm it: {error}"),
        }
    }

    /// A route that somebody changed is kept beside the dial.
    async fn put_right(&self, routes: &[Route], split: Split) -> Result<Vec<PathBuf>, RouterError> {
        let rendered = render::render(&self.settings, routes)?;
        let config = self.api.config().await?.value;
        let mut kept = vec![];
        if let Some(route) = place::find(&config, &self.settings).filter(|route| **route != rendered.route) {
            let now = crate::clock::now().utc().replace([' ', ':'], "-");
            let name = format!("{}.route.edited-{now}.json", self.settings.application);
            let copy = self.dial.folder().with_file_name(name);
            tokio::fs::write(&copy, format!("{route:#}\n")).await.map_err(RouterError::io("write", &copy))?;
            kept.push(copy);
        }
        // The dial may be out of order, and adopting keeps what it says. Where Caddy does not answer yet, it stays as it was.
        let _ = self.set(split).await;
        self.adopt(routes, split).await?;
        self.set(split).await?;
        Ok(kept)
    }

    async fn forget(&self) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        let taken_out = self.change(|config| {
            place::take_out(config, &self.settings);
            Ok(())
        });
        if taken_out.await?.is_some() {
            let start = Instant::now();
            while let Ok(generation) = self.probe.generation().await {
                if start.elapsed() > PATIENCE {
                    let seen = format!("generation {generation} still answers");
                    return Err(CaddyError::NotInEffect { seconds: PATIENCE.as_secs(), seen }.into());
                }
                sleep(PAUSE).await;
            }
        }
        let dial = self.dial.clone();
        blocking(move || dial.remove()).await
    }

    /// Has Caddy confirm the split. A wrong answer is final; one that fails to come is asked for again.
    async fn confirm(&self, split: Split) -> Result<(), RouterError> {
        let mut seen = self.probe.seen(split).await;
        for pause in [20, 100] {
            if seen.is_ok() {
                break;
            }
            sleep(Duration::from_millis(pause)).await;
            seen = self.probe.seen(split).await;
        }
        let seen = seen.map_err(|error| self.silent(error))?;
        if seen.agrees_with(split) {
            return Ok(());
        }
        if !self.probe.sees_dial().await.map_err(|error| self.silent(error))? {
            let (folder, fix) = (self.dial.folder().to_owned(), self.fix());
            return Err(CaddyError::DialHidden { folder, fix }.into());
        }
        Err(CaddyError::Disagrees { dial: split, seen }.into())
    }

    /// What to do so that Caddy sees the dial.
    fn fix(&self) -> String {
        fix_for("Caddy's user", "Caddy", &self.dial)
    }

    fn silent(&self, error: RouterError) -> CaddyError {
        let why = match error {
            RouterError::NotAnswering { why, .. } => why,
            other => other.to_string(),
        };
        CaddyError::NotAnswering { port: self.settings.probe_port, why }
    }

    async fn link(&self) -> Result<Link, RouterError> {
        let dial = self.dial.clone();
        blocking(move || dial.link()).await
    }
}

fn elsewhere(dial: &Dial, target: &std::path::Path) -> RouterError {
    let why = format!(
        "points at {}, which Crossfade did not make: `crossfade application put-right` mends it",
        target.display()
    );
    RouterError::Dial { path: dial.link_path(), why }
}
