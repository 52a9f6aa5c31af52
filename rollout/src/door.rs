//! The testers' door: from when until when it leads to the new slot.

use crate::event::Kind;
use crate::plan::Step;
use crate::state::{Rollout, StepStatus};

impl Rollout {
    /// The new slot has passed all its checks in this rollout, and may still win or lose: people may look at it through
    /// the router. Before that nothing reaches it, and once it is live, or on the way back, there is nothing to try.
    pub fn wants_door(&self) -> bool {
        let under_way = self.start.kind == Kind::Forward && self.back.is_none() && self.ended.is_none();
        under_way && self.has_passed_its_checks()
    }

    fn has_passed_its_checks(&self) -> bool {
        let mut checks = self.start.plan.steps.iter().take_while(|step| !matches!(step, Step::Shift { .. }));
        checks.all(|check| {
            let mut records = self.steps.iter().filter(|record| record.step == *check);
            records.any(|record| matches!(record.status, StepStatus::Succeeded { .. }))
        })
    }
}
