//! `[services.NAME]`: how each service takes part.

use super::item::Item;
use super::section::{Keys, Section};
use super::suggest::did_you_mean;
use super::words;
use rollout::application::Service;
use std::collections::BTreeMap;

pub(super) const SERVICE: Keys = Keys::new(&["routed", "background", "shared"]);
pub(super) const ROUTED: Keys = Keys::new(&["port", "hosts"]);
pub(super) const BACKGROUND: Keys = Keys::new(&["live_slot_only"]);

const ROUTED_LIKE: &str = "a table, like { port = 3000, hosts = [\"example.com\"] }";
const BACKGROUND_LIKE: &str = "a table, like { live_slot_only = true }";
const ONE_OF: &str =
    "`routed = { port = .., hosts = [..] }`, `background = { live_slot_only = .. }` or `shared = true`";

/// The services of the file. One that could not be read is there by its name alone, so that what
/// refers to it is not reported as well.
pub(super) struct Services(BTreeMap<String, Option<Service>>);

impl Services {
    pub fn read(file: &Section) -> Services {
        const WHAT: &str =
            "at least one routed service, like [services.web] with routed = { port = 3000, hosts = [..] }";
        let mut services = BTreeMap::new();
        let Some(section) = file.need("services", WHAT) else { return Services(services) };
        let entries = section.entries("sections, one for each service: [services.web]");
        let mut owners: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        for item in entries.iter().flatten() {
            if let Err(sentence) = words::service_name(item.name()) {
                item.wrong_key(sentence);
            }
            services.insert(item.name().to_owned(), service(*item, &mut owners));
        }
        let may_be_routed =
            |service: &Option<Service>| !matches!(service, Some(Service::Background { .. } | Service::Shared));
        if entries.is_some() && !services.values().any(may_be_routed) {
            section.wrong_key(format!("none is routed, so there is no traffic to move. Needed: {WHAT}"));
        }
        Services(services)
    }

    pub fn into_map(self) -> BTreeMap<String, Service> {
        self.0.into_iter().filter_map(|(name, service)| Some((name, service?))).collect()
    }

    /// Reads the name of a service that gets requests; `what` asks for it.
    pub fn routed(&self, item: Item, what: &str) -> Option<String> {
        let name = item.text()?;
        match self.0.get(name) {
            Some(None | Some(Service::Routed { .. })) => return Some(name.to_owned()),
            // There is a problem already, at [services].
            None if self.0.is_empty() => return Some(name.to_owned()),
            Some(Some(_)) => {
                item.wrong(format!("\"{name}\" gets no requests: {what} needs a routed service. {}", self.list()));
            }
            None => {
                let guess = did_you_mean(name, self.0.keys().map(String::as_str));
                let stop = if guess.is_empty() { "." } else { "" };
                item.wrong(format!("there is no [services.{name}]{guess}{stop} {}", self.list()));
            }
        }
        None
    }

    fn list(&self) -> String {
        let routed = self.0.iter().filter(|(_, service)| matches!(service, Some(Service::Routed { .. })));
        let names: Vec<&str> = routed.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "None is routed".to_owned() } else { format!("Routed: {}", names.join(", ")) }
    }

    /// Whether the service could be a routed one, for all that is known of the file.
    pub fn may_be_routed(&self, name: &str) -> bool {
        // A file without services has a problem already, and so has a service that could not be read.
        self.0.is_empty() || matches!(self.0.get(name), Some(None | Some(Service::Routed { .. })))
    }

    /// The service of that name, if the file has one that could be read.
    pub fn get(&self, name: &str) -> Option<&Service> {
        self.0.get(name)?.as_ref()
    }
}

fn service<'a>(item: Item<'a>, owners: &mut BTreeMap<&'a str, (&'a str, usize)>) -> Option<Service> {
    let name = item.name();
    let section =
        item.section(format!("[services.{name}]"), &SERVICE, "a section with one of routed, background, shared")?;
    let mut given: Vec<Item> = SERVICE.known.iter().filter_map(|key| section.get(key)).collect();
    given.sort_by_key(|item| item.key.span().start);
    match given[..] {
        [] => {
            section.wrong(format!("[services.{name}] needs one of {ONE_OF}"));
            None
        }
        [kind] => match kind.name() {
            "routed" => routed(kind, name, owners),
            "background" => background(kind),
            _ => shared(kind),
        },
        [first, .., last] => {
            last.wrong_key(format!("[services.{name}] is already `{}`: it is exactly one of {ONE_OF}", first.name()));
            None
        }
    }
}

fn routed<'a>(item: Item<'a>, service: &'a str, owners: &mut BTreeMap<&'a str, (&'a str, usize)>) -> Option<Service> {
    let section = item.section("`routed`", &ROUTED, ROUTED_LIKE)?;
    let port = section.need("port", "the port on which the container listens");
    let hosts = section.need("hosts", "the host names whose requests it gets, like hosts = [\"example.com\"]");
    let port = port.and_then(|item| item.whole::<u16>(1..=65_535));
    let items = hosts.and_then(|item| item.list("a list of host names, like [\"example.com\", \"www.example.com\"]"));
    if let (Some(hosts), Some([])) = (hosts, items.as_deref()) {
        hosts.wrong("must name at least one host");
    }
    let mut hosts = Vec::new();
    for item in items? {
        if item.text_that(words::host).is_none() {
            continue;
        }
        let Some(host) = item.text() else { continue };
        match owners.get(host) {
            Some((owner, line)) => {
                item.wrong(format!(
                    "\"{host}\" is already a host of `{owner}`, on line {line}: a host has one service"
                ));
            }
            None => {
                owners.insert(host, (service, item.problems.line(item.at())));
            }
        }
        hosts.push(host.to_owned());
    }
    Some(Service::Routed { port: port?, hosts })
}

fn background(item: Item) -> Option<Service> {
    let section = item.section("`background`", &BACKGROUND, BACKGROUND_LIKE)?;
    let what = "true when only the live slot may run it, false when both slots may run it at once";
    Some(Service::Background { live_slot_only: section.need("live_slot_only", what)?.flag()? })
}

fn shared(item: Item) -> Option<Service> {
    if item.flag()? {
        return Some(Service::Shared);
    }
    item.wrong(format!("can only be true; a service that is not shared says {ONE_OF}"));
    None
}
