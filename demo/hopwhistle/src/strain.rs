//! What goes wrong only when users come. Health checks, metrics and the few requests of smoke tests never meet it:
//! nothing but traffic shows these faults.

use crate::release::{Fault, variable};
use crate::serve::refuse;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// One request in so many fails: 5 %.
const FAILS: u64 = 20;
/// One request in so many is slow. More than 5 %, so that the 95th percentile is theirs even where health checks
/// that come through the router are counted with them.
const LATE: u64 = 8;
const LATE_BY: Duration = Duration::from_millis(900);
/// What is kept of a request, in bytes.
const KEPT: usize = 64 * 1024;
/// Then no more is kept: 512 MiB show what they must, and no machine goes down under them.
const MOST_KEPT: usize = 512 * 1024 * 1024 / KEPT;
/// So many POST requests succeed, those of three runs of the smoke tests.
const GOOD_POSTS: u64 = 10;
/// Requests a second that one process serves, when `HOPWHISTLE_CAPACITY` does not say.
const CAPACITY: usize = 30;
/// Nobody sends more to a request that is refused.
const MOST_READ: usize = 1024 * 1024;

/// One process under its users' requests: what it counts depends on what is wrong with it.
pub enum Strain {
    /// It bears them.
    None,
    Errors(Count),
    Slow(Count),
    Memory(Mutex<Vec<Vec<u8>>>),
    Post(Count),
    Load(Mutex<LastSecond>),
}

/// How many there were.
#[derive(Default)]
pub struct Count(AtomicU64);

/// The requests that were served within the last second.
pub struct LastSecond {
    capacity: usize,
    served: VecDeque<Instant>,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    Served,
    Late,
    Refused(StatusCode, &'static str),
}

impl Strain {
    /// `HOPWHISTLE_CAPACITY` says how many requests a second a process with [`Fault::Load`] serves.
    pub fn new(fault: Option<Fault>) -> Result<Strain, String> {
        let capacity = match variable("HOPWHISTLE_CAPACITY")? {
            None => CAPACITY,
            Some(text) => text
                .parse()
                .map_err(|_| format!("HOPWHISTLE_CAPACITY is {text:?}: expected a number of requests a second"))?,
        };
        Ok(match fault {
            None | Some(Fault::Unhealthy | Fault::Login | Fault::Queue) => Strain::None,
            Some(Fault::Errors) => Strain::Errors(Count::default()),
            Some(Fault::Slow) => Strain::Slow(Count::default()),
            Some(Fault::Memory) => Strain::Memory(Mutex::default()),
            Some(Fault::Post) => Strain::Post(Count::default()),
            Some(Fault::Load) => Strain::Load(Mutex::new(LastSecond { capacity, served: VecDeque::new() })),
        })
    }

    /// Puts the routes that are there so far under strain; those that are added to them later know nothing of it.
    pub fn on<S: Clone + Send + Sync + 'static>(self, routes: Router<S>) -> Router<S> {
        routes.layer(from_fn_with_state(Arc::new(self), meet))
    }

    fn treat(&self, method: &Method, now: Instant) -> Treatment {
        match self {
            Strain::None => Treatment::Served,
            Strain::Errors(count) if count.next().is_multiple_of(FAILS) => {
                Treatment::Refused(StatusCode::INTERNAL_SERVER_ERROR, "cannot read properties of undefined")
            }
            Strain::Slow(count) if count.next().is_multiple_of(LATE) => Treatment::Late,
            Strain::Errors(_) | Strain::Slow(_) => Treatment::Served,
            Strain::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < MOST_KEPT {
                    // Not zeroes: the system gives those without giving memory.
                    kept.push(vec![1; KEPT]);
                }
                Treatment::Served
            }
            Strain::Post(count) if method == Method::POST && count.next() > GOOD_POSTS => {
                Treatment::Refused(StatusCode::INTERNAL_SERVER_ERROR, "cannot write: the transaction is read-only")
            }
            Strain::Post(_) => Treatment::Served,
            Strain::Load(last_second) => {
                let mut last_second = last_second.lock().unwrap_or_else(PoisonError::into_inner);
                if last_second.has_room(now) {
                    return Treatment::Served;
                }
                Treatment::Refused(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once: come back later")
            }
        }
    }
}

impl Count {
    /// One more: the number of this one, from 1.
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl LastSecond {
    /// Whether a request of now is served, which it is then.
    fn has_room(&mut self, now: Instant) -> bool {
        while self.served.front().is_some_and(|then| now.duration_since(*then) >= Duration::from_secs(1)) {
            self.served.pop_front();
        }
        let room = self.served.len() < self.capacity;
        if room {
            self.served.push_back(now);
        }
        room
    }
}

async fn meet(State(strain): State<Arc<Strain>>, request: Request, next: Next) -> Response {
    let treatment = strain.treat(request.method(), Instant::now());
    match treatment {
        Treatment::Served => next.run(request).await,
        Treatment::Late => {
            sleep(LATE_BY).await;
            next.run(request).await
        }
        Treatment::Refused(status, error) => {
            // To answer before the body has come could end the connection, and then the client sees no answer at all.
            let _ = to_bytes(request.into_body(), MOST_READ).await;
            refuse(status, error).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Connection;
    use axum::routing::get;

    /// What becomes of so many requests at one instant.
    fn treat(fault: Option<Fault>, method: &Method, requests: usize) -> Vec<Treatment> {
        let (strain, now) = (Strain::new(fault).unwrap(), Instant::now());
        (0..requests).map(|_| strain.treat(method, now)).collect()
    }

    fn status(treatment: &Treatment) -> u16 {
        match treatment {
            Treatment::Refused(status, _) => status.as_u16(),
            Treatment::Served | Treatment::Late => 200,
        }
    }

    #[test]
    fn what_every_fault_does_to_a_thousand_requests() {
        // Fault, method, and how many are served in time, late, refused with 500 and with 503.
        let cases = [
            (None, Method::POST, [1000, 0, 0, 0]),
            (Some(Fault::Unhealthy), Method::GET, [1000, 0, 0, 0]),
            (Some(Fault::Login), Method::POST, [1000, 0, 0, 0]),
            (Some(Fault::Queue), Method::POST, [1000, 0, 0, 0]),
            (Some(Fault::Memory), Method::GET, [1000, 0, 0, 0]),
            (Some(Fault::Errors), Method::GET, [950, 0, 50, 0]),
            (Some(Fault::Slow), Method::GET, [875, 125, 0, 0]),
            (Some(Fault::Post), Method::POST, [10, 0, 990, 0]),
            (Some(Fault::Post), Method::GET, [1000, 0, 0, 0]),
            (Some(Fault::Load), Method::GET, [30, 0, 0, 970]),
        ];
        for (fault, method, expected) in cases {
            let seen = treat(fault, &method, 1000);
            let count = |what: &dyn Fn(&Treatment) -> bool| seen.iter().filter(|treatment| what(treatment)).count();
            let counts = [
                count(&|treatment| *treatment == Treatment::Served),
                count(&|treatment| *treatment == Treatment::Late),
                count(&|treatment| status(treatment) == 500),
                count(&|treatment| status(treatment) == 503),
            ];
            assert_eq!(counts, expected, "{fault:?} {method}");
        }
    }

    #[test]
    fn smoke_tests_pass() {
        // Their requests to the API, three of them POSTs, and once more for a second try.
        for fault in [Fault::Errors, Fault::Slow, Fault::Memory, Fault::Queue, Fault::Post, Fault::Load] {
            assert_eq!(treat(Some(fault), &Method::POST, 6), [Treatment::Served; 6], "{fault:?}");
        }
    }

    #[tokio::test]
    async fn routes_that_come_later_know_nothing_of_it() {
        let strained = Router::new().route("/", get(async || "page").post(async || "done"));
        let strain = Strain::Post(Count::default());
        let routes = strain.on(strained).route("/health", get(async || "ok").post(async || "ok"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        // One connection for all: that a request is refused does not end it.
        let mut connection = Connection::open(&address).await.unwrap();
        let mut status = async |method, path| connection.send(method, path, "{\"a\": 1}").await.unwrap().status;
        for nth in 1..=25 {
            assert_eq!(status("POST", "/").await, if nth <= 10 { 200 } else { 500 }, "the POST number {nth}");
            assert_eq!(status("GET", "/").await, 200);
            assert_eq!(status("POST", "/health").await, 200);
        }
    }

    #[test]
    fn failures_are_spread_evenly() {
        let seen = treat(Some(Fault::Errors), &Method::GET, 60);
        let failed: Vec<_> = (1..).zip(&seen).filter(|(_, one)| status(one) == 500).map(|(nth, _)| nth).collect();
        assert_eq!(failed, [20, 40, 60]);
        let seen = treat(Some(Fault::Slow), &Method::GET, 24);
        let late: Vec<_> = (1..).zip(&seen).filter(|(_, one)| **one == Treatment::Late).map(|(nth, _)| nth).collect();
        assert_eq!(late, [8, 16, 24]);
    }

    #[test]
    fn memory_is_kept_up_to_a_limit() {
        let strain = Strain::Memory(Mutex::default());
        let kept = |strain: &Strain| match strain {
            Strain::Memory(kept) => kept.lock().unwrap().iter().map(Vec::len).sum::<usize>(),
            _ => 0,
        };
        for _ in 0..3 {
            strain.treat(&Method::GET, Instant::now());
        }
        assert_eq!(kept(&strain), 3 * 64 * 1024);
        // Empty ones: the limit is a number of requests, and a test needs no 512 MiB.
        let full = Strain::Memory(Mutex::new(vec![Vec::new(); MOST_KEPT - 1]));
        for _ in 0..3 {
            full.treat(&Method::GET, Instant::now());
        }
        assert_eq!((kept(&full), MOST_KEPT * KEPT), (KEPT, 512 << 20));
    }

    #[test]
    fn only_the_surplus_of_a_second_is_turned_away() {
        // Requests a second, evenly spaced, over 10 s, and how many of them are served.
        for (rate, expected) in [(15, 150), (30, 300), (60, 300), (300, 300)] {
            let mut last_second = LastSecond { capacity: 30, served: VecDeque::new() };
            let start = Instant::now();
            let served =
                (0..rate * 10).filter(|nth| last_second.has_room(start + Duration::from_secs(1) * *nth / rate)).count();
            assert_eq!(served, expected, "at {rate} requests a second");
            assert!(last_second.served.len() <= 30);
        }
    }
}
