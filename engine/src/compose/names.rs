//! What the parts of a file may refer to by name.

use std::collections::BTreeSet;

pub(super) struct Names {
    pub services: BTreeSet<String>,
    /// Services that name profiles.
    pub left_out: BTreeSet<String>,
    pub networks: BTreeSet<String>,
    pub volumes: BTreeSet<String>,
}
