//! What is alive in the browser. Everything here renders on the server first.

mod actions;
mod journal;
mod link;
mod live_rollout;
mod steps;

pub use live_rollout::{LiveRollout, Start};
