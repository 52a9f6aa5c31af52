//! Is it chance? One-sided tests at the level of 1 %: a release that is no worse is called worse in one look of a hundred
//! at the most, and it takes several looks in a row to act.

use statrs::function::beta::checked_beta_reg;

/// The 99th percentile of the standard normal distribution.
const Z: f64 = 2.326_347_874_040_841;

/// As a probability.
const LEVEL: f64 = 0.01;

/// Whether a share is above `limit` and not just by chance: if it were `limit`, so many or more of so many would come about in
/// less than one look of a hundred. The binomial distribution's own tail, because limits are small and so are counts:
/// approximations call one error in 100 requests significant for a limit of 0.1 %.
/// Source: Clopper, C. J. and Pearson, E. S. (1934), "The use of confidence or fiducial limits illustrated in the case of the
/// binomial".
pub fn share_is_above(part: f64, of: f64, limit: f64) -> bool {
    part > 0.0 && at_least(part, of, limit) < LEVEL
}

/// The same, below.
pub fn share_is_below(part: f64, of: f64, limit: f64) -> bool {
    of > 0.0 && part < of && 1.0 - at_least(part + 1.0, of, limit) < LEVEL
}

/// The probability of `part` or more hits in `of` tries that hit with `share`: the regularised incomplete beta function, which
/// also knows counts with a fraction, as rates have them.
fn at_least(part: f64, of: f64, share: f64) -> f64 {
    if part <= 0.0 || share >= 1.0 {
        return 1.0;
    }
    if part > of || share <= 0.0 {
        return 0.0;
    }
    // What cannot be worked out is no ground for a verdict.
    checked_beta_reg(part, of - part + 1.0, share).unwrap_or(1.0)
}

/// Whether the first share is above `times` the second and `plus`, and not just by chance. One success and one failure are
/// added to each, so that zeros do not look like certainty.
/// Source: Agresti, A. and Caffo, B. (2000), "Simple and effective confidence intervals for proportions".
pub fn share_is_above_share(first: (f64, f64), second: (f64, f64), times: f64, plus: f64) -> bool {
    let smoothed = |(part, of): (f64, f64)| ((part + 1.0) / (of + 2.0), of + 2.0);
    let ((p1, n1), (p2, n2)) = (smoothed(first), smoothed(second));
    let variance = p1 * (1.0 - p1) / n1 + times * times * p2 * (1.0 - p2) / n2;
    p1 - times * p2 - plus > Z * variance.sqrt()
}

/// Whether so many of the first sample lie above the second one's `quantile`, or a mark made from it, that it is not just
/// chance. Where that mark lies is uncertain, too: its sample has `second_of` observations.
pub fn too_many_above_quantile(above: f64, of: f64, quantile: f64, second_of: f64) -> bool {
    let (share, n) = ((above + 1.0) / (of + 2.0), of + 2.0);
    let expected = 1.0 - quantile;
    let variance = share * (1.0 - share) / n + quantile * expected / second_of.max(1.0);
    share - expected > Z * variance.sqrt()
}

/// Whether the first mean is above `times` the second and `plus`, and not just by chance: Welch's test, with the normal
/// distribution for Student's. With fewer than [`ENOUGH`] points on a side nothing is known of chance, and the means decide.
/// Source: Welch, B. L. (1947), "The generalization of 'Student's' problem when several different population variances are
/// involved".
pub fn mean_is_above_mean(first: &[f64], second: &[f64], times: f64, plus: f64) -> bool {
    let (one, other) = (Moments::of(first), Moments::of(second));
    let difference = one.mean - times * other.mean - plus;
    if first.len() < ENOUGH || second.len() < ENOUGH {
        return difference > 0.0;
    }
    let variance = one.variance / one.n + times * times * other.variance / other.n;
    difference > Z * variance.sqrt()
}

/// Points for a test of means.
const ENOUGH: usize = 5;

struct Moments {
    n: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(points: &[f64]) -> Moments {
        let n = points.len() as f64;
        let mean = points.iter().sum::<f64>() / n.max(1.0);
        let squares: f64 = points.iter().map(|point| (point - mean) * (point - mean)).sum();
        Moments { n, mean, variance: squares / (n - 1.0).max(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_binomial_distribution() {
        // P(X >= 1) = 1 - 0.999^100; P(X >= 3) of ten fair coins = 968 of 1024.
        for (part, of, share, tail) in [
            (1.0, 100.0, 0.001, 1.0 - 0.999_f64.powi(100)),
            (3.0, 10.0, 0.5, 968.0 / 1024.0),
            (10.0, 10.0, 0.5, 1.0 / 1024.0),
            (0.0, 10.0, 0.5, 1.0),
            (11.0, 10.0, 0.5, 0.0),
        ] {
            assert!((at_least(part, of, share) - tail).abs() < 1e-12, "{part} of {of} at {share}");
        }
    }

    #[test]
    fn how_many_errors_are_too_many_for_one_in_a_thousand() {
        for (of, many) in [(100.0, 2.0), (300.0, 3.0), (1_000.0, 5.0), (40_000.0, 56.0)] {
            assert!(share_is_above(many, of, 0.001), "{many} of {of}");
            assert!(!share_is_above(many - 1.0, of, 0.001), "{} of {of}", many - 1.0);
        }
    }

    #[test]
    fn a_few_errors_of_a_few_requests_are_chance() {
        // 3 of 40 beside none of 360, and 3 % of 40,000 beside 0.1 % of 360,000.
        assert!(!share_is_above_share((3.0, 40.0), (0.0, 360.0), 1.0, 0.0));
        assert!(share_is_above_share((1_200.0, 40_000.0), (360.0, 360_000.0), 1.0, 0.0));
        assert!(!share_is_above(2.0, 1_000.0, 0.001));
        assert!(share_is_above(50.0, 1_000.0, 0.001));
        assert!(share_is_below(900.0, 1_000.0, 0.95) && !share_is_below(9.0, 10.0, 0.95));
    }

    #[test]
    fn what_is_no_worse_is_hardly_ever_called_worse() {
        // A small generator of its own: this crate has no randomness. Binomial draws of one and the same share.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut draw = |of: u32, share: f64| {
            let hits = (0..of).filter(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 11) as f64 / (1_u64 << 53) as f64 <= share
            });
            (hits.count() as f64, f64::from(of))
        };
        let (rounds, mut wrong_beside, mut wrong_alone) = (2_000, 0, 0);
        for _ in 0..rounds {
            let (new, old) = (draw(400, 0.02), draw(1_600, 0.02));
            wrong_beside += u32::from(share_is_above_share(new, old, 1.0, 0.0));
            wrong_alone += u32::from(share_is_above(new.0, new.1, 0.02));
        }
        // 1 % are meant; 2 % are far outside of what 2,000 rounds scatter.
        assert!(wrong_beside < 40 && wrong_alone < 40, "{wrong_beside} {wrong_alone}");
        let caught = (0..200).filter(|_| share_is_above_share(draw(400, 0.08), draw(1_600, 0.02), 1.0, 0.0)).count();
        assert!(caught > 190, "{caught}");
    }

    #[test]
    fn quantiles_and_means() {
        assert!(!too_many_above_quantile(6.0, 100.0, 0.95, 900.0));
        assert!(too_many_above_quantile(30.0, 100.0, 0.95, 900.0));
        let (calm, high) = ([10.0, 11.0, 9.0, 10.0, 10.5], [20.0, 22.0, 19.0, 21.0, 20.0]);
        assert!(mean_is_above_mean(&high, &calm, 1.5, 0.0) && !mean_is_above_mean(&high, &calm, 2.0, 0.0));
        assert!(!mean_is_above_mean(&calm, &calm, 1.0, 0.0));
        // Wild points prove nothing; two points are taken as they are.
        assert!(!mean_is_above_mean(&[0.0, 100.0, 0.0, 100.0, 20.0], &calm, 1.0, 0.0));
        assert!(mean_is_above_mean(&[11.0], &[10.0], 1.0, 0.5));
    }
}
