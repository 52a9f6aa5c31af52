//! What a router can do, as far as its kind and its settings tell. The application file is held against it when it is
//! read, so that nothing is asked of a router in the middle of a rollout that it cannot do.

use super::RouterKind;
use crate::clock::Millis;
use crate::slot::Weight;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    pub weights: Possible,
    /// A session keeps its slot, and moves forward only when the weight rises past its number.
    pub sessions: bool,
    /// Open websockets and long answers go on in the slot that they began in when the weight changes.
    pub drains: bool,
    /// It tells of each request: which slot answered, how, and how long it took.
    pub measures: bool,
    /// A slot can be reached by a key, whatever the weight is: see [`super::Door`].
    pub door: bool,
    /// Until a changed weight holds for every client. Zero: at once.
    pub takes: Millis,
}

/// The weights that a router can be set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Possible {
    /// Every whole percent.
    Every,
    /// These alone, in rising order; 0 and 100 are always among them.
    Only(Vec<Weight>),
}

impl Possible {
    pub fn has(&self, weight: Weight) -> bool {
        match self {
            Possible::Every => true,
            Possible::Only(weights) => weights.contains(&weight),
        }
    }

    /// The possible weight closest to this one that sends any traffic at all; the lower of two that are as close.
    pub fn nearest(&self, weight: Weight) -> Weight {
        match self {
            Possible::Every => weight,
            Possible::Only(weights) => {
                let some = weights.iter().copied().filter(|possible| *possible > Weight::NONE);
                some.min_by_key(|possible| possible.percent().abs_diff(weight.percent())).unwrap_or(Weight::ALL)
            }
        }
    }
}

/// `every whole percent`, `0, 50 or 100 %`.
impl fmt::Display for Possible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Possible::Only(weights) = self else { return f.write_str("every whole percent") };
        for (index, weight) in weights.iter().enumerate() {
            let joint = match index {
                0 => "",
                _ if index + 1 == weights.len() => " or ",
                _ => ", ",
            };
            write!(f, "{joint}{}", weight.percent())?;
        }
        f.write_str(" %")
    }
}

impl Capabilities {
    /// Of a proxy that sees every request, and can be told any weight at once.
    pub const ALL: Capabilities = Capabilities {
        weights: Possible::Every,
        sessions: true,
        drains: true,
        measures: true,
        door: true,
        takes: Millis::ZERO,
    };

    /// Testers have no door through it yet.
    pub const HAPROXY: Capabilities = Capabilities { door: false, ..Capabilities::ALL };

    /// Its log goes into its own files.
    pub const CADDY: Capabilities = Capabilities { measures: false, door: false, ..Capabilities::ALL };

    /// It counts for Prometheus, who has to be asked then.
    pub const TRAEFIK: Capabilities = Capabilities { measures: false, door: false, ..Capabilities::ALL };
}

/// In a line, for whoever is about to start a rollout.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sessions = if self.sessions { "sessions keep their slot" } else { "sessions do not stick" };
        let measures = if self.measures { "requests are measured" } else { "requests are not measured" };
        write!(f, "{}; {sessions}; {measures}; ", self.weights)?;
        match self.takes.is_zero() {
            true => f.write_str("a change holds at once"),
            false => write!(f, "a change takes {} to reach every client, a roll back too", self.takes),
        }
    }
}

impl RouterKind {
    /// As the application file names it.
    pub fn name(&self) -> &'static str {
        match self {
            RouterKind::Nginx(_) => "nginx",
            RouterKind::Haproxy(_) => "haproxy",
            RouterKind::Embedded(_) => "embedded",
            RouterKind::DigitalOcean(_) => "digitalocean",
            RouterKind::Dns(_) => "dns",
            RouterKind::Caddy(_) => "caddy",
            RouterKind::Traefik(_) => "traefik",
        }
    }

    pub fn capabilities(&self) -> Capabilities {
        match self {
            RouterKind::Nginx(_) | RouterKind::Embedded(_) => Capabilities::ALL,
            RouterKind::Haproxy(_) => Capabilities::HAPROXY,
            RouterKind::DigitalOcean(balancer) => balancer.capabilities(),
            RouterKind::Dns(dns) => dns.capabilities(),
            RouterKind::Caddy(_) => Capabilities::CADDY,
            RouterKind::Traefik(_) => Capabilities::TRAEFIK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(percents: &[u8]) -> Possible {
        Possible::Only(percents.iter().map(|percent| Weight::new(*percent).unwrap()).collect())
    }

    #[test]
    fn the_nearest_weight_sends_some_traffic() {
        let thirds = only(&[0, 33, 67, 100]);
        for (asked, nearest) in [(1, 33), (33, 33), (49, 33), (50, 33), (51, 67), (99, 100), (100, 100)] {
            assert_eq!(thirds.nearest(Weight::new(asked).unwrap()).percent(), nearest, "{asked}");
        }
        assert_eq!(Possible::Every.nearest(Weight::new(7).unwrap()).percent(), 7);
        assert!(thirds.has(Weight::new(67).unwrap()) && !thirds.has(Weight::new(66).unwrap()));
    }

    #[test]
    fn what_a_router_can_is_said_in_a_line() {
        assert_eq!(
            Capabilities::ALL.to_string(),
            "every whole percent; sessions keep their slot; requests are measured; a change holds at once"
        );
        let slow = Capabilities {
            weights: only(&[0, 50, 100]),
            sessions: false,
            drains: false,
            measures: false,
            door: false,
            takes: Millis::seconds(300),
        };
        assert_eq!(
            slow.to_string(),
            "0, 50 or 100 %; sessions do not stick; requests are not measured; \
             a change takes 5 min to reach every client, a roll back too"
        );
        assert_eq!(only(&[0, 100]).to_string(), "0 or 100 %");
    }
}
