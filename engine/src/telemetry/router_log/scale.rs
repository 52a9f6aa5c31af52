//! Times by size: as fine as nginx's milliseconds below 20 ms, and within 5 % above.

use rollout::metric::Histogram;
use std::sync::LazyLock;

/// From 1 ms to 120 s each bound is this many times the one before: 120,000 to the power of 1/240, less than 5 % more.
const STEPS: usize = 240;
const FIRST: f64 = 0.001;
const LAST: f64 = 120.0;

/// The buckets' upper bounds in seconds, included in them. What is more than the last goes into one bucket more.
static BOUNDS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let bound = |step: usize| FIRST * (LAST / FIRST).powf(step as f64 / STEPS as f64);
    // Rounding must not push the round numbers at both ends into the next bucket.
    (0..=STEPS).map(|step| if step == STEPS { LAST } else { bound(step) }).collect()
});

/// The number of the bucket that this many seconds fall into.
pub(super) fn bucket(seconds: f64) -> u8 {
    // 241 bounds: never more than 241.
    u8::try_from(BOUNDS.partition_point(|bound| *bound < seconds)).unwrap_or(u8::MAX)
}

/// A histogram of counts by bucket.
pub(super) fn histogram(counts: impl IntoIterator<Item = (u8, u64)>) -> Histogram {
    let mut all = vec![0u64; BOUNDS.len() + 1];
    for (bucket, count) in counts {
        if let Some(all) = all.get_mut(usize::from(bucket)) {
            *all += count;
        }
    }
    let bounds = BOUNDS.iter().copied().chain([f64::INFINITY]);
    Histogram::new(bounds.zip(all.into_iter().map(|count| count as f64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rise_by_less_than_a_twentieth() {
        assert_eq!((BOUNDS.len(), BOUNDS[0], BOUNDS[STEPS]), (241, 0.001, 120.0));
        for pair in BOUNDS.windows(2) {
            assert!(pair[0] < pair[1] && pair[1] / pair[0] <= 1.05, "{pair:?}");
        }
    }

    #[test]
    fn every_time_has_its_bucket() {
        for (seconds, number) in [(0.0, 0), (0.001, 0), (0.0011, 2), (120.0, 240), (120.001, 241), (1e300, 241)] {
            assert_eq!(bucket(seconds), number, "{seconds}");
        }
        for ms in 1..=120_000 {
            let seconds = f64::from(ms) / 1_000.0;
            let number = usize::from(bucket(seconds));
            assert!(seconds <= BOUNDS[number], "{seconds}");
            assert!(number == 0 || seconds > BOUNDS[number - 1], "{seconds}");
        }
    }

    #[test]
    fn a_quantile_is_off_by_less_than_a_bucket() {
        for ms in [2.0, 7.0, 43.0, 480.0, 900.0, 30_000.0, 119_999.0] {
            let seen = histogram([(bucket(ms / 1_000.0), 100)]);
            for quantile in [0.01, 0.5, 0.95, 1.0] {
                let found = 1_000.0 * seen.quantile(quantile).unwrap();
                assert!((found / ms - 1.0).abs() < 0.05, "{ms} ms, {quantile}: {found}");
            }
        }
        // Beyond the scale, its end is all that is known.
        assert_eq!(histogram([(241, 5)]).quantile(0.5), Some(120.0));
        assert_eq!(histogram([]).quantile(0.5), None);
    }
}
