//! The socket that nginx sends its log to, and the questions that can be asked about what came.

use super::kernel;
use super::ledger::{Ledger, Tally};
use rollout::clock::Millis;
use rollout::metric::{Signal, Window};
use rollout::slot::Slot;
use rustix::net::sockopt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// Bytes that the kernel is asked to keep while nobody reads. It held 10,000 lines: half a second of a busy nginx.
const BUFFER: usize = 4 << 20;
/// No UDP datagram is longer.
const LONGEST: usize = 65_536;
/// Datagrams that are taken in before others get their turn.
const BATCH: usize = 256;

/// Listens to one application's log at one nginx. Stops when it is dropped; the port is free a moment later.
///
/// It counts what arrives here. Any program on this machine can send to the port: it is as trustworthy as those who may
/// sign in there.
#[derive(Debug)]
pub struct RouterLog {
    ledger: Arc<Mutex<Ledger>>,
    inode: Option<u64>,
    task: AbortHandle,
}

impl RouterLog {
    /// Listens on this UDP port of 127.0.0.1: the number of the application's admin port.
    ///
    /// # Errors
    /// When another process listens there already (`AddrInUse`), or outside of a tokio runtime.
    pub fn listen(port: u16) -> io::Result<RouterLog> {
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, port))?;
        enlarge(&socket);
        socket.set_nonblocking(true)?;
        let inode = rustix::fs::fstat(&socket).ok().map(|stat| stat.st_ino);
        let socket = UdpSocket::from_std(socket)?;
        let ledger = Arc::new(Mutex::new(Ledger::new(Instant::now())));
        let task = runtime.spawn(receive(socket, ledger.clone())).abort_handle();
        Ok(RouterLog { ledger, inode, task })
    }

    /// What one slot showed; of one service or of all. By whole seconds: nothing from before the window is in it, and
    /// it reaches back an hour at most. A rate has a point for each whole second since listening began. Without a
    /// request it is [`Window::Silent`], also when nginx has never sent anything.
    pub fn window(&self, slot: Slot, service: Option<&str>, signal: Signal, window: Millis) -> Window {
        self.ledger().window(Instant::now(), slot, service, signal, window)
    }

    /// All that is known of one slot; of one service or of all.
    pub fn tally(&self, slot: Slot, service: Option<&str>, window: Millis) -> Tally {
        self.ledger().tally(Instant::now(), slot, service, window)
    }

    /// Requests that nginx sent to the slot's services and that ended within the window, by whole seconds as above.
    pub fn requests(&self, slot: Slot, window: Millis) -> u64 {
        self.ledger().requests(Instant::now(), slot, window)
    }

    /// Requests that ended since listening began, however long ago.
    pub fn total(&self, slot: Slot) -> u64 {
        self.ledger().total(slot)
    }

    /// Requests of testers who came through the door, since listening began: they are in none of the other numbers.
    pub fn testers(&self) -> u64 {
        self.ledger().testers()
    }

    /// Datagrams that the kernel threw away because they came faster than they were taken in. 0 where the kernel does
    /// not tell (it does on Linux).
    pub fn lost(&self) -> u64 {
        self.inode.and_then(kernel::dropped).unwrap_or(0)
    }

    /// Datagrams that were no line of ours.
    pub fn malformed(&self) -> u64 {
        self.ledger().malformed()
    }

    /// When nginx sent the last line. With traffic and without lines, nginx runs an older file of ours
    /// (`crossfade application add` brings the new one in), or its `http` block says `access_log off` (to have no log
    /// and yet be measured, it says `access_log /dev/null`).
    pub fn heard(&self) -> Option<Instant> {
        self.ledger().heard()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }
}

impl Drop for RouterLog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Counts are whole after each datagram: those of a thread that panicked are as good as any.
fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// With more than `net.core.rmem_max` when we may, or as much as it allows. A small buffer is no reason to measure
/// nothing: what is lost is counted.
fn enlarge(socket: &std::net::UdpSocket) {
    #[cfg(target_os = "linux")]
    if sockopt::set_socket_recv_buffer_size_force(socket, BUFFER).is_ok() {
        return;
    }
    if let Err(error) = sockopt::set_socket_recv_buffer_size(socket, BUFFER) {
        tracing::warn!(%error, "the kernel gives the router's log no larger buffer");
    }
}

async fn receive(socket: UdpSocket, ledger: Arc<Mutex<Ledger>>) {
    let mut datagram = vec![0; LONGEST];
    loop {
        let received = match socket.readable().await {
            Ok(()) => drain(&socket, &ledger, &mut datagram),
            Err(error) => Err(error),
        };
        if let Err(error) = received {
            tracing::warn!(%error, "the router's log could not be read");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Takes in what has come.
fn drain(socket: &UdpSocket, ledger: &Mutex<Ledger>, datagram: &mut [u8]) -> io::Result<()> {
    let mut ledger = lock(ledger);
    for _ in 0..BATCH {
        match socket.try_recv(datagram) {
            Ok(length) => ledger.add(Instant::now(), &datagram[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::datagram;
    use super::*;
    use std::net::{SocketAddr, UdpSocket as Sender};

    const MINUTE: Millis = Millis::seconds(60);

    /// A log on a free port, and a socket to send to it.
    fn stage() -> (RouterLog, Sender, SocketAddr) {
        let free = Sender::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let sender = Sender::bind("127.0.0.1:0").unwrap();
        sender.connect(address).unwrap();
        (RouterLog::listen(address.port()).unwrap(), sender, address)
    }

    async fn until(what: &str, done: impl Fn() -> bool) {
        for _ in 0..1_000 {
            if done() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what} did not come about");
    }

    #[tokio::test]
    async fn what_is_sent_is_counted() {
        let (log, sender, _) = stage();
        assert_eq!((log.window(Slot::Blue, None, Signal::Errors, MINUTE), log.heard()), (Window::Silent, None));
        for status in ["200", "200", "500"] {
            let line = datagram("crossfade_shop.api.blue", status, status, "0.040");
            sender.send(line.as_bytes()).unwrap();
        }
        sender.send(b"rubbish").unwrap();
        sender.send(b"").unwrap();
        until("the lines", || log.malformed() == 2).await;
        assert_eq!(log.window(Slot::Blue, None, Signal::Errors, MINUTE), Window::Share { part: 1.0, of: 3.0 });
        assert_eq!((log.requests(Slot::Blue, MINUTE), log.requests(Slot::Green, MINUTE), log.lost()), (3, 0, 0));
        assert!(log.heard().is_some());
    }

    #[tokio::test]
    async fn one_port_has_one_listener() {
        let (log, _, address) = stage();
        assert_eq!(RouterLog::listen(address.port()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(log);
        until("the free port", || RouterLog::listen(address.port()).is_ok()).await;
    }

    #[test]
    fn outside_of_a_runtime_it_is_an_error() {
        assert!(RouterLog::listen(0).is_err());
    }

    /// Nobody reads while the test's only thread sends.
    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn what_was_lost_is_known() {
        let (log, sender, _) = stage();
        let line = datagram("crossfade_shop.api.blue", "200", "200", "0.040");
        for _ in 0..50_000 {
            sender.send(line.as_bytes()).unwrap();
        }
        until("the lines", || log.requests(Slot::Blue, MINUTE) + log.lost() == 50_000).await;
        assert!(log.lost() > 0 && log.requests(Slot::Blue, MINUTE) > 100, "{} of 50,000 were lost", log.lost());
    }
}
