//! A load balancer of DigitalOcean, told through its API.
//!
//! It has no weights: it gives each of its droplets as much of the traffic as any other, so that the share of a slot is
//! that of its droplets. Only droplets are added and removed; rules, health check and all else stay as their owner set
//! them.
//!
//! | file | what |
//! |---|---|
//! | `pools` | which droplets are of which slot, and which of them give a split |
//! | `reading` | what is in the balancer, and what it means for the slots |
//! | `change` | moving traffic: added first, removed last, taken back when it fails |
//! | `probe` | is a droplet well? asked as the balancer asks |
//! | `left` | the settings as they were, so that changes are noticed |
//! | `look` | what should be known before a rollout |
//! | `drift`, `error` | what can be wrong, in sentences |

mod change;
mod drift;
mod error;
mod left;
mod look;
mod pools;
mod probe;
mod reading;

pub use drift::BalancerDrift;
pub use error::BalancerError;

use super::{Drift, Route, Router, RouterError, same_shares};
use crate::digitalocean::{Client, Pace};
use change::Tell;
use futures::FutureExt;
use futures::future::BoxFuture;
use left::Left;
use pools::Pools;
use reading::Reading;
use rollout::application::StickyBy;
use rollout::check::Check;
use rollout::clock::Millis;
use rollout::router::{Capabilities, DigitalOcean};
use rollout::slot::{Split, Weight};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as Brief, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc};

/// What was read is good for this many seconds: many who look at the page are few requests, of which an hour has 5,000.
const FRESH: u32 = 2;

/// One application at one load balancer.
#[derive(Clone, Debug)]
pub struct DigitalOceanRouter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    application: String,
    settings: DigitalOcean,
    client: Client,
    left: Left,
    /// Changes take their turns.
    changing: Mutex<()>,
    /// What was read last, and whether it still holds is told by its time.
    last: Brief<Option<(Instant, Reading)>>,
}

impl DigitalOceanRouter {
    /// # Errors
    /// When the address of the API cannot be used.
    pub fn new(application: &str, settings: &DigitalOcean) -> Result<DigitalOceanRouter, RouterError> {
        DigitalOceanRouter::with_pace(application, settings, Pace::default())
    }

    /// For tests, which are in a hurry.
    ///
    /// # Errors
    /// As [`DigitalOceanRouter::new`].
    pub fn with_pace(
        application: &str,
        settings: &DigitalOcean,
        pace: Pace,
    ) -> Result<DigitalOceanRouter, RouterError> {
        let client = Client::new(&settings.api, settings.token.clone()).map_err(BalancerError::from)?.with_pace(pace);
        let inner = Inner {
            application: application.to_owned(),
            settings: settings.clone(),
            client,
            left: Left::new(&settings.state, application),
            changing: Mutex::default(),
            last: Brief::default(),
        };
        Ok(DigitalOceanRouter { inner: Arc::new(inner) })
    }
}

impl Inner {
    fn id(&self) -> String {
        self.settings.load_balancer.clone()
    }

    /// What is so now, by the API's own word.
    async fn read(&self) -> Result<Reading, BalancerError> {
        let id = self.id();
        let (pools, balancer) =
            futures::join!(Pools::ask(&self.client, &self.settings), self.client.load_balancer(&id));
        let reading = Reading::new(balancer?, pools?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), reading.clone()));
        Ok(reading)
    }

    fn forget_reading(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn fresh(&self) -> Option<Reading> {
        let good_for = self.client.pace().second * FRESH;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < good_for).map(|(_, reading)| reading.clone())
    }

    async fn must_be_adopted(&self) -> Result<(), BalancerError> {
        match self.left.read(&self.id()).await? {
            Some(_) => Ok(()),
            None => Err(BalancerError::NotAdopted { id: self.id(), path: self.left.path().to_owned() }),
        }
    }

    async fn current(&self) -> Result<Split, BalancerError> {
        self.must_be_adopted().await?;
        match self.fresh() {
            Some(reading) => reading.split(),
            None => self.read().await?.split(),
        }
    }

    /// The balancer as it can be worked on: active, and with droplets by id.
    async fn ready(&self) -> Result<Reading, BalancerError> {
        let balancer = self.settled().await?;
        if let Some(tag) = balancer.by_tag() {
            return Err(BalancerError::ByTag { id: self.id(), tag: tag.to_owned() });
        }
        Ok(Reading::new(balancer, Pools::ask(&self.client, &self.settings).await?))
    }

    async fn adopt(&self, routes: &[Route], split: Split) -> Result<(), RouterError> {
        self.check_routes(routes)?;
        let _changing = self.changing.lock().await;
        self.forget_reading();
        let reading = self.ready().await?;
        let foreign = reading.foreign();
        if !foreign.is_empty() {
            return Err(BalancerError::Foreign { id: self.id(), droplets: foreign }.into());
        }
        let known = self.left.read(&self.id()).await?.is_some();
        if reading.present.is_empty() {
            self.fill(&reading, split).await?;
        } else if !known {
            self.move_to(&reading, split, &|_| {}).await?;
        }
        self.left.write(&self.settled().await?).await?;
        Ok(())
    }

    /// A balancer without droplets answers nobody: with those of a slot where nothing is yet, nothing gets worse, and its
    /// own checks keep requests from them until something is.
    async fn fill(&self, empty: &Reading, split: Split) -> Result<(), BalancerError> {
        if empty.balancer.forwarding_rules().is_empty() {
            return Err(BalancerError::NoRules { id: self.id() });
        }
        let droplets: Vec<u64> = empty.pools.for_split(split)?.into_iter().collect();
        self.client.add_droplets(&self.id(), &droplets).await?;
        self.settled().await.map(drop)
    }

    async fn set(&self, split: Split, tell: Tell<'_>) -> Result<(), RouterError> {
        let _changing = self.changing.lock().await;
        self.forget_reading();
        let ready = async {
            self.must_be_adopted().await?;
            self.ready().await
        };
        match ready.await {
            Ok(reading) => self.move_to(&reading, split, tell).await,
            Err(why) => Err(self.not_set(split, why, self.now().await)),
        }
    }

    async fn move_to(&self, before: &Reading, split: Split, tell: Tell<'_>) -> Result<(), RouterError> {
        let changed = self.change(before, split, tell).await;
        self.forget_reading();
        match changed {
            Ok(()) => Ok(()),
            // The slots' own droplets are where they should be.
            Err(why @ BalancerError::Foreign { .. }) => Err(self.not_set(split, why, self.now().await)),
            Err(why) => {
                let now = self.take_back(before).await;
                self.forget_reading();
                Err(self.not_set(split, why, now))
            }
        }
    }

    async fn now(&self) -> String {
        match self.read().await.and_then(|reading| reading.split()) {
            Ok(now) => format!("The traffic is at {now}"),
            Err(_) => "How traffic is split now is not known".to_owned(),
        }
    }

    fn not_set(&self, wanted: Split, why: BalancerError, now: String) -> RouterError {
        RouterError::NotSet { wanted, why: Box::new(why.into()), now }
    }

    async fn drift(&self, expected: Split) -> Result<Vec<BalancerDrift>, BalancerError> {
        let Some(kept) = self.left.read(&self.id()).await? else {
            return Ok(vec![BalancerDrift::NotAdopted { path: self.left.path().to_owned() }]);
        };
        let reading = match self.read().await {
            Ok(reading) => reading,
            Err(BalancerError::Api(error)) if error.is_not_found() => {
                return Ok(vec![BalancerDrift::Gone { id: self.id() }]);
            }
            Err(BalancerError::Api(error)) => return Ok(vec![BalancerDrift::Silent { why: error.to_string() }]),
            Err(error) => return Ok(vec![BalancerDrift::Pools { why: error.to_string() }]),
        };
        let mut drift = vec![];
        if reading.balancer.is_errored() {
            drift.push(BalancerDrift::Errored { id: self.id() });
        }
        let changed = left::changed(&kept, &reading.balancer);
        if !changed.is_empty() {
            drift.push(BalancerDrift::Settings { changed });
        }
        if let Some(tag) = reading.balancer.by_tag() {
            drift.push(BalancerDrift::ByTag { tag: tag.to_owned() });
            return Ok(drift);
        }
        let foreign = reading.foreign();
        if !foreign.is_empty() {
            drift.push(BalancerDrift::Foreign { droplets: foreign });
        }
        match reading.pools.for_split(expected) {
            Err(error) => drift.push(BalancerDrift::Pools { why: error.to_string() }),
            Ok(wanted) => {
                let ours = reading.ours();
                let less = |a: &BTreeSet<u64>, b: &BTreeSet<u64>| a.difference(b).copied().collect::<Vec<_>>();
                let (more, missing) = (less(&ours, &wanted), less(&wanted, &ours));
                if !more.is_empty() || !missing.is_empty() {
                    drift.push(BalancerDrift::Droplets { expected, more, missing });
                }
            }
        }
        Ok(drift)
    }

    async fn midway(&self, from: Split, to: Split) -> Result<bool, BalancerError> {
        if same_shares(from, to) {
            return Ok(false);
        }
        let reading = self.read().await?;
        let (from, to) = (reading.pools.for_split(from)?, reading.pools.for_split(to)?);
        Ok(reading.foreign().is_empty() && reading.is_between(&from, &to))
    }

    /// Hosts and addresses mean nothing to a balancer; what no router could route is refused all the same.
    fn check_routes(&self, routes: &[Route]) -> Result<(), RouterError> {
        if routes.is_empty() {
            return Err(RouterError::NoRoutes);
        }
        let service = |route: &Route| proxy::wire::Service {
            name: route.service.clone(),
            hosts: route.hosts.clone(),
            blue: route.blue,
            green: route.green,
        };
        let application = proxy::wire::Application {
            name: self.application.clone(),
            sticky_by: StickyBy::None,
            services: routes.iter().map(service).collect(),
            log: None,
        };
        proxy::check(&application).map_err(RouterError::Unroutable)
    }
}

impl Router for DigitalOceanRouter {
    fn capabilities(&self) -> Capabilities {
        let can = self.inner.settings.capabilities();
        // Once it was read, the balancer's own check says how long it takes.
        let last = self.inner.last.lock().unwrap_or_else(PoisonError::into_inner);
        let takes = last
            .as_ref()
            .map(|(_, reading)| probe::takes(&reading.balancer.health_check(), self.inner.client.pace().second) * 2);
        match takes {
            Some(takes) => Capabilities { takes: Millis(u64::try_from(takes.as_millis()).unwrap_or(u64::MAX)), ..can },
            None => can,
        }
    }

    fn adopt<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<(), RouterError>> {
        let (inner, routes) = (self.inner.clone(), routes.to_vec());
        to_the_end(async move { inner.adopt(&routes, split).await })
    }

    fn current(&self) -> BoxFuture<'_, Result<Split, RouterError>> {
        async move { Ok(self.inner.current().await?) }.boxed()
    }

    fn set(&self, split: Split) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move { inner.set(split, &|_| {}).await })
    }

    fn set_telling<'a>(
        &'a self,
        split: Split,
        tell: &'a (dyn Fn(String) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RouterError>> {
        // The work goes on when nobody listens any more.
        let (lines, mut heard) = mpsc::unbounded_channel();
        let inner = self.inner.clone();
        let work = to_the_end(async move { inner.set(split, &|line: String| drop(lines.send(line))).await });
        async move {
            let telling = async {
                while let Some(line) = heard.recv().await {
                    tell(line);
                }
            };
            futures::join!(work, telling).0
        }
        .boxed()
    }

    fn drift<'a>(&'a self, routes: &'a [Route], expected: Split) -> BoxFuture<'a, Result<Vec<Drift>, RouterError>> {
        async move {
            self.inner.check_routes(routes)?;
            Ok(self.inner.drift(expected).await?.into_iter().map(Drift::Balancer).collect())
        }
        .boxed()
    }

    /// An hour has 5,000 requests, and a look takes up to three.
    fn look_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(10))
    }

    fn midway(&self, from: Split, to: Split) -> BoxFuture<'_, Result<bool, RouterError>> {
        async move { Ok(self.inner.midway(from, to).await?) }.boxed()
    }

    fn fits<'a>(&'a self, stages: &'a [Weight]) -> BoxFuture<'a, Vec<Check>> {
        self.inner.fits(stages).boxed()
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move {
            let _changing = inner.changing.lock().await;
            // The balancer goes on as it is: it was there before, and serves.
            inner.forget_reading();
            Ok(inner.left.remove().await?)
        })
    }
}

/// Goes on when the caller does not.
fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, RouterError>> + Send + 'static,
) -> BoxFuture<'static, Result<T, RouterError>> {
    async move { tokio::spawn(work).await.unwrap_or(Err(RouterError::Interrupted)) }.boxed()
}
