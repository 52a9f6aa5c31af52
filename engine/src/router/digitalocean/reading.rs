//! What is in the balancer right now, and what it means for the slots.

use super::BalancerError;
use super::pools::Pools;
use crate::digitalocean::LoadBalancer;
use rollout::slot::Split;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub balancer: LoadBalancer,
    pub pools: Pools,
    pub present: BTreeSet<u64>,
}

impl Reading {
    pub fn new(balancer: LoadBalancer, pools: Pools) -> Reading {
        let present = balancer.droplet_ids.iter().copied().collect();
        Reading { balancer, pools, present }
    }

    /// Those of neither slot.
    pub fn foreign(&self) -> Vec<u64> {
        self.present.iter().copied().filter(|id| self.pools.slot_of(*id).is_none()).collect()
    }

    /// Those of the slots.
    pub fn ours(&self) -> BTreeSet<u64> {
        self.present.iter().copied().filter(|id| self.pools.slot_of(*id).is_some()).collect()
    }

    /// How the traffic is split by them.
    pub fn split(&self) -> Result<Split, BalancerError> {
        let id = || self.balancer.id.clone();
        if let Some(tag) = self.balancer.by_tag() {
            return Err(BalancerError::ByTag { id: id(), tag: tag.to_owned() });
        }
        let foreign = self.foreign();
        if !foreign.is_empty() {
            return Err(BalancerError::Foreign { id: id(), droplets: foreign });
        }
        if self.present.is_empty() {
            return Err(BalancerError::Empty { id: id() });
        }
        let members = self.pools.among(&self.present);
        members.split().ok_or(BalancerError::Between { id: id(), blue: members.blue, green: members.green })
    }

    /// Whether a change from one set of droplets to another may have left it like this: everything that is to come was
    /// added before anything that is to go is removed.
    pub fn is_between(&self, from: &BTreeSet<u64>, to: &BTreeSet<u64>) -> bool {
        let ours = self.ours();
        let within = from.union(to).copied().collect::<BTreeSet<_>>().is_superset(&ours);
        within && (ours.is_superset(from) || ours.is_superset(to))
    }
}
