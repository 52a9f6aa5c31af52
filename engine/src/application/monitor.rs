//! `[monitor]`: what is watched while traffic moves, and how long afterwards.

use super::item::Item;
use super::metric;
use super::section::Keys;
use super::services::Services;
use rollout::application::Monitor;
use rollout::clock::Millis;
use std::collections::BTreeMap;

pub(super) const MONITOR: Keys = Keys::new(&["duration", "metric"]);

pub(super) fn read(item: Item, services: &Services) -> Option<Monitor> {
    let section = item.section("[monitor]", &MONITOR, "a section: [monitor]")?;
    let duration = section.get("duration").and_then(|item| item.duration());
    let mut names = BTreeMap::new();
    let metrics = section.get("metric").map(|item| item.sections("[[monitor.metric]]", &metric::METRIC));
    Some(Monitor {
        duration: duration.unwrap_or(Millis::seconds(5 * 60)),
        metrics: metrics.iter().flatten().map(|section| metric::read(section, services, &mut names)).collect(),
    })
}
