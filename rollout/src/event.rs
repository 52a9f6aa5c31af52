//! What happens to a rollout. The journal is a list of these, and the truth.

use crate::actor::Actor;
use crate::check::Check;
use crate::clock::Timestamp;
use crate::metric::Evidence;
use crate::open::Open;
use crate::plan::Plan;
use crate::release::{PinnedImages, Version};
use crate::slot::{Slot, Split, Weight};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The number of a rollout; unique over all applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RolloutId(pub i64);

impl fmt::Display for RolloutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1 in each rollout, without gaps.
    pub seq: u64,
    pub at: Timestamp,
    pub by: Actor,
    pub event: Event,
}

/// Why there is a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The first release of its application.
    First,
    /// A release takes over from another.
    Forward,
    /// A finished rollout is undone.
    RollBack { of: RolloutId },
}

/// What a rollout is about; never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub application: String,
    pub kind: Kind,
    pub release: Version,
    /// What was live before; nothing before the first release.
    pub from: Option<Version>,
    /// Where the release goes. In a roll back: where it is and shall leave.
    pub slot: Slot,
    pub plan: Plan,
}

/// The place of a step in [`crate::Rollout::steps`].
pub type StepIndex = usize;

/// How a rollout ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The release is live.
    Succeeded,
    /// Traffic had moved, and all of it went back.
    RolledBack,
    /// A person stopped it. A roll back that was given up: the release stays live.
    Aborted,
    /// A step failed where there was no traffic to bring back, and a person gave up.
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 4] = [Outcome::Succeeded, Outcome::RolledBack, Outcome::Aborted, Outcome::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::RolledBack => "rolled-back",
            Outcome::Aborted => "aborted",
            Outcome::Failed => "failed",
        }
    }

    pub fn parse(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    Started(Box<Start>),
    /// Written before the step does anything. `until` is set for steps that are clocks.
    StepStarted {
        step: StepIndex,
        until: Option<Timestamp>,
    },
    /// Written after the step saw that its effect took.
    StepSucceeded {
        step: StepIndex,
        summary: String,
        /// What preflight found the images to be, by content.
        #[serde(default, skip_serializing_if = "PinnedImages::is_empty")]
        images: PinnedImages,
    },
    StepFailed {
        step: StepIndex,
        error: String,
    },
    /// The step could not tell. Never passes by itself.
    StepInconclusive {
        step: StepIndex,
        reason: String,
    },
    /// What the step found, one by one.
    Checked {
        step: StepIndex,
        checks: Vec<Check>,
    },
    /// A person goes on past the step.
    StepSkipped {
        step: StepIndex,
        reason: String,
    },
    /// A metric failed so often in a row that something follows from it: what, comes next.
    Breached {
        evidence: Box<Evidence>,
    },
    ApprovalRequested {
        stage: usize,
        expires: Option<Timestamp>,
    },
    Approved {
        stage: usize,
        comment: String,
        /// What the metrics said at that moment.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<Evidence>,
    },
    Rejected {
        stage: usize,
        comment: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<Evidence>,
    },
    ApprovalTimedOut {
        stage: usize,
    },
    Held {
        reason: String,
    },
    Resumed,
    /// An administrator's hold; only an administrator ends it.
    Frozen {
        reason: String,
    },
    Thawed,
    /// A person wants the failed step tried again.
    Retried {
        step: StepIndex,
    },
    /// The way back begins: it will end in this outcome.
    TurnedBack {
        outcome: Outcome,
        reason: String,
        /// The migration is undone on the way.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        migrate_down: bool,
    },
    /// Every gate that is left is skipped. On the way back: it is given up, and the rollout goes on forward.
    PromotedFull {
        reason: String,
    },
    KeepWarmExtended {
        until: Timestamp,
    },
    /// The old slot is no longer kept. `stop`: its services are to be stopped; otherwise another rollout uses it.
    KeepWarmEnded {
        reason: String,
        stop: bool,
    },
    DrainExtended {
        step: StepIndex,
        until: Timestamp,
    },
    /// A person does not wait for what is still open.
    DrainEnded {
        step: StepIndex,
        cut: Option<Open>,
    },
    NoteAdded {
        text: String,
    },
    /// The router is not as it was left.
    Drifted {
        what: String,
        /// How it splits the traffic, by its own word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Split>,
    },
    /// It is as it was left again.
    DriftEnded {
        how: String,
    },
    /// A person has it brought back to how it was left. Written before it is.
    PutRight {
        reason: String,
    },
    /// That failed.
    NotPutRight {
        why: String,
    },
    /// A person takes the router's own weight, which is lower, for the rollout's.
    Adopted {
        weight: Weight,
        reason: String,
    },
    Ended {
        outcome: Outcome,
    },
}

impl Event {
    /// The tag in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Started(_) => "started",
            Event::StepStarted { .. } => "step-started",
            Event::StepSucceeded { .. } => "step-succeeded",
            Event::StepFailed { .. } => "step-failed",
            Event::StepInconclusive { .. } => "step-inconclusive",
            Event::Checked { .. } => "checked",
            Event::StepSkipped { .. } => "step-skipped",
            Event::Breached { .. } => "breached",
            Event::ApprovalRequested { .. } => "approval-requested",
            Event::Approved { .. } => "approved",
            Event::Rejected { .. } => "rejected",
            Event::ApprovalTimedOut { .. } => "approval-timed-out",
            Event::Held { .. } => "held",
            Event::Resumed => "resumed",
            Event::Frozen { .. } => "frozen",
            Event::Thawed => "thawed",
            Event::Retried { .. } => "retried",
            Event::TurnedBack { .. } => "turned-back",
            Event::PromotedFull { .. } => "promoted-full",
            Event::KeepWarmExtended { .. } => "keep-warm-extended",
            Event::KeepWarmEnded { .. } => "keep-warm-ended",
            Event::DrainExtended { .. } => "drain-extended",
            Event::DrainEnded { .. } => "drain-ended",
            Event::NoteAdded { .. } => "note-added",
            Event::Drifted { .. } => "drifted",
            Event::DriftEnded { .. } => "drift-ended",
            Event::PutRight { .. } => "put-right",
            Event::NotPutRight { .. } => "not-put-right",
            Event::Adopted { .. } => "adopted",
            Event::Ended { .. } => "ended",
        }
    }
}
