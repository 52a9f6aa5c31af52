//! How samples of Prometheus text become a number: `rate`, `share`, `quantile` or `gauge` of a metric.

use super::asked;
use super::builtins::Numbers;
use super::item::Item;
use super::section::{Keys, Section};
use rollout::metric::{Aggregate, Series};

pub(super) const SHARE: Keys = Keys::new(&["part", "of"]);

const SHARE_LIKE: &str = "a table, like { part = 'failed_total', of = 'requests_total' }";
const ONE_OF: &str = "`rate = ..`, `share = { part = .., of = .. }`, `quantile = ..` with `histogram = ..`, \
                      or `gauge = ..`, perhaps with `of` and `take`";

const AGGREGATES: &[(&str, Aggregate)] = &[("mean", Aggregate::Mean), ("min", Aggregate::Min), ("max", Aggregate::Max)];

/// Each key, with the one that its series goes by.
const WAYS: &[(&str, &str)] = &[
    ("rate", "rate"),
    ("share", "share"),
    ("quantile", "quantile"),
    ("histogram", "quantile"),
    ("gauge", "gauge"),
    ("of", "gauge"),
    ("take", "gauge"),
];

pub(super) fn read(section: &Section, numbers: Option<&Numbers>) -> Option<Series> {
    let mut given: Vec<(Item, &str)> = WAYS.iter().filter_map(|(key, way)| Some((section.get(key)?, *way))).collect();
    given.sort_by_key(|(item, _)| item.key.span().start);
    let way = match (given.first(), numbers) {
        (Some((_, way)), _) => way,
        (None, Some(Numbers::Gauge { .. })) => "gauge",
        (None, _) => {
            section.wrong(format!("{} needs one of {ONE_OF}", section.name));
            return None;
        }
    };
    if let Some((item, other)) = given.iter().find(|(_, other)| *other != way) {
        let not = if item.name() == *other { String::new() } else { format!("belongs to `{other}`, and ") };
        item.wrong_key(format!("{not}this metric is a `{way}` already: it is exactly one of {ONE_OF}"));
        return None;
    }
    match way {
        "rate" => section.get("rate").and_then(selector).map(Series::Rate),
        "share" => section.get("share").and_then(share),
        "quantile" => quantile(section),
        _ => gauge(section, numbers),
    }
}

fn share(item: Item) -> Option<Series> {
    let section = item.section("`share`", &SHARE, SHARE_LIKE)?;
    let part = section.need("part", "the counter of what is looked for, like 'failed_total'").and_then(selector);
    let of = section.need("of", "the counter of all, like 'requests_total'").and_then(selector);
    Some(Series::Share { part: part?, of: of? })
}

fn quantile(section: &Section) -> Option<Series> {
    let quantile = section.need("quantile", "which quantile of `histogram`, like 0.95");
    let histogram = section.need("histogram", "of what `quantile` is, like 'http_request_duration_seconds'");
    let quantile = quantile.and_then(|item| {
        let quantile = item.number()?;
        if quantile <= 0.0 || quantile >= 1.0 {
            item.wrong(format!("must be above 0 and below 1, like 0.95, not {quantile}"));
            return None;
        }
        Some(quantile)
    });
    let histogram = histogram.and_then(|item| item.text_that(asked::histogram));
    Some(Series::Quantile { quantile: quantile?, histogram: histogram? })
}

fn gauge(section: &Section, numbers: Option<&Numbers>) -> Option<Series> {
    let (usual, usual_of, usual_take) = match numbers {
        Some(Numbers::Gauge { gauge, of, take }) => (Some(*gauge), *of, *take),
        _ => (None, None, Aggregate::Mean),
    };
    let gauge = match usual {
        Some(usual) => section.get("gauge").map_or(Some(usual.to_owned()), selector),
        None => section.need("gauge", "what is read, like gauge = 'queue_depth'").and_then(selector),
    };
    let of = match section.get("of") {
        Some(item) => selector(item).map(Some),
        None => Some(usual_of.map(ToOwned::to_owned)),
    };
    let take = section.get("take").map_or(Some(usual_take), |item| item.choice(AGGREGATES));
    Some(Series::Gauge { gauge: gauge?, of: of?, take: take? })
}

fn selector(item: Item) -> Option<String> {
    item.text_that(asked::selector)
}
