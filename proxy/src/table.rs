//! Who is served by whom: from a host name to an application, its service, its slots, and how they are split.

use crate::door::Doorway;
use crate::pool::Pool;
use crate::session::{Deck, Sticky};
use crate::wire::{Application, Counts, Kept, Served};
use crate::{check, wire};
use rollout::router::door_cookie;
use rollout::slot::{Slot, Split, Weight};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// All applications. Never changed: a change makes a new one.
#[derive(Debug, Default)]
pub struct Table {
    routed: BTreeMap<String, Arc<Routed>>,
    hosts: HashMap<String, Target>,
    /// `example.com` for `*.example.com`.
    below: HashMap<String, Target>,
}

/// Two applications want one host.
#[derive(Debug)]
struct Taken {
    host: String,
    applications: [String; 2],
}

/// Where a request goes, up to the slot.
#[derive(Clone, Debug)]
pub struct Target {
    pub routed: Arc<Routed>,
    pub service: Arc<Service>,
}

/// One application.
#[derive(Debug)]
pub struct Routed {
    pub application: Application,
    pub sticky: Sticky,
    /// That shows the key of its door.
    pub door_cookie: String,
    pub live: Arc<Live>,
}

/// What stays when an application is adopted again.
#[derive(Debug)]
pub struct Live {
    split: AtomicU8,
    pub door: Doorway,
    pub blue: Tally,
    pub green: Tally,
}

/// See [`Counts`].
#[derive(Debug, Default)]
pub struct Tally {
    pub requests: AtomicU64,
    pub open: AtomicU64,
    pub upgraded: AtomicU64,
    pub moved_away: AtomicU64,
}

#[derive(Debug)]
pub struct Service {
    /// For requests that are of no session: so each service has its exact share.
    pub deck: Deck,
    pub blue: Upstream,
    pub green: Upstream,
}

/// A service in one slot.
#[derive(Debug)]
pub struct Upstream {
    /// What it is called in the log: `crossfade_shop.api.blue`.
    pub name: String,
    pub pool: Arc<Pool>,
}

impl Table {
    /// The table with one more application, or with a new one of the same name. The one that is there keeps its split
    /// and its counts.
    ///
    /// # Errors
    /// When it cannot be served beside the others.
    pub fn with(&self, application: Application, split: Split) -> Result<Table, String> {
        check(&application)?;
        let live = match self.routed.get(&application.name) {
            Some(routed) => routed.live.clone(),
            None => Arc::new(Live::new(split)),
        };
        let sticky = Sticky::new(&application.sticky_by, &application.name)
            .ok_or_else(|| format!("the header that {} is to be sticky by cannot be used", application.name))?;
        let mut routed = self.routed.clone();
        let name = application.name.clone();
        let door_cookie = door_cookie(&name);
        routed.insert(name.clone(), Arc::new(Routed { application, sticky, door_cookie, live }));
        Table::of(routed).map_err(|Taken { host, applications: [one, two] }| {
            let owner = if one == name { two } else { one };
            format!("the host {host} is routed to the application {owner} already: take it out of one of them")
        })
    }

    /// The table with one application less, or the same.
    pub fn without(&self, application: &str) -> Table {
        let mut routed = self.routed.clone();
        routed.remove(application);
        // Those that are left were there together before.
        Table::of(routed).unwrap_or_default()
    }

    fn of(routed: BTreeMap<String, Arc<Routed>>) -> Result<Table, Taken> {
        let (mut hosts, mut below) = (HashMap::<String, Target>::new(), HashMap::<String, Target>::new());
        for routed in routed.values() {
            let prefix = format!("crossfade_{}", routed.application.name.replace('-', "_"));
            for service in &routed.application.services {
                let target = Target { routed: routed.clone(), service: Arc::new(Service::new(&prefix, service)) };
                for host in &service.hosts {
                    let host = host.to_ascii_lowercase();
                    let (names, name) = match host.strip_prefix("*.") {
                        Some(name) => (&mut below, name),
                        None => (&mut hosts, host.as_str()),
                    };
                    let first = names.entry(name.to_owned()).or_insert_with(|| target.clone());
                    let owner = &first.routed.application.name;
                    if *owner != routed.application.name {
                        let applications = [owner.clone(), routed.application.name.clone()];
                        return Err(Taken { host, applications });
                    }
                }
            }
        }
        Ok(Table { routed, hosts, below })
    }

    /// Who serves this host, given in lower case: the one that names it, or the closest `*.` above it.
    pub fn find(&self, host: &str) -> Option<&Target> {
        self.hosts.get(host).or_else(|| {
            let dots = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
            dots.filter_map(|above| self.below.get(above)).next()
        })
    }

    pub fn is_empty(&self) -> bool {
        self.routed.is_empty()
    }

    pub fn application(&self, name: &str) -> Option<&Arc<Routed>> {
        self.routed.get(name)
    }

    pub fn applications(&self) -> impl Iterator<Item = &Arc<Routed>> {
        self.routed.values()
    }

    /// Every service's pools, for sweeping them.
    pub fn pools(&self) -> impl Iterator<Item = &Pool> {
        let services = self.hosts.values().chain(self.below.values());
        services.flat_map(|target| Slot::BOTH.map(|slot| &*target.service.upstream(slot).pool))
    }

    pub fn kept(&self) -> Vec<Kept> {
        self.applications()
            .map(|routed| Kept {
                application: routed.application.clone(),
                split: routed.live.split(),
                door: routed.live.door.get().as_deref().cloned(),
            })
            .collect()
    }
}

impl Routed {
    pub fn served(&self) -> Served {
        Served {
            application: self.application.clone(),
            split: self.live.split(),
            door: self.live.door.get().as_deref().cloned(),
            blue: self.live.blue.counts(),
            green: self.live.green.counts(),
        }
    }
}

impl Live {
    fn new(split: Split) -> Live {
        Live {
            split: AtomicU8::new(pack(split)),
            door: Doorway::default(),
            blue: Tally::default(),
            green: Tally::default(),
        }
    }

    pub fn split(&self) -> Split {
        unpack(self.split.load(Ordering::SeqCst))
    }

    /// Every request that asks from now on gets this.
    pub fn set(&self, split: Split) {
        self.split.store(pack(split), Ordering::SeqCst);
    }

    pub fn tally(&self, slot: Slot) -> &Tally {
        match slot {
            Slot::Blue => &self.blue,
            Slot::Green => &self.green,
        }
    }
}

/// The weight below 128, and whose it is above.
fn pack(split: Split) -> u8 {
    split.weight.percent() | if split.to == Slot::Green { 0x80 } else { 0 }
}

fn unpack(packed: u8) -> Split {
    let to = if packed & 0x80 == 0 { Slot::Blue } else { Slot::Green };
    Split { to, weight: Weight::new(packed & 0x7f).unwrap_or(Weight::ALL) }
}

impl Tally {
    fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            requests: read(&self.requests),
            open: read(&self.open),
            upgraded: read(&self.upgraded),
            moved_away: read(&self.moved_away),
        }
    }
}

impl Service {
    fn new(prefix: &str, service: &wire::Service) -> Service {
        let upstream = |slot: Slot| Upstream {
            name: format!("{prefix}.{}.{slot}", service.name),
            pool: Arc::new(Pool::new(service.address(slot))),
        };
        Service { deck: Deck::new(), blue: upstream(Slot::Blue), green: upstream(Slot::Green) }
    }

    pub fn upstream(&self, slot: Slot) -> &Upstream {
        match slot {
            Slot::Blue => &self.blue,
            Slot::Green => &self.green,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::{application, service};

    fn shop() -> Application {
        let api = service("api", &["API.example.com", "*.example.com"], 3000);
        application("shop", vec![api, service("web", &["example.com", "api.example.com", "*.eu.example.com"], 4000)])
    }

    #[test]
    fn hosts_find_their_service() {
        let table = Table::default().with(shop(), Split::all(Slot::Blue)).unwrap();
        for (host, service) in [
            ("api.example.com", Some("crossfade_shop.api.blue")),
            ("example.com", Some("crossfade_shop.web.blue")),
            ("a.example.com", Some("crossfade_shop.api.blue")),
            ("a.b.example.com", Some("crossfade_shop.api.blue")),
            // The closest one above.
            ("a.eu.example.com", Some("crossfade_shop.web.blue")),
            ("eu.example.com", Some("crossfade_shop.api.blue")),
            ("com", None),
            ("", None),
            (".", None),
            ("notexample.com", None),
        ] {
            let found = table.find(host).map(|target| target.service.blue.name.as_str());
            assert_eq!(found, service, "{host}");
        }
    }

    #[test]
    fn a_host_belongs_to_one_application() {
        let table = Table::default().with(shop(), Split::all(Slot::Blue)).unwrap();
        let other = application("other", vec![service("x", &["x.org", "Example.com"], 5000)]);
        let said = table.with(other.clone(), Split::all(Slot::Blue)).unwrap_err();
        assert!(said.contains("example.com is routed to the application shop already"), "{said}");
        assert!(table.without("shop").with(other, Split::all(Slot::Blue)).is_ok());
    }

    #[test]
    fn adopted_again_it_keeps_its_split() {
        let table = Table::default().with(shop(), Split::all(Slot::Blue)).unwrap();
        let split = Split { to: Slot::Green, weight: Weight::new(25).unwrap() };
        table.application("shop").unwrap().live.set(split);
        let table = table.with(shop(), Split::all(Slot::Blue)).unwrap();
        assert_eq!(table.application("shop").unwrap().live.split(), split);
    }

    #[test]
    fn a_split_fits_a_byte() {
        for to in Slot::BOTH {
            for percent in 0..=100 {
                let split = Split { to, weight: Weight::new(percent).unwrap() };
                assert_eq!(unpack(pack(split)), split);
            }
        }
    }
}
