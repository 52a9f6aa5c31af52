//! People who use the application while its weight moves.

use crate::support::client::Client;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

/// Clients at a time, of one manner.
const CLIENTS: usize = 16;
/// Websockets that are open all the time, each with a message every 50 ms.
const SOCKETS: usize = 32;
const BETWEEN_MESSAGES: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    KeepAlive,
    /// A connection for each request.
    Once,
}

impl Manner {
    pub const BOTH: [Manner; 2] = [Manner::KeepAlive, Manner::Once];

    pub fn as_str(self) -> &'static str {
        match self {
            Manner::KeepAlive => "keep-alive",
            Manner::Once => "a connection each",
        }
    }
}

/// What became of the requests. Counts.
#[derive(Debug, Default)]
pub struct Tally {
    pub requests: u64,
    /// Sent, and the answer did not come or was cut off.
    pub lost: u64,
    /// Answered, and not by 200.
    pub refused: u64,
    /// Connections that were closed while nothing was asked. Harmless.
    pub idle_closes: u64,
    /// Messages that came back over websockets.
    pub messages: u64,
    /// Websockets that were closed on the way.
    pub cut: u64,
}

impl Tally {
    pub fn failed(&self) -> u64 {
        self.lost + self.refused + self.cut
    }
}

/// Requests that began and ended while the split was the same.
#[derive(Default)]
struct Row {
    requests: AtomicU64,
    green: AtomicU64,
}

#[derive(Default)]
struct Board {
    stop: AtomicBool,
    rows: Mutex<Vec<Arc<Row>>>,
    /// Which row is on, from 1. 0: the split is being changed.
    now: AtomicUsize,
    tally: Mutex<Tally>,
    /// When the last request that green answered was begun: nanoseconds after `begun`.
    last_green: AtomicU64,
}

pub struct Load {
    board: Arc<Board>,
    begun: Instant,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(port: u16, host: &str, manner: Manner) -> Load {
        let mut load = Load::without_websockets(port, host, manner);
        let sockets = (0..SOCKETS).map(|_| tokio::spawn(talk(load.board.clone(), Client::new(port, host))));
        load.clients.extend(sockets);
        load
    }

    pub fn without_websockets(port: u16, host: &str, manner: Manner) -> Load {
        let board = Arc::new(Board::default());
        let begun = Instant::now();
        let ask = |_| tokio::spawn(ask(board.clone(), begun, Client::new(port, host), manner));
        let clients = (0..CLIENTS).map(ask).collect();
        Load { board, begun, clients }
    }

    /// The split is about to be changed: what is asked now counts for no weight.
    pub fn moving(&self) {
        self.board.now.store(0, Ordering::SeqCst);
    }

    /// The split has been changed; waits for so many requests under it. Returns how many there were, and how many of
    /// them went to green.
    pub async fn under_it(&self, requests: u64) -> (u64, u64) {
        let row = Arc::new(Row::default());
        let number = {
            let mut rows = self.board.rows.lock().unwrap_or_else(PoisonError::into_inner);
            rows.push(row.clone());
            rows.len()
        };
        self.board.now.store(number, Ordering::SeqCst);
        while row.requests.load(Ordering::Relaxed) < requests {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (row.requests.load(Ordering::Relaxed), row.green.load(Ordering::Relaxed))
    }

    /// From this moment to the beginning of the last request that green answered. Zero when there was none after it.
    pub fn green_until(&self, moment: Instant) -> Duration {
        let last = self.begun + Duration::from_nanos(self.board.last_green.load(Ordering::SeqCst));
        last.saturating_duration_since(moment)
    }

    pub async fn stop(self) -> Tally {
        self.board.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.expect("a client came to its end");
        }
        std::mem::take(&mut *self.board.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn ask(board: Arc<Board>, begun: Instant, mut client: Client, manner: Manner) {
    let header = if manner == Manner::Once { "Connection: close" } else { "" };
    let mut tally = Tally::default();
    while !board.stop.load(Ordering::Relaxed) {
        let before = board.now.load(Ordering::SeqCst);
        let asked = Instant::now();
        let answered = client.try_get("/", header).await;
        tally.requests += 1;
        let green = match answered {
            Ok(answer) if answer.status == 200 => answer.body == "green",
            Ok(_) => {
                tally.refused += 1;
                continue;
            }
            Err(_) => {
                tally.lost += 1;
                continue;
            }
        };
        if green {
            let at = u64::try_from(asked.duration_since(begun).as_nanos()).unwrap_or(u64::MAX);
            board.last_green.fetch_max(at, Ordering::SeqCst);
        }
        if before != 0 && before == board.now.load(Ordering::SeqCst) {
            let row = board.rows.lock().unwrap_or_else(PoisonError::into_inner)[before - 1].clone();
            row.green.fetch_add(u64::from(green), Ordering::Relaxed);
            row.requests.fetch_add(1, Ordering::Relaxed);
        }
    }
    tally.idle_closes = client.idle_closes;
    add(&board, &tally);
}

async fn talk(board: Arc<Board>, client: Client) {
    let (mut socket, head) = client.upgrade().await;
    let mut tally = Tally { cut: u64::from(head.status != 101), ..Tally::default() };
    while tally.cut == 0 && !board.stop.load(Ordering::Relaxed) {
        let mut echo = [0; 4];
        let back = async {
            socket.get_mut().write_all(b"ping").await?;
            socket.read_exact(&mut echo).await
        };
        match back.await {
            Ok(_) if echo == *b"ping" => tally.messages += 1,
            _ => tally.cut += 1,
        }
        tokio::time::sleep(BETWEEN_MESSAGES).await;
    }
    add(&board, &tally);
}

fn add(board: &Board, one: &Tally) {
    let mut all = board.tally.lock().unwrap_or_else(PoisonError::into_inner);
    all.requests += one.requests;
    all.lost += one.lost;
    all.refused += one.refused;
    all.idle_closes += one.idle_closes;
    all.messages += one.messages;
    all.cut += one.cut;
}
