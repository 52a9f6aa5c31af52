//! Small views, the same on pages and in islands.

mod badge;
mod moment;
mod traffic_bar;

pub use badge::{PhaseBadge, phase_word};
pub use moment::{Moment, TimeOfDay};
pub use traffic_bar::{Place, TrafficBar};

#[cfg(feature = "ssr")]
pub mod drift;
#[cfg(feature = "ssr")]
mod first_rollout;
#[cfg(feature = "ssr")]
mod frame;
#[cfg(feature = "ssr")]
pub mod metrics;
#[cfg(feature = "ssr")]
pub use first_rollout::first_rollout;
#[cfg(feature = "ssr")]
pub use frame::{Frame, Problem};
