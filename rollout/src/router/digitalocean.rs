use super::{Capabilities, Members};
use crate::application::Secret;
use crate::clock::Millis;
use crate::slot::Slot;
use serde::{Deserialize, Serialize};

/// A load balancer of DigitalOcean, and which droplets are of which slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigitalOcean {
    /// Its id.
    pub load_balancer: String,
    pub token: Secret,
    pub blue: Pool,
    pub green: Pool,
    /// Which address of a droplet Crossfade asks whether it is well.
    pub reach: Reach,
    /// The API, or what stands in for it.
    pub api: String,
    /// The folder in which is kept how the balancer was left: on a disk that outlives a restart.
    pub state: String,
}

/// The droplets of one slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// These, by their ids. They are taken into the balancer in this order.
    Droplets(Vec<u64>),
    /// Those that have this tag, by rising id.
    Tag(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The one in its private network, as the balancer does.
    Private,
    Public,
}

/// A balancer has at most this many droplets by id, and while traffic moves those of both slots are in it. Source: the
/// API's reference.
pub const MOST_DROPLETS: u32 = 10;

/// By the defaults of the API, three checks ten seconds apart: once by Crossfade before a droplet is added, and then by
/// the balancer before it gets traffic.
const TAKES: Millis = Millis::seconds(60);

impl DigitalOcean {
    pub fn pool(&self, slot: Slot) -> &Pool {
        match slot {
            Slot::Blue => &self.blue,
            Slot::Green => &self.green,
        }
    }

    /// A balancer has no weights: what is possible depends on how many droplets there are. How many have a tag is known
    /// only at DigitalOcean; until it is asked, what is possible at all is taken to be.
    pub fn capabilities(&self) -> Capabilities {
        let known = |pool: &Pool| match pool {
            Pool::Droplets(ids) => Some(u32::try_from(ids.len()).unwrap_or(MOST_DROPLETS)),
            Pool::Tag(_) => None,
        };
        let rest = |other: u32| MOST_DROPLETS.saturating_sub(other);
        let members = match (known(&self.blue), known(&self.green)) {
            (Some(blue), Some(green)) => Members { blue, green },
            (Some(blue), None) => Members { blue, green: rest(blue) },
            (None, Some(green)) => Members { blue: rest(green), green },
            // More of one slot allow nothing that half of them in each does not allow in both directions.
            (None, None) => Members { blue: MOST_DROPLETS / 2, green: MOST_DROPLETS / 2 },
        };
        Capabilities {
            weights: members.possible(),
            sessions: false,
            drains: false,
            measures: false,
            door: false,
            takes: TAKES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::Possible;
    use crate::slot::Weight;

    fn possible(blue: Pool, green: Pool) -> Vec<u8> {
        let digitalocean = DigitalOcean {
            load_balancer: "lb".into(),
            token: Secret::Env("DO_TOKEN".into()),
            blue,
            green,
            reach: Reach::Private,
            api: String::new(),
            state: String::new(),
        };
        match digitalocean.capabilities().weights {
            Possible::Only(weights) => weights.into_iter().map(Weight::percent).collect(),
            Possible::Every => panic!(),
        }
    }

    #[test]
    fn droplets_decide_what_is_possible() {
        let tag = || Pool::Tag("web".into());
        assert_eq!(possible(Pool::Droplets(vec![1]), Pool::Droplets(vec![2])), [0, 50, 100]);
        assert_eq!(possible(Pool::Droplets(vec![1]), tag()), [0, 50, 100]);
        let at_all = possible(tag(), tag());
        assert!(at_all.contains(&17) && !at_all.contains(&10));
        for blue in 1..10 {
            let some = possible(Pool::Droplets((1..=blue).collect()), Pool::Droplets((11..=20 - blue).collect()));
            assert!(some.iter().all(|weight| at_all.contains(weight)), "{blue}: {some:?}");
        }
    }
}
