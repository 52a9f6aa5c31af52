//! What was decided, and how it is read from what people type. Each reader says what is wrong in a sentence.

use super::guess::Guess;
use crate::application::words;
use crate::compose;

/// How a service takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Routed { port: u16, hosts: Vec<String> },
    Background { live_slot_only: bool },
    Shared,
}

/// A service that gets requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    pub service: String,
    pub port: u16,
    pub hosts: Vec<String>,
}

/// A migration: the command, and in whose container it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub service: String,
    pub up: Vec<String>,
}

/// All that the application file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    pub name: String,
    /// As it stands in the file: beside it.
    pub compose: String,
    /// `None`: no image has one, and the usual one is meant.
    pub version_variable: Option<String>,
    /// Every service of the compose file, in its order.
    pub services: Vec<(String, Part)>,
    /// Where images of a release come from, for a comment.
    pub registry: Option<String>,
    pub migration: Option<Migration>,
    /// One that runs as a service by itself, for a comment.
    pub migration_beside: Option<Migration>,
    /// Service and path.
    pub health: Vec<(String, String)>,
    pub router: String,
    /// Percent, rising to 100.
    pub stages: Vec<u8>,
}

impl Answers {
    pub const STAGES: [u8; 5] = [10, 25, 50, 75, 100];

    /// # Errors
    /// When it is not a name.
    pub fn read_name(text: &str) -> Result<String, String> {
        words::application_name(text).map(|()| text.to_owned())
    }

    /// `web` or `web:3000` or `web:3000=shop.example.com,www.shop.example.com`; several with spaces between them. What
    /// is not said is guessed.
    ///
    /// # Errors
    /// When a service is not there, a port or a host is none, or a host is given twice.
    pub fn read_routed(text: &str, guess: &Guess, application: &str) -> Result<Vec<Routed>, String> {
        let joined = text.split(',').map(str::trim).collect::<Vec<_>>().join(",");
        let mut routed: Vec<Routed> = Vec::new();
        for word in joined.split_whitespace().flat_map(services_of_word) {
            let (left, hosts) = word.split_once('=').map_or((word, None), |(left, hosts)| (left, Some(hosts)));
            let (service, port) = left.split_once(':').map_or((left, None), |(service, port)| (service, Some(port)));
            known(service, guess)?;
            if routed.iter().any(|other| other.service == service) {
                return Err(format!("`{service}` is named twice"));
            }
            let port = match port {
                None => guess.port(service),
                Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                    format!("`{port}` is not a port from 1 to 65535: write {service}:3000=shop.example.com")
                })?,
            };
            let hosts = match hosts {
                None => guess.hosts(application, service, routed.is_empty()),
                Some(hosts) => hosts.split(',').filter(|host| !host.is_empty()).map(str::to_owned).collect(),
            };
            if hosts.is_empty() {
                return Err(format!("`{service}` needs a host: write {service}=shop.example.com"));
            }
            for (at, host) in hosts.iter().enumerate() {
                words::host(host)?;
                if hosts[..at].contains(host) || routed.iter().any(|other| other.hosts.contains(host)) {
                    return Err(format!("the host {host} is given twice: a host has one service"));
                }
            }
            routed.push(Routed { service: service.to_owned(), port, hosts });
        }
        if routed.is_empty() {
            return Err("at least one service must get requests".to_owned());
        }
        Ok(routed)
    }

    /// As [`Answers::read_routed`] reads it.
    pub fn show_routed(routed: &[Routed]) -> String {
        let one = |routed: &Routed| format!("{}:{}={}", routed.service, routed.port, routed.hosts.join(","));
        routed.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// Names of services; `none` for none.
    ///
    /// # Errors
    /// When one is not there, gets requests, or leans on a service that each slot has for itself.
    pub fn read_shared(text: &str, guess: &Guess, routed: &[Routed]) -> Result<Vec<String>, String> {
        let names: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty() && !is_no(word)).collect();
        for name in &names {
            let sketch = known(name, guess)?;
            if routed.iter().any(|routed| routed.service == *name) {
                return Err(format!("`{name}` gets requests, so each slot has its own"));
            }
            if let Some(other) = guess.leans_on(sketch, &names) {
                return Err(format!(
                    "`{name}` depends on `{other}`, which each slot has for itself: share `{other}` too, or leave \
                     `{name}` out"
                ));
            }
        }
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// A command, with the service in whose container it runs before it (`api: pnpm db:migrate`); `no` for none.
    ///
    /// # Errors
    /// When the service is not one that each slot has, or the command needs a shell.
    pub fn read_migration(text: &str, guess: &Guess, services: &[(String, Part)]) -> Result<Option<Migration>, String> {
        if text.is_empty() || is_no(text) {
            return Ok(None);
        }
        let said = text.split_once(':').filter(|(service, _)| guess.sketch(service.trim()).is_some());
        let first = services.iter().find(|(_, part)| matches!(part, Part::Routed { .. }));
        let (service, command) = match said {
            Some((service, command)) => (service.trim(), command),
            None => (first.map_or("", |(name, _)| name.as_str()), text),
        };
        match services.iter().find(|(name, _)| name == service) {
            Some((_, Part::Shared | Part::Background { live_slot_only: true })) | None => {
                return Err(format!("`{service}` has no container in the standby slot, where a migration runs"));
            }
            Some(_) => {}
        }
        let up = compose::split_command(command).map_err(|why| format!("the command {why}"))?;
        if up.first().is_none_or(|program| program.trim().is_empty()) {
            return Err(format!("there is no command: write {service}: npm run migrate"));
        }
        Ok(Some(Migration { service: service.to_owned(), up }))
    }

    pub fn show_migration(migration: Option<&Migration>) -> String {
        let Some(Migration { service, up }) = migration else { return "no".to_owned() };
        let quoted = |word: &String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
            if !word.is_empty() && word.chars().all(plain) { word.clone() } else { format!("'{word}'") }
        };
        format!("{service}: {}", up.iter().map(quoted).collect::<Vec<_>>().join(" "))
    }

    /// One path for all, or `web=/ api=/health`. A service that is not named keeps what was guessed; `no` for none.
    ///
    /// # Errors
    /// When it is not a path, or the service gets no requests.
    pub fn read_health(text: &str, guessed: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
        if is_no(text) {
            return Ok(Vec::new());
        }
        let mut health = guessed.to_vec();
        for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
            match word.split_once('=').filter(|_| !word.starts_with('/')) {
                None => {
                    words::request_path(word)?;
                    health.iter_mut().for_each(|(_, path)| word.clone_into(path));
                }
                Some((service, path)) => {
                    words::request_path(path)?;
                    let Some((_, own)) = health.iter_mut().find(|(name, _)| name == service) else {
                        return Err(format!("`{service}` gets no requests: {}", names(guessed.iter().map(|(n, _)| n))));
                    };
                    path.clone_into(own);
                }
            }
        }
        Ok(health)
    }

    pub fn show_health(health: &[(String, String)]) -> String {
        match health {
            [] => "no".to_owned(),
            [(_, first), rest @ ..] if rest.iter().all(|(_, path)| path == first) => first.clone(),
            _ => health.iter().map(|(service, path)| format!("{service}={path}")).collect::<Vec<_>>().join(" "),
        }
    }

    /// `10 25 50 75 100`, with or without commas and percent signs.
    ///
    /// # Errors
    /// When they do not rise to 100.
    pub fn read_stages(text: &str) -> Result<Vec<u8>, String> {
        let mut stages: Vec<u8> = Vec::new();
        for word in text.split([',', ' ', '%']).filter(|word| !word.is_empty()) {
            let percent = word.parse().ok().filter(|percent| (1..=100).contains(percent));
            let percent = percent.ok_or_else(|| format!("`{word}` is not a percentage from 1 to 100"))?;
            if stages.last().is_some_and(|last| *last >= percent) {
                return Err(format!("stages rise: {percent} cannot come after {}", stages[stages.len() - 1]));
            }
            stages.push(percent);
        }
        if stages.last() != Some(&100) {
            return Err("the last stage is 100: all traffic".to_owned());
        }
        Ok(stages)
    }

    pub fn show_stages(stages: &[u8]) -> String {
        stages.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
    }

    /// # Errors
    /// When Crossfade has no such router, or a first file cannot name it.
    pub fn read_router(text: &str) -> Result<String, String> {
        let known = super::routers();
        if known.contains(&text) {
            return Ok(text.to_owned());
        }
        Err(format!("`{text}` cannot be chosen here: write {}", known.join(" or ")))
    }
}

/// `web,api` names two services; `web=a.com,b.com` names one.
fn services_of_word(word: &str) -> Vec<&str> {
    if word.contains('=') { vec![word] } else { word.split(',').filter(|part| !part.is_empty()).collect() }
}

fn known<'a>(service: &str, guess: &Guess<'a>) -> Result<&'a compose::Sketch, String> {
    guess.services().find(|sketch| sketch.name == service).ok_or_else(|| {
        let all = guess.services().map(|sketch| &sketch.name);
        format!("the compose file has no service `{service}`: it has {}", names(all))
    })
}

fn names<'n>(all: impl Iterator<Item = &'n String>) -> String {
    all.map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn is_no(text: &str) -> bool {
    matches!(text, "no" | "none" | "n" | "-")
}
