//! HAProxy, whose weight is in its memory and on the disk.

use crate::rig::Rig;
use crate::support::haproxy::PrivateHaproxy;
use engine::router::Router;
use rollout::application::StickyBy;
use rollout::slot::Split;
use std::fs;
use std::path::PathBuf;

impl Rig for PrivateHaproxy {
    const SAYS_DEAD: &'static str = "HAProxy does not answer";
    const DAMAGES: &'static [&'static str] = &[
        "file edited",
        "file lost",
        "weight edited on the disk",
        "weight lost on the disk",
        "nonsense on the disk",
        "weight lost in memory",
        "nonsense in memory",
        "reloaded without it",
    ];

    async fn start() -> PrivateHaproxy {
        PrivateHaproxy::start()
    }

    fn router(&self, sticky_by: StickyBy) -> Box<dyn Router> {
        Box::new(self.router(sticky_by))
    }

    fn port(&self) -> Option<u16> {
        Some(self.port)
    }

    fn log_port(&self) -> u16 {
        self.admin_port
    }

    async fn kill(&mut self) {
        self.kill();
    }

    async fn run(&mut self) {
        self.run();
    }

    async fn set_by_hand(&mut self, split: Split) {
        self.tell(&format!("set map {} split {}", self.map().display(), text(split)));
        fs::write(self.map(), format!("split {}\n", text(split))).unwrap();
    }

    fn refuse(&mut self) {
        fs::create_dir(self.obstacle()).unwrap();
    }

    fn relent(&mut self) {
        fs::remove_dir(self.obstacle()).unwrap();
    }

    async fn damage(&mut self, what: &str) {
        let map = self.map();
        match what {
            "file edited" => {
                let ours = fs::read_to_string(self.file()).unwrap();
                fs::write(self.file(), ours.replace("timeout connect 3s", "timeout connect 9s")).unwrap();
            }
            "file lost" => fs::remove_file(self.file()).unwrap(),
            "weight edited on the disk" => fs::write(map, "split green-60\n").unwrap(),
            "weight lost on the disk" => fs::remove_file(map).unwrap(),
            "nonsense on the disk" => fs::write(map, "split half\n").unwrap(),
            "weight lost in memory" => self.tell(&format!("clear map {}", map.display())),
            "nonsense in memory" => self.tell(&format!("set map {} split half", map.display())),
            "reloaded without it" => {
                fs::remove_file(self.file()).unwrap();
                self.reload();
            }
            other => panic!("{other}"),
        }
    }

    async fn clear_away(&mut self, what: &str) {
        if what == "file edited" {
            fs::remove_file(self.file()).unwrap();
        }
    }
}

impl PrivateHaproxy {
    fn tell(&self, command: &str) {
        assert_eq!(self.say(command).trim(), "", "{command}");
    }

    /// In the way of the file in which the weight is kept.
    fn obstacle(&self) -> PathBuf {
        self.path("state/.shop.map.new")
    }
}

fn text(split: Split) -> String {
    format!("{}-{}", split.to, split.weight.percent())
}
