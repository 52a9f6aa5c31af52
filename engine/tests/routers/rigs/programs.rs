//! Programs that `demo/machine.sh test` fetches, each in a folder of its own.

use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ends with the value, without being asked.
pub struct Program {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Program {
    pub fn start(name: &str, folder: &Path, args: &[&str]) -> Program {
        let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../var/routers/bin").join(name);
        let program = if fetched.exists() { fetched } else { PathBuf::from(name) };
        let log = folder.join("log");
        let output = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new(&program)
            .args(args)
            .envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name, folder)))
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} is needed ({error}): run `demo/machine.sh test`"));
        Program { name: name.to_owned(), child, log }
    }

    /// Waits until it is as it should be.
    pub async fn comes_up(&self, up: impl Fn() -> bool) {
        let start = Instant::now();
        while !up() {
            let said = || std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(start.elapsed() < Duration::from_secs(30), "{} does not come up: {}", self.name, said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
