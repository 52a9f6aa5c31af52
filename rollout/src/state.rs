//! How a rollout stands: the fold of its journal.

use crate::actor::Actor;
use crate::application::Stage;
use crate::check::Check;
use crate::clock::{Millis, Timestamp};
use crate::event::{Kind, Outcome, Start, StepIndex};
use crate::metric::Evidence;
use crate::plan::Step;
use crate::release::{PinnedImages, Version};
use crate::slot::{Slot, Split, Weight};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A rollout. Made by [`Rollout::begin`], changed by [`Rollout::apply`] alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rollout {
    pub start: Start,
    pub started_by: Actor,
    pub started_at: Timestamp,
    /// The plan's steps; then those of the way back, once it has begun; then what was left of the way forward, if a
    /// person led the rollout out of a way back that was stuck.
    pub steps: Vec<StepRecord>,
    /// The open gate, while people are asked.
    pub gate: Option<Gate>,
    /// Stages whose gate is passed.
    pub cleared: BTreeSet<usize>,
    /// Every yes and no, oldest first.
    pub decisions: Vec<Decision>,
    pub held: Option<Pause>,
    pub frozen: Option<Pause>,
    /// Since when clocks stand still, by a hold or a freeze.
    pub stopped: Option<Timestamp>,
    /// Somebody skipped every gate that was left.
    pub promoted_full: Option<Pause>,
    pub back: Option<Back>,
    /// The last weight that the router confirmed.
    pub weight: Weight,
    /// A shift was begun: traffic may have reached the slot, whatever `weight` says.
    pub moved: bool,
    pub ended: Option<Ended>,
    pub images: PinnedImages,
    /// What preflight found.
    pub checks: Vec<Check>,
    /// The last breach of a metric.
    pub breach: Option<Evidence>,
    pub notes: Vec<Note>,
    /// The router is not as it was left.
    #[serde(default)]
    pub drift: Option<Drifting>,
    /// Somebody adopted the weight that the router has: the last time.
    #[serde(default)]
    pub adopted: Option<Pause>,
    /// The number of the last entry.
    pub seq: u64,
    pub changed_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    pub step: Step,
    pub status: StepStatus,
    /// How often it was started.
    pub attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    Pending,
    Running {
        since: Timestamp,
        until: Option<Timestamp>,
    },
    Succeeded {
        since: Timestamp,
        at: Timestamp,
        summary: String,
    },
    Failed {
        since: Timestamp,
        at: Timestamp,
        error: String,
    },
    Inconclusive {
        since: Timestamp,
        at: Timestamp,
        reason: String,
    },
    /// Will not be done, or was stopped: the reason says why.
    Skipped {
        reason: String,
    },
}

/// Waiting for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub stage: usize,
    pub since: Timestamp,
    pub expires: Option<Timestamp>,
    /// Names of those who said yes so far.
    pub approved_by: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub stage: usize,
    pub by: Actor,
    pub at: Timestamp,
    pub approved: bool,
    pub comment: String,
    /// What the metrics said at that moment.
    pub evidence: Vec<Evidence>,
}

/// Who stopped or skipped something, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub by: Actor,
    pub at: Timestamp,
    pub reason: String,
}

/// The way back: why, and how it will end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// Its first step in [`Rollout::steps`].
    pub first: StepIndex,
    pub outcome: Outcome,
    pub by: Actor,
    pub at: Timestamp,
    pub reason: String,
}

/// How the router differs from how it was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drifting {
    pub since: Timestamp,
    pub what: String,
    /// How it splits the traffic, by its own word.
    pub seen: Option<Split>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub outcome: Outcome,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub by: Actor,
    pub at: Timestamp,
    pub text: String,
}

/// The phases of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Progressing,
    /// Waits for a person.
    Paused,
    RollingBack,
    Succeeded,
    RolledBack,
    Aborted,
    Failed,
}

impl Phase {
    pub const ALL: [Phase; 7] = [
        Phase::Progressing,
        Phase::Paused,
        Phase::RollingBack,
        Phase::Succeeded,
        Phase::RolledBack,
        Phase::Aborted,
        Phase::Failed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Progressing => "progressing",
            Phase::Paused => "paused",
            Phase::RollingBack => "rolling-back",
            Phase::Succeeded => "succeeded",
            Phase::RolledBack => "rolled-back",
            Phase::Aborted => "aborted",
            Phase::Failed => "failed",
        }
    }

    pub fn parse(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    pub fn is_ended(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::RolledBack | Phase::Aborted | Phase::Failed)
    }
}

impl From<Outcome> for Phase {
    fn from(outcome: Outcome) -> Phase {
        match outcome {
            Outcome::Succeeded => Phase::Succeeded,
            Outcome::RolledBack => Phase::RolledBack,
            Outcome::Aborted => Phase::Aborted,
            Outcome::Failed => Phase::Failed,
        }
    }
}

/// What a rollout is doing or waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Between two steps, for a moment.
    Ready,
    Running(StepIndex),
    AwaitingApproval,
    /// A bake, or the monitoring after the last stage.
    Baking(StepIndex),
    Held,
    Frozen,
    Inconclusive(StepIndex),
    StepFailed(StepIndex),
    /// Nothing is left to do.
    Nothing,
}

/// A slot whose open connections are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draining {
    pub step: StepIndex,
    pub slot: Slot,
    pub since: Timestamp,
    /// What is open then may be cut.
    pub until: Timestamp,
}

impl Rollout {
    /// What is drained right now.
    pub fn draining(&self) -> Option<Draining> {
        let (step, record) = self.current()?;
        match (record.step, &record.status) {
            (Step::Drain { slot }, StepStatus::Running { since, until }) => {
                Some(Draining { step, slot, since: *since, until: until.unwrap_or(*since) })
            }
            _ => None,
        }
    }

    /// The slot that all traffic has left by this rollout, as long as it is there.
    pub fn left_slot(&self) -> Option<Slot> {
        if let Some(draining) = self.draining() {
            return Some(draining.slot);
        }
        let old = self.old_slot().filter(|_| self.moved && !self.is_settled())?;
        match (&self.back, self.weight) {
            (Some(_), Weight::NONE) => Some(self.start.slot).filter(|_| self.ended.is_none()),
            (None, Weight::ALL) => Some(old),
            _ => None,
        }
    }

    pub fn phase(&self) -> Phase {
        if let Some(ended) = &self.ended {
            return ended.outcome.into();
        }
        if self.back.is_some() {
            return Phase::RollingBack;
        }
        match self.doing() {
            Doing::AwaitingApproval | Doing::Held | Doing::Frozen | Doing::Inconclusive(_) | Doing::StepFailed(_) => {
                Phase::Paused
            }
            Doing::Ready | Doing::Running(_) | Doing::Baking(_) | Doing::Nothing => Phase::Progressing,
        }
    }

    pub fn doing(&self) -> Doing {
        // What a person can mend comes first; then what a person stopped; then what is going on.
        if let Some((index, record)) = self.current() {
            match record.status {
                StepStatus::Failed { .. } => return Doing::StepFailed(index),
                StepStatus::Inconclusive { .. } => return Doing::Inconclusive(index),
                StepStatus::Running { .. } if !record.step.is_clock() => return Doing::Running(index),
                _ => {}
            }
        }
        if self.frozen.is_some() {
            return Doing::Frozen;
        }
        if self.held.is_some() {
            return Doing::Held;
        }
        if self.gate.is_some() {
            return Doing::AwaitingApproval;
        }
        match self.current() {
            None => Doing::Nothing,
            Some((index, record)) => match (&record.status, record.step) {
                (StepStatus::Running { .. }, Step::KeepWarm) => Doing::Running(index),
                (StepStatus::Running { .. }, _) => Doing::Baking(index),
                _ => Doing::Ready,
            },
        }
    }

    /// The first step that is neither done nor skipped. On the way back, only its own steps count.
    pub fn current(&self) -> Option<(StepIndex, &StepRecord)> {
        let first = self.back.as_ref().map_or(0, |back| back.first);
        self.steps.iter().enumerate().skip(first).find(|(_, record)| record.status.is_open())
    }

    /// The step that is being carried out right now.
    pub fn running(&self) -> Option<(StepIndex, Step)> {
        let (index, record) = self.current()?;
        matches!(record.status, StepStatus::Running { .. }).then_some((index, record.step))
    }

    /// When the clock of the running step, or of the open gate, runs out. `None` while clocks stand still.
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.stopped.is_some() {
            return None;
        }
        if let Some(gate) = &self.gate {
            return gate.expires;
        }
        match self.current()?.1.status {
            StepStatus::Running { until, .. } => until,
            _ => None,
        }
    }

    /// Where the old release runs; `None` for a first release.
    pub fn old_slot(&self) -> Option<Slot> {
        self.start.from.as_ref().map(|_| self.start.slot.other())
    }

    /// Going back brings traffic back: some may have moved, and there is an old slot to take it.
    pub(crate) fn has_traffic_to_return(&self) -> bool {
        self.moved && self.old_slot().is_some()
    }

    /// The old release may not work any more with what the migration left of the database.
    pub fn is_unsafe_to_return(&self) -> bool {
        let began = |record: &StepRecord| record.step == Step::Migrate && record.attempts > 0;
        self.start.plan.contract && self.steps.iter().any(began)
    }

    /// What a metric held it for, as long as it is held for that.
    pub fn held_by_breach(&self) -> Option<&Evidence> {
        let held = self.held.as_ref().filter(|held| held.by == Actor::Engine)?;
        self.breach.as_ref().filter(|breach| held.reason.contains(&breach.sentence()))
    }

    /// What is bad enough takes it back without anybody's word: there is something to go back to, it is safe, and no
    /// person has led it out of a way back.
    pub fn goes_back_by_itself(&self) -> bool {
        self.has_traffic_to_return() && !self.is_unsafe_to_return() && !self.was_led_out()
    }

    /// A person led it forward out of a way back that was stuck: nothing goes back there by itself again.
    pub(crate) fn was_led_out(&self) -> bool {
        self.back.is_none() && self.steps.iter().any(|record| record.step == Step::CheckOldSlot)
    }

    /// The way back is stuck before the traffic has returned. The old slot may be gone for good.
    pub(crate) fn cannot_return(&self) -> bool {
        self.back.is_some()
            && self.ended.is_none()
            && self.current().is_some_and(|(_, record)| {
                matches!(record.step, Step::CheckOldSlot | Step::ShiftBack)
                    && matches!(record.status, StepStatus::Failed { .. })
            })
    }

    /// Traffic cannot return, and the new slot has passed its checks in this rollout: it may have all of it instead.
    pub(crate) fn may_leave_the_way_back(&self) -> bool {
        let passed = |wanted: Step| {
            let mut records = self.steps.iter();
            records.any(|record| record.step == wanted && matches!(record.status, StepStatus::Succeeded { .. }))
        };
        self.start.kind == Kind::Forward
            && self.cannot_return()
            && passed(Step::HealthCheck)
            && (passed(Step::SmokeTest) || !self.start.plan.steps.contains(&Step::SmokeTest))
    }

    /// The split that the router was last seen to have.
    pub fn split(&self) -> Split {
        Split { to: self.start.slot, weight: self.weight }
    }

    /// Traffic is on its way from one weight to another.
    pub fn is_shifting(&self) -> bool {
        matches!(self.running(), Some((_, Step::Shift { .. } | Step::ShiftBack)))
    }

    pub fn stage(&self, index: usize) -> Option<&Stage> {
        self.start.plan.stages.get(index)
    }

    /// The stage whose weight was confirmed last, while going forward.
    pub fn reached_stage(&self) -> Option<usize> {
        self.start.plan.stages.iter().rposition(|stage| stage.weight <= self.weight)
    }

    /// Until when the old slot is kept for a roll back.
    pub fn warm_until(&self) -> Option<Timestamp> {
        self.ended.as_ref()?;
        self.steps.iter().find_map(|record| match (record.step, &record.status) {
            (Step::KeepWarm, StepStatus::Running { until, .. }) => *until,
            _ => None,
        })
    }

    /// Nothing will happen to it any more, except for notes.
    pub fn is_settled(&self) -> bool {
        self.ended.is_some() && self.current().is_none()
    }

    pub fn is_roll_back(&self) -> bool {
        matches!(self.start.kind, Kind::RollBack { .. })
    }

    /// The slot is this rollout's own: it began to prepare it, or it undoes the one that did. Before that, another one may
    /// keep it warm.
    pub fn prepared(&self) -> bool {
        self.is_roll_back() || self.steps.iter().any(|record| record.step == Step::Prepare && record.attempts > 0)
    }

    /// What is live once it has ended this way: slot and version.
    pub fn live_after(&self, outcome: Outcome) -> Option<(Slot, Version)> {
        match outcome {
            // A roll back that was given up leaves the release where it is.
            Outcome::Aborted if self.is_roll_back() => Some((self.start.slot, self.start.release.clone())),
            Outcome::Succeeded => Some((self.start.slot, self.start.release.clone())),
            _ => self.start.from.clone().map(|version| (self.start.slot.other(), version)),
        }
    }

    /// A step has failed since the rollout began, and was not mended.
    pub fn failed_step(&self) -> Option<(StepIndex, &StepRecord)> {
        self.steps.iter().enumerate().find(|(_, record)| matches!(record.status, StepStatus::Failed { .. }))
    }

    /// From the start to the end, or to `now`.
    pub fn lasted(&self, now: Timestamp) -> Millis {
        self.ended.as_ref().map_or(now, |ended| ended.at) - self.started_at
    }
}

impl StepStatus {
    /// Something is still to be done about it.
    pub fn is_open(&self) -> bool {
        !matches!(self, StepStatus::Succeeded { .. } | StepStatus::Skipped { .. })
    }

    /// How long it took, or has taken by `now`.
    pub fn lasted(&self, now: Timestamp) -> Option<Millis> {
        match self {
            StepStatus::Pending | StepStatus::Skipped { .. } => None,
            StepStatus::Running { since, .. } => Some(now - *since),
            StepStatus::Succeeded { since, at, .. }
            | StepStatus::Failed { since, at, .. }
            | StepStatus::Inconclusive { since, at, .. } => Some(*at - *since),
        }
    }
}
