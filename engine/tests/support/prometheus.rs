//! A private Prometheus in a folder of its own, and the process that it scrapes: both started and stopped by the test.

use super::nginx::{free_port, signal, wait_for};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use tempfile::TempDir;

/// Who may ask it.
pub const USER: &str = "crossfade";
pub const PASSWORD: &str = "geheim";
const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuPWRtT5yx7FBi4dcf6ROhboeNunUrLQ.";

pub struct PrivatePrometheus {
    folder: TempDir,
    child: Option<Child>,
    pub port: u16,
    /// Where the scraped process is.
    pub exporter: String,
}

impl PrivatePrometheus {
    /// Scrapes a process that always tells `page`, every second.
    pub fn start(page: &'static str) -> PrivatePrometheus {
        let folder = tempfile::tempdir().unwrap();
        let exporter = export(page);
        let path = |name: &str| folder.path().join(name);
        let config = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n\
             scrape_configs:\n- job_name: shop\n  static_configs: [{{ targets: ['{exporter}'] }}]\n"
        );
        fs::write(path("prometheus.yml"), config).unwrap();
        fs::write(path("web.yml"), format!("basic_auth_users: {{ {USER}: '{HASH}' }}\n")).unwrap();
        let port = free_port();
        let log = fs::File::create(path("log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", path("prometheus.yml").display()))
            .arg(format!("--web.config.file={}", path("web.yml").display()))
            .arg(format!("--storage.tsdb.path={}", path("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus is needed for this test");
        let prometheus = PrivatePrometheus { folder, child: Some(child), port, exporter };
        wait_for("Prometheus", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        prometheus
    }

    /// With the user and the password in it.
    pub fn url(&self) -> String {
        format!("http://{USER}:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    /// It takes connections and answers nothing.
    pub fn freeze(&self) {
        let pid = self.child.as_ref().unwrap().id();
        signal("STOP", pid);
        // The signal is sent, and threads that run go on for a while.
        let stopped = |stat: &str| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'));
        wait_for("Prometheus' standstill", || {
            fs::read_dir(format!("/proc/{pid}/task"))
                .unwrap()
                .all(|task| fs::read_to_string(task.unwrap().path().join("stat")).is_ok_and(|stat| stopped(&stat)))
        });
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What it said of itself.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PrivatePrometheus {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Answers every request with the page. Ends with the test's process.
fn export(page: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream, page));
        }
    });
    address
}

fn answer(mut stream: TcpStream, page: &str) {
    let (mut head, mut byte) = (vec![], [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let headers = format!("Content-Type: text/plain; version=0.0.4\r\nContent-Length: {}", page.len());
    let _ = write!(stream, "HTTP/1.1 200 OK\r\n{headers}\r\nConnection: close\r\n\r\n{page}");
}
