//! How a service runs as a process: the keys of `[services.NAME]` that belong to `runtime = "process"`.

use super::item::Item;
use super::section::{Keys, Section};
use super::suggest::{closest, did_you_mean};
use super::words;
use crate::runtime::process::fill;
use rollout::application::{Secret, Service};
use rollout::clock::Millis;
use rollout::runtime::{OwnCheck, Program, Question};
use std::collections::BTreeMap;

/// Those that say nothing of a container.
const OWN: [&str; 5] = ["command", "environment", "folder", "health", "stop_grace"];
pub(super) const OWN_CHECK: Keys = Keys::new(&["path", "command", "interval", "timeout", "retries"]);

const HEALTH_LIKE: &str = "a table, like { path = \"/health\" } or { command = [\"bin/check\"] }";
/// What Docker gives a container that says nothing of it.
const STOP_GRACE: Millis = Millis::seconds(10);

/// A `{port.NAME}`, and where it stands.
pub(super) struct Mention<'a> {
    item: Item<'a>,
    by: &'a str,
    of: String,
}

/// Where containers run the services, the compose file says all this.
pub(super) fn refuse(section: &Section) {
    for item in OWN.iter().filter_map(|key| section.get(key)) {
        item.wrong_key("belongs to runtime = \"process\", at the top; containers are described in the compose file");
    }
}

/// `None` when something of it could not be read; that is reported.
pub(super) fn read<'a>(section: &Section<'a>, service: &'a str, mentions: &mut Vec<Mention<'a>>) -> Option<Program> {
    let mut texts = Texts { service, mentions };
    let command = section.need("command", "the program and its arguments, like command = [\"bin/shop\", \"web\"]");
    let command = command.and_then(|item| texts.command(item));
    let folder = section.get("folder");
    if let Some(item) = folder {
        texts.look(item);
        version_alone(item);
    }
    let health = section.get("health");
    let health_read = health.and_then(|item| own_check(item, &mut texts));
    let grace = section.get("stop_grace").map(|item| item.duration_within(Millis::ZERO..=Millis::hours(1)));
    Some(Program {
        environment: section.get("environment").map(|item| environment(item, &mut texts)).unwrap_or_default(),
        folder: folder.and_then(|item| item.text_that(words::not_empty)),
        stop_grace: grace.flatten().unwrap_or(STOP_GRACE),
        health: health_read,
        command: command?,
    })
}

fn environment<'a>(item: Item<'a>, texts: &mut Texts<'a, '_>) -> BTreeMap<String, Secret> {
    let mut variables = BTreeMap::new();
    for entry in item.entries("a table of variables, like { NODE_ENV = \"production\" }").unwrap_or_default() {
        let name = entry.name();
        if let Err(sentence) = words::variable(name) {
            entry.wrong_key(sentence);
        }
        if name == "PORT" || name.starts_with("CROSSFADE_") {
            entry.wrong_key("is set by Crossfade: each process is told its port, slot and release");
        }
        let Some(text) = entry.text() else { continue };
        // An empty value is one; a reference must be whole.
        if !text.is_empty() && entry.secret().is_none() {
            continue;
        }
        if text.contains('\0') {
            entry.wrong("a variable must not hold the character U+0000");
        }
        texts.look(entry);
        variables.insert(name.to_owned(), Secret::parse(text));
    }
    variables
}

fn own_check<'a>(item: Item<'a>, texts: &mut Texts<'a, '_>) -> Option<OwnCheck> {
    let section = item.section("`health`", &OWN_CHECK, HEALTH_LIKE)?;
    let ask = match (section.get("path"), section.get("command")) {
        (Some(path), None) => path.text_that(words::request_path).map(Question::Path),
        (None, Some(command)) => texts.command(command).map(Question::Command),
        (Some(_), Some(command)) => {
            command.wrong_key("a process is asked by `path` or by `command`, not by both: take one of them out");
            None
        }
        (None, None) => {
            section.wrong("`health` needs `path`, asked at the process' own port, or `command`");
            None
        }
    };
    let time = |key, usual| section.get(key).and_then(|item: Item| item.duration_above_zero()).unwrap_or(usual);
    Some(OwnCheck {
        ask: ask?,
        interval: time("interval", Millis::seconds(5)),
        timeout: time("timeout", Millis::seconds(5)),
        retries: section.get("retries").and_then(|item| item.whole(1..=1_000)).unwrap_or(3),
    })
}

/// What a release is, is found before a slot is.
fn version_alone(item: Item) {
    let names = item.value.get_ref().as_str().into_iter().flat_map(fill::names);
    for name in names.filter(|name| *name != "version" && (fill::KNOWN.contains(name) || name.starts_with("port."))) {
        item.wrong(format!("{{{name}}} cannot be part of where a program is: only {{version}} can, for a release is the same in both slots"));
    }
}

/// Looks at what is filled in.
struct Texts<'a, 'm> {
    service: &'a str,
    mentions: &'m mut Vec<Mention<'a>>,
}

impl<'a> Texts<'a, '_> {
    fn command(&mut self, item: Item<'a>) -> Option<Vec<String>> {
        let command = item.command()?;
        let words = item.list("a command").unwrap_or_default();
        words.iter().for_each(|word| self.look(*word));
        words.first().copied().into_iter().for_each(version_alone);
        Some(command)
    }

    /// Other words in braces are left alone, for shells have braces, too; a slip of one of ours is told.
    fn look(&mut self, item: Item<'a>) {
        let Some(text) = item.value.get_ref().as_str() else { return };
        for name in fill::names(text) {
            if let Some(of) = name.strip_prefix("port.") {
                self.mentions.push(Mention { item, by: self.service, of: of.to_owned() });
            } else if !fill::KNOWN.contains(&name) && closest(name, fill::KNOWN).is_some() {
                let guess = did_you_mean(name, fill::KNOWN);
                item.wrong(format!(
                    "{{{name}}} is not filled in{guess} Known: {{version}}, {{slot}}, {{port}}, {{port.NAME}}"
                ));
            }
        }
    }
}

/// Each `{port.NAME}` names a service that is there for whoever asks.
pub(super) fn check_mentions(mentions: &[Mention], services: &BTreeMap<String, Option<Service>>) {
    for Mention { item, by, of } in mentions {
        let is_shared = |name: &str| matches!(services.get(name), Some(Some(Service::Shared)));
        match services.get(of) {
            None => {
                let guess = did_you_mean(of, services.keys().map(String::as_str));
                let stop = if guess.is_empty() { "." } else { "" };
                let all = services.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                item.wrong(format!("{{port.{of}}}: there is no [services.{of}]{guess}{stop} There are {all}"));
            }
            Some(_) if is_shared(by) && !is_shared(of) => item.wrong(format!(
                "{{port.{of}}}: `{by}` is shared, and each slot has a `{of}` of its own: which of them is meant?"
            )),
            Some(_) => {}
        }
    }
}
