//! A container or a process, as its runtime sees it right now.

use std::fmt;

/// A service in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) release: Option<String>,
    pub(crate) state: State,
    pub(crate) health: Health,
    /// Where it answers, from this machine: its address on a network of Docker, while it runs.
    pub(crate) ip: Option<String>,
    /// `None` where the runtime does not count them.
    pub(crate) crashes: Option<Crashes>,
}

impl Instance {
    pub(crate) fn running(&self) -> bool {
        self.state == State::Running
    }

    /// It was told to stop, and did, or its job is done.
    pub(crate) fn ended_well(&self) -> bool {
        self.state == State::Ended(0)
    }
}

/// For a person, it reads as `running` or `exited (1)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    /// It ended by itself, and is started again and again.
    Restarting,
    /// With its exit code.
    Ended(i64),
    /// As the runtime calls it: `created`, `paused`.
    Other(String),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Running => f.write_str("running"),
            State::Restarting => f.write_str("restarting"),
            State::Ended(code) => write!(f, "exited ({code})"),
            State::Other(word) => f.write_str(word),
        }
    }
}

/// How often it ended by itself since somebody started it, and how the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crashes {
    pub(crate) count: u32,
    /// `None` when nobody saw it end.
    pub(crate) exit_code: Option<i64>,
}

impl fmt::Display for Crashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => f.write_str("it crashed once")?,
            more => write!(f, "it crashed {more} times")?,
        }
        match self.exit_code {
            Some(code) => write!(f, ", last with exit code {code}"),
            None => f.write_str(", and nobody saw how"),
        }
    }
}

/// What its own check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It has none.
    None,
    Starting,
    Healthy,
    /// With what the check printed last.
    Unhealthy(String),
}
