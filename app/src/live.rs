//! What travels over the websocket of a rollout, from the server to the browser. Nothing travels back.

use rollout::clock::Timestamp;
use rollout::event::{Entry, StepIndex};
use rollout::open::Open;
use rollout::slot::{Slot, Split};
use serde::{Deserialize, Serialize};

/// Where the websocket of a rollout is; `?seq=..&line=..` say what the browser has.
pub fn path(rollout: i64, seq: u64, line: i64) -> String {
    format!("/live/rollouts/{rollout}?seq={seq}&line={line}")
}

/// Where the websocket of routers that are adrift is: of one application, or of all.
pub fn drift_path(application: Option<&str>) -> String {
    application.map_or_else(|| "/live/drift".to_owned(), |name| format!("/live/drift?application={name}"))
}

/// Seconds between two messages at most: a longer silence is a lost connection.
pub const BEAT_SECONDS: u32 = 5;

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// What was written after what the browser has.
    News { now: Timestamp, entries: Vec<Entry>, lines: Vec<Line> },
    /// What was seen at the router; also the heartbeat.
    Beat { now: Timestamp, router: Router },
    /// What the metrics say, drawn by the server.
    Numbers(Numbers),
    /// The router is not as it was left, drawn by the server. Empty when it is.
    Drift(String),
    /// What is open on the slot that traffic has left, when that changed.
    Left(Option<Left>),
    /// The testers' door, for those who may give out links; when something about it changed.
    Door(Option<Door>),
    /// The session has ended: sign in again.
    SignedOut,
}

/// The rollout's numbers as HTML, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// All of them, with their charts.
    pub board: String,
    /// The last verdicts, beside what is to be decided.
    pub evidence: String,
}

/// What is still open on the slot that traffic has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub slot: Slot,
    /// Or why it cannot be counted.
    pub open: Result<Open, String>,
}

/// The testers' door of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    pub slot: Slot,
    /// Into each host; or why nobody can come in.
    pub links: Result<Vec<DoorLink>, String>,
    pub until: Timestamp,
}

/// A link into one host, and the address there to leave by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorLink {
    pub host: String,
    pub path: String,
    pub leave: String,
}

/// How the router splits the traffic, by its own word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Router {
    Says(Split),
    /// Why it did not tell.
    Silent(String),
}

/// A line of a step's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub id: i64,
    pub step: StepIndex,
    pub at: Timestamp,
    /// `info`, `out`, `err` or `kept`.
    pub stream: String,
    pub text: String,
}
