//! How records can differ from how they were left.

use rollout::slot::Split;
use std::fmt;

/// One difference. Displays as a sentence that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsDrift {
    /// The names cannot be read, or lead elsewhere. The sentence says it all.
    Unreadable { why: String },
    /// The split is another one.
    Split { expected: Split, now: Split },
    /// The split is right, by other addresses than those that it was made of.
    Addresses { held: String, expected: String },
    /// Others keep the records longer, or shorter, than they should.
    Ttl { held: String, expected: u32 },
    /// One of the name servers answers something else than the primary.
    Stale { server: String, held: String, expected: String },
    /// One of them does not answer.
    Silent { server: String, why: String },
}

impl fmt::Display for DnsDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DnsDrift::Unreadable { why } => write!(f, "The records are not as they were left: {why}."),
            DnsDrift::Split { expected, now } => write!(
                f,
                "The records lead to {now}; they were left at {expected}. `crossfade application put-right` mends it."
            ),
            DnsDrift::Addresses { held, expected } => {
                write!(
                    f,
                    "The records are {held}; {expected} was left there. `crossfade application put-right` mends it."
                )
            }
            DnsDrift::Ttl { held, expected } => write!(
                f,
                "The records are {held}; a TTL of {expected} s was left there. `crossfade application put-right` mends it."
            ),
            DnsDrift::Stale { server, held, expected } => write!(
                f,
                "The name server {server} answers {held}, and the primary one {expected}. Look at its zone transfers."
            ),
            DnsDrift::Silent { server, why } => write!(
                f,
                "The name server {server} {why}. Mend it, or take it out of the zone's NS records and of `name_servers`."
            ),
        }
    }
}
