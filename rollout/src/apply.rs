//! The fold: one event after another makes the state.

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::event::{Entry, Event, Kind, Outcome, Start, StepIndex};
use crate::metric::Evidence;
use crate::plan::Step;
use crate::slot::Weight;
use crate::state::{Back, Decision, Drifting, Ended, Gate, Note, Pause, Rollout, StepRecord, StepStatus};
use std::collections::BTreeSet;
use std::fmt;

/// An entry that cannot follow what came before it: the journal is damaged, or entries are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IllegalEvent {
    pub seq: u64,
    pub event: &'static str,
    pub why: String,
}

impl fmt::Display for IllegalEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} ({}) cannot follow the ones before it: {}", self.seq, self.event, self.why)
    }
}

impl std::error::Error for IllegalEvent {}

impl Rollout {
    /// The state after a whole journal.
    ///
    /// # Errors
    /// When the first entry is not `started`, or one does not fit.
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Rollout, IllegalEvent> {
        let mut entries = entries.into_iter();
        let first =
            entries.next().ok_or(IllegalEvent { seq: 0, event: "nothing", why: "the journal is empty".to_owned() })?;
        let mut rollout = Rollout::begin(first)?;
        for entry in entries {
            rollout.apply(entry)?;
        }
        Ok(rollout)
    }

    /// The state after its first entry.
    ///
    /// # Errors
    /// When that entry is not `started`, or not number 1.
    pub fn begin(entry: &Entry) -> Result<Rollout, IllegalEvent> {
        let Event::Started(start) = &entry.event else {
            return Err(illegal(entry, "a rollout begins with `started`"));
        };
        if entry.seq != 1 {
            return Err(illegal(entry, "the first entry has number 1"));
        }
        let mut rollout = Rollout {
            start: Start::clone(start),
            started_by: entry.by.clone(),
            started_at: entry.at,
            steps: start.plan.steps.iter().map(|step| StepRecord::pending(*step)).collect(),
            gate: None,
            cleared: BTreeSet::new(),
            decisions: vec![],
            held: None,
            frozen: None,
            stopped: None,
            promoted_full: None,
            back: None,
            weight: Weight::NONE,
            moved: false,
            ended: None,
            images: Default::default(),
            checks: vec![],
            breach: None,
            notes: vec![],
            drift: None,
            adopted: None,
            seq: 1,
            changed_at: entry.at,
        };
        if let Kind::RollBack { of } = start.kind {
            // The release to leave has all the traffic.
            rollout.weight = Weight::ALL;
            rollout.moved = true;
            let migrate_down = start.plan.can_migrate_down;
            rollout.turn_back(Outcome::RolledBack, &entry.by, entry.at, format!("undoes rollout {of}"), migrate_down);
        }
        Ok(rollout)
    }

    /// The state after one more entry.
    ///
    /// # Errors
    /// When the entry cannot follow; the state is then as it was.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), IllegalEvent> {
        if entry.seq != self.seq + 1 {
            return Err(illegal(entry, &format!("number {} was expected", self.seq + 1)));
        }
        let (at, by) = (entry.at, &entry.by);
        match &entry.event {
            Event::Started(_) => return Err(illegal(entry, "a rollout starts once")),
            Event::StepStarted { step, until } => {
                let record = self.step_mut(*step, entry)?;
                record.attempts += 1;
                // A drain that is taken up again goes on from where it began.
                let since = match (record.step, &record.status) {
                    (Step::Drain { .. }, StepStatus::Running { since, .. }) => *since,
                    _ => at,
                };
                record.status = StepStatus::Running { since, until: *until };
                self.moved |= matches!(self.steps[*step].step, Step::Shift { .. });
            }
            Event::StepSucceeded { step, summary, images } => {
                let since = self.running_since(*step, entry)?;
                self.steps[*step].status = StepStatus::Succeeded { since, at, summary: summary.clone() };
                self.images.extend(images.clone());
                match self.steps[*step].step {
                    Step::Shift { stage } => {
                        self.weight = self.stage(stage).map_or(self.weight, |stage| stage.weight);
                    }
                    // Only a first release has traffic when it is stopped; then nothing has any.
                    Step::ShiftBack | Step::StopNewSlot => self.weight = Weight::NONE,
                    _ => {}
                }
            }
            Event::StepFailed { step, error } => {
                let since = self.running_since(*step, entry)?;
                self.steps[*step].status = StepStatus::Failed { since, at, error: error.clone() };
            }
            Event::StepInconclusive { step, reason } => {
                let since = self.running_since(*step, entry)?;
                self.steps[*step].status = StepStatus::Inconclusive { since, at, reason: reason.clone() };
            }
            Event::Checked { checks, .. } => self.checks = checks.clone(),
            Event::StepSkipped { step, reason } => {
                let reason = format!("{by} went on without it: {reason}");
                self.step_mut(*step, entry)?.skip(&reason);
            }
            Event::Breached { evidence } => self.breach = Some(Evidence::clone(evidence)),
            Event::ApprovalRequested { stage, expires } => {
                self.stage(*stage).ok_or_else(|| illegal(entry, "there is no such stage"))?;
                self.gate = Some(Gate { stage: *stage, since: at, expires: *expires, approved_by: BTreeSet::new() });
            }
            Event::Approved { stage, comment, evidence } => {
                let wanted = self.stage(*stage).and_then(|stage| stage.approve.as_ref()).map_or(1, |rule| rule.count);
                let gate = self.open_gate(*stage, entry)?;
                gate.approved_by.insert(by.name().to_owned());
                if gate.approved_by.len() >= wanted as usize {
                    self.gate = None;
                    self.cleared.insert(*stage);
                }
                self.record_decision(*stage, entry, true, comment, evidence);
            }
            Event::Rejected { stage, comment, evidence } => {
                self.open_gate(*stage, entry)?;
                self.gate = None;
                self.record_decision(*stage, entry, false, comment, evidence);
            }
            Event::ApprovalTimedOut { stage } => {
                // The gate stays open until what follows says otherwise, but its clock is done.
                self.open_gate(*stage, entry)?.expires = None;
            }
            Event::Held { reason } => {
                self.held = Some(pause(entry, reason));
                self.stopped.get_or_insert(at);
            }
            Event::Frozen { reason } => {
                self.frozen = Some(pause(entry, reason));
                self.stopped.get_or_insert(at);
            }
            Event::Resumed => {
                self.held = None;
                self.go_on(at);
            }
            Event::Thawed => {
                self.frozen = None;
                self.go_on(at);
            }
            Event::Retried { step } => {
                self.step_mut(*step, entry)?.status = StepStatus::Pending;
            }
            Event::TurnedBack { outcome, reason, migrate_down } => {
                if self.back.is_some() {
                    return Err(illegal(entry, "it is on the way back already"));
                }
                self.turn_back(*outcome, by, at, reason.clone(), *migrate_down);
            }
            Event::PromotedFull { reason } => {
                if self.back.is_some() {
                    if !self.may_leave_the_way_back() {
                        return Err(illegal(entry, "the way back is not stuck"));
                    }
                    self.leave_the_way_back(by);
                }
                self.promoted_full = Some(pause(entry, reason));
                self.gate = None;
                self.skip_gates(by);
            }
            Event::KeepWarmExtended { until } => match self.keep_warm_mut() {
                Some(StepStatus::Running { until: end, .. }) => *end = Some(*until),
                _ => return Err(illegal(entry, "nothing is kept warm")),
            },
            Event::KeepWarmEnded { reason, stop } => self.end_keep_warm(at, reason, *stop),
            Event::DrainExtended { step, until } => match self.draining() {
                Some(draining) if draining.step == *step => {
                    let since = draining.since;
                    self.steps[*step].status = StepStatus::Running { since, until: Some(*until) };
                }
                _ => return Err(illegal(entry, "that slot is not drained")),
            },
            Event::DrainEnded { step, cut } => {
                let record = self.step_mut(*step, entry)?;
                let since = match record.status {
                    _ if !matches!(record.step, Step::Drain { .. }) => {
                        return Err(illegal(entry, "that step drains nothing"));
                    }
                    StepStatus::Running { since, .. }
                    | StepStatus::Failed { since, .. }
                    | StepStatus::Inconclusive { since, .. } => since,
                    _ => return Err(illegal(entry, "that slot is not drained")),
                };
                let summary = match cut {
                    Some(cut) if !cut.is_none() => format!("{by} did not wait: {cut} may be cut"),
                    _ => format!("{by} did not wait"),
                };
                record.status = StepStatus::Succeeded { since, at, summary };
            }
            Event::NoteAdded { text } => self.notes.push(Note { by: by.clone(), at, text: text.clone() }),
            Event::Drifted { what, seen } => {
                let since = self.drift.as_ref().map_or(at, |drift| drift.since);
                self.drift = Some(Drifting { since, what: what.clone(), seen: *seen });
            }
            Event::DriftEnded { .. } => self.drift = None,
            // What comes of it is seen at the router.
            Event::PutRight { .. } | Event::NotPutRight { .. } => {}
            Event::Adopted { weight, reason } => {
                if *weight >= self.weight || self.back.is_some() || self.ended.is_some() {
                    return Err(illegal(entry, "it is not a lower weight on the way forward"));
                }
                self.adopt(*weight);
                self.adopted = Some(pause(entry, reason));
            }
            Event::Ended { outcome } => {
                if self.ended.is_some() {
                    return Err(illegal(entry, "it has ended already"));
                }
                self.ended = Some(Ended { outcome: *outcome, at });
                self.give_up_the_way_back(by);
                self.gate = None;
                self.held = None;
                self.frozen = None;
                self.stopped = None;
                self.drift = None;
            }
        }
        self.seq = entry.seq;
        self.changed_at = at;
        Ok(())
    }

    /// Leaves the way forward: what is open there is skipped, and the steps of the way back follow.
    fn turn_back(&mut self, outcome: Outcome, by: &Actor, at: Timestamp, reason: String, migrate_down: bool) {
        for record in &mut self.steps {
            match record.status {
                StepStatus::Pending => record.skip("not reached"),
                StepStatus::Running { .. } if record.step.is_clock() => record.skip("cut short"),
                StepStatus::Running { .. } => record.skip("stopped before it was done"),
                _ => {}
            }
        }
        let first = self.steps.len();
        if self.has_traffic_to_return() {
            self.steps.push(StepRecord::pending(Step::CheckOldSlot));
            self.steps.push(StepRecord::pending(Step::ShiftBack));
            if !self.start.plan.drain.is_zero() {
                self.steps.push(StepRecord::pending(Step::Drain { slot: self.start.slot }));
            }
        }
        if migrate_down {
            self.steps.push(StepRecord::pending(Step::MigrateDown));
        }
        self.steps.push(StepRecord::pending(Step::StopNewSlot));
        self.back = Some(Back { first, outcome, by: by.clone(), at, reason });
        self.gate = None;
        self.held = None;
        self.frozen = None;
        self.stopped = None;
    }

    /// Leaves the way back, which is stuck, for what is left of the way forward: all traffic to the new slot, and what
    /// follows from it. Nothing that failed before counts any more, but it stays to be read.
    fn leave_the_way_back(&mut self, by: &Actor) {
        for record in &mut self.steps {
            match &record.status {
                StepStatus::Failed { error, .. } => {
                    let reason = format!("promoted in full by {by}; it had failed: {error}");
                    record.skip(&reason);
                }
                status if status.is_open() => record.skip(&format!("promoted in full by {by}")),
                _ => {}
            }
        }
        let last = self.start.plan.last_stage();
        let old = self.start.slot.other();
        let left = self.start.plan.steps.iter().filter(|step| match step {
            Step::Shift { stage } => Some(*stage) == last,
            Step::Handover | Step::Promote | Step::KeepWarm | Step::CleanUp => true,
            Step::Drain { slot } => *slot == old,
            _ => false,
        });
        self.steps.extend(left.map(|step| StepRecord::pending(*step)));
        self.back = None;
    }

    /// After the end nothing returns any more: what was left of the way back is not done.
    fn give_up_the_way_back(&mut self, by: &Actor) {
        let Some(back) = &self.back else { return };
        for record in self.steps.iter_mut().skip(back.first).filter(|record| record.status.is_open()) {
            record.skip(&format!("given up by {by}"));
        }
    }

    /// The stages above this weight are done again, each after its approvals: those were given for more than there is.
    fn adopt(&mut self, weight: Weight) {
        let above = |stage: usize| self.start.plan.stages.get(stage).is_some_and(|stage| stage.weight > weight);
        for record in &mut self.steps {
            if let Step::Shift { stage } | Step::Bake { stage } = record.step
                && above(stage)
            {
                record.status = StepStatus::Pending;
            }
        }
        self.cleared.retain(|stage| !above(*stage));
        self.gate = None;
        self.weight = weight;
        self.drift = None;
    }

    /// Clocks and stages before the last are gates; checks are not, and stay.
    fn skip_gates(&mut self, by: &Actor) {
        let last = self.start.plan.last_stage();
        for record in &mut self.steps {
            let is_gate = match record.step {
                Step::Shift { stage } => Some(stage) != last,
                Step::Bake { .. } | Step::Monitor => true,
                _ => false,
            };
            // A shift that is under way is finished first.
            let open = match record.status {
                StepStatus::Pending | StepStatus::Inconclusive { .. } => true,
                StepStatus::Running { .. } => record.step.is_clock(),
                _ => false,
            };
            if is_gate && open {
                record.skip(&format!("promoted in full by {by}"));
            }
        }
    }

    fn end_keep_warm(&mut self, at: Timestamp, reason: &str, stop: bool) {
        if let Some(status) = self.keep_warm_mut() {
            let since = match status {
                StepStatus::Running { since, .. } => *since,
                _ => at,
            };
            *status = StepStatus::Succeeded { since, at, summary: reason.to_owned() };
        }
        if !stop {
            // Whoever takes the slot drains it first.
            let from = self.steps.iter().rposition(|record| record.step == Step::KeepWarm).map_or(0, |warm| warm + 1);
            self.steps.iter_mut().skip(from).for_each(|record| {
                if record.status.is_open() || record.step == Step::CleanUp {
                    record.skip(reason);
                }
            });
        }
    }

    fn keep_warm_mut(&mut self) -> Option<&mut StepStatus> {
        // A rollout that was led out of its way back has two, and the first was not reached.
        let record = self.steps.iter_mut().rfind(|record| record.step == Step::KeepWarm)?;
        record.status.is_open().then_some(&mut record.status)
    }

    /// Clocks go on where they stood, once nothing stops them.
    fn go_on(&mut self, at: Timestamp) {
        if self.held.is_some() || self.frozen.is_some() {
            return;
        }
        let Some(stopped) = self.stopped.take() else { return };
        // What was left then is left now, even if the machine's own clock was set meanwhile.
        let moved = |end: Timestamp| at + (end - stopped);
        if let Some(expires) = self.gate.as_mut().and_then(|gate| gate.expires.as_mut()) {
            *expires = moved(*expires);
        }
        for record in &mut self.steps {
            if let StepStatus::Running { until: Some(until), .. } = &mut record.status {
                *until = moved(*until);
            }
        }
    }

    fn step_mut(&mut self, step: StepIndex, entry: &Entry) -> Result<&mut StepRecord, IllegalEvent> {
        let known = self.steps.len();
        self.steps.get_mut(step).ok_or_else(|| illegal(entry, &format!("there is no step {step}, only {known}")))
    }

    fn running_since(&mut self, step: StepIndex, entry: &Entry) -> Result<Timestamp, IllegalEvent> {
        match self.step_mut(step, entry)?.status {
            StepStatus::Running { since, .. } => Ok(since),
            _ => Err(illegal(entry, "that step is not running")),
        }
    }

    fn open_gate(&mut self, stage: usize, entry: &Entry) -> Result<&mut Gate, IllegalEvent> {
        self.gate
            .as_mut()
            .filter(|gate| gate.stage == stage)
            .ok_or_else(|| illegal(entry, "that stage is not waiting for an approval"))
    }

    fn record_decision(&mut self, stage: usize, entry: &Entry, approved: bool, comment: &str, evidence: &[Evidence]) {
        let (by, comment, evidence) = (entry.by.clone(), comment.to_owned(), evidence.to_vec());
        self.decisions.push(Decision { stage, by, at: entry.at, approved, comment, evidence });
    }
}

impl StepRecord {
    fn pending(step: Step) -> StepRecord {
        StepRecord { step, status: StepStatus::Pending, attempts: 0 }
    }

    fn skip(&mut self, reason: &str) {
        self.status = StepStatus::Skipped { reason: reason.to_owned() };
    }
}

fn pause(entry: &Entry, reason: &str) -> Pause {
    Pause { by: entry.by.clone(), at: entry.at, reason: reason.to_owned() }
}

fn illegal(entry: &Entry, why: &str) -> IllegalEvent {
    IllegalEvent { seq: entry.seq, event: entry.event.name(), why: why.to_owned() }
}
