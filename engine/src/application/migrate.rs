//! `[migrate]`: the migration of the database.

use super::item::Item;
use super::section::Keys;
use super::services::Services;
use super::suggest::closest;
use super::{lint, variables};
use rollout::application::{Migrate, MigrationKind, Service};
use rollout::clock::Millis;

pub(super) const MIGRATE: Keys =
    Keys::new(&["service", "up", "verify", "kind", "backup", "down", "lint", "rerun", "timeout"]);

const KINDS: &[(&str, MigrationKind)] = &[("expand", MigrationKind::Expand), ("contract", MigrationKind::Contract)];

pub(super) fn read(item: Item, services: &Services) -> Option<Migrate> {
    let section = item.section("[migrate]", &MIGRATE, "a section: [migrate]")?;
    let service = section.need("service", "the service in whose standby container the commands run");
    let up = section.need("up", "the command that migrates, like up = [\"pnpm\", \"db:migrate\"]");
    Some(Migrate {
        service: service.and_then(|item| in_standby(item, services)).unwrap_or_default(),
        up: up.and_then(|item| item.command()).unwrap_or_default(),
        verify: section.get("verify").and_then(|item| item.command()),
        kind: section.get("kind").and_then(|item| item.choice(KINDS)).unwrap_or_default(),
        backup: section.get("backup").and_then(backup),
        down: section.get("down").and_then(|item| item.command()),
        lint: section.get("lint").and_then(lint::read).unwrap_or_default(),
        rerun: section.get("rerun").and_then(|item| item.flag()).unwrap_or(false),
        timeout: section.get("timeout").and_then(|item| item.duration_above_zero()).unwrap_or(Millis::seconds(600)),
    })
}

/// The service must have a container in the standby slot while nothing is routed there yet. One that
/// the file does not name is a background service; whether compose has it is for the cross check.
fn in_standby(item: Item, services: &Services) -> Option<String> {
    let name = services.running(item)?;
    let where_it_runs = match services.get(&name) {
        Some(Service::Shared) => "is shared, so it",
        Some(Service::Background { live_slot_only: true }) => "runs in the live slot only, so it",
        _ => return Some(name),
    };
    item.wrong(format!("\"{name}\" {where_it_runs} has no container in the standby slot, where the migration runs"));
    None
}

/// A command in which `{version}` is the release. Other words in braces are left alone, for shells and awk have
/// braces too; but a slip would quietly give every release's backup the same name.
fn backup(item: Item) -> Option<Vec<String>> {
    let command = item.command()?;
    for word in item.list("a command")? {
        let names = variables::names(word.text()?);
        for name in names.filter(|name| *name != "version" && closest(name, ["version"]).is_some()) {
            word.wrong(format!("{{{name}}} is not filled in: did you mean {{version}}, the release?"));
        }
    }
    Some(command)
}
