//! Shares by numbers. A router without weights gives each of its members (droplets, addresses) as much of the traffic as
//! any other: how many of each slot are in decides the share.

use super::Possible;
use crate::slot::{Slot, Split, Weight};

/// How many members each slot has, or has in the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Members {
    pub blue: u32,
    pub green: u32,
}

impl Members {
    pub fn of(self, slot: Slot) -> u32 {
        match slot {
            Slot::Blue => self.blue,
            Slot::Green => self.green,
        }
    }

    fn all(self) -> u32 {
        self.blue.saturating_add(self.green)
    }

    /// How they split the traffic, to the nearest whole percent. `None` without members, and where the share lies right
    /// between two whole percents (1 of 8): it is none of both.
    pub fn split(self) -> Option<Split> {
        let (green, all) = (u64::from(self.green), u64::from(self.all()));
        let (whole, rest) = ((100 * green).checked_div(all)?, (100 * green) % all);
        if 2 * rest == all {
            return None;
        }
        let weight = whole + u64::from(2 * rest > all);
        Some(Split { to: Slot::Green, weight: Weight::new(u8::try_from(weight).ok()?)? })
    }

    /// Which numbers of these members give this split: those whose share is closest to it, and as many as can be. Never
    /// none at all.
    pub fn for_split(self, split: Split) -> Option<Members> {
        let wanted = split.share(Slot::Green);
        let sets = (0..=self.blue).flat_map(|blue| (0..=self.green).map(move |green| Members { blue, green }));
        // How far off, in percent of one member: compared as fractions, which are exact.
        let off =
            |set: &Members| (100 * u64::from(set.green)).abs_diff(u64::from(wanted.percent()) * u64::from(set.all()));
        sets.filter(|set| set.split().is_some_and(|split| split.weight == wanted)).min_by(|a, b| {
            let (left, right) = (off(a) * u64::from(b.all()), off(b) * u64::from(a.all()));
            left.cmp(&right).then(b.all().cmp(&a.all()))
        })
    }

    /// The weights that they can be set to, whichever slot is on standby.
    pub fn possible(self) -> Possible {
        let both =
            |weight: &Weight| Slot::BOTH.into_iter().all(|to| self.for_split(Split { to, weight: *weight }).is_some());
        Possible::Only((0..=100).filter_map(Weight::new).filter(both).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn possible(blue: u32, green: u32) -> Vec<u8> {
        match (Members { blue, green }).possible() {
            Possible::Only(weights) => weights.into_iter().map(Weight::percent).collect(),
            Possible::Every => panic!("{blue} + {green} can be set to every weight"),
        }
    }

    #[test]
    fn what_numbers_allow() {
        assert_eq!(possible(1, 1), [0, 50, 100]);
        assert_eq!(possible(2, 2), [0, 33, 50, 67, 100]);
        assert_eq!(possible(3, 3), [0, 25, 33, 40, 50, 60, 67, 75, 100]);
        // 3 of 8 is 37.5 %.
        let most = [0, 17, 20, 25, 29, 33, 40, 43, 44, 50, 56, 57, 60, 67, 71, 75, 80, 83, 100];
        assert_eq!(possible(5, 5), most);
        // Nine of one slot allow 10 % of the other, but the next rollout goes the other way.
        assert_eq!(possible(9, 1), [0, 50, 100]);
        assert_eq!(possible(4, 2), [0, 33, 50, 67, 100]);
    }

    #[test]
    fn the_closest_share_and_then_the_most_members() {
        let all = Members { blue: 5, green: 5 };
        for (to, percent, blue, green) in [
            (Slot::Green, 0, 5, 0),
            (Slot::Green, 17, 5, 1),
            (Slot::Green, 25, 3, 1),
            (Slot::Green, 33, 4, 2),
            (Slot::Green, 50, 5, 5),
            (Slot::Green, 100, 0, 5),
            (Slot::Blue, 17, 1, 5),
            (Slot::Blue, 100, 5, 0),
        ] {
            let split = Split { to, weight: Weight::new(percent).unwrap() };
            assert_eq!(all.for_split(split), Some(Members { blue, green }), "{split}");
        }
        let tenth = Split { to: Slot::Green, weight: Weight::new(10).unwrap() };
        assert_eq!(all.for_split(tenth), None);
    }

    #[test]
    fn what_is_set_is_what_is_read_back() {
        for (blue, green) in [(1, 1), (2, 3), (9, 1), (5, 5), (12, 30)] {
            let all = Members { blue, green };
            for percent in 0..=100 {
                for to in Slot::BOTH {
                    let split = Split { to, weight: Weight::new(percent).unwrap() };
                    let Some(set) = all.for_split(split) else { continue };
                    let read = set.split().unwrap();
                    assert_eq!(read.share(Slot::Green), split.share(Slot::Green), "{all:?} {split}");
                    assert!(set.blue <= blue && set.green <= green && set.all() > 0);
                }
            }
        }
        assert_eq!((Members { blue: 0, green: 0 }).split(), None);
        assert_eq!((Members { blue: 7, green: 1 }).split(), None);
    }
}
