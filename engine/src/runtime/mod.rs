//! What runs the services of a slot.

pub mod docker;
