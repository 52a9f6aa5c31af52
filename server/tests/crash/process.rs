//! A `crossfade serve` that can be killed, or be told to die by itself.

use crate::support::docker::demo_env;
use std::fs::{File, OpenOptions};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where a server's things are.
#[derive(Clone, Debug)]
pub struct Place {
    pub data: PathBuf,
    pub site: PathBuf,
    pub log: PathBuf,
    pub port: u16,
}

impl Place {
    /// With a site that holds no scripts: pages and forms work without.
    pub fn new(folder: &Path, port: u16) -> Place {
        let site = folder.join("site");
        std::fs::create_dir_all(site.join("pkg")).unwrap();
        std::fs::write(site.join("hash.txt"), "js: x\nwasm: x\ncss: x\n").unwrap();
        Place { data: folder.join("crossfade.db"), site, log: folder.join("crossfade.log"), port }
    }

    /// The program on this place's data, with the demo's variables.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crossfade"));
        command.arg("--data").arg(&self.data).args(arguments).envs(demo_env()).env("RUST_LOG", "info");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.open_log());
        command
    }

    fn open_log(&self) -> File {
        OpenOptions::new().create(true).append(true).open(&self.log).unwrap()
    }

    /// Serves; `crash_after` so many writes to the journal it dies, as by kill -9. Returns when it answers or is dead.
    pub async fn serve(&self, crash_after: Option<u32>) -> Process {
        let mut command = self.command(&["serve"]);
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]).arg("--site").arg(&self.site);
        if let Some(writes) = crash_after {
            command.env("CROSSFADE_CRASH_AFTER_WRITES", writes.to_string());
        }
        let mut process = Process { child: command.spawn().unwrap(), log: self.log.clone() };
        let begun = Instant::now();
        while !process.is_dead() && TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "crossfade does not answer; see {}", self.log.display());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        process
    }
}

pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    pub fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// By SIGKILL: it gets to do nothing more.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("the last lines of crossfade:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}
