//! One slot's points as paths.

use super::axis::{Axis, Span, WIDTH, drawable};
use engine::telemetry::board::Point;
use rollout::clock::Timestamp;
use std::fmt::Write;

/// More points than this are thinned: there are no more pixels.
const MOST: usize = 300;
/// Each keeps its lowest and its highest point.
const COLUMNS: f64 = (MOST / 2) as f64;

/// What is drawn of a slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// Straight from point to point, with gaps where there is no number.
    pub(super) path: String,
    /// Points that no line leads to, and the last one: lines of no length, which are round dots at any width.
    pub(super) dots: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Spot {
    x: f64,
    value: f64,
}

impl Line {
    pub(super) fn of(points: &[Point], axis: &Axis, span: &Span) -> Line {
        let mut line = Line::default();
        let runs = runs(points, span);
        for (index, run) in runs.iter().enumerate() {
            for (place, spot) in run.iter().enumerate() {
                let letter = if place == 0 { 'M' } else { 'L' };
                push(&mut line.path, letter, spot, axis);
            }
            if let ([only], _) | ([.., only], true) = (run.as_slice(), index + 1 == runs.len()) {
                push(&mut line.dots, 'M', only, axis);
                line.dots.push_str("h0");
            }
            // A lone point is a dot, and no line.
            if run.len() == 1 {
                line.path.truncate(line.path.rfind('M').unwrap_or(0));
            }
        }
        line
    }
}

/// The last number, and when it was.
pub(super) fn last(points: &[Point]) -> Option<(f64, Timestamp)> {
    points.iter().rev().find_map(|point| Some((drawable(point)?, point.at)))
}

fn push(path: &mut String, letter: char, spot: &Spot, axis: &Axis) {
    // Writing into a string does not fail.
    let _ = write!(path, "{letter}{} {}", short(spot.x), short(axis.y(spot.value)));
}

/// With one digit behind the point, where it is not nought. Never `-0`.
pub(super) fn short(number: f64) -> String {
    let tenths = (number * 10.0).round() as i64;
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        _ => format!("{:.1}", tenths as f64 / 10.0),
    }
}

/// Points without a gap between them, from the left to the right.
fn runs(points: &[Point], span: &Span) -> Vec<Vec<Spot>> {
    // A clock that was set back must not draw a line backwards.
    let mut points: Vec<&Point> = points.iter().collect();
    points.sort_by_key(|point| point.at);
    let spots = points.into_iter().filter_map(|point| {
        let x = span.x(point.at)?;
        Some((x, drawable(point).map(|value| Spot { x, value })))
    });
    let spots: Vec<(f64, Option<Spot>)> = spots.collect();
    let thin = spots.iter().filter(|(_, spot)| spot.is_some()).count() > MOST;
    let mut runs = vec![vec![]];
    let mut column = Column::default();
    for (x, spot) in spots {
        let Some(spot) = spot else {
            column.gap = true;
            continue;
        };
        let here = if thin { Some((x * COLUMNS / WIDTH).min(COLUMNS - 1.0) as u32) } else { None };
        if here.is_none() || here != column.number {
            column.flush(&mut runs);
            column.number = here;
        }
        column.add(spot);
    }
    column.flush(&mut runs);
    runs.retain(|run| !run.is_empty());
    runs
}

/// What falls together in one place of the plot.
#[derive(Default)]
struct Column {
    number: Option<u32>,
    lowest: Option<Spot>,
    highest: Option<Spot>,
    /// There was no number since the last one. Within a column that is too narrow to be seen.
    gap: bool,
    /// There was no number before the first one of this column.
    after_gap: bool,
}

impl Column {
    fn add(&mut self, spot: Spot) {
        if self.lowest.is_none() {
            self.after_gap = self.gap;
        }
        self.gap = false;
        if self.lowest.is_none_or(|lowest| spot.value < lowest.value) {
            self.lowest = Some(spot);
        }
        if self.highest.is_none_or(|highest| spot.value > highest.value) {
            self.highest = Some(spot);
        }
    }

    fn flush(&mut self, runs: &mut Vec<Vec<Spot>>) {
        let (Some(lowest), Some(highest)) = (self.lowest.take(), self.highest.take()) else { return };
        if self.after_gap {
            runs.push(vec![]);
        }
        let Some(run) = runs.last_mut() else { return };
        let (first, second) = if lowest.x <= highest.x { (lowest, highest) } else { (highest, lowest) };
        run.push(first);
        if second != first {
            run.push(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::telemetry::board::Chart;
    use rollout::metric::Unit;

    fn line(values: &[Option<f64>]) -> Line {
        let points: Vec<Point> = values
            .iter()
            .enumerate()
            .map(|(at, value)| Point { at: Timestamp(at as i64 * 1_000), value: *value })
            .collect();
        let span = Span { from: Timestamp(0), to: Timestamp((values.len().max(2) as i64 - 1) * 1_000) };
        let chart = Chart { name: String::new(), unit: Unit::Number, new: points, old: vec![], threshold: Some(1.0) };
        let Some(axis) = Axis::of(&chart) else { return Line::default() };
        Line::of(&chart.new, &axis, &span)
    }

    #[test]
    fn points_become_paths_with_gaps() {
        let (zero, half, one, none) = (Some(0.0), Some(0.5), Some(1.0), None);
        for (values, path, dots) in [
            (vec![], "", ""),
            (vec![none, none], "", ""),
            (vec![one], "", "M0 0h0"),
            (vec![zero, one], "M0 96L1000 0", "M1000 0h0"),
            (vec![one, one, one], "M0 0L500 0L1000 0", "M1000 0h0"),
            (vec![zero, one, none, half, half], "M0 96L250 0M750 48L1000 48", "M1000 48h0"),
            (vec![one, none, half, none, zero], "", "M0 0h0M500 48h0M1000 96h0"),
            (vec![none, zero, one, none], "M333.3 96L666.7 0", "M666.7 0h0"),
            (vec![zero, one, Some(f64::NAN), zero, zero], "M0 96L250 0M750 96L1000 96", "M1000 96h0"),
            (vec![zero, one, none, one], "M0 96L333.3 0", "M1000 0h0"),
        ] {
            assert_eq!(line(&values), Line { path: path.to_owned(), dots: dots.to_owned() }, "{values:?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_draws_no_loop() {
        let points = [3, 1, 2].map(|at| Point { at: Timestamp(at * 1_000), value: Some(1.0) });
        let span = Span { from: Timestamp(1_000), to: Timestamp(3_000) };
        let xs: Vec<f64> = runs(&points, &span).concat().iter().map(|spot| spot.x).collect();
        assert_eq!(xs, [0.0, 500.0, 1_000.0]);
    }

    #[test]
    fn many_points_keep_their_peaks_and_their_gaps() {
        let mut values: Vec<Option<f64>> = (0..10_000).map(|at| Some(f64::from(at % 7) / 10.0)).collect();
        values[4_321] = Some(1.0);
        values[6_000..6_200].fill(None);
        let points: Vec<Point> =
            values.iter().enumerate().map(|(at, value)| Point { at: Timestamp(at as i64), value: *value }).collect();
        let span = Span { from: Timestamp(0), to: Timestamp(9_999) };
        let runs = runs(&points, &span);
        assert_eq!(runs.len(), 2);
        let spots = runs.concat();
        assert!(spots.len() <= MOST, "{}", spots.len());
        assert!(spots.iter().any(|spot| spot.value == 1.0));
        assert!(spots.is_sorted_by(|a, b| a.x <= b.x));
        let (end, begin) = (runs[0].last().unwrap().x, runs[1][0].x);
        assert!((590.0..=600.1).contains(&end) && (620.0..630.0).contains(&begin), "{end} {begin}");
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [(0.0, "0"), (-0.01, "0"), (12.34, "12.3"), (12.96, "13"), (-0.25, "-0.3"), (1e3, "1000")]
        {
            assert_eq!(short(number), text);
        }
    }
}
