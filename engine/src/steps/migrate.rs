//! The migration, in the standby slot's own container, with what it prints on the screen.

use super::{Context, Done, Outcome};
use crate::runtime::docker::Project;
use crate::store::logs::Stream;
use std::time::Duration;

pub(super) async fn run(cx: &Context) -> Outcome {
    let Some(migrate) = &cx.definition.application.migrate else { return Ok(Done::new("nothing to migrate")) };
    let container = Project::container(&cx.project(cx.new_slot()), &migrate.service);
    let limit = Duration::from_millis(migrate.timeout.0);
    let work = async {
        command(cx, &container, "migration", &migrate.up).await?;
        match &migrate.verify {
            Some(verify) => command(cx, &container, "verification", verify).await,
            None => Ok(()),
        }
    };
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done?,
        Err(_) => {
            return Err(format!(
                "the migration took longer than {} and may still run in {container}. Look at the database before you retry; \
                 `timeout` in [migrate] allows more.",
                migrate.timeout
            ));
        }
    }
    Ok(Done::new("migrated and verified"))
}

async fn command(cx: &Context, container: &str, what: &str, command: &[String]) -> Result<(), String> {
    cx.log.info(format!("$ {}", command.join(" ")));
    let mut line = |pipe, text: &str| match pipe {
        crate::runtime::docker::Pipe::Out => cx.log.line(Stream::Out, text),
        crate::runtime::docker::Pipe::Err => cx.log.line(Stream::Err, text),
    };
    let code = cx.docker.exec(container, command, &mut line).await.map_err(|error| error.to_string())?;
    match code {
        0 => Ok(()),
        code => Err(format!("the {what} `{}` ended with exit code {code}", command.join(" "))),
    }
}
