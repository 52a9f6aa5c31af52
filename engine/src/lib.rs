//! What carries a rollout out.
//!
//! | module | what |
//! |---|---|
//! | [`engine`] | the one door: every command and query, with its actor |
//! | [`accounts`] | who may sign in |
//! | [`application`], [`compose`], [`definition`] | the user's files, read |
//! | [`init`] | a first application file, from a compose file |
//! | [`store`] | SQLite: journal, projections, log lines, accounts |
//! | [`runner`] | one task a rollout, resumed from the journal |
//! | [`steps`] | one file a step |
//! | [`runtime`] | what runs the services: Docker, or processes |
//! | [`router`] | what splits the traffic: nginx |
//! | [`digitalocean`] | the client of DigitalOcean's API |
//! | [`telemetry`] | what numbers say, and how they are gathered |

pub mod accounts;
pub mod application;
pub mod clock;
pub mod compose;
pub mod definition;
pub mod digitalocean;
pub mod dns;
pub mod drift;
pub mod engine;
pub mod error;
pub mod feed;
pub mod init;
pub mod json_path;
mod migration;
mod preflight;
pub mod router;
mod runner;
pub mod runtime;
pub mod secrets;
mod steps;
pub mod store;
pub mod telemetry;
#[cfg(test)]
mod testing;

pub use definition::Definition;
pub use engine::Engine;
pub use error::EngineError;
