use serde::{Deserialize, Serialize};

/// Where HAProxy is. Paths as Crossfade sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Haproxy {
    /// Its runtime socket (`stats socket .. level admin`), over which weights change.
    pub socket: String,
    /// The folder that it is started with (`-f`) beside the user's own file; Crossfade owns one file in it.
    pub folder: String,
    /// The program, for `haproxy -c`.
    pub binary: String,
    /// What the public frontend listens on: `80`, `127.0.0.1:8080`.
    pub listen: String,
    /// Clients come through a frontend of the user's, which says by the PROXY protocol who they are.
    pub accept_proxy: bool,
    /// Loopback port on which HAProxy tells Crossfade which slot a session number gets. Allocated when `None`.
    pub admin_port: Option<u16>,
    /// Where the weight lies on the disk, so that a restart keeps it.
    pub state: String,
}
