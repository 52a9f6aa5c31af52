//! A stand-in for DigitalOcean's API v2: an HTTP server on loopback that answers what Crossfade asks as the published
//! OpenAPI document and the API's reference say, errors included, and forwards real requests to real backends.
//!
//! It imitates what is documented, not what was seen: nothing here was compared with the real API. What it has:
//! tokens and scopes; lists in pages, with `links` and `meta`; `PUT` as a replacement in which what is not given is
//! reset; droplets added and removed by id (204, 422 on a balancer with a tag, at most ten); the time of `new` after a
//! change, in which further changes get the 403 of a balancer at work; rate limits and their headers; records of
//! domains. Asked to, it fails: any status, a connection that is cut, an answer that is cut or never comes.
//!
//! What it has not: certificates, firewalls, projects, regions other than one, IPv6, sticky sessions (they can be set,
//! and then do nothing), a delay until a removed droplet is left alone, and every call that Crossfade does not make.
//!
//! | file | what |
//! |---|---|
//! | `world` | what there is: droplets, balancers, domains |
//! | `server` | who may ask, what was asked, what goes wrong |
//! | `faults` | what can be made to go wrong |
//! | `balancers`, `droplets`, `domains` | the calls |
//! | `pages` | lists in pages |
//! | `traffic` | a balancer's front: round robin over the droplets that are healthy by its own check |

#![allow(dead_code)]

mod balancers;
mod domains;
mod droplets;
mod faults;
mod pages;
mod server;
mod traffic;
mod world;

pub use faults::{Fault, Wrong};
pub use world::Record;

use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use world::World;

/// The token that it takes.
pub const TOKEN: &str = "dop_v1_0123456789abcdef";

/// It ends with the test's runtime.
#[derive(Clone)]
pub struct StandIn {
    world: Arc<Mutex<World>>,
    address: SocketAddr,
    server: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl StandIn {
    /// Starts one on a free port.
    pub async fn start() -> StandIn {
        let world = Arc::new(Mutex::new(World::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = server::start(world.clone(), listener);
        StandIn { world, address, server: Arc::new(Mutex::new(Some(server))) }
    }

    /// From now on it refuses connections, and answers on none that is there.
    pub fn kill(&self) {
        self.world().dead = true;
        if let Some(server) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            server.abort();
        }
    }

    /// It is there again as it was, at the same address: as soon as the one before has let go of that.
    pub async fn run(&self) {
        let begun = Instant::now();
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(10), "{}: {error}", self.address),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        self.world().dead = false;
        let server = server::start(self.world.clone(), listener);
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }

    /// `http://127.0.0.1:4711`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a droplet, which is on and has this private address.
    pub fn add_droplet(&self, id: u64, tags: &[&str], private: IpAddr) {
        self.world().droplets.insert(id, world::Droplet::new(id, tags, private));
    }

    /// It is destroyed: also out of every balancer.
    pub fn destroy_droplet(&self, id: u64) {
        let mut world = self.world();
        world.droplets.remove(&id);
        for balancer in world.balancers.values_mut() {
            balancer.remove(&[id]);
        }
    }

    /// `off`, `active` ..
    pub fn set_droplet_status(&self, id: u64, status: &str) {
        self.world().droplets.get_mut(&id).expect("a droplet").status = status.to_owned();
    }

    /// There is a load balancer with these droplets, which forwards to `target_port`, and its front is served. Checks:
    /// `GET /health` on the same port, every second, twice; a second lasts as long as `second`.
    pub async fn add_balancer(&self, id: &str, droplets: &[u64], target_port: u16, second: Duration) -> SocketAddr {
        self.world().balancers.insert(id.to_owned(), world::Balancer::new(id, droplets, target_port));
        traffic::serve(self.world.clone(), id.to_owned(), second).await
    }

    pub fn remove_balancer(&self, id: &str) {
        self.world().balancers.remove(id);
    }

    /// What somebody did to it in the control panel.
    pub fn edit_balancer(&self, id: &str, edit: impl FnOnce(&mut Value)) {
        edit(&mut self.world().balancers.get_mut(id).expect("a balancer").object);
    }

    /// How the API shows it.
    pub fn balancer(&self, id: &str) -> Value {
        self.world().balancers.get(id).expect("a balancer").show()
    }

    /// By rising id.
    pub fn droplets_of(&self, id: &str) -> Vec<u64> {
        let mut ids = self.world().balancers.get(id).expect("a balancer").droplets();
        ids.sort_unstable();
        ids
    }

    /// To which droplets it sends traffic, by rising id.
    pub fn healthy(&self, id: &str) -> Vec<u64> {
        let mut ids = self.world().balancers.get(id).expect("a balancer").healthy.clone();
        ids.sort_unstable();
        ids
    }

    /// How long it is `new` after a change.
    pub fn set_busy(&self, busy: Duration) {
        self.world().busy = busy;
    }

    pub fn add_domain(&self, name: &str) {
        self.world().domains.insert(name.to_owned(), vec![]);
    }

    /// What somebody created in the control panel. Gives its id.
    pub fn add_record(&self, domain: &str, kind: &str, name: &str, data: &str, ttl: u32) -> u64 {
        let mut world = self.world();
        let id = world.next_id();
        let record = Record { id, kind: kind.into(), name: name.into(), data: data.into(), ttl };
        world.domains.get_mut(domain).expect("a domain").push(record);
        id
    }

    /// The records of a domain, as they are now.
    pub fn records(&self, domain: &str) -> Vec<Record> {
        self.world().domains.get(domain).expect("a domain").clone()
    }

    /// Goes wrong from now on, as often as it says.
    pub fn inject(&self, fault: Fault) {
        self.world().faults.push(fault);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.world().faults.clear();
    }

    /// The token's scopes; before, it has every one.
    pub fn set_scopes(&self, scopes: &[&str]) {
        self.world().scopes = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
    }

    /// This many requests are let through, and then none for an hour.
    pub fn set_requests_left(&self, left: u32) {
        self.world().requests_left = left;
    }

    /// What was asked so far: `GET /v2/load_balancers/x?page=1`.
    pub fn asked(&self) -> Vec<String> {
        self.world().asked.clone()
    }
}
