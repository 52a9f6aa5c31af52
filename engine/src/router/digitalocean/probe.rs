//! Is a droplet well? Asked as the load balancer itself asks, because its object does not tell.

use super::BalancerError;
use super::pools::Pools;
use crate::digitalocean::{Client, Droplet, HealthCheck};
use rollout::router::Reach;
use rollout::slot::Slot;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Looks that may fail before it is given up.
const PATIENCE: u64 = 6;

pub(super) struct Probe {
    http: reqwest::Client,
    check: HealthCheck,
    /// A connection is all that can be tried: what is said over it begins with a header that only proxies send.
    connect_only: bool,
    interval: Duration,
}

/// A droplet that is asked.
pub(super) struct Target {
    pub slot: Slot,
    pub droplet: u64,
    address: SocketAddr,
}

impl Probe {
    /// `second`: how long a second of the balancer's check lasts.
    pub fn new(check: HealthCheck, proxy_protocol: bool, second: Duration) -> Probe {
        let connect_only = proxy_protocol || check.protocol == "tcp";
        let interval = interval(&check, second);
        // Droplets have no certificate for their address, and the balancer does not ask for one.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_danger_accept_invalid_certs(true)
            .pool_max_idle_per_host(0)
            .build()
            .unwrap_or_default();
        Probe { http, check, connect_only, interval }
    }

    fn passes(&self) -> u32 {
        passes(&self.check)
    }

    /// Where these droplets are asked.
    pub async fn targets(
        &self,
        client: &Client,
        pools: &Pools,
        droplets: &BTreeSet<u64>,
        reach: Reach,
    ) -> Result<Vec<Target>, BalancerError> {
        let mut targets = vec![];
        for id in droplets {
            let Some(slot) = pools.slot_of(*id) else { continue };
            let droplet = client.droplet(*id).await?;
            if !droplet.is_active() {
                return Err(BalancerError::NotActive { slot, droplet: *id, status: droplet.status });
            }
            let address = SocketAddr::new(address(&droplet, slot, reach)?, self.check.port);
            targets.push(Target { slot, droplet: *id, address });
        }
        Ok(targets)
    }

    /// Waits until every one of these has passed as often in a row as the balancer wants, and once `more`.
    pub async fn until_well(&self, targets: &[Target], more: u32) -> Result<(), BalancerError> {
        let wanted = self.passes() + more;
        futures::future::try_join_all(targets.iter().map(|target| self.well(target, wanted))).await.map(drop)
    }

    async fn well(&self, target: &Target, wanted: u32) -> Result<(), BalancerError> {
        let (mut in_a_row, mut failed) = (0, 0);
        loop {
            match self.ask(target).await {
                Ok(()) => in_a_row += 1,
                Err(why) if failed >= PATIENCE => return Err(self.unwell(target, why)),
                Err(_) => (in_a_row, failed) = (0, failed + 1),
            }
            if in_a_row >= wanted {
                return Ok(());
            }
            tokio::time::sleep(self.interval).await;
        }
    }

    /// Whether at least one of these is well right now.
    pub async fn any_is_well(&self, targets: &[Target]) -> Result<(), BalancerError> {
        let asked =
            targets.iter().map(|target| async move { self.ask(target).await.map_err(|why| self.unwell(target, why)) });
        let mut first = Ok(());
        for answer in futures::future::join_all(asked).await {
            match answer {
                Ok(()) => return Ok(()),
                Err(error) if first.is_ok() => first = Err(error),
                Err(_) => {}
            }
        }
        first
    }

    async fn ask(&self, target: &Target) -> Result<(), String> {
        let timeout = Duration::from_secs(self.check.response_timeout_seconds.max(1));
        if self.connect_only {
            return match tokio::time::timeout(timeout, tokio::net::TcpStream::connect(target.address)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(format!("fails: {error}")),
                Err(_) => Err(format!("gives no answer within {} s", timeout.as_secs())),
            };
        }
        let answer = self.http.get(self.asked(target)).timeout(timeout).send().await.map_err(|error| {
            match error.is_timeout() {
                true => format!("gives no answer within {} s", timeout.as_secs()),
                false => format!("fails: {}", deepest(&error)),
            }
        })?;
        // What the balancer takes for well. Source: DigitalOcean's documentation of health checks.
        match answer.status().as_u16() {
            200..=399 => Ok(()),
            status => Err(format!("answers {status}, and 200 to 399 are wanted")),
        }
    }

    fn asked(&self, target: &Target) -> String {
        match self.connect_only {
            true => format!("a connection to {}", target.address),
            false => format!("{}://{}{}", self.check.protocol, target.address, self.check.path),
        }
    }

    fn unwell(&self, target: &Target, why: String) -> BalancerError {
        BalancerError::Unwell { slot: target.slot, droplet: target.droplet, asked: self.asked(target), why }
    }
}

/// How long a balancer checks a droplet before it sends traffic there.
pub(super) fn takes(check: &HealthCheck, second: Duration) -> Duration {
    interval(check, second).saturating_mul(passes(check))
}

fn interval(check: &HealthCheck, second: Duration) -> Duration {
    second.saturating_mul(u32::try_from(check.check_interval_seconds).unwrap_or(10))
}

fn passes(check: &HealthCheck) -> u32 {
    u32::try_from(check.healthy_threshold).unwrap_or(3).max(1)
}

fn address(droplet: &Droplet, slot: Slot, reach: Reach) -> Result<IpAddr, BalancerError> {
    let (address, reach, other) = match reach {
        Reach::Private => (droplet.private(), "private", "public"),
        Reach::Public => (droplet.public(), "public", "private"),
    };
    address.ok_or(BalancerError::NoAddress { slot, droplet: droplet.id, reach, other })
}

/// "connection refused" rather than "error sending request".
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
