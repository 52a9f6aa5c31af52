//! `source` of a metric: where its numbers come from, with the keys that belong to it.

use super::builtins::{Builtin, Numbers};
use super::item::Item;
use super::section::Section;
use super::series;
use super::services::Services;
use super::suggest::did_you_mean;
use super::{asked, variables, words};
use rollout::metric::{Scrape, Signal, Source};

/// Which source, before anything else of it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Router,
    Text,
    Promql,
    Command,
}

const KINDS: &[(&str, Kind)] =
    &[("router", Kind::Router), ("prometheus text", Kind::Text), ("promql", Kind::Promql), ("command", Kind::Command)];

pub(super) const MEASURES: &[(&str, Signal)] = &[
    ("errors", Signal::Errors),
    ("p50", Signal::Time(0.5)),
    ("p90", Signal::Time(0.9)),
    ("p95", Signal::Time(0.95)),
    ("p99", Signal::Time(0.99)),
    ("rate", Signal::Rate),
];

/// The keys that not every source has, with those that have them.
const BELONGS: &[(&str, &[Kind])] = &[
    ("measure", &[Kind::Router]),
    ("service", &[Kind::Router, Kind::Text, Kind::Command]),
    ("path", &[Kind::Text]),
    ("port", &[Kind::Text]),
    ("rate", &[Kind::Text]),
    ("share", &[Kind::Text]),
    ("quantile", &[Kind::Text]),
    ("histogram", &[Kind::Text]),
    ("gauge", &[Kind::Text]),
    ("of", &[Kind::Text]),
    ("take", &[Kind::Text]),
    ("server", &[Kind::Promql]),
    ("query", &[Kind::Promql]),
    ("command", &[Kind::Command]),
];

/// What may stand in braces in a query.
const PLACEHOLDERS: [&str; 3] = ["slot", "version", "application"];

/// `None` when something of it could not be read; that is reported.
pub(super) fn read(section: &Section, builtin: Option<&Builtin>, services: &Services) -> Option<Source> {
    let written = section.get("source");
    let kind = match written {
        Some(item) => item.choice(KINDS)?,
        None => builtin.map_or(Kind::Router, |builtin| builtin.numbers.kind()),
    };
    let all_belong = all_belong(section, kind, written.is_some());
    let numbers = builtin.map(|builtin| &builtin.numbers);
    let source = match kind {
        Kind::Router => router(section, numbers, services),
        Kind::Text => text(section, numbers, services),
        Kind::Promql => promql(section),
        Kind::Command => command(section, numbers, services),
    };
    source.filter(|_| all_belong)
}

/// Reports the keys of other sources.
fn all_belong(section: &Section, kind: Kind, written: bool) -> bool {
    let word = |kind: &Kind| KINDS.iter().find(|(_, each)| each == kind).map_or("", |(word, _)| word);
    let others = BELONGS.iter().filter(|(_, kinds)| !kinds.contains(&kind));
    let found: Vec<_> = others.filter_map(|(key, kinds)| Some((section.get(key)?, kinds))).collect();
    for (item, kinds) in &found {
        let belongs = kinds.iter().map(|kind| format!("source = \"{}\"", word(kind))).collect::<Vec<_>>().join(" or ");
        let unsaid = if written { "" } else { ", for none is written" };
        item.wrong_key(format!("belongs to {belongs}; the source of this metric is \"{}\"{unsaid}", word(&kind)));
    }
    found.is_empty()
}

fn router(section: &Section, numbers: Option<&Numbers>, services: &Services) -> Option<Source> {
    let usual = if let Some(Numbers::Router(signal)) = numbers { *signal } else { Signal::Errors };
    let signal = section.get("measure").map_or(Some(usual), |item| item.choice(MEASURES));
    let service = match section.get("service") {
        Some(item) => services.routed(item, "a metric of the router").map(Some),
        None => Some(None),
    };
    Some(Source::Router { signal: signal?, service: service? })
}

fn text(section: &Section, numbers: Option<&Numbers>, services: &Services) -> Option<Source> {
    const PORT: &str = "the port of its container, for only routed services have one in this file";
    let service = section.need("service", "whose containers are asked for their numbers");
    let service = service.and_then(|item| services.running(item));
    let port = section.get("port");
    if services.are_processes()
        && let Some(port) = port
    {
        port.wrong_key("a process is asked at the port that Crossfade gave it");
        return None;
    }
    if port.is_none()
        && !services.are_processes()
        && service.as_ref().is_some_and(|service| !services.may_be_routed(service))
    {
        section.need("port", PORT);
    }
    let path = match section.get("path") {
        Some(item) => item.text_that(words::request_path),
        None => Some("/metrics".to_owned()),
    };
    let series = series::read(section, numbers);
    let port = port.and_then(|item| item.whole(1..=65_535));
    Some(Source::Scrape(Scrape { service: service?, port, path: path?, series: series? }))
}

fn promql(section: &Section) -> Option<Source> {
    let server = section.need("server", "where Prometheus is, like server = \"http://127.0.0.1:9090\"");
    let query = section.need("query", "a query that gives one number, with {slot} in it");
    let server = server.and_then(|item| item.text_that(asked::server));
    let query = query.and_then(filled);
    Some(Source::Promql { server: server?, query: query? })
}

/// A query that tells the slots apart. PromQL has braces of its own, but never around a word alone: what looks like a
/// placeholder is one.
fn filled(item: Item) -> Option<String> {
    let query = item.text_that(asked::query)?;
    let names: Vec<&str> = variables::names(&query).filter(|name| !name.contains(char::is_uppercase)).collect();
    let unknown: Vec<&&str> = names.iter().filter(|name| !PLACEHOLDERS.contains(name)).collect();
    for name in &unknown {
        let guess = did_you_mean(name, PLACEHOLDERS);
        let stop = if guess.is_empty() { "." } else { "" };
        item.wrong(format!("{{{name}}} is not known{guess}{stop} Known: {{slot}}, {{version}}, {{application}}"));
    }
    if !unknown.is_empty() {
        return None;
    }
    if !names.contains(&"slot") && !names.contains(&"version") {
        item.wrong("must hold {slot} or {version}, like up{slot=\"{slot}\"}: both slots would show the same number");
        return None;
    }
    Some(query)
}

fn command(section: &Section, numbers: Option<&Numbers>, services: &Services) -> Option<Source> {
    let named = |item| services.running(item);
    if let Some(Numbers::Command { service, command }) = numbers {
        let service = section.get("service").map_or(Some((*service).to_owned()), named);
        let usual = || Some(command.iter().map(|word| (*word).to_owned()).collect());
        let command = section.get("command").map_or_else(usual, |item| item.command());
        return Some(Source::Command { service: service?, command: command? });
    }
    let service = section.need("service", "in whose container the command runs").and_then(named);
    let command = section.need("command", "prints the number, like command = [\"shop\", \"stat\", \"queue-depth\"]");
    let command = command.and_then(|item| item.command());
    Some(Source::Command { service: service?, command: command? })
}
