//! Processes of this machine, for machines without Docker and for fast tests.
//!
//! They outlive Crossfade: each is the leader of a process group of its own, has a record on disk, and is found again by
//! it. While Crossfade runs, and is the one that holds the data, it starts again what ends by itself.
//!
//! | file | what |
//! |---|---|
//! | `record` | what is known of a process, on disk |
//! | `alive` | which processes there are, by `/proc` |
//! | `launch`, `end` | how one begins, and how one ends |
//! | `supervise`, `check` | started again with a growing pause; asked whether it is well |
//! | `up` | a project reconciled |
//! | `exec` | commands beside a process |
//! | `pin`, `fill` | what a release is by content; what is filled in |
//! | `at_hand` | releases that lie where a rollout would look for them |
//! | `logs` | what they print |
//! | `host` | what is asked of a runtime |

mod alive;
pub(crate) mod at_hand;
mod check;
mod end;
mod exec;
pub(crate) mod fill;
mod host;
mod launch;
mod logs;
mod pin;
mod record;
mod supervise;
mod up;

#[cfg(test)]
mod tests;

use super::{Crashes, Health, Instance, RuntimeError, State};
use crate::clock;
use check::Checks;
use exec::Commands;
use record::{Begun, Files, Record};
use rollout::slot::Slot;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::AbortHandle;

/// What both slots share has one address, and it is kept as that of this slot.
pub(crate) const SHARED_ADDRESS: Slot = Slot::Blue;

/// The processes of every application; cheap to clone.
#[derive(Clone)]
pub(crate) struct Processes {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    http: reqwest::Client,
    records: Mutex<BTreeMap<String, Record>>,
    /// Whoever changes a process has its turn.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    checks: Checks,
    commands: Commands,
    supervisor: Mutex<Option<AbortHandle>>,
}

impl Processes {
    /// What is known in a folder. `is_owner`: nobody else works on it, and from now on what ends by itself is started
    /// again.
    ///
    /// # Errors
    /// When a process that was just being started cannot be written down.
    pub(crate) fn open(folder: &Path, is_owner: bool, http: reqwest::Client) -> Result<Processes, RuntimeError> {
        let records = record::read_all(folder);
        let processes = Processes {
            inner: Arc::new(Inner {
                folder: folder.to_owned(),
                http,
                records: Mutex::new(records),
                turns: Mutex::default(),
                checks: Checks::default(),
                commands: Commands::default(),
                supervisor: Mutex::default(),
            }),
        };
        if is_owner {
            processes.find_again()?;
            let supervisor = tokio::spawn(processes.clone().supervise()).abort_handle();
            *lock(&processes.inner.supervisor) = Some(supervisor);
        }
        Ok(processes)
    }

    /// Crossfade may have died between starting a process and writing down which it is.
    fn find_again(&self) -> Result<(), RuntimeError> {
        let unknown = |record: &Record| record.begun.as_ref().is_some_and(|begun| begun.identity.is_none());
        let names: Vec<String> = self.all().into_iter().filter(unknown).map(|record| record.name).collect();
        for name in names {
            self.change(&name, |record| {
                if let Some(begun) = &mut record.begun {
                    begun.identity = alive::find(&format!("{}={}", record::MARK, begun.mark));
                }
            })?;
        }
        Ok(())
    }

    /// Nothing is started again from here any more. What runs goes on.
    pub(crate) fn leave(&self) {
        if let Some(supervisor) = lock(&self.inner.supervisor).take() {
            supervisor.abort();
        }
    }

    /// Whether there is a process of the application, running or not.
    pub(crate) fn holds(&self, application: &str) -> bool {
        lock(&self.inner.records).values().any(|record| record.application == application)
    }

    fn all(&self) -> Vec<Record> {
        lock(&self.inner.records).values().cloned().collect()
    }

    fn record(&self, name: &str) -> Option<Record> {
        lock(&self.inner.records).get(name).cloned()
    }

    fn files(&self, name: &str) -> Files {
        Files::new(&self.inner.folder, name)
    }

    fn turn(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        lock(&self.inner.turns).entry(name.to_owned()).or_default().clone()
    }

    /// Changes a record, on disk before in memory. Nothing, when there is none.
    fn change(&self, name: &str, change: impl FnOnce(&mut Record)) -> Result<(), RuntimeError> {
        let Some(mut record) = self.record(name) else { return Ok(()) };
        change(&mut record);
        self.keep(record)
    }

    fn keep(&self, record: Record) -> Result<(), RuntimeError> {
        let written = self.files(&record.name).write(&record);
        let folder = self.inner.folder.display();
        written.map_err(|error| {
            RuntimeError::new(format!("{} cannot be written down in {folder}: {error}", record.name))
        })?;
        lock(&self.inner.records).insert(record.name.clone(), record);
        Ok(())
    }

    /// Starts a process that does not run. Nothing here waits: it is either not begun, or written down.
    fn begin(&self, name: &str) -> Result<(), RuntimeError> {
        let Some(mut record) = self.record(name) else { return Ok(()) };
        let files = self.files(name);
        let failed = |why: String| RuntimeError::new(format!("{} cannot be started: {why}", record.service));
        launch::may_start(&record.spec).map_err(failed)?;
        let variables = launch::environment(&record.spec).map_err(failed)?;
        let mark = mark();
        record.begun = Some(Begun { mark: mark.clone(), at: clock::now(), identity: None });
        (record.exit_code, record.again_at) = (None, None);
        self.keep(record.clone())?;
        match launch::launch(name, &record.spec, variables, &mark, &files.log(), &files.exit_code_file()) {
            Ok(identity) => {
                if let Some(begun) = &mut record.begun {
                    begun.identity = Some(identity);
                }
                self.keep(record)
            }
            Err(error) => {
                let failed = failed(error.to_string());
                record.begun = None;
                self.keep(record)?;
                Err(failed)
            }
        }
    }

    fn seen(&self, record: Record) -> Instance {
        let runs = record.is_alive();
        let ended_just_now = !runs && record.up && record.begun.is_some();
        let exit_code = match record.begun {
            Some(_) if !runs => self.files(&record.name).exit_code(),
            _ => record.exit_code,
        };
        let state = match (runs, record.up, exit_code) {
            (true, ..) => State::Running,
            (false, true, _) => State::Restarting,
            (false, false, Some(code)) => State::Ended(code),
            (false, false, None) => State::Other("stopped".to_owned()),
        };
        // The supervisor has not seen it yet.
        let count = record.crashes + u32::from(ended_just_now);
        let last = if runs { record.exit_code } else { exit_code };
        let health = match &record.begun {
            Some(begun) if runs && record.spec.health.is_some() => self.inner.checks.health(&record.name, &begun.mark),
            _ => Health::None,
        };
        Instance {
            id: record.name.clone(),
            name: record.name,
            service: record.service,
            release: Some(record.spec.release),
            state,
            health,
            ip: None,
            crashes: (count > 0).then_some(Crashes { count, exit_code: last }),
        }
    }
}

/// One of a kind, on this machine at this time.
fn mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}-{}", std::process::id(), clock::now().0, COUNT.fetch_add(1, Ordering::Relaxed))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
