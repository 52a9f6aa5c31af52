//! The two environments of an application, and how traffic is split between them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One of the two environments of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    Blue,
    Green,
}

impl Slot {
    pub const BOTH: [Slot; 2] = [Slot::Blue, Slot::Green];

    /// The slot that is not this one.
    pub fn other(self) -> Slot {
        match self {
            Slot::Blue => Slot::Green,
            Slot::Green => Slot::Blue,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Slot::Blue => "blue",
            Slot::Green => "green",
        }
    }

    /// The slot of that name, if it is one.
    pub fn parse(name: &str) -> Option<Slot> {
        Slot::BOTH.into_iter().find(|slot| slot.as_str() == name)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A share of the traffic in whole percent, 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Weight(u8);

impl Weight {
    pub const NONE: Weight = Weight(0);
    pub const ALL: Weight = Weight(100);

    /// The weight of that many percent; `None` above 100.
    pub fn new(percent: u8) -> Option<Weight> {
        (percent <= 100).then_some(Weight(percent))
    }

    pub fn percent(self) -> u8 {
        self.0
    }

    /// What the other slot gets.
    pub fn rest(self) -> Weight {
        Weight(100 - self.0)
    }
}

impl TryFrom<u8> for Weight {
    type Error = String;

    fn try_from(percent: u8) -> Result<Self, String> {
        Weight::new(percent).ok_or_else(|| format!("a weight is 0 to 100 percent, not {percent}"))
    }
}

impl From<Weight> for u8 {
    fn from(weight: Weight) -> u8 {
        weight.0
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// How traffic is split: `weight` percent go to `to`, the rest to the other slot.
///
/// A session has a number from 0 to 99 and goes to `to` when its number is below the weight, so
/// raising the weight moves sessions one way only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    pub to: Slot,
    pub weight: Weight,
}

impl Split {
    pub fn all(slot: Slot) -> Split {
        Split { to: slot, weight: Weight::ALL }
    }

    /// The slot that the session with this number (0 to 99) gets.
    pub fn slot_of(self, session: u8) -> Slot {
        if session < self.weight.percent() { self.to } else { self.to.other() }
    }

    /// Both send every session to the same slot: `green 100 %` is like `blue 0 %`.
    pub fn is_like(self, other: Split) -> bool {
        (0..100).all(|session| self.slot_of(session) == other.slot_of(session))
    }

    /// The percent of traffic that `slot` gets.
    pub fn share(self, slot: Slot) -> Weight {
        if slot == self.to { self.weight } else { self.weight.rest() }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {} {}", self.to, self.weight, self.to.other(), self.weight.rest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raising_the_weight_moves_sessions_one_way_only() {
        for low in 0..=100 {
            for high in low..=100 {
                for session in 0..100 {
                    let at = |weight| Split { to: Slot::Green, weight: Weight(weight) }.slot_of(session);
                    assert!(!(at(low) == Slot::Green && at(high) == Slot::Blue));
                }
            }
        }
    }

    #[test]
    fn a_weight_above_a_hundred_cannot_be_made() {
        assert_eq!(Weight::new(101), None);
        assert!(serde_json::from_str::<Weight>("101").is_err());
        assert_eq!(serde_json::from_str::<Weight>("25").unwrap(), Weight(25));
    }
}
