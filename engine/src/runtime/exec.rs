//! Commands beside a service: a migration, a backup, a number for a metric.

/// Which pipe a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    Out,
    Err,
}

/// A command that was made ready once, beside one instance.
#[derive(Clone, Debug)]
pub struct Exec {
    pub(super) id: String,
    /// For people.
    pub(super) what: String,
}
