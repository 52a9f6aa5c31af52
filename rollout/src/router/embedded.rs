use serde::{Deserialize, Serialize};

/// Where the embedded proxy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embedded {
    /// The unix socket over which it is told how to split traffic.
    pub control: String,
}
