//! The way by hand that Crossfade replaces: the deployment guide's `switch-to-green.sh` and `rollback-to-blue.sh`, as
//! written but for addresses and folders. They write nginx's file with the other slot first (the former one is a
//! backup), and reload. They know no stages: it is all or nothing. Websockets do not pass by the guide's file.

use crate::changes::until_all_goes_to;
use crate::load::{Load, Manner, Tally};
use crate::rig::{HOST, routes};
use crate::support::nginx::PrivateNginx;
use crate::times::Times;
use rollout::slot::Slot;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const CHANGES: usize = 30;

struct ByHand {
    nginx: PrivateNginx,
    blue: SocketAddr,
    green: SocketAddr,
}

impl ByHand {
    async fn start() -> ByHand {
        let route = routes().await.remove(0);
        let by_hand = ByHand { nginx: PrivateNginx::start(), blue: route.blue, green: route.green };
        by_hand.switch_to(Slot::Blue).await;
        by_hand
    }

    async fn switch_to(&self, slot: Slot) {
        let (first, backup) = match slot {
            Slot::Blue => (self.blue, self.green),
            Slot::Green => (self.green, self.blue),
        };
        let text = format!(
            "upstream hopwhistle_web {{\n    least_conn;\n    server {first} max_fails=3 fail_timeout=30s;\n    \
             server {backup} backup;\n}}\n\
             server {{\n    listen 127.0.0.1:{};\n    server_name {HOST};\n    location / {{\n        \
             proxy_pass http://hopwhistle_web;\n        proxy_set_header Host $host;\n        \
             proxy_set_header X-Real-IP $remote_addr;\n        \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n        \
             proxy_set_header X-Forwarded-Proto $scheme;\n    }}\n}}\n",
            self.nginx.port
        );
        std::fs::write(self.nginx.path("conf.d/hopwhistle.conf"), text).expect("the file is written");
        for what in [&["-t"][..], &["-s", "reload"]] {
            nginx(self.nginx.folder(), &self.nginx.path("nginx.conf"), what);
        }
        until_all_goes_to(self.nginx.port, slot).await;
    }
}

fn nginx(folder: &Path, config: &Path, what: &[&str]) {
    let ran = Command::new("nginx").arg("-q").arg("-p").arg(folder).arg("-c").arg(config).args(what).output();
    assert!(ran.is_ok_and(|output| output.status.success()), "nginx {what:?} failed");
}

/// A row of the table of changes.
pub async fn reloads() {
    let by_hand = ByHand::start().await;
    let mut times = vec![];
    for change in 0..CHANGES {
        let begun = Instant::now();
        by_hand.switch_to(Slot::BOTH[(change + 1) % 2]).await;
        times.push(begun.elapsed());
    }
    println!(
        "{:<10} {:<52} {}",
        "nginx",
        format!("by hand: the guide's file and reload, {CHANGES} times"),
        Times::of(times)
    );
}

/// To green and back by the guide's scripts, under the load of the table of weights.
pub async fn switch_and_back(requests: u64) {
    println!("\nThe guide's scripts (waits removed; they know no stages): to green and back, under the same load");
    for manner in Manner::BOTH {
        let by_hand = ByHand::start().await;
        let load = Load::without_websockets(by_hand.nginx.port, HOST, manner);
        let begun = Instant::now();
        for slot in [Slot::Green, Slot::Blue] {
            load.under_it(requests).await;
            load.moving();
            by_hand.switch_to(slot).await;
        }
        load.under_it(requests).await;
        let took = begun.elapsed().as_secs_f64();
        let Tally { requests, lost, refused, idle_closes, .. } = load.stop().await;
        println!(
            "{:<18} {requests} requests in {took:.1} s: {lost} lost, {refused} not 200; {idle_closes} connections closed while idle",
            manner.as_str()
        );
    }
}
