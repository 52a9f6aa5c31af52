//! What numbers say: gathered from the router's log, the application, a Prometheus server or a command; judged in
//! `rollout`; shown on the rollout's board.
//!
//! | file | what |
//! |---|---|
//! | `watcher` | the looks at one rollout, and what is reported of them |
//! | `collect` | asks every source, in both slots |
//! | `router_log` | what the router's own log tells |
//! | `scrape`, `prometheus` | Prometheus text, asked of containers |
//! | `promql` | a Prometheus server |
//! | `command` | a number that a command prints |
//! | `readings` | numbers of a window |
//! | `board`, `boards`, `charts` | what the page shows |
//! | `listeners` | the ports at which routers' logs arrive |

pub mod board;
mod boards;
mod charts;
mod collect;
pub mod command;
mod commands;
mod listeners;
pub mod prometheus;
pub mod promql;
mod readings;
pub mod router_log;
pub mod scrape;
mod watcher;

pub use board::Board;
pub(crate) use boards::Boards;
pub(crate) use charts::Charts;
pub(crate) use listeners::Listeners;
pub(crate) use watcher::watch;
