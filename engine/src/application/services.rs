//! `[services.NAME]`: how each service takes part.

use super::item::Item;
use super::program::Mention;
use super::section::{Keys, Section};
use super::suggest::did_you_mean;
use super::{program, words};
use rollout::application::Service;
use rollout::runtime::Program;
use std::collections::BTreeMap;

pub(super) const SERVICE: Keys =
    Keys::new(&["routed", "background", "shared", "command", "environment", "folder", "health", "stop_grace"]);
/// Exactly one of them says how the service takes part.
const PARTS: [&str; 3] = ["routed", "background", "shared"];
pub(super) const ROUTED: Keys = Keys::new(&["port", "hosts"]);
pub(super) const BACKGROUND: Keys = Keys::new(&["live_slot_only"]);

const ROUTED_LIKE: &str = "a table, like { port = 3000, hosts = [\"example.com\"] }";
const BACKGROUND_LIKE: &str = "a table, like { live_slot_only = true }";
const ONE_OF: &str =
    "`routed = { port = .., hosts = [..] }`, `background = { live_slot_only = .. }` or `shared = true`";

/// The services of the file. One that could not be read is there by its name alone, so that what
/// refers to it is not reported as well.
pub(super) struct Services {
    services: BTreeMap<String, Option<Service>>,
    /// How processes run them; empty where containers do.
    programs: BTreeMap<String, Program>,
    is_process: bool,
}

impl Services {
    pub fn read(file: &Section, is_process: bool) -> Services {
        const WHAT: &str =
            "at least one routed service, like [services.web] with routed = { port = 3000, hosts = [..] }";
        let (mut services, mut programs) = (BTreeMap::new(), BTreeMap::new());
        let Some(section) = file.need("services", WHAT) else { return Services { services, programs, is_process } };
        let entries = section.entries("sections, one for each service: [services.web]");
        let (mut owners, mut mentions): (BTreeMap<&str, (&str, usize)>, _) = (BTreeMap::new(), vec![]);
        for item in entries.iter().flatten() {
            if let Err(sentence) = words::service_name(item.name()) {
                item.wrong_key(sentence);
            }
            let (part, program) = service(*item, &mut owners, is_process, &mut mentions);
            services.insert(item.name().to_owned(), part);
            programs.extend(program.map(|program| (item.name().to_owned(), program)));
        }
        program::check_mentions(&mentions, &services);
        let may_be_routed =
            |service: &Option<Service>| !matches!(service, Some(Service::Background { .. } | Service::Shared));
        if entries.is_some() && !services.values().any(may_be_routed) {
            section.wrong_key(format!("none is routed, so there is no traffic to move. Needed: {WHAT}"));
        }
        Services { services, programs, is_process }
    }

    pub fn programs(&self) -> BTreeMap<String, Program> {
        self.programs.clone()
    }

    /// Whether processes run them: then each has a port, and all of them stand in this file.
    pub fn are_processes(&self) -> bool {
        self.is_process
    }

    /// The name of a service that runs. Where containers run them, the compose file may have it, too.
    pub fn running(&self, item: Item) -> Option<String> {
        let name = item.text_that(words::service_name)?;
        if self.is_process && !self.services.is_empty() && !self.services.contains_key(&name) {
            let guess = did_you_mean(&name, self.services.keys().map(String::as_str));
            let stop = if guess.is_empty() { "." } else { "" };
            let all = self.services.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            item.wrong(format!("there is no [services.{name}]{guess}{stop} There are {all}"));
            return None;
        }
        Some(name)
    }

    pub fn into_map(self) -> BTreeMap<String, Service> {
        self.services.into_iter().filter_map(|(name, service)| Some((name, service?))).collect()
    }

    /// Reads the name of a service that gets requests; `what` asks for it.
    pub fn routed(&self, item: Item, what: &str) -> Option<String> {
        let name = item.text()?;
        match self.services.get(name) {
            Some(None | Some(Service::Routed { .. })) => return Some(name.to_owned()),
            // There is a problem already, at [services].
            None if self.services.is_empty() => return Some(name.to_owned()),
            Some(Some(_)) => {
                item.wrong(format!("\"{name}\" gets no requests: {what} needs a routed service. {}", self.list()));
            }
            None => {
                let guess = did_you_mean(name, self.services.keys().map(String::as_str));
                let stop = if guess.is_empty() { "." } else { "" };
                item.wrong(format!("there is no [services.{name}]{guess}{stop} {}", self.list()));
            }
        }
        None
    }

    /// The hosts of all routed services.
    pub fn hosts(&self) -> Vec<&str> {
        let hosts = self.services.values().flatten().filter_map(|service| match service {
            Service::Routed { hosts, .. } => Some(hosts),
            _ => None,
        });
        hosts.flatten().map(String::as_str).collect()
    }

    fn list(&self) -> String {
        let routed = self.services.iter().filter(|(_, service)| matches!(service, Some(Service::Routed { .. })));
        let names: Vec<&str> = routed.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "None is routed".to_owned() } else { format!("Routed: {}", names.join(", ")) }
    }

    /// Whether the service could be a routed one, for all that is known of the file.
    pub fn may_be_routed(&self, name: &str) -> bool {
        // A file without services has a problem already, and so has a service that could not be read.
        self.services.is_empty() || matches!(self.services.get(name), Some(None | Some(Service::Routed { .. })))
    }

    /// The service of that name, if the file has one that could be read.
    pub fn get(&self, name: &str) -> Option<&Service> {
        self.services.get(name)?.as_ref()
    }
}

/// How it takes part, and how it is run where processes do it.
fn service<'a>(
    item: Item<'a>,
    owners: &mut BTreeMap<&'a str, (&'a str, usize)>,
    is_process: bool,
    mentions: &mut Vec<Mention<'a>>,
) -> (Option<Service>, Option<Program>) {
    let name = item.name();
    let like = "a section with one of routed, background, shared";
    let Some(section) = item.section(format!("[services.{name}]"), &SERVICE, like) else { return (None, None) };
    let program = match is_process {
        true => program::read(&section, name, mentions),
        false => {
            program::refuse(&section);
            None
        }
    };
    (part(&section, name, owners, is_process), program)
}

fn part<'a>(
    section: &Section<'a>,
    name: &'a str,
    owners: &mut BTreeMap<&'a str, (&'a str, usize)>,
    is_process: bool,
) -> Option<Service> {
    let mut given: Vec<Item> = PARTS.iter().filter_map(|key| section.get(key)).collect();
    given.sort_by_key(|item| item.key.span().start);
    match given[..] {
        [] => {
            section.wrong(format!("[services.{name}] needs one of {ONE_OF}"));
            None
        }
        [kind] => match kind.name() {
            "routed" => routed(kind, name, owners, is_process),
            "background" => background(kind),
            _ => shared(kind),
        },
        [first, .., last] => {
            last.wrong_key(format!("[services.{name}] is already `{}`: it is exactly one of {ONE_OF}", first.name()));
            None
        }
    }
}

fn routed<'a>(
    item: Item<'a>,
    service: &'a str,
    owners: &mut BTreeMap<&'a str, (&'a str, usize)>,
    is_process: bool,
) -> Option<Service> {
    let section = item.section("`routed`", &ROUTED, ROUTED_LIKE)?;
    let port = match is_process {
        true => section.get("port"),
        false => section.need("port", "the port on which the container listens"),
    };
    if let Some(port) = port.filter(|_| is_process) {
        port.wrong_key(
            "a process does not choose its port: Crossfade gives it one in each slot, in the variable PORT and as {port}",
        );
    }
    let port = port.and_then(|item| item.whole::<u16>(1..=65_535));
    if port.is_none() && !is_process {
        // There is a problem already. The hosts are looked at all the same.
        hosts_of(&section, service, owners);
        return None;
    }
    Some(Service::Routed { port, hosts: hosts_of(&section, service, owners)? })
}

fn hosts_of<'a>(
    section: &Section<'a>,
    service: &'a str,
    owners: &mut BTreeMap<&'a str, (&'a str, usize)>,
) -> Option<Vec<String>> {
    let hosts = section.need("hosts", "the host names whose requests it gets, like hosts = [\"example.com\"]");
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
    Some(hosts)
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
