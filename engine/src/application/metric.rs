//! `[[monitor.metric]]`: one number that is watched.

use super::builtins::{BUILTINS, Builtin, Numbers};
use super::limits::{self, Limits};
use super::section::{Keys, Section};
use super::services::Services;
use super::{source, words};
use rollout::application::Service;
use rollout::clock::Millis;
use rollout::metric::{Metric, OnBreach, Scrape, Series, Signal, Source, Unit};
use std::collections::BTreeMap;

pub(super) const METRIC: Keys = Keys::new(&[
    "builtin",
    "name",
    "source",
    "measure",
    "service",
    "path",
    "port",
    "rate",
    "share",
    "quantile",
    "histogram",
    "gauge",
    "of",
    "take",
    "server",
    "query",
    "command",
    "unit",
    "max",
    "min",
    "max_times",
    "max_more",
    "window",
    "interval",
    "min_samples",
    "failures",
    "errors",
    "delay",
    "on_breach",
    "dry_run",
]);

/// Far above any use.
const MOST_SAMPLES: i64 = 1_000_000_000;

/// `names`: those of the metrics above, with their lines.
pub(super) fn read(section: &Section, services: &Services, names: &mut BTreeMap<String, usize>) -> Metric {
    let choices: Vec<_> = BUILTINS.iter().map(|builtin| (builtin.word, builtin)).collect();
    let (builtin, readable) = match section.get("builtin") {
        Some(item) => {
            let builtin = item.choice(&choices);
            (builtin, builtin.is_some())
        }
        None => (None, true),
    };
    // Of a built-in that is not known, nothing can be said to be missing.
    let source = if readable { source::read(section, builtin, services) } else { None };
    let name = if readable { name(section, builtin, source.as_ref(), names) } else { None };
    let unit = unit(section, builtin, source.as_ref());
    let Limits { limit, compare } = limits::read(section, builtin, unit);
    if let Some(source) = &source {
        has_an_old_number(section, source, services);
    }
    let on_breach = section.get("on_breach");
    if let (Some(item), None, None, true) = (on_breach, limit, compare, readable)
        && !LIMITS.iter().any(|key| section.get(key).is_some())
    {
        item.wrong_key(format!("there is no limit that a breach could be of: give one of {}", LIMITS.join(", ")));
    }
    let window = section
        .get("window")
        .map_or(Some(Millis::seconds(60)), |item| item.duration_within(Millis::seconds(10)..=Millis::hours(1)));
    let interval = interval(section, window);
    Metric {
        min_samples: min_samples(section, source.as_ref(), window, interval),
        name: name.unwrap_or_default(),
        source: source.unwrap_or(Source::Router { signal: Signal::Errors, service: None }),
        unit: unit.unwrap_or_default(),
        limit,
        compare,
        window: window.unwrap_or_default(),
        interval: interval.unwrap_or_default(),
        failures: section.get("failures").and_then(|item| item.whole(1..=100)).unwrap_or(2),
        errors: section.get("errors").and_then(|item| item.whole(1..=100)).unwrap_or(6),
        delay: section.get("delay").and_then(|item| item.duration()).unwrap_or_default(),
        on_breach: on_breach
            .and_then(|item| item.choice(&[("hold", OnBreach::Hold), ("roll back", OnBreach::RollBack)]))
            .unwrap_or(builtin.map_or(OnBreach::Hold, |builtin| builtin.on_breach)),
        dry_run: section.get("dry_run").and_then(|item| item.flag()).unwrap_or(false),
    }
}

const LIMITS: [&str; 4] = ["max", "min", "max_times", "max_more"];

fn name(
    section: &Section,
    builtin: Option<&Builtin>,
    source: Option<&Source>,
    names: &mut BTreeMap<String, usize>,
) -> Option<String> {
    const WHAT: &str = "what it is called on the screen, like name = \"error rate\"";
    // A p99 must not be called p95 on the screen.
    let other_measure = match (builtin.map(|builtin| &builtin.numbers), source) {
        (Some(Numbers::Router(usual)), Some(Source::Router { signal, .. })) => signal != usual,
        _ => false,
    };
    let (item, name) = match (section.get("name"), builtin.filter(|_| !other_measure)) {
        (Some(item), _) => (item, item.text_that(words::metric_name)?),
        (None, Some(builtin)) => (section.get("builtin")?, builtin.name.to_owned()),
        (None, None) => {
            section.need("name", WHAT);
            return None;
        }
    };
    if let Some(line) = names.get(&name) {
        item.wrong(format!("\"{name}\" is already the metric on line {line}: each has its own `name`"));
    } else {
        names.insert(name.clone(), item.problems.line(item.at()));
    }
    Some(name)
}

/// The unit that is written, or that fits the source, or the built-in's.
fn unit(section: &Section, builtin: Option<&Builtin>, source: Option<&Source>) -> Option<Unit> {
    let units = Unit::ALL.map(|unit| (unit.as_str(), unit));
    let written = match section.get("unit") {
        Some(item) => Some((item, item.choice(&units)?)),
        None => None,
    };
    let (fitting, only) = match source? {
        Source::Router { signal: Signal::Errors, .. } => (Some(Unit::Ratio), true),
        Source::Router { signal: Signal::Time(_), .. } => (Some(Unit::Seconds), true),
        Source::Router { signal: Signal::Rate, .. } => (Some(Unit::PerSecond), true),
        Source::Scrape(Scrape { series, .. }) => match series {
            Series::Share { .. } => (Some(Unit::Ratio), true),
            Series::Quantile { .. } => (Some(Unit::Seconds), false),
            Series::Rate(_) => (Some(Unit::PerSecond), false),
            Series::Gauge { of: Some(_), .. } => (Some(Unit::Ratio), false),
            Series::Gauge { of: None, .. } => (None, false),
        },
        Source::Promql { .. } | Source::Command { .. } => (None, false),
    };
    let unit = match (written, fitting) {
        (Some((item, unit)), Some(fitting)) if only && unit != fitting => {
            item.wrong(format!("what this metric measures has the unit \"{}\": leave `unit` out", fitting.as_str()));
            return None;
        }
        (Some((_, unit)), _) => unit,
        (None, fitting) => fitting.or(builtin.map(|builtin| builtin.unit)).unwrap_or_default(),
    };
    Some(unit)
}

/// The old slot's number is another than the new slot's only if each slot has containers of the service.
fn has_an_old_number(section: &Section, source: &Source, services: &Services) {
    let service = match source {
        Source::Scrape(Scrape { service, .. }) | Source::Command { service, .. } => service,
        Source::Router { .. } | Source::Promql { .. } => return,
    };
    let why = match services.get(service) {
        Some(Service::Shared) => "is shared by both slots",
        Some(Service::Background { live_slot_only: true }) => "runs in the live slot only",
        _ => return,
    };
    for item in ["max_times", "max_more"].into_iter().filter_map(|key| section.get(key)) {
        item.wrong_key(format!(
            "\"{service}\" {why}, so the old slot has no number of its own to compare with: give `max` or `min`"
        ));
    }
}

fn interval(section: &Section, window: Option<Millis>) -> Option<Millis> {
    let Some(item) = section.get("interval") else { return Some(Millis::seconds(5)) };
    let interval = item.duration_within(Millis::seconds(1)..=Millis::hours(1))?;
    if let Some(window) = window.filter(|window| interval > *window) {
        item.wrong(format!("must not be longer than the `window`, {window}: what happens between would not be seen"));
        return None;
    }
    Some(interval)
}

fn min_samples(section: &Section, source: Option<&Source>, window: Option<Millis>, interval: Option<Millis>) -> u64 {
    // Requests and observations are counted one by one; of anything else there is a number now and then.
    let apart = match source {
        Some(Source::Router { signal: Signal::Rate, .. }) => Some(Millis::seconds(1)),
        Some(Source::Scrape(scrape)) => match scrape.series {
            Series::Share { .. } | Series::Quantile { .. } => None,
            Series::Rate(_) | Series::Gauge { .. } => interval,
        },
        Some(Source::Promql { .. } | Source::Command { .. }) => interval,
        Some(Source::Router { .. }) | None => None,
    };
    let Some(item) = section.get("min_samples") else { return if apart.is_some() { 1 } else { 100 } };
    let Some(samples) = item.whole(1..=MOST_SAMPLES) else { return 1 };
    if let (Some(window), Some(apart)) = (window, apart) {
        let most = window.0 / apart.0.max(1);
        if samples > most {
            item.wrong(format!(
                "this metric has one sample each {apart}, so a window of {window} has at most {most}: {samples} are \
                 never there"
            ));
        }
    }
    samples
}
