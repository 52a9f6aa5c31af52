//! Verdicts in a row, and what follows from them.

use super::definition::{Metric, OnBreach};
use super::evidence::{Act, Evidence, Figure, Verdict};
use super::judge::{Judgement, judge};
use super::window::Window;
use crate::clock::{Millis, Timestamp};

/// How often in a row a metric was bad, or could not be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    failed: u32,
    blind: u32,
}

impl Watch {
    /// One look. `since_shift`: how long the weight has been as it is.
    pub fn look(
        &mut self,
        metric: &Metric,
        new: &Window,
        old: Option<&Window>,
        since_shift: Millis,
        at: Timestamp,
    ) -> Evidence {
        let mut judged = judge(metric, new, old);
        let early = since_shift < metric.delay;
        if early {
            *self = Watch::default();
            judged = Judgement {
                verdict: Verdict::Inconclusive,
                why: format!("not judged for the first {} after a shift", metric.delay),
                ..judged
            };
        } else {
            self.count(&judged);
        }
        let act = match judged.verdict {
            // What has no limit is shown, and nothing more.
            _ if metric.dry_run || (metric.limit.is_none() && metric.compare.is_none()) => Act::Pass,
            Verdict::Successful => Act::Pass,
            Verdict::Failed if self.failed >= metric.failures.max(1) => match metric.on_breach {
                OnBreach::Hold => Act::Hold,
                OnBreach::RollBack => Act::RollBack,
            },
            _ if self.blind >= metric.errors.max(1) => Act::Ask,
            _ => Act::Wait,
        };
        Evidence {
            metric: metric.name.clone(),
            at,
            verdict: judged.verdict,
            why: judged.why,
            new: judged.new,
            old: judged.old.filter(|old| *old != Figure::default()),
            threshold: judged.threshold,
            unit: metric.unit,
            window: metric.window,
            in_a_row: self.failed.max(self.blind),
            query: metric.query(),
            dry_run: metric.dry_run,
            act,
        }
    }

    /// A look without a verdict neither adds to failures in a row nor ends them: half the samples may be missing just because
    /// the release is bad.
    fn count(&mut self, judged: &Judgement) {
        match judged.verdict {
            Verdict::Failed => *self = Watch { failed: self.failed.saturating_add(1), blind: 0 },
            Verdict::Successful => *self = Watch::default(),
            Verdict::Error | Verdict::Inconclusive if judged.blind => self.blind = self.blind.saturating_add(1),
            Verdict::Error | Verdict::Inconclusive => self.blind = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::amount::Unit;
    use super::super::definition::{Limit, Signal, Source};
    use super::*;

    fn metric() -> Metric {
        Metric {
            name: "error rate".to_owned(),
            source: Source::Router { signal: Signal::Errors, service: None },
            unit: Unit::Ratio,
            limit: Some(Limit::Most(0.001)),
            compare: None,
            window: Millis::seconds(60),
            interval: Millis::seconds(5),
            min_samples: 100,
            failures: 2,
            errors: 3,
            delay: Millis::seconds(10),
            on_breach: OnBreach::RollBack,
            dry_run: false,
        }
    }

    fn acts(metric: &Metric, windows: &[Window]) -> Vec<Act> {
        let mut watch = Watch::default();
        let look = |window| watch.look(metric, window, None, Millis::seconds(30), Timestamp(0)).act;
        windows.iter().map(look).collect()
    }

    const GOOD: Window = Window::Share { part: 0.0, of: 1_000.0 };
    const BAD: Window = Window::Share { part: 50.0, of: 1_000.0 };
    const FEW: Window = Window::Share { part: 0.0, of: 10.0 };

    #[test]
    fn it_acts_after_so_many_in_a_row() {
        use Act::*;
        let down = || Window::Failed("refused".to_owned());
        for (windows, wanted) in [
            (vec![GOOD, BAD, GOOD, BAD, BAD, BAD], vec![Pass, Wait, Pass, Wait, RollBack, RollBack]),
            (vec![BAD, FEW, BAD], vec![Wait, Wait, RollBack]),
            (vec![down(), Window::Silent, down(), GOOD, down()], vec![Wait, Wait, Ask, Pass, Wait]),
            (vec![FEW, FEW, FEW, FEW], vec![Wait, Wait, Wait, Wait]),
        ] {
            assert_eq!(acts(&metric(), &windows), wanted, "{windows:?}");
        }
        let holds = Metric { on_breach: OnBreach::Hold, failures: 1, ..metric() };
        assert_eq!(acts(&holds, &[BAD]), [Hold]);
        let dry = Metric { dry_run: true, failures: 1, ..metric() };
        assert_eq!(acts(&dry, &[BAD, down(), down(), down()]), [Pass; 4]);
    }

    #[test]
    fn it_waits_before_it_judges() {
        let (metric, mut watch) = (metric(), Watch::default());
        for seconds in [0, 4, 9] {
            let early = watch.look(&metric, &BAD, None, Millis::seconds(seconds), Timestamp(0));
            assert_eq!((early.verdict, early.act), (Verdict::Inconclusive, Act::Wait));
        }
        assert_eq!(watch.look(&metric, &BAD, None, Millis::seconds(10), Timestamp(0)).act, Act::Wait);
        assert_eq!(watch.look(&metric, &BAD, None, Millis::seconds(15), Timestamp(0)).act, Act::RollBack);
    }

    #[test]
    fn a_sentence_says_it_all() {
        let mut watch = Watch::default();
        let seen = watch.look(
            &metric(),
            &Window::Share { part: 60.0, of: 1_240.0 },
            Some(&Window::Share { part: 2.0, of: 11_160.0 }),
            Millis::seconds(30),
            Timestamp(0),
        );
        assert_eq!(
            seen.sentence(),
            "error rate is 4.84 % (1240 samples in 1 min; old slot: 0.018 %, 11160 samples): over the limit of 0.1 %"
        );
        let blind = watch.look(
            &metric(),
            &Window::Failed("connection refused".to_owned()),
            None,
            Millis::seconds(30),
            Timestamp(0),
        );
        assert_eq!(blind.sentence(), "error rate: connection refused");
    }
}
