//! What splits the traffic between the two slots, and how it is told.
//!
//! | file | what |
//! |---|---|
//! | `split` | when two splits are the same, and which sessions tell them apart |
//! | `door` | keys for the testers' door |
//! | `drift` | how a router can differ from how it was left |
//! | `error` | what can go wrong, in sentences |
//! | `on_disk` | files of ours, whole or not at all |
//! | `nginx` | nginx by the dial: weights change without a reload |
//! | `dns` | shares by the records of names |
//! | `haproxy` | HAProxy over its runtime socket |
//! | `embedded` | Crossfade's own proxy, a process of its own |
//! | `digitalocean` | a load balancer of DigitalOcean, through its API |
//! | `caddy` | Caddy by its admin API, and the same dial as nginx |
//! | `traefik` | Traefik by a file that it watches |

mod caddy;
mod digitalocean;
mod dns;
pub(crate) mod door;
mod drift;
mod embedded;
mod error;
mod haproxy;
mod nginx;
mod on_disk;
mod split;
mod traefik;

pub use caddy::CaddyRouter;
pub use digitalocean::{BalancerDrift, BalancerError, DigitalOceanRouter};
pub use dns::{DnsDrift, DnsError, DnsRouter};
pub use drift::Drift;
pub use embedded::EmbeddedRouter;
pub use error::RouterError;
pub use haproxy::{HaproxyDrift, HaproxyError, HaproxyRouter};
pub use nginx::{NginxDrift, NginxError, NginxRouter};
pub use split::{boundary, same_shares, same_split};
pub use traefik::TraefikRouter;

use futures::FutureExt;
use futures::future::BoxFuture;
use rollout::application::Application;
use rollout::check::Check;
use rollout::open::Open;
use rollout::router::{Capabilities, Door, RouterKind};
use rollout::slot::{Slot, Split, Weight};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One routed service: its host names, and its address in each slot, given once and kept for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub service: String,
    /// A host that several routes name belongs to the first of them.
    pub hosts: Vec<String>,
    pub blue: SocketAddr,
    pub green: SocketAddr,
}

impl Route {
    pub fn address(&self, slot: Slot) -> SocketAddr {
        match slot {
            Slot::Blue => self.blue,
            Slot::Green => self.green,
        }
    }
}

/// What splits the traffic of one application.
///
/// Work that has begun is finished even when its future is dropped: no half-changed router stays behind.
pub trait Router: Send + Sync {
    /// What it can do. Nothing is asked of it that it cannot.
    fn capabilities(&self) -> Capabilities;

    /// Writes the router's own file for this application and sees that it is in effect. When all is as wanted,
    /// nothing is touched. `split` is where traffic goes from the first moment; a dial that is there already is kept.
    ///
    /// # Errors
    /// The router is then as it was before, as far as can be known; the error says so where it cannot.
    fn adopt<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<(), RouterError>>;

    /// How traffic is split right now, by the router's own word. Compare with [`same_split`].
    ///
    /// # Errors
    /// When the router does not answer, or answers something else than it was told.
    fn current(&self) -> BoxFuture<'_, Result<Split, RouterError>>;

    /// Changes the split, and returns once the router itself has confirmed it.
    ///
    /// # Errors
    /// The split is then as it was before, as far as can be known; the error says what is known.
    fn set(&self, split: Split) -> BoxFuture<'_, Result<(), RouterError>>;

    /// As [`Router::set`], for whoever watches: `tell` hears how far it is, where it takes long. Dropping the future ends the
    /// wait, and not the change.
    ///
    /// # Errors
    /// As [`Router::set`].
    fn set_telling<'a>(
        &'a self,
        split: Split,
        tell: &'a (dyn Fn(String) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RouterError>> {
        let _ = tell;
        self.set(split)
    }

    /// How the router differs from how it was left. Empty when it does not.
    ///
    /// # Errors
    /// Only when the question itself makes no sense: the routes cannot be rendered.
    fn drift<'a>(&'a self, routes: &'a [Route], expected: Split) -> BoxFuture<'a, Result<Vec<Drift>, RouterError>>;

    /// What is in order now and will not stay so, in sentences for a person. It stops nobody.
    fn concerns(&self) -> BoxFuture<'_, Vec<String>> {
        async { Vec::new() }.boxed()
    }

    /// Between two looks for drift. A router behind an interface that counts its calls says how seldom it may be asked;
    /// `None` is for every other: as often as it takes to notice drift within 10 s.
    fn look_every(&self) -> Option<Duration> {
        None
    }

    /// Brings the router back to how it was left, whatever was done to it. What somebody wrote is kept, and the answer says
    /// where.
    ///
    /// By default it sets, adopts and sets again, as adding the application does. A router must override this when its `adopt`
    /// refuses what was edited by hand, or would lose something that a person wrote.
    ///
    /// # Errors
    /// The router is then as it was before, as far as can be known; the error says so where it cannot.
    fn put_right<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<Vec<PathBuf>, RouterError>> {
        Box::pin(async move {
            // What keeps the weight may be out of order, and adopting wants it whole. Where nothing is adopted, nothing is set.
            let _ = self.set(split).await;
            self.adopt(routes, split).await?;
            self.set(split).await?;
            Ok(vec![])
        })
    }

    /// Whether it was left on its way from one split to another, by a change that was interrupted: [`Router::set`] goes on
    /// with it. Never, where a change is one act.
    ///
    /// # Errors
    /// When the router does not answer.
    fn midway(&self, from: Split, to: Split) -> BoxFuture<'_, Result<bool, RouterError>> {
        let _ = (from, to);
        futures::future::ready(Ok(false)).boxed()
    }

    /// What should be known before a rollout with these stages, where only the router itself can tell. A failure is a stage
    /// that is not possible.
    fn fits<'a>(&'a self, stages: &'a [Weight]) -> BoxFuture<'a, Vec<Check>> {
        let _ = stages;
        futures::future::ready(vec![]).boxed()
    }

    /// Takes away what [`Router::adopt`] put there. Fine when it is gone already.
    ///
    /// # Errors
    /// What was there is then put back, as far as can be known.
    fn forget(&self) -> BoxFuture<'_, Result<(), RouterError>>;

    /// What is open on a slot right now, of whatever was sent there before.
    ///
    /// # Errors
    /// When the router does not tell.
    fn open<'a>(&'a self, _routes: &'a [Route], _slot: Slot) -> BoxFuture<'a, Result<Open, RouterError>> {
        async { Ok(Open::Unknown) }.boxed()
    }

    /// Where browsers reach this host, as far as the router knows: `http://shop.example:8080`.
    ///
    /// # Errors
    /// When the router does not answer.
    fn origin<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<String, RouterError>> {
        async move { Ok(format!("http://{host}")) }.boxed()
    }

    /// The testers' door, if it stands open.
    ///
    /// # Errors
    /// When the router does not tell.
    fn door(&self) -> BoxFuture<'_, Result<Option<Door>, RouterError>> {
        async { Ok(None) }.boxed()
    }

    /// Opens the testers' door, with this key alone, and returns once the router itself lets it through.
    ///
    /// # Errors
    /// The door is then closed, as far as can be known. A router that has none says so.
    fn open_door<'a>(&'a self, _door: &'a Door) -> BoxFuture<'a, Result<(), RouterError>> {
        async { Err(RouterError::NoDoor) }.boxed()
    }

    /// Closes it. Fine when it is closed, or there is none.
    ///
    /// # Errors
    /// It may then stand open.
    fn close_door(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        async { Ok(()) }.boxed()
    }
}

/// Where the router of this application sends its log: the UDP port of the same number as its admin port.
pub fn log_port(application: &Application, admin_port: u16) -> u16 {
    match &application.traffic.router {
        RouterKind::Nginx(nginx) => nginx.admin_port.unwrap_or(admin_port),
        RouterKind::Haproxy(haproxy) => haproxy.admin_port.unwrap_or(admin_port),
        RouterKind::Embedded(_)
        | RouterKind::DigitalOcean(_)
        | RouterKind::Dns(_)
        | RouterKind::Caddy(_)
        | RouterKind::Traefik(_) => admin_port,
    }
}

/// The router that the application's file names. `admin_port` is a loopback port that was allocated to this
/// application for good; it is used when the file names none.
///
/// # Errors
/// When a name, path or port in the file cannot be used.
pub fn choose(application: &Application, admin_port: u16) -> Result<Arc<dyn Router>, RouterError> {
    match &application.traffic.router {
        RouterKind::Nginx(nginx) => {
            let port = nginx.admin_port.unwrap_or(admin_port);
            Ok(Arc::new(NginxRouter::new(&application.name, nginx, &application.traffic.sticky_by, port)?))
        }
        RouterKind::Haproxy(haproxy) => {
            let port = haproxy.admin_port.unwrap_or(admin_port);
            Ok(Arc::new(HaproxyRouter::new(&application.name, haproxy, &application.traffic.sticky_by, port)?))
        }
        RouterKind::Embedded(embedded) => {
            Ok(Arc::new(EmbeddedRouter::new(&application.name, embedded, &application.traffic.sticky_by, admin_port)))
        }
        RouterKind::DigitalOcean(balancer) => Ok(Arc::new(DigitalOceanRouter::new(&application.name, balancer)?)),
        RouterKind::Dns(dns) => Ok(Arc::new(DnsRouter::new(&application.name, dns, admin_port)?)),
        RouterKind::Caddy(caddy) => {
            Ok(Arc::new(CaddyRouter::new(&application.name, caddy, &application.traffic.sticky_by, admin_port)?))
        }
        RouterKind::Traefik(traefik) => {
            Ok(Arc::new(TraefikRouter::new(&application.name, traefik, &application.traffic.sticky_by)?))
        }
    }
}
