//! A private nginx in a folder of its own: started, restarted and stopped by the test that made it.

#[path = "ports.rs"]
mod ports;

pub use ports::free_port;

use engine::router::{NginxRouter, Route};
use rollout::application::StickyBy;
use rollout::router::{Nginx, Servers};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct PrivateNginx {
    folder: TempDir,
    child: Option<Child>,
    /// Where its public servers listen.
    pub port: u16,
    pub admin_port: u16,
}

impl PrivateNginx {
    pub fn start() -> PrivateNginx {
        PrivateNginx::start_as("root", "")
    }

    /// With workers of this user (when the test may choose), and more lines in `http`.
    pub fn start_as(user: &str, http: &str) -> PrivateNginx {
        let folder = tempfile::tempdir().unwrap();
        let mut nginx = PrivateNginx { folder, child: None, port: free_port(), admin_port: free_port() };
        fs::create_dir_all(nginx.path("conf.d")).unwrap();
        let at = nginx.folder.path().display();
        let user = if is_root() { format!("user {user};") } else { String::new() };
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
            .concat();
        // The cache is there to get in the way: it must not delay a weight.
        let config = format!(
            "{user}\nworker_processes 2;\ndaemon off;\npid {at}/nginx.pid;\nerror_log {at}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\naccess_log {at}/access.log;\n{temp}\n\
             open_file_cache max=1000 inactive=60s;\nopen_file_cache_valid 60s;\nopen_file_cache_errors on;\n\
             {http}\ninclude {at}/conf.d/*.conf;\n}}\n"
        );
        fs::write(nginx.path("nginx.conf"), config).unwrap();
        nginx.run();
        nginx
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn settings(&self) -> Nginx {
        let path = |name: &str| self.path(name).display().to_string();
        Nginx {
            config: path("nginx.conf"),
            conf_d: path("conf.d"),
            pid: path("nginx.pid"),
            binary: "nginx".into(),
            listen: format!("127.0.0.1:{}", self.port),
            admin_port: Some(self.admin_port),
            dial: path("dial"),
            servers: Servers::Whole,
            container: None,
        }
    }

    pub fn router(&self, sticky_by: StickyBy) -> NginxRouter {
        NginxRouter::new("shop", &self.settings(), &sticky_by, self.admin_port).unwrap()
    }

    /// Starts it anew with another main configuration.
    pub fn change(&mut self, from: &str, to: &str) {
        let config = fs::read_to_string(self.path("nginx.conf")).unwrap();
        assert!(config.contains(from), "{from} is not in {config}");
        self.stop();
        fs::write(self.path("nginx.conf"), config.replacen(from, to, 1)).unwrap();
        self.run();
    }

    /// Our file for the application `shop`.
    pub fn file(&self) -> PathBuf {
        self.path("conf.d/crossfade-shop.conf")
    }

    pub fn dial(&self) -> PathBuf {
        self.path("dial/shop")
    }

    pub fn run(&mut self) {
        let _ = fs::remove_file(self.path("nginx.pid"));
        let child = Command::new("nginx")
            .args(["-p".as_ref(), self.folder.path(), "-c".as_ref(), &self.path("nginx.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is needed for this test");
        self.child = Some(child);
        wait_for("nginx", || self.workers().len() == 2);
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal("TERM", child.id());
            child.wait().unwrap();
        }
    }

    /// After it was killed.
    pub fn reap(&mut self) {
        self.child.take().unwrap().wait().unwrap();
    }

    pub fn master(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The workers that are not on their way out, in order.
    pub fn workers(&self) -> Vec<u32> {
        let Some(child) = &self.child else { return Vec::new() };
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
        let mut workers: Vec<u32> = children.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        workers.retain(|pid| {
            fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|title| title.contains("worker process") && !title.contains("shutting down"))
        });
        workers.sort_unstable();
        workers
    }
}

impl Drop for PrivateNginx {
    fn drop(&mut self) {
        self.stop();
    }
}

pub fn route(service: &str, hosts: &[&str], blue: SocketAddr, green: SocketAddr) -> Route {
    Route { service: service.into(), hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), blue, green }
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

pub fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap().success());
}

pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what} did not come about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What lies in a folder, in order.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
