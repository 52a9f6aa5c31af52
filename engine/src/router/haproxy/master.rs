//! HAProxy's master: which files it was started with, the check of these, and the reload.

use super::super::RouterError;
use super::error::HaproxyError;
use super::settings::Settings;
use super::socket::Worker;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::fs;
use tokio::process::Command;
use tokio::time::sleep;

/// A check reads every file and certificate; a minute is far above any real configuration.
const CHECK_TIMEOUT: Duration = Duration::from_secs(60);

/// How long its command line is waited for: 1 s.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSES: u32 = 50;

/// What is known of it from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Master {
    pub pid: u32,
    started: Started,
    /// Where it was started: relative paths begin there.
    folder: PathBuf,
}

/// Its command line, as far as it concerns us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Started {
    /// Files and folders, in order.
    files: Vec<String>,
    /// `-C`: where it goes before it reads them.
    goes_to: Option<String>,
    /// `-S`: the master's own socket.
    socket: Option<String>,
    /// `-W`, `-Ws`.
    is_master: bool,
}

/// The master of this worker: the process that started it.
pub(super) async fn of(worker: &Worker) -> Result<Master, HaproxyError> {
    let elsewhere = HaproxyError::Elsewhere { pid: worker.pid };
    let Ok(status) = fs::read_to_string(format!("/proc/{}/status", worker.pid)).await else { return Err(elsewhere) };
    let is_haproxy = status.lines().any(|line| line.starts_with("Name:") && line.contains("haproxy"));
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse::<u32>().ok());
    let Some(pid) = parent.filter(|_| is_haproxy) else { return Err(elsewhere) };
    let mut started = read(&arguments(pid).await);
    // After each start and reload it starts itself once more, and has no command line for a moment.
    for _ in 0..PAUSES {
        if !started.files.is_empty() {
            break;
        }
        sleep(PAUSE).await;
        started = read(&arguments(pid).await);
    }
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).await.unwrap_or_default();
    // `master-worker` may also stand in the file.
    if !(started.is_master || name.contains("haproxy")) {
        return Err(HaproxyError::NoMaster);
    }
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).await.unwrap_or_else(|_| PathBuf::from("/"));
    Ok(Master { pid, started, folder })
}

async fn arguments(pid: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).await.unwrap_or_default();
    line.split(|byte| *byte == 0).map(|argument| String::from_utf8_lossy(argument).into_owned()).collect()
}

fn read(arguments: &[String]) -> Started {
    let mut started = Started::default();
    let mut arguments = arguments.iter().skip(1).filter(|argument| !argument.is_empty()).peekable();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-f" => {
                // One `-f` may be followed by several.
                while let Some(file) = arguments.next_if(|next| !next.starts_with('-')) {
                    started.files.push(file.clone());
                }
            }
            "--" => started.files.extend(arguments.by_ref().cloned()),
            "-C" => started.goes_to = arguments.next().cloned(),
            // With settings behind a comma.
            "-S" => started.socket = arguments.next().and_then(|socket| socket.split(',').next()).map(str::to_owned),
            "-W" | "-Ws" => started.is_master = true,
            _ => {}
        }
    }
    started
}

impl Master {
    /// # Errors
    /// When a reload would not bring our file in, since it was not started with our folder.
    pub fn must_load(&self, settings: &Settings) -> Result<(), HaproxyError> {
        let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => one == other,
        };
        let (folder, file) = (&settings.folder, settings.file().path());
        let loads = |given: &String| {
            let given = self.base().join(given);
            same(&given, folder) || same(&given, &file)
        };
        if self.started.files.iter().any(loads) {
            return Ok(());
        }
        let files: Vec<String> = self.started.files.iter().map(|file| format!("-f {file}")).collect();
        let started = if files.is_empty() { String::from("no files") } else { format!("`{}`", files.join(" ")) };
        Err(HaproxyError::NotLoaded { folder: folder.clone(), started })
    }

    /// Has HAProxy check what a reload would read.
    pub async fn check(&self, settings: &Settings) -> Result<(), RouterError> {
        let mut command = Command::new(&settings.binary);
        command.arg("-c").current_dir(&self.folder);
        if let Some(folder) = &self.started.goes_to {
            command.args(["-C", folder]);
        }
        for file in &self.started.files {
            command.args(["-f", file]);
        }
        let output = run(&mut command, &settings.binary).await?;
        if output.status.success() {
            return Ok(());
        }
        Err(HaproxyError::Refused { said: alerts(&String::from_utf8_lossy(&output.stderr)) }.into())
    }

    /// Tells it to reload. That it did is seen by the generation alone.
    pub async fn reload(&self) -> Result<(), RouterError> {
        let output = run(Command::new("kill").args(["-USR2", &self.pid.to_string()]), "kill").await?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(HaproxyError::Signal { why: format!("{said}; Crossfade must run as root or as the master's own user") }
            .into())
    }

    /// Its own socket, if it has one.
    pub fn socket(&self) -> Option<PathBuf> {
        self.started.socket.as_ref().map(|socket| self.folder.join(socket))
    }

    fn base(&self) -> PathBuf {
        self.started.goes_to.as_ref().map_or(self.folder.clone(), |folder| self.folder.join(folder))
    }
}

async fn run(command: &mut Command, program: &str) -> Result<Output, RouterError> {
    let fails = |why: String| RouterError::Program { program: program.to_owned(), why };
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(CHECK_TIMEOUT, output).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(fails(error.to_string())),
        Err(_) => Err(fails(format!("it was not done after {} s", CHECK_TIMEOUT.as_secs()))),
    }
}

/// `[ALERT]    (23606) : config : parsing [a.cfg:3] : unknown keyword` without level and process number. The last lines
/// only say that there were errors.
fn alerts(said: &str) -> String {
    let alerts = said.lines().filter(|line| line.starts_with("[ALERT]"));
    let plain = alerts.map(|line| line.split_once(" : ").map_or(line, |(_, rest)| rest).trim());
    let lines: Vec<&str> = plain.collect();
    match lines.as_slice() {
        [] => said.trim().chars().take(500).collect(),
        lines => lines[..lines.len().min(3)].join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_command_line_is_read() {
        let line = "haproxy -sf 12 -x sockpair@4 -Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid -S /run/haproxy-master.sock,mode,600 -f crossfade";
        let started = read(&words(line));
        assert_eq!(started.files, ["/etc/haproxy/haproxy.cfg", "crossfade"]);
        assert_eq!(started.socket.as_deref(), Some("/run/haproxy-master.sock"));
        assert!(started.is_master && started.goes_to.is_none());
        let started = read(&words("haproxy -C /etc/haproxy -db -f a.cfg b.cfg -D -- c.cfg -d.cfg"));
        assert_eq!(started.files, ["a.cfg", "b.cfg", "c.cfg", "-d.cfg"]);
        assert_eq!(started.goes_to.as_deref(), Some("/etc/haproxy"));
        assert!(!started.is_master);
    }

    #[test]
    fn haproxy_is_quoted_without_numbers() {
        let said = "[NOTICE]   (23606) : haproxy version is 2.6.12\n\
                    [ALERT]    (23606) : config : parsing [a.cfg:30] : unknown keyword 'x' in 'frontend' section\n\
                    [ALERT]    (23606) : config : Fatal errors found in configuration.\n";
        assert_eq!(
            alerts(said),
            "config : parsing [a.cfg:30] : unknown keyword 'x' in 'frontend' section; config : Fatal errors found in configuration."
        );
        assert_eq!(alerts("cannot open\n"), "cannot open");
    }
}
