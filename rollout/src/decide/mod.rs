//! May this be done now, and what follows from it?

mod draining;
mod drift;
mod engine;
mod person;
mod watched;

pub use drift::why_put_right;
pub(crate) use person::on_purpose;

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::command::{Command, Refusal};
use crate::event::Event;
use crate::state::Rollout;

impl Rollout {
    /// The events that a command causes, in order; none when there is nothing to do. Whether the actor may
    /// ask it at all is [`crate::policy`]'s business; whose approval counts is decided here.
    ///
    /// # Errors
    /// A [`Refusal`] says why not, in a sentence for the person who asked.
    pub fn decide(&self, actor: &Actor, command: &Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Person(ask) => self.decide_ask(actor, ask, &[]),
            Command::Seeing(ask, evidence) => self.decide_ask(actor, ask, evidence),
            Command::Engine(report) => self.decide_report(report, now),
        }
    }
}
