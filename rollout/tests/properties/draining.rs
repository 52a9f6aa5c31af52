//! Nothing that is open on a slot is cut before its grace, unless a person says so; and a crash does not shorten it.

use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::clock::Timestamp;
use rollout::event::{Entry, Event};
use rollout::plan::Step;
use rollout::slot::Slot;

#[derive(Default)]
pub struct Judge {
    /// The slot that was drained last, and nothing has begun there since.
    drained: Option<Slot>,
    /// When what is open may be cut; and since when it is waited for.
    grace: Option<(Timestamp, Timestamp)>,
    /// A person did not wait.
    now: bool,
}

impl Judge {
    pub fn see(&mut self, rollout: &Rollout, entry: &Entry) {
        let step = |index: &usize| rollout.steps[*index].step;
        let waits = !rollout.start.plan.drain.is_zero();
        match &entry.event {
            Event::StepStarted { step: index, until } => match step(index) {
                Step::Drain { slot } => self.begins(rollout, slot, until.expect("a grace"), entry.at),
                Step::StopNewSlot if waits && rollout.start.from.is_some() && rollout.moved => {
                    assert_eq!(self.drained, Some(rollout.start.slot), "a slot is stopped that was not drained");
                }
                Step::CleanUp | Step::Prepare if waits && rollout.start.from.is_some() => {
                    let slot =
                        if step(index) == Step::Prepare { rollout.start.slot } else { rollout.start.slot.other() };
                    assert_eq!(self.drained, Some(slot), "a slot is stopped or taken that was not drained");
                }
                _ => {}
            },
            Event::StepSucceeded { step: index, summary, .. } => {
                if let Step::Drain { slot } = step(index) {
                    let (_, until) = self.grace.take().expect("a drain that began");
                    let nothing = summary.starts_with("nothing is open");
                    assert!(nothing || until <= entry.at, "cut before its time: {summary}");
                    self.drained = Some(slot);
                }
            }
            Event::DrainEnded { step: index, .. } => {
                let Step::Drain { slot } = step(index) else { panic!("{:?} drains nothing", step(index)) };
                assert!(entry.by != Actor::Engine && entry.by.has(Role::ReleaseManager), "{} cut it off", entry.by);
                (self.grace, self.drained, self.now) = (None, Some(slot), true);
            }
            Event::DrainExtended { until, .. } => {
                let (since, before) = self.grace.expect("a drain that began");
                assert!(*until > before, "extended to an earlier time");
                self.grace = Some((since, *until));
            }
            Event::StepFailed { step: index, .. } | Event::StepInconclusive { step: index, .. } => {
                if matches!(step(index), Step::Drain { .. }) {
                    self.grace = None;
                }
            }
            // Whatever is drained on the way forward is of no interest on the way back.
            Event::TurnedBack { .. } | Event::PromotedFull { .. } | Event::KeepWarmEnded { .. }
                if rollout.draining().is_none() =>
            {
                self.grace = None;
            }
            Event::Resumed | Event::Thawed => {
                self.grace = rollout.draining().map(|draining| (draining.since, draining.until));
            }
            _ => {}
        }
        if let (Some((since, until)), Some(draining)) = (self.grace, rollout.draining()) {
            assert_eq!((draining.since, draining.until), (since, until), "after {:?}", entry.event);
        }
    }

    fn begins(&mut self, rollout: &Rollout, slot: Slot, until: Timestamp, at: Timestamp) {
        let share = if slot == rollout.start.slot { rollout.weight } else { rollout.weight.rest() };
        assert_eq!(share.percent(), 0, "a slot with traffic is drained");
        match self.grace {
            Some((_, before)) => assert_eq!(before, until, "the grace began anew"),
            None => {
                assert_eq!(until, at + rollout.start.plan.drain);
                self.grace = Some((at, until));
            }
        }
    }
}
