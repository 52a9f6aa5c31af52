//! Shares by the records of names: some addresses of each slot in one set, and every client takes one of them.
//!
//! | file | what |
//! |---|---|
//! | `records` | what names hold, and what they hold for a split |
//! | `servers` | the zone's name servers, and what each answers |
//! | `update` | a change, told to the primary one |
//! | `change` | a change from its beginning until every name server has it |
//! | `settle` | the wait for those who keep the former records |
//! | `memory` | since when the records are as they are |
//! | `checks` | what a rollout needs of the records |
//! | `fronts` | the proxies at the slots' addresses |
//! | `drift`, `error` | how they can differ from how they were left, and what can go wrong |
//!
//! A share is never exact: whole networks of clients hang on one resolver, and some keep records longer than they may.

mod change;
mod checks;
mod drift;
mod error;
mod fronts;
mod memory;
mod records;
mod servers;
mod settle;
mod update;

pub use drift::DnsDrift;
pub use error::DnsError;

use super::{Drift, Route, Router, RouterError, same_shares};
use fronts::FrontDoors;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use memory::File;
use records::{Held, Layout};
use rollout::check::Check;
use rollout::clock::Timestamp;
use rollout::router::{Capabilities, Dns, Provider, Update};
use rollout::slot::{Split, Weight};
use servers::Server;
use settle::{Tell, settle};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long the other name servers of the zone may take to get a change from the primary.
const PROPAGATION: Duration = Duration::from_secs(60);
/// How long a look waits for one of the others. A page is not kept waiting for a name server that is down.
const QUICK: Duration = Duration::from_secs(1);

/// The names of one application.
#[derive(Clone)]
pub struct DnsRouter {
    inner: Arc<Inner>,
}

struct Inner {
    application: String,
    update: Update,
    capabilities: Capabilities,
    layout: Layout,
    primary: Server,
    /// All of the zone, when they are listed.
    listed: Vec<Server>,
    resolvers: Vec<Server>,
    fronts: Option<FrontDoors>,
    memory: File,
    propagation: Duration,
    /// Changes take their turns, and whoever is about to wait long gives way to the next.
    turn: Mutex<()>,
    asked: AtomicU64,
}

impl DnsRouter {
    /// `log_port`: where the proxies at the slots' addresses send their log, if they are ours.
    ///
    /// # Errors
    /// When a name or address cannot be used.
    pub fn new(application: &str, dns: &Dns, log_port: u16) -> Result<DnsRouter, DnsError> {
        let server = |text: &String| {
            Server::at(text).ok_or_else(|| DnsError::Name { name: text.clone(), why: "not a name server".to_owned() })
        };
        let Provider::Update(update) = &dns.provider;
        let inner = Inner {
            application: application.to_owned(),
            update: update.clone(),
            capabilities: rollout::router::RouterKind::Dns(dns.clone()).capabilities(),
            layout: Layout::new(dns)?,
            primary: server(&update.server)?,
            listed: dns.name_servers.iter().map(server).collect::<Result<_, _>>()?,
            resolvers: dns.resolvers.iter().map(server).collect::<Result<_, _>>()?,
            fronts: dns.fronts.as_ref().map(|fronts| FrontDoors::new(application, fronts, log_port)),
            memory: File::new(&dns.state, application),
            propagation: PROPAGATION,
            turn: Mutex::default(),
            asked: AtomicU64::default(),
        };
        Ok(DnsRouter { inner: Arc::new(inner) })
    }

    /// Waits this long for the other name servers of the zone, and not a minute.
    #[must_use]
    pub fn with_propagation(mut self, propagation: Duration) -> DnsRouter {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.propagation = propagation;
        }
        self
    }
}

impl Inner {
    fn wanted(&self, split: Split) -> Result<Held, DnsError> {
        let possible = || self.capabilities.weights.clone();
        self.layout.wanted(split).ok_or_else(|| DnsError::Impossible { weight: split.weight, possible: possible() })
    }

    /// Every name server of the zone but the primary, which was asked already.
    async fn others(&self) -> Result<Vec<Server>, DnsError> {
        let all = match self.listed.is_empty() {
            true => servers::of_zone(&self.primary, &self.layout.zone).await?,
            false => self.listed.clone(),
        };
        Ok(all.into_iter().filter(|server| server.address != self.primary.address).collect())
    }

    /// By the word of all that answer. One that does not serves nobody: it is drift, not another split.
    async fn current(&self) -> Result<Split, DnsError> {
        let others = self.others().await?;
        let each = join_all(others.iter().map(|server| timeout(QUICK, servers::held(server, &self.layout))));
        let (held, each) = futures::join!(servers::held(&self.primary, &self.layout), each);
        let held = held?;
        let split = self.layout.split(&held)?;
        for (server, other) in others.iter().zip(each) {
            let other = match other {
                Err(_) | Ok(Err(DnsError::Server { .. })) => continue,
                Ok(other) => other?,
            };
            if !settle::same_addresses(&held, &other) {
                let (first, second) = (self.primary.to_string(), server.to_string());
                let (held, other) = (held.to_string(), other.to_string());
                return Err(DnsError::ServersDiffer { first, held, second, other });
            }
        }
        Ok(split)
    }

    async fn adopt(&self, split: Split) -> Result<(), DnsError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let _turn = self.turn.lock().await;
        let held = servers::held(&self.primary, &self.layout).await?;
        self.layout.is_ours(&held)?;
        let there = self.layout.split(&held);
        // Of names that were never changed from here, others may be living.
        if self.memory.read().await.is_none()
            && let Ok(there) = &there
            && !same_shares(*there, split)
        {
            let slot = if there.share(split.to) < split.weight { split.to.other() } else { split.to };
            let name = crate::dns::name::plain(&self.layout.names[0]);
            return Err(DnsError::InUse { name, slot });
        }
        // What is there is kept; what cannot be understood, or is not there, is made anew.
        let wanted = self.wanted(there.unwrap_or(split))?;
        self.change(&held, &wanted).await?;
        self.everywhere(&held, &wanted, false, number).await
    }

    /// The change itself: done even when nobody waits for it any more. Gives back until when others keep what was there.
    async fn make(&self, split: Split) -> Result<(Held, Timestamp), DnsError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let _turn = self.turn.lock().await;
        let wanted = self.wanted(split)?;
        let held = servers::held(&self.primary, &self.layout).await?;
        self.layout.is_ours(&held)?;
        if held.is_empty() {
            return Err(DnsError::Missing { name: self.layout.all_names() });
        }
        // What leads away from the new slot is never taken back: it is where traffic is safe.
        let rises = self.layout.split(&held).is_ok_and(|before| before.share(split.to) < split.weight);
        self.change(&held, &wanted).await?;
        self.everywhere(&held, &wanted, rises, number).await?;
        Ok((wanted, self.kept_until().await))
    }

    async fn drift(&self, expected: Split) -> Vec<Drift> {
        let mut drift: Vec<DnsDrift> = vec![];
        let held = match servers::held(&self.primary, &self.layout).await {
            Ok(held) => held,
            Err(error) => return vec![Drift::Dns(DnsDrift::Unreadable { why: error.to_string() })],
        };
        let wanted = match self.wanted(expected) {
            Ok(wanted) => wanted,
            Err(error) => return vec![Drift::Dns(DnsDrift::Unreadable { why: error.to_string() })],
        };
        match self.layout.split(&held) {
            Err(error) => drift.push(DnsDrift::Unreadable { why: error.to_string() }),
            Ok(now) if !same_shares(now, expected) => drift.push(DnsDrift::Split { expected, now }),
            Ok(_) if !settle::same_addresses(&held, &wanted) => {
                drift.push(DnsDrift::Addresses { held: held.to_string(), expected: wanted.to_string() });
            }
            Ok(_) if held != wanted => {
                drift.push(DnsDrift::Ttl { held: held.to_string(), expected: self.layout.ttl });
            }
            Ok(_) => {}
        }
        match self.others().await {
            Err(error) => drift.push(DnsDrift::Unreadable { why: error.to_string() }),
            Ok(others) => {
                let each = join_all(others.iter().map(|server| servers::held(server, &self.layout))).await;
                for (server, other) in others.iter().zip(each) {
                    let server = server.to_string();
                    match other {
                        Ok(other) if other == held => {}
                        Ok(other) => {
                            drift.push(DnsDrift::Stale { server, held: other.to_string(), expected: held.to_string() })
                        }
                        Err(DnsError::Server { why, .. }) => drift.push(DnsDrift::Silent { server, why }),
                        Err(error) => drift.push(DnsDrift::Unreadable { why: error.to_string() }),
                    }
                }
            }
        }
        drift.into_iter().map(Drift::Dns).collect()
    }

    async fn forget(&self) -> Result<(), DnsError> {
        let _turn = self.turn.lock().await;
        let held = servers::held(&self.primary, &self.layout).await?;
        self.layout.is_ours(&held)?;
        let none = Held(self.layout.keys().map(|key| (key, records::Set::default())).collect());
        if held != none {
            self.tell_primary(&held, &none).await?;
        }
        self.memory.remove().await;
        Ok(())
    }

    /// An error of `set`, with what is known of the weight.
    async fn not_set(&self, wanted: Split, why: DnsError) -> RouterError {
        let now = match self.current().await {
            Ok(now) => format!("The records lead to {now}"),
            Err(why) => format!("Where the records lead is not known: {why}"),
        };
        RouterError::NotSet { wanted, why: Box::new(RouterError::Dns(why)), now }
    }
}

impl Router for DnsRouter {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities.clone()
    }

    fn adopt<'a>(&'a self, routes: &'a [Route], split: Split) -> BoxFuture<'a, Result<(), RouterError>> {
        let inner = self.inner.clone();
        let routes = routes.to_vec();
        to_the_end(async move {
            fronts::check(&inner.application, &routes)?;
            if let Some(fronts) = &inner.fronts {
                fronts.adopt(&routes).await?;
            }
            Ok(inner.adopt(split).await?)
        })
    }

    fn current(&self) -> BoxFuture<'_, Result<Split, RouterError>> {
        async { Ok(self.inner.current().await?) }.boxed()
    }

    fn set(&self, split: Split) -> BoxFuture<'_, Result<(), RouterError>> {
        self.set_telling(split, &|_| {})
    }

    fn set_telling<'a>(&'a self, split: Split, tell: Tell<'a>) -> BoxFuture<'a, Result<(), RouterError>> {
        let inner = self.inner.clone();
        async move {
            tell(format!("telling the name server {} to lead to {split}", inner.primary));
            let making = inner.clone();
            let made = to_the_end(async move {
                match making.make(split).await {
                    Ok(made) => Ok(made),
                    Err(why) => Err(making.not_set(split, why).await),
                }
            });
            let (wanted, until) = made.await?;
            tell(format!("every name server of {} answers {wanted}", crate::dns::name::plain(&inner.layout.zone)));
            settle(until, &inner.layout, &wanted, &inner.resolvers, tell).await;
            Ok(())
        }
        .boxed()
    }

    fn drift<'a>(&'a self, routes: &'a [Route], expected: Split) -> BoxFuture<'a, Result<Vec<Drift>, RouterError>> {
        async move {
            fronts::check(&self.inner.application, routes)?;
            let mut drift = self.inner.drift(expected).await;
            if let Some(fronts) = &self.inner.fronts {
                drift.extend(fronts.drift(routes).await?);
            }
            Ok(drift)
        }
        .boxed()
    }

    fn fits<'a>(&'a self, _stages: &'a [Weight]) -> BoxFuture<'a, Vec<Check>> {
        async { self.inner.checks().await }.boxed()
    }

    fn forget(&self) -> BoxFuture<'_, Result<(), RouterError>> {
        let inner = self.inner.clone();
        to_the_end(async move {
            if let Some(fronts) = &inner.fronts {
                fronts.forget().await?;
            }
            Ok(inner.forget().await?)
        })
    }
}

/// Goes on when the caller does not.
fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, RouterError>> + Send + 'static,
) -> BoxFuture<'static, Result<T, RouterError>> {
    async move { tokio::spawn(work).await.unwrap_or(Err(RouterError::Interrupted)) }.boxed()
}
