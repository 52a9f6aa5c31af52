//! The testers' door of a router: whoever shows its key reaches one slot, whatever the weight is.

use crate::slot::Slot;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The header that may show the key, for programs; browsers show it in a cookie.
pub const DOOR_HEADER: &str = "x-crossfade-door";
/// Where the router gives a browser the cookie (`?key=..`), and where it takes it away. On every host of the application.
pub const DOOR_ENTER: &str = "/.crossfade/door";
pub const DOOR_LEAVE: &str = "/.crossfade/leave";
/// How long a browser keeps the cookie, in seconds: half a day. The door itself closes with the rollout.
pub const DOOR_MAX_AGE: u32 = 43_200;

/// The cookie that shows the key of this application's door.
pub fn door_cookie(application: &str) -> String {
    format!("crossfade_{}_door", application.replace('-', "_"))
}

/// A door that stands open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// Where it leads.
    pub slot: Slot,
    pub key: DoorKey,
}

/// 256 random bits, as 64 lower-case hexadecimal digits: nothing else is ever looked for on a disk or in a table. A
/// secret: it lies in the router and in links, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DoorKey(String);

impl DoorKey {
    /// Digits in a key.
    pub const LENGTH: usize = 64;

    /// From random bytes.
    pub fn of(bytes: [u8; 32]) -> DoorKey {
        DoorKey(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// `None` when it is not a key.
    pub fn parse(text: &str) -> Option<DoorKey> {
        let fits = text.len() == DoorKey::LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| DoorKey(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is it the key that was shown? How long that takes tells nothing of how much of it was right.
    pub fn is(&self, shown: &[u8]) -> bool {
        let key = self.0.as_bytes();
        key.len() == shown.len() && key.iter().zip(shown).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl fmt::Debug for DoorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DoorKey(..)")
    }
}

impl TryFrom<String> for DoorKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<DoorKey, &'static str> {
        DoorKey::parse(&text).ok_or("a door's key is 64 lower-case hexadecimal digits")
    }
}

impl From<DoorKey> for String {
    fn from(key: DoorKey) -> String {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_hexadecimal_and_nothing_else() {
        let key = DoorKey::of([0xa5; 32]);
        assert_eq!(DoorKey::parse(key.as_str()), Some(key.clone()));
        for bad in ["", "none", "../current/0", &"a".repeat(63), &"a".repeat(65), &"A".repeat(64), &"g".repeat(64)] {
            assert_eq!(DoorKey::parse(bad), None, "{bad}");
            assert!(!key.is(bad.as_bytes()), "{bad}");
        }
        assert!(key.is("a5".repeat(32).as_bytes()));
        assert!(!key.is("a4".repeat(32).as_bytes()));
    }

    #[test]
    fn a_key_is_not_shown_by_accident() {
        let door = Door { slot: Slot::Green, key: DoorKey::of([7; 32]) };
        assert_eq!(format!("{door:?}"), "Door { slot: Green, key: DoorKey(..) }");
        let read: Door = serde_json::from_str(&serde_json::to_string(&door).unwrap()).unwrap();
        assert_eq!(read, door);
    }

    #[test]
    fn the_cookie_is_the_applications_own() {
        assert_eq!(door_cookie("my-shop"), "crossfade_my_shop_door");
    }
}
