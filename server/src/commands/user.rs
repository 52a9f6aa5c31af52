//! `crossfade user add NAME --role ROLE`

use clap::Subcommand;
use engine::store::Store;
use rollout::actor::Role;
use std::io::{IsTerminal, Read};
use std::path::Path;

#[derive(Subcommand)]
pub enum Command {
    /// Adds a user, or sets role and password of one anew. The password is read from standard input.
    Add {
        /// Letters, digits, `.`, `_`, `-` or `@`.
        name: String,
        /// viewer, deployer, release-manager or admin.
        #[arg(long, value_parser = role)]
        role: Role,
    },
}

fn role(name: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::as_str).join(", ");
    Role::parse(name).ok_or_else(|| format!("a role is one of {names}"))
}

pub async fn run(data: &Path, command: Command) -> Result<(), String> {
    let Command::Add { name, role } = command;
    // A password on the command line would be in the history of the shell and in every list of processes.
    if std::io::stdin().is_terminal() {
        eprint!("Password for {name} (shown as you type; to hide it, pipe it in): ");
    }
    let mut password = String::new();
    read_line(&mut password).map_err(|error| format!("cannot read the password: {error}"))?;
    if let Some(folder) = data.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    let store = Store::open(data).await.map_err(|error| error.to_string())?;
    let added = store.add_user(&name, role, password.trim_end_matches(['\r', '\n'])).await;
    store.close().await;
    added.map_err(|error| error.to_string())?.map_err(|refusal| refusal.to_string())?;
    println!("{name} may sign in, as {role}");
    Ok(())
}

fn read_line(line: &mut String) -> std::io::Result<()> {
    if std::io::stdin().is_terminal() {
        std::io::stdin().read_line(line).map(drop)
    } else {
        std::io::stdin().read_to_string(line).map(drop)
    }
}
