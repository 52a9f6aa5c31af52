//! The dashboard as a browser meets it: the real router on a real engine with a file of its own, no Docker.

mod dashboard;

mod bad_requests;
mod door;
mod draining;
mod drift;
mod escaping;
mod foreign_forms;
mod guide;
mod headers;
mod history;
mod live;
mod numbers;
mod roles;
mod sessions;
mod signing_in;
mod starting;
mod strangers;
