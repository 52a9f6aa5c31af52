//! What is alive in the browser. Everything here renders on the server first.

mod actions;
mod door;
mod drain;
mod gate;
mod journal;
mod link;
mod live_drift;
mod live_rollout;
mod stages;
mod steps;

pub use live_drift::LiveDrift;
pub use live_rollout::{LiveRollout, Start};
