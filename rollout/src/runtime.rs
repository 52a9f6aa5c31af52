//! What runs the services of an application: Docker, by the user's compose file; or local processes, as the application
//! file itself describes them.

use crate::application::Secret;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What runs the services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeKind {
    /// Containers.
    #[default]
    Docker,
    /// Processes of this machine, by service.
    Process(BTreeMap<String, Program>),
}

impl RuntimeKind {
    /// As the application file writes it.
    pub fn as_str(&self) -> &'static str {
        match self {
            RuntimeKind::Docker => "docker",
            RuntimeKind::Process(_) => "process",
        }
    }

    pub fn is_process(&self) -> bool {
        matches!(self, RuntimeKind::Process(_))
    }
}

/// How a process is run. `{version}`, `{slot}`, `{port}` and `{port.NAME}` in it are filled in for each slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables to their values: text, or references to secrets.
    pub environment: BTreeMap<String, Secret>,
    /// Where it runs, relative to the application file; that file's own folder when not given.
    pub folder: Option<String>,
    pub health: Option<OwnCheck>,
    /// From SIGTERM to SIGKILL.
    pub stop_grace: Millis,
}

/// A process' own check, as a container has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCheck {
    pub ask: Question,
    /// Between two checks.
    pub interval: Millis,
    /// Of one check.
    pub timeout: Millis,
    /// Failures in a row that make it unhealthy.
    pub retries: u32,
}

/// How a process is asked whether it is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// An HTTP path at its own port: any 2xx is well.
    Path(String),
    /// A command in its folder and environment: exit code 0 is well.
    Command(Vec<String>),
}
