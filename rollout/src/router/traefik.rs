use serde::{Deserialize, Serialize};

/// Where Traefik is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traefik {
    /// The folder that its file provider watches; Crossfade owns one file in it.
    pub directory: String,
    /// Host and port of its API.
    pub api: String,
    /// The entry points that take the application's requests: `web`.
    pub entry_points: Vec<String>,
}
