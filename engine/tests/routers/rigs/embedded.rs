//! Crossfade's own proxy in a process of its own: this test program, started again to be nothing else.

use crate::rig::{APPLICATION, Rig};
use crate::support::nginx::free_port;
use engine::router::{EmbeddedRouter, Router};
use proxy::caller::Caller;
use proxy::wire::{Ask, State};
use proxy::{Limits, Settings};
use rollout::application::StickyBy;
use rollout::router::Embedded;
use rollout::slot::Split;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const FOLDER: &str = "CROSSFADE_TEST_PROXY";
const PORT: &str = "CROSSFADE_TEST_PROXY_PORT";

pub struct PrivateProxy {
    folder: TempDir,
    port: u16,
    log_port: u16,
    child: Option<Child>,
}

impl PrivateProxy {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn ask(&self, ask: Ask) -> State {
        let caller = Caller::new(&control(self.folder.path()));
        caller.within(Duration::from_secs(10), Duration::from_secs(10)).state(&ask).await.unwrap()
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// In the way of the file in which it keeps the weights.
    fn obstacle(&self) -> PathBuf {
        self.path("state/.weights.json.new")
    }
}

impl Rig for PrivateProxy {
    const SAYS_DEAD: &'static str = "no proxy answers";
    const DAMAGES: &'static [&'static str] = &["served otherwise", "taken out", "state lost", "weights lost"];

    async fn start() -> PrivateProxy {
        let folder = tempfile::tempdir().unwrap();
        let mut proxy = PrivateProxy { folder, port: free_port(), log_port: free_port(), child: None };
        proxy.run().await;
        proxy
    }

    fn router(&self, sticky_by: StickyBy) -> Box<dyn Router> {
        let embedded = Embedded { control: control(self.folder.path()).display().to_string() };
        Box::new(EmbeddedRouter::new(APPLICATION, &embedded, &sticky_by, self.log_port))
    }

    fn port(&self) -> Option<u16> {
        Some(self.port)
    }

    fn log_port(&self) -> u16 {
        self.log_port
    }

    async fn kill(&mut self) {
        self.end();
    }

    async fn run(&mut self) {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_proxy_itself", "--nocapture"])
            .env(FOLDER, self.folder.path())
            .env(PORT, self.port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        self.ask(Ask::State { application: None }).await;
    }

    async fn set_by_hand(&mut self, split: Split) {
        self.ask(Ask::Set { application: APPLICATION.into(), split }).await;
    }

    fn refuse(&mut self) {
        fs::create_dir(self.obstacle()).unwrap();
    }

    fn relent(&mut self) {
        fs::remove_dir(self.obstacle()).unwrap();
    }

    async fn damage(&mut self, what: &str) {
        match what {
            "served otherwise" => {
                let mut served = self.ask(Ask::State { application: None }).await.applications.remove(0);
                served.application.services[0].hosts.push("more.test".into());
                self.ask(Ask::Adopt { application: served.application, split: served.split }).await;
            }
            "taken out" => drop(self.ask(Ask::Forget { application: APPLICATION.into() }).await),
            "state lost" => {
                self.end();
                fs::remove_dir_all(self.path("state")).unwrap();
                self.run().await;
            }
            "weights lost" => {
                self.end();
                fs::remove_file(self.path("state/weights.json")).unwrap();
                self.run().await;
            }
            other => panic!("{other}"),
        }
    }
}

impl Drop for PrivateProxy {
    fn drop(&mut self) {
        self.end();
    }
}

fn control(folder: &Path) -> PathBuf {
    folder.join("control")
}

/// In the process that was started: serves until it is ended.
pub fn be() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let port: u16 = std::env::var(PORT).unwrap().parse().unwrap();
    let settings = Settings {
        listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))],
        listen_tls: vec![],
        certificates: vec![],
        control: control(&folder),
        state: folder.join("state"),
        limits: Limits::default(),
    };
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Err(error) = threads.block_on(proxy::run(settings)) {
        eprintln!("the proxy: {error}");
        std::process::exit(1);
    }
    std::process::exit(0);
}
