//! What the pending migration would do to the old release, where the application file says which SQL files it is.

use crate::definition::Definition;
use crate::migration;
use rollout::application::{Migrate, MigrationKind};
use rollout::check::Check;
use std::path::Path;

pub(super) async fn look(definition: &Definition) -> Vec<Check> {
    let Some(migrate) = definition.application.migrate.clone() else { return vec![] };
    let folder = definition.folder.clone();
    // Files are read and looked through: that may take a while.
    match tokio::task::spawn_blocking(move || read(&migrate, &folder)).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::warning("migration SQL", format!("it could not be looked through: {error}"))],
    }
}

fn read(migrate: &Migrate, folder: &Path) -> Vec<Check> {
    let mut checks = vec![];
    if migrate.kind == MigrationKind::Contract {
        checks.push(Check::warning(
            "migration",
            "it takes something away (kind = \"contract\"): after it, rolling back is unsafe, and nothing rolls back by itself",
        ));
    }
    match (migrate.lint.files.is_empty(), &migrate.lint.command) {
        (false, _) => match migration::read_files(folder, &migrate.lint.files) {
            Ok(files) => checks.extend(migration::checks(migrate, &files)),
            Err(why) => checks.push(Check::failure("migration", why)),
        },
        (true, Some(_)) => {
            checks.push(Check::ok(
                "migration",
                "its SQL is looked through once the new slot can print it, before it runs",
            ));
        }
        (true, None) => checks.push(Check::ok("migration", "its SQL is not looked through: [migrate.lint] names none")),
    }
    checks
}
