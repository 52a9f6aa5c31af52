//! The time, for those who may ask for it.

use rollout::clock::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The moment it is.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
