//! How a rollout stands, in words for a person: what it does, what it waits for, what each button would do.

mod offers;
mod status;

pub use offers::{Input, Offer};

use crate::state::Rollout;

impl Rollout {
    /// "green (1.1.0)".
    fn new_place(&self) -> String {
        format!("{} ({})", self.start.slot, self.start.release)
    }

    /// "blue (1.0.0)".
    fn old_place(&self) -> String {
        match &self.start.from {
            Some(version) => format!("{} ({version})", self.start.slot.other()),
            None => "nothing".to_owned(),
        }
    }
}
