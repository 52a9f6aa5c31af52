//! A stand-in for DigitalOcean's API, with a balancer and droplets that are backends on loopback.

use crate::rig::{APPLICATION, HOST, Rig};
use crate::support::client::Client;
use crate::support::digitalocean::{Fault, Wrong};
use crate::support::fleet::{BALANCER, Fleet, pace};
use engine::router::{DigitalOceanRouter, Router};
use rollout::application::StickyBy;
use rollout::clock::Millis;
use rollout::router::Members;
use rollout::slot::Split;
use serde_json::json;
use std::time::Duration;

/// Droplets of each slot.
const EACH: u64 = 2;

pub struct Balancer {
    fleet: Fleet,
}

impl Rig for Balancer {
    const SAYS_DEAD: &'static str = "could not be reached: ";
    const DAMAGES: &'static [&'static str] = &["a droplet added", "a droplet removed", "rules changed", "state lost"];

    async fn start() -> Balancer {
        Balancer { fleet: Fleet::new(EACH, EACH, &[1, 2]).await }
    }

    fn router(&self, _: StickyBy) -> Box<dyn Router> {
        Box::new(DigitalOceanRouter::with_pace(APPLICATION, &self.fleet.settings, pace()).unwrap())
    }

    /// What clients get is counted in [`Rig::greens`]: the balancer routes no hosts and adds no headers of ours.
    fn port(&self) -> Option<u16> {
        None
    }

    fn log_port(&self) -> u16 {
        0
    }

    async fn kill(&mut self) {
        self.fleet.api.kill();
    }

    async fn run(&mut self) {
        self.fleet.api.run().await;
    }

    async fn set_by_hand(&mut self, split: Split) {
        let each = u32::try_from(EACH).unwrap();
        let members = Members { blue: each, green: each }.for_split(split).unwrap();
        let droplets: Vec<u64> = (1..=u64::from(members.blue)).chain(11..11 + u64::from(members.green)).collect();
        self.fleet.api.edit_balancer(BALANCER, |balancer| balancer["droplet_ids"] = json!(droplets));
    }

    fn refuse(&mut self) {
        for on in ["POST", "DELETE"] {
            self.fleet.api.inject(Fault::new(on, Wrong::Status(422, "droplets are not valid")));
        }
    }

    fn relent(&mut self) {
        self.fleet.api.heal();
    }

    async fn damage(&mut self, what: &str) {
        let edit = |edit: &dyn Fn(&mut serde_json::Value)| self.fleet.api.edit_balancer(BALANCER, |b| edit(b));
        match what {
            "a droplet added" => edit(&|balancer| balancer["droplet_ids"] = json!([1, 2, 11, 12])),
            "a droplet removed" => edit(&|balancer| balancer["droplet_ids"] = json!([1])),
            "rules changed" => edit(&|balancer| balancer["health_check"]["path"] = json!("/healthz")),
            "state lost" => {
                std::fs::remove_file(self.fleet.state.path().join(format!("{APPLICATION}.json"))).unwrap();
            }
            other => panic!("{other}"),
        }
    }

    /// By the clock of the stand-in; what the router says before it has looked is by the real one's.
    fn lasts(&self, takes: Millis) -> Duration {
        Duration::from_millis(takes.0).min(pace().second * 10)
    }

    async fn greens(&self, requests: u32) -> u32 {
        const CLIENTS: u32 = 4;
        let clients = (0..CLIENTS).map(|client| {
            let (mut web, mine) = (Client::new(self.fleet.front.port(), HOST), requests / CLIENTS);
            let mine = mine + u32::from(client < requests % CLIENTS);
            async move {
                let mut greens = 0;
                for _ in 0..mine {
                    let answer = web.get("/", "").await;
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    greens += u32::from(answer.body == "green");
                }
                greens
            }
        });
        futures::future::join_all(clients).await.into_iter().sum()
    }
}
