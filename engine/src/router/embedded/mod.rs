//! Crossfade's own proxy, told over its control socket. The proxy is the crate `proxy`, and a process of its own.

#[cfg(test)]
mod tests;

use super::{Drift, Route, Router, RouterError, boundary, drift::Seen, same_split};
use futures::FutureExt;
use futures::future::BoxFuture;
use proxy::caller::{CallError, Caller};
use proxy::wire;
use rollout::application::StickyBy;
use rollout::open::Open;
use rollout::router::{Capabilities, Door, Embedded};
use rollout::slot::{Slot, Split};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// One application at one proxy.
#[derive(Clone, Debug)]
pub struct EmbeddedRouter {
    application: String,
    sticky_by: StickyBy,
    /// Where the proxy sends a line for each request.
    log: SocketAddr,
    caller: Caller,
}

impl EmbeddedRouter {
    /// `log_port`: the UDP port of 127.0.0.1 that its log goes to.
    pub fn new(application: &str, embedded: &Embedded, sticky_by: &StickyBy, log_port: u16) -> EmbeddedRouter {
        EmbeddedRouter {
            application: application.to_owned(),
            sticky_by: sticky_by.clone(),
            log: SocketAddr::from((Ipv4Addr::LOCALHOST, log_port)),
            caller: Caller::new(Path::new(&embedded.control)),
        }
    }

    /// What the proxy is to serve.
    fn wanted(&self, routes: &[Route]) -> Result<wire::Application, RouterError> {
        let service = |route: &Route| wire::Service {
            name: route.service.clone(),
            hosts: route.hosts.clone(),
            blue: route.blue,
            green: route.green,
        };
        let application = wire::Application {
            name: self.application.clone(),
            sticky_by: self.sticky_by.clone(),
            services: routes.iter().map(service).collect(),
            log: Some(self.log),
        };
        if routes.is_empty() {
            return Err(RouterError::NoRoutes);
        }
        proxy::check(&application).map_err(RouterError::Unroutable)?;
        Ok(application)
    }

    /// How the proxy serves it. `None` when it does not.
    async fn served(&self) -> Result<Option<wire::Served>, CallError> {
        let ask = wire::Ask::State { application: Some(self.application.clone()) };
        Ok(self.caller.state(&ask).await?.applications.into_iter().next())
    }

    async fn adopt(&self, wanted: wire::Application, split: Split) -> Result<(), RouterError> {
        if self.served().await?.is_some_and(|served| served.application == wanted) {
            return Ok(());
        }
        self.caller.state(&wire::Ask::Adopt { application: wanted.clone(), split }).await?;
        match self.served().await? {
            Some(served) if served.application == wanted => Ok(()),
            _ => Err(self.not_served()),
        }
    }

    async fn current(&self) -> Result<Split, RouterError> {
        Ok(self.served().await?.ok_or_else(|| self.not_served())?.split)
    }

    async fn set(&self, split: Split) -> Result<(), RouterError> {
        let ask = wire::Ask::Set { application: self.application.clone(), split };
        let done = async {
            self.caller.state(&ask).await?;
            match self.current().await? {
                now if same_split(now, split) => Ok(()),
                now => Err(RouterError::NotTaken { wanted: split, now }),
            }
        };
        let Err(why) = done.await else { return Ok(()) };
        let now = match self.current().await {
            Ok(now) => format!("Traffic is at {now}, by the proxy's own answer"),
            Err(_) => String::from("How traffic is split now is not known"),
        };
        Err(RouterError::NotSet { wanted: split, why: Box::new(why), now })
    }

    async fn drift(&self, wanted: wire::Application, expected: Split) -> Vec<Drift> {
        let served = match self.served().await {
            Err(why) => return vec![Drift::ProxySilent { why: why.to_string() }],
            Ok(None) => return vec![Drift::NotServed],
            Ok(Some(served)) => served,
        };
        let mut drift = vec![];
        if served.application != wanted {
            drift.push(Drift::ServedOtherwise);
        }
        if !same_split(served.split, expected) {
            let asked = boundary(expected).into_iter();
            let seen = Seen(asked.map(|session| (session, served.split.slot_of(session))).collect());
            drift.push(Drift::Split { expected, seen });
        }
        drift
    }

    async fn forget(&self) -> Result<(), RouterError> {
        self.caller.state(&wire::Ask::Forget { application: self.application.clone() }).await?;
        Ok(())
    }

    async fn door(&self) -> Result<Option<Door>, RouterError> {
        Ok(self.served().await?.and_then(|served| served.door))
    }

    async fn set_door(&self, door: Option<Door>) -> Result<(), RouterError> {
        let ask = wire::Ask::Door { application: self.application.clone(), door: door.clone() };
        let state = self.caller.state(&ask).await?;
        match state.applications.first() {
            Some(served) if served.door == door => Ok(()),
            _ => Err(self.not_served()),
        }
    }

    /// Inside TLS where it listens for that; at the first of its ports.
    async fn origin(&self, host: &str) -> Result<String, RouterError> {
        let state = self.caller.state(&wire::Ask::State { application: Some(self.application.clone()) }).await?;
        let secure = state.listen_tls.first().map(|address| ("https", 443, address.port()));
        let plain = state.listen.first().map(|address| ("http", 80, address.port()));
        Ok(match secure.or(plain) {
            Some((scheme, usual, port)) if port == usual => format!("{scheme}://{host}"),
            Some((scheme, _, port)) => format!("{scheme}://{host}:{port}"),
            None => format!("http://{host}"),
        })
    }

    fn not_served(&self) -> RouterError {
        RouterError::NotServed { application: self.application.clone() }
    }
}

impl Router for EmbeddedRouter {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn adopt<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<(), RouterError>> {
        let wanted = self.wanted(routes);
        let router = self.clone();
        to_the_end(async move { router.adopt(wanted?, split).await })
    }

    fn current(&self) -> BoxFuture<'_, Result<Split, RouterError>> {
        self.current().boxed()
    }

    fn set(&self, split: Split) -> BoxFuture<'_, Result<(), RouterError>> {
        let router = self.clone();
        to_the_end(async move { router.set(split).await })
    }

    fn drift<'a>(&'a self, routes: &'a [Route], expected: Split) -> BoxFuture<'a, Result<Vec<Drift>, RouterError>> {
        async move { Ok(self.drift(self.wanted(routes)?, expected).await) }.boxed()
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let router = self.clone();
        to_the_end(async move { router.forget().await })
    }

    fn open<'a>(&'a self, _routes: &'a [Route], slot: Slot) -> BoxFuture<'a, Result<Open, RouterError>> {
        async move {
            let counts = self.served().await?.ok_or_else(|| self.not_served())?.counts(slot);
            Ok(Open::Each { requests: counts.open, websockets: counts.upgraded })
        }
        .boxed()
    }

    fn origin<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<String, RouterError>> {
        self.origin(host).boxed()
    }

    fn door(&self) -> BoxFuture<'_, Result<Option<Door>, RouterError>> {
        self.door().boxed()
    }

    fn open_door<'a>(&'a self, door: &'a Door) -> BoxFuture<'a, Result<(), RouterError>> {
        let (router, door) = (self.clone(), door.clone());
        to_the_end(async move { router.set_door(Some(door)).await })
    }

    fn close_door(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let router = self.clone();
        to_the_end(async move { if router.door().await?.is_some() { router.set_door(None).await } else { Ok(()) } })
    }
}

/// Goes on when the caller does not.
fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, RouterError>> + Send + 'static,
) -> BoxFuture<'static, Result<T, RouterError>> {
    async move { tokio::spawn(work).await.unwrap_or(Err(RouterError::Interrupted)) }.boxed()
}
