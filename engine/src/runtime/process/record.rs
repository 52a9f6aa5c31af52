//! What is known of a process, on disk: written before it is started and after, so that it is found again whatever
//! becomes of Crossfade.

use super::alive::Identity;
use rollout::application::Secret;
use rollout::clock::{Millis, Timestamp};
use rollout::runtime::OwnCheck;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is run, with everything filled in but the secrets: those stay references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spec {
    pub(super) command: Vec<String>,
    pub(super) environment: BTreeMap<String, Secret>,
    pub(super) folder: PathBuf,
    pub(super) port: Option<u16>,
    /// `blue`, `green` or `shared`.
    pub(super) slot: String,
    pub(super) release: String,
    pub(super) health: Option<OwnCheck>,
    pub(super) stop_grace: Millis,
    /// What its program was when the release was pinned.
    pub(super) pinned: String,
}

/// A process of a service in a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) application: String,
    pub(super) project: String,
    pub(super) service: String,
    pub(super) spec: Spec,
    /// It is meant to run.
    pub(super) up: bool,
    /// The one that was started last. `None` once it was seen to have ended.
    pub(super) begun: Option<Begun>,
    pub(super) exit_code: Option<i64>,
    /// How often it ended by itself since somebody started it.
    pub(super) crashes: u32,
    /// Of those, how many in a row soon after it was started.
    pub(super) streak: u32,
    /// When it is started again.
    pub(super) again_at: Option<Timestamp>,
}

/// A process that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// In its environment: by this it is found if Crossfade died before it could write down its number.
    pub(super) mark: String,
    pub(super) at: Timestamp,
    pub(super) identity: Option<Identity>,
}

/// The variable that carries [`Begun::mark`].
pub(super) const MARK: &str = "CROSSFADE_PROCESS";

impl Record {
    pub(super) fn new(name: String, application: &str, project: &str, service: &str, spec: Spec) -> Record {
        Record {
            name,
            application: application.to_owned(),
            project: project.to_owned(),
            service: service.to_owned(),
            spec,
            up: false,
            begun: None,
            exit_code: None,
            crashes: 0,
            streak: 0,
            again_at: None,
        }
    }

    pub(super) fn identity(&self) -> Option<&Identity> {
        self.begun.as_ref()?.identity.as_ref()
    }

    pub(super) fn is_alive(&self) -> bool {
        self.identity().is_some_and(Identity::is_alive)
    }
}

/// The files of one process.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn new(all: &Path, name: &str) -> Files {
        Files { folder: all.join(name) }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(super) fn older_log(&self) -> PathBuf {
        self.folder.join("log.1")
    }

    pub(super) fn exit_code_file(&self) -> PathBuf {
        self.folder.join("exit-code")
    }

    /// What the process ended with. `None` when nobody was left to write it.
    pub(super) fn exit_code(&self) -> Option<i64> {
        std::fs::read_to_string(self.exit_code_file()).ok()?.trim().parse().ok()
    }

    /// Whole or not at all.
    pub(super) fn write(&self, record: &Record) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let (next, file) = (self.folder.join("record.next"), self.folder.join("record.json"));
        let mut writing = std::fs::File::create(&next)?;
        writing.write_all(&serde_json::to_vec_pretty(record)?)?;
        writing.sync_data()?;
        std::fs::rename(next, file)
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// All records in a folder. One that cannot be read is spoken of, and left.
pub(super) fn read_all(folder: &Path) -> BTreeMap<String, Record> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut records = BTreeMap::new();
    for entry in entries {
        let file = entry.path().join("record.json");
        if !file.exists() {
            continue;
        }
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string());
        match text.and_then(|text| serde_json::from_str::<Record>(&text).map_err(|error| error.to_string())) {
            Ok(record) => drop(records.insert(record.name.clone(), record)),
            Err(why) => tracing::error!(
                "{} cannot be read, and the process it tells of may run unwatched: {why}",
                file.display()
            ),
        }
    }
    records
}
