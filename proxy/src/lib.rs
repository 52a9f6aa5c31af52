//! The embedded router: a reverse proxy that is a process of its own, so that neither an upgrade nor a crash of the
//! controller drops a request. It is told over a unix socket how to split traffic, and keeps that in two small files.
//!
//! | module | what |
//! |---|---|
//! | [`wire`] | what is said over the control socket |
//! | [`caller`] | the side of it that asks |
//! | `control` | the side of it that answers |
//! | `process` | start, take over from a running proxy, stop |
//! | `handover` | listening sockets, passed from one process to the next |
//! | `keep` | what outlives the process, on the disk |
//! | `check` | what cannot be routed, in sentences |
//! | `table` | who is served by whom: hosts, services, slots, the split |
//! | `session` | which number a request has |
//! | `door` | the testers' door: past the weight, by a key |
//! | `listen` | accepting connections; `tls`, `connection`, `pulse`, `guard`: what becomes of one |
//! | `answer` | from a request to its answer; `host`, `headers`, `forward`, `pool`, `upgrade`, `body`, `page`: how |
//! | `drain` | no new connections, and the open ones to their end |
//! | `log` | a datagram for each request |

mod answer;
mod body;
pub mod caller;
mod check;
mod connection;
mod control;
mod door;
mod drain;
mod forward;
mod guard;
mod handover;
mod headers;
mod host;
mod keep;
mod listen;
mod log;
mod page;
mod pool;
mod process;
mod pulse;
mod session;
mod settings;
mod system;
mod table;
mod tls;
mod upgrade;
pub mod wire;

pub use check::check;
pub use process::run;
pub use settings::{Certificate, Limits, Settings};
