//! What a rollout is. No I/O, no clock, no randomness: the engine, the screen, the API and the tests all ask
//! the same functions.
//!
//! | question | answer |
//! |---|---|
//! | what is deployed, and how | [`application`], [`plan`], [`release`], [`router`], [`runtime`] |
//! | what may happen next | [`Rollout::decide`] and, for a new one, [`start`] |
//! | what has happened | [`event`], folded by [`Rollout::apply`] |
//! | how it stands, in words | [`state`], [`words`] |
//! | what numbers say of a release | [`metric`] |
//! | who may do what | [`policy`] |

pub mod actor;
pub mod application;
mod apply;
pub mod check;
pub mod clock;
pub mod command;
mod decide;
mod door;
pub mod epoch;
pub mod event;
pub mod metric;
pub mod open;
pub mod plan;
pub mod policy;
pub mod release;
pub mod router;
pub mod runtime;
pub mod slot;
pub mod start;
pub mod state;
pub mod words;

pub use apply::IllegalEvent;
pub use decide::why_put_right;
pub use state::Rollout;
