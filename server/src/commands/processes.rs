//! `crossfade processes stop`

use clap::Subcommand;
use engine::Engine;
use std::path::Path;

#[derive(Subcommand)]
pub enum Command {
    /// Ends the processes of all applications, while no server runs. The next one starts them again.
    Stop,
}

pub async fn run(data: &Path, command: &Command) -> Result<(), String> {
    let Command::Stop = command;
    if !data.exists() {
        return Err(format!(
            "there is no database {}: name the one that the server uses, with --data FILE",
            data.display()
        ));
    }
    let stopped = Engine::rest_processes(data).await.map_err(|error| error.to_string())?;
    for name in &stopped {
        println!("{name} has ended, and is started again by the next `crossfade serve`");
    }
    Ok(())
}
