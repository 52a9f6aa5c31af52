//! Amounts: bytes, CPUs, processes, `ulimits`.

use super::model::Ulimit;
use super::reader::Reader;
use super::tree::{Node, Value};
use std::collections::BTreeMap;

/// `1073741824`, `512m`, `1.5g`, `64MiB`: units are powers of 1024, as Docker has them.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected an amount of memory such as 512m or 1.5g, not `{text}`");
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(wrong()),
    };
    let millionths = decimal(number, 6).ok_or_else(wrong)?;
    let bytes = (u128::from(millionths) << shift) / 1_000_000;
    i64::try_from(bytes).map(i64::unsigned_abs).map_err(|_| wrong())
}

/// Billionths of a CPU from `0.5`, `2`, `1.25`.
pub(super) fn nano_cpus(text: &str) -> Result<u64, String> {
    let cpus = decimal(text, 9).filter(|cpus| *cpus > 0 && i64::try_from(*cpus).is_ok());
    cpus.ok_or_else(|| format!("expected a number of CPUs such as 0.5 or 2, not `{text}`"))
}

/// A decimal number times ten to the power of `places`; `None` when it has more places, or is none.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) || fraction.len() > places
    {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// A number of processes; -1 is no limit.
pub(super) fn pids(text: &str) -> Result<i64, String> {
    let pids = text.parse().ok().filter(|pids| *pids == -1 || *pids > 0);
    pids.ok_or_else(|| format!("expected a number of processes, or -1 for no limit, not `{text}`"))
}

/// The limits that the engine knows.
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

pub(super) fn ulimits(reader: &mut Reader, node: &Node) -> BTreeMap<String, Ulimit> {
    let expected = "a whole number, or -1 for no limit";
    let mut limits = BTreeMap::new();
    for (key, value) in reader.entries(node, "ulimits") {
        if !ULIMITS.contains(&key.name.as_str()) {
            reader.report(key.at, format!("`{}` is not a limit: expected one of {}", key.name, ULIMITS.join(", ")));
            continue;
        }
        let before = reader.problems.len();
        let (mut soft, mut hard) = (None, None);
        if let Value::Map(_) = value.value {
            for (key, value) in reader.fields(value, &key.name) {
                match key.name.as_str() {
                    "soft" => soft = reader.number(value, "soft", expected),
                    "hard" => hard = reader.number(value, "hard", expected),
                    _ => reader.unknown(key, "a limit"),
                }
            }
        } else {
            soft = reader.number(value, &key.name, expected);
            hard = soft;
        }
        match soft.zip(hard) {
            Some((soft, hard)) if soft >= -1 && hard >= -1 => {
                limits.insert(key.name.clone(), Ulimit { soft, hard });
            }
            _ if before != reader.problems.len() => {}
            _ => {
                reader.report(key.at, format!("`{}` needs one number, or `soft` and `hard`; -1 is no limit", key.name))
            }
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems, service};
    use super::*;

    #[test]
    fn amounts_are_read() {
        for (text, expected) in [
            ("0", 0),
            ("1024", 1024),
            ("64b", 64),
            ("1k", 1024),
            ("512m", 512 << 20),
            ("512M", 512 << 20),
            ("1gb", 1 << 30),
            ("1.5g", 3 << 29),
            ("64MiB", 64 << 20),
            ("2 g", 2 << 30),
            ("1t", 1 << 40),
            ("0.5k", 512),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "m", "-1", "1x", "1mm", "1..5g", "1e3", ".", "99999999999999t", "0.1234567g", "é"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        for (text, expected) in
            [("0.5", 500_000_000), ("2", 2_000_000_000), ("1.25", 1_250_000_000), (".5", 500_000_000)]
        {
            assert_eq!(nano_cpus(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-1", "half", "1.0000000001", "99999999999999"] {
            assert!(nano_cpus(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ulimits_are_read() {
        let limits = service("ulimits: {nofile: {soft: 1024, hard: 65536}, memlock: -1, nproc: '${NOPE:-5}'}").ulimits;
        let expected = [("memlock", -1, -1), ("nofile", 1024, 65536), ("nproc", 5, 5)];
        assert_eq!(limits, expected.map(|(name, soft, hard)| (name.to_owned(), Ulimit { soft, hard })).into());
        for (body, expected) in [
            ("ulimits: {files: 1}", "4:15: `files` is not a limit: expected one of core"),
            ("ulimits: {nofile: {soft: 1}}", "4:15: `nofile` needs one number, or `soft` and `hard`"),
            ("ulimits: {nofile: -2}", "4:15: `nofile` needs one number"),
            ("ulimits: {nofile: x}", "4:23: `nofile`: expected a whole number"),
            ("ulimits: {nofile: {sof: 1, soft: 1, hard: 1}}", "4:24: `sof` is not a key"),
        ] {
            let found = problems(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].starts_with(expected), "{body}: {}", found[0]);
        }
    }
}
