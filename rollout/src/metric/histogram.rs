//! Counts of observations by size, and quantiles of them: as Prometheus' `histogram_quantile` has it.
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile>.

/// How many observations fell into each bucket. Bounds rise; the last one may be infinite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Upper bound (included), and how many fell between the bound before and this one.
    buckets: Vec<(f64, f64)>,
}

impl Histogram {
    /// From buckets in any order. Bounds that are no numbers, and counts that are not above zero, are left out.
    pub fn new(buckets: impl IntoIterator<Item = (f64, f64)>) -> Histogram {
        let mut buckets: Vec<(f64, f64)> = buckets.into_iter().filter(|(bound, _)| !bound.is_nan()).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        // An empty bucket stays: its bound is where the next one begins.
        buckets.iter_mut().for_each(|(_, count)| *count = if count.is_finite() { count.max(0.0) } else { 0.0 });
        buckets.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1 += next.1;
            }
            same
        });
        Histogram { buckets }
    }

    /// From cumulative counts, as Prometheus has them: how many were at most this.
    pub fn cumulative(buckets: impl IntoIterator<Item = (f64, f64)>) -> Histogram {
        let mut buckets: Vec<(f64, f64)> = buckets.into_iter().filter(|(bound, _)| !bound.is_nan()).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut below = 0.0;
        Histogram::new(buckets.into_iter().map(|(bound, count)| {
            // Counts that fall were read while they changed: take them as level.
            let own = (count - below).max(0.0);
            below = f64::max(below, count);
            (bound, own)
        }))
    }

    pub fn count(&self) -> f64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// The value below which this share of the observations lies, taken to be spread evenly inside its bucket, and the
    /// first bucket to begin at 0. In an infinite bucket: the highest finite bound. `None` without observations.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let rank = quantile.clamp(0.0, 1.0) * self.count();
        let (mut lower, mut below) = (0.0_f64, 0.0);
        for (bound, count) in self.buckets.iter().filter(|_| self.count() > 0.0) {
            if *count > 0.0 && below + count >= rank {
                if bound.is_infinite() {
                    return Some(lower);
                }
                let lower = lower.min(*bound);
                return Some(lower + (bound - lower) * ((rank - below) / count).clamp(0.0, 1.0));
            }
            below += count;
            if bound.is_finite() {
                lower = *bound;
            }
        }
        (self.count() > 0.0).then_some(lower)
    }

    /// The highest finite bound, when the quantile lies in the infinite bucket: it is more than this, and nobody knows
    /// how much more.
    pub fn quantile_is_beyond(&self, quantile: f64) -> Option<f64> {
        let infinite: f64 = self.buckets.iter().filter(|(bound, _)| bound.is_infinite()).map(|(_, count)| count).sum();
        let rank = quantile.clamp(0.0, 1.0) * self.count();
        let highest = self.buckets.iter().map(|(bound, _)| *bound).rfind(|bound| bound.is_finite());
        (infinite > 0.0 && rank > self.count() - infinite).then_some(highest.unwrap_or(0.0).max(0.0))
    }

    /// How many were more than `value`; those in its bucket are taken to be spread evenly.
    pub fn above(&self, value: f64) -> f64 {
        let mut lower = 0.0_f64;
        let mut above = 0.0;
        for (bound, count) in &self.buckets {
            if value <= lower {
                above += count;
            } else if value < *bound {
                // Of an infinite bucket nobody knows where in it they are: not held against anybody.
                above += if bound.is_finite() { count * (bound - value) / (bound - lower) } else { 0.0 };
            }
            if bound.is_finite() {
                lower = *bound;
            }
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: Option<f64>, right: f64) {
        assert!(left.is_some_and(|left| (left - right).abs() < 1e-9), "{left:?} is not {right}");
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        // Rank 95 of 100 lies in the bucket up to 0.5, 5 of its 10 observations in.
        let seen = Histogram::cumulative([(0.1, 90.0), (0.5, 100.0), (f64::INFINITY, 100.0)]);
        near(seen.quantile(0.95), 0.3);
        near(seen.quantile(0.45), 0.05);
        near(seen.quantile(1.0), 0.5);
        // Beyond the highest finite bound, that bound is all that is known.
        near(Histogram::cumulative([(1.0, 10.0), (f64::INFINITY, 100.0)]).quantile(0.95), 1.0);
        near(Histogram::cumulative([(0.1, 0.0), (0.5, 10.0)]).quantile(0.5), 0.3);
    }

    #[test]
    fn without_observations_there_is_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.95), None);
        assert_eq!(Histogram::cumulative([(0.1, 0.0), (f64::INFINITY, 0.0)]).quantile(0.95), None);
        assert_eq!(Histogram::new([(f64::NAN, 5.0), (1.0, f64::NAN)]).quantile(0.5), None);
    }

    #[test]
    fn beyond_the_last_bound_nobody_knows_how_much() {
        let seen = |infinite| Histogram::new([(0.1, 90.0), (0.5, 5.0), (f64::INFINITY, infinite)]);
        for (infinite, quantile, beyond) in [
            (0.0, 0.95, None),
            (0.0, 1.0, None),
            (5.0, 0.95, None),
            (5.0, 0.951, Some(0.5)),
            (6.0, 0.95, Some(0.5)),
            (1e6, 0.5, Some(0.5)),
        ] {
            assert_eq!(seen(infinite).quantile_is_beyond(quantile), beyond, "{infinite} {quantile}");
        }
        assert_eq!(Histogram::new([(f64::INFINITY, 3.0)]).quantile_is_beyond(0.5), Some(0.0));
        assert_eq!(Histogram::default().quantile_is_beyond(0.5), None);
    }

    #[test]
    fn how_many_are_above() {
        let seen = Histogram::new([(0.1, 90.0), (0.5, 10.0), (f64::INFINITY, 5.0)]);
        for (value, above) in [(0.0, 105.0), (0.1, 15.0), (0.3, 10.0), (0.5, 5.0), (2.0, 0.0)] {
            near(Some(seen.above(value)), above);
        }
    }

    #[test]
    fn the_slow_ones_are_not_lost_among_those_of_a_month() {
        // 200,000 fast requests since the start, then 600 slow ones: raw buckets hide them, what was added does not.
        let at = [(0.1, 150_000.0), (0.25, 200_000.0), (2.5, 200_000.0), (f64::INFINITY, 200_000.0)];
        let later = [(0.1, 150_000.0), (0.25, 200_000.0), (2.5, 200_600.0), (f64::INFINITY, 200_600.0)];
        let raw = Histogram::cumulative(later).quantile(0.95).unwrap();
        let added = later.iter().zip(at).map(|(new, old)| (new.0, new.1 - old.1));
        assert!(raw < 0.25, "{raw}");
        assert!(Histogram::cumulative(added).quantile(0.95).unwrap() > 2.0);
    }
}
