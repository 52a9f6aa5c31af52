//! Moving traffic: the droplets that are to come are added first, and the others removed once those are well.
//!
//! Nothing but droplets is ever changed, and never so that none is left. What fails before anything was removed is taken
//! back; what was interrupted is gone on with, for each time only the difference is made.

use super::pools::ids;
use super::probe::{Probe, Target, takes};
use super::reading::Reading;
use super::{BalancerError, Inner};
use crate::digitalocean::LoadBalancer;
use rollout::router::MOST_DROPLETS;
use rollout::slot::Split;
use std::collections::BTreeSet;
use std::time::Instant;

type Droplets = BTreeSet<u64>;

/// Hears how far it is.
pub(super) type Tell<'a> = &'a (dyn Fn(String) + Send + Sync);

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

impl Inner {
    /// Brings the balancer to this split. `before` is as it was.
    pub(super) async fn change(&self, before: &Reading, wanted: Split, tell: Tell<'_>) -> Result<(), BalancerError> {
        let droplets = before.pools.for_split(wanted)?;
        let (balancer, foreign) = (&before.balancer, before.foreign());
        let of_one_slot = matches!(wanted.weight.percent(), 0 | 100);
        if !foreign.is_empty() && !of_one_slot {
            return Err(BalancerError::Foreign { id: self.id(), droplets: foreign });
        }
        if balancer.forwarding_rules().is_empty() {
            return Err(BalancerError::NoRules { id: self.id() });
        }
        let ours = before.ours();
        let add: Droplets = droplets.difference(&ours).copied().collect();
        let remove: Droplets = ours.difference(&droplets).copied().collect();
        let probe = self.probe(balancer);
        if !add.is_empty() {
            self.add(before, &add, &probe, tell).await?;
        } else if !remove.is_empty() {
            let stay = self.targets(&probe, before, &droplets).await?;
            probe.any_is_well(&stay).await?;
        }
        if !remove.is_empty() {
            tell(format!("removing {}", ids(&remove)));
            self.moved(Way::Out, &remove).await?;
        }
        let now = self.settled().await?;
        let mut expected = droplets;
        expected.extend(&foreign);
        let has: Droplets = now.droplet_ids.iter().copied().collect();
        match has == expected {
            true if foreign.is_empty() => Ok(()),
            // The slots' own droplets are as they should be; what those others serve is not known.
            true => Err(BalancerError::Foreign { id: self.id(), droplets: foreign }),
            false => Err(BalancerError::Otherwise {
                id: self.id(),
                has: has.into_iter().collect(),
                wanted: expected.into_iter().collect(),
            }),
        }
    }

    /// Nothing that is not well gets traffic, and nothing goes before the balancer itself sends traffic to what has come:
    /// it does so after checks of its own, of which it does not tell.
    async fn add(&self, before: &Reading, add: &Droplets, probe: &Probe, tell: Tell<'_>) -> Result<(), BalancerError> {
        let count = before.present.len() + add.len();
        if count > MOST_DROPLETS as usize {
            return Err(BalancerError::TooMany { count });
        }
        let targets = self.targets(probe, before, add).await?;
        tell(format!("asking {} whether they are well, as the load balancer does", ids(add)));
        probe.until_well(&targets, 0).await?;
        tell(format!("adding {}", ids(add)));
        self.moved(Way::In, add).await?;
        self.settled().await?;
        tell(format!(
            "active; its own checks of {} take {} s, and until then the others stay",
            ids(add),
            takes(&before.balancer.health_check(), self.client.pace().second).as_secs_f64()
        ));
        // Two more than it wants itself: it may have begun an interval later, and looked one answer longer.
        probe.until_well(&targets, 2).await
    }

    /// What failed is taken back as far as can be; what is so now.
    pub(super) async fn take_back(&self, before: &Reading) -> String {
        let unknown = "How traffic is split now is not known".to_owned();
        let Ok(now) = self.read().await else { return unknown };
        if now.present == before.present {
            return match now.split() {
                Ok(split) => format!("Nothing has changed: the traffic is at {split}"),
                Err(_) => "Nothing has changed".to_owned(),
            };
        }
        let missing: Droplets = before.present.difference(&now.present).copied().collect();
        let more: Droplets = now.ours().difference(&before.present).copied().collect();
        let back = async {
            if !missing.is_empty() {
                self.moved(Way::In, &missing).await?;
            }
            if !more.is_empty() && now.present != more {
                self.moved(Way::Out, &more).await?;
            }
            self.settled().await
        };
        let back = back.await;
        let Ok(now) = self.read().await else { return unknown };
        let at = match now.split() {
            Ok(split) => format!("the traffic is at {split}"),
            Err(error) => error.to_string(),
        };
        match back {
            Ok(_) if now.present == before.present => format!("What was done was taken back: {at}"),
            _ => format!("What was done could not be taken back: {at}, and another try goes on from there"),
        }
    }

    /// Adds or removes, and sees that it was done. An answer that got lost is looked for.
    async fn moved(&self, way: Way, droplets: &Droplets) -> Result<(), BalancerError> {
        let mut left: Vec<u64> = droplets.iter().copied().collect();
        for tries in 1.. {
            let told = match way {
                Way::In => self.client.add_droplets(&self.id(), &left).await,
                Way::Out => self.client.remove_droplets(&self.id(), &left).await,
            };
            match told {
                Ok(()) => return Ok(()),
                Err(error) if !error.may_have_taken() || tries >= self.client.pace().tries => return Err(error.into()),
                Err(error) => tracing::info!("{error}"),
            }
            tokio::time::sleep(self.client.pace().look).await;
            let now = self.settled().await?;
            left.retain(|id| match way {
                Way::In => !now.droplet_ids.contains(id),
                Way::Out => now.droplet_ids.contains(id),
            });
            if left.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits until the balancer is at work on nothing.
    pub(super) async fn settled(&self) -> Result<LoadBalancer, BalancerError> {
        let begun = Instant::now();
        loop {
            let balancer = self.client.load_balancer(&self.id()).await?;
            if balancer.is_errored() {
                return Err(BalancerError::Errored { id: self.id() });
            }
            if balancer.is_active() {
                return Ok(balancer);
            }
            let waited = begun.elapsed();
            if waited >= self.client.pace().processing {
                return Err(BalancerError::AtWork { id: self.id(), seconds: waited.as_secs() });
            }
            tokio::time::sleep(self.client.pace().look).await;
        }
    }

    fn probe(&self, balancer: &LoadBalancer) -> Probe {
        Probe::new(balancer.health_check(), balancer.enable_proxy_protocol(), self.client.pace().second)
    }

    async fn targets(
        &self,
        probe: &Probe,
        before: &Reading,
        droplets: &Droplets,
    ) -> Result<Vec<Target>, BalancerError> {
        probe.targets(&self.client, &before.pools, droplets, self.settings.reach).await
    }
}
