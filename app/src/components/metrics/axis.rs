//! Where values and times are in a chart.

use engine::telemetry::board::{Chart, Point};
use rollout::clock::Timestamp;
use rollout::metric::{Amount, Unit};

/// Across the plot, in its own units: it is stretched to whatever room there is.
pub(super) const WIDTH: f64 = 1_000.0;
/// From the bottom to the top of the plot, in pixels.
pub(super) const HEIGHT: f64 = 96.0;

/// A threshold this many times the largest number would press the lines to the ground.
const FAR: f64 = 20.0;
/// Below this an amount has no digits left: see [`Amount`].
const SMALLEST: f64 = 4e-6;
/// Between two ticks, times a power of ten. Close together, so that little of the plot is empty.
const STEPS: [f64; 8] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5];

/// A number that can be drawn and written; what is none, infinite or beyond any amount is a gap.
pub(super) fn drawable(point: &Point) -> Option<f64> {
    point.value.filter(|value| Amount::of(*value).is_some())
}

/// The values, from the bottom to the top.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// Lowest first, three or four.
    pub(super) ticks: Vec<f64>,
    pub(super) threshold: Threshold,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Threshold {
    None,
    /// A line at this value.
    At(f64),
    /// Too far away to be drawn.
    Above(f64),
    Below(f64),
}

impl Axis {
    /// Zero is always in it: half a plot is half the number. `None` when there is no number at all.
    pub(super) fn of(chart: &Chart) -> Option<Axis> {
        let values = || chart.new.iter().chain(&chart.old).filter_map(drawable);
        values().next()?;
        let (mut low, mut high) = values().fold((0.0f64, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        let largest = high.max(-low);
        let threshold = match chart.threshold.filter(|threshold| Amount::of(*threshold).is_some()) {
            None => Threshold::None,
            Some(at) if largest > 0.0 && at > FAR * largest => Threshold::Above(at),
            Some(at) if largest > 0.0 && at < -FAR * largest => Threshold::Below(at),
            Some(at) => Threshold::At(at),
        };
        if let Threshold::At(at) = threshold {
            (low, high) = (low.min(at), high.max(at));
        }
        if high - low < SMALLEST {
            high = low + if high > low { SMALLEST } else { usual(chart.unit) };
        }
        let ticks = ticks(low, high);
        let (low, high) = (ticks.first().copied()?, ticks.last().copied()?);
        Some(Axis { low, high, ticks, threshold })
    }

    /// Pixels from the top of the plot.
    pub(super) fn y(&self, value: f64) -> f64 {
        (HEIGHT * (self.high - value) / (self.high - self.low)).clamp(0.0, HEIGHT)
    }
}

/// Where nothing but zeros is known, a range that one would expect of the unit.
fn usual(unit: Unit) -> f64 {
    match unit {
        Unit::Ratio => 0.01,
        Unit::Seconds => 0.1,
        Unit::Bytes => 1e6,
        Unit::PerSecond | Unit::Number => 1.0,
    }
}

/// Round numbers around both ends: two steps from zero, three where there are numbers on both sides of it.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let most = if low < 0.0 && high > 0.0 { 3.0 } else { 2.0 };
    let first = ((high - low) / most).log10().floor() as i32 - 1;
    let steps = (first..).flat_map(|power| STEPS.map(|step| step * 10f64.powi(power)));
    // A hair more than a whole number of steps is a whole number of steps.
    let ends = |step: f64| ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
    let fits = |step: &f64| {
        let (below, above) = ends(*step);
        above - below <= most
    };
    // Two powers of ten up, a step is longer than the whole range: the search ends.
    let step = steps.take(STEPS.len() * 5).find(fits).unwrap_or(high - low);
    let (below, above) = ends(step);
    (below as i64..=above as i64).map(|count| count as f64 * step).collect()
}

/// The times, from the left to the right: the same for all charts of a rollout, so that one can look down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Span {
    /// From the first point to the last, and to what happened shortly before and after. `None` without points.
    pub(super) fn over(charts: &[Chart], marks: impl Iterator<Item = Timestamp>) -> Option<Span> {
        let times = || charts.iter().flat_map(|chart| chart.new.iter().chain(&chart.old)).map(|point| point.at.0);
        let (first, last) = (times().min()?, times().max()?);
        let long = last.saturating_sub(first);
        // What followed from the numbers matters more than what came before them.
        let (earliest, latest) = (first.saturating_sub(long / 4), last.saturating_add(long.max(60_000)));
        let (mut from, mut to) = (first, last);
        for mark in marks.map(|mark| mark.0).filter(|mark| (earliest..=latest).contains(mark)) {
            (from, to) = (from.min(mark), to.max(mark));
        }
        // A single moment is in the middle of a minute.
        if to.saturating_sub(from) < 1_000 {
            (from, to) = (from.saturating_sub(30_000), to.saturating_add(30_000));
        }
        Some(Span { from: Timestamp(from), to: Timestamp(to) })
    }

    /// Units from the left of the plot; `None` for a time outside.
    pub(super) fn x(&self, at: Timestamp) -> Option<f64> {
        (self.from..=self.to).contains(&at).then(|| {
            // As floats from the start: the whole range of times does not fit its own difference.
            let (from, to, at) = (self.from.0 as f64, self.to.0 as f64, at.0 as f64);
            (WIDTH * (at - from) / (to - from)).clamp(0.0, WIDTH)
        })
    }

    /// Both ends for people, with their dates when these are not the same.
    pub(super) fn labels(&self) -> (String, String) {
        let (from, to) = (self.from.utc(), self.to.utc());
        match from.split(' ').next() == to.split(' ').next() {
            true => (self.from.utc_time(), self.to.utc_time()),
            false => (from, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64], threshold: Option<f64>) -> Chart {
        let new = values.iter().enumerate().map(|(at, value)| Point { at: Timestamp(at as i64), value: Some(*value) });
        Chart { name: "m".to_owned(), unit: Unit::Ratio, new: new.collect(), old: vec![], threshold }
    }

    #[test]
    fn ticks_are_round_and_near() {
        let near =
            |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= b.abs() * 1e-9);
        for (values, threshold, wanted) in [
            (vec![0.0482], Some(0.001), vec![0.0, 0.025, 0.05]),
            (vec![0.0], Some(0.001), vec![0.0, 0.0005, 0.001]),
            (vec![0.0], None, vec![0.0, 0.005, 0.01]),
            (vec![0.3, 0.3, 0.3], None, vec![0.0, 0.15, 0.3]),
            (vec![0.9], Some(0.5), vec![0.0, 0.5, 1.0]),
            (vec![61.0], None, vec![0.0, 40.0, 80.0]),
            (vec![-1.0, 10.0], None, vec![-5.0, 0.0, 5.0, 10.0]),
            (vec![-3.0], None, vec![-3.0, -1.5, 0.0]),
            (vec![1e-9], None, vec![0.0, 2e-6, 4e-6]),
            (vec![9e12], None, vec![0.0, 5e12, 1e13]),
            (vec![1.0, 1e9], None, vec![0.0, 5e8, 1e9]),
        ] {
            let axis = Axis::of(&chart(&values, threshold)).unwrap();
            assert!(near(&axis.ticks, &wanted), "{values:?}: {:?}", axis.ticks);
        }
        assert_eq!(Axis::of(&chart(&[], Some(1.0))), None);
        assert_eq!(Axis::of(&chart(&[f64::NAN, f64::INFINITY, 1e300], Some(1.0))), None);
    }

    #[test]
    fn a_threshold_is_drawn_unless_it_would_flatten_the_lines() {
        for (values, threshold, wanted) in [
            (vec![0.03], Some(0.5), Threshold::At(0.5)),
            (vec![0.02], Some(0.5), Threshold::Above(0.5)),
            (vec![0.0], Some(0.5), Threshold::At(0.5)),
            (vec![5.0], Some(0.001), Threshold::At(0.001)),
            (vec![1.0], Some(-30.0), Threshold::Below(-30.0)),
            (vec![1.0], Some(f64::NAN), Threshold::None),
            (vec![1.0], None, Threshold::None),
        ] {
            assert_eq!(Axis::of(&chart(&values, threshold)).unwrap().threshold, wanted, "{values:?}");
        }
    }

    #[test]
    fn high_is_up() {
        let axis = Axis::of(&chart(&[0.5, 1.0], None)).unwrap();
        assert_eq!((axis.y(0.0), axis.y(0.5), axis.y(1.0)), (HEIGHT, HEIGHT / 2.0, 0.0));
    }

    #[test]
    fn times_reach_from_the_first_point_to_what_followed() {
        let at = |seconds: i64| Timestamp(seconds * 1_000);
        let mut points = chart(&[1.0, 1.0], None);
        for (times, marks, wanted) in [
            ([0, 100], vec![], Some((0, 100))),
            ([0, 100], vec![-20, 130], Some((-20, 130))),
            ([0, 100], vec![-26, 201], Some((0, 100))),
            ([0, 10], vec![70], Some((0, 70))),
            ([50, 50], vec![], Some((20, 80))),
        ] {
            for (point, time) in points.new.iter_mut().zip(times) {
                point.at = at(time);
            }
            let span = Span::over(std::slice::from_ref(&points), marks.into_iter().map(at));
            assert_eq!(span, wanted.map(|(from, to)| Span { from: at(from), to: at(to) }));
        }
        assert_eq!(Span::over(&[chart(&[], None)], [at(1)].into_iter()), None);
        let span = Span { from: at(0), to: at(100) };
        assert_eq!(
            [-1, 0, 50, 100, 101].map(|time| span.x(at(time))),
            [None, Some(0.0), Some(500.0), Some(1_000.0), None]
        );
        assert_eq!(Span { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) }.x(Timestamp(0)), Some(500.0));
        assert_eq!(span.labels(), ("00:00:00".to_owned(), "00:01:40".to_owned()));
        let days = Span { from: at(0), to: at(86_400) };
        assert_eq!(days.labels(), ("1970-01-01 00:00:00".to_owned(), "1970-01-02 00:00:00".to_owned()));
    }
}
