use serde::{Deserialize, Serialize};

/// Where nginx is. Paths as Crossfade sees them; in a container the folders are mounted at the same paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nginx {
    /// The main configuration file, for `nginx -t`.
    pub config: String,
    /// The folder whose `*.conf` files it includes in `http`; Crossfade owns one file in it.
    pub conf_d: String,
    /// Holds the pid of the master.
    pub pid: String,
    /// The program.
    pub binary: String,
    /// What the public servers listen on: `80`, `127.0.0.1:8080`.
    pub listen: String,
    /// Loopback port on which nginx tells Crossfade which slot a session number gets. Allocated when `None`.
    pub admin_port: Option<u16>,
    /// Where the dial lies: on a disk that outlives a restart, readable by nginx's workers.
    pub dial: String,
    /// Whose servers users reach.
    #[serde(default)]
    pub servers: Servers,
    /// The name of the container that nginx runs in; on this machine itself when there is none.
    #[serde(default)]
    pub container: Option<String>,
}

/// Whose servers users reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Servers {
    /// Crossfade's own, whole.
    #[default]
    Whole,
    /// The user's own, with their names and TLS, which include Crossfade's part.
    Include,
}
