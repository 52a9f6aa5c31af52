//! A process ends: asked by SIGTERM, and made to by SIGKILL after its grace; with everything that it started.

use super::alive::Identity;
use super::{Processes, RuntimeError};
use rustix::process::Signal;
use std::time::{Duration, Instant};

const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Longest wait for what cannot refuse to end. Longer: it hangs in the kernel.
const KILL: Duration = Duration::from_secs(10);

/// Ends a process' whole group.
///
/// # Errors
/// When something of it is there even after SIGKILL.
pub(super) async fn end(identity: &Identity, grace: Duration) -> Result<(), String> {
    for (signal, patience) in [(Signal::TERM, grace), (Signal::KILL, KILL)] {
        identity.signal(signal);
        let asked = Instant::now();
        while identity.group_is_alive() {
            if asked.elapsed() >= patience {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    match identity.group_is_alive() {
        true => Err(format!("process {} does not end, not even by SIGKILL", identity.pid)),
        false => Ok(()),
    }
}

impl Processes {
    /// Ends all that run, and leaves them meant to run: whoever opens this folder next starts them again.
    pub(crate) async fn rest(&self) -> Result<Vec<String>, RuntimeError> {
        self.find_again()?;
        let up = self.all().into_iter().filter(|record| record.up && record.begun.is_some());
        let rests = up.map(|record| async move {
            if let Some(identity) = record.identity() {
                let grace = Duration::from_millis(record.spec.stop_grace.0);
                end(identity, grace).await.map_err(|why| RuntimeError::new(format!("{}: {why}", record.service)))?;
            }
            self.change(&record.name, |record| (record.begun, record.again_at) = (None, None))?;
            Ok(record.name)
        });
        futures::future::try_join_all(rests).await
    }

    /// Stops a process, and goes on with it even when nobody waits any more.
    pub(super) async fn stop_named(&self, name: &str) -> Result<(), RuntimeError> {
        let (this, owned) = (self.clone(), name.to_owned());
        let work = tokio::spawn(async move {
            let turn = this.turn(&owned);
            let _turn = turn.lock().await;
            this.stop_in_turn(&owned).await
        });
        work.await.unwrap_or_else(|error| Err(RuntimeError::new(format!("{name} was not stopped: {error}"))))
    }

    /// By whoever has its turn.
    pub(super) async fn stop_in_turn(&self, name: &str) -> Result<(), RuntimeError> {
        // First of all, so that nobody starts it again, also after a crash of ours.
        self.change(name, |record| (record.up, record.again_at) = (false, None))?;
        let Some(record) = self.record(name) else { return Ok(()) };
        if let Some(identity) = record.identity() {
            let grace = Duration::from_millis(record.spec.stop_grace.0);
            end(identity, grace).await.map_err(|why| RuntimeError::new(format!("{}: {why}", record.service)))?;
        }
        let exit_code = match record.begun {
            Some(_) => self.files(name).exit_code(),
            None => record.exit_code,
        };
        self.change(name, |record| {
            record.begun = None;
            record.exit_code = exit_code;
        })
    }

    pub(super) async fn remove_named(&self, name: &str) -> Result<(), RuntimeError> {
        self.stop_named(name).await?;
        let turn = self.turn(name);
        let _turn = turn.lock().await;
        self.files(name).remove().map_err(|error| RuntimeError::new(format!("what is left of {name}: {error}")))?;
        super::lock(&self.inner.records).remove(name);
        self.inner.checks.forget(name);
        Ok(())
    }

    /// Starts it anew, with no crash counted against it. Fine when it runs.
    pub(super) async fn start_named(&self, name: &str) -> Result<(), RuntimeError> {
        let turn = self.turn(name);
        let _turn = turn.lock().await;
        self.start_in_turn(name).await
    }

    pub(super) async fn start_in_turn(&self, name: &str) -> Result<(), RuntimeError> {
        let Some(record) = self.record(name) else {
            return Err(RuntimeError::new(format!("there is no process {name}")));
        };
        match (record.is_alive(), record.up) {
            (true, true) => return Ok(()),
            (true, false) => return self.change(name, |record| record.up = true),
            (false, _) => {}
        }
        // What the last one left behind has its port, for one.
        if let Some(identity) = record.identity() {
            let grace = Duration::from_millis(record.spec.stop_grace.0);
            end(identity, grace).await.map_err(|why| RuntimeError::new(format!("{}: {why}", record.service)))?;
        }
        self.change(name, |record| {
            record.up = true;
            (record.crashes, record.streak, record.begun) = (0, 0, None);
        })?;
        let begun = self.begin(name);
        if begun.is_err() {
            self.change(name, |record| record.up = false)?;
        }
        begun
    }
}
