//! What was heard of each service and slot, and how much of it lies in a window.
//!
//! A request counts for the second in which its line arrives: nginx writes it when the request has ended. Time is
//! handed in and is that of a clock that never jumps.

use super::line::Line;
use super::scale;
use super::track::{KEPT, Second, Track};
use rollout::clock::Millis;
use rollout::metric::{Histogram, Signal, Window};
use rollout::slot::Slot;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// More services than an application has. Others that appear are somebody else's doing.
const MOST_SERVICES: usize = 256;

#[derive(Debug)]
pub(super) struct Ledger {
    began: Instant,
    services: BTreeMap<String, Slots>,
    malformed: u64,
    /// Requests of testers: in no number of the slots.
    testers: u64,
    heard: Option<Instant>,
}

#[derive(Debug, Default)]
struct Slots {
    blue: Track,
    green: Track,
}

/// Sums over some seconds of a slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// All that nginx sent to the slot and that have ended, whatever became of them.
    pub requests: u64,
    /// Those that the service answered with 5xx in any attempt, or not at all.
    pub errors: u64,
    /// Those of which nobody knows what the service would have said: the client went away first, or nginx answered by
    /// itself. Neither good nor errors.
    pub unanswered: u64,
    /// Websockets that have ended.
    pub upgraded: u64,
    /// Sent to clients, heads and bodies.
    pub bytes: u64,
    /// Seconds that the service took; at least so many where the client went away. Without upgraded connections.
    pub times: Histogram,
}

impl Ledger {
    pub fn new(now: Instant) -> Ledger {
        Ledger { began: now, services: BTreeMap::new(), malformed: 0, testers: 0, heard: None }
    }

    /// Takes one datagram in.
    pub fn add(&mut self, now: Instant, datagram: &[u8]) {
        let at = self.age(now).as_secs();
        let line = Line::parse(datagram)
            .filter(|line| self.services.len() < MOST_SERVICES || self.services.contains_key(line.service));
        let Some(line) = line else {
            self.malformed += 1;
            return;
        };
        self.heard = Some(now);
        if line.door {
            self.testers += 1;
            return;
        }
        if !self.services.contains_key(line.service) {
            self.services.insert(line.service.to_owned(), Slots::default());
        }
        if let Some(slots) = self.services.get_mut(line.service) {
            slots.of_mut(line.slot).add(at, &line);
        }
    }

    /// Shares and times are of the seconds that lie in the window whole, and of the present one as far as it has come:
    /// nothing from before the window is in them. A rate is of as many whole seconds as the window has, and of those
    /// since the ledger began.
    pub fn window(&self, now: Instant, slot: Slot, service: Option<&str>, signal: Signal, window: Millis) -> Window {
        match signal {
            Signal::Errors => {
                let tally = self.tally(now, slot, service, window);
                match tally.requests.saturating_sub(tally.unanswered) {
                    0 => Window::Silent,
                    of => Window::Share { part: tally.errors as f64, of: of as f64 },
                }
            }
            Signal::Time(quantile) => {
                let seen = self.times(slot, service, self.within(now, window));
                if seen.count() > 0.0 { Window::Quantile { quantile, seen } } else { Window::Silent }
            }
            Signal::Rate => self.rate(now, slot, service, window),
        }
    }

    pub fn tally(&self, now: Instant, slot: Slot, service: Option<&str>, window: Millis) -> Tally {
        let seconds = self.within(now, window);
        let mut tally = Tally { times: self.times(slot, service, seconds.clone()), ..Tally::default() };
        for second in self.seconds(slot, service, seconds) {
            tally.requests += u64::from(second.requests);
            tally.errors += u64::from(second.errors);
            tally.unanswered += u64::from(second.unanswered);
            tally.upgraded += u64::from(second.upgraded);
            tally.bytes = tally.bytes.saturating_add(second.bytes);
        }
        tally
    }

    pub fn requests(&self, now: Instant, slot: Slot, window: Millis) -> u64 {
        self.requests_in(slot, self.within(now, window))
    }

    /// Requests of a slot since the ledger began, also those of more than an hour ago.
    pub fn total(&self, slot: Slot) -> u64 {
        self.services.values().map(|slots| slots.of(slot).total).sum()
    }

    pub fn malformed(&self) -> u64 {
        self.malformed
    }

    pub fn testers(&self) -> u64 {
        self.testers
    }

    pub fn heard(&self) -> Option<Instant> {
        self.heard
    }

    /// A point for each whole second. The present one has none yet: it would look like a lull.
    fn rate(&self, now: Instant, slot: Slot, service: Option<&str>, window: Millis) -> Window {
        let present = self.age(now).as_secs();
        let first = present.saturating_sub((window.0 / 1_000).clamp(1, KEPT));
        let mut points = vec![0.0; usize::try_from(present - first).unwrap_or(0)];
        for second in self.seconds(slot, service, first..=present) {
            if let Some(point) = usize::try_from(second.at - first).ok().and_then(|at| points.get_mut(at)) {
                *point += f64::from(second.requests);
            }
        }
        if points.iter().any(|point| *point > 0.0) { Window::Points(points) } else { Window::Silent }
    }

    fn requests_in(&self, slot: Slot, seconds: RangeInclusive<u64>) -> u64 {
        self.seconds(slot, None, seconds).map(|second| u64::from(second.requests)).sum()
    }

    fn times(&self, slot: Slot, service: Option<&str>, seconds: RangeInclusive<u64>) -> Histogram {
        let times = self.seconds(slot, service, seconds).flat_map(|second| &second.times);
        scale::histogram(times.map(|(bucket, count)| (*bucket, u64::from(*count))))
    }

    /// Those in which there was a request to this service, or to any.
    fn seconds<'a>(
        &'a self,
        slot: Slot,
        service: Option<&'a str>,
        range: RangeInclusive<u64>,
    ) -> impl Iterator<Item = &'a Second> {
        let wanted = self.services.iter().filter(move |(name, _)| service.is_none_or(|service| service == *name));
        wanted.flat_map(move |(_, slots)| slots.of(slot).within(range.clone()))
    }

    /// How long after the beginning a moment is.
    fn age(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.began)
    }

    /// The seconds of a window that ends now, by number.
    fn within(&self, now: Instant, window: Millis) -> RangeInclusive<u64> {
        self.since(now, self.age(now).saturating_sub(Duration::from_millis(window.0)))
    }

    /// The seconds from this age of the ledger on, without the one that it falls into.
    fn since(&self, now: Instant, age: Duration) -> RangeInclusive<u64> {
        let present = self.age(now).as_secs();
        let first = age.as_secs() + u64::from(age.subsec_nanos() > 0);
        first.max(present.saturating_sub(KEPT))..=present
    }
}

impl Slots {
    fn of(&self, slot: Slot) -> &Track {
        match slot {
            Slot::Blue => &self.blue,
            Slot::Green => &self.green,
        }
    }

    fn of_mut(&mut self, slot: Slot) -> &mut Track {
        match slot {
            Slot::Blue => &mut self.blue,
            Slot::Green => &mut self.green,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::datagram;
    use super::*;

    /// A ledger, and a clock that is moved by hand.
    struct Stage {
        ledger: Ledger,
        began: Instant,
        now: Instant,
    }

    impl Stage {
        fn new() -> Stage {
            let now = Instant::now();
            Stage { ledger: Ledger::new(now), began: now, now }
        }

        fn to(&mut self, ms: u64) {
            self.now = self.began + Duration::from_millis(ms);
        }

        fn request(&mut self, upstream: &str, status: &str, time: &str) {
            let line = datagram(&format!("crossfade_shop.{upstream}"), status, status, time);
            self.ledger.add(self.now, line.as_bytes());
        }

        fn window(&self, slot: Slot, service: Option<&str>, signal: Signal, seconds: u64) -> Window {
            self.ledger.window(self.now, slot, service, signal, Millis::seconds(seconds))
        }
    }

    #[test]
    fn errors_are_counted_for_their_slot_and_service() {
        let mut stage = Stage::new();
        for n in 0..100 {
            stage.to(n * 50);
            stage.request("api.green", if n % 10 == 0 { "500" } else { "200" }, "0.010");
            stage.request("web.green", "200", "0.010");
            stage.request("api.blue", "200", "0.010");
        }
        let share = |slot, service| stage.window(slot, service, Signal::Errors, 60);
        assert_eq!(share(Slot::Green, Some("api")), Window::Share { part: 10.0, of: 100.0 });
        assert_eq!(share(Slot::Green, Some("web")), Window::Share { part: 0.0, of: 100.0 });
        assert_eq!(share(Slot::Green, None), Window::Share { part: 10.0, of: 200.0 });
        assert_eq!(share(Slot::Blue, None), Window::Share { part: 0.0, of: 100.0 });
        assert_eq!(share(Slot::Blue, Some("web")), Window::Silent);
        assert_eq!(share(Slot::Blue, Some("other")), Window::Silent);
    }

    #[test]
    fn clients_that_went_away_say_nothing_of_errors_but_of_times() {
        let mut stage = Stage::new();
        let gone = datagram("crossfade_shop.api.blue", "499", "-", "3.000");
        for _ in 0..20 {
            stage.ledger.add(stage.now, gone.as_bytes());
        }
        assert_eq!(stage.window(Slot::Blue, None, Signal::Errors, 60), Window::Silent);
        let slow = stage.window(Slot::Blue, None, Signal::Time(0.95), 60).value().unwrap();
        assert!((slow - 3.0).abs() < 0.15, "{slow}");
        stage.request("api.blue", "200", "0.001");
        assert_eq!(stage.window(Slot::Blue, None, Signal::Errors, 60), Window::Share { part: 0.0, of: 1.0 });
        let tally = stage.ledger.tally(stage.now, Slot::Blue, None, Millis::seconds(60));
        assert_eq!((tally.requests, tally.errors, tally.unanswered, tally.bytes), (21, 0, 20, 21 * 123));
    }

    #[test]
    fn a_window_forgets() {
        let mut stage = Stage::new();
        for second in 0..120 {
            stage.to(second * 1_000);
            stage.request("api.green", if second < 60 { "500" } else { "200" }, "0.010");
        }
        stage.to(119_999);
        assert_eq!(stage.window(Slot::Green, None, Signal::Errors, 60), Window::Share { part: 0.0, of: 60.0 });
        assert_eq!(stage.window(Slot::Green, None, Signal::Errors, 3_600), Window::Share { part: 60.0, of: 120.0 });
        // 119.999 - 9.998 = 110.001: the seconds from 111 to 119.
        for (window, requests) in [(0, 0), (998, 0), (999, 1), (9_998, 9), (9_999, 10), (u64::MAX, 120)] {
            assert_eq!(stage.ledger.requests(stage.now, Slot::Green, Millis(window)), requests, "{window} ms");
        }
        stage.to(200_000);
        assert_eq!(stage.window(Slot::Green, None, Signal::Errors, 30), Window::Silent);
        assert_eq!(stage.window(Slot::Green, None, Signal::Time(0.5), 30), Window::Silent);
        assert_eq!(stage.window(Slot::Green, None, Signal::Rate, 30), Window::Silent);
    }

    #[test]
    fn a_window_is_an_hour_at_most() {
        let mut stage = Stage::new();
        for second in 0..10_000 {
            stage.to(second * 1_000);
            stage.request("api.green", "200", "0.010");
        }
        let of = |window| stage.window(Slot::Green, None, Signal::Errors, window).samples();
        assert_eq!((of(3_600), of(100_000)), (3_601, 3_601));
    }

    #[test]
    fn a_rate_is_of_whole_seconds() {
        let mut stage = Stage::new();
        assert_eq!(stage.window(Slot::Blue, None, Signal::Rate, 10), Window::Silent);
        for (ms, requests) in [(0, 2), (900, 1), (1_500, 4), (3_100, 9)] {
            stage.to(ms);
            (0..requests).for_each(|_| stage.request("api.blue", "200", "0.010"));
        }
        let rate = |stage: &Stage, seconds| stage.window(Slot::Blue, None, Signal::Rate, seconds);
        assert_eq!(rate(&stage, 10), Window::Points(vec![3.0, 4.0, 0.0]));
        assert_eq!(rate(&stage, 2), Window::Points(vec![4.0, 0.0]));
        stage.to(4_000);
        assert_eq!(rate(&stage, 1), Window::Points(vec![9.0]));
        stage.to(5_000);
        assert_eq!(rate(&stage, 1), Window::Silent);
    }

    #[test]
    fn a_total_forgets_nothing() {
        let mut stage = Stage::new();
        for hour in 0..3 {
            stage.to(hour * 3_700_000);
            stage.request("api.blue", "200", "0.010");
            stage.request("web.blue", "500", "0.010");
        }
        assert_eq!(stage.ledger.requests(stage.now, Slot::Blue, Millis::hours(9)), 2);
        assert_eq!(stage.ledger.total(Slot::Blue), 6);
        assert_eq!(stage.ledger.total(Slot::Green), 0);
    }

    #[test]
    fn upgraded_connections_have_no_time() {
        let mut stage = Stage::new();
        stage.request("api.blue", "200", "0.010");
        stage.request("api.blue", "101", "100.000");
        let Window::Quantile { seen, .. } = stage.window(Slot::Blue, None, Signal::Time(1.0), 10) else { panic!() };
        assert_eq!(seen.count(), 1.0);
        let tally = stage.ledger.tally(stage.now, Slot::Blue, None, Millis::seconds(10));
        assert_eq!((tally.requests, tally.upgraded, tally.errors), (2, 1, 0));
    }

    #[test]
    fn testers_are_in_no_number() {
        let mut stage = Stage::new();
        stage.request("api.green", "200", "0.010");
        let tester =
            datagram("crossfade_shop.api.green", "500", "500", "9.000").replacen('}', r#","door":"green"}"#, 1);
        (0..50).for_each(|_| stage.ledger.add(stage.now, tester.as_bytes()));
        assert_eq!((stage.ledger.testers(), stage.ledger.total(Slot::Green), stage.ledger.malformed()), (50, 1, 0));
        assert_eq!(stage.window(Slot::Green, None, Signal::Errors, 60), Window::Share { part: 0.0, of: 1.0 });
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let mut stage = Stage::new();
        assert_eq!(stage.ledger.heard(), None);
        stage.ledger.add(stage.now, b"hello");
        assert_eq!((stage.ledger.malformed(), stage.ledger.heard()), (1, None));
        for n in 0..300 {
            stage.request(&format!("service-{n}.blue"), "200", "0.010");
        }
        assert_eq!((stage.ledger.malformed(), stage.ledger.services.len()), (45, 256));
        assert_eq!(stage.ledger.heard(), Some(stage.now));
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let mut stage = Stage::new();
        stage.to(5_000);
        stage.request("api.blue", "200", "0.010");
        stage.to(2_000);
        stage.request("api.blue", "200", "0.010");
        stage.to(6_000);
        assert_eq!(stage.ledger.requests(stage.now, Slot::Blue, Millis::seconds(1)), 2);
        stage.to(2_000);
        assert_eq!(stage.window(Slot::Blue, None, Signal::Errors, 60), Window::Silent);
    }
}
