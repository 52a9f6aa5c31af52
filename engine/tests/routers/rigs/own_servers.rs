//! nginx with servers of the user's own, which include what is ours.

use crate::rig::Rig;
use crate::support::nginx::{PrivateNginx, signal, wait_for};
use engine::router::{NginxRouter, Router};
use rollout::application::StickyBy;
use rollout::router::Servers;
use rollout::slot::Split;
use std::fs;
use std::path::PathBuf;

pub struct OwnServers(PrivateNginx);

impl Rig for OwnServers {
    const SAYS_DEAD: &'static str = PrivateNginx::SAYS_DEAD;
    const DAMAGES: &'static [&'static str] = &[
        "file edited",
        "file lost",
        "part edited",
        "part lost",
        "line taken out",
        "dial lost",
        "dial elsewhere",
        "session lost",
        "reloaded without it",
    ];

    async fn start() -> OwnServers {
        let own = OwnServers(<PrivateNginx as Rig>::start().await);
        own.write("include");
        signal("HUP", own.0.master());
        wait_for("their servers", || std::net::TcpStream::connect(("127.0.0.1", own.0.port)).is_ok());
        own
    }

    fn router(&self, sticky_by: StickyBy) -> Box<dyn Router> {
        let mut settings = self.0.settings();
        settings.servers = Servers::Include;
        Box::new(NginxRouter::new("shop", &settings, &sticky_by, self.0.admin_port).unwrap())
    }

    fn port(&self) -> Option<u16> {
        Some(self.0.port)
    }

    fn log_port(&self) -> u16 {
        self.0.admin_port
    }

    async fn kill(&mut self) {
        self.0.kill().await;
    }

    async fn run(&mut self) {
        self.0.run();
    }

    async fn set_by_hand(&mut self, split: Split) {
        self.0.set_by_hand(split).await;
    }

    fn refuse(&mut self) {
        self.0.refuse();
    }

    fn relent(&mut self) {
        self.0.relent();
    }

    async fn damage(&mut self, what: &str) {
        match what {
            "part edited" => {
                let ours = fs::read_to_string(self.part()).unwrap();
                fs::write(self.part(), ours.replace("X-Real-IP", "X-Unreal-IP")).unwrap();
            }
            "part lost" => fs::remove_file(self.part()).unwrap(),
            "line taken out" => self.write("#"),
            // Without the other part, nginx would not load this one.
            "reloaded without it" => {
                fs::remove_file(self.part()).unwrap();
                self.0.damage(what).await;
            }
            _ => self.0.damage(what).await,
        }
    }

    async fn clear_away(&mut self, what: &str) {
        match what {
            "part edited" => fs::remove_file(self.part()).unwrap(),
            "line taken out" => self.write("include"),
            _ => self.0.clear_away(what).await,
        }
    }
}

impl OwnServers {
    fn part(&self) -> PathBuf {
        self.0.path("conf.d/crossfade-shop.web.server")
    }

    /// By a pattern, so that nginx starts before the parts are there as well.
    fn write(&self, include: &str) {
        let server = |service: &str, names: &str| {
            format!(
                "server {{\n  listen 127.0.0.1:{};\n  server_name {names};\n  {include} {};\n}}\n",
                self.0.port,
                self.0.path(&format!("conf.d/*crossfade-shop.{service}.server")).display()
            )
        };
        let servers = [server("web", "shop.test www.shop.test"), server("api", "api.test *.api.test")].concat();
        fs::write(self.0.path("conf.d/theirs.conf"), servers).unwrap();
    }
}
