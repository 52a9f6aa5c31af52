//! nginx by the dial: its file is written once, and a weight changes without a reload.
//!
//! | file | what |
//! |---|---|
//! | `settings` | names, ports and paths, checked |
//! | `render`, `lint` | our files in nginx's folder |
//! | `included` | where the user's own servers include them |
//! | `files`, `apply` | getting them onto the disk and into effect, and out again |
//! | `reloads` | turns at one nginx, shared by applications |
//! | `process`, `container` | nginx's processes, on this machine or in a container |
//! | `workers` | those of before a reload |
//! | `dial`, `folder` | where the weight lies on the disk |
//! | `door` | the testers' door, beside it |
//! | `admin` | asking nginx |
//! | `watch` | comparing what is there with what was left |

pub(super) mod admin;
mod apply;
mod container;
pub(super) mod dial;
mod door;
mod error;
mod files;
mod folder;
mod included;
mod lint;
mod process;
mod reloads;
pub(super) mod render;
pub(super) mod settings;
pub(super) mod watch;
mod workers;

pub use error::{NginxDrift, NginxError};

pub(super) use settings::check_routes;

use super::on_disk;
use super::{Drift, Route, Router, RouterError};
use crate::telemetry::router_log::open_connections;
use admin::Admin;
use dial::{Dial, Link};
use door::Doorway;
use futures::FutureExt;
use futures::future::BoxFuture;
use included::Missing;
use render::{Author, Found, HAS_MIN_TIMEOUT, Rendered, author};
use rollout::application::StickyBy;
use rollout::open::Open;
use rollout::router::{Capabilities, Door, Nginx, Servers};
use rollout::slot::{Slot, Split};
use settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;

/// One application's share of an nginx on this machine.
#[derive(Clone, Debug)]
pub struct NginxRouter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    dial: Dial,
    doorway: Doorway,
    admin: Admin,
    /// One change at a time.
    changing: Mutex<()>,
}

impl NginxRouter {
    /// # Errors
    /// When a name, port or path could mean something else to nginx than it says.
    pub fn new(
        application: &str,
        nginx: &Nginx,
        sticky_by: &StickyBy,
        admin_port: u16,
    ) -> Result<NginxRouter, RouterError> {
        let settings = Settings::new(application, nginx, sticky_by, admin_port)?;
        let dial = Dial::new(&settings.dial);
        let doorway = Doorway::new(&settings.dial);
        let admin = Admin::new(application, admin_port);
        Ok(NginxRouter { inner: Arc::new(Inner { settings, dial, doorway, admin, changing: Mutex::new(()) }) })
    }
}

impl Router for NginxRouter {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
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
        let Inner { settings, dial, admin, changing, .. } = &*self.inner;
        async move {
            // A change that is under way is no drift.
            let _changing = changing.lock().await;
            watch::drift(settings, dial, admin, routes, expected).await
        }
        .boxed()
    }

    fn concerns(&self) -> BoxFuture<'_, Vec<String>> {
        async { workers::concern(&self.inner.settings).await.into_iter().collect() }.boxed()
    }

    fn put_right<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<Vec<PathBuf>, RouterError>> {
        let (inner, routes) = (self.inner.clone(), routes.to_vec());
        to_the_end(async move { inner.put_right(&routes, split).await })
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move { inner.forget().await })
    }

    /// nginx does not say what is open to which upstream; the kernel of this machine does. Connections that lie idle are
    /// closed by nginx within 4 s.
    fn open<'a>(&'a self, routes: &'a [Route], slot: Slot) -> BoxFuture<'a, Result<Open, RouterError>> {
        let ports: Vec<u16> = routes.iter().map(|route| route.address(slot).port()).collect();
        blocking(move || Ok(open_connections(&ports).map_or(Open::Unknown, Open::Connections))).boxed()
    }

    fn origin<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<String, RouterError>> {
        let settings = &self.inner.settings;
        let listen = settings.listen_address();
        let origin = match (settings.servers, listen.rsplit_once(':').map_or("80", |(_, port)| port)) {
            // Where the user's own servers listen is not known; mostly they are there for TLS.
            (Servers::Include, _) => format!("https://{host}"),
            (Servers::Whole, "80") => format!("http://{host}"),
            (Servers::Whole, port) => format!("http://{host}:{port}"),
        };
        async move { Ok(origin) }.boxed()
    }

    fn door(&self) -> BoxFuture<'_, Result<Option<Door>, RouterError>> {
        let doorway = self.inner.doorway.clone();
        blocking(move || doorway.door()).boxed()
    }

    fn open_door<'a>(&'a self, door: &'a Door) -> BoxFuture<'a, Result<(), RouterError>> {
        let (inner, door) = (self.inner.clone(), door.clone());
        to_the_end(async move { inner.open_door(door).await })
    }

    fn close_door(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move {
            let _changing = inner.changing.lock().await;
            let doorway = inner.doorway.clone();
            blocking(move || doorway.close()).await
        })
    }
}

impl Inner {
    async fn adopt(&self, routes: &[Route], split: Split) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        for (path, _) in files::ours(&self.settings).await? {
            match on_disk::read(&path).await?.as_deref().map(author) {
                Some(Author::Somebody) => return Err(RouterError::NotOurs { path }),
                Some(Author::Edited) => return Err(RouterError::Edited { path }),
                Some(Author::Crossfade { .. }) | None => {}
            }
        }
        self.bring_about(routes, split).await
    }

    /// The dial first: nginx looks there whatever its files say. What somebody wrote into them is kept beside them.
    async fn put_right(&self, routes: &[Route], split: Split) -> Result<Vec<PathBuf>, RouterError> {
        let _changing = self.changing.lock().await;
        process::runs(&self.settings).await?;
        let dial = self.dial.clone();
        blocking(move || match dial.link()? == Link::To(split) && dial.is_whole(split)? {
            true => dial.prepare(),
            false => dial.turn(split),
        })
        .await?;
        let mut kept = Vec::new();
        for (file, _) in files::ours(&self.settings).await? {
            if let Some(text) = on_disk::read(&file).await?
                && matches!(author(&text), Author::Somebody | Author::Edited)
            {
                kept.push((files::keep_edited(&self.settings, &file, &text).await?, file, text));
            }
        }
        let done = self.bring_about(routes, split).await;
        for (copy, file, text) in &kept {
            // nginx did not take ours, and what somebody wrote is in its place again.
            if done.is_err() && on_disk::read(file).await?.as_ref() == Some(text) {
                on_disk::remove(copy).await?;
            }
        }
        done.map(|()| kept.into_iter().map(|(copy, ..)| copy).collect())
    }

    /// Writes the files, whoever wrote those that are there, and has nginx load them.
    async fn bring_about(&self, routes: &[Route], split: Split) -> Result<(), RouterError> {
        process::runs(&self.settings).await?;
        let mut found = Found { min_timeout: self.has_min_timeout().await, ..Found::default() };
        let mut missing = self.look_for_includes(routes, &mut found).await?;
        let rendered = self.rendered(routes, &found)?;
        let former = self.link().await?;
        let answered = self.admin.generation().await;
        let split = self.prepare_dial(split).await?;
        let mut done = self.bring_in(&answered, &rendered, split).await;
        if done.is_ok() && !missing.is_empty() {
            // The user's line may have been there before the file that it names, and nginx showed nothing. Now it does.
            let before = std::mem::replace(&mut missing, self.look_for_includes(routes, &mut found).await?);
            if missing != before {
                let answered = self.admin.generation().await;
                let rendered = self.rendered(routes, &found)?;
                done = self.bring_in(&answered, &rendered, split).await;
            }
        }
        // A dial that was made for nothing must not decide where traffic goes when this is tried again, unless
        // nginx looks at it by now.
        if done.is_err() && former == Link::Missing && (answered.is_ok() || self.admin.generation().await.is_err()) {
            let dial = self.dial.clone();
            if let Err(error) = blocking(move || dial.restore(&former)).await {
                tracing::warn!(%error, "a dial that was made for nothing could not be taken away");
            }
        }
        done?;
        // The rest is in effect, and waits for the user's lines: with them, nginx can be tested and reloaded by anybody.
        if missing.is_empty() { Ok(()) } else { Err(NginxError::NotIncluded(missing).into()) }
    }

    fn rendered(&self, routes: &[Route], found: &Found) -> Result<Rendered, RouterError> {
        let rendered = render::render(&self.settings, routes, found)?;
        lint::lint(&rendered.as_whole()).map_err(RouterError::Lint)?;
        Ok(rendered)
    }

    async fn has_min_timeout(&self) -> bool {
        process::version(&self.settings).await.is_some_and(|version| version >= HAS_MIN_TIMEOUT)
    }

    /// Where our snippets are included, by what nginx would read now; and what is missing for that.
    async fn look_for_includes(&self, routes: &[Route], found: &mut Found) -> Result<Vec<Missing>, RouterError> {
        if self.settings.servers == Servers::Whole {
            return Ok(Vec::new());
        }
        let tested = process::test(&self.settings).await?;
        // When nginx refuses, it shows no files. Why it does, it says when ours are in place.
        let servers = included::servers(&tested.files);
        let mut missing = Vec::new();
        for snippet in self.rendered(routes, found)?.snippets {
            match included::check(&servers, &snippet.path, &snippet.hosts) {
                Ok(by) => drop(found.included.insert(snippet.path, by)),
                Err(host) => missing.push(host),
            }
        }
        Ok(missing)
    }

    async fn bring_in(
        &self,
        answered: &Result<String, RouterError>,
        rendered: &Rendered,
        split: Split,
    ) -> Result<(), RouterError> {
        let verify = async {
            if !self.admin.sees_dial().await? {
                let fix = watch::fix(&self.settings, &self.dial).await;
                return Err(RouterError::DialHidden { folder: self.dial.folder().to_owned(), fix });
            }
            self.confirm(split).await
        };
        let loaded = answered.as_ref().is_ok_and(|generation| *generation == rendered.generation);
        if loaded && files::are_as(&self.settings, rendered).await? {
            verify.await?;
            return files::drop_previous(&self.settings).await;
        }
        apply::bring_in(&self.settings, &self.admin, rendered, verify).await
    }

    /// The dial before the file that looks at it. One that is there already is kept; the split that it says is given.
    async fn prepare_dial(&self, split: Split) -> Result<Split, RouterError> {
        let dial = self.dial.clone();
        blocking(move || match dial.link()? {
            Link::Missing => dial.turn(split).map(|()| split),
            Link::To(kept) if dial.is_whole(kept)? => dial.prepare().map(|()| kept),
            Link::To(kept) => Err(RouterError::Dial {
                path: dial.link_path(),
                why: format!(
                    "says {kept}, but its folder does not hold the files for it: run `crossfade application add` again"
                ),
            }),
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
            // Turned while nginx was being asked: ask about what it says now.
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
            dial.prepare()?;
            if former != Link::To(split) || !dial.is_whole(split)? {
                dial.turn(split)?;
            }
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

    /// After a change that nginx did not confirm. Says how it stands then.
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
            Ok(()) => format!("Traffic is at {split} as before, by nginx's own answer"),
            Err(error) => format!("The dial was turned back to {split}, but nginx does not confirm it: {error}"),
        }
    }

    async fn forget(&self) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        apply::take_out(&self.settings, &self.admin).await?;
        let (dial, doorway) = (self.dial.clone(), self.doorway.clone());
        blocking(move || doorway.remove().and_then(|()| dial.remove())).await
    }

    /// Open once nginx itself finds the key. Closed again when it does not.
    async fn open_door(&self, door: Door) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        let (dial, doorway, wanted) = (self.dial.clone(), self.doorway.clone(), door.clone());
        blocking(move || dial.prepare().and_then(|()| doorway.open(&wanted))).await?;
        let leads = self.admin.door(&door.key).await;
        let why = match leads {
            Ok(Some(slot)) if slot == door.slot => return Ok(()),
            Ok(_) => RouterError::DoorNotSeen { folder: self.dial.folder().join("door") },
            Err(error) => error,
        };
        let doorway = self.doorway.clone();
        blocking(move || doorway.close()).await?;
        Err(why)
    }

    async fn confirm(&self, split: Split) -> Result<(), RouterError> {
        watch::confirm(&self.settings, &self.dial, &self.admin, split).await
    }

    async fn link(&self) -> Result<Link, RouterError> {
        let dial = self.dial.clone();
        blocking(move || dial.link()).await
    }
}

fn elsewhere(dial: &Dial, target: &std::path::Path) -> RouterError {
    let why =
        format!("points at {}, which Crossfade did not make: run `crossfade application add` again", target.display());
    RouterError::Dial { path: dial.link_path(), why }
}

/// Goes on when the caller does not: a change that is dropped half-way would leave an untested file to nginx.
pub(super) fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, RouterError>> + Send + 'static,
) -> BoxFuture<'static, Result<T, RouterError>> {
    async move { tokio::spawn(work).await.unwrap_or(Err(RouterError::Interrupted)) }.boxed()
}

/// File operations, away from the threads that serve requests.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RouterError> + Send + 'static,
) -> Result<T, RouterError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RouterError::Interrupted))
}
