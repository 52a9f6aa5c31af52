//! Who does things: people, tokens and the engine itself.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a person may do. Each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Starts rollouts, holds, resumes, retries and aborts them, and rolls back.
    Deployer,
    /// Approves and rejects, promotes in full, ends or extends keep warm.
    ReleaseManager,
    /// Freezes and thaws.
    Admin,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Deployer, Role::ReleaseManager, Role::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Deployer => "deployer",
            Role::ReleaseManager => "release-manager",
            Role::Admin => "admin",
        }
    }

    /// The role of that name, if it is one.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A person who signed in, with the role they had at that moment.
    User { name: String, role: Role },
    /// The machine itself.
    Engine,
}

impl Actor {
    pub fn user(name: &str, role: Role) -> Actor {
        Actor::User { name: name.to_owned(), role }
    }

    /// Has at least this role. The engine has none: it acts by its own rules, not by permission.
    pub fn has(&self, least: Role) -> bool {
        matches!(self, Actor::User { role, .. } if *role >= least)
    }

    pub fn name(&self) -> &str {
        match self {
            Actor::User { name, .. } => name,
            Actor::Engine => "engine",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
