//! What is said about a file.

use serde::{Deserialize, Serialize};

/// What a statement does to the release that still runs on the old schema, or to the table while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Danger {
    /// The old release may stop working: something it uses is gone or other than it was, or its writes are refused.
    Breaks,
    /// Reads or writes of both releases wait while the statement runs, for as long as the table is large.
    Locks,
}

/// One statement, or a part of one, and what is dangerous about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{file}:{line}:{column}: {message} ({rule})")]
pub struct Finding {
    /// The name that `-- squawk-ignore` takes.
    pub rule: String,
    pub danger: Danger,
    /// As it was given.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What the old release would suffer, and what to do instead.
    pub message: String,
}

/// Why a file could not be judged. Nothing is known about it then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct LintError {
    /// As it was given.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What was expected, and what to do.
    pub message: String,
}
