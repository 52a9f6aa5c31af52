//! What the engine's reports lead to.

use crate::application::{ApprovalRule, OnTimeout};
use crate::clock::{Millis, Timestamp};
use crate::command::{Refusal, Report};
use crate::event::{Event, Outcome, StepIndex};
use crate::plan::Step;
use crate::state::{Rollout, StepStatus};

impl Rollout {
    pub(super) fn decide_report(&self, report: &Report, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        match report {
            Report::Advance => Ok(self.advance(now)),
            Report::Interrupted => Ok(self.interrupted(now)),
            Report::Succeeded { step, summary, images } => {
                self.must_run(*step)?;
                self.must_be_up(*step, now)?;
                let done = Event::StepSucceeded { step: *step, summary: summary.clone(), images: images.clone() };
                Ok(self.with_end(*step, done, now))
            }
            Report::Failed { step, error } => {
                self.must_run(*step)?;
                Ok(self.failed(*step, error.clone()))
            }
            Report::Inconclusive { step, reason } => {
                self.must_run(*step)?;
                Ok(vec![Event::StepInconclusive { step: *step, reason: reason.clone() }])
            }
            Report::Drained { step, open } => self.drained(*step, *open, now),
            Report::Checked { step, checks, end } => {
                self.must_run(*step)?;
                self.must_be_up(*step, now)?;
                if self.ended.is_some() {
                    return Err(Refusal::not_now("The rollout has ended: nothing is checked any more."));
                }
                let found = Event::Checked { step: *step, checks: checks.clone() };
                Ok(std::iter::once(found).chain(self.decide_report(end, now)?).collect())
            }
            Report::Watched { epoch, evidence, requests, flowing } => Ok(match *epoch == self.epoch() {
                true => self.watched(evidence, *requests, *flowing, now),
                false => vec![],
            }),
            Report::Drifted { expected, what, seen } => Ok(self.drifted(*expected, what, *seen)),
            Report::DriftEnded { how } => Ok(self.drift_ended(how)),
            Report::NotPutRight { why } => Ok(self.not_put_right(why)),
            Report::Superseded { by } => Ok(match self.is_settled() || self.ended.is_none() {
                true => vec![],
                false => vec![Event::KeepWarmEnded { reason: format!("rollout {by} took over"), stop: false }],
            }),
        }
    }

    /// What is next, now.
    fn advance(&self, now: Timestamp) -> Vec<Event> {
        // A hold or a freeze stops clocks and stages. It does not stop a way back, which lifts both.
        if self.stopped.is_some() {
            return vec![];
        }
        if let Some(held) = self.held_by_drift() {
            return vec![held];
        }
        if let Some(gate) = &self.gate {
            return match gate.expires {
                Some(expires) if expires <= now => self.approval_timed_out(gate.stage),
                _ => vec![],
            };
        }
        let Some((index, record)) = self.current() else { return vec![] };
        match &record.status {
            // What is open ends it: see `drained`.
            StepStatus::Running { .. } if matches!(record.step, Step::Drain { .. }) => vec![],
            // The looks at its metrics end it: see `watched`.
            StepStatus::Running { .. } if self.is_watched(record.step) => vec![],
            StepStatus::Running { until: Some(until), .. } if *until <= now => {
                let done =
                    Event::StepSucceeded { step: index, summary: "time is up".to_owned(), images: Default::default() };
                self.with_end(index, done, now)
            }
            StepStatus::Pending => self.begin_step(index, record.step, now),
            _ => vec![],
        }
    }

    fn begin_step(&self, index: StepIndex, step: Step, now: Timestamp) -> Vec<Event> {
        if let Step::Shift { stage } = step
            && let Some(rule) = self.gate_before(stage)
        {
            return vec![Event::ApprovalRequested { stage, expires: rule.timeout.map(|timeout| now + timeout) }];
        }
        let plan = &self.start.plan;
        let length = match step {
            Step::Bake { stage } => Some(self.stage(stage).map_or(Millis::ZERO, |stage| stage.bake)),
            Step::Monitor => Some(plan.monitor),
            Step::KeepWarm => Some(plan.keep_warm),
            Step::Drain { .. } => Some(plan.drain),
            _ => None,
        };
        vec![Event::StepStarted { step: index, until: length.map(|length| now + length) }]
    }

    /// Who must say yes before this stage, unless they have, or somebody skipped them.
    pub(super) fn gate_before(&self, stage: usize) -> Option<&ApprovalRule> {
        let rule = self.stage(stage)?.approve.as_ref()?;
        (!self.cleared.contains(&stage) && self.promoted_full.is_none()).then_some(rule)
    }

    /// The process died while a step ran. Steps are reconciled, so they simply run again, but for a
    /// migration that does not say it may.
    fn interrupted(&self, now: Timestamp) -> Vec<Event> {
        match self.running() {
            Some((index, Step::Migrate)) if !self.start.plan.migrate_again => self.failed(
                index,
                "Crossfade was stopped while the migration ran, and cannot know how far it came. Look at the database; \
                 then retry to run it again, or abort."
                    .to_owned(),
            ),
            Some((index, Step::MigrateDown)) => self.failed(
                index,
                "Crossfade was stopped while the migration was undone, and cannot know how far it came. Look at the database; \
                 then retry to run it again, or go on all the same."
                    .to_owned(),
            ),
            // A clock needs nobody to carry it out.
            Some((_, step)) if step.is_clock() => vec![],
            Some((index, step)) => self.begin_again(index, step, now),
            None => vec![],
        }
    }

    fn begin_again(&self, index: StepIndex, step: Step, now: Timestamp) -> Vec<Event> {
        match step {
            // Its gate was passed before it began.
            Step::Shift { .. } => vec![Event::StepStarted { step: index, until: None }],
            // The grace goes on from its beginning.
            Step::Drain { .. } => {
                let until = self.draining().map_or(now, |draining| draining.until);
                vec![Event::StepStarted { step: index, until: Some(until) }]
            }
            _ => self.begin_step(index, step, now),
        }
    }

    /// Before any traffic has moved a person decides; afterwards it goes back by itself, unless that is unsafe, or an
    /// admin's freeze lets nothing move by itself.
    fn failed(&self, step: StepIndex, error: String) -> Vec<Event> {
        let name = self.steps.get(step).map_or_else(String::new, |record| record.step.to_string());
        let mut events = vec![Event::StepFailed { step, error: error.clone() }];
        let under_way = self.back.is_none() && self.ended.is_none() && self.frozen.is_none();
        if under_way && self.goes_back_by_itself() {
            let reason = format!("{name} failed: {}", first_line(&error));
            events.push(Event::TurnedBack { outcome: Outcome::RolledBack, reason, migrate_down: false });
        }
        events
    }

    fn approval_timed_out(&self, stage: usize) -> Vec<Event> {
        let rule = self.stage(stage).and_then(|stage| stage.approve.as_ref());
        let waited = rule.and_then(|rule| rule.timeout).unwrap_or_default();
        let reason = format!("nobody decided within {waited}");
        let timed_out = Event::ApprovalTimedOut { stage };
        match rule.map_or(OnTimeout::Hold, |rule| rule.on_timeout) {
            OnTimeout::Hold => vec![timed_out, Event::Held { reason }],
            // Nobody could say yes.
            OnTimeout::Reject if self.drift.is_some() => {
                let reason = format!("{reason}, while the router was not as it was left");
                vec![timed_out, Event::Held { reason }]
            }
            OnTimeout::Reject if self.has_traffic_to_return() && self.is_unsafe_to_return() => {
                let reason = format!("{reason}; rolling back is unsafe after its migration, so a person decides");
                vec![timed_out, Event::Held { reason }]
            }
            OnTimeout::Reject => {
                let outcome = self.outcome_of_stopping();
                vec![timed_out, Event::TurnedBack { outcome, reason, migrate_down: false }]
            }
        }
    }

    /// The last step of a way ends the rollout, in the same breath; and so that the old slot is never without
    /// someone who keeps it, keep warm begins in that breath, too.
    pub(super) fn with_end(&self, step: StepIndex, done: Event, now: Timestamp) -> Vec<Event> {
        let ends = match self.steps.get(step).map(|record| record.step) {
            Some(Step::Promote) => Some(Outcome::Succeeded),
            Some(Step::StopNewSlot) => self.back.as_ref().map(|back| back.outcome),
            _ => None,
        };
        let mut events = vec![done];
        let Some(outcome) = ends.filter(|_| self.ended.is_none()) else { return events };
        events.push(Event::Ended { outcome });
        if let Some(next) = self.steps.get(step + 1).filter(|next| next.step == Step::KeepWarm) {
            events.extend(self.begin_step(step + 1, next.step, now));
        }
        events
    }

    fn must_run(&self, step: StepIndex) -> Result<(), Refusal> {
        match self.running() {
            Some((running, _)) if running == step => Ok(()),
            // It was aborted or rolled back meanwhile: the report comes too late, and changes nothing.
            _ => Err(Refusal::not_now("That step is not running any more.")),
        }
    }

    /// A clock is over when its time is up, whoever says otherwise.
    fn must_be_up(&self, step: StepIndex, now: Timestamp) -> Result<(), Refusal> {
        if self.steps.get(step).is_some_and(|record| matches!(record.step, Step::Drain { .. })) {
            return Err(Refusal::not_now("That step ends by what is still open."));
        }
        let is_clock = self.steps.get(step).is_some_and(|record| record.step.is_clock());
        if self.steps.get(step).is_some_and(|record| self.is_watched(record.step)) {
            return Err(Refusal::not_now("That step ends by what its metrics say."));
        }
        if is_clock && self.deadline().is_none_or(|deadline| deadline > now) {
            return Err(Refusal::not_now("The time of that step is not up."));
        }
        Ok(())
    }

    /// How it ends when it is stopped where it stands.
    pub(crate) fn outcome_of_stopping(&self) -> Outcome {
        match (self.has_traffic_to_return(), self.failed_step()) {
            (true, _) => Outcome::RolledBack,
            (false, Some(_)) => Outcome::Failed,
            (false, None) => Outcome::Aborted,
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
