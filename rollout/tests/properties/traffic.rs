//! Keeps its own books from the journal, and says when traffic, gates or ends are not as they must be.

use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::application::Stage;
use rollout::event::{Entry, Event, Kind, Outcome};
use rollout::plan::Step;
use rollout::slot::Split;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Judge {
    /// Steps that succeeded in this rollout.
    passed: Vec<Step>,
    /// Who said yes to a stage, with the role it takes.
    yes: BTreeMap<usize, BTreeSet<String>>,
    promoted_full: bool,
    back: Option<Outcome>,
    /// A step failed, and nobody has tried it again.
    failed: Option<Step>,
    /// Somebody led it out of the way back.
    forward_again: bool,
    /// A shift was begun.
    moved: bool,
    weight: u8,
    ended: Option<Outcome>,
    /// Another rollout has the old slot now.
    superseded: bool,
    /// The router is not as it was left; and what it says instead.
    drift: Option<Option<Split>>,
}

impl Judge {
    /// One more entry, and what the rollout became by it.
    pub fn see(&mut self, rollout: &Rollout, entry: &Entry) {
        if self.ended.is_some() {
            self.must_be_an_afterword(rollout, entry);
        }
        let step = |index: &usize| rollout.steps[*index].step;
        match &entry.event {
            Event::Started(start) if start.plan.steps.is_empty() => {
                (self.weight, self.moved, self.back) = (100, true, Some(Outcome::RolledBack));
            }
            Event::StepStarted { step: index, .. } => self.must_be_allowed(rollout, step(index)),
            Event::StepSucceeded { step: index, .. } => self.passed(rollout, step(index)),
            Event::Approved { stage, .. } => self.said_yes(rollout, *stage, &entry.by),
            Event::StepFailed { step: index, .. } => self.failed = Some(step(index)),
            Event::Retried { .. } => self.failed = None,
            Event::PromotedFull { reason } => {
                assert!(entry.by.has(Role::ReleaseManager) && !reason.is_empty(), "{} promoted in full", entry.by);
                self.promoted_full = true;
                if self.back.take().is_some() {
                    self.must_be_stuck();
                    self.leaves_the_way_back(rollout);
                }
            }
            Event::TurnedBack { outcome, .. } => self.back = Some(*outcome),
            Event::KeepWarmEnded { stop: false, .. } => self.superseded = true,
            Event::Drifted { seen, .. } => self.drift = Some(*seen),
            Event::DriftEnded { .. } => self.drift = None,
            Event::PutRight { reason } => {
                assert!(entry.by.has(Role::ReleaseManager) && !reason.is_empty() && self.drift.is_some());
            }
            Event::Adopted { weight, reason } => {
                assert!(entry.by.has(Role::ReleaseManager) && !reason.is_empty(), "{} adopted a weight", entry.by);
                self.adopts(rollout, weight.percent());
            }
            Event::Ended { outcome } => self.end(rollout, *outcome, &entry.by),
            _ => {}
        }
        assert_eq!(rollout.weight.percent(), self.weight, "after {:?}", entry.event);
        assert_eq!(rollout.moved, self.moved);
        assert_eq!(rollout.ended.as_ref().map(|ended| ended.outcome), self.ended);
        assert_eq!(rollout.seq, entry.seq);
        assert!(!self.promoted_full || rollout.gate.is_none(), "people are asked although every gate is skipped");
        if rollout.wants_door() {
            self.must_have_passed_all_checks(rollout);
            assert!(self.back.is_none() && self.ended.is_none(), "the testers' door is open after {:?}", entry.event);
        }
        assert!(self.ended.is_none() || (rollout.gate.is_none() && rollout.stopped.is_none()));
    }

    /// May this step start, after what has happened so far?
    fn must_be_allowed(&mut self, rollout: &Rollout, step: Step) {
        let plan = &rollout.start.plan;
        match step {
            Step::Shift { stage } => {
                assert_eq!(self.back, None, "traffic goes on although it was turned back");
                self.must_have_passed_all_checks(rollout);
                self.must_have_its_approvals(stage, &plan.stages[stage]);
                self.must_raise(plan.stages[stage].weight.percent());
                assert!(self.drift.is_none(), "a shift over drift");
                self.moved = true;
            }
            Step::Handover | Step::Promote => assert_eq!(self.weight, 100, "{step} before it has all traffic"),
            Step::ShiftBack => assert!(self.passed.contains(&Step::CheckOldSlot), "back to a slot nobody checked"),
            // Once a shift was begun, only a shift back makes sure that the slot has no traffic.
            Step::StopNewSlot => {
                let left = !self.moved || self.passed.contains(&Step::ShiftBack);
                let first = rollout.start.kind == Kind::First;
                assert!(first || (left && self.weight == 0), "a slot with traffic would be stopped");
                assert_eq!(first, rollout.start.from.is_none());
            }
            Step::CleanUp => {
                assert_eq!(self.ended, Some(Outcome::Succeeded), "the old slot would be stopped before the end");
                assert!(!self.superseded, "the old slot would be stopped under another rollout");
            }
            Step::KeepWarm => assert_eq!(self.ended, Some(Outcome::Succeeded)),
            _ => {}
        }
        let is_way_back = matches!(step, Step::CheckOldSlot | Step::ShiftBack | Step::MigrateDown | Step::StopNewSlot);
        // A slot is drained before it is taken, on the way back, and before the old one is stopped.
        let either = matches!(step, Step::Drain { .. });
        assert!(either || is_way_back == self.back.is_some(), "{step} at the wrong time");
    }

    /// The weight rises on the way forward. It may have been all already when the way back began.
    fn must_raise(&self, weight: u8) {
        let all_again = self.forward_again && weight == 100;
        assert!(weight > self.weight || all_again, "a shift that does not raise the weight");
    }

    /// Traffic cannot return to where it came from: only then may people do something else about it.
    fn must_be_stuck(&self) {
        let stuck = matches!(self.failed, Some(Step::CheckOldSlot | Step::ShiftBack));
        assert!(stuck, "the way back was open, and somebody left it");
    }

    /// To the only place that is known to be well. The old slot must be seen anew before traffic returns there.
    fn leaves_the_way_back(&mut self, rollout: &Rollout) {
        assert_eq!(rollout.start.kind, Kind::Forward);
        self.must_have_passed_all_checks(rollout);
        self.passed.retain(|step| !matches!(step, Step::CheckOldSlot | Step::ShiftBack));
        (self.failed, self.forward_again) = (None, true);
        let left: Vec<Step> = rollout.steps.iter().filter(|r| r.status.is_open()).map(|r| r.step).collect();
        let last = Step::Shift { stage: rollout.start.plan.stages.len() - 1 };
        let handover = rollout.start.plan.steps.contains(&Step::Handover).then_some(Step::Handover);
        let drain = (!rollout.start.plan.drain.is_zero()).then_some(Step::Drain { slot: rollout.start.slot.other() });
        let end = [Step::Promote, Step::KeepWarm].into_iter().chain(drain).chain([Step::CleanUp]);
        let wanted = std::iter::once(last).chain(handover).chain(end);
        assert!(left.iter().copied().eq(wanted), "{left:?}");
    }

    fn must_have_passed_all_checks(&self, rollout: &Rollout) {
        let checks = |step: &&Step| {
            matches!(step, Step::Preflight | Step::Prepare | Step::Migrate | Step::HealthCheck | Step::SmokeTest)
        };
        assert!(rollout.start.plan.steps.contains(&Step::HealthCheck));
        for check in rollout.start.plan.steps.iter().filter(checks) {
            assert!(self.passed.contains(check), "traffic moves, and {check} has not passed");
        }
    }

    fn must_have_its_approvals(&self, index: usize, stage: &Stage) {
        let Some(rule) = &stage.approve else { return };
        let yes = self.yes.get(&index).map_or(0, BTreeSet::len);
        assert!(self.promoted_full || yes >= rule.count as usize, "{} with {yes} of {} yes", stage.weight, rule.count);
    }

    fn said_yes(&mut self, rollout: &Rollout, stage: usize, by: &Actor) {
        let rule = rollout.start.plan.stages[stage].approve.as_ref().expect("a stage with an approval");
        let other_eyes = by.name() != rollout.started_by.name();
        assert!(by.has(rule.role) && (other_eyes || !rule.four_eyes), "{by} may not approve");
        assert!(self.yes.entry(stage).or_default().insert(by.name().to_owned()), "{by} approved twice");
    }

    fn passed(&mut self, rollout: &Rollout, step: Step) {
        self.passed.push(step);
        match step {
            Step::Shift { stage } => {
                let weight = rollout.start.plan.stages[stage].weight.percent();
                self.must_raise(weight);
                self.weight = weight;
            }
            Step::ShiftBack | Step::StopNewSlot => self.weight = 0,
            Step::Bake { .. } | Step::Monitor => assert!(self.drift.is_none(), "it baked over drift"),
            _ => {}
        }
    }

    /// A lower weight than was approved, which the router itself says; and what was approved above it, was for more.
    fn adopts(&mut self, rollout: &Rollout, weight: u8) {
        let seen = self.drift.take().flatten().expect("a weight that nobody saw");
        assert!(weight < self.weight && self.weight < 100 && self.back.is_none() && self.ended.is_none());
        for session in 0..100 {
            assert_eq!(seen.slot_of(session) == rollout.start.slot, session < weight, "other sessions than were seen");
        }
        self.yes.retain(|stage, _| rollout.start.plan.stages[*stage].weight.percent() <= weight);
        self.weight = weight;
    }

    fn end(&mut self, rollout: &Rollout, outcome: Outcome, by: &Actor) {
        assert_eq!(self.ended, None, "it ends twice");
        let undoes = matches!(rollout.start.kind, Kind::RollBack { .. });
        let first = rollout.start.from.is_none();
        let given_up = undoes && outcome == Outcome::Aborted;
        if given_up {
            assert!(by.has(Role::Deployer), "{by} gave a roll back up");
            self.must_be_stuck();
            assert_eq!((self.weight, rollout.current()), (100, None));
        }
        match outcome {
            Outcome::Succeeded => {
                assert_eq!((self.weight, self.back), (100, None));
                assert!(self.passed.contains(&Step::Promote));
            }
            Outcome::RolledBack => assert!(self.moved && self.weight == 0),
            Outcome::Aborted => assert!(given_up || self.weight == 0),
            Outcome::Failed => assert!((first || !self.moved) && self.weight == 0),
        }
        assert!(!first || outcome != Outcome::RolledBack, "a first release has nothing to go back to");
        assert!(outcome == Outcome::Succeeded || given_up || self.back == Some(outcome));
        (self.ended, self.drift) = (Some(outcome), None);
        let live = if self.weight == 100 { Some(&rollout.start.release) } else { rollout.start.from.as_ref() };
        assert_eq!(rollout.live_after(outcome).map(|(_, version)| version).as_ref(), live);
    }

    /// After the end: the old slot is kept and cleaned up, and people write notes.
    fn must_be_an_afterword(&self, rollout: &Rollout, entry: &Entry) {
        let allowed = match &entry.event {
            Event::NoteAdded { .. } => true,
            Event::KeepWarmExtended { .. } | Event::KeepWarmEnded { .. } => self.ended == Some(Outcome::Succeeded),
            Event::StepStarted { step, .. }
            | Event::StepSucceeded { step, .. }
            | Event::StepFailed { step, .. }
            | Event::StepInconclusive { step, .. }
            | Event::DrainExtended { step, .. }
            | Event::DrainEnded { step, .. }
            | Event::Retried { step } => {
                matches!(rollout.steps[*step].step, Step::KeepWarm | Step::Drain { .. } | Step::CleanUp)
            }
            _ => false,
        };
        assert!(allowed, "after the end: {:?}", entry.event);
    }
}
