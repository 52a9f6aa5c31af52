//! What the engine's door can answer instead of doing it.

use crate::compose::Problem;
use crate::router::RouterError;
use crate::runtime::RuntimeError;
use crate::store::StoreError;
use rollout::command::Refusal;

/// Why not. Everything but [`EngineError::Store`] may be shown to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The rules say no.
    #[error("{0}")]
    Refused(Refusal),
    #[error("There is no {0}.")]
    NotFound(String),
    /// The user's files are wrong.
    #[error("{}", list(.0))]
    Files(Vec<Problem>),
    #[error("{0}")]
    Router(#[from] RouterError),
    #[error("{0}")]
    Runtime(#[from] RuntimeError),
    /// Ours to mend: logged in full, shown as "something went wrong".
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<Refusal> for EngineError {
    fn from(refusal: Refusal) -> EngineError {
        EngineError::Refused(refusal)
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
