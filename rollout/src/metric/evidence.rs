//! What numbers said at one moment: shown to people, and kept in the journal with what followed from it.

use super::amount::{Amount, Unit};
use crate::clock::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a metric says of the new slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Successful,
    Failed,
    /// The source could not be asked, or answered nonsense.
    Error,
    /// Too little is known. Never passes by itself.
    Inconclusive,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Successful => "successful",
            Verdict::Failed => "failed",
            Verdict::Error => "error",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One slot's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    pub value: Option<Amount>,
    /// How many observations it rests on.
    pub samples: u64,
}

/// What a verdict leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// It stands in nobody's way.
    Pass,
    /// The bake does not end before there is a better one.
    Wait,
    /// It has been without a number for too long: at the end of a bake a person is asked.
    Ask,
    Hold,
    RollBack,
}

/// A verdict and all that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub metric: String,
    pub at: Timestamp,
    pub verdict: Verdict,
    /// Why this verdict, in half a sentence.
    pub why: String,
    pub new: Figure,
    /// Nothing when there was nothing to compare with.
    pub old: Option<Figure>,
    /// What the new slot's number was held against.
    pub threshold: Option<Amount>,
    pub unit: Unit,
    pub window: Millis,
    /// Verdicts of this kind in a row, this one included.
    pub in_a_row: u32,
    /// What was asked.
    pub query: String,
    pub dry_run: bool,
    pub act: Act,
}

impl Evidence {
    /// The new slot's number, for people; `–` when there is none.
    pub fn new_value(&self) -> String {
        self.written(self.new.value)
    }

    /// The old slot's number, for people; `–` when there is none.
    pub fn old_value(&self) -> String {
        self.written(self.old.and_then(|old| old.value))
    }

    pub fn threshold_value(&self) -> String {
        self.written(self.threshold)
    }

    fn written(&self, amount: Option<Amount>) -> String {
        amount.map_or_else(|| "–".to_owned(), |amount| amount.with(self.unit).to_string())
    }

    /// The whole of it in a sentence: `error rate is 4.82 % (1240 samples in 1 min; 0.02 % before, 11160 samples): over
    /// the limit of 0.1 %`.
    pub fn sentence(&self) -> String {
        let Evidence { metric, why, window, .. } = self;
        if self.new.value.is_none() {
            return format!("{metric}: {why}");
        }
        let old = match self.old {
            Some(old) if old.value.is_some() => {
                format!("; old slot: {}, {} samples", self.old_value(), old.samples)
            }
            _ => String::new(),
        };
        format!("{metric} is {} ({} samples in {window}{old}): {why}", self.new_value(), self.new.samples)
    }
}
