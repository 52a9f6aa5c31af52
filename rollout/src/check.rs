//! What a look at the surroundings found: one line each, good or bad, with a reason.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `disk space`.
    pub name: String,
    pub level: Level,
    /// What was found, and for what is not well: what to do.
    pub said: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Ok,
    /// The rollout goes on; a person should know.
    Warning,
    /// The rollout does not go on like this.
    Failure,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Failure => "failure",
        }
    }
}

impl Check {
    pub fn ok(name: impl Into<String>, said: impl Into<String>) -> Check {
        Check { name: name.into(), level: Level::Ok, said: said.into() }
    }

    pub fn warning(name: impl Into<String>, said: impl Into<String>) -> Check {
        Check { name: name.into(), level: Level::Warning, said: said.into() }
    }

    pub fn failure(name: impl Into<String>, said: impl Into<String>) -> Check {
        Check { name: name.into(), level: Level::Failure, said: said.into() }
    }
}
