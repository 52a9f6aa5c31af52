//! What a router can do, as far as its kind and its settings tell. The application file is held against it when it is
//! read, so that nothing is asked of a router in the middle of a rollout that it cannot do.

use super::RouterKind;
use crate::clock::Millis;
use crate::slot::Weight;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    pub weights: Possible,
    /// A session keeps its slot, and moves forward only when the weight rises past its number.
    pub sessions: bool,
    /// Open websockets and long answers go on in the slot that they began in when the weight changes.
    pub drains: bool,
    /// It tells of each request: which slot answered, how, and how long it took.
    pub measures: bool,
    /// Until a changed weight holds for every client. Zero: at once.
    pub takes: Millis,
}

/// The weights that a router can be set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Possible {
    /// Every whole percent.
    Every,
    /// These alone, in rising order; 0 and 100 are always among them.
    Only(Vec<Weight>),
}

impl Possible {
    pub fn has(&self, weight: Weight) -> bool {
        match self {
            Possible::Every => true,
            Possible::Only(weights) => weights.contains(&weight),
        }
    }
}

impl Capabilities {
    /// Of a proxy that sees every request, and can be told any weight at once.
    pub const ALL: Capabilities =
        Capabilities { weights: Possible::Every, sessions: true, drains: true, measures: true, takes: Millis::ZERO };
}

impl RouterKind {
    pub fn capabilities(&self) -> Capabilities {
        match self {
            RouterKind::Nginx(_) | RouterKind::Embedded(_) => Capabilities::ALL,
        }
    }
}
