//! What the page shows of a rollout's numbers: the last verdicts, and how they came about.

use rollout::clock::{Millis, Timestamp};
use rollout::metric::{Evidence, Unit};
use rollout::slot::Weight;

/// All numbers of one rollout.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// The last look at every metric, in the order of the application file. Empty once the rollout has ended.
    pub evidence: Vec<Evidence>,
    /// The measured share of requests beside the weight, while traffic moves.
    pub share: Option<Share>,
    /// What the bake still wants, when it wants requests.
    pub wanted: Option<Wanted>,
    /// One a metric, the share first; with points from the store, for ended rollouts too.
    pub charts: Vec<Chart>,
    /// Lines of the router's log that never arrived, since the server began to listen.
    pub lost: u64,
}

/// How many of the requests the new slot really got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub weight: Weight,
    /// From 0 to 1; `None` without requests.
    pub measured: Option<f64>,
    /// Requests to both slots in the window.
    pub requests: u64,
    /// Requests in a second to both slots.
    pub rate: f64,
    pub window: Millis,
    /// Open connections of the router to the new and to the old slot, where the machine tells.
    pub open: Option<(u64, u64)>,
}

/// Requests that a bake waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub have: u64,
    pub want: u64,
    /// When they will be there at the rate of the last window; `None` when none come.
    pub until: Option<Timestamp>,
}

/// One metric over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub name: String,
    pub unit: Unit,
    /// Oldest first. `None` where there was no number: the line has a gap there.
    pub new: Vec<Point>,
    pub old: Vec<Point>,
    /// What the new slot's number is held against: the last threshold known.
    pub threshold: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at: Timestamp,
    pub value: Option<f64>,
}
