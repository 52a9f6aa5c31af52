//! What can be asked of a rollout, and how it is refused.

use crate::actor::Role;
use crate::check::Check;
use crate::clock::Millis;
use crate::epoch::Epoch;
use crate::event::{RolloutId, StepIndex};
use crate::metric::Evidence;
use crate::open::Open;
use crate::release::PinnedImages;
use crate::slot::{Split, Weight};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Asked by a person, or by the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Person(Ask),
    /// A person asks, and this is what the metrics say at that moment: kept with the decision.
    Seeing(Ask, Vec<Evidence>),
    Engine(Report),
}

/// What a person asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// `stage` is the one the person saw: a click on an old page approves nothing else.
    Approve {
        stage: usize,
        comment: String,
    },
    Reject {
        stage: usize,
        comment: String,
    },
    Hold {
        reason: String,
    },
    Resume,
    Retry,
    /// A roll back of a finished rollout is given up, when it is stuck.
    Abort {
        reason: String,
    },
    RollBack {
        reason: String,
        /// The migration is undone, too.
        #[serde(default)]
        migrate_down: bool,
    },
    /// Goes on past a step that could not tell, or past undoing the migration when that fails.
    Skip {
        reason: String,
    },
    /// Skips the gates that are left; when the way back is stuck, leads forward out of it.
    PromoteFull {
        reason: String,
    },
    ExtendKeepWarm {
        by: Millis,
    },
    CleanUpNow,
    ExtendDrain {
        by: Millis,
    },
    /// `cut`: what is open at that moment. Whoever asks need not say it; the engine does.
    DrainNow {
        #[serde(default)]
        cut: Option<Open>,
    },
    AddNote {
        text: String,
    },
    Freeze {
        reason: String,
    },
    Thaw,
    /// The router is not as it was left: it is brought back to that.
    PutRight {
        reason: String,
    },
    /// The router is not as it was left, and rightly so: its own weight becomes the rollout's. `weight` is the one the
    /// person saw.
    Adopt {
        weight: Weight,
        reason: String,
    },
}

/// What the engine reports, or asks on its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// What is next, now?
    Advance,
    /// The process that carried out the running step is gone.
    Interrupted,
    Succeeded {
        step: StepIndex,
        summary: String,
        images: PinnedImages,
    },
    Failed {
        step: StepIndex,
        error: String,
    },
    Inconclusive {
        step: StepIndex,
        reason: String,
    },
    /// What is open on the slot that is drained, right now.
    Drained {
        step: StepIndex,
        open: Open,
    },
    /// What a step found, one by one, and how it ended: written together, so that a crash leaves neither or both.
    Checked {
        step: StepIndex,
        checks: Vec<Check>,
        end: Box<Report>,
    },
    /// A look at every metric.
    Watched {
        /// When it was looked: what has changed since, it does not speak of.
        epoch: Epoch,
        evidence: Vec<Evidence>,
        /// What the new slot was asked since the weight is what it is.
        requests: u64,
        /// Requests reach the new slot at all.
        flowing: bool,
    },
    /// The router was seen, twice in a row, not to be as it was left.
    Drifted {
        /// How it was left when it was looked at: what is true of another split, is not said of this one.
        expected: Split,
        /// What differs, in sentences.
        what: String,
        /// How it splits the traffic, by its own word; unknown when it does not say.
        seen: Option<Split>,
    },
    /// It is as it was left again.
    DriftEnded {
        how: String,
    },
    /// Somebody had it put right, and that failed.
    NotPutRight {
        why: String,
    },
    /// Another rollout takes the slot that is kept warm.
    Superseded {
        by: RolloutId,
    },
}

/// The asks without their words: for policy, buttons and history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskKind {
    Approve,
    Reject,
    Hold,
    Resume,
    Retry,
    Abort,
    RollBack,
    Skip,
    PromoteFull,
    ExtendKeepWarm,
    CleanUpNow,
    ExtendDrain,
    DrainNow,
    AddNote,
    Freeze,
    Thaw,
    PutRight,
    Adopt,
}

impl AskKind {
    pub const ALL: [AskKind; 18] = [
        AskKind::Approve,
        AskKind::Reject,
        AskKind::Hold,
        AskKind::Resume,
        AskKind::Retry,
        AskKind::Abort,
        AskKind::RollBack,
        AskKind::Skip,
        AskKind::PromoteFull,
        AskKind::ExtendKeepWarm,
        AskKind::CleanUpNow,
        AskKind::ExtendDrain,
        AskKind::DrainNow,
        AskKind::AddNote,
        AskKind::Freeze,
        AskKind::Thaw,
        AskKind::PutRight,
        AskKind::Adopt,
    ];

    /// As forms and addresses write it.
    pub fn as_str(self) -> &'static str {
        match self {
            AskKind::Approve => "approve",
            AskKind::Reject => "reject",
            AskKind::Hold => "hold",
            AskKind::Resume => "resume",
            AskKind::Retry => "retry",
            AskKind::Abort => "abort",
            AskKind::RollBack => "roll-back",
            AskKind::Skip => "skip",
            AskKind::PromoteFull => "promote-full",
            AskKind::ExtendKeepWarm => "extend-keep-warm",
            AskKind::CleanUpNow => "clean-up-now",
            AskKind::ExtendDrain => "extend-drain",
            AskKind::DrainNow => "drain-now",
            AskKind::AddNote => "add-note",
            AskKind::Freeze => "freeze",
            AskKind::Thaw => "thaw",
            AskKind::PutRight => "put-right",
            AskKind::Adopt => "adopt",
        }
    }

    pub fn parse(name: &str) -> Option<AskKind> {
        AskKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Ask {
    pub fn kind(&self) -> AskKind {
        match self {
            Ask::Approve { .. } => AskKind::Approve,
            Ask::Reject { .. } => AskKind::Reject,
            Ask::Hold { .. } => AskKind::Hold,
            Ask::Resume => AskKind::Resume,
            Ask::Retry => AskKind::Retry,
            Ask::Abort { .. } => AskKind::Abort,
            Ask::RollBack { .. } => AskKind::RollBack,
            Ask::Skip { .. } => AskKind::Skip,
            Ask::PromoteFull { .. } => AskKind::PromoteFull,
            Ask::ExtendKeepWarm { .. } => AskKind::ExtendKeepWarm,
            Ask::CleanUpNow => AskKind::CleanUpNow,
            Ask::ExtendDrain { .. } => AskKind::ExtendDrain,
            Ask::DrainNow { .. } => AskKind::DrainNow,
            Ask::AddNote { .. } => AskKind::AddNote,
            Ask::Freeze { .. } => AskKind::Freeze,
            Ask::Thaw => AskKind::Thaw,
            Ask::PutRight { .. } => AskKind::PutRight,
            Ask::Adopt { .. } => AskKind::Adopt,
        }
    }
}

/// Why not, in a sentence for the person who clicked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Another role is needed.
    Forbidden { role: Role, message: String },
    /// Not in this state.
    NotNow { message: String },
    /// What was typed into this field will not do.
    Invalid { field: String, message: String },
}

impl Refusal {
    pub fn not_now(message: impl Into<String>) -> Refusal {
        Refusal::NotNow { message: message.into() }
    }

    pub fn invalid(field: &str, message: impl Into<String>) -> Refusal {
        Refusal::Invalid { field: field.to_owned(), message: message.into() }
    }

    pub fn message(&self) -> &str {
        match self {
            Refusal::Forbidden { message, .. } | Refusal::NotNow { message } | Refusal::Invalid { message, .. } => {
                message
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Refusal {}
