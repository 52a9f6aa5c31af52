//! What is said over the control socket: one JSON object a line, one answer a question, in order.
//!
//! ```text
//! > {"version":1,"do":"set","application":"shop","split":{"to":"green","weight":25}}
//! < {"version":1,"state":{"pid":4711,"applications":[..],..}}
//! > {"version":1,"do":"set","application":"shoop","split":{"to":"green","weight":25}}
//! < {"version":1,"error":"no application `shoop` is known here"}
//! ```

use rollout::application::StickyBy;
use rollout::router::Door;
use rollout::slot::{Slot, Split};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Of this protocol. A question of another version is answered with an error.
pub const VERSION: u32 = 1;

/// No line is longer, in bytes.
pub const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<T> {
    pub version: u32,
    #[serde(flatten)]
    pub said: T,
}

impl<T> Line<T> {
    pub fn new(said: T) -> Line<T> {
        Line { version: VERSION, said }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Ask {
    /// How it stands, of one application or of all.
    State { application: Option<String> },
    /// Serve this application. `split` counts when it was not served before; otherwise its split stays as it is.
    Adopt { application: Application, split: Split },
    /// Answered when every request from now on is split like this, and the disk has it.
    Set { application: String, split: Split },
    /// Opens the testers' door, with this key alone; without a door, closes it. Answered as `Set` is.
    Door { application: String, door: Option<Door> },
    /// Serve it no more. Fine when it is not served.
    Forget { application: String },
    /// Hand the listening sockets over to the process that asks. They come with the answer.
    TakeOver { pid: u32 },
    /// The process that asked for the sockets serves now: the one that is asked stops to accept connections.
    Serving,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    State(State),
    HandOver(HandOver),
    /// Another process has taken over: ask that one, on the same path. Nothing has changed.
    TakenOver {
        pid: u32,
    },
    /// A sentence for people. Nothing has changed.
    Error(String),
}

/// An application as it is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Lower-case letters, digits and `-`.
    pub name: String,
    pub sticky_by: StickyBy,
    /// A host that several services name belongs to the first of them.
    pub services: Vec<Service>,
    /// Gets a datagram for each request.
    pub log: Option<SocketAddr>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub name: String,
    /// `api.example.com`, or `*.example.com` for all names below it.
    pub hosts: Vec<String>,
    pub blue: SocketAddr,
    pub green: SocketAddr,
}

impl Service {
    pub fn address(&self, slot: Slot) -> SocketAddr {
        match slot {
            Slot::Blue => self.blue,
            Slot::Green => self.green,
        }
    }
}

/// How a proxy stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub pid: u32,
    /// The program's version.
    pub program: String,
    pub listen: Vec<SocketAddr>,
    pub listen_tls: Vec<SocketAddr>,
    /// Connections of clients that are open.
    pub connections: u64,
    /// Processes before this one that still end what they had begun. They follow every change of a split.
    pub ending: Vec<u32>,
    pub applications: Vec<Served>,
}

/// An application, its split, and what it has had since the process started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    pub application: Application,
    pub split: Split,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    pub blue: Counts,
    pub green: Counts,
}

impl Served {
    pub fn counts(&self, slot: Slot) -> Counts {
        match slot {
            Slot::Blue => self.blue,
            Slot::Green => self.green,
        }
    }
}

/// Of one slot of an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests that were sent to the slot first.
    pub requests: u64,
    /// Requests that are being answered.
    pub open: u64,
    /// Connections that were upgraded (websockets) and are open.
    pub upgraded: u64,
    /// Requests that the other slot was asked instead, because this one refused the connection.
    pub moved_away: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.requests += other.requests;
        self.open += other.open;
        self.upgraded += other.upgraded;
        self.moved_away += other.moved_away;
    }
}

/// What a process leaves to the one after it. The listening sockets come beside the line, in this order: plain
/// ones, then those for TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    pub listen: Vec<SocketAddr>,
    pub listen_tls: Vec<SocketAddr>,
    pub kept: Vec<Kept>,
}

/// What outlives a process: an application, its split, and its open door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub application: Application,
    pub split: Split,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::Weight;

    #[test]
    fn a_line_reads_as_documented() {
        let split = Split { to: Slot::Green, weight: Weight::new(25).unwrap() };
        let ask = Line::new(Ask::Set { application: "shop".into(), split });
        let text = r#"{"version":1,"do":"set","application":"shop","split":{"to":"green","weight":25}}"#;
        assert_eq!(serde_json::to_string(&ask).unwrap(), text);
        assert_eq!(serde_json::from_str::<Line<Ask>>(text).unwrap(), ask);
        let answer = Line::new(Answer::Error("no".into()));
        let text = r#"{"version":1,"error":"no"}"#;
        assert_eq!(serde_json::to_string(&answer).unwrap(), text);
        assert_eq!(serde_json::from_str::<Line<Answer>>(text).unwrap(), answer);
        for bad in [
            r#"{"version":1}"#,
            r#"{"version":1,"do":"dance"}"#,
            r#"{"version":1,"do":"set","application":"shop","split":{"to":"green","weight":101}}"#,
            r#"{"do":"state"}"#,
        ] {
            assert!(serde_json::from_str::<Line<Ask>>(bad).is_err(), "{bad}");
        }
    }
}
