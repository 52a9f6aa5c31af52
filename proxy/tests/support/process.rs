//! The proxy in a process of its own: this test program, started again to be nothing else.

use crate::HOST;
use crate::support::ports::free_port;
use crate::support::service::{Named, services};
use proxy::caller::{CallError, Caller};
use proxy::wire::{Application, Ask, Served, State};
use proxy::{Certificate, Limits, Settings};
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const FOLDER: &str = "CROSSFADE_TEST_PROXY";

/// What the process is started with.
#[derive(Clone, Debug)]
pub struct Told {
    pub folder: PathBuf,
    pub listen: SocketAddr,
    pub listen_tls: Option<SocketAddr>,
    /// Names and values of limits, times in milliseconds.
    pub limits: Vec<(&'static str, u64)>,
}

/// A proxy that is ended with the test.
pub struct Proxy {
    pub told: Told,
    pub caller: Caller,
    children: Vec<Child>,
    _folder: TempDir,
}

pub fn free() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))
}

impl Proxy {
    pub async fn start() -> Proxy {
        Proxy::with(&[], false).await
    }

    pub async fn with(limits: &[(&'static str, u64)], tls: bool) -> Proxy {
        let folder = tempfile::tempdir().unwrap();
        let listen_tls = tls.then(free);
        let told = Told { folder: folder.path().to_owned(), listen: free(), listen_tls, limits: limits.to_vec() };
        let caller = Caller::new(&told.folder.join("control")).within(Duration::from_secs(10), Duration::from_secs(5));
        let mut proxy = Proxy { told, caller, children: vec![], _folder: folder };
        proxy.start_one();
        proxy.state().await;
        proxy
    }

    /// One with the application that most tests need, all of it on blue.
    pub async fn serving(sticky_by: StickyBy) -> (Proxy, Named, Named) {
        let proxy = Proxy::start().await;
        let (blue, green) = services().await;
        proxy.adopt(crate::shop(sticky_by, blue.address, green.address)).await;
        (proxy, blue, green)
    }

    /// Starts another process with the same settings. It takes over from the one before.
    pub fn start_one(&mut self) -> u32 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_proxy_itself", "--nocapture"]).env(FOLDER, &self.told.folder);
        command.env("LISTEN", self.told.listen.to_string());
        if let Some(listen) = self.told.listen_tls {
            command.env("LISTEN_TLS", listen.to_string());
        }
        for (name, value) in &self.told.limits {
            command.env(name, value.to_string());
        }
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        let pid = child.id();
        self.children.push(child);
        pid
    }

    /// Starts one, and returns when it has taken over.
    pub async fn replace(&mut self) {
        let pid = self.start_one();
        let begun = Instant::now();
        while self.state().await.pid != pid {
            assert!(begun.elapsed() < Duration::from_secs(20), "process {pid} did not take over");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// SIGKILL to the one that was started last.
    pub fn kill(&mut self) {
        let mut child = self.children.pop().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.children.last().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Whether all that were started have ended.
    pub fn ended(&mut self) -> bool {
        self.children.iter_mut().all(|child| child.try_wait().unwrap().is_some())
    }

    /// Whether the one that was started first has.
    pub fn first_ended(&mut self) -> bool {
        self.children[0].try_wait().unwrap().is_some()
    }

    pub async fn adopt(&self, application: Application) {
        self.ask(Ask::Adopt { application, split: Split::all(Slot::Blue) }).await.unwrap();
    }

    pub async fn set(&self, split: Split) {
        let state = self.ask(Ask::Set { application: "shop".into(), split }).await.unwrap();
        assert_eq!(state.applications[0].split, split);
    }

    pub async fn ask(&self, ask: Ask) -> Result<State, CallError> {
        self.caller.state(&ask).await
    }

    pub async fn state(&self) -> State {
        self.ask(Ask::State { application: None }).await.unwrap()
    }

    pub async fn shop(&self) -> Served {
        self.state().await.applications.remove(0)
    }

    pub fn address(&self) -> SocketAddr {
        self.told.listen
    }

    pub fn state_file(&self, name: &str) -> PathBuf {
        self.told.folder.join("state").join(name)
    }

    /// Waits until it is so, for 10 s.
    pub async fn until(&self, what: impl Fn(&Served) -> bool) -> Served {
        let begun = Instant::now();
        loop {
            let served = self.shop().await;
            if what(&served) {
                return served;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{served:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// In the process that was started: serves until it is ended. Does nothing in any other.
pub fn be() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let address = |name| std::env::var(name).ok().map(|address| address.parse().unwrap());
    let mut limits = Limits::default();
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    for (name, limit) in [
        ("HEAD", &mut limits.head),
        ("IDLE", &mut limits.idle),
        ("BODY", &mut limits.body),
        ("RESPONSE", &mut limits.response),
        ("DRAIN_IDLE", &mut limits.drain_idle),
        ("STOP_GRACE", &mut limits.stop_grace),
        ("TUNNEL", &mut limits.tunnel),
    ] {
        number(name).into_iter().for_each(|millis| *limit = Duration::from_millis(millis));
    }
    number("CONNECTIONS").into_iter().for_each(|n| limits.connections = usize::try_from(n).unwrap());
    let certificate =
        |name: &str| Certificate { chain: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    let listen_tls: Vec<SocketAddr> = address("LISTEN_TLS").into_iter().collect();
    let certificates = if listen_tls.is_empty() { vec![] } else { vec![certificate("one"), certificate("two")] };
    if !certificates.is_empty() && !certificates[0].chain.exists() {
        lay_certificates(&folder);
    }
    let settings = Settings {
        listen: address("LISTEN").into_iter().collect(),
        listen_tls,
        certificates,
        control: folder.join("control"),
        state: folder.join("state"),
        limits,
    };
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Err(error) = threads.block_on(proxy::run(settings)) {
        eprintln!("the proxy: {error}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

/// `one.test` and `two.test`, of themselves, for a hundred years.
pub fn lay_certificates(folder: &Path) {
    for (name, text) in [
        ("one.pem", include_str!("../serving/certificates/one.pem")),
        ("one.key", include_str!("../serving/certificates/one.key")),
        ("two.pem", include_str!("../serving/certificates/two.pem")),
        ("two.key", include_str!("../serving/certificates/two.key")),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// For requests by hand.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
}
