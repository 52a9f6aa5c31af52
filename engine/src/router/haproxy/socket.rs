//! HAProxy's runtime socket: a command, and an answer until the end of the connection. A command that changes something
//! answers with a blank line, and with a sentence when it did not.

use super::error::HaproxyError;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

/// How long an answer is waited for.
const LIMIT: Duration = Duration::from_secs(5);
/// While HAProxy starts its next worker, the socket may be closed for a moment.
const AGAIN: [u64; 3] = [20, 100, 300];
/// The oldest version that knows all that our file says.
const OLDEST: (u32, u32) = (2, 6);

#[derive(Clone, Debug)]
pub(super) struct Socket {
    path: PathBuf,
}

/// The process that has the socket: it serves the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worker {
    pub pid: u32,
}

impl Socket {
    pub fn new(path: &Path) -> Socket {
        Socket { path: path.to_owned() }
    }

    /// What it says to this command.
    pub async fn ask(&self, command: &str) -> Result<String, HaproxyError> {
        let mut said = self.exchange(command).await;
        for pause in AGAIN {
            match &said {
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) => {
                    sleep(Duration::from_millis(pause)).await;
                    said = self.exchange(command).await;
                }
                _ => break,
            }
        }
        match said {
            Ok(said) if said.starts_with("Permission denied") => {
                Err(HaproxyError::NotAdmin { path: self.path.clone() })
            }
            said => said.map_err(|error| self.fails(&error)),
        }
    }

    /// Has it do this.
    ///
    /// # Errors
    /// Whenever it says anything.
    pub async fn tell(&self, command: &str) -> Result<(), HaproxyError> {
        let said = self.ask(command).await?;
        match said.trim() {
            "" => Ok(()),
            said => Err(HaproxyError::Said { command: command.to_owned(), said: said.to_owned() }),
        }
    }

    /// Who answers on the socket.
    pub async fn worker(&self) -> Result<Worker, HaproxyError> {
        let command = "show info";
        let said = self.ask(command).await?;
        let field = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let version = field("Version").unwrap_or_default();
        match (field("Pid").and_then(|pid| pid.parse().ok()), numbers(version)) {
            (Some(pid), Some(numbers)) if numbers >= OLDEST => Ok(Worker { pid }),
            (Some(_), Some(_)) => Err(HaproxyError::TooOld { version: version.to_owned() }),
            _ => Err(HaproxyError::Said { command: command.to_owned(), said: said.chars().take(200).collect() }),
        }
    }

    async fn exchange(&self, command: &str) -> io::Result<String> {
        let exchange = async {
            let mut stream = UnixStream::connect(&self.path).await?;
            stream.write_all(format!("{command}\n").as_bytes()).await?;
            // The socket of a master answers only then.
            stream.shutdown().await?;
            let mut said = String::new();
            stream.read_to_string(&mut said).await?;
            Ok(said)
        };
        timeout(LIMIT, exchange).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }

    fn fails(&self, error: &io::Error) -> HaproxyError {
        let path = self.path.clone();
        match error.kind() {
            ErrorKind::NotFound => HaproxyError::SocketMissing { path },
            ErrorKind::PermissionDenied => HaproxyError::SocketDenied { path },
            ErrorKind::TimedOut => {
                HaproxyError::SocketSilent { path, why: format!("no answer within {} s", LIMIT.as_secs()) }
            }
            _ => HaproxyError::SocketSilent { path, why: error.to_string() },
        }
    }
}

/// `2.6.12-1+deb12u3` is 2.6.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// Answers each connection with the next of these.
    async fn answering(answers: &'static [&'static str]) -> (tempfile::TempDir, Socket) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 1000]).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (folder, Socket::new(&path))
    }

    #[tokio::test]
    async fn any_word_is_a_failure() {
        let answers = &["\n", "", "entry not found.\n\n", "Permission denied\n"];
        let (_folder, socket) = answering(answers).await;
        assert!(socket.tell("set map a b c").await.is_ok());
        assert!(socket.tell("set map a b c").await.is_ok());
        let error = socket.tell("set map a b c").await.unwrap_err();
        assert_eq!(error.to_string(), "HAProxy was told `set map a b c` and said: entry not found.");
        assert!(matches!(socket.tell("set map a b c").await, Err(HaproxyError::NotAdmin { .. })));
    }

    #[tokio::test]
    async fn old_versions_and_others_are_told_apart() {
        let answers = &[
            "Name: HAProxy\nVersion: 2.6.12-1\nPid: 17\n\n",
            "Version: 3.0\nPid: 18\n",
            "Version: 2.4.22\nPid: 1\n",
            "hello",
        ];
        let (_folder, socket) = answering(answers).await;
        assert_eq!(socket.worker().await.unwrap(), Worker { pid: 17 });
        assert_eq!(socket.worker().await.unwrap(), Worker { pid: 18 });
        let error = socket.worker().await.unwrap_err();
        assert_eq!(error.to_string(), "HAProxy is version 2.4.22: 2.6 or later is needed");
        assert!(matches!(socket.worker().await, Err(HaproxyError::Said { .. })));
    }

    #[tokio::test]
    async fn a_socket_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        assert!(matches!(Socket::new(&path).ask("x").await, Err(HaproxyError::SocketMissing { .. })));
        drop(UnixListener::bind(&path).unwrap());
        assert!(matches!(Socket::new(&path).ask("x").await, Err(HaproxyError::SocketSilent { .. })));
    }
}
