//! What one process answered: its samples, and what can be told from what is not among them.

use super::selector::Selector;
use super::text::{self, ParseError, Sample};
use rollout::clock::{Millis, Timestamp};
use std::collections::{BTreeSet, HashSet};

/// When the process began, in seconds since 1970: every client library tells it.
/// Source: <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.
const STARTED: &str = "process_start_time_seconds";
/// A sample that says of itself that it is older than this is of no use.
const OLD: Millis = Millis::seconds(60);
/// So many labels are named to a person.
const NAMED: usize = 8;

pub(super) struct Page<'a> {
    pub at: Timestamp,
    samples: Vec<Sample<'a>>,
    announced: HashSet<&'a str>,
}

impl<'a> Page<'a> {
    /// What was answered at this moment.
    pub fn read(text: &'a str, at: Timestamp) -> Result<Page<'a>, ParseError> {
        Ok(Page { at, samples: text::parse(text)?, announced: text::announced(text).collect() })
    }

    /// When the process began. `None` when it does not say, or speaks for several processes.
    pub fn started(&self) -> Option<f64> {
        let mut starts = self.samples.iter().filter(|sample| sample.name == STARTED);
        match (starts.next(), starts.next()) {
            (Some(start), None) if start.value.is_finite() => Some(start.value),
            _ => None,
        }
    }

    pub fn select(&self, selector: &Selector) -> impl Iterator<Item = &Sample<'a>> {
        self.samples.iter().filter(|sample| selector.matches(sample))
    }

    /// Whether a counter that is not on this page may be taken for one that has not counted yet: there is no series of
    /// status 5xx before the first one. With a wrong name, or the name of a label wrong, nothing would ever be counted.
    ///
    /// # Errors
    /// Why nothing could match.
    pub fn knows(&self, selector: &Selector) -> Result<(), String> {
        let name = selector.name();
        let labels: Vec<_> =
            self.samples.iter().filter(|sample| sample.name == name).map(|sample| &sample.labels).collect();
        if labels.is_empty() {
            let family = ["", "_total", "_bucket"].iter().filter_map(|suffix| name.strip_suffix(suffix));
            return match family.into_iter().any(|name| self.announced.contains(name)) {
                true => Ok(()),
                false => Err(format!("no series matches: there is none of the name `{name}`")),
            };
        }
        let has = |wanted: &&str| labels.iter().any(|labels| labels.iter().any(|(label, _)| label == wanted));
        match selector.needed_labels().find(|label| !has(label)) {
            None => Ok(()),
            Some(missing) => {
                let all: BTreeSet<&str> =
                    labels.iter().flat_map(|labels| labels.iter().map(|(name, _)| &**name)).collect();
                let there: Vec<&str> = all.into_iter().take(NAMED).collect();
                let there = if there.is_empty() { "has none".to_owned() } else { format!("has {}", there.join(", ")) };
                Err(format!("no series matches: `{name}` has no label `{missing}`, it {there}"))
            }
        }
    }

    /// The number of a sample.
    ///
    /// # Errors
    /// Why it is of no use.
    pub fn usable(&self, sample: &Sample) -> Result<f64, String> {
        let (name, value) = (&sample.name, sample.value);
        if !value.is_finite() {
            return Err(format!("`{name}` on line {} is {value}", sample.line));
        }
        match sample.at.map(|at| self.at - at).filter(|age| *age > OLD) {
            Some(age) => Err(format!("`{name}` on line {} is {age} old, by its own timestamp", sample.line)),
            None => Ok(value),
        }
    }

    /// The number of a sample of a counter, which counts from 0 upwards.
    ///
    /// # Errors
    /// Why it is of no use.
    pub fn counted(&self, sample: &Sample) -> Result<f64, String> {
        let value = self.usable(sample)?;
        match value >= 0.0 {
            true => Ok(value),
            false => Err(format!("`{}` on line {} is {value}, and no counter", sample.name, sample.line)),
        }
    }
}
