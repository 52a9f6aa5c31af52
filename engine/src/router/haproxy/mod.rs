//! HAProxy over its runtime socket: its file is written once, and a weight is one entry of a map.
//!
//! | file | what |
//! |---|---|
//! | `settings` | names, ports and paths, checked |
//! | `render`, `seal` | our file in the folder that HAProxy is started with |
//! | `apply`, `file` | getting it into effect, and out again |
//! | `map` | the weight: on the disk, and in HAProxy's memory |
//! | `socket` | talking to HAProxy |
//! | `master` | its processes: the check of a configuration, the reload |
//! | `former` | workers that a reload has left to their last connections |
//! | `admin` | asking which slot a session gets |
//! | `watch` | comparing what is there with what was left |
//! | `error`, `drift` | in sentences |

mod admin;
mod apply;
mod drift;
mod error;
mod file;
mod former;
mod map;
mod master;
mod render;
mod seal;
mod settings;
mod socket;
mod watch;

pub use drift::HaproxyDrift;
pub use error::HaproxyError;

use super::{Drift, Route, Router, RouterError};
use admin::Admin;
use futures::FutureExt;
use futures::future::BoxFuture;
use map::Map;
use rollout::application::StickyBy;
use rollout::router::{Capabilities, Haproxy};
use rollout::slot::Split;
use settings::Settings;
use socket::Socket;
use std::sync::Arc;
use tokio::sync::Mutex;

/// One application's share of a HAProxy on this machine.
#[derive(Clone, Debug)]
pub struct HaproxyRouter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    socket: Socket,
    map: Map,
    admin: Admin,
    /// One change at a time.
    changing: Mutex<()>,
}

impl HaproxyRouter {
    /// # Errors
    /// When a name, port or path could mean something else to HAProxy than it says.
    pub fn new(
        application: &str,
        haproxy: &Haproxy,
        sticky_by: &StickyBy,
        admin_port: u16,
    ) -> Result<HaproxyRouter, RouterError> {
        let settings = Settings::new(application, haproxy, sticky_by, admin_port)?;
        let socket = Socket::new(&settings.socket);
        let map = Map::new(settings.map(), socket.clone());
        let admin = Admin::new(application, admin_port);
        Ok(HaproxyRouter { inner: Arc::new(Inner { settings, socket, map, admin, changing: Mutex::new(()) }) })
    }
}

impl Router for HaproxyRouter {
    fn capabilities(&self) -> Capabilities {
        Capabilities::HAPROXY
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
            // A change that is under way is no drift.
            let _changing = self.inner.changing.lock().await;
            self.inner.drift(routes, expected).await
        }
        .boxed()
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move { inner.forget().await })
    }
}

impl Inner {
    async fn adopt(&self, routes: &[Route], split: Split) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        let wanted = render::render(&self.settings, routes)?;
        let there = apply::ours(&self.settings).await?;
        let worker = self.socket.worker().await?;
        let master = master::of(&worker).await?;
        master.must_load(&self.settings)?;
        let answered = self.admin.generation().await;
        let former = self.map.on_disk().await?;
        let split = match &former {
            Some(text) => map::parse(text).ok_or_else(|| self.map.unreadable(text))?,
            // The disk has lost it, and HAProxy may know it still.
            None => self.map.in_memory().await.ok().flatten().and_then(|value| map::value(&value)).unwrap_or(split),
        };
        if former.is_none() {
            self.map.write(split).await?;
        }
        let confirmed = self.confirm(split);
        let done = if there.as_deref() == Some(&wanted.text) && answered.as_ref().is_ok_and(|it| *it == wanted.seal) {
            match confirmed.await {
                Ok(()) => self.settings.file().drop_previous().await,
                Err(why) => Err(why),
            }
        } else {
            apply::bring_in(&self.settings, &self.socket, &self.admin, &wanted, confirmed).await
        };
        // A map that was made for nothing must not decide where traffic goes when this is tried again, unless HAProxy
        // reads it by now.
        if done.is_err() && former.is_none() && (answered.is_ok() || self.admin.generation().await.is_err()) {
            self.map.restore(None).await?;
        }
        done
    }

    async fn current(&self) -> Result<Split, RouterError> {
        let mut value = self.map.in_memory().await?;
        loop {
            let text = value.clone().ok_or_else(|| self.map.not_served())?;
            let split = map::value(&text).ok_or_else(|| self.map.unreadable(&text))?;
            let confirmed = self.confirm(split).await;
            // Changed while HAProxy was being asked: ask about what it says now.
            let now = self.map.in_memory().await?;
            if now == value {
                return confirmed.map(|()| split);
            }
            value = now;
        }
    }

    /// The disk first: a change that a restart would not keep is none.
    async fn set(&self, split: Split) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        let not_set = |why, now: &str| RouterError::NotSet { wanted: split, why: Box::new(why), now: now.to_owned() };
        let untouched = "Nothing was changed";
        let (memory, disk) = match futures::try_join!(self.map.in_memory(), self.map.on_disk()) {
            Ok(former) => former,
            Err(why) => return Err(not_set(why, untouched)),
        };
        if let Err(why) = self.map.write(split).await {
            return Err(not_set(why, untouched));
        }
        let done = async {
            self.map.tell(split).await?;
            former::tell(&self.socket, &self.settings.map(), split).await;
            self.confirm(split).await
        };
        match done.await {
            Ok(()) => Ok(()),
            Err(why) => {
                let now = self.turn_back(memory.as_deref().and_then(map::value), disk).await;
                Err(not_set(why, &now))
            }
        }
    }

    /// After a change that HAProxy did not confirm. Says how it stands then.
    async fn turn_back(&self, memory: Option<Split>, disk: Option<String>) -> String {
        if let Err(error) = self.map.restore(disk).await {
            return format!("The file of the weight could not be put back: {error}");
        }
        let Some(split) = memory else { return String::from("HAProxy knew no weight before either") };
        let back = async {
            self.map.tell(split).await?;
            former::tell(&self.socket, &self.settings.map(), split).await;
            self.confirm(split).await
        };
        match back.await {
            Ok(()) => format!("Traffic is at {split} as before, by HAProxy's own answer"),
            Err(error) => format!("The weight was put back to {split}, but HAProxy does not confirm it: {error}"),
        }
    }

    async fn drift(&self, routes: &[Route], expected: Split) -> Result<Vec<Drift>, RouterError> {
        let wanted = render::render(&self.settings, routes)?;
        Ok(watch::drift(&self.settings, &self.socket, &self.map, &self.admin, &wanted, expected).await)
    }

    async fn forget(&self) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        apply::take_out(&self.settings, &self.socket, &self.admin).await?;
        self.map.restore(None).await
    }

    /// Has HAProxy confirm the split: by what it holds in memory, and by what it does.
    async fn confirm(&self, split: Split) -> Result<(), RouterError> {
        let seen = self.admin.seen_patiently(split).await?;
        if seen.agrees_with(split) {
            return Ok(());
        }
        Err(HaproxyError::Disagrees { wanted: split, seen }.into())
    }
}

/// Goes on when the caller does not: a change that is dropped half-way would leave an untested file to HAProxy.
fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, RouterError>> + Send + 'static,
) -> BoxFuture<'static, Result<T, RouterError>> {
    async move { tokio::spawn(work).await.unwrap_or(Err(RouterError::Interrupted)) }.boxed()
}
