//! `crossfade check FILE [--live] [--release VERSION]`

use engine::{Definition, Engine};
use rollout::actor::{Actor, Role};
use rollout::check::Level;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// The application file.
    file: PathBuf,
    /// Looks at what is around it, too, as a rollout's preflight does: Docker, router, DNS, what the slots share, the
    /// migration's SQL.
    #[arg(long)]
    live: bool,
    /// With --live: the release whose images are to be there.
    #[arg(long, requires = "live")]
    release: Option<String>,
}

pub async fn run(data: &Path, arguments: &Arguments) -> Result<(), String> {
    let definition = match Definition::load(&arguments.file) {
        Ok(definition) => definition,
        Err(problems) => {
            problems.iter().for_each(|problem| println!("{problem}"));
            return Err(counted(problems.len(), "problem"));
        }
    };
    let agrees = definition.described_in().map(|file| format!("; {} agrees with it", file.display()));
    println!(
        "{}: {} is well described{}",
        arguments.file.display(),
        definition.application.name,
        agrees.unwrap_or_default()
    );
    if arguments.live { live(data, &definition, arguments.release.as_deref()).await } else { Ok(()) }
}

/// What the preflight of a rollout would say, line by line.
async fn live(data: &Path, definition: &Definition, release: Option<&str>) -> Result<(), String> {
    if !data.exists() {
        return Err(format!(
            "there is no database {}: name the one that the server uses, with --data FILE before `check`, or in \
             CROSSFADE_DATA",
            data.display()
        ));
    }
    let engine = Engine::beside(data).await.map_err(|error| error.to_string())?;
    let actor = Actor::user(engine::accounts::COMMAND_LINE, Role::Admin);
    let checks = engine.preflight(&actor, definition, release).await;
    engine.stop().await;
    let checks = checks.map_err(|error| error.to_string())?;
    for check in &checks {
        println!("{:<8} {}: {}", check.level.as_str(), check.name, check.said);
    }
    match checks.iter().filter(|check| check.level == Level::Failure).count() {
        0 => Ok(()),
        failures => Err(counted(failures, "failure")),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
