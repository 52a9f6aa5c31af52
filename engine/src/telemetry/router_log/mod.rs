//! What the router's own log tells of each slot: nothing to instrument.
//!
//! nginx sends one line a request over UDP on loopback, when the request has ended. The port has the number of the
//! application's admin port, which is a TCP port.
//!
//! | file | what |
//! |---|---|
//! | `receiver` | the socket, and the questions that can be asked |
//! | `line` | one datagram, read |
//! | `ledger` | what was heard of each service and slot |
//! | `track` | the last hour of one of them |
//! | `scale` | times by size |
//! | `kernel` | what Linux tells: lost datagrams, open connections |

mod kernel;
mod ledger;
mod line;
mod receiver;
mod scale;
mod track;

pub use kernel::open_connections;
pub use ledger::Tally;
pub use receiver::RouterLog;
