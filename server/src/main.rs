//! `crossfade`: the command line.
//!
//! | module | what |
//! |---|---|
//! | [`commands`] | one file a command |
//! | [`http`] | routes, sessions, headers, websockets |

mod commands;
mod http;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Staged blue/green rollouts, of Docker services or local processes.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The database file. Its folder is made when it is not there.
    #[arg(long, global = true, env = "CROSSFADE_DATA", default_value = "/var/lib/crossfade/crossfade.db")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the dashboard and carries rollouts out.
    Serve(commands::serve::Arguments),
    /// Serves the embedded proxy: the router for applications with `router = "embedded"`.
    Proxy(commands::proxy::Arguments),
    /// Writes an application file for the compose file of a folder.
    Init(commands::init::Arguments),
    /// Reads an application file and its compose file, and says what is wrong with them.
    Check(commands::check::Arguments),
    /// Accounts.
    #[command(subcommand)]
    User(commands::user::Command),
    /// Services that run as local processes (`runtime = "process"`).
    #[command(subcommand)]
    Processes(commands::processes::Command),
    /// Applications.
    #[command(subcommand)]
    Application(commands::application::Command),
}

// Four threads at the least: with fewer, leptos can wait for itself (leptos#4647).
#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,tower_sessions=warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let done = match arguments.command {
        Command::Serve(serve) => commands::serve::run(&arguments.data, serve).await,
        Command::Proxy(proxy) => commands::proxy::run(proxy).await,
        Command::Init(init) => commands::init::run(&init),
        Command::Check(check) => commands::check::run(&arguments.data, &check).await,
        Command::User(user) => commands::user::run(&arguments.data, user).await,
        Command::Processes(processes) => commands::processes::run(&arguments.data, &processes).await,
        Command::Application(application) => commands::application::run(&arguments.data, application).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("crossfade: {message}");
            ExitCode::FAILURE
        }
    }
}
