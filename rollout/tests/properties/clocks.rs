//! While a rollout is held or frozen nothing begins, and no clock loses or gains a millisecond.

use rollout::Rollout;
use rollout::clock::{Millis, Timestamp};
use rollout::event::{Entry, Event};
use rollout::plan::Step;

#[derive(Default)]
pub struct Judge {
    held: bool,
    frozen: bool,
    /// The clock as it was after the entry before.
    last: Option<Clock>,
    /// The clock that stands still, and how long it still has.
    stopped: Option<(Id, Option<Millis>)>,
    /// The step that was being carried out after the entry before.
    running: Option<(usize, Step)>,
}

/// A clock that goes: whose, and when it runs out.
struct Clock {
    id: Id,
    deadline: Option<Timestamp>,
}

/// A stage's gate, or the how-manieth try of a step.
#[derive(Clone, PartialEq, Debug)]
enum Id {
    Gate(usize),
    Step(usize, u32),
}

impl Judge {
    pub fn see(&mut self, rollout: &Rollout, entry: &Entry) {
        let was_stopped = self.held || self.frozen;
        match &entry.event {
            Event::Held { .. } => self.held = true,
            Event::Frozen { .. } => self.frozen = true,
            Event::Resumed => self.held = false,
            Event::Thawed => self.frozen = false,
            Event::StepSucceeded { step, .. } if rollout.steps[*step].step.is_clock() => self.must_be_up(entry.at),
            Event::TurnedBack { .. } | Event::Ended { .. } => (self.held, self.frozen) = (false, false),
            event if was_stopped => self.must_not_begin_anything(event),
            _ => {}
        }
        let is_stopped = self.held || self.frozen;
        assert_eq!((rollout.held.is_some(), rollout.frozen.is_some()), (self.held, self.frozen));
        assert_eq!(rollout.stopped.is_some(), is_stopped);
        assert!(!is_stopped || rollout.deadline().is_none(), "a clock goes on while it is stopped");
        match (was_stopped, is_stopped) {
            (false, true) => {
                let left = |clock: Clock| (clock.id, clock.deadline.map(|deadline| deadline - entry.at));
                self.stopped = self.last.take().map(left);
            }
            (true, false) => self.must_have_kept_its_time(rollout, entry),
            _ => {}
        }
        self.last = id(rollout).map(|id| Clock { id, deadline: rollout.deadline() });
        self.running = rollout.running();
    }

    /// Nobody ends a clock early by saying that it is over.
    fn must_be_up(&self, now: Timestamp) {
        let deadline = self.last.as_ref().and_then(|clock| clock.deadline);
        assert!(deadline.is_some_and(|deadline| deadline <= now), "a clock ends at {now:?}, not at {deadline:?}");
    }

    /// A step that was under way is finished, and done again if it was interrupted. Nothing else starts.
    fn must_not_begin_anything(&self, event: &Event) {
        let under_way = self.running.filter(|(_, kind)| !kind.is_clock()).map(|(step, _)| step);
        let allowed = match event {
            Event::StepStarted { step, .. } | Event::StepSucceeded { step, .. } => under_way == Some(*step),
            Event::ApprovalRequested { .. } | Event::ApprovalTimedOut { .. } => false,
            _ => true,
        };
        assert!(allowed, "while it is stopped: {event:?}");
    }

    fn must_have_kept_its_time(&mut self, rollout: &Rollout, entry: &Entry) {
        if let (Some((stopped, left)), Some(now)) = (self.stopped.take(), id(rollout))
            && stopped == now
            && matches!(entry.event, Event::Resumed | Event::Thawed)
        {
            assert_eq!(rollout.deadline().map(|deadline| deadline - entry.at), left, "{stopped:?} was stopped");
        }
    }
}

/// The clock that counts now, if one does.
fn id(rollout: &Rollout) -> Option<Id> {
    if let Some(gate) = &rollout.gate {
        return Some(Id::Gate(gate.stage));
    }
    let (index, step) = rollout.running()?;
    step.is_clock().then(|| Id::Step(index, rollout.steps[index].attempts))
}
