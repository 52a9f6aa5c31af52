use serde::{Deserialize, Serialize};

/// Where Caddy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caddy {
    /// Host and port of its admin API.
    pub admin: String,
    /// The server in its configuration that takes the application's requests: `srv0`.
    pub server: String,
    /// Where the dial lies: on a disk that outlives a restart, readable by Caddy.
    pub dial: String,
}
