//! What a plain (unquoted) scalar of YAML is.

/// What compose takes a plain scalar for.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// A number whose text is what compose would print for it.
    Number,
    /// A number that compose prints otherwise than it is written: `1.10` becomes 1.1, `0755` becomes 493.
    OddNumber,
    Text,
}

impl Kind {
    pub fn of(text: &str) -> Kind {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            "true" | "True" | "TRUE" => Kind::Bool(true),
            "false" | "False" | "FALSE" => Kind::Bool(false),
            _ if is_canonical(text) => Kind::Number,
            _ if is_number(text) => Kind::OddNumber,
            _ => Kind::Text,
        }
    }
}

/// Whether it is written the one way in which no reader can take it for another number.
fn is_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "1"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    // Fifteen digits survive any reader's floating point; it prints a small or large one with an exponent.
    is_digits(whole)
        && is_digits(fraction)
        && whole.len() <= 15
        && digits.len() <= 16
        && (whole == "0" || !whole.starts_with('0'))
        && !fraction.ends_with('0')
        && !(whole == "0" && fraction.starts_with("000"))
        && text != "-0"
}

/// Whether YAML, in its version 1.1 or 1.2, takes it for a number.
fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    if text.starts_with('_') {
        return false;
    }
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = unsigned.strip_prefix(prefix) {
            return !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        }
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    // Rust's floats are YAML's, but for words such as `inf` and `nan`.
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') && unsigned.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_a_kind() {
        for (kind, texts) in [
            (Kind::Null, vec!["", "~", "null", "NULL"]),
            (Kind::Bool(true), vec!["true", "True"]),
            (Kind::Bool(false), vec!["false", "FALSE"]),
            (Kind::Number, vec!["0", "1", "-1", "80", "3000", "0.5", "1.25", "-0.1", "123456789012345"]),
            (
                Kind::OddNumber,
                vec![
                    "1.10",
                    "1.0",
                    "0755",
                    "0o17",
                    "0x1F",
                    "0b1",
                    "1e3",
                    "1_000",
                    "+1",
                    "-0",
                    ".5",
                    "1.",
                    ".inf",
                    "-.INF",
                    ".nan",
                    "1234567890123456789",
                    "0.00001",
                    "1e999",
                    "-0.0",
                ],
            ),
            (
                Kind::Text,
                vec![
                    "a",
                    "1.2.3",
                    "80:80",
                    "yes",
                    "no",
                    "on",
                    "nan",
                    "inf",
                    "infinity",
                    "0x",
                    "1a",
                    "-",
                    ".",
                    "+",
                    "10s",
                    "512m",
                    "_1",
                    "é",
                    "2024-01-01",
                    "tRUE",
                    "1 2",
                    "0xg",
                    "e5",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(Kind::of(text), kind, "{text}");
            }
        }
    }
}
