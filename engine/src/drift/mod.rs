//! Routers that are not as they were left: noticed, told, and known until it is over.
//!
//! | file | what |
//! |---|---|
//! | `left` | how a router was left: by a rollout that is under way, or by the last one |
//! | `look` | one look at one router |
//! | `watch` | every router, again and again |
//! | `board` | what is adrift now |

mod board;
mod left;
mod look;
mod watch;

pub use board::Adrift;
pub(crate) use board::Board;
pub(crate) use left::Left;
pub(crate) use look::{Look, Place, look};
pub(crate) use watch::watch;
