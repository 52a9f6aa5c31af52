//! What is still open on a slot that loses its traffic.

use serde::{Deserialize, Serialize};
use std::fmt;

/// As far as it can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Open {
    /// A router that sees every request tells them apart.
    Each {
        /// Being answered.
        requests: u64,
        /// Upgraded connections.
        websockets: u64,
    },
    /// Connections of any kind, as the kernel counts them. Idle ones, which a router keeps for its next request, are
    /// among them.
    Connections(u64),
    /// Nobody can tell.
    Unknown,
}

impl Open {
    /// Nothing is left that could be cut.
    pub fn is_none(self) -> bool {
        matches!(self, Open::Each { requests: 0, websockets: 0 } | Open::Connections(0))
    }
}

impl fmt::Display for Open {
    /// `3 websockets and 1 request`, `2 connections`, `nothing`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            open if open.is_none() => f.write_str("nothing"),
            Open::Each { requests, websockets: 0 } => count(f, requests, "request"),
            Open::Each { requests: 0, websockets } => count(f, websockets, "websocket"),
            Open::Each { requests, websockets } => {
                count(f, websockets, "websocket")?;
                f.write_str(" and ")?;
                count(f, requests, "request")
            }
            Open::Connections(connections) => count(f, connections, "connection"),
            Open::Unknown => f.write_str("what cannot be counted"),
        }
    }
}

fn count(f: &mut fmt::Formatter<'_>, number: u64, what: &str) -> fmt::Result {
    let s = if number == 1 { "" } else { "s" };
    write!(f, "{number} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_said() {
        for (open, words) in [
            (Open::Each { requests: 0, websockets: 0 }, "nothing"),
            (Open::Each { requests: 1, websockets: 0 }, "1 request"),
            (Open::Each { requests: 0, websockets: 2 }, "2 websockets"),
            (Open::Each { requests: 4, websockets: 1 }, "1 websocket and 4 requests"),
            (Open::Connections(0), "nothing"),
            (Open::Connections(3), "3 connections"),
            (Open::Unknown, "what cannot be counted"),
        ] {
            assert_eq!(open.to_string(), words);
            assert_eq!(open.is_none(), words == "nothing");
        }
    }
}
