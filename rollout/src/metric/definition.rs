//! A metric as the application file describes it: where its numbers come from, what they must be, and what follows
//! when they are not.

use super::amount::Unit;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// One number that is watched while traffic moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    pub name: String,
    pub source: Source,
    pub unit: Unit,
    /// What the new slot's number must be, whatever the old slot's is.
    pub limit: Option<Limit>,
    /// What it must be beside the old slot's number over the same window.
    pub compare: Option<Compare>,
    /// How far a judgement looks back.
    pub window: Millis,
    /// Between two judgements.
    pub interval: Millis,
    /// Fewer observations in the window than this are no ground for a verdict.
    pub min_samples: u64,
    /// Failed judgements in a row before it acts. At least 1.
    pub failures: u32,
    /// Judgements in a row without a number (source down, silent or stale) before a bake stops and asks a person. At least 1.
    pub errors: u32,
    /// Not judged for this long after each shift: caches warm up.
    pub delay: Millis,
    pub on_breach: OnBreach,
    /// Judged and shown, but nothing follows from it.
    pub dry_run: bool,
}

/// The good side of a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// More is a breach.
    Most(f64),
    /// Less is a breach.
    Least(f64),
}

/// How far the new slot's number may be from the old slot's, on the bad side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compare {
    /// At most this many times the old slot's.
    Times(f64),
    /// At most the old slot's and this much more, in the metric's unit.
    Plus(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnBreach {
    /// The weight stays; a person decides.
    Hold,
    RollBack,
}

/// Where a metric's numbers come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// From the router's own log: nothing to instrument. `service`: of this one only.
    Router { signal: Signal, service: Option<String> },
    /// Prometheus text, asked of each container of the service in each slot.
    Scrape(Scrape),
    /// A query to a Prometheus server. `{slot}`, `{version}` and `{application}` are filled in.
    Promql { server: String, query: String },
    /// A command in a container of the service; the last line it prints is the number.
    Command { service: String, command: Vec<String> },
}

/// What a router's log tells of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// The share of requests that the slot's services answered with 5xx, or not at all.
    Errors,
    /// This quantile (0.95) of the seconds that the services took.
    Time(f64),
    /// Requests in a second.
    Rate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scrape {
    pub service: String,
    /// The container's port; a routed service's own when not given.
    pub port: Option<u16>,
    pub path: String,
    pub series: Series,
}

/// How samples become a number. Selectors are as in PromQL: `name{label="value",other=~"5.."}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Series {
    /// What a counter grew by, a second.
    Rate(String),
    /// What one counter grew by, of what another did.
    Share { part: String, of: String },
    /// A quantile of a histogram: its name without `_bucket`.
    Quantile { quantile: f64, histogram: String },
    /// A number that goes up and down; of each container first, then over the slot and the window.
    Gauge { gauge: String, of: Option<String>, take: Aggregate },
}

/// One number of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    Min,
    Mean,
    Max,
}

impl Metric {
    /// Whether a big number is the bad one.
    pub fn more_is_worse(&self) -> bool {
        !matches!(self.limit, Some(Limit::Least(_)))
    }

    /// What is asked, in a line: a query, a series, a command.
    pub fn query(&self) -> String {
        match &self.source {
            Source::Router { signal, service } => {
                let what = match signal {
                    Signal::Errors => "upstream 5xx / requests".to_owned(),
                    Signal::Time(quantile) => format!("upstream response time, quantile {quantile}"),
                    Signal::Rate => "requests / s".to_owned(),
                };
                let of = service.as_ref().map(|service| format!(" of {service}")).unwrap_or_default();
                format!("router log: {what}{of}")
            }
            Source::Scrape(Scrape { service, path, series, .. }) => {
                format!("{service} {path}: {}", series.expression())
            }
            Source::Promql { query, .. } => query.clone(),
            Source::Command { service, command } => format!("{service}$ {}", command.join(" ")),
        }
    }
}

impl Series {
    /// In the notation of PromQL, as near as it comes.
    pub fn expression(&self) -> String {
        match self {
            Series::Rate(counter) => format!("rate({counter})"),
            Series::Share { part, of } => format!("increase({part}) / increase({of})"),
            Series::Quantile { quantile, histogram } => format!("histogram_quantile({quantile}, {histogram})"),
            Series::Gauge { gauge, of, take } => {
                let take = match take {
                    Aggregate::Min => "min",
                    Aggregate::Mean => "avg",
                    Aggregate::Max => "max",
                };
                match of {
                    Some(of) => format!("{take}_over_time({gauge} / {of})"),
                    None => format!("{take}_over_time({gauge})"),
                }
            }
        }
    }
}
