//! A datagram for each request, as nginx writes it for Crossfade: which slot, what became of it, how long it took. No
//! addresses, paths or cookies. It is sent when the request has ended; a websocket, when it is closed.

use crate::table::{Live, Tally, Target};
use hyper::{HeaderMap, Method, StatusCode};
use rollout::slot::Slot;
use std::fmt::Write;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// What stands for the answer's first line, in bytes: `HTTP/1.1 200 OK`, and both line ends of the head.
const STATUS_LINE: u64 = 19;

/// Where the datagrams go out.
#[derive(Debug)]
pub struct Log(UdpSocket);

impl Log {
    /// # Errors
    /// When the machine has no socket to give.
    pub fn open() -> io::Result<Log> {
        let socket = UdpSocket::bind(("127.0.0.1", 0))?;
        socket.set_nonblocking(true)?;
        Ok(Log(socket))
    }

    /// Lost when nobody listens, or the machine is too busy: nothing waits for it.
    fn send(&self, line: &str, to: SocketAddr) {
        let _ = self.0.send_to(line.as_bytes(), to);
    }
}

/// One request to a slot: counted as open, and told of, until it is dropped.
#[derive(Debug)]
pub struct Record {
    log: Arc<Log>,
    target: Target,
    /// The one that was chosen first: a second attempt hides nothing.
    slot: Slot,
    method: &'static str,
    /// By a tester: not by the weight.
    door: bool,
    begun: Instant,
    attempts: Vec<Attempt>,
    /// Given to the client.
    status: Option<StatusCode>,
    bytes: u64,
    end: End,
    upgraded: bool,
}

#[derive(Debug)]
struct Attempt {
    begun: Instant,
    /// In seconds.
    took: Option<f64>,
    status: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    Complete,
    /// The service stopped half-way.
    Cut,
}

impl Record {
    pub fn new(log: Arc<Log>, target: Target, slot: Slot, method: &Method) -> Record {
        let record = Record {
            log,
            target,
            slot,
            method: known(method),
            door: false,
            begun: Instant::now(),
            attempts: Vec::with_capacity(1),
            status: None,
            bytes: 0,
            end: End::Open,
            upgraded: false,
        };
        add(&record.tally().requests);
        add(&record.tally().open);
        record
    }

    fn live(&self) -> &Live {
        &self.target.routed.live
    }

    fn tally(&self) -> &Tally {
        self.live().tally(self.slot)
    }

    /// It is a tester's.
    pub fn through_the_door(&mut self) {
        self.door = true;
    }

    /// An attempt at a slot begins.
    pub fn attempt(&mut self) {
        self.attempts.push(Attempt { begun: Instant::now(), took: None, status: None });
    }

    /// It met the end of a connection that had lain idle: nobody's failure, and another takes its place.
    pub fn never_mind(&mut self) {
        self.attempts.pop();
    }

    /// It got the head of an answer, or ended in vain: nginx says 502 for what was not answered, 504 for what took
    /// too long.
    pub fn attempted(&mut self, status: u16) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.status = Some(status);
            attempt.took = Some(attempt.begun.elapsed().as_secs_f64());
        }
    }

    /// The other slot is asked instead.
    pub fn moved_away(&self) {
        add(&self.tally().moved_away);
    }

    /// The head of the answer, as the client gets it.
    pub fn answered(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.status = Some(status);
        let lines = headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64);
        self.bytes = STATUS_LINE + lines.sum::<u64>();
    }

    pub fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The answer is whole.
    pub fn complete(&mut self) {
        if self.end == End::Open {
            self.end = End::Complete;
            self.stop_clock();
        }
    }

    /// The service broke off its answer.
    pub fn cut(&mut self) {
        if self.end == End::Open {
            self.end = End::Cut;
            self.stop_clock();
        }
    }

    /// From now on it is a websocket, or the like.
    pub fn upgraded(&mut self) {
        if !self.upgraded {
            self.upgraded = true;
            add(&self.tally().upgraded);
            self.tally().open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn stop_clock(&mut self) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.took = Some(attempt.begun.elapsed().as_secs_f64());
        }
    }

    /// In nginx's notation.
    fn line(&self) -> String {
        // The client went away before there was anything to give.
        let status = self.status.map_or(499, |status| status.as_u16());
        let (mut statuses, mut times) = (String::new(), String::new());
        for (n, attempt) in self.attempts.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            let last = n + 1 == self.attempts.len();
            let took = attempt.took.unwrap_or_else(|| attempt.begun.elapsed().as_secs_f64());
            let _ = match attempt.status {
                // A part of an answer is a failure of the service's.
                Some(_) if last && self.end == End::Cut => write!(statuses, "{comma}502"),
                Some(status) => write!(statuses, "{comma}{status}"),
                None => write!(statuses, "{comma}-"),
            };
            let _ = write!(times, "{comma}{took:.3}");
        }
        format!(
            "crossfade: {{\"upstream\":\"{}\",\"status\":\"{status}\",\"upstream_status\":\"{statuses}\",\
             \"upstream_time\":\"{times}\",\"time\":\"{:.3}\",\"bytes\":\"{}\",\"method\":\"{}\",\"door\":\"{}\"}}",
            self.target.service.upstream(self.slot).name,
            self.begun.elapsed().as_secs_f64(),
            self.bytes,
            self.method,
            if self.door { self.slot.as_str() } else { "-" },
        )
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let open = if self.upgraded { &self.tally().upgraded } else { &self.tally().open };
        open.fetch_sub(1, Ordering::Relaxed);
        if let Some(to) = self.target.routed.application.log {
            self.log.send(&self.line(), to);
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A client may call a method anything: nothing in a datagram comes from it.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::{application, service};
    use crate::table::Table;
    use crate::wire::Counts;
    use rollout::slot::Split;

    fn told(story: impl FnOnce(&mut Record)) -> (String, Counts) {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut shop = application("my-shop", vec![service("api", &["example.com"], 3000)]);
        shop.log = Some(receiver.local_addr().unwrap());
        let table = Table::default().with(shop, Split::all(Slot::Green)).unwrap();
        let target = table.find("example.com").unwrap().clone();
        let mut record = Record::new(Arc::new(Log::open().unwrap()), target, Slot::Green, &Method::GET);
        story(&mut record);
        let counts = table.application("my-shop").unwrap().served().green;
        drop(record);
        let mut datagram = [0; 1000];
        receiver.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let length = receiver.recv(&mut datagram).unwrap();
        let after = table.application("my-shop").unwrap().served().green;
        assert_eq!((after.open, after.upgraded), (0, 0));
        (String::from_utf8(datagram[..length].to_vec()).unwrap(), counts)
    }

    #[test]
    fn what_became_of_a_request() {
        let ok = |record: &mut Record| {
            record.attempt();
            record.attempted(200);
            record.answered(StatusCode::OK, &HeaderMap::new());
            record.sent(100);
        };
        let (line, counts) = told(|record| {
            ok(record);
            record.complete();
        });
        assert!(line.starts_with(r#"crossfade: {"upstream":"crossfade_my_shop.api.green","status":"200","#), "{line}");
        assert!(line.contains(r#""upstream_status":"200","upstream_time":"0.0"#), "{line}");
        assert!(line.ends_with(r#""bytes":"119","method":"GET","door":"-"}"#), "{line}");
        assert_eq!(counts, Counts { requests: 1, open: 1, ..Counts::default() });

        let (line, _) = told(|record| {
            ok(record);
            record.cut();
        });
        assert!(line.contains(r#""status":"200","upstream_status":"502""#), "{line}");

        let (line, counts) = told(|record| {
            record.attempt();
            record.attempted(502);
            record.moved_away();
            ok(record);
        });
        assert!(line.contains(r#""status":"200","upstream_status":"502, 200","upstream_time":"0."#), "{line}");
        assert_eq!(counts.moved_away, 1);

        let (line, _) = told(Record::through_the_door);
        assert!(line.ends_with(r#","door":"green"}"#), "{line}");

        let (line, _) = told(Record::attempt);
        assert!(line.contains(r#""status":"499","upstream_status":"-""#), "{line}");

        let (line, counts) = told(Record::upgraded);
        assert!(line.contains(r#""status":"499""#), "{line}");
        assert_eq!(counts, Counts { requests: 1, upgraded: 1, ..Counts::default() });
    }
}
