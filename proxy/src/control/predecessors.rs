//! The processes before this one, which still end what they had begun.

use crate::caller::line;
use crate::wire::{Answer, Ask, LONGEST_LINE, Line, State};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long one may take for its answer.
const LIMIT: Duration = Duration::from_secs(2);

/// Their connections may have one more request each, which must follow a change of the split as well.
#[derive(Default)]
pub struct Predecessors(Mutex<Vec<Predecessor>>);

pub struct Predecessor {
    pub pid: u32,
    /// The connection over which it passed its sockets on.
    pub stream: BufReader<UnixStream>,
}

impl Predecessors {
    pub fn new(predecessor: Option<Predecessor>) -> Predecessors {
        Predecessors(Mutex::new(predecessor.into_iter().collect()))
    }

    /// Tells them of a change. Returns when they have made it, or are gone.
    pub async fn tell(&self, ask: &Ask) {
        self.ask(ask).await;
    }

    /// Adds what they have open.
    pub async fn add_to(&self, state: &mut State, application: Option<&str>) {
        let ask = Ask::State { application: application.map(str::to_owned) };
        for theirs in self.ask(&ask).await {
            state.ending.push(theirs.pid);
            state.ending.extend(theirs.ending);
            state.connections += theirs.connections;
            for ours in &mut state.applications {
                let name = &ours.application.name;
                if let Some(theirs) = theirs.applications.iter().find(|theirs| theirs.application.name == *name) {
                    ours.blue += theirs.blue;
                    ours.green += theirs.green;
                }
            }
        }
    }

    async fn ask(&self, ask: &Ask) -> Vec<State> {
        let mut alive = vec![];
        let mut states = vec![];
        let mut all = self.0.lock().await;
        for mut one in all.drain(..) {
            match timeout(LIMIT, one.ask(ask)).await {
                Ok(Some(Answer::State(state))) => {
                    states.push(state);
                    alive.push(one);
                }
                // Its end is how it says that all is done.
                Ok(None) => {}
                Ok(Some(other)) => {
                    tracing::warn!("process {}, which is ending, refused {ask:?}: {other:?}", one.pid);
                    alive.push(one);
                }
                Err(_) => tracing::warn!("process {}, which is ending, does not answer any more", one.pid),
            }
        }
        *all = alive;
        states
    }
}

impl Predecessor {
    /// `None` when it is gone.
    pub async fn ask(&mut self, ask: &Ask) -> Option<Answer> {
        self.stream.get_mut().write_all(&line(ask).ok()?).await.ok()?;
        let mut said = vec![];
        (&mut self.stream).take(LONGEST_LINE as u64).read_until(b'\n', &mut said).await.ok()?;
        serde_json::from_slice::<Line<Answer>>(&said).ok().map(|line| line.said)
    }
}
