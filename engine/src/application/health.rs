//! `[[health]]`: whether the standby slot is well.

use super::item::Item;
use super::section::{Keys, Section};
use super::services::Services;
use super::words;
use rollout::application::HealthCheck;
use rollout::clock::Millis;

pub(super) const HEALTH: Keys = Keys::new(&["service", "path", "status", "tries", "interval", "timeout", "passes"]);

/// Far above any use.
const MOST_TRIES: i64 = 10_000;

pub(super) fn read(item: Item, services: &Services) -> Vec<HealthCheck> {
    item.sections("[[health]]", &HEALTH).iter().map(|section| check(section, services)).collect()
}

fn check(section: &Section, services: &Services) -> HealthCheck {
    let service = section.need("service", "the routed service to ask");
    let tries = section.get("tries");
    let passes = section.get("passes");
    let tries_read = tries.map_or(Some(30), |item| item.whole(1..=MOST_TRIES));
    let passes_read = passes.map_or(Some(3), |item| item.whole(1..=MOST_TRIES));
    if let (Some(tries_read), Some(passes_read)) = (tries_read, passes_read)
        && passes_read > tries_read
    {
        let sentence = format!("{passes_read} passes in a row cannot come from {tries_read} tries: passes <= tries");
        // One of the two is written, for the defaults agree with each other.
        if let Some(item) = passes.or(tries) {
            item.wrong(sentence);
        }
    }
    HealthCheck {
        service: service.and_then(|item| services.routed(item, "a health check")).unwrap_or_default(),
        path: section
            .get("path")
            .and_then(|item| item.text_that(words::request_path))
            .unwrap_or_else(|| "/".to_owned()),
        status: section.get("status").and_then(status),
        tries: tries_read.unwrap_or(30),
        interval: section.get("interval").and_then(|item| item.duration_above_zero()).unwrap_or(Millis::seconds(10)),
        timeout: section.get("timeout").and_then(|item| item.duration_above_zero()).unwrap_or(Millis::seconds(5)),
        passes: passes_read.unwrap_or(3),
    }
}

/// The status of a final response.
pub(super) fn status(item: Item) -> Option<u16> {
    item.whole(200..=599)
}
