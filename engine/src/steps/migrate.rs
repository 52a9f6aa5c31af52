//! The migration, in the standby slot's own container, with what it prints on the screen. The SQL it is going to run is
//! looked through, and a backup made, before.

use super::{Context, Done, Outcome};
use crate::migration;
use crate::runtime::Pipe;
use crate::store::logs::Stream;
use rollout::application::Migrate;
use rollout::check::Level;
use std::time::Duration;

/// Most of the pending SQL that is read, in bytes.
const MOST_SQL: usize = 5_000_000;

pub(super) async fn run(cx: &Context) -> Outcome {
    let Some(migrate) = &cx.definition.application.migrate else { return Ok(Done::new("nothing to migrate")) };
    let limit = Duration::from_millis(migrate.timeout.0);
    let work = async {
        if let Some(print) = &migrate.lint.command {
            look_through(cx, migrate, print).await?;
        }
        if let Some(backup) = &migrate.backup {
            let backup = filled(backup, cx.rollout.start.release.as_str());
            command(cx, &migrate.service, "backup", &backup).await?;
        }
        command(cx, &migrate.service, "migration", &migrate.up).await?;
        match &migrate.verify {
            Some(verify) => command(cx, &migrate.service, "verification", verify).await,
            None => Ok(()),
        }
    };
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done?,
        Err(_) => return Err(too_long(cx, migrate)),
    }
    let backup = if migrate.backup.is_some() { "backed up, " } else { "" };
    let verified = if migrate.verify.is_some() { " and verified" } else { "" };
    Ok(Done::new(format!("{backup}migrated{verified}")))
}

pub(super) fn too_long(cx: &Context, migrate: &Migrate) -> String {
    let container = cx.project(cx.new_slot()).container(&migrate.service);
    format!(
        "the migration took longer than {} and may still run in {container}. Look at the database before you retry; \
         `timeout` in [migrate] allows more.",
        migrate.timeout
    )
}

/// `{version}` in a command is the release.
fn filled(command: &[String], version: &str) -> Vec<String> {
    command.iter().map(|word| word.replace("{version}", version)).collect()
}

/// What the SQL that a command prints would do to the old release. What breaks it stops a migration that says it only adds.
async fn look_through(cx: &Context, migrate: &Migrate, print: &[String]) -> Result<(), String> {
    let container = cx.project(cx.new_slot()).container(&migrate.service);
    cx.log.info(format!("$ {}", print.join(" ")));
    let mut sql = String::new();
    let mut line = |pipe, text: &str| match pipe {
        Pipe::Out if sql.len() < MOST_SQL => {
            sql.push_str(text);
            sql.push('\n');
        }
        Pipe::Out => {}
        Pipe::Err => cx.log.line(Stream::Err, text),
    };
    let code = cx.execute(&container, print, &mut line).await?;
    if sql.len() >= MOST_SQL {
        return Err(format!(
            "`{}` prints more than {} MB of SQL, and the rest would not be looked through",
            print.join(" "),
            MOST_SQL / 1_000_000
        ));
    }
    if code != 0 {
        return Err(format!("`{}`, which prints the pending SQL, ended with exit code {code}", print.join(" ")));
    }
    let migrate = migrate.clone();
    let looked = tokio::task::spawn_blocking(move || migration::checks(&migrate, &[("pending SQL".to_owned(), sql)]));
    let checks = looked.await.map_err(|error| format!("the pending SQL could not be looked through: {error}"))?;
    checks.iter().for_each(|check| cx.log.info(format!("{}: {}: {}", check.level.as_str(), check.name, check.said)));
    match checks.iter().find(|check| check.level == Level::Failure) {
        Some(check) => Err(check.said.clone()),
        None => Ok(()),
    }
}

pub(super) async fn command(cx: &Context, service: &str, what: &str, command: &[String]) -> Result<(), String> {
    let container = cx.project(cx.new_slot()).container(service);
    cx.log.info(format!("$ {}", command.join(" ")));
    let mut line = |pipe, text: &str| match pipe {
        Pipe::Out => cx.log.line(Stream::Out, text),
        Pipe::Err => cx.log.line(Stream::Err, text),
    };
    let code = cx.execute(&container, command, &mut line).await?;
    match code {
        0 => Ok(()),
        code => Err(format!("the {what} `{}` ended with exit code {code}", command.join(" "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_filled_in() {
        let command = ["pg_dump", "-f", "/backups/{version}.dump"].map(str::to_owned);
        assert_eq!(filled(&command, "1.1.0"), ["pg_dump", "-f", "/backups/1.1.0.dump"]);
    }
}
