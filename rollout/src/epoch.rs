//! What a look at the metrics belongs to.

use crate::clock::Timestamp;
use crate::plan::Step;
use crate::state::{Rollout, StepStatus};

/// A time in which looks may be counted together. A verdict is about one weight, and whoever resumes what was held has
/// seen what there was to see: after both, looks begin anew, and those of before are about nothing any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// When the router last confirmed a new weight, or its own was adopted.
    pub shifted: Option<Timestamp>,
    pub held: bool,
}

impl Rollout {
    pub fn epoch(&self) -> Epoch {
        let shifts = self.steps.iter().filter(|record| matches!(record.step, Step::Shift { .. } | Step::ShiftBack));
        let shifted = shifts.filter_map(|record| match record.status {
            StepStatus::Succeeded { at, .. } => Some(at),
            _ => None,
        });
        let adopted = self.adopted.as_ref().map(|adopted| adopted.at);
        Epoch { shifted: shifted.chain(adopted).max(), held: self.held.is_some() }
    }
}
