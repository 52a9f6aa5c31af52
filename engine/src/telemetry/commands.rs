//! Commands beside a service that print a number. Docker has no way to end one that hangs: until it ends, it is not begun
//! a second time there, and that is said.

use super::command;
use crate::runtime::{Exec, Instance, Pipe, Runtime};
use crate::secrets::Mask;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest time for a command that prints a number.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for the runtime to say whether one is still at work.
const RUNTIME: Duration = Duration::from_secs(3);
/// Bytes of output that are kept: of a command that floods, the end is what counts.
const MOST_OUTPUT: usize = 64_000;

#[derive(Default)]
pub(super) struct Commands {
    overdue: Mutex<HashMap<Place, Overdue>>,
}

/// The container's id, and the command.
type Place = (String, Vec<String>);

#[derive(Clone)]
struct Overdue {
    exec: Exec,
    since: Instant,
}

impl Commands {
    /// The number that the command prints last.
    ///
    /// # Errors
    /// A sentence: it fails, takes too long, still runs since the last time, or prints something else.
    pub(super) async fn number(
        &self,
        runtime: &dyn Runtime,
        container: &Instance,
        command: &[String],
        mask: &Mask,
    ) -> Result<f64, String> {
        let place = (container.id.clone(), command.to_vec());
        self.must_not_run(runtime, &place).await?;
        let shown = command.join(" ");
        let exec = runtime.command(&container.id, command).await.map_err(|error| error.to_string())?;
        let since = Instant::now();
        let mut output = String::new();
        let mut line = |pipe, text: &str| {
            if pipe == Pipe::Out {
                if output.len() > MOST_OUTPUT {
                    output.clear();
                }
                output.push_str(text);
                output.push('\n');
            }
        };
        let Ok(code) = tokio::time::timeout(LIMIT, runtime.run(&exec, &mut line)).await else {
            self.lock().insert(place, Overdue { exec, since });
            return Err(format!("`{shown}` took longer than {} s", LIMIT.as_secs()));
        };
        match code.map_err(|error| error.to_string())? {
            0 => command::number(&output, mask),
            code => Err(format!("`{shown}` ended with exit code {code}")),
        }
    }

    async fn must_not_run(&self, runtime: &dyn Runtime, place: &Place) -> Result<(), String> {
        let Some(overdue) = self.lock().get(place).cloned() else { return Ok(()) };
        // If it does not tell, the command is taken to run.
        let runs = tokio::time::timeout(RUNTIME, runtime.runs(&overdue.exec)).await;
        if !matches!(runs, Ok(Ok(false))) {
            let seconds = overdue.since.elapsed().as_secs();
            return Err(format!("`{}` still runs, after {seconds} s: it is not begun again before", place.1.join(" ")));
        }
        self.lock().remove(place);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Place, Overdue>> {
        self.overdue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
