//! nginx, whose weight lies on the disk.

use crate::rig::Rig;
use crate::support::nginx::{PrivateNginx, signal, wait_for};
use engine::router::Router;
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

impl Rig for PrivateNginx {
    const SAYS_DEAD: &'static str = "nginx does not answer";
    const DAMAGES: &'static [&'static str] =
        &["file edited", "file lost", "dial lost", "dial elsewhere", "session lost", "reloaded without it"];

    async fn start() -> PrivateNginx {
        PrivateNginx::start()
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
        // The workers would serve on without their master.
        let workers = self.workers();
        signal("KILL", self.master());
        workers.into_iter().for_each(|worker| signal("KILL", worker));
        self.reap();
    }

    async fn run(&mut self) {
        self.run();
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
            "file edited" => {
                let ours = fs::read_to_string(self.file()).unwrap();
                fs::write(self.file(), ours.replace("keepalive 32", "keepalive 64")).unwrap();
            }
            "file lost" => fs::remove_file(self.file()).unwrap(),
            "dial lost" => fs::remove_file(self.link()).unwrap(),
            "dial elsewhere" => {
                fs::remove_file(self.link()).unwrap();
                symlink("somewhere", self.link()).unwrap();
            }
            "session lost" => fs::remove_file(self.link().join("0")).unwrap(),
            "reloaded without it" => {
                fs::remove_file(self.file()).unwrap();
                signal("HUP", self.master());
                let admin = ("127.0.0.1", self.admin_port);
                wait_for("the reload", || std::net::TcpStream::connect(admin).is_err());
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

impl PrivateNginx {
    fn link(&self) -> PathBuf {
        self.dial().join("current")
    }

    /// Where the folders of other weights would be.
    fn obstacles(&self) -> impl Iterator<Item = PathBuf> {
        let dial = self.dial();
        (0..=100).map(move |weight| dial.join(format!("to-green-{weight}"))).filter(|path| !path.is_dir())
    }
}
