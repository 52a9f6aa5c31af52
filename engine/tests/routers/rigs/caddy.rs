//! Caddy, whose weight lies on the disk, as nginx's does. Its own configuration has a server with a route for everything.

use crate::rig::{APPLICATION, Rig};
use crate::rigs::programs::{Program, listens};
use crate::support::nginx::free_port;
use engine::router::{CaddyRouter, Router};
use rollout::application::StickyBy;
use rollout::router::Caddy;
use rollout::slot::{Slot, Split};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use tempfile::TempDir;

pub struct PrivateCaddy {
    folder: TempDir,
    port: u16,
    admin: u16,
    probe: u16,
    program: Option<Program>,
}

impl PrivateCaddy {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn dial(&self) -> PathBuf {
        self.path("dial").join(APPLICATION)
    }

    fn link(&self) -> PathBuf {
        self.dial().join("current")
    }

    /// What it starts with when nothing was saved.
    fn first(&self) -> Value {
        let own = json!([{"handle": [{"handler": "static_response", "status_code": 404}]}]);
        let (listen, off) = (json!([format!("127.0.0.1:{}", self.port)]), json!({"disable": true}));
        let server = json!({"listen": listen, "automatic_https": off, "routes": own});
        json!({
            "admin": {"listen": format!("127.0.0.1:{}", self.admin)},
            "apps": {"http": {"servers": {"srv0": server}}},
        })
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) {
        let url = format!("http://127.0.0.1:{}{path}", self.admin);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer = reqwest::Client::new().request(method, url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    }

    /// Where the folders of other weights would be.
    fn obstacles(&self) -> impl Iterator<Item = PathBuf> {
        let dial = self.dial();
        (0..=100).map(move |weight| dial.join(format!("to-green-{weight}"))).filter(|path| !path.is_dir())
    }
}

impl Rig for PrivateCaddy {
    const SAYS_DEAD: &'static str = "Caddy does not answer";
    const DAMAGES: &'static [&'static str] =
        &["dial lost", "dial elsewhere", "session lost", "route lost", "route changed", "another configuration"];

    async fn start() -> PrivateCaddy {
        let folder = tempfile::tempdir().unwrap();
        let [port, admin, probe] = [(); 3].map(|()| free_port());
        let mut caddy = PrivateCaddy { folder, port, admin, probe, program: None };
        fs::write(caddy.path("first.json"), caddy.first().to_string()).unwrap();
        caddy.run().await;
        caddy
    }

    fn router(&self, sticky_by: StickyBy) -> Box<dyn Router> {
        let caddy = Caddy {
            admin: format!("127.0.0.1:{}", self.admin),
            server: "srv0".into(),
            dial: self.path("dial").display().to_string(),
        };
        Box::new(CaddyRouter::new(APPLICATION, &caddy, &sticky_by, self.probe).unwrap())
    }

    fn sticks_by(sticky_by: &StickyBy) -> bool {
        matches!(sticky_by, StickyBy::Cookie | StickyBy::None)
    }

    fn port(&self) -> Option<u16> {
        Some(self.port)
    }

    fn log_port(&self) -> u16 {
        self.probe
    }

    async fn kill(&mut self) {
        self.program = None;
    }

    async fn run(&mut self) {
        let first = self.path("first.json").display().to_string();
        let program = Program::start("caddy", self.folder.path(), &["run", "--resume", "--config", &first]);
        program.comes_up(|| listens(self.admin) && listens(self.port)).await;
        self.program = Some(program);
    }

    async fn set_by_hand(&mut self, split: Split) {
        let name = format!("to-{}-{}", split.to, split.weight.percent());
        let folder = self.dial().join(&name);
        fs::create_dir_all(&folder).unwrap();
        for session in (0..100).filter(|session| split.slot_of(*session) == Slot::Green) {
            fs::write(folder.join(session.to_string()), "").unwrap();
        }
        fs::remove_file(self.link()).unwrap();
        symlink(name, self.link()).unwrap();
    }

    fn refuse(&mut self) {
        self.obstacles().for_each(|path| fs::write(path, "in the way").unwrap());
    }

    fn relent(&mut self) {
        self.obstacles().for_each(|path| fs::remove_file(path).unwrap());
    }

    async fn damage(&mut self, what: &str) {
        match what {
            "dial lost" => fs::remove_file(self.link()).unwrap(),
            "dial elsewhere" => {
                fs::remove_file(self.link()).unwrap();
                symlink("somewhere", self.link()).unwrap();
            }
            "session lost" => fs::remove_file(self.link().join("0")).unwrap(),
            "route lost" => self.ask("DELETE", "/id/crossfade_shop", &Value::Null).await,
            "route changed" => self.ask("PATCH", "/id/crossfade_shop/match/0/host", &json!(["other.test"])).await,
            // As `caddy reload` does, and a start without `--resume`.
            "another configuration" => self.ask("POST", "/load", &self.first()).await,
            other => panic!("{other}"),
        }
    }
}
