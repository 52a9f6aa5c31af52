//! Numbers with a unit, as they are kept in the journal and written for people. Whole millionths: equal when they look
//! equal, and without floating point in the browser.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number in millionths of its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub i64);

/// What a number counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A part of a whole, from 0 to 1; written in percent.
    Ratio,
    /// Seconds; written in ms below 10 s.
    Seconds,
    Bytes,
    /// Events in a second.
    PerSecond,
    #[default]
    Number,
}

impl Unit {
    pub const ALL: [Unit; 5] = [Unit::Ratio, Unit::Seconds, Unit::Bytes, Unit::PerSecond, Unit::Number];

    /// As the application file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Ratio => "ratio",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            Unit::PerSecond => "per second",
            Unit::Number => "number",
        }
    }

    pub fn parse(text: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.as_str() == text)
    }
}

impl Amount {
    /// The nearest amount; `None` for what is no number, infinite, or beyond nine million million.
    pub fn of(value: f64) -> Option<Amount> {
        let scaled = (value * 1e6).round();
        // 9.2e18 is the end of i64, and every f64 below it converts without loss of its whole part.
        (scaled.is_finite() && scaled.abs() < 9.2e18).then_some(Amount(scaled as i64))
    }

    pub fn value(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// For people: `4.8 %`, `812 ms`, `1.5 GB`, `25.3/s`, `1200`.
    pub fn with(self, unit: Unit) -> Written {
        Written { amount: self, unit }
    }
}

/// An amount and its unit, to be written.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    amount: Amount,
    unit: Unit,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millionths = self.amount.0.unsigned_abs();
        if self.amount.0 < 0 {
            f.write_str("\u{2212}")?;
        }
        match self.unit {
            Unit::Ratio => write!(f, "{} %", digits(u128::from(millionths) * 100)),
            Unit::Seconds if millionths < 10_000_000 => write!(f, "{} ms", digits(u128::from(millionths) * 1_000)),
            Unit::Seconds => write!(f, "{} s", digits(u128::from(millionths))),
            Unit::PerSecond => write!(f, "{}/s", digits(u128::from(millionths))),
            Unit::Number => f.write_str(&digits(u128::from(millionths))),
            Unit::Bytes => {
                let (scale, name) = match millionths / 1_000_000 {
                    0..1_000 => (1, "B"),
                    1_000..1_000_000 => (1_000, "kB"),
                    1_000_000..1_000_000_000 => (1_000_000, "MB"),
                    _ => (1_000_000_000, "GB"),
                };
                write!(f, "{} {name}", digits(u128::from(millionths / scale)))
            }
        }
    }
}

/// Millionths as a number with about three digits that count: `0.05`, `4.82`, `48.2`, `482`, `4820`.
fn digits(millionths: u128) -> String {
    let (places, step) = match millionths {
        // Small ones keep two digits that count: a threshold of 0.1 % must not look like 0.
        0..100 => (6, 1),
        100..1_000 => (5, 10),
        1_000..10_000 => (4, 100),
        10_000..100_000 => (3, 1_000),
        100_000..10_000_000 => (2, 10_000),
        10_000_000..100_000_000 => (1, 100_000),
        _ => (0, 1_000_000),
    };
    let rounded = (millionths + step / 2) / step;
    let one = 1_000_000 / step;
    let (whole, part) = (rounded / one, rounded % one);
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{part:0places$}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        for (value, unit, text) in [
            (0.0, Unit::Ratio, "0 %"),
            (0.001, Unit::Ratio, "0.1 %"),
            (0.0482, Unit::Ratio, "4.82 %"),
            (0.000_02, Unit::Ratio, "0.002 %"),
            (1.0, Unit::Ratio, "100 %"),
            (0.5, Unit::Seconds, "500 ms"),
            (0.0123, Unit::Seconds, "12.3 ms"),
            (0.000_4, Unit::Seconds, "0.4 ms"),
            (12.0, Unit::Seconds, "12 s"),
            (61.25, Unit::Seconds, "61.3 s"),
            (512.0, Unit::Bytes, "512 B"),
            (1_500_000_000.0, Unit::Bytes, "1.5 GB"),
            (73_400_320.0, Unit::Bytes, "73.4 MB"),
            (25.34, Unit::PerSecond, "25.3/s"),
            (1_200.0, Unit::Number, "1200"),
            (0.999_999, Unit::Number, "1"),
            (9.999_9, Unit::Number, "10"),
            (-3.5, Unit::Number, "\u{2212}3.5"),
        ] {
            assert_eq!(Amount::of(value).unwrap().with(unit).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_number_is_no_amount() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e13, -1e300] {
            assert_eq!(Amount::of(value), None);
        }
        assert_eq!(Amount::of(9e12).map(Amount::value), Some(9e12));
    }
}
