//! From what both slots showed over the same time to a verdict.

use super::amount::Amount;
use super::definition::{Compare, Limit, Metric};
use super::evidence::{Figure, Verdict};
use super::statistics::{
    mean_is_above_mean, share_is_above, share_is_above_share, share_is_below, too_many_above_quantile,
};
use super::window::Window;

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub why: String,
    /// There was no number at all: the source was down, silent or stale.
    pub blind: bool,
    pub new: Figure,
    pub old: Option<Figure>,
    pub threshold: Option<Amount>,
}

/// `old` is `None` when there is nothing to compare with: all traffic is on the new slot, or both slots share what is
/// measured.
pub fn judge(metric: &Metric, new: &Window, old: Option<&Window>) -> Judgement {
    let compared = old.filter(|_| metric.compare.is_some());
    let done = |verdict, blind, why: String| Judgement {
        verdict,
        why,
        blind,
        new: figure(new),
        old: old.map(figure),
        threshold: threshold(metric, compared).and_then(Amount::of),
    };
    if let Window::Failed(why) = new {
        return done(Verdict::Error, true, why.clone());
    }
    let Some(value) = new.value() else {
        return done(Verdict::Inconclusive, true, "no data from the new slot in this window".to_owned());
    };
    if Amount::of(value).is_none() {
        return done(Verdict::Error, true, format!("{value} is no number to judge by"));
    }
    let wanted = metric.min_samples;
    if new.samples() < wanted {
        let why = format!("{} of the {wanted} samples wanted are there", new.samples());
        return done(Verdict::Inconclusive, false, why);
    }
    let mut doubts = vec![];
    if let Some(limit) = metric.limit {
        match against_limit(new, value, limit) {
            Finding::Good => {}
            Finding::MaybeChance => doubts.push(format!("{}, but that may be chance", beyond(metric, limit))),
            Finding::Unknown(bound) => doubts.push(past(metric, bound, &beyond(metric, limit))),
            Finding::Bad => return done(Verdict::Failed, false, beyond(metric, limit)),
        }
    }
    if let (Some(compare), Some(old)) = (metric.compare, compared) {
        if let Window::Failed(why) = old {
            return done(Verdict::Error, true, format!("the old slot cannot be compared with: {why}"));
        }
        let Some(reference) = old.value() else {
            return done(Verdict::Inconclusive, true, "no data from the old slot to compare with".to_owned());
        };
        if old.samples() < wanted {
            let why = format!("{} of the {wanted} samples wanted of the old slot are there", old.samples());
            return done(Verdict::Inconclusive, false, why);
        }
        let than = worse_than(metric, compare, reference);
        match against_old(metric, compare, new, old, value, reference) {
            Finding::Good => {}
            Finding::MaybeChance => doubts.push(format!("{than}, but that may be chance")),
            Finding::Unknown(bound) => doubts.push(past(metric, bound, &than)),
            Finding::Bad => return done(Verdict::Failed, false, than),
        }
    }
    match doubts.is_empty() {
        true => done(Verdict::Successful, false, passed(metric, compared)),
        false => done(Verdict::Inconclusive, false, doubts.join("; ")),
    }
}

enum Finding {
    Good,
    /// On the bad side, and not by enough to be sure.
    MaybeChance,
    /// The quantile is beyond the last bound of the histogram, and so is what it must not pass.
    Unknown(f64),
    Bad,
}

impl Finding {
    fn of(beyond: bool, surely: bool) -> Finding {
        match (beyond, surely) {
            (false, _) => Finding::Good,
            (true, false) => Finding::MaybeChance,
            (true, true) => Finding::Bad,
        }
    }
}

fn against_limit(new: &Window, value: f64, limit: Limit) -> Finding {
    let past = past_the_last_bound(new);
    let beyond = match (limit, past) {
        (Limit::Most(mark), Some(bound)) | (Limit::Least(mark), Some(bound)) if mark > bound => {
            return Finding::Unknown(bound);
        }
        (Limit::Most(_), Some(_)) => true,
        (Limit::Most(most), None) => value > most,
        (Limit::Least(least), _) => value < least,
    };
    let surely = match (new, limit) {
        (Window::Share { part, of }, Limit::Most(most)) => share_is_above(*part, *of, most),
        (Window::Share { part, of }, Limit::Least(least)) => share_is_below(*part, *of, least),
        // The quantile is above the limit when more than the rest of the observations are.
        (Window::Quantile { quantile, seen }, Limit::Most(most)) => {
            share_is_above(seen.above(most), seen.count(), 1.0 - quantile)
        }
        (Window::Quantile { quantile, seen }, Limit::Least(least)) => {
            share_is_below(seen.above(least), seen.count(), 1.0 - quantile)
        }
        // Numbers that somebody else made: they are what they are, and only several looks in a row say more.
        _ => true,
    };
    Finding::of(beyond, surely)
}

fn against_old(metric: &Metric, compare: Compare, new: &Window, old: &Window, value: f64, reference: f64) -> Finding {
    let more_is_worse = metric.more_is_worse();
    let (times, plus) = match compare {
        Compare::Times(times) => (times, 0.0),
        Compare::Plus(plus) => (1.0, plus),
    };
    if !more_is_worse {
        // The old slot's number may be at most so many times, or so much more than, the new one's.
        let beyond = reference > value * times + plus;
        let surely = match (new, old) {
            (Window::Share { part, of }, Window::Share { part: old_part, of: old_of }) => {
                share_is_above_share((*old_part, *old_of), (*part, *of), times, plus)
            }
            (Window::Points(new), Window::Points(old)) => mean_is_above_mean(old, new, times, plus),
            _ => true,
        };
        return Finding::of(beyond, surely);
    }
    let mark = reference * times + plus;
    let past = past_the_last_bound(new);
    if let Some(bound) = past.filter(|bound| mark > *bound || past_the_last_bound(old).is_some()) {
        return Finding::Unknown(bound);
    }
    let surely = match (new, old) {
        (Window::Share { part, of }, Window::Share { part: old_part, of: old_of }) => {
            share_is_above_share((*part, *of), (*old_part, *old_of), times, plus)
        }
        (Window::Quantile { quantile, seen }, Window::Quantile { seen: old_seen, .. }) => {
            too_many_above_quantile(seen.above(mark), seen.count(), *quantile, old_seen.count())
        }
        (Window::Points(new), Window::Points(old)) => mean_is_above_mean(new, old, times, plus),
        _ => true,
    };
    Finding::of(value > mark || past.is_some(), surely)
}

/// The last bound of a histogram, where the quantile is more than that: how much more, nobody knows.
fn past_the_last_bound(window: &Window) -> Option<f64> {
    match window {
        Window::Quantile { quantile, seen } => seen.quantile_is_beyond(*quantile),
        _ => None,
    }
}

/// The stricter of what the new slot's number must not pass.
fn threshold(metric: &Metric, compared: Option<&Window>) -> Option<f64> {
    let relative = match (metric.compare, compared.and_then(Window::value), metric.more_is_worse()) {
        (Some(Compare::Times(times)), Some(old), true) => Some(old * times),
        (Some(Compare::Plus(plus)), Some(old), true) => Some(old + plus),
        (Some(Compare::Times(times)), Some(old), false) => Some(old / times),
        (Some(Compare::Plus(plus)), Some(old), false) => Some(old - plus),
        _ => None,
    };
    match (metric.limit, relative) {
        (Some(Limit::Most(most)), Some(relative)) => Some(most.min(relative)),
        (Some(Limit::Least(least)), Some(relative)) => Some(least.max(relative)),
        (Some(Limit::Most(limit) | Limit::Least(limit)), None) => Some(limit),
        (None, relative) => relative,
    }
}

fn beyond(metric: &Metric, limit: Limit) -> String {
    match limit {
        Limit::Most(most) => format!("over the limit of {}", written(metric, most)),
        Limit::Least(least) => format!("under the least of {}", written(metric, least)),
    }
}

fn past(metric: &Metric, bound: f64, beyond: &str) -> String {
    format!("more than {}, the histogram's last bound: nobody can tell whether it is {beyond}", written(metric, bound))
}

fn worse_than(metric: &Metric, compare: Compare, reference: f64) -> String {
    let old = written(metric, reference);
    let side = if metric.more_is_worse() { "over" } else { "under" };
    match compare {
        Compare::Times(times) => format!("{side} the old slot's {old} by more than {times} times"),
        Compare::Plus(plus) => format!("{side} the old slot's {old} by more than {}", written(metric, plus)),
    }
}

fn passed(metric: &Metric, compared: Option<&Window>) -> String {
    match (metric.limit, metric.compare, compared) {
        (None, None, _) => "shown, without a limit".to_owned(),
        (None, Some(_), None) => "there is no traffic on the old slot to compare with".to_owned(),
        (Some(limit), ..) => match limit {
            Limit::Most(most) => format!("within the limit of {}", written(metric, most)),
            Limit::Least(least) => format!("not under the least of {}", written(metric, least)),
        },
        (None, Some(_), Some(_)) => "no worse than the old slot".to_owned(),
    }
}

fn written(metric: &Metric, value: f64) -> String {
    Amount::of(value).map_or_else(|| value.to_string(), |amount| amount.with(metric.unit).to_string())
}

fn figure(window: &Window) -> Figure {
    Figure { value: window.value().and_then(Amount::of), samples: window.samples() }
}

#[cfg(test)]
mod tests {
    use super::super::amount::Unit;
    use super::super::definition::{OnBreach, Signal, Source};
    use super::super::histogram::Histogram;
    use super::*;
    use crate::clock::Millis;
    use Verdict::*;

    fn metric(unit: Unit, limit: Option<Limit>, compare: Option<Compare>) -> Metric {
        Metric {
            name: "m".to_owned(),
            source: Source::Router { signal: Signal::Errors, service: None },
            unit,
            limit,
            compare,
            window: Millis::seconds(60),
            interval: Millis::seconds(5),
            min_samples: 30,
            failures: 2,
            errors: 3,
            delay: Millis::ZERO,
            on_breach: OnBreach::RollBack,
            dry_run: false,
        }
    }

    fn share(part: f64, of: f64) -> Window {
        Window::Share { part, of }
    }

    fn times(fast: f64, slow: f64) -> Window {
        Window::Quantile { quantile: 0.95, seen: Histogram::new([(0.1, fast), (0.5, 0.0), (1.0, slow)]) }
    }

    #[test]
    fn shares_against_a_limit() {
        let errors = metric(Unit::Ratio, Some(Limit::Most(0.001)), None);
        for (part, of, verdict) in [
            (0.0, 29.0, Inconclusive),
            (0.0, 0.0, Inconclusive),
            (0.0, 30.0, Successful),
            (1.0, 1_000.0, Successful),
            (2.0, 1_000.0, Inconclusive),
            (5.0, 100.0, Failed),
            (1_200.0, 40_000.0, Failed),
        ] {
            let judged = judge(&errors, &share(part, of), None);
            assert_eq!(judged.verdict, verdict, "{part} of {of}: {}", judged.why);
        }
        let judged = judge(&errors, &share(5.0, 100.0), None);
        assert_eq!(judged.why, "over the limit of 0.1 %");
        assert_eq!(judged.threshold, Some(Amount(1_000)));
        let ready = metric(Unit::Ratio, Some(Limit::Least(0.95)), None);
        assert_eq!(judge(&ready, &share(990.0, 1_000.0), None).verdict, Successful);
        assert_eq!(judge(&ready, &share(900.0, 1_000.0), None).verdict, Failed);
    }

    #[test]
    fn three_of_forty_roll_nothing_back_and_three_percent_do() {
        let beside = metric(Unit::Ratio, None, Some(Compare::Times(1.0)));
        assert_eq!(judge(&beside, &share(3.0, 40.0), Some(&share(0.0, 360.0))).verdict, Inconclusive);
        assert_eq!(judge(&beside, &share(1_200.0, 40_000.0), Some(&share(36.0, 360_000.0))).verdict, Failed);
        assert_eq!(judge(&beside, &share(0.0, 40.0), Some(&share(0.0, 360.0))).verdict, Successful);
        // Nothing to compare with, when all traffic is on the new slot.
        assert_eq!(judge(&beside, &share(3.0, 40.0), None).verdict, Successful);
        assert_eq!(judge(&beside, &share(3.0, 40.0), Some(&Window::Silent)).verdict, Inconclusive);
        assert_eq!(judge(&beside, &share(3.0, 40.0), Some(&share(0.0, 10.0))).verdict, Inconclusive);
        assert_eq!(judge(&beside, &share(3.0, 40.0), Some(&Window::Failed("down".to_owned()))).verdict, Error);
    }

    #[test]
    fn quantiles_against_a_limit_and_beside_the_old_slot() {
        let p95 = metric(Unit::Seconds, Some(Limit::Most(0.5)), Some(Compare::Times(1.5)));
        assert_eq!(judge(&p95, &times(1_000.0, 10.0), Some(&times(9_000.0, 90.0))).verdict, Successful);
        assert_eq!(judge(&p95, &times(900.0, 100.0), Some(&times(9_000.0, 90.0))).verdict, Failed);
        // 6 of 100 are slow where 5 may be.
        assert_eq!(judge(&p95, &times(94.0, 6.0), Some(&times(9_000.0, 90.0))).verdict, Inconclusive);
        let beside = metric(Unit::Seconds, None, Some(Compare::Times(1.5)));
        assert_eq!(judge(&beside, &times(800.0, 200.0), Some(&times(9_000.0, 90.0))).verdict, Failed);
        assert_eq!(judge(&beside, &times(800.0, 200.0), Some(&times(7_000.0, 2_000.0))).verdict, Successful);
    }

    #[test]
    fn beyond_the_last_bound_of_a_histogram_nothing_passes() {
        let seen = |slow| Window::Quantile {
            quantile: 0.95,
            seen: Histogram::new([(0.1, 100.0), (1.0, 0.0), (f64::INFINITY, slow)]),
        };
        let p95 = |limit| metric(Unit::Seconds, Some(limit), None);
        for (limit, slow, verdict) in [
            // They took more than 1 s; whether more than 2 s, nobody knows.
            (Limit::Most(2.0), 50.0, Inconclusive),
            (Limit::Most(2.0), 2.0, Successful),
            // The limit is the last bound itself: they are over it.
            (Limit::Most(1.0), 50.0, Failed),
            (Limit::Most(1.0), 6.0, Inconclusive),
            (Limit::Most(0.5), 50.0, Failed),
            (Limit::Least(2.0), 50.0, Inconclusive),
            (Limit::Least(1.0), 50.0, Successful),
        ] {
            let judged = judge(&p95(limit), &seen(slow), None);
            assert_eq!(judged.verdict, verdict, "{limit:?} {slow}: {judged:?}");
        }
        let why = judge(&p95(Limit::Most(2.0)), &seen(50.0), None).why;
        assert_eq!(
            why,
            "more than 1000 ms, the histogram's last bound: nobody can tell whether it is over the limit of 2000 ms"
        );
        let beside = |times| metric(Unit::Seconds, None, Some(Compare::Times(times)));
        for (times, slow, old_slow, verdict) in [
            (1.5, 50.0, 50.0, Inconclusive),
            (1.5, 50.0, 0.0, Failed),
            (1.5, 0.0, 50.0, Successful),
            (20.0, 50.0, 0.0, Inconclusive),
        ] {
            let judged = judge(&beside(times), &seen(slow), Some(&seen(old_slow)));
            assert_eq!(judged.verdict, verdict, "{times} {slow} {old_slow}: {judged:?}");
        }
    }

    #[test]
    fn an_extreme_rests_on_all_that_it_was_taken_of() {
        let memory = metric(Unit::Bytes, Some(Limit::Most(4e6)), None);
        for (value, of, verdict) in
            [(3e6, 30, Successful), (5e6, 30, Failed), (5e6, 29, Inconclusive), (f64::NAN, 30, Error)]
        {
            assert_eq!(judge(&memory, &Window::Extreme { value, of }, None).verdict, verdict, "{value} of {of}");
        }
    }

    #[test]
    fn numbers_of_others_are_taken_as_they_are() {
        let mut depth = metric(Unit::Number, Some(Limit::Most(100.0)), None);
        depth.min_samples = 1;
        for (points, verdict) in [(vec![40.0], Successful), (vec![100.0, 120.0], Failed), (vec![], Inconclusive)] {
            assert_eq!(judge(&depth, &Window::Points(points), None).verdict, verdict);
        }
        let mut memory = metric(Unit::Bytes, None, Some(Compare::Times(1.5)));
        memory.min_samples = 1;
        let (calm, grown) =
            (Window::Points(vec![30e6; 8]), Window::Points((0..8).map(|n| 60e6 + 5e6 * f64::from(n)).collect()));
        assert_eq!(judge(&memory, &grown, Some(&calm)).verdict, Failed);
        assert_eq!(judge(&memory, &calm, Some(&calm)).verdict, Successful);
        let mut calls = metric(Unit::Number, Some(Limit::Least(1.0)), Some(Compare::Times(2.0)));
        calls.min_samples = 1;
        assert_eq!(judge(&calls, &Window::Points(vec![2.0]), Some(&Window::Points(vec![9.0]))).verdict, Failed);
        assert_eq!(judge(&calls, &Window::Points(vec![6.0]), Some(&Window::Points(vec![9.0]))).verdict, Successful);
    }

    #[test]
    fn what_is_no_number_never_passes() {
        let errors = metric(Unit::Ratio, Some(Limit::Most(0.001)), None);
        for window in [
            Window::Silent,
            Window::Failed("refused".to_owned()),
            Window::Points(vec![]),
            Window::Points(vec![f64::NAN]),
            Window::Points(vec![f64::INFINITY]),
            share(f64::NAN, f64::NAN),
            share(0.0, f64::NAN),
            share(1.0, f64::INFINITY),
            Window::Quantile { quantile: 0.95, seen: Histogram::default() },
        ] {
            let judged = judge(&errors, &window, None);
            assert!(matches!(judged.verdict, Error | Inconclusive), "{window:?}: {judged:?}");
        }
        assert_eq!(judge(&errors, &Window::Failed("refused".to_owned()), None).why, "refused");
    }
}
