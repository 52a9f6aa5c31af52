//! Hopwhistle, the application of the guide, small enough to be built and run anywhere.
//!
//! One static binary plays every part, chosen by the first argument; called by the name `pnpm` it is the
//! migration tool. It knows nothing of Crossfade: it is what a team brings.

mod api;
mod database;
mod door;
mod http;
mod load;
mod log;
mod metrics;
mod pnpm;
mod probe;
mod release;
mod serve;
mod stat;
mod strain;
mod web;
mod worker;

use release::Release;
use std::process::ExitCode;

const USAGE: &str = "\
usage: hopwhistle PART
  api              the API, on port 3001 (or $PORT)
  web              the web frontend, on port 3000 (or $PORT)
  worker           works on jobs; metrics on port 3002 (or $PORT)
  database         stands in for a shared database, on port 5432 (or $PORT); its file is in $DATA_DIR (/data)
  pnpm SCRIPT      db:migrate:deploy, db:generate or db:migrate:down
  load URL [RATE]  users: so many requests a second (60), through the router at URL, until it is interrupted
  probe URL        succeeds when URL answers 2xx: for health checks in an image that has no curl
  stat NAME [URL]  prints one number: migrations (applied in the database), or a metric without labels such as
                   queue-depth, from URL or the /metrics of port 3001 (or $PORT)";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let called_as = arguments.next().unwrap_or_default();
    let mut arguments: Vec<String> = arguments.collect();
    if called_as.ends_with("pnpm") {
        arguments.insert(0, "pnpm".to_owned());
    }
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            log::error(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<(), String> {
    let release = Release::from_env()?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["api"] => api::run(release).await,
        ["web"] => web::run(release).await,
        ["worker"] => worker::run(release).await,
        ["database"] => database::run(release).await,
        ["pnpm", script] => pnpm::run(&release, script).await,
        ["probe", url] => probe::run(url).await,
        ["load", url] => load::run(url, "60").await,
        ["load", url, rate] => load::run(url, rate).await,
        ["stat", name] => stat::run(name, None).await,
        ["stat", name, url] => stat::run(name, Some(url)).await,
        ["help" | "--help"] => {
            log::line(USAGE);
            Ok(())
        }
        _ => Err(format!("{words:?} is nothing that can be run\n{USAGE}")),
    }
}
