//! Commands beside a process: in its folder, with its environment, in a group of their own. One that nobody waits for any
//! more is asked to end.

use super::alive::Identity;
use super::{Processes, RuntimeError, launch, lock};
use crate::runtime::lines::Lines;
use crate::runtime::{Exec, Pipe};
use rustix::process::Signal;
use std::collections::HashMap;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Commands that were made ready, by their ids.
#[derive(Default)]
pub(super) struct Commands {
    known: Mutex<HashMap<String, Command>>,
}

#[derive(Clone)]
struct Command {
    instance: String,
    words: Vec<String>,
    /// Once it runs.
    identity: Option<Identity>,
}

/// Runs a command to its end. `begun` hears who it is.
///
/// # Errors
/// When it cannot be started.
pub(super) async fn run(
    folder: &Path,
    words: &[String],
    variables: Vec<(String, String)>,
    begun: impl FnOnce(Option<Identity>),
    line: &mut (dyn FnMut(Pipe, &str) + Send),
) -> Result<i64, String> {
    let what = || format!("`{}`", words.join(" "));
    let failed = |error: io::Error| format!("{} cannot be run in {}: {error}", what(), folder.display());
    let (first, arguments) = words.split_first().ok_or("there is no command")?;
    let mut command = tokio::process::Command::new(launch::program(folder, first));
    command.args(arguments).env_clear().envs(variables).current_dir(folder).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let left = Left(pid.and_then(Identity::of));
    begun(left.0.clone());
    let pieces = tokio::sync::mpsc::channel(64);
    let (sender, mut received) = pieces;
    let out = forward(child.stdout.take(), Pipe::Out, sender.clone());
    let err = forward(child.stderr.take(), Pipe::Err, sender);
    let print = async {
        let (mut out, mut err) = (Lines::default(), Lines::default());
        while let Some((pipe, piece)) = received.recv().await {
            let lines = if pipe == Pipe::Out { &mut out } else { &mut err };
            lines.push(&piece, |text| line(pipe, text));
        }
        out.finish(|text| line(Pipe::Out, text));
        err.finish(|text| line(Pipe::Err, text));
    };
    tokio::join!(out, err, print);
    let status = child.wait().await.map_err(failed)?;
    left.has_ended();
    Ok(code(status))
}

/// As a shell says it: that of a signal is 128 and its number.
fn code(status: ExitStatus) -> i64 {
    status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(-1).into()
}

async fn forward(
    pipe: Option<impl AsyncRead + Unpin>,
    which: Pipe,
    pieces: tokio::sync::mpsc::Sender<(Pipe, Vec<u8>)>,
) {
    let Some(mut pipe) = pipe else { return };
    let mut piece = vec![0; 8 * 1024];
    while let Ok(read @ 1..) = pipe.read(&mut piece).await {
        if pieces.send((which, piece[..read].to_vec())).await.is_err() {
            return;
        }
    }
}

/// Asks a command to end when it is dropped before it has.
struct Left(Option<Identity>);

impl Left {
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(identity) = &self.0 {
            identity.signal(Signal::TERM);
        }
    }
}

impl Processes {
    pub(super) fn make_ready(&self, instance: &str, words: &[String]) -> Result<Exec, RuntimeError> {
        let what = format!("`{}` beside {instance}", words.join(" "));
        if self.record(instance).is_none() {
            return Err(RuntimeError::new(format!("{what} cannot be run: there is no such process")));
        }
        let id = super::mark();
        let command = Command { instance: instance.to_owned(), words: words.to_vec(), identity: None };
        lock(&self.inner.commands.known).insert(id.clone(), command);
        Ok(Exec { id, what })
    }

    pub(super) async fn carry_out(
        &self,
        exec: &Exec,
        line: &mut (dyn FnMut(Pipe, &str) + Send),
    ) -> Result<i64, RuntimeError> {
        let gone = || RuntimeError::new(format!("{} is gone", exec.what));
        let command = lock(&self.inner.commands.known).get(&exec.id).cloned().ok_or_else(gone)?;
        let record = self.record(&command.instance).ok_or_else(gone)?;
        let failed = |why: String| RuntimeError::new(format!("{}: {why}", exec.what));
        let variables = launch::environment(&record.spec).map_err(failed)?;
        let begun = |identity| {
            if let Some(command) = lock(&self.inner.commands.known).get_mut(&exec.id) {
                command.identity = identity;
            }
        };
        let code = run(&record.spec.folder, &command.words, variables, begun, line).await;
        lock(&self.inner.commands.known).remove(&exec.id);
        code.map_err(RuntimeError::new)
    }

    /// Whether a command is at work. One that has ended is forgotten.
    pub(super) fn is_at_work(&self, exec: &Exec) -> bool {
        let mut known = lock(&self.inner.commands.known);
        let runs = |command: &Command| command.identity.as_ref().is_some_and(Identity::group_is_alive);
        let at_work = known.get(&exec.id).is_some_and(runs);
        if !at_work {
            known.remove(&exec.id);
        }
        at_work
    }
}
