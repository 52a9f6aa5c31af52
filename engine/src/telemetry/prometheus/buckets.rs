//! What the buckets of histograms grew by from one page to the next.

use super::counter::{Key, key};
use super::page::Page;
use super::selector::Selector;
use super::track::Tracked;
use rollout::metric::Histogram;
use std::collections::HashMap;
use std::sync::Arc;

/// The label of a bucket that holds its upper bound.
const BOUND: &str = "le";

/// All histograms of one selector.
#[derive(Clone)]
pub(super) struct Buckets {
    /// Of the buckets.
    selector: Selector,
    last: HashMap<Key, Counts>,
}

/// How many were at most each bound. Bounds rise, and the last one is infinite.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counts {
    bounds: Arc<[f64]>,
    counts: Vec<f64>,
}

impl Buckets {
    /// `histogram` selects it by its own name, without `_bucket`.
    pub fn new(histogram: Selector) -> Buckets {
        Buckets { selector: histogram.with_suffix("_bucket"), last: HashMap::new() }
    }

    fn values(&self, page: &Page) -> Result<Vec<(Key, Counts)>, String> {
        let mut histograms: HashMap<Key, Vec<(f64, f64)>> = HashMap::new();
        for sample in page.select(&self.selector) {
            let bound = match sample.label(BOUND).parse::<f64>() {
                Ok(bound) if !bound.is_nan() => bound,
                _ => return Err(format!("`{}` on line {} has no bound in `{BOUND}`", sample.name, sample.line)),
            };
            let key = key(sample.labels.iter().filter(|(name, _)| name != BOUND));
            histograms.entry(key).or_default().push((bound, page.counted(sample)?));
        }
        histograms.into_iter().map(|(key, buckets)| Ok((key, self.counts(buckets)?))).collect()
    }

    fn counts(&self, mut buckets: Vec<(f64, f64)>) -> Result<Counts, String> {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let name = self.selector.name();
        if buckets.windows(2).any(|two| two[0].0 == two[1].0) {
            return Err(format!("`{name}` has two buckets of one bound"));
        }
        // Without it nobody knows how many were slower than the last bound: they would not be seen at all.
        if buckets.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
            return Err(format!("`{name}` has no bucket `{BOUND}=\"+Inf\"`, or the selector leaves it out"));
        }
        Ok(Counts {
            bounds: buckets.iter().map(|(bound, _)| *bound).collect(),
            counts: buckets.iter().map(|(_, n)| *n).collect(),
        })
    }
}

impl Tracked for Buckets {
    /// Added up for all histograms of the same bounds.
    type Seen = Vec<Counts>;

    fn knows(&self, page: &Page) -> Result<(), String> {
        page.knows(&self.selector)
    }

    fn read(&mut self, page: &Page, restarted: bool) -> Result<Vec<Counts>, String> {
        let values = self.values(page)?;
        if restarted {
            self.last.clear();
        }
        let mut grown = vec![];
        for (key, now) in values {
            let by = match self.last.get(&key) {
                None => Some(now.clone()),
                Some(before) => now.since(before),
            };
            self.last.insert(key, now);
            if let Some(by) = by {
                add(&mut grown, &by);
            }
        }
        Ok(grown)
    }
}

impl Counts {
    /// What was added since. `None` when the bounds are others now: the two cannot be told apart.
    fn since(&self, before: &Counts) -> Option<Counts> {
        if self.bounds != before.bounds {
            return None;
        }
        // A histogram begins anew as a whole, and its last bucket holds all observations. Another bucket that has fewer
        // than before was read while it changed.
        let anew = self.counts.last() < before.counts.last();
        let counts = self.counts.iter().zip(&before.counts);
        let counts = counts.map(|(now, before)| if anew { *now } else { (now - before).max(0.0) }).collect();
        Some(Counts { bounds: before.bounds.clone(), counts })
    }

    /// How many fell into each bucket. A count below the one before was read while it changed: it is taken as level.
    fn own(&self) -> impl Iterator<Item = (f64, f64)> {
        let mut below = 0.0_f64;
        self.bounds.iter().zip(&self.counts).map(move |(bound, count)| {
            let own = (count - below).max(0.0);
            below = below.max(*count);
            (*bound, own)
        })
    }
}

fn add(sums: &mut Vec<Counts>, counts: &Counts) {
    match sums.iter_mut().find(|sum| sum.bounds == counts.bounds) {
        Some(sum) => sum.counts.iter_mut().zip(&counts.counts).for_each(|(sum, count)| *sum += count),
        None => sums.push(counts.clone()),
    }
}

/// One histogram of all, also where their bounds differ: what is added up is how many fell between two bounds.
pub(super) fn merge<'a>(all: impl Iterator<Item = &'a Counts>) -> Histogram {
    let mut sums = vec![];
    all.for_each(|counts| add(&mut sums, counts));
    Histogram::new(sums.iter().flat_map(Counts::own))
}

#[cfg(test)]
mod tests {
    use super::super::selector;
    use super::*;
    use rollout::clock::Timestamp;

    fn counts(buckets: &[(f64, f64)]) -> Counts {
        Counts { bounds: buckets.iter().map(|b| b.0).collect(), counts: buckets.iter().map(|b| b.1).collect() }
    }

    const INF: f64 = f64::INFINITY;

    #[test]
    fn a_histogram_begins_anew_as_a_whole() {
        let before = counts(&[(0.1, 3.0), (1.0, 90.0), (INF, 100.0)]);
        let grown = counts(&[(0.1, 4.0), (1.0, 95.0), (INF, 110.0)]);
        assert_eq!(grown.since(&before), Some(counts(&[(0.1, 1.0), (1.0, 5.0), (INF, 10.0)])));
        // The fast ones are more than before, and yet they are all new.
        let anew = counts(&[(0.1, 5.0), (1.0, 6.0), (INF, 7.0)]);
        assert_eq!(anew.since(&before), Some(anew.clone()));
        let unsteady = counts(&[(0.1, 2.0), (1.0, 91.0), (INF, 101.0)]);
        assert_eq!(unsteady.since(&before), Some(counts(&[(0.1, 0.0), (1.0, 1.0), (INF, 1.0)])));
        assert_eq!(counts(&[(0.2, 5.0), (1.0, 6.0), (INF, 700.0)]).since(&before), None);
    }

    #[test]
    fn bounds_that_differ_are_put_together() {
        let (one, other) =
            (counts(&[(0.1, 3.0), (0.25, 5.0), (INF, 5.0)]), counts(&[(0.05, 4.0), (0.25, 6.0), (INF, 9.0)]));
        let merged = merge([&one, &other, &one].into_iter());
        assert_eq!(merged, Histogram::new([(0.05, 4.0), (0.1, 6.0), (0.25, 6.0), (INF, 3.0)]));
        let uneven = counts(&[(0.1, 3.0), (0.2, 2.0), (INF, 5.0)]);
        assert_eq!(merge([&uneven].into_iter()), Histogram::cumulative([(0.1, 3.0), (0.2, 2.0), (INF, 5.0)]));
    }

    #[test]
    fn what_is_no_histogram_is_said() {
        for (text, message) in [
            ("h_bucket{le=\"1\"} 1", "has no bucket `le=\"+Inf\"`"),
            ("h_bucket 1", "line 1 has no bound"),
            ("h_bucket{le=\"x\"} 1", "line 1 has no bound"),
            ("h_bucket{le=\"NaN\"} 1", "line 1 has no bound"),
            ("h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1", "two buckets of one bound"),
            ("h_bucket{le=\"1\"} NaN\nh_bucket{le=\"+Inf\"} 1", "line 1 is NaN"),
            ("h_bucket{le=\"+Inf\"} -1", "line 1 is -1, and no counter"),
        ] {
            let mut buckets = Buckets::new(selector::parse("h").unwrap());
            let why = buckets.read(&Page::read(text, Timestamp(0)).unwrap(), false).expect_err(text);
            assert!(why.contains(message), "{text}: {why}");
        }
    }
}
