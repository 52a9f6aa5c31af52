//! Keys for the testers' door.

use rollout::router::DoorKey;
use std::io;

/// A new one, that follows from nothing.
///
/// # Errors
/// When the machine has no random numbers to give.
pub(crate) fn new_key() -> io::Result<DoorKey> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(DoorKey::of(bytes))
}

#[cfg(test)]
mod tests {
    use super::new_key;

    #[test]
    fn no_two_keys_are_the_same() {
        assert_ne!(new_key().unwrap(), new_key().unwrap());
    }
}
