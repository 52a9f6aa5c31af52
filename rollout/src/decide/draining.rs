//! Draining: nothing that is open on a slot without traffic is cut before its grace, unless a person says so.

use crate::clock::{Millis, Timestamp};
use crate::command::Refusal;
use crate::event::{Event, StepIndex};
use crate::open::Open;
use crate::plan::Step;
use crate::state::{Rollout, StepStatus};

/// The most that a grace is extended by at a time.
const LONGEST: Millis = Millis::hours(24);

impl Rollout {
    /// What is open on the slot that is drained, right now.
    pub(super) fn drained(&self, index: StepIndex, open: Open, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let draining = self.draining().filter(|draining| draining.step == index);
        let draining = draining.ok_or_else(|| Refusal::not_now("Nothing is drained right now."))?;
        let summary = match (open.is_none(), draining.until <= now) {
            (true, _) => format!("nothing is open on {} any more", draining.slot),
            (false, true) => format!("time is up: {open} on {} may be cut", draining.slot),
            (false, false) => return Ok(vec![]),
        };
        Ok(vec![Event::StepSucceeded { step: index, summary, images: Default::default() }])
    }

    /// A person does not want to wait; or the step has failed, and a person goes on without it.
    pub(super) fn drain_now(&self, cut: Option<Open>) -> Result<Vec<Event>, Refusal> {
        match self.current() {
            Some((step, record))
                if matches!(record.step, Step::Drain { .. }) && !matches!(record.status, StepStatus::Pending) =>
            {
                Ok(vec![Event::DrainEnded { step, cut }])
            }
            _ => Err(nothing()),
        }
    }

    pub(super) fn extend_drain(&self, by: Millis) -> Result<Vec<Event>, Refusal> {
        let draining = self.draining().ok_or_else(nothing)?;
        if by < Millis::seconds(1) || by > LONGEST {
            return Err(Refusal::invalid("by", "Extend by a time between 1 s and 24 h: 5m."));
        }
        Ok(vec![Event::DrainExtended { step: draining.step, until: draining.until + by }])
    }
}

fn nothing() -> Refusal {
    Refusal::not_now("No slot is drained right now.")
}
