//! Which droplets are of which slot, and which of them give a split.

use super::BalancerError;
use crate::digitalocean::Client;
use rollout::router::{DigitalOcean, MOST_DROPLETS, Members, Pool};
use rollout::slot::{Slot, Split};
use std::collections::BTreeSet;

/// The droplets of both slots, in the order in which they are taken into the balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pools {
    pub blue: Vec<u64>,
    pub green: Vec<u64>,
}

impl Pools {
    /// As the file names them; which have a tag, the API is asked.
    pub async fn ask(client: &Client, of: &DigitalOcean) -> Result<Pools, BalancerError> {
        let (blue, green) = futures::try_join!(one(client, of, Slot::Blue), one(client, of, Slot::Green))?;
        Pools { blue, green }.checked()
    }

    fn checked(self) -> Result<Pools, BalancerError> {
        if let Some(droplet) = self.blue.iter().find(|id| self.green.contains(id)) {
            return Err(BalancerError::OfBoth { droplet: *droplet });
        }
        let count = self.blue.len() + self.green.len();
        match count > MOST_DROPLETS as usize {
            true => Err(BalancerError::TooMany { count }),
            false => Ok(self),
        }
    }

    pub fn of(&self, slot: Slot) -> &[u64] {
        match slot {
            Slot::Blue => &self.blue,
            Slot::Green => &self.green,
        }
    }

    pub fn slot_of(&self, droplet: u64) -> Option<Slot> {
        Slot::BOTH.into_iter().find(|slot| self.of(*slot).contains(&droplet))
    }

    pub fn members(&self) -> Members {
        let count = |droplets: &[u64]| u32::try_from(droplets.len()).unwrap_or(u32::MAX);
        Members { blue: count(&self.blue), green: count(&self.green) }
    }

    /// How many of each slot are among these.
    pub fn among(&self, droplets: &BTreeSet<u64>) -> Members {
        let count = |slot| u32::try_from(self.of(slot).iter().filter(|id| droplets.contains(id)).count()).unwrap_or(0);
        Members { blue: count(Slot::Blue), green: count(Slot::Green) }
    }

    /// The droplets that give this split.
    pub fn for_split(&self, wanted: Split) -> Result<BTreeSet<u64>, BalancerError> {
        let members = self.members();
        let take = members.for_split(wanted).ok_or_else(|| BalancerError::Impossible {
            blue: members.blue,
            green: members.green,
            wanted,
            possible: members.possible(),
        })?;
        let first = |slot| self.of(slot).iter().copied().take(take.of(slot) as usize);
        Ok(first(Slot::Blue).chain(first(Slot::Green)).collect())
    }
}

async fn one(client: &Client, of: &DigitalOcean, slot: Slot) -> Result<Vec<u64>, BalancerError> {
    match of.pool(slot) {
        Pool::Droplets(ids) => Ok(ids.clone()),
        Pool::Tag(tag) => {
            let tagged = client.droplets_by_tag(tag).await?;
            match tagged.is_empty() {
                true => Err(BalancerError::NoneTagged { slot, tag: tag.clone() }),
                false => Ok(tagged.iter().map(|droplet| droplet.id).collect()),
            }
        }
    }
}

/// `no droplet`, `the droplet 3`, `the droplets 3, 4`.
pub(super) fn ids<'a>(droplets: impl IntoIterator<Item = &'a u64>) -> String {
    let ids: Vec<String> = droplets.into_iter().map(u64::to_string).collect();
    match ids.len() {
        0 => "no droplet".to_owned(),
        1 => format!("the droplet {}", ids[0]),
        _ => format!("the droplets {}", ids.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::Weight;

    #[test]
    fn which_droplets_give_a_split() {
        let pools = Pools { blue: vec![9, 2, 5], green: vec![4, 1, 3] };
        for (percent, droplets) in [(0, &[2, 5, 9][..]), (25, &[2, 4, 5, 9]), (40, &[1, 2, 4, 5, 9]), (100, &[1, 3, 4])]
        {
            let split = Split { to: Slot::Green, weight: Weight::new(percent).unwrap() };
            let chosen: Vec<u64> = pools.for_split(split).unwrap().into_iter().collect();
            assert_eq!(chosen, droplets, "{percent} %");
        }
        let tenth = Split { to: Slot::Green, weight: Weight::new(10).unwrap() };
        assert_eq!(
            pools.for_split(tenth).unwrap_err().to_string(),
            "with 3 droplets of blue and 3 of green, 0, 25, 33, 40, 50, 60, 67, 75 or 100 % of the traffic can go to a slot, \
             and not green 10 %, blue 90 %"
        );
    }

    #[test]
    fn what_cannot_be_pools() {
        let check = |blue: &[u64], green: &[u64]| {
            Pools { blue: blue.to_vec(), green: green.to_vec() }.checked().err().map(|error| error.to_string())
        };
        assert_eq!(check(&[1, 2], &[3]), None);
        assert!(check(&[1, 2], &[2]).unwrap().starts_with("the droplet 2 is of both slots"));
        assert!(check(&[1, 2, 3, 4, 5, 6], &[11, 12, 13, 14, 15]).unwrap().contains("have 11 droplets together"));
    }
}
