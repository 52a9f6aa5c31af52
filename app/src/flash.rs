//! What a page has to say once, about the form that was just sent. It is kept in the session, not in the address:
//! addresses are logged and shared.

use serde::{Deserialize, Serialize};

/// An error beside its field, with what was typed, so that nothing is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Which form: `start`, `sign-in`, or the kind of an ask.
    pub form: String,
    /// The field that is wrong; the whole form when `None`.
    pub field: Option<String>,
    pub message: String,
    /// What was typed.
    pub value: String,
}
