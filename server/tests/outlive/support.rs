//! What these tests share with others.

#[path = "../../../engine/tests/support/ports.rs"]
pub mod ports;

/// What `process` asks for.
pub mod docker {
    use std::collections::BTreeMap;

    /// No variables of the demo are needed here.
    pub fn demo_env() -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}
