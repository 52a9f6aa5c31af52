//! When two splits are the same, and which sessions tell them apart.

use rollout::slot::Split;

/// Do both send every session to the same slot? `green 100 %` and `blue 0 %` do.
pub fn same_split(a: Split, b: Split) -> bool {
    (0..100).all(|session| a.slot_of(session) == b.slot_of(session))
}

/// Does each slot get as much of the traffic? It is all that can be asked of a router without sessions.
pub fn same_shares(a: Split, b: Split) -> bool {
    a.share(a.to) == b.share(a.to)
}

/// The sessions to ask about to know that a router splits like this: both ends, and both sides of the boundary.
/// In rising order, each once.
pub fn boundary(split: Split) -> Vec<u8> {
    let weight = split.weight.percent();
    let mut sessions = vec![0, weight.saturating_sub(1), weight.min(99), 99];
    sessions.dedup();
    sessions
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::{Slot, Weight};

    fn split(to: Slot, percent: u8) -> Split {
        Split { to, weight: Weight::new(percent).unwrap() }
    }

    #[test]
    fn splits_are_the_same_when_every_session_is() {
        assert!(same_split(split(Slot::Green, 100), split(Slot::Blue, 0)));
        assert!(same_split(split(Slot::Green, 0), split(Slot::Blue, 100)));
        assert!(same_split(split(Slot::Green, 25), split(Slot::Green, 25)));
        // The same shares, but of other sessions.
        assert!(!same_split(split(Slot::Green, 25), split(Slot::Blue, 75)));
        assert!(!same_split(split(Slot::Green, 25), split(Slot::Green, 26)));
    }

    #[test]
    fn shares_are_the_same_whatever_the_sessions() {
        assert!(same_shares(split(Slot::Green, 25), split(Slot::Blue, 75)));
        assert!(same_shares(split(Slot::Green, 25), split(Slot::Green, 25)));
        assert!(!same_shares(split(Slot::Green, 25), split(Slot::Blue, 25)));
    }

    #[test]
    fn the_boundary_is_asked_on_both_sides() {
        for (percent, sessions) in [
            (0, vec![0, 99]),
            (1, vec![0, 1, 99]),
            (25, vec![0, 24, 25, 99]),
            (99, vec![0, 98, 99]),
            (100, vec![0, 99]),
        ] {
            assert_eq!(boundary(split(Slot::Green, percent)), sessions, "{percent} %");
        }
    }

    #[test]
    fn the_boundary_tells_a_split_from_every_other_one() {
        for asked in 0..=100 {
            for running in 0..=100 {
                for to in Slot::BOTH {
                    let (asked, running) = (split(Slot::Green, asked), split(to, running));
                    let agrees = boundary(asked).into_iter().all(|s| asked.slot_of(s) == running.slot_of(s));
                    assert_eq!(agrees, same_split(asked, running), "{asked} / {running}");
                }
            }
        }
    }
}
