//! A private HAProxy in a folder of its own: started, restarted and stopped by the test that made it.

use crate::support::nginx::{free_port, signal, wait_for};
use engine::router::HaproxyRouter;
use rollout::application::StickyBy;
use rollout::router::Haproxy;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub struct PrivateHaproxy {
    folder: TempDir,
    child: Option<Child>,
    /// Where its public frontend listens.
    pub port: u16,
    pub admin_port: u16,
}

impl PrivateHaproxy {
    pub fn start() -> PrivateHaproxy {
        PrivateHaproxy::start_with("mode 600 level admin expose-fd listeners")
    }

    /// With these words about its runtime socket.
    pub fn start_with(socket: &str) -> PrivateHaproxy {
        let folder = tempfile::tempdir().unwrap();
        let mut haproxy = PrivateHaproxy { folder, child: None, port: free_port(), admin_port: free_port() };
        fs::create_dir_all(haproxy.path("crossfade")).unwrap();
        let config = format!(
            "global\n    stats socket {} {socket}\n    hard-stop-after 30s\n    nbthread 2\n",
            haproxy.path("admin.sock").display()
        );
        fs::write(haproxy.path("haproxy.cfg"), config).unwrap();
        haproxy.run();
        haproxy
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn settings(&self) -> Haproxy {
        let path = |name: &str| self.path(name).display().to_string();
        Haproxy {
            socket: path("admin.sock"),
            folder: path("crossfade"),
            binary: "haproxy".into(),
            listen: format!("127.0.0.1:{}", self.port),
            accept_proxy: false,
            admin_port: Some(self.admin_port),
            state: path("state"),
        }
    }

    pub fn router(&self, sticky_by: StickyBy) -> HaproxyRouter {
        HaproxyRouter::new("shop", &self.settings(), &sticky_by, self.admin_port).unwrap()
    }

    /// Our file for the application `shop`.
    pub fn file(&self) -> PathBuf {
        self.path("crossfade/crossfade-shop.cfg")
    }

    /// Where its weight lies on the disk.
    pub fn map(&self) -> PathBuf {
        self.path("state/shop.map")
    }

    pub fn run(&mut self) {
        self.run_with(&["-f", "haproxy.cfg", "-f", "crossfade"]);
    }

    /// With these arguments beside those that every one gets.
    pub fn run_with(&mut self, arguments: &[&str]) {
        let log = fs::File::create(self.path("log")).unwrap();
        let child = Command::new("haproxy")
            .args(["-W".as_ref(), "-S".as_ref(), self.path("master.sock").as_os_str()])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("haproxy is needed for this test");
        self.child = Some(child);
        wait_for("HAProxy", || self.try_say("show info").is_some_and(|said| said.contains("Pid: ")));
    }

    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // A worker serves on for a moment without its master.
        let workers = self.workers_of(child.id());
        child.kill().unwrap();
        for worker in workers {
            let _ = Command::new("kill").args(["-KILL", &worker.to_string()]).stderr(Stdio::null()).status();
            wait_for("the end", || fs::read(format!("/proc/{worker}/cmdline")).unwrap_or_default().is_empty());
        }
        child.wait().unwrap();
    }

    pub fn master(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Those on their way out, too.
    pub fn workers(&self) -> Vec<u32> {
        self.workers_of(self.master())
    }

    fn workers_of(&self, master: u32) -> Vec<u32> {
        let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap_or_default();
        children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }

    /// Who serves now.
    pub fn worker(&self) -> u32 {
        let said = self.say("show info");
        said.lines().find_map(|line| line.strip_prefix("Pid: ")).unwrap().parse().unwrap()
    }

    /// What it says to a command on its runtime socket.
    pub fn say(&self, command: &str) -> String {
        self.try_say(command).expect("HAProxy does not answer")
    }

    fn try_say(&self, command: &str) -> Option<String> {
        let mut stream = UnixStream::connect(self.path("admin.sock")).ok()?;
        stream.write_all(format!("{command}\n").as_bytes()).ok()?;
        stream.shutdown(Shutdown::Write).ok()?;
        let mut said = String::new();
        stream.read_to_string(&mut said).ok()?;
        Some(said)
    }

    /// As `systemctl reload` does it.
    pub fn reload(&self) {
        let before = self.worker();
        signal("USR2", self.master());
        wait_for("the reload", || {
            self.try_say("show info")
                .is_some_and(|said| said.contains("Pid: ") && !said.contains(&format!("Pid: {before}\n")))
        });
    }
}

impl Drop for PrivateHaproxy {
    fn drop(&mut self) {
        self.kill();
    }
}
