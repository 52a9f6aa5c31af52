//! What the contract needs of a router beside the router itself: a real one of its own, and a hand that meddles with it.

use crate::support::backend::backends;
use crate::support::client::Client;
use engine::router::{Route, Router, same_shares, same_split};
use rollout::application::StickyBy;
use rollout::clock::Millis;
use rollout::router::{Capabilities, Possible};
use rollout::slot::{Slot, Split, Weight};
use std::time::Duration;

pub const HOST: &str = "shop.test";
pub const APPLICATION: &str = "shop";

/// A real router, private to one test, on loopback. It ends with the test.
pub trait Rig: Sized {
    /// What an error says of a router that does not run.
    const SAYS_DEAD: &'static str;
    /// What somebody can do to what it keeps, by names that [`Rig::damage`] knows. Each is noticed.
    const DAMAGES: &'static [&'static str];
    /// It says in a header of each answer which slot gave it.
    const SAYS_SLOT: bool = true;
    /// Any value of its cookie is a session. Otherwise an unknown one is replaced by a new one.
    const TAKES_ANY_COOKIE: bool = true;

    /// Starts one that does not know the application.
    async fn start() -> Self;
    /// What tells it, for the application `shop`.
    fn router(&self, sticky_by: StickyBy) -> Box<dyn Router>;
    /// What it can tell a session by.
    fn sticks_by(_sticky_by: &StickyBy) -> bool {
        true
    }
    /// Where clients reach it. `None` when no requests pass through it.
    fn port(&self) -> Option<u16>;
    /// The UDP port that its log goes to.
    fn log_port(&self) -> u16;
    /// Ends it without asking it.
    async fn kill(&mut self);
    /// Starts it again as it was.
    async fn run(&mut self);
    /// As somebody would move the weight who knows nothing of Crossfade.
    async fn set_by_hand(&mut self, split: Split);
    /// From now on it takes no other weight, until it relents.
    fn refuse(&mut self);
    fn relent(&mut self);
    async fn damage(&mut self, what: &str);
    /// What the drift asks a person to do before the application is added again.
    async fn clear_away(&mut self, _what: &str) {}
    /// How long this takes here, where time may pass faster.
    fn lasts(&self, takes: Millis) -> Duration {
        Duration::from_millis(takes.0)
    }
    /// How many of so many requests by new clients get green.
    async fn greens(&self, requests: u32) -> u32 {
        let mut client = Client::new(self.port().expect("a router without requests counts in its own way"), HOST);
        let mut greens = 0;
        for _ in 0..requests {
            greens += u32::from(client.get("/", "").await.slot() == "green");
        }
        greens
    }
}

/// A router, and the routes of one service in both slots.
pub struct Stage<R> {
    pub rig: R,
    pub router: Box<dyn Router>,
    pub routes: Vec<Route>,
    pub can: Capabilities,
}

impl<R: Rig> Stage<R> {
    pub async fn new(sticky_by: StickyBy) -> Stage<R> {
        let rig = R::start().await;
        let router = rig.router(sticky_by);
        let can = router.capabilities();
        Stage { rig, router, routes: routes().await, can }
    }

    pub async fn adopted(sticky_by: StickyBy, split: Split) -> Stage<R> {
        let stage = Stage::new(sticky_by).await;
        stage.router.adopt(&stage.routes, split).await.unwrap();
        stage.set(split).await;
        stage
    }

    /// Sets the split, and waits until it holds for every client.
    pub async fn set(&self, split: Split) {
        self.router.set(split).await.unwrap();
        // Asked anew: some know it once they were told something.
        tokio::time::sleep(self.rig.lasts(self.router.capabilities().takes)).await;
    }

    /// Without sessions, shares are all that can be compared.
    pub fn same(&self, a: Split, b: Split) -> bool {
        if self.can.sessions { same_split(a, b) } else { same_shares(a, b) }
    }

    /// Green's share, as near to this as the router can.
    pub fn green(&self, percent: u8) -> Split {
        self.split(Slot::Green, percent)
    }

    pub fn split(&self, to: Slot, percent: u8) -> Split {
        let near = |weight: &Weight| weight.percent().abs_diff(percent);
        let weight = self.weights().into_iter().min_by_key(near).unwrap();
        Split { to, weight }
    }

    /// In rising order.
    pub fn weights(&self) -> Vec<Weight> {
        match &self.can.weights {
            Possible::Every => (0..=100).filter_map(Weight::new).collect(),
            Possible::Only(weights) => weights.clone(),
        }
    }

    pub fn client(&self) -> Option<Client> {
        self.rig.port().map(|port| Client::new(port, HOST))
    }

    /// By the router's own word, and as its clients see it.
    pub async fn is_at(&self, split: Split) {
        let now = self.router.current().await.unwrap();
        assert!(self.same(now, split), "{now}, expected {split}");
        if matches!(split.weight.percent(), 0 | 100) {
            let all = split.share(Slot::Green) == Weight::ALL;
            assert_eq!(self.rig.greens(20).await, if all { 20 } else { 0 }, "{split}");
        }
    }

    pub async fn drifts(&self, expected: Split) -> String {
        let drifts = self.router.drift(&self.routes, expected).await.unwrap();
        drifts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// As adding the application again does it.
    pub async fn add_again(&self, split: Split) {
        let _ = self.router.set(split).await;
        self.router.adopt(&self.routes, split).await.unwrap();
        self.set(split).await;
    }
}

pub async fn routes() -> Vec<Route> {
    let (blue, green) = backends().await;
    vec![route("web", HOST, blue, green)]
}

pub fn route(service: &str, host: &str, blue: std::net::SocketAddr, green: std::net::SocketAddr) -> Route {
    Route { service: service.into(), hosts: vec![host.into()], blue, green }
}
