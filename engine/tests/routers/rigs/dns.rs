//! A name server of its own, with a zone whose apex is the application's host. No request passes through it: clients take
//! one address after the other, as it answers them.

use crate::rig::{APPLICATION, HOST, Rig};
use crate::support::named::{NameServer, OTHER, Program, SECRET, ZONE};
use engine::router::{DnsRouter, Router};
use rollout::application::{Secret, StickyBy};
use rollout::clock::Millis;
use rollout::router::{Dns, Members, Provider, Update};
use rollout::slot::{Slot, Split};
use std::fs;
use std::process::Command;
use tempfile::TempDir;

const BLUE: [&str; 2] = ["192.0.2.1", "192.0.2.3"];
const GREEN: [&str; 2] = ["192.0.2.2", "192.0.2.4"];

pub struct PrivateNameServer {
    server: NameServer,
    folder: TempDir,
}

impl PrivateNameServer {
    fn key(&self) -> std::path::PathBuf {
        self.folder.path().join("key")
    }

    fn answers(&self) -> Vec<String> {
        let port = self.server.port.to_string();
        let done = Command::new("dig").args(["+short", "@127.0.0.1", "-p", &port, "A", HOST]).output().unwrap();
        String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Rig for PrivateNameServer {
    const SAYS_DEAD: &'static str = "the name server 127.0.0.1:";
    const DAMAGES: &'static [&'static str] = &["another TTL", "an address out", "a stranger's address", "all out"];

    async fn start() -> PrivateNameServer {
        assert_eq!(HOST, ZONE);
        let rig = PrivateNameServer {
            server: NameServer::primary(Program::Bind, "", &[]),
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(rig.key(), SECRET).unwrap();
        rig
    }

    fn router(&self, _sticky_by: StickyBy) -> Box<dyn Router> {
        let addresses = |list: [&str; 2]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let dns = Dns {
            provider: Provider::Update(Update {
                server: self.server.at(),
                key: "crossfade".into(),
                secret: Secret::File(self.key().display().to_string()),
                algorithm: Default::default(),
            }),
            zone: ZONE.into(),
            names: vec![HOST.into()],
            ttl: Millis::seconds(1),
            blue: addresses(BLUE),
            green: addresses(GREEN),
            name_servers: vec![self.server.at()],
            resolvers: vec![],
            state: self.folder.path().display().to_string(),
            fronts: None,
        };
        Box::new(DnsRouter::new(APPLICATION, &dns, 1).unwrap())
    }

    fn port(&self) -> Option<u16> {
        None
    }

    fn log_port(&self) -> u16 {
        1
    }

    async fn kill(&mut self) {
        self.server.kill();
    }

    async fn run(&mut self) {
        self.server.run();
    }

    async fn set_by_hand(&mut self, split: Split) {
        let set = Members { blue: 2, green: 2 }.for_split(split).unwrap();
        let first =
            |slot: Slot, list: [&'static str; 2]| list.into_iter().take(set.of(slot) as usize).collect::<Vec<_>>();
        let addresses = [first(Slot::Blue, BLUE), first(Slot::Green, GREEN)].concat();
        let add = addresses.iter().map(|ip| format!("update add {HOST} 1 A {ip}\n")).collect::<String>();
        self.server.by_hand(&format!("update delete {HOST} A\n{add}"));
    }

    fn refuse(&mut self) {
        fs::write(self.key(), OTHER).unwrap();
    }

    fn relent(&mut self) {
        fs::write(self.key(), SECRET).unwrap();
    }

    async fn damage(&mut self, what: &str) {
        self.server.by_hand(&match what {
            "another TTL" => self
                .answers()
                .iter()
                .fold(format!("update delete {HOST} A\n"), |lines, ip| format!("{lines}update add {HOST} 7 A {ip}\n")),
            "an address out" => format!("update delete {HOST} A {}", BLUE[0]),
            "a stranger's address" => format!("update add {HOST} 1 A 192.0.2.9"),
            "all out" => format!("update delete {HOST} A"),
            other => panic!("{other}"),
        });
    }

    async fn clear_away(&mut self, what: &str) {
        if what == "a stranger's address" {
            self.server.by_hand(&format!("update delete {HOST} A 192.0.2.9"));
        }
    }

    async fn greens(&self, requests: u32) -> u32 {
        let answers = self.answers();
        let takes = (0..requests as usize).map(|request| answers[request % answers.len()].as_str());
        takes.filter(|ip| GREEN.contains(ip)).count() as u32
    }
}
