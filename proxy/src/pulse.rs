//! What a connection does right now: nothing, a request's head, or requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Of one connection.
#[derive(Debug)]
pub struct Pulse {
    now: Mutex<Now>,
    /// HTTP/2 has more than requests to say.
    heads_only: bool,
}

#[derive(Debug)]
struct Now {
    /// Requests at work.
    open: u32,
    /// Since when there have been none.
    idle: Instant,
    /// When the first byte of a head came that is not complete. The first head begins with the connection.
    head: Option<Instant>,
}

/// A request at work. Ends when it is dropped.
#[derive(Debug)]
pub struct Beat(Arc<Pulse>);

impl Pulse {
    /// `heads_only`: all bytes between two requests are a head's, as in HTTP/1.
    pub fn new(accepted: Instant, heads_only: bool) -> Arc<Pulse> {
        Arc::new(Pulse { now: Mutex::new(Now { open: 0, idle: accepted, head: Some(accepted) }), heads_only })
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request's head is complete.
    pub fn begin(self: &Arc<Pulse>) -> Beat {
        let mut now = self.now();
        now.open += 1;
        now.head = None;
        Beat(self.clone())
    }

    /// Bytes came.
    pub fn heard(&self) {
        let mut now = self.now();
        if self.heads_only && now.open == 0 && now.head.is_none() {
            now.head = Some(Instant::now());
        }
    }

    /// Until when the head that has begun must be complete.
    pub fn head_deadline(&self, limit: Duration) -> Option<Instant> {
        let now = self.now();
        now.head.filter(|_| now.open == 0).map(|begun| begun + limit)
    }

    /// Until when the next request must have begun, when none is at work.
    pub fn idle_deadline(&self, limit: Duration) -> Option<Instant> {
        let now = self.now();
        (now.open == 0 && now.head.is_none()).then(|| now.idle + limit)
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        let mut now = self.0.now();
        now.open -= 1;
        if now.open == 0 {
            now.idle = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// Long enough for two moments to differ.
    fn later() {
        std::thread::sleep(Duration::from_millis(2));
    }

    #[test]
    fn a_head_has_its_time_from_its_first_byte() {
        let accepted = Instant::now();
        let pulse = Pulse::new(accepted, true);
        let deadlines = || (pulse.head_deadline(LIMIT), pulse.idle_deadline(LIMIT));
        assert_eq!(deadlines(), (Some(accepted + LIMIT), None));
        let first = pulse.begin();
        pulse.heard();
        assert_eq!(deadlines(), (None, None));
        let second = pulse.begin();
        drop(first);
        assert_eq!(deadlines(), (None, None));
        later();
        let before = Instant::now();
        drop(second);
        let idle = pulse.idle_deadline(LIMIT).unwrap();
        assert!((before..=Instant::now()).contains(&(idle - LIMIT)));
        assert_eq!(pulse.head_deadline(LIMIT), None);
        later();
        let before = Instant::now();
        pulse.heard();
        let head = pulse.head_deadline(LIMIT).unwrap();
        assert!((before..=Instant::now()).contains(&(head - LIMIT)));
        later();
        // More of it does not give it more time.
        pulse.heard();
        assert_eq!(deadlines(), (Some(head), None));
    }

    #[test]
    fn http2_may_speak_between_requests() {
        let pulse = Pulse::new(Instant::now(), false);
        drop(pulse.begin());
        let idle = pulse.idle_deadline(LIMIT);
        pulse.heard();
        assert_eq!((pulse.head_deadline(LIMIT), pulse.idle_deadline(LIMIT)), (None, idle));
        assert!(idle.is_some());
    }
}
