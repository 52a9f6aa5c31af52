//! Findings as checks: what breaks the old release fails a migration that says it only adds.

use super::{Danger, Finding, lint};
use rollout::application::{Migrate, MigrationKind};
use rollout::check::{Check, Level};

/// What to know of a migration's SQL, file by file: a line for each finding, or one that says there is none. Findings whose
/// rules the application file allows are left out, and counted.
pub(crate) fn checks(migrate: &Migrate, files: &[(String, String)]) -> Vec<Check> {
    let mut checks = vec![];
    let (mut statements, mut allowed) = (0, 0);
    for (file, sql) in files {
        match lint(file, sql) {
            Ok(findings) => {
                statements += 1;
                let (waved, found): (Vec<_>, Vec<_>) =
                    findings.into_iter().partition(|finding| migrate.lint.allow.contains(&finding.rule));
                allowed += waved.len();
                checks.extend(found.iter().map(|finding| check(migrate.kind, finding)));
            }
            Err(error) => checks.push(Check::warning("migration SQL", format!("{error}: it was not looked through"))),
        }
    }
    if checks.is_empty() {
        let also = if allowed > 0 { format!(", but for {allowed} findings that are allowed") } else { String::new() };
        checks
            .push(Check::ok("migration SQL", format!("{statements} files, nothing that breaks the old release{also}")));
    }
    checks
}

fn check(kind: MigrationKind, finding: &Finding) -> Check {
    let level = match (finding.danger, kind) {
        (Danger::Breaks, MigrationKind::Expand) => Level::Failure,
        (Danger::Breaks, MigrationKind::Contract) | (Danger::Locks, _) => Level::Warning,
    };
    let way = match level {
        Level::Failure => format!(
            ". The migration says that it only adds: say kind = \"contract\" if the old release may break, or allow = [\"{}\"] in \
             [migrate.lint] if it does not",
            finding.rule
        ),
        _ => String::new(),
    };
    Check { name: "migration SQL".to_owned(), level, said: format!("{finding}{way}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::application::Lint;
    use rollout::clock::Millis;

    fn migrate(kind: MigrationKind, allow: &[&str]) -> Migrate {
        Migrate {
            service: "api".to_owned(),
            up: vec!["up".to_owned()],
            verify: None,
            kind,
            backup: None,
            down: None,
            lint: Lint { allow: allow.iter().map(|rule| (*rule).to_owned()).collect(), ..Lint::default() },
            rerun: false,
            timeout: Millis::seconds(60),
        }
    }

    #[test]
    fn what_breaks_fails_a_migration_that_says_it_only_adds() {
        let drop = [("1.sql".to_owned(), "ALTER TABLE calls DROP COLUMN note;".to_owned())];
        let add = [("1.sql".to_owned(), "ALTER TABLE calls ADD COLUMN note text;".to_owned())];
        let broken = [("1.sql".to_owned(), "ALTER TABEL calls;".to_owned())];
        let levels = |migrate: &Migrate, files: &[(String, String)]| {
            checks(migrate, files).iter().map(|check| check.level).collect::<Vec<_>>()
        };
        let expand = migrate(MigrationKind::Expand, &[]);
        assert_eq!(levels(&expand, &drop), [Level::Failure]);
        assert_eq!(levels(&expand, &add), [Level::Ok]);
        assert_eq!(levels(&expand, &broken), [Level::Warning]);
        assert_eq!(levels(&migrate(MigrationKind::Contract, &[]), &drop), [Level::Warning]);
        assert_eq!(levels(&migrate(MigrationKind::Expand, &["ban-drop-column"]), &drop), [Level::Ok]);
        assert!(checks(&expand, &drop)[0].said.contains("1.sql:1:"));
    }
}
