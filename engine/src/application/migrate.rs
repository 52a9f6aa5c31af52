//! `[migrate]`: the migration of the database.

use super::item::Item;
use super::section::Keys;
use super::services::Services;
use super::words;
use rollout::application::{Migrate, Service};
use rollout::clock::Millis;

pub(super) const MIGRATE: Keys = Keys {
    known: &["service", "up", "verify", "rerun", "timeout"],
    later: &[
        ("kind", "every migration is taken to be one that the release before it can live with"),
        ("backup", "make the backup before the rollout starts"),
        ("down", "a roll back moves the traffic and leaves the database as it is"),
    ],
};

pub(super) fn read(item: Item, services: &Services) -> Option<Migrate> {
    let section = item.section("[migrate]", &MIGRATE, "a section: [migrate]")?;
    let service = section.need("service", "the service in whose standby container the commands run");
    let up = section.need("up", "the command that migrates, like up = [\"pnpm\", \"db:migrate\"]");
    Some(Migrate {
        service: service.and_then(|item| in_standby(item, services)).unwrap_or_default(),
        up: up.and_then(command).unwrap_or_default(),
        verify: section.get("verify").and_then(command),
        rerun: section.get("rerun").and_then(|item| item.flag()).unwrap_or(false),
        timeout: section.get("timeout").and_then(|item| item.duration_above_zero()).unwrap_or(Millis::seconds(600)),
    })
}

/// The service must have a container in the standby slot while nothing is routed there yet. One that
/// the file does not name is a background service; whether compose has it is for the cross check.
fn in_standby(item: Item, services: &Services) -> Option<String> {
    let name = item.text_that(words::service_name)?;
    let where_it_runs = match services.get(&name) {
        Some(Service::Shared) => "is shared, so it",
        Some(Service::Background { live_slot_only: true }) => "runs in the live slot only, so it",
        _ => return Some(name),
    };
    item.wrong(format!("\"{name}\" {where_it_runs} has no container in the standby slot, where the migration runs"));
    None
}

/// A program and its arguments.
fn command(item: Item) -> Option<Vec<String>> {
    let words = item.list("a list of the program and its arguments, like [\"pnpm\", \"db:migrate\"]")?;
    let words: Vec<(Item, &str)> = words.into_iter().filter_map(|item| Some((item, item.text()?))).collect();
    for (item, word) in &words {
        if word.contains('\0') {
            item.wrong("an argument must not hold the character U+0000");
        }
    }
    match words.first() {
        None => item.wrong("must not be empty: it is the program and its arguments, like [\"pnpm\", \"db:migrate\"]"),
        Some((first, program)) if program.trim().is_empty() => first.wrong("the program must not be empty"),
        Some(_) => {}
    }
    Some(words.into_iter().map(|(_, word)| word.to_owned()).collect())
}
