//! The side of the control socket that answers.

mod predecessors;
mod socket;

use crate::answer::Shared;
use crate::caller::line;
use crate::handover;
use crate::keep::Keep;
use crate::table::{Routed, Table};
use crate::wire::{Answer, Ask, HandOver, Kept, LONGEST_LINE, Line, State, VERSION};
pub use predecessors::{Predecessor, Predecessors};
pub use socket::Socket;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long a process that takes over may need, from the sockets to serving.
const TAKE_OVER: Duration = Duration::from_secs(30);

pub struct Control {
    shared: Arc<Shared>,
    listen: Vec<SocketAddr>,
    listen_tls: Vec<SocketAddr>,
    predecessors: Predecessors,
    /// Held for every change, and while another process takes over.
    changing: Mutex<Changing>,
    successor: std::sync::Mutex<Option<u32>>,
    /// Cancelled when another process has taken over.
    pub taken_over: CancellationToken,
}

struct Changing {
    keep: Keep,
    /// Plain ones, then those for TLS. Empty when another process has taken over.
    listeners: Vec<Arc<TcpListener>>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Anybody,
    /// The process that has taken over, and keeps us at the splits that it has. The disk is its own now.
    Successor,
}

impl Control {
    pub fn new(
        shared: Arc<Shared>,
        keep: Keep,
        listeners: (Vec<Arc<TcpListener>>, Vec<Arc<TcpListener>>),
        predecessors: Predecessors,
    ) -> Result<Control, String> {
        let addresses = |listeners: &[Arc<TcpListener>]| -> Result<Vec<SocketAddr>, String> {
            listeners.iter().map(|listener| listener.local_addr().map_err(|error| error.to_string())).collect()
        };
        let (plain, tls) = listeners;
        Ok(Control {
            shared,
            listen: addresses(&plain)?,
            listen_tls: addresses(&tls)?,
            predecessors,
            changing: Mutex::new(Changing { keep, listeners: [plain, tls].concat() }),
            successor: std::sync::Mutex::new(None),
            taken_over: CancellationToken::new(),
        })
    }

    /// Answers until the other side has no more questions.
    pub async fn answer(self: Arc<Control>, stream: UnixStream) {
        let mut stream = BufReader::new(stream);
        let mut asker = Asker::Anybody;
        while let Some(asked) = question(&mut stream).await {
            if let (Ok(Ask::TakeOver { pid }), Asker::Anybody) = (&asked, asker) {
                match self.hand_over(&mut stream, *pid).await {
                    Ok(()) => asker = Asker::Successor,
                    Err(answer) => {
                        if say(&mut stream, answer).await.is_err() {
                            return;
                        }
                    }
                }
                continue;
            }
            let said = match asked {
                Err(sentence) => Answer::Error(sentence),
                Ok(ask) => self.do_it(ask, asker).await.unwrap_or_else(Answer::Error),
            };
            if say(&mut stream, said).await.is_err() {
                return;
            }
        }
    }

    fn successor(&self) -> Option<u32> {
        *self.successor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, successor: Option<u32>) {
        *self.successor.lock().unwrap_or_else(PoisonError::into_inner) = successor;
    }

    async fn do_it(&self, ask: Ask, asker: Asker) -> Result<Answer, String> {
        match &ask {
            Ask::State { application } => return self.state(application.as_deref(), asker).await,
            Ask::TakeOver { .. } | Ask::Serving => return Err("this is not the moment for that".into()),
            Ask::Adopt { .. } | Ask::Set { .. } | Ask::Door { .. } | Ask::Forget { .. } => {}
        }
        let changing = self.changing.lock().await;
        if let (Some(pid), Asker::Anybody) = (self.successor(), asker) {
            return Ok(Answer::TakenOver { pid });
        }
        let keep = (asker == Asker::Anybody).then_some(&changing.keep);
        let application = match &ask {
            Ask::Adopt { application, split } => {
                let table = self.shared.table().with(application.clone(), *split)?;
                save(keep, table.kept()).await?;
                self.shared.serve(table);
                Some(application.name.clone())
            }
            Ask::Set { application, split } => {
                let table = self.shared.table();
                let routed = known(&table, application)?;
                save(keep, changed(&table, application, |kept| kept.split = *split)).await?;
                routed.live.set(*split);
                Some(application.clone())
            }
            Ask::Door { application, door } => {
                let table = self.shared.table();
                let routed = known(&table, application)?;
                save(keep, changed(&table, application, |kept| kept.door.clone_from(door))).await?;
                routed.live.door.set(door.clone());
                Some(application.clone())
            }
            Ask::Forget { application } => {
                let table = self.shared.table().without(application);
                save(keep, table.kept()).await?;
                self.shared.serve(table);
                None
            }
            Ask::State { .. } | Ask::TakeOver { .. } | Ask::Serving => None,
        };
        self.predecessors.tell(&ask).await;
        drop(changing);
        self.state(application.as_deref(), asker).await
    }

    /// Ours, and what the processes before us still have to do.
    async fn state(&self, application: Option<&str>, asker: Asker) -> Result<Answer, String> {
        if let (Some(pid), Asker::Anybody) = (self.successor(), asker) {
            return Ok(Answer::TakenOver { pid });
        }
        let table = self.shared.table();
        let applications = table
            .applications()
            .filter(|routed| application.is_none_or(|name| name == routed.application.name))
            .map(|routed| routed.served())
            .collect();
        let mut state = State {
            pid: std::process::id(),
            program: env!("CARGO_PKG_VERSION").into(),
            listen: self.listen.clone(),
            listen_tls: self.listen_tls.clone(),
            connections: self.shared.drain.connections(),
            ending: vec![],
            applications,
        };
        self.predecessors.add_to(&mut state, application).await;
        Ok(Answer::State(state))
    }

    /// Passes the sockets on. Until the other process says that it serves, we do; if it never says so, we go on.
    async fn hand_over(&self, stream: &mut BufReader<UnixStream>, pid: u32) -> Result<(), Answer> {
        let mut changing = self.changing.lock().await;
        if let Some(pid) = self.successor() {
            return Err(Answer::TakenOver { pid });
        }
        if changing.listeners.is_empty() {
            return Err(Answer::Error("this process is stopping: start the other one when it has ended".into()));
        }
        let kept = self.shared.table().kept();
        let answer = HandOver { listen: self.listen.clone(), listen_tls: self.listen_tls.clone(), kept };
        let line = line(Answer::HandOver(answer)).map_err(|error| Answer::Error(error.to_string()))?;
        let sockets: Vec<_> = changing.listeners.iter().map(|listener| listener.as_fd()).collect();
        handover::send(stream.get_mut(), &line, &sockets).await.map_err(|error| Answer::Error(error.to_string()))?;
        match timeout(TAKE_OVER, question(stream)).await {
            Ok(Some(Ok(Ask::Serving))) => {}
            _ => {
                tracing::warn!("process {pid} began to take over and did not end it: this one goes on");
                return Err(Answer::Error("you did not take over".into()));
            }
        }
        self.follow(Some(pid));
        let state = self.state(None, Asker::Successor).await.unwrap_or_else(Answer::Error);
        if let Err(error) = say(stream, state).await {
            self.follow(None);
            return Err(Answer::Error(error.to_string()));
        }
        changing.listeners.clear();
        self.taken_over.cancel();
        Ok(())
    }

    /// Lets go of the listening sockets, so that they close with the last that accepts from them.
    pub async fn stop(&self) {
        self.changing.lock().await.listeners.clear();
    }
}

fn known<'a>(table: &'a Table, application: &str) -> Result<&'a Arc<Routed>, String> {
    table
        .application(application)
        .ok_or_else(|| format!("no application `{}` is known here", application.escape_debug()))
}

/// What is to be kept once this application is changed.
fn changed(table: &Table, application: &str, change: impl Fn(&mut Kept)) -> Vec<Kept> {
    let mut kept = table.kept();
    kept.iter_mut().filter(|kept| kept.application.name == application).for_each(change);
    kept
}

async fn say(stream: &mut BufReader<UnixStream>, answer: Answer) -> io::Result<()> {
    stream.get_mut().write_all(&line(answer)?).await
}

/// The next one, when there is.
async fn question(stream: &mut BufReader<UnixStream>) -> Option<Result<Ask, String>> {
    let mut said = vec![];
    stream.take(LONGEST_LINE as u64).read_until(b'\n', &mut said).await.ok()?;
    if said.last() != Some(&b'\n') {
        return None;
    }
    let line: Line<serde_json::Value> = match serde_json::from_slice(&said) {
        Ok(line) => line,
        Err(error) => return Some(Err(format!("this is not a question: {error}"))),
    };
    if line.version != VERSION {
        let sentence = format!(
            "this proxy speaks version {VERSION} of the protocol, not {}: run the same version of crossfade on both \
             sides",
            line.version
        );
        return Some(Err(sentence));
    }
    Some(serde_json::from_value(line.said).map_err(|error| format!("this question is not known here: {error}")))
}

/// The disk first: what is told to be so is so after a crash.
async fn save(keep: Option<&Keep>, kept: Vec<Kept>) -> Result<(), String> {
    let Some(keep) = keep.cloned() else { return Ok(()) };
    let saved = tokio::task::spawn_blocking(move || keep.save(&kept)).await;
    saved
        .unwrap_or_else(|_| Err("the work was interrupted".into()))
        .map_err(|why| format!("nothing was changed, since a restart would not know of it: {why}"))
}
