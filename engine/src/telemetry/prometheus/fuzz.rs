//! Whatever the text, it is read or has a place that is wrong; what was read is what was written; and whatever happens
//! to instances and clocks, a window never shows less than nothing. `PROPTEST_CASES` says how many of each.

use super::series::Scrapes;
use super::text::{self, Sample};
use super::{page::Page, selector};
use proptest::prelude::*;
use rollout::clock::{Millis, Timestamp};
use rollout::metric::{Aggregate, Series, Window};
use std::borrow::Cow;

const PAGE: &str = "# HELP http_requests_total Total number of \"requests\" {\n# TYPE http_requests_total counter\n\
    http_requests_total{method=\"GET\",path=\"/a{id}\\\\\\n\\\"\",status=\"200\"} 1027 1395066363000\n\
    http_requests_total{method=\"POST\",status=\"503\",} 3.0e0\n\n# TYPE seconds histogram\r\n\
    seconds_bucket{le=\"0.1\"} 5 # {trace_id=\"KOO5S4vxi0o\"} 0.067 1520879607.789\n\
    seconds_bucket{le=\"+Inf\"} 6\nseconds_sum 1.7560473e+07\nseconds_count 6\n\
    g{} NaN\n{\"a.b\",c=\"d\"} -Inf\n# EOF\n";

const SELECTOR: &str = "http_requests_total{method=\"GET\", path!=`/a\\`, status=~\"5..|4\\\\d+\",other!~'\\u00e9.*'}";

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000)
}

fn check_text(text: &str) {
    match text::parse(text) {
        Ok(samples) => {
            for sample in &samples {
                assert!(!sample.name.is_empty() && sample.labels.windows(2).all(|two| two[0].0 < two[1].0));
                assert!(sample.line >= 1 && sample.line <= text.split('\n').count());
            }
            let page = Page::read(text, Timestamp(0)).unwrap();
            let _ = page.started();
        }
        Err(error) => {
            let line = text.split('\n').nth(error.line - 1).unwrap_or_else(|| panic!("{error}"));
            assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
            assert!(error.message.chars().count() < 1_000 || text.len() > 500, "{error}");
        }
    }
}

fn check_selector(text: &str) {
    match selector::parse(text) {
        Ok(selector) => {
            let samples = text::parse(PAGE).unwrap();
            let name = selector.name();
            assert!(samples.iter().filter(|sample| selector.matches(sample)).all(|sample| sample.name == name));
        }
        Err(why) => {
            let column = why.strip_prefix("column ").and_then(|why| why.split(':').next()).unwrap();
            assert!((1..=text.chars().count() + 1).contains(&column.parse().unwrap()), "{why}");
        }
    }
}

/// What texts are made of, in no order.
fn soup(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

const OF_TEXT: &[&str] = &[
    "a",
    "b_total",
    "a_bucket",
    ":",
    "1",
    "0.1",
    "1e9",
    "NaN",
    "+Inf",
    "-",
    ".",
    "{",
    "}",
    "{}",
    "=",
    "\"",
    "\"x\"",
    "le=",
    "x=\"1\"",
    ",",
    "\\",
    "\\n",
    "\\\"",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "#",
    " # {",
    "# TYPE a counter\n",
    "# EOF",
    "é",
    "\u{feff}",
    "\u{0}",
    "\u{2028}",
    "1395066363000",
];

const OF_SELECTORS: &[&str] = &[
    "a", "up", ":", "1", "{", "}", "=", "=~", "!~", "!=", "!", "~", "\"", "'", "`", "\"5..\"", "'x'", ",", "\\", "\\d",
    "\\\\", "\\x4", "\\u00e9", "\\777", "(", ")", "[", "]", "*", "+?", "{99}", "|", "(?x)", "#", " ", "\n", "\t", "é",
    "\u{0}", "__name__",
];

/// A real text after a few accidents.
fn mutated(text: &'static str, marks: &'static str) -> impl Strategy<Value = String> {
    let accident = (0u8..6, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<char>());
    proptest::collection::vec(accident, 1..6).prop_map(move |accidents| {
        let mut chars: Vec<char> = text.chars().collect();
        for (kind, at, to, c) in accidents {
            let at = at.index(chars.len() + 1);
            let to = (at + to.index(30)).min(chars.len());
            let mark = marks.chars().nth(c as usize % marks.len()).unwrap_or(c);
            match kind {
                0 => drop(chars.drain(at..to)),
                1 => chars.insert(at, c),
                2 | 3 => chars.insert(at, mark),
                4 => {
                    let part: Vec<char> = chars[at..to].to_vec();
                    chars.splice(at..at, part);
                }
                _ => chars.truncate(at.max(1)),
            }
        }
        chars.into_iter().collect()
    })
}

type Written = (String, std::collections::BTreeMap<String, String>, f64, Option<i64>);

fn written() -> impl Strategy<Value = Vec<Written>> {
    let labels = proptest::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,4}", any::<String>(), 0..4);
    let sample =
        ("[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", labels, any::<f64>(), proptest::option::of(any::<i32>().prop_map(i64::from)));
    proptest::collection::vec(sample, 0..12).prop_map(|mut samples| {
        let mut seen = std::collections::HashSet::new();
        samples.retain(|(name, labels, ..)| seen.insert((name.clone(), labels.clone())));
        samples
    })
}

fn render(samples: &[Written], is_windows: bool) -> String {
    let line = |(name, labels, value, at): &Written| {
        let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let at = at.map(|at| format!(" {at}")).unwrap_or_default();
        format!("{name}{labels} {value:?}{at}")
    };
    samples.iter().map(line).collect::<Vec<_>>().join(if is_windows { "\r\n" } else { "\n" })
}

/// How much later, in which way, and what was counted.
type Happening = (i64, u8, Option<(f64, f64, f64)>);

/// Something that happens: seconds later (or before), to which instance, and the numbers that it tells, if it does.
fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let jump = prop_oneof![8 => 0i64..8_000, 1 => -100_000i64..100_000, 1 => any::<i32>().prop_map(i64::from)];
    let number = || prop_oneof![6 => (0u32..1_000).prop_map(f64::from), 1 => any::<f64>(), 1 => Just(f64::NAN)];
    let numbers = proptest::option::weighted(0.8, (number(), number(), number()));
    proptest::collection::vec((jump, 0u8..3, numbers), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        check_text(&text);
        check_selector(&text);
    }

    #[test]
    fn any_pieces_are_answered(text in soup(OF_TEXT), selector in soup(OF_SELECTORS)) {
        check_text(&text);
        check_selector(&selector);
    }

    #[test]
    fn any_accident_is_answered(
        text in mutated(PAGE, "{}\"\\=,# \n\r\t"),
        selector in mutated(SELECTOR, "{}\"'`\\=!~,()[]*"),
    ) {
        check_text(&text);
        check_selector(&selector);
    }

    #[test]
    fn what_was_written_is_read(samples in written(), is_windows in any::<bool>()) {
        let text = render(&samples, is_windows);
        let read = text::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        prop_assert_eq!(read.len(), samples.len());
        for (read, (name, labels, value, at)) in read.iter().zip(&samples) {
            let labels = labels.iter().map(|(name, value)| (Cow::from(name), Cow::from(value))).collect();
            let (name, at) = (Cow::from(name), at.map(Timestamp));
            let wanted = Sample { name, labels, value: *value, at, line: read.line };
            if value.is_nan() {
                prop_assert!(read.value.is_nan());
                prop_assert_eq!(&read.labels, &wanted.labels);
            } else {
                prop_assert_eq!(read, &wanted);
            }
        }
    }

    #[test]
    fn whatever_happens_no_window_is_less_than_nothing(happenings in happenings()) {
        let gauge = |take| Series::Gauge { gauge: "c_total".to_owned(), of: Some("d_total".to_owned()), take };
        let all = [
            Series::Rate("c_total".to_owned()),
            Series::Share { part: "c_total".to_owned(), of: "d_total".to_owned() },
            Series::Quantile { quantile: 0.95, histogram: "h".to_owned() },
            gauge(Aggregate::Min),
            gauge(Aggregate::Mean),
        ];
        let mut scrapes = Scrapes::new(all.clone()).keeping(Millis::seconds(60));
        let mut now = Timestamp(1_800_000_000_000);
        for (jump, instance, numbers) in happenings {
            now = Timestamp(now.0 + jump);
            let instance = format!("i{instance}");
            match numbers {
                Some((c, d, h)) => {
                    let h = format!("h_bucket{{le=\"1\"}} {c}\nh_bucket{{le=\"+Inf\"}} {h}\n");
                    let text = format!("c_total {c}\nd_total {d}\n{h}");
                    scrapes.add(&instance, now, &text).unwrap();
                }
                None => scrapes.failed(&instance, now, "refused".to_owned()),
            }
            for series in &all {
                match scrapes.window(series, Millis::seconds(30), now) {
                    Window::Share { part, of } => prop_assert!(part >= 0.0 && of >= 0.0),
                    Window::Quantile { seen, .. } => prop_assert!(seen.count() >= 0.0 && seen.quantile(0.95) >= None),
                    Window::Points(points) => {
                        prop_assert!(!points.is_empty() && points.iter().all(|point| !point.is_nan()));
                        let may_be_less = matches!(series, Series::Gauge { .. });
                        prop_assert!(may_be_less || points.iter().all(|point| *point >= 0.0));
                    }
                    Window::Extreme { value, of } => prop_assert!(!value.is_nan() && of > 0),
                    Window::Failed(why) => prop_assert!(!why.is_empty()),
                    Window::Silent => {}
                }
            }
        }
    }
}
