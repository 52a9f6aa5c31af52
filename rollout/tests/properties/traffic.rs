//! Keeps its own books from the journal, and says when traffic, gates or ends are not as they must be.

use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::application::Stage;
use rollout::event::{Entry, Event, Outcome};
use rollout::plan::Step;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Judge {
    /// Steps that succeeded in this rollout.
    passed: Vec<Step>,
    /// Who said yes to a stage, with the role it takes.
    yes: BTreeMap<usize, BTreeSet<String>>,
    promoted_full: bool,
    back: Option<Outcome>,
    /// A shift was begun.
    moved: bool,
    weight: u8,
    ended: Option<Outcome>,
    /// Another rollout has the old slot now.
    superseded: bool,
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
            Event::PromotedFull { .. } => {
                assert!(entry.by.has(Role::ReleaseManager), "{} promoted in full", entry.by);
                self.promoted_full = true;
            }
            Event::TurnedBack { outcome, .. } => self.back = Some(*outcome),
            Event::KeepWarmEnded { stop: false, .. } => self.superseded = true,
            Event::Ended { outcome } => self.end(rollout, *outcome),
            _ => {}
        }
        assert_eq!(rollout.weight.percent(), self.weight, "after {:?}", entry.event);
        assert_eq!(rollout.moved, self.moved);
        assert_eq!(rollout.ended.as_ref().map(|ended| ended.outcome), self.ended);
        assert_eq!(rollout.seq, entry.seq);
        assert!(!self.promoted_full || rollout.gate.is_none(), "people are asked although every gate is skipped");
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
                assert!(plan.stages[stage].weight.percent() > self.weight, "a shift that does not raise the weight");
                self.moved = true;
            }
            Step::Promote => assert_eq!(self.weight, 100, "promoted before it has all traffic"),
            Step::ShiftBack => assert!(self.passed.contains(&Step::CheckOldSlot), "back to a slot nobody checked"),
            // Once a shift was begun, only a shift back makes sure that the slot has no traffic.
            Step::StopNewSlot => {
                let left = !self.moved || self.passed.contains(&Step::ShiftBack);
                assert!(left && self.weight == 0, "a slot with traffic would be stopped");
            }
            Step::CleanUp => {
                assert_eq!(self.ended, Some(Outcome::Succeeded), "the old slot would be stopped before the end");
                assert!(!self.superseded, "the old slot would be stopped under another rollout");
            }
            Step::KeepWarm => assert_eq!(self.ended, Some(Outcome::Succeeded)),
            _ => {}
        }
        let is_way_back = matches!(step, Step::CheckOldSlot | Step::ShiftBack | Step::StopNewSlot);
        assert_eq!(is_way_back, self.back.is_some(), "{step} at the wrong time");
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
                assert!(weight > self.weight, "the weight falls on the way forward");
                self.weight = weight;
            }
            Step::ShiftBack => self.weight = 0,
            _ => {}
        }
    }

    fn end(&mut self, rollout: &Rollout, outcome: Outcome) {
        assert_eq!(self.ended, None, "it ends twice");
        match outcome {
            Outcome::Succeeded => {
                assert_eq!((self.weight, self.back), (100, None));
                assert!(self.passed.contains(&Step::Promote));
            }
            Outcome::RolledBack => assert!(self.moved && self.weight == 0),
            Outcome::Aborted => assert_eq!(self.weight, 0),
            Outcome::Failed => assert!(!self.moved && self.weight == 0),
        }
        let first = rollout.start.from.is_none();
        assert!(!first || !self.moved || outcome == Outcome::Succeeded, "a first release has nothing to go back to");
        assert!(outcome == Outcome::Succeeded || self.back == Some(outcome));
        self.ended = Some(outcome);
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
            | Event::Retried { step } => matches!(rollout.steps[*step].step, Step::KeepWarm | Step::CleanUp),
            _ => false,
        };
        assert!(allowed, "after the end: {:?}", entry.event);
    }
}
