//! Moments and durations as numbers. This crate is handed the time; it never asks for it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Timestamp {
    /// `2026-11-22 20:14:03`, in UTC.
    pub fn utc(self) -> String {
        let seconds = self.0.div_euclid(1_000);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3_600, second % 3_600 / 60, second % 60)
    }

    /// `20:14:03`, in UTC.
    pub fn utc_time(self) -> String {
        self.utc().split_off(11)
    }
}

/// Year, month and day of a day counted from 1970-01-01, by the proleptic Gregorian calendar. The year is taken to
/// begin in March, so that the leap day is its last: <https://howardhinnant.github.io/date_algorithms.html>.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + next, month, day)
}

impl Millis {
    pub const ZERO: Millis = Millis(0);

    pub const fn seconds(seconds: u64) -> Millis {
        Millis(seconds * 1_000)
    }

    pub const fn hours(hours: u64) -> Millis {
        Millis::seconds(hours * 3_600)
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Reads `500ms`, `10s`, `1m30s`, `24h`, `2d`.
    ///
    /// # Errors
    /// Says what was expected, in a sentence.
    pub fn parse(text: &str) -> Result<Millis, String> {
        let wrong = || format!("`{text}` is not a duration: write it like 500ms, 10s, 1m30s, 24h or 2d");
        let mut rest = text.trim();
        let mut total = 0u64;
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(digits);
            let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let scale = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return Err(wrong()),
            };
            let number: u64 = number.parse().map_err(|_| wrong())?;
            total = number.checked_mul(scale).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            rest = tail;
        }
        // Ten years: far above any use, far below where adding to a moment could overflow.
        if total > 315_360_000_000 {
            return Err(format!("`{text}` is longer than ten years"));
        }
        Ok(Millis(total))
    }
}

impl fmt::Display for Millis {
    /// `350 ms`, `4.2 s`, `1 min 30 s`, `24 h`, `2 d 4 h`: the two largest units.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0;
        if ms < 1_000 {
            return write!(f, "{ms} ms");
        }
        if ms < 10_000 {
            let tenths = ms / 100;
            return match tenths % 10 {
                0 => write!(f, "{} s", tenths / 10),
                rest => write!(f, "{}.{rest} s", tenths / 10),
            };
        }
        let s = ms / 1_000;
        let (big, small, big_unit, small_unit) = match s {
            0..60 => return write!(f, "{s} s"),
            60..3_600 => (s / 60, s % 60, "min", "s"),
            3_600..172_800 => (s / 3_600, s % 3_600 / 60, "h", "min"),
            _ => (s / 86_400, s % 86_400 / 3_600, "d", "h"),
        };
        match small {
            0 => write!(f, "{big} {big_unit}"),
            _ => write!(f, "{big} {big_unit} {small} {small_unit}"),
        }
    }
}

impl Add<Millis> for Timestamp {
    type Output = Timestamp;

    fn add(self, length: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add_unsigned(length.0))
    }
}

impl Sub for Timestamp {
    type Output = Millis;

    /// How long after `earlier`; zero if it is not after it (clocks jump).
    fn sub(self, earlier: Timestamp) -> Millis {
        Millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, ms) in
            [("0s", 0), ("500ms", 500), ("10s", 10_000), ("1m30s", 90_000), ("24h", 86_400_000), ("2d", 172_800_000)]
        {
            assert_eq!(Millis::parse(text), Ok(Millis(ms)), "{text}");
        }
        for text in ["", "10", "s", "1.5s", "-1s", "10 s", "1y", "99999999999999999999s", "4000d"] {
            assert!(Millis::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_written() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (4_250, "4.2 s"),
            (59_999, "59 s"),
            (90_000, "1 min 30 s"),
            (3_600_000, "1 h"),
            (86_400_000, "24 h"),
            (187_200_000, "2 d 4 h"),
        ] {
            assert_eq!(Millis(ms).to_string(), text);
        }
    }

    #[test]
    fn moments_are_written_in_utc() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_795_378_443_999, "2026-11-22 20:14:03"),
            (-1, "1969-12-31 23:59:59"),
        ] {
            assert_eq!(Timestamp(ms).utc(), text);
        }
        assert_eq!(Timestamp(1_795_378_443_999).utc_time(), "20:14:03");
    }

    #[test]
    fn a_clock_that_jumps_back_gives_zero() {
        assert_eq!(Timestamp(5) - Timestamp(9), Millis::ZERO);
    }
}
