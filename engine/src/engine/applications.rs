//! Applications: take one into care, look at them.

use super::Engine;
use super::rollouts::load;
use crate::Definition;
use crate::error::EngineError;
use crate::preflight::{self, Place, Surroundings};
use crate::runtime::process::SHARED_ADDRESS;
use crate::runtime::{Project, Recipe, RuntimeError};
use crate::steps::context::routes;
use crate::store::applications::{Address, ApplicationRow};
use crate::store::history::{Filter, RolloutRow};
use rollout::actor::Actor;
use rollout::application::Service;
use rollout::check::Check;
use rollout::command::Refusal;
use rollout::event::RolloutId;
use rollout::policy::{Permission, authorize};
use rollout::release::Version;
use rollout::runtime::RuntimeKind;
use rollout::slot::{Slot, Split};
use rollout::start::Standing;
use std::collections::BTreeSet;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;

/// Ports given to slots and routers.
const PORTS: std::ops::Range<u16> = 21_000..24_000;

/// An application that is in care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    pub name: String,
    /// The rollout that is moving its traffic: addresses and router were left as they are.
    pub left_to: Option<RolloutId>,
}

/// A slot and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotView {
    pub slot: Slot,
    pub release: Option<Version>,
    pub live: bool,
}

/// An application at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    pub name: String,
    pub standing: Standing,
    pub slots: [SlotView; 2],
    /// The rollout that is at work, or the last one.
    pub latest: Option<RolloutRow>,
    /// Versions seen so far, newest first.
    pub releases: Vec<String>,
}

impl Engine {
    /// Takes an application into care, or takes notice that its file has changed: addresses are given, the router's
    /// file is written, a router that was tampered with is put right. Done again it changes nothing.
    ///
    /// # Errors
    /// When the actor may not, a file is wrong, or the router refuses.
    pub async fn add_application(&self, actor: &Actor, file: &Path) -> Result<Added, EngineError> {
        authorize(actor, Permission::AddApplication)?;
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).display().to_string();
        let definition = load(file.clone()).await?;
        let name = definition.application.name.clone();
        let known = self.shared.store.application(&name).await?;
        if let Some(row) = &known
            && let Some(id) = self.shared.store.standing(row).await?.active
            // Before it shifts, a rollout has no part in the router; it may even wait for it to be put right.
            && self.shared.store.rollout(id).await?.is_none_or(|rollout| rollout.moved)
        {
            return Ok(Added { name, left_to: Some(id) });
        }
        let row = self.give_addresses(&definition, &file, known.as_ref()).await?;
        let addresses = self.shared.store.addresses(row.id).await?;
        let router = self.shared.router(&definition.application, row.admin_port)?;
        // The first release goes to blue, and must not be reached there before it was checked: until then all traffic
        // goes where nothing is.
        let split = Split::all(row.live.unwrap_or(Slot::Green));
        let standing = self.shared.store.standing(&row).await?;
        if standing.live.is_none() && standing.active.is_none() {
            self.must_hold_nothing(&definition).await?;
        }
        if known.is_some() {
            // A dial that somebody turned is put right; where nothing was ever adopted there is nothing to turn.
            let put_right = router.set(split).await;
            tracing::debug!(?put_right, "the dial of {name}");
        }
        router.adopt(&routes(&definition, &addresses), split).await?;
        // Adopting keeps a dial that was there: one of an earlier life may point anywhere.
        router.set(split).await?;
        self.shared.store.adopted(row.id).await?;
        tracing::info!(application.name = %name, "application {name} is in care");
        Ok(Added { name, left_to: None })
    }

    /// The journal knows of no release. If containers run in a slot all the same, they may be serving: the journal was lost,
    /// and pointing the traffic elsewhere would cut them off.
    async fn must_hold_nothing(&self, definition: &Definition) -> Result<(), EngineError> {
        let name = &definition.application.name;
        let runtime = self.shared.runtimes.of(&definition.application);
        let (what, how) = match definition.application.runtime {
            RuntimeKind::Docker => ("containers", "remove them (docker rm -f)"),
            RuntimeKind::Process(_) => {
                ("processes", "end them, and remove the folder of processes beside the database")
            }
        };
        for slot in Slot::BOTH {
            let project = Project::slot(name, slot);
            if !runtime.instances(&project).await?.is_empty() {
                return Err(Refusal::not_now(format!(
                    "{} holds {what}, and this database knows of no release of {name}: they may be serving. Restore the \
                     database that knows them; or, if they are not needed, {how}, and try again.",
                    project.name()
                ))
                .into());
            }
        }
        Ok(())
    }

    /// How the router was left: by a rollout that moves its traffic right now, or by the last one. Before the first
    /// release all traffic goes where nothing is.
    async fn split_now(&self, row: &ApplicationRow) -> Result<Split, EngineError> {
        let active = match self.shared.store.standing(row).await?.active {
            Some(id) => self.shared.store.rollout(id).await?.filter(|rollout| rollout.moved),
            None => None,
        };
        Ok(active.map_or_else(|| Split::all(row.live.unwrap_or(Slot::Green)), |rollout| rollout.split()))
    }

    /// What the preflight of a rollout would find, right now. Changes nothing. With a release its images are looked for, too.
    ///
    /// # Errors
    /// When the actor may not read, or the compose file does not fit the release.
    pub async fn preflight(
        &self,
        actor: &Actor,
        definition: &Definition,
        release: Option<&str>,
    ) -> Result<Vec<Check>, EngineError> {
        authorize(actor, Permission::Read)?;
        let release = release.map(Version::parse).transpose();
        let release = release.map_err(|message| Refusal::invalid("release", message))?;
        // Without a release any will do, to see what services there are.
        let recipe = match &release {
            Some(release) => definition.recipe(release),
            None => Version::parse("0.0.0")
                .map_or_else(|_| Ok(Recipe::Compose(Default::default())), |any| definition.recipe(&any)),
        };
        let recipe = recipe.map_err(EngineError::Files)?;
        let row = self.shared.store.application(&definition.application.name).await?;
        let addresses = match &row {
            Some(row) => self.shared.store.addresses(row.id).await?,
            None => vec![],
        };
        let router = match &row {
            Some(row) => Some(self.shared.router(&definition.application, row.admin_port)?),
            None => None,
        };
        let routes = routes(definition, &addresses);
        let expected = match &row {
            Some(row) => self.split_now(row).await?,
            None => Split::all(Slot::Green),
        };
        let place = router.as_deref().zip(row.as_ref()).map(|(router, row)| Place {
            router,
            routes: &routes,
            addresses: &addresses,
            live: row.live.unwrap_or(Slot::Green),
            is_first: row.live.is_none(),
            expected,
        });
        let runtime = self.shared.runtimes.of(&definition.application);
        let around = Surroundings { runtime: runtime.as_ref(), definition, recipe: &recipe, place };
        let mut checks = preflight::look(&around).await;
        if let Some(release) = &release {
            let known = match &row {
                Some(row) => self.shared.store.release_images(row.id, release).await?,
                None => None,
            };
            let mut quiet = |_| {};
            checks.push(runtime.pin(definition, &recipe, known.as_ref(), &mut quiet).await.1);
        }
        Ok(checks)
    }

    async fn give_addresses(
        &self,
        definition: &Definition,
        file: &str,
        known: Option<&ApplicationRow>,
    ) -> Result<ApplicationRow, EngineError> {
        let store = &self.shared.store;
        let mut given: BTreeSet<u16> = store.ports_given().await?.into_iter().collect();
        let have = match known {
            Some(row) => store.addresses(row.id).await?,
            None => vec![],
        };
        let mut wanted = vec![];
        for (service, slots) in addressed(definition) {
            for slot in slots.iter().copied() {
                if !have.iter().any(|address| address.service == service && address.slot == slot) {
                    wanted.push(Address { service: service.to_owned(), slot, port: free_port(&mut given)? });
                }
            }
        }
        let admin_port = match known {
            Some(row) => row.admin_port,
            None => free_port(&mut given)?,
        };
        Ok(store.save_application(&definition.application.name, file, admin_port, &wanted).await?)
    }

    /// Every application, by name.
    ///
    /// # Errors
    /// When the actor may not read.
    pub async fn applications(&self, actor: &Actor) -> Result<Vec<Overview>, EngineError> {
        authorize(actor, Permission::Read)?;
        let mut overviews = vec![];
        for row in self.shared.store.applications().await? {
            overviews.push(self.overview(&row).await?);
        }
        Ok(overviews)
    }

    /// # Errors
    /// When the actor may not read, or there is no such application.
    pub async fn application(&self, actor: &Actor, name: &str) -> Result<Overview, EngineError> {
        authorize(actor, Permission::Read)?;
        let row = self.shared.store.application(name).await?;
        let row = row.ok_or_else(|| EngineError::NotFound(format!("application {name}")))?;
        self.overview(&row).await
    }

    /// What a rollout of the application would be made of: its files as they are now.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub async fn definition(&self, actor: &Actor, name: &str) -> Result<Definition, EngineError> {
        authorize(actor, Permission::Read)?;
        let row = self.shared.store.application(name).await?;
        let row = row.ok_or_else(|| EngineError::NotFound(format!("application {name}")))?;
        load(row.file).await
    }

    async fn overview(&self, row: &ApplicationRow) -> Result<Overview, EngineError> {
        let store = &self.shared.store;
        let filter = Filter { application: Some(row.name.clone()), ..Filter::default() };
        Ok(Overview {
            name: row.name.clone(),
            standing: store.standing(row).await?,
            slots: Slot::BOTH.map(|slot| SlotView {
                slot,
                release: row.holds(slot).cloned(),
                live: row.live == Some(slot),
            }),
            latest: store.history(&filter, None, 1).await?.pop(),
            releases: store.releases(row.id).await?,
        })
    }
}

/// Who gets an address, in which slots: routed services; and every process, for it has no network of its own. What both
/// slots share has one, kept as blue's.
fn addressed(definition: &Definition) -> Vec<(&str, &'static [Slot])> {
    match &definition.application.runtime {
        RuntimeKind::Docker => definition.routed().map(|(service, ..)| (service, &Slot::BOTH[..])).collect(),
        RuntimeKind::Process(programs) => programs
            .keys()
            .map(|service| match definition.service(service) {
                Service::Shared => (service.as_str(), &[SHARED_ADDRESS][..]),
                _ => (service.as_str(), &Slot::BOTH[..]),
            })
            .collect(),
    }
}

/// A loopback port that nobody was given and nobody listens on, neither by TCP nor by UDP: the router's log arrives at
/// the number of its admin port.
fn free_port(given: &mut BTreeSet<u16>) -> Result<u16, EngineError> {
    let is_free =
        |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok();
    let free = PORTS.into_iter().find(|port| !given.contains(port) && is_free(*port));
    let port =
        free.ok_or_else(|| RuntimeError::new(format!("no port is free between {} and {}", PORTS.start, PORTS.end)))?;
    given.insert(port);
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_when_nobody_has_it_over_tcp_or_udp() {
        let mut given = BTreeSet::new();
        let (tcp, udp) = (free_port(&mut given).unwrap(), free_port(&mut given).unwrap());
        let taken = (TcpListener::bind(("127.0.0.1", tcp)), UdpSocket::bind(("127.0.0.1", udp)));
        let mut given = BTreeSet::new();
        let next: Vec<u16> = (0..3).map(|_| free_port(&mut given).unwrap()).collect();
        assert!(!next.contains(&tcp) && !next.contains(&udp), "{next:?} has {tcp} or {udp}");
        drop(taken);
    }
}
