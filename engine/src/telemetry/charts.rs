//! Points of the charts: what the store has, and what is added look by look.

use super::board::{Chart, Point};
use crate::store::samples::Sample;
use rollout::metric::{Metric, Unit};
use rollout::slot::Slot;

/// What the share of requests is called on its chart.
pub(crate) const SHARE: &str = "measured share";

/// Most points of a line. Beyond that every second one goes: a day-long bake is not drawn by the second.
const MOST: usize = 1_200;

pub(crate) struct Charts {
    new_slot: Slot,
    charts: Vec<(String, Chart)>,
}

impl Charts {
    /// Of these metrics, with what was measured before.
    pub(crate) fn new(metrics: &[Metric], new_slot: Slot, samples: &[Sample]) -> Charts {
        let empty = |name: &str, unit| Chart { name: name.to_owned(), unit, new: vec![], old: vec![], threshold: None };
        let mut charts = vec![(String::new(), empty(SHARE, Unit::Ratio))];
        charts.extend(metrics.iter().map(|metric| (metric.name.clone(), empty(&metric.name, metric.unit))));
        let mut charts = Charts { new_slot, charts };
        samples.iter().for_each(|sample| charts.add(sample));
        charts
    }

    pub(crate) fn add(&mut self, sample: &Sample) {
        let Some((_, chart)) = self.charts.iter_mut().find(|(metric, _)| *metric == sample.metric) else { return };
        let line = if sample.slot == self.new_slot { &mut chart.new } else { &mut chart.old };
        line.push(Point { at: sample.at, value: sample.value });
        if line.len() > MOST {
            let mut keep = false;
            line.retain(|_| {
                keep = !keep;
                keep
            });
        }
        if sample.threshold.is_some() {
            chart.threshold = sample.threshold;
        }
    }

    /// Those that have something to show.
    pub(crate) fn drawn(&self) -> Vec<Chart> {
        let has = |chart: &&Chart| !chart.new.is_empty() || !chart.old.is_empty();
        self.charts.iter().map(|(_, chart)| chart).filter(has).cloned().collect()
    }
}
