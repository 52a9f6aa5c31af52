//! How HAProxy can differ from how it was left.

use rollout::slot::Split;
use std::fmt;
use std::path::PathBuf;

/// Displays as a sentence that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HaproxyDrift {
    /// It does not run, or cannot be spoken to.
    Silent { why: String },
    /// It runs, but does not answer for this application.
    NotAnswering { port: u16, why: String },
    /// It has not loaded the file.
    OtherGeneration { running: String, expected: String },
    /// The file of the weight is gone.
    MapMissing { path: PathBuf },
    /// It holds something that Crossfade does not write.
    MapDamaged { path: PathBuf, text: String },
    /// It says another weight than the one that it was left at.
    MapMoved { path: PathBuf, disk: Split, expected: Split },
    /// HAProxy's memory has lost the weight.
    Forgotten,
    /// Its memory holds something that Crossfade does not write.
    MemoryDamaged { text: String },
    /// Its memory holds another weight than the one that it was left at.
    MemoryMoved { memory: Split, expected: Split },
}

impl fmt::Display for HaproxyDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HaproxyDrift::Silent { why } => return write!(f, "{why}."),
            HaproxyDrift::NotAnswering { port, why } => {
                write!(f, "HAProxy does not answer for this application on 127.0.0.1:{port} ({why}).")?;
            }
            HaproxyDrift::OtherGeneration { running, expected } => {
                write!(f, "HAProxy runs generation {running} of this application's file, not {expected}.")?;
            }
            HaproxyDrift::MapMissing { path } => write!(
                f,
                "The file of the weight {} is gone. HAProxy serves on from memory, but would not start again.",
                path.display()
            )?,
            HaproxyDrift::MapDamaged { path, text } => write!(
                f,
                "The file of the weight {} says `{text}`, which Crossfade did not write. HAProxy's next restart would send \
                 all traffic to blue.",
                path.display()
            )?,
            HaproxyDrift::MapMoved { path, disk, expected } => write!(
                f,
                "The file of the weight {} says {disk}; it was left at {expected}. HAProxy's next restart would follow the \
                 file.",
                path.display()
            )?,
            HaproxyDrift::Forgotten => {
                write!(f, "HAProxy's memory has lost the weight, so all traffic goes to blue.")?;
            }
            HaproxyDrift::MemoryDamaged { text } => {
                write!(f, "HAProxy's memory says `{text}` for the weight, which Crossfade did not tell it.")?;
            }
            HaproxyDrift::MemoryMoved { memory, expected } => {
                write!(f, "HAProxy's memory says {memory}; it was left at {expected}.")?;
            }
        }
        write!(f, " Run `crossfade application add` again.")
    }
}
