//! What the compose file tells: an answer to every question, so that Enter all the way gives a file that works.

use super::answers::{Answers, Migration, Part, Routed};
use super::kinds;
use crate::application::words;
use crate::compose::{Outline, Sketch};
use std::collections::BTreeMap;

/// Without any better knowledge: what most services listen on that say nothing of it.
const SOME_PORT: u16 = 8080;

/// What is guessed from.
pub struct Guess<'a> {
    outline: &'a Outline,
}

impl<'a> Guess<'a> {
    pub fn new(outline: &'a Outline) -> Guess<'a> {
        Guess { outline }
    }

    /// The services that take part: all but those that name profiles.
    pub fn services(&self) -> impl Iterator<Item = &'a Sketch> + use<'a> {
        self.outline.services.iter().filter(|sketch| !sketch.left_out)
    }

    /// What the application is called: as the compose file says, or as its folder is.
    pub fn name(&self, folder: &str) -> String {
        let said = self.outline.name.as_deref().unwrap_or(folder);
        let good = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let name: String = said.to_lowercase().chars().map(good).collect();
        let name: String = name.trim_matches('-').chars().take(40).collect();
        if words::application_name(&name).is_ok() { name } else { String::from("application") }
    }

    /// Those that get requests: the ones that publish a port; or else that expose one; or else that look like it. One
    /// at the least.
    pub fn routed(&self, application: &str) -> Vec<Routed> {
        let candidates: Vec<&Sketch> = self
            .services()
            .filter(|sketch| !self.looks_shared(sketch) && !kinds::is_finder(sketch) && !kinds::is_migration(sketch))
            .collect();
        let publish = |sketch: &&&Sketch| kinds::http_ports(sketch).any(|port| sketch.ports.contains(&port));
        let expose = |sketch: &&&Sketch| kinds::http_ports(sketch).next().is_some();
        let asked = |sketch: &&&Sketch| kinds::address(&sketch.check).is_some() && !kinds::is_worker(sketch);
        let ways: [&dyn Fn(&&&Sketch) -> bool; 3] = [&publish, &expose, &asked];
        let mut found: Vec<&Sketch> = Vec::new();
        for way in ways {
            if found.is_empty() {
                found = candidates.iter().filter(way).copied().collect();
            }
        }
        if found.is_empty() {
            let front = |sketch: &&&Sketch| kinds::distance_from_the_front(&sketch.name);
            found =
                candidates.iter().min_by_key(front).copied().or_else(|| self.services().next()).into_iter().collect();
        }
        let mut taken: Vec<String> = Vec::new();
        let front =
            found.iter().map(|sketch| sketch.name.as_str()).min_by_key(|name| kinds::distance_from_the_front(name));
        let front = front.unwrap_or_default().to_owned();
        let mut routed = Vec::new();
        for sketch in found {
            let mut hosts = self.hosts(application, &sketch.name, sketch.name == front);
            hosts.retain(|host| !taken.contains(host));
            if hosts.is_empty() {
                hosts.push(local_host(application, &sketch.name, false));
            }
            taken.extend(hosts.clone());
            routed.push(Routed { service: sketch.name.clone(), port: self.port(&sketch.name), hosts });
        }
        routed
    }

    /// The port on which a service listens for HTTP.
    pub fn port(&self, service: &str) -> u16 {
        let Some(sketch) = self.sketch(service) else { return SOME_PORT };
        let ports: Vec<u16> = kinds::http_ports(sketch).collect();
        let checked = kinds::address(&sketch.check).map(|(port, _)| port);
        let said = sketch.environment.get("PORT").and_then(|port| port.parse().ok()).filter(|port| *port != 0);
        checked
            .filter(|port| ports.is_empty() || ports.contains(port))
            .or(ports.first().copied())
            .or(said)
            .unwrap_or(SOME_PORT)
    }

    /// Whether the file itself says which port it is.
    pub fn knows_port(&self, service: &str) -> bool {
        self.sketch(service).is_some_and(|sketch| {
            kinds::http_ports(sketch).next().is_some()
                || kinds::address(&sketch.check).is_some()
                || sketch.environment.contains_key("PORT")
        })
    }

    /// What the file says of hosts in the ways of other routers; or a name that every browser takes for this machine.
    pub fn hosts(&self, application: &str, service: &str, front: bool) -> Vec<String> {
        let said = self.sketch(service).map(said_hosts).unwrap_or_default();
        if said.is_empty() { vec![local_host(application, service, front)] } else { said }
    }

    /// Those that serve both slots. What gets requests is not among them, nor what leans on a slot's own service.
    pub fn shared(&self, routed: &[Routed]) -> Vec<String> {
        let gets_requests = |sketch: &Sketch| routed.iter().any(|routed| routed.service == sketch.name);
        let looks = self.services().filter(|sketch| self.looks_shared(sketch) && !gets_requests(sketch));
        let mut shared: Vec<&Sketch> = looks.collect();
        // Each round may take the ground from under another one.
        loop {
            let names: Vec<&str> = shared.iter().map(|sketch| sketch.name.as_str()).collect();
            let stands = |sketch: &&Sketch| self.leans_on(sketch, &names).is_none();
            let kept: Vec<&Sketch> = shared.iter().copied().filter(stands).collect();
            if kept.len() == shared.len() {
                return names.into_iter().map(str::to_owned).collect();
            }
            shared = kept;
        }
    }

    /// A service that this one depends on and that is not shared: a shared service cannot.
    pub fn leans_on(&self, sketch: &'a Sketch, shared: &[&str]) -> Option<&'a str> {
        let mut needed = sketch.depends_on.iter().map(String::as_str);
        needed.find(|needed| !shared.contains(needed) && self.services().any(|other| other.name == **needed))
    }

    /// How every service takes part, in the order of the file.
    pub fn parts(&self, routed: &[Routed], shared: &[String]) -> Vec<(String, Part)> {
        let part = |sketch: &Sketch| {
            if let Some(routed) = routed.iter().find(|routed| routed.service == sketch.name) {
                Part::Routed { port: routed.port, hosts: routed.hosts.clone() }
            } else if shared.contains(&sketch.name) {
                Part::Shared
            } else {
                // What others of its slot wait for must be there before the slot is live.
                let needed = self.services().any(|other| other.depends_on.contains(&sketch.name));
                Part::Background { live_slot_only: kinds::is_worker(sketch) && !needed }
            }
        };
        self.services().map(|sketch| (sketch.name.clone(), part(sketch))).collect()
    }

    /// A migration that the file keeps out of `docker compose up` by a profile; the command, and where it would run.
    /// One that `up` runs goes on being run, as a service that ends.
    pub fn migration(&self, routed: &[Routed]) -> Option<Migration> {
        self.migration_of(routed, |sketch| sketch.left_out)
    }

    /// A migration that runs as a service: for the file's comments.
    pub fn migration_beside(&self, routed: &[Routed]) -> Option<Migration> {
        self.migration_of(routed, |sketch| !sketch.left_out)
    }

    fn migration_of(&self, routed: &[Routed], which: impl Fn(&Sketch) -> bool) -> Option<Migration> {
        let mut all = self.outline.services.iter();
        let found = all.find(|sketch| kinds::is_migration(sketch) && !sketch.command.is_empty() && which(sketch))?;
        let same_image =
            |routed: &&Routed| self.sketch(&routed.service).is_some_and(|other| other.image == found.image);
        let at = routed.iter().find(same_image).or(routed.first())?;
        Some(Migration { service: at.service.clone(), up: found.command.clone() })
    }

    /// Where each service that gets requests says that it is well: as its health check in the compose file asks.
    pub fn health(&self, routed: &[Routed]) -> Vec<(String, String)> {
        let path = |routed: &Routed| {
            let check = self.sketch(&routed.service).and_then(|sketch| kinds::address(&sketch.check));
            let path = check.map(|(_, path)| path).filter(|path| words::request_path(path).is_ok());
            path.unwrap_or("/").to_owned()
        };
        routed.iter().map(|routed| (routed.service.clone(), path(routed))).collect()
    }

    /// The variable that most images of what is not shared have in their tag.
    pub fn version_variable(&self, parts: &[(String, Part)]) -> Option<String> {
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for sketch in self.slotted(parts) {
            for name in sketch.tag_variables() {
                *counted.entry(name).or_default() += 1;
            }
        }
        // Of several that are as frequent, the usual name; or else the first of the alphabet.
        let usual = |name: &str| name == "VERSION";
        let best = counted.iter().max_by(|a, b| a.1.cmp(b.1).then(usual(a.0).cmp(&usual(b.0))).then(b.0.cmp(a.0)));
        best.map(|(name, _)| name.clone()).filter(|name| words::variable(name).is_ok())
    }

    /// The registry that an image of a release comes from, when it is not Docker Hub.
    pub fn registry(&self, parts: &[(String, Part)]) -> Option<String> {
        self.slotted(parts).find_map(|sketch| {
            let (first, _) = sketch.image.as_deref()?.split_once('/')?;
            let is_host = first.contains(['.', ':']) || first == "localhost";
            Some(first.to_owned()).filter(|first| is_host && words::registry_server(first).is_ok())
        })
    }

    /// The services of which each slot has its own.
    pub fn slotted<'s>(&self, parts: &'s [(String, Part)]) -> impl Iterator<Item = &'a Sketch> + use<'a, 's> {
        let shared = |name: &str| parts.iter().any(|(other, part)| other == name && *part == Part::Shared);
        self.services().filter(move |sketch| !shared(&sketch.name))
    }

    /// Every question answered.
    pub fn answers(&self, folder: &str, compose: &str, router: &str) -> Answers {
        let name = self.name(folder);
        let routed = self.routed(&name);
        let shared = self.shared(&routed);
        let parts = self.parts(&routed, &shared);
        Answers {
            compose: compose.to_owned(),
            version_variable: self.version_variable(&parts),
            registry: self.registry(&parts),
            migration: self.migration(&routed),
            migration_beside: self.migration_beside(&routed),
            health: self.health(&routed),
            router: router.to_owned(),
            stages: Answers::STAGES.to_vec(),
            services: parts,
            name,
        }
    }

    pub fn sketch(&self, service: &str) -> Option<&'a Sketch> {
        self.outline.services.iter().find(|sketch| sketch.name == service)
    }

    /// A database or the like by its image; or something of a fixed version that keeps data and is named so, or is the
    /// only one with a fixed version among others whose version varies.
    fn looks_shared(&self, sketch: &Sketch) -> bool {
        if kinds::is_store(sketch) {
            return true;
        }
        if !sketch.keeps || !sketch.tag_variables().is_empty() {
            return false;
        }
        let others_vary = self.services().any(|other| !other.tag_variables().is_empty());
        kinds::is_named_like_a_store(sketch) || (others_vary && sketch.image.is_some())
    }
}

/// `web.shop.localhost`, or `shop.localhost` for the front.
fn local_host(application: &str, service: &str, front: bool) -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let label: String = service.chars().map(good).collect();
    let label = label.trim_matches('-');
    let application = application.trim_matches('-');
    if front || label.is_empty() {
        format!("{application}.localhost")
    } else {
        format!("{label}.{application}.localhost")
    }
}

/// Hosts in the words of nginx-proxy, Traefik and caddy-docker-proxy.
fn said_hosts(sketch: &Sketch) -> Vec<String> {
    let listed = ["VIRTUAL_HOST", "LETSENCRYPT_HOST"].into_iter().filter_map(|name| sketch.environment.get(name));
    let caddy = sketch.labels.get("caddy").into_iter();
    let mut words: Vec<&str> = listed.chain(caddy).flat_map(|text| text.split([',', ' '])).collect();
    for (_, rule) in sketch.labels.iter().filter(|(name, _)| name.starts_with("traefik.") && name.ends_with(".rule")) {
        // Host(`a.example.com`) || Host(`b.example.com`)
        for part in rule.split("Host(").skip(1) {
            let inside = part.split(')').next().unwrap_or_default();
            words.extend(inside.split(',').map(|word| word.trim_matches([' ', '`', '"', '\''])));
        }
    }
    let mut hosts: Vec<String> = Vec::new();
    for word in words {
        let host = word.trim().trim_start_matches("https://").trim_start_matches("http://").to_lowercase();
        if words::host(&host).is_ok() && host.contains('.') && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}
