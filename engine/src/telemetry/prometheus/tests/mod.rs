//! What instances tell over time, and what the windows show of it.

mod accidents;
mod numbers;

use super::Scrapes;
use rollout::clock::{Millis, Timestamp};
use rollout::metric::{Aggregate, Series, Window};

const MINUTE: Millis = Millis::seconds(60);
const START: i64 = 1_800_000_000;

/// So many seconds after the first look.
fn at(seconds: i64) -> Timestamp {
    Timestamp((START + seconds) * 1_000)
}

fn rate(counter: &str) -> Series {
    Series::Rate(counter.to_owned())
}

fn errors() -> Series {
    Series::Share { part: "http_requests_total{status=~\"5..\"}".to_owned(), of: "http_requests_total".to_owned() }
}

fn p95() -> Series {
    Series::Quantile { quantile: 0.95, histogram: "seconds".to_owned() }
}

fn gauge(gauge: &str, of: Option<&str>, take: Aggregate) -> Series {
    Series::Gauge { gauge: gauge.to_owned(), of: of.map(str::to_owned), take }
}

fn requests(good: u64, bad: u64) -> String {
    format!("http_requests_total{{status=\"200\"}} {good}\nhttp_requests_total{{status=\"503\"}} {bad}\n")
}

fn seconds(buckets: [u64; 4]) -> String {
    let lines = ["0.1", "0.25", "2.5", "+Inf"].iter().zip(buckets);
    lines.map(|(le, count)| format!("seconds_bucket{{le=\"{le}\"}} {count}\n")).collect()
}

/// What the series shows a minute back from the last of these answers: seconds, instance, text.
fn show(series: &Series, answers: &[(i64, &str, &str)]) -> Window {
    let mut scrapes = Scrapes::new([series.clone()]);
    for (seconds, instance, text) in answers {
        scrapes.add(instance, at(*seconds), text).unwrap();
    }
    scrapes.window(series, MINUTE, at(answers.last().unwrap().0))
}

fn near(window: &Window, value: f64) {
    let shown = window.value().unwrap_or(f64::NAN);
    assert!((shown - value).abs() < 1e-6, "{window:?} is not {value}");
}

fn why(window: Window) -> String {
    match window {
        Window::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}
