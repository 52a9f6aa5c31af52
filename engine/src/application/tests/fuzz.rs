//! Texts that nobody would write: each is read or refused, at a place that exists.

use super::{LEAST, SAMPLE, problems, read};
use proptest::prelude::*;
use rollout::application::{Body, Service};
use rollout::clock::Millis;
use rollout::metric::{Amount, Compare, Limit, Metric, Series, Source, Unit};
use rollout::slot::Weight;
use std::collections::BTreeSet;

#[test]
fn files_that_nest_as_deep_as_they_may_do_not_overflow_the_stack() {
    let key = ["a"; 8].join(".");
    let text = format!(
        "{LEAST}[[smoke]]\nname = \"a\"\nrequest = {{ service = \"web\", path = \"/\", json = {}1{} }}",
        format!("{{ {key} = ").repeat(75),
        " }".repeat(75),
    );
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let found = thread.spawn(move || problems(&text)).unwrap().join().unwrap();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("is nested more than 64 levels deep"), "{}", found[0]);
}

const LIKE_TOML: &str = "([a-c=.,'\"\\[\\]{}\\n 0-9é#\\\\-]|\\[\\[a\\]\\]\n|\\[b\\]\n|a = ){0,60}";

/// The sample with some of its pieces cut out, doubled, swapped for others, or overwritten.
fn mutated(cuts: &[(usize, usize, u8, char)]) -> String {
    let mut characters: Vec<char> = SAMPLE.chars().collect();
    for &(from, length, what, character) in cuts {
        let from = from % characters.len().max(1);
        let to = (from + length).min(characters.len());
        let piece: Vec<char> = characters[from.min(to)..to].to_vec();
        match what % 4 {
            0 => drop(characters.splice(from.min(to)..to, [])),
            1 => drop(characters.splice(to..to, piece)),
            2 => drop(characters.splice(from.min(to)..to, [character])),
            _ => drop(characters.splice(to..to, [character])),
        }
    }
    characters.into_iter().collect()
}

fn check_places(text: &str) -> Result<(), TestCaseError> {
    let lines: Vec<&str> = text.split('\n').collect();
    for problem in read("a.toml", text).err().unwrap_or_default() {
        prop_assert!(!problem.message.is_empty());
        prop_assert!((1..=lines.len()).contains(&problem.line), "{}", problem);
        prop_assert!((1..=lines[problem.line - 1].chars().count() + 1).contains(&problem.column), "{}", problem);
    }
    Ok(())
}

fn check_metric(metric: &Metric) -> Result<(), TestCaseError> {
    prop_assert!((1..=60).contains(&metric.name.chars().count()));
    prop_assert!(metric.window >= Millis::seconds(10) && metric.window <= Millis::hours(1));
    prop_assert!(metric.interval >= Millis::seconds(1) && metric.interval <= metric.window);
    prop_assert!(metric.min_samples > 0 && metric.failures > 0 && metric.errors > 0);
    let limit = metric.limit.map(|limit| match limit {
        Limit::Most(limit) | Limit::Least(limit) => limit,
    });
    let compare = metric.compare.map(|compare| match compare {
        Compare::Times(times) => times - 1.0,
        Compare::Plus(more) => more,
    });
    prop_assert!(compare.is_none_or(|compare| compare >= 0.0));
    prop_assert!(limit.into_iter().chain(compare).all(|number| Amount::of(number).is_some()));
    prop_assert!(metric.unit != Unit::Ratio || limit.is_none_or(|limit| (0.0..=1.0).contains(&limit)));
    match &metric.source {
        Source::Router { .. } => {}
        Source::Scrape(scrape) => {
            prop_assert!(!scrape.service.is_empty() && scrape.path.starts_with('/'));
            if let Series::Quantile { quantile, .. } = scrape.series {
                prop_assert!(quantile > 0.0 && quantile < 1.0);
            }
        }
        Source::Promql { query, .. } => {
            let tells_slots_apart = query.contains("{slot}") || query.contains("{version}");
            prop_assert!(tells_slots_apart);
        }
        Source::Command { service, command } => prop_assert!(!service.is_empty() && !command.is_empty()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        check_places(&text)?;
    }

    #[test]
    fn any_text_that_looks_like_toml_is_read_or_refused(text in LIKE_TOML) {
        check_places(&text)?;
    }

    #[test]
    fn a_changed_sample_is_read_or_refused(
        cuts in prop::collection::vec((any::<usize>(), 0..40usize, any::<u8>(), any::<char>()), 1..5),
    ) {
        let text = mutated(&cuts);
        check_places(&text)?;
        if let Ok(application) = read("a.toml", &text) {
            // Whatever is accepted keeps the promises of its types.
            let stages = &application.traffic.stages;
            prop_assert_eq!(stages.last().map(|stage| stage.weight), Some(Weight::ALL));
            prop_assert!(stages.windows(2).all(|pair| pair[0].weight < pair[1].weight));
            let routed = application.services.values().any(|service| matches!(service, Service::Routed { .. }));
            prop_assert!(routed, "nothing is routed");
            let names: BTreeSet<_> = application.metrics().iter().map(|metric| &metric.name).collect();
            prop_assert_eq!(names.len(), application.metrics().len(), "a name twice");
            application.metrics().iter().try_for_each(check_metric)?;
            for test in &application.smoke {
                if let Body::Json(json) = &test.body {
                    prop_assert!(serde_json::from_str::<serde_json::Value>(json).is_ok());
                }
            }
        }
    }
}
