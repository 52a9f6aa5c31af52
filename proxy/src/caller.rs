//! The side of the control socket that asks.

use crate::wire::{Answer, Ask, LONGEST_LINE, Line, State, VERSION};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

/// Between two attempts while one proxy takes over from another.
const AGAIN: Duration = Duration::from_millis(20);

/// Asks a proxy, with a connection for each question. While one takes over from another, it asks again.
#[derive(Clone, Debug)]
pub struct Caller {
    socket: PathBuf,
    limit: Duration,
    /// How long a proxy is waited for that does not run. One takes over from another within this.
    patience: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("no proxy answers on {}: {source}", .socket.display())]
    NotRunning { socket: PathBuf, source: io::Error },

    #[error("the proxy on {} did not answer within {seconds} s", .socket.display())]
    TookTooLong { socket: PathBuf, seconds: u64 },

    #[error("the connection to the proxy on {} broke: {source}", .socket.display())]
    Broken { socket: PathBuf, source: io::Error },

    #[error("what answers on {} is no proxy of Crossfade's, or one of another version: {said}", .socket.display())]
    NotUnderstood { socket: PathBuf, said: String },

    /// The proxy's own words. Nothing has changed.
    #[error("{0}")]
    Refused(String),
}

impl Caller {
    pub fn new(socket: &Path) -> Caller {
        Caller { socket: socket.to_owned(), limit: Duration::from_secs(10), patience: Duration::from_secs(2) }
    }

    /// How long an answer is waited for, and how long a proxy that does not run.
    #[must_use]
    pub fn within(self, limit: Duration, patience: Duration) -> Caller {
        Caller { limit, patience, ..self }
    }

    /// Asks for a state: of one application or of all, or after a change.
    ///
    /// # Errors
    /// When no proxy answers, or it refuses.
    pub async fn state(&self, ask: &Ask) -> Result<State, CallError> {
        match self.ask(ask).await? {
            Answer::State(state) => Ok(state),
            Answer::Error(sentence) => Err(CallError::Refused(sentence)),
            other => Err(self.not_understood(&format!("{other:?}"))),
        }
    }

    async fn ask(&self, ask: &Ask) -> Result<Answer, CallError> {
        let begun = Instant::now();
        loop {
            let asked = match UnixStream::connect(&self.socket).await {
                Ok(stream) => {
                    let late = CallError::TookTooLong { socket: self.socket.clone(), seconds: self.limit.as_secs() };
                    timeout(self.limit, self.exchange(stream, ask)).await.unwrap_or(Err(late))
                }
                Err(source) => Err(CallError::NotRunning { socket: self.socket.clone(), source }),
            };
            // A process that hands over may end before it answers. Every question may be asked twice.
            let again = matches!(
                asked,
                Err(CallError::NotRunning { .. } | CallError::Broken { .. }) | Ok(Answer::TakenOver { .. })
            );
            if !again || begun.elapsed() >= self.patience {
                return asked;
            }
            sleep(AGAIN).await;
        }
    }

    async fn exchange(&self, stream: UnixStream, ask: &Ask) -> Result<Answer, CallError> {
        let broken = |source| CallError::Broken { socket: self.socket.clone(), source };
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(&line(ask).map_err(broken)?).await.map_err(broken)?;
        let mut said = vec![];
        (&mut stream).take(LONGEST_LINE as u64).read_until(b'\n', &mut said).await.map_err(broken)?;
        if said.is_empty() {
            return Err(broken(io::ErrorKind::UnexpectedEof.into()));
        }
        let answer: Line<Answer> =
            serde_json::from_slice(&said).map_err(|_| self.not_understood(&String::from_utf8_lossy(&said)))?;
        if answer.version != VERSION {
            return Err(self.not_understood(&format!("version {} of the protocol, not {VERSION}", answer.version)));
        }
        Ok(answer.said)
    }

    fn not_understood(&self, said: &str) -> CallError {
        let said = said.trim().chars().take(200).collect::<String>();
        CallError::NotUnderstood { socket: self.socket.clone(), said }
    }
}

/// What is said, as a line.
pub(crate) fn line<T: serde::Serialize>(said: T) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Line::new(said))?;
    line.push(b'\n');
    Ok(line)
}
