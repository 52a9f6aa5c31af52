//! The last hour of one service in one slot, second by second. Those without a request take no memory; an hour of 1,000
//! requests a second to two services in two slots was 4.6 MB.

use super::line::{Line, Outcome};
use super::scale;
use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// Seconds that are kept, beside the present one.
pub(super) const KEPT: u64 = 3_600;

#[derive(Debug, Default)]
pub(super) struct Track {
    /// Oldest first.
    seconds: VecDeque<Second>,
    /// Requests since the beginning of the ledger, however long ago.
    pub total: u64,
}

/// One second in which there was a request.
#[derive(Debug)]
pub(super) struct Second {
    /// Counted from the beginning of the ledger.
    pub at: u64,
    pub bytes: u64,
    pub requests: u32,
    pub errors: u32,
    pub unanswered: u32,
    pub upgraded: u32,
    /// How many fell into which bucket. A full count is followed by another one for the same bucket.
    pub times: Vec<(u8, u16)>,
}

impl Track {
    pub fn add(&mut self, at: u64, line: &Line) {
        self.total += 1;
        let seconds = &mut self.seconds;
        if seconds.back().is_none_or(|last| last.at < at) {
            if let Some(last) = seconds.back_mut() {
                last.times.shrink_to_fit();
            }
            while seconds.front().is_some_and(|first| first.at + KEPT < at) {
                seconds.pop_front();
            }
            seconds.push_back(Second::new(at));
        }
        if let Some(last) = seconds.back_mut() {
            last.add(line);
        }
    }

    /// Those in the range, in order.
    pub fn within(&self, range: RangeInclusive<u64>) -> impl Iterator<Item = &Second> {
        let first = self.seconds.partition_point(|second| second.at < *range.start());
        self.seconds.range(first..).take_while(move |second| range.contains(&second.at))
    }
}

impl Second {
    fn new(at: u64) -> Second {
        Second { at, bytes: 0, requests: 0, errors: 0, unanswered: 0, upgraded: 0, times: Vec::new() }
    }

    fn add(&mut self, line: &Line) {
        self.requests = self.requests.saturating_add(1);
        self.bytes = self.bytes.saturating_add(line.bytes);
        let count = match line.outcome {
            Outcome::Answered => None,
            Outcome::Error => Some(&mut self.errors),
            Outcome::Unanswered => Some(&mut self.unanswered),
            Outcome::Upgraded => Some(&mut self.upgraded),
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        let Some(time) = line.time else { return };
        let bucket = scale::bucket(time);
        match self.times.iter_mut().find(|(own, count)| *own == bucket && *count < u16::MAX) {
            Some((_, count)) => *count += 1,
            None => self.times.push((bucket, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::datagram;
    use super::*;

    #[test]
    fn a_busy_second_is_counted_whole() {
        let mut track = Track::default();
        let datagram = datagram("crossfade_shop.api.blue", "200", "200", "0.010");
        let line = Line::parse(datagram.as_bytes()).unwrap();
        (0..200_000).for_each(|_| track.add(7, &line));
        let [second] = track.seconds.make_contiguous() else { panic!() };
        assert_eq!((second.requests, second.times.len()), (200_000, 4));
        assert_eq!(second.times.iter().map(|(_, count)| u32::from(*count)).sum::<u32>(), 200_000);
    }

    #[test]
    fn an_hour_is_kept() {
        let mut track = Track::default();
        let datagram = datagram("crossfade_shop.api.blue", "200", "200", "0.010");
        let line = Line::parse(datagram.as_bytes()).unwrap();
        (0..10_000).for_each(|at| track.add(at, &line));
        assert_eq!((track.seconds.len(), track.total), (3_601, 10_000));
        assert_eq!(track.within(6_399..=20_000).count(), 3_601);
        assert_eq!(track.within(9_999..=9_999).count(), 1);
        assert_eq!(track.within(RangeInclusive::new(10_000, 9_000)).count(), 0);
    }
}
