//! Docker Engine, through its API.
//!
//! A slot is a compose project `<application>-<slot>`; what both slots share is `<application>-shared`. Containers
//! carry compose's own labels, so `docker compose -p hopwhistle-green ps` sees them.
//!
//! | file | what |
//! |---|---|
//! | `connect` | the engine's socket |
//! | `labels` | names and labels, as compose gives them |
//! | `host` | what is asked of a runtime, asked of Docker |
//! | `fitness` | the engine, and the disk under it |
//! | `container` | a compose service as a container, pure |
//! | `images`, `pinning` | pinning by digest, pulling |
//! | `networks` | networks and volumes |
//! | `up`, `down` | a project reconciled, and taken away |
//! | `exec` | commands in a container |
//! | `signal` | a container of somebody else's: does it run, and telling it something |
//! | `state` | what runs, how it is, and its last lines |

mod connect;
mod container;
mod down;
mod exec;
mod fitness;
mod host;
mod images;
mod labels;
mod networks;
mod pinning;
mod signal;
mod state;
mod up;

pub use super::{Exec, Health, Pipe, Project};
pub use container::Publish;
pub use state::ContainerState;
pub use up::Wanted;

use std::fmt::Display;
use std::sync::{Arc, OnceLock};

/// What the engine refused, and what was asked of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct DockerError {
    message: String,
    /// The engine's HTTP status, when it answered.
    status: Option<u16>,
}

impl DockerError {
    pub(crate) fn new(message: impl Into<String>) -> DockerError {
        DockerError { message: message.into(), status: None }
    }

    fn is_missing(&self) -> bool {
        self.status == Some(404)
    }

    fn is_conflict(&self) -> bool {
        self.status == Some(409)
    }
}

/// Says what was tried, beside what the engine answered.
fn while_trying(what: impl Display) -> impl FnOnce(bollard::errors::Error) -> DockerError {
    move |error| {
        let (status, says) = match &error {
            bollard::errors::Error::DockerResponseServerError { status_code, message } => {
                (Some(*status_code), message.clone())
            }
            other => (None, other.to_string()),
        };
        DockerError { message: format!("Docker could not {what}: {says}"), status }
    }
}

/// A handle on one Docker Engine; cheap to clone.
#[derive(Clone, Default)]
pub struct Docker {
    /// Empty until somebody first asks: the engine may be started after us.
    api: Arc<OnceLock<bollard::Docker>>,
}
