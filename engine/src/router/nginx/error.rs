//! What can go wrong with nginx alone, in sentences.

use super::included::Missing;

#[derive(Debug, thiserror::Error)]
pub enum NginxError {
    #[error(
        "{}. Crossfade's files are in place, and nginx can be reloaded with these lines; then run `crossfade application \
         add` again", list(.0)
    )]
    NotIncluded(Vec<Missing>),

    #[error("nginx in the container {container} could not be asked: {why}")]
    Container { container: String, why: String },
}

/// How nginx can differ from how it was left, where no other router can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NginxDrift {
    /// A host's server does not include our snippet any more.
    NotIncluded(Missing),
    /// Somebody's edit keeps nginx from reading its configuration at all.
    Refused { said: String },
}

impl std::fmt::Display for NginxDrift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NginxDrift::NotIncluded(missing) => {
                write!(
                    f,
                    "Its traffic does not come to Crossfade: {missing}. Then run `crossfade application add` again."
                )
            }
            NginxDrift::Refused { said } => write!(
                f,
                "nginx serves on from memory, but would refuse its configuration at the next reload or restart: {said}. Mend \
                 that file."
            ),
        }
    }
}

fn list(missing: &[Missing]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
