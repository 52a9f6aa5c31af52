//! A process begins: in a group of its own, so that nothing that ends Crossfade ends it; with an environment of its own;
//! and with a shell above it that does nothing but write down how it ended, for Crossfade may not be there to see.

use super::alive::Identity;
use super::record::{MARK, Spec};
use crate::secrets;
use std::fs::OpenOptions;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// The shell stays until its child has ended, whatever signal both of them get.
const WRAPPER: &str = r#"exit_code_file=$1; shift; trap : HUP INT QUIT TERM; "$@"; echo $? >"$exit_code_file""#;
/// Of Crossfade's own environment, a process sees these alone: others may be secrets of Crossfade.
const INHERITED: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// The environment of a process. Secrets are looked up here, and go nowhere else.
///
/// # Errors
/// A sentence that names the variable, and the reference that leads nowhere.
pub(super) fn environment(spec: &Spec) -> Result<Vec<(String, String)>, String> {
    let mut variables: Vec<(String, String)> =
        INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    for (name, value) in &spec.environment {
        let value = secrets::resolve(value).map_err(|error| format!("{name}: {error}"))?;
        variables.retain(|(other, _)| other != name);
        variables.push((name.clone(), value));
    }
    variables.extend(spec.port.map(|port| ("PORT".to_owned(), port.to_string())));
    variables.push(("CROSSFADE_SLOT".to_owned(), spec.slot.clone()));
    variables.push(("CROSSFADE_RELEASE".to_owned(), spec.release.clone()));
    Ok(variables)
}

/// A word of a command as it is run: one with a `/` starts in the process' folder, others are looked up on the PATH.
pub(super) fn program(folder: &Path, word: &str) -> PathBuf {
    if word.contains('/') { folder.join(word) } else { PathBuf::from(word) }
}

/// What can be seen before it is started.
pub(super) fn may_start(spec: &Spec) -> Result<(), String> {
    if !spec.folder.is_dir() {
        return Err(format!("its folder {} is not there", spec.folder.display()));
    }
    match spec.port.map(|port| (port, TcpListener::bind(("127.0.0.1", port)))) {
        Some((port, Err(error))) => Err(format!("its port {port} cannot be had: {error}. Who listens there?")),
        _ => Ok(()),
    }
}

/// Starts it. What it prints goes to the end of `log`.
pub(super) fn launch(
    name: &str,
    spec: &Spec,
    variables: Vec<(String, String)>,
    mark: &str,
    log: &Path,
    exit_code_file: &Path,
) -> io::Result<Identity> {
    let _ = std::fs::remove_file(exit_code_file);
    let log = OpenOptions::new().create(true).append(true).open(log)?;
    let (first, arguments) = spec.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = tokio::process::Command::new("/bin/sh");
    command.arg("-c").arg(WRAPPER).arg(name).arg(exit_code_file);
    command.arg(program(&spec.folder, first)).args(arguments);
    command.env_clear().envs(variables).env(MARK, mark).current_dir(&spec.folder);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    let child = command.spawn()?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let identity = pid.and_then(Identity::of);
    // Until here it is ours to bury, and its number nobody else's. Whoever is dropped is buried by tokio when it ends.
    drop(child);
    identity.ok_or_else(|| io::Error::other("it has ended before it could be looked at"))
}

/// Whether the shell is there.
pub(super) fn has_shell() -> bool {
    Path::new("/bin/sh").exists()
}
