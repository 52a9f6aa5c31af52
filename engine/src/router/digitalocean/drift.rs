//! How a load balancer can differ from how it was left.

use super::pools::ids;
use rollout::slot::Split;
use std::fmt;
use std::path::PathBuf;

/// One difference. Displays as a sentence that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BalancerDrift {
    /// Nothing is kept of how it was left: somebody removed the file, or it was never added.
    NotAdopted {
        path: PathBuf,
    },
    /// The API did not answer, or not with what was asked.
    Silent {
        why: String,
    },
    /// There is none of this id any more.
    Gone {
        id: String,
    },
    Errored {
        id: String,
    },
    /// It takes its droplets by tag now.
    ByTag {
        tag: String,
    },
    /// Settings that Crossfade does not touch are not as they were when the application was added.
    Settings {
        changed: Vec<String>,
    },
    /// Droplets of neither slot are in it.
    Foreign {
        droplets: Vec<u64>,
    },
    /// Droplets of the slots are in it that should not be, or the other way round.
    Droplets {
        expected: Split,
        more: Vec<u64>,
        missing: Vec<u64>,
    },
    /// The slots' droplets are not what they were, or cannot give this split any more.
    Pools {
        why: String,
    },
}

impl fmt::Display for BalancerDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BalancerDrift::NotAdopted { path } => write!(
                f,
                "{} is gone, which keeps how the load balancer was left. Run `crossfade application add` again.",
                path.display()
            ),
            BalancerDrift::Silent { why } => write!(f, "What the load balancer does is not known: {why}."),
            BalancerDrift::Gone { id } => write!(
                f,
                "There is no load balancer {id} any more. Name the one that serves now in [traffic.digitalocean], and run \
                 `crossfade application add` again."
            ),
            BalancerDrift::Errored { id } => write!(
                f,
                "DigitalOcean says that the load balancer {id} is errored. Look at it in the control panel, or ask their \
                 support."
            ),
            BalancerDrift::ByTag { tag } => write!(
                f,
                "The load balancer takes its droplets by the tag {tag} now. Set it to take them by id again, with those that \
                 serve."
            ),
            BalancerDrift::Settings { changed } => write!(
                f,
                "Somebody changed the load balancer's {}. If that is meant to be, run `crossfade application add` again; if \
                 not, set it back in the control panel.",
                changed.join(", ").replace('_', " ")
            ),
            BalancerDrift::Foreign { droplets } => write!(
                f,
                "Somebody added {} to the load balancer, of neither slot. Take {} out of it, or into a slot in the \
                 application file.",
                ids(droplets),
                if droplets.len() == 1 { "it" } else { "them" }
            ),
            BalancerDrift::Droplets { expected, more, missing } => {
                write!(f, "Traffic was left at {expected}, but ")?;
                if !more.is_empty() {
                    write!(f, "somebody added {}", ids(more))?;
                }
                if !missing.is_empty() {
                    let and = if more.is_empty() { "somebody removed" } else { ", and removed" };
                    write!(f, "{and} {}", ids(missing))?;
                }
                write!(f, ". `crossfade application put-right` mends it.")
            }
            BalancerDrift::Pools { why } => write!(f, "Of how traffic was left, this is no longer so: {why}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::{Slot, Weight};

    #[test]
    fn a_drift_says_what_is_wrong_and_what_to_do() {
        let expected = Split { to: Slot::Green, weight: Weight::new(50).unwrap() };
        for (drift, sentence) in [
            (
                BalancerDrift::Droplets { expected, more: vec![3], missing: vec![1, 2] },
                "Traffic was left at green 50 %, blue 50 %, but somebody added the droplet 3, and removed the droplets 1, 2. \
                 `crossfade application put-right` mends it.",
            ),
            (
                BalancerDrift::Droplets { expected, more: vec![], missing: vec![1] },
                "Traffic was left at green 50 %, blue 50 %, but somebody removed the droplet 1. `crossfade application \
                 put-right` mends it.",
            ),
            (
                BalancerDrift::Settings { changed: vec!["forwarding_rules".into(), "health_check".into()] },
                "Somebody changed the load balancer's forwarding rules, health check. If that is meant to be, run `crossfade \
                 application add` again; if not, set it back in the control panel.",
            ),
            (
                BalancerDrift::Foreign { droplets: vec![7, 8] },
                "Somebody added the droplets 7, 8 to the load balancer, of neither slot. Take them out of it, or into a slot \
                 in the application file.",
            ),
        ] {
            assert_eq!(drift.to_string(), sentence);
        }
    }
}
