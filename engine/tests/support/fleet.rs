//! A balancer with droplets of both slots, each with a backend of its own that says its slot.

use crate::support::backend;
use crate::support::digitalocean::{StandIn, TOKEN};
use crate::support::free_port;
use engine::digitalocean::{Client, Pace};
use engine::router::DigitalOceanRouter;
use rollout::application::Secret;
use rollout::router::{DigitalOcean, Pool, Reach};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// The balancer's own checks are far quicker than Crossfade waits for them, as on a machine that is not busy.
const BALANCER_SECOND: Duration = Duration::from_millis(10);

pub const BALANCER: &str = "4de7ac8b-495b-4884-9a69-1050c6793cd6";

pub struct Fleet {
    pub api: StandIn,
    /// Where clients reach the balancer.
    pub front: SocketAddr,
    pub settings: DigitalOcean,
    pub state: TempDir,
    port: u16,
    backends: Mutex<BTreeMap<u64, JoinHandle<()>>>,
}

/// Waits are short, but for those that a busy machine needs.
pub fn pace() -> Pace {
    Pace {
        request: Duration::from_secs(10),
        backoff: Duration::from_millis(5),
        look: Duration::from_millis(10),
        processing: Duration::from_secs(20),
        longest_wait: Duration::from_secs(5),
        second: Duration::from_millis(100),
        ..Pace::default()
    }
}

impl Fleet {
    /// So many droplets of each slot, from 1 for blue and from 11 for green, all with a backend; those named are in the
    /// balancer.
    pub async fn new(blue: u64, green: u64, present: &[u64]) -> Fleet {
        let (api, port) = (StandIn::start().await, free_port());
        let pools = [(1..=blue).collect::<Vec<_>>(), (11..11 + green).collect()];
        let state = tempfile::tempdir().unwrap();
        let front = api.add_balancer(BALANCER, present, port, BALANCER_SECOND).await;
        let settings = DigitalOcean {
            load_balancer: BALANCER.to_owned(),
            token: Secret::Plain(TOKEN.to_owned()),
            blue: Pool::Droplets(pools[0].clone()),
            green: Pool::Droplets(pools[1].clone()),
            reach: Reach::Private,
            api: api.url(),
            state: state.path().display().to_string(),
        };
        let fleet = Fleet { api, front, settings, state, port, backends: Mutex::default() };
        for (ids, slot) in pools.iter().zip(["blue", "green"]) {
            for id in ids {
                fleet.api.add_droplet(*id, &[slot], address(*id));
                fleet.start(*id).await;
            }
        }
        fleet.serves().await;
        fleet
    }

    /// Waits until the balancer sends traffic to all of its droplets that have a backend.
    pub async fn serves(&self) {
        let begun = Instant::now();
        loop {
            let mut wanted = self.droplets();
            wanted.retain(|id| self.backends.lock().unwrap().contains_key(id));
            let healthy = self.api.healthy(BALANCER);
            if healthy == wanted {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{healthy:?} are healthy, and not {wanted:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn router(&self) -> DigitalOceanRouter {
        DigitalOceanRouter::with_pace("shop", &self.settings, pace()).unwrap()
    }

    pub fn client(&self) -> Client {
        Client::new(&self.api.url(), self.settings.token.clone()).unwrap().with_pace(pace())
    }

    /// The backend of a droplet runs.
    pub async fn start(&self, id: u64) {
        let slot = if id < 11 { "blue" } else { "green" };
        let backend = backend::backend_at(SocketAddr::new(address(id), self.port), slot).await;
        self.backends.lock().unwrap().insert(id, backend);
    }

    /// It does not any more: connections are refused.
    pub fn stop(&self, id: u64) {
        self.backends.lock().unwrap().remove(&id).expect("a backend").abort();
    }

    pub fn droplets(&self) -> Vec<u64> {
        self.api.droplets_of(BALANCER)
    }
}

fn address(id: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 10 + u8::try_from(id).unwrap()))
}
