//! Secrets are not shown, in whatever form they turn up.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use std::fmt;

/// Masking shorter values would black out half of every line, and say what they are by where they are.
const LEAST_CHARACTERS: usize = 4;

/// What stands in place of a secret.
const MASKED: &str = "••••••";

/// Replaces the secrets that were resolved so far by `••••••`, in any text on its way to people.
///
/// Found as they are, URL-encoded, escaped as in JSON (also mixed), in base64 (also amid other bytes, as in
/// the `user:password` of basic authentication), and line by line when they have several. Text must be masked
/// in whole lines: a secret cut in two by a buffer's end is not seen.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that no secret hides a part of a longer one.
    needles: Vec<Needle>,
}

#[derive(Clone, PartialEq, Eq)]
enum Needle {
    /// May be written with escapes.
    Text(String),
    /// Stands as it is.
    Encoded(String),
}

impl Needle {
    fn text(&self) -> &str {
        let (Needle::Text(text) | Needle::Encoded(text)) = self;
        text
    }
}

impl Mask {
    pub fn new() -> Mask {
        Mask::default()
    }

    /// From now on this value is masked. Values under four characters are not.
    pub fn add(&mut self, secret: &str) {
        let lines = secret.lines().map(str::trim).filter(|line| *line != secret);
        for text in [secret, secret.trim()].into_iter().chain(lines) {
            if text.chars().count() >= LEAST_CHARACTERS {
                self.insert(Needle::Text(text.to_owned()));
                inner_base64(text.as_bytes()).for_each(|needle| self.insert(Needle::Encoded(needle)));
            }
        }
    }

    /// Masks the credentials of basic authentication as a whole, and the password.
    pub fn add_basic_auth(&mut self, user: &str, password: &str) {
        self.add(password);
        let both = format!("{user}:{password}");
        for needle in [BASE64_STANDARD.encode(&both), BASE64_URL_SAFE.encode(&both)] {
            self.insert(Needle::Encoded(needle));
        }
    }

    fn insert(&mut self, needle: Needle) {
        if !needle.text().is_empty() && !self.needles.contains(&needle) {
            let place = self.needles.partition_point(|other| other.text().len() >= needle.text().len());
            self.needles.insert(place, needle);
        }
    }

    /// The text without the secrets.
    pub fn mask(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        // Secrets may overlap each other: what is hidden ends at `secret`.
        let mut secret = 0;
        for (at, character) in text.char_indices() {
            if let Some(length) = self.longest_at(&text[at..]) {
                if at >= secret {
                    masked.push_str(MASKED);
                }
                secret = secret.max(at + length);
            }
            if at >= secret {
                masked.push(character);
            }
        }
        masked
    }

    /// How much of the text's beginning is a secret.
    fn longest_at(&self, text: &str) -> Option<usize> {
        let length = |needle: &Needle| match needle {
            Needle::Text(secret) => escaped_length(text, secret),
            Needle::Encoded(encoded) => text.starts_with(encoded.as_str()).then_some(encoded.len()),
        };
        self.needles.iter().filter_map(length).max()
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} forms)", self.needles.len())
    }
}

/// The base64 of the bytes at each of the three places they can have amid others, without the characters at
/// both ends that depend on the others.
fn inner_base64(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..3usize).flat_map(move |before| {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        // Whole characters that hold bits of the secret alone.
        let (start, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        [BASE64_STANDARD.encode(&padded), BASE64_URL_SAFE.encode(&padded)].map(|text| text[start..end].to_owned())
    })
}

/// How much of the text's beginning is the secret, each of its characters as it is or escaped.
fn escaped_length(text: &str, secret: &str) -> Option<usize> {
    let mut characters = secret.chars();
    let mut rests: Vec<&str> = after(text, characters.next()?).collect();
    for character in characters {
        // `\\` may be two backslashes or one that is escaped, and `%25` likewise: both readings are followed.
        rests = rests.into_iter().flat_map(|rest| after(rest, character)).collect();
        rests.sort_unstable_by_key(|rest| rest.len());
        rests.dedup_by_key(|rest| rest.len());
        if rests.is_empty() {
            break;
        }
    }
    rests.first().map(|rest| text.len() - rest.len())
}

/// What may follow this character at the beginning of the text: as it is, URL-encoded, or escaped as in JSON.
fn after(text: &str, character: char) -> impl Iterator<Item = &str> {
    let escaped = match text.as_bytes().first() {
        Some(b'%') => after_percent(text, character),
        Some(b'\\') => after_backslash(text, character),
        Some(b'+') if character == ' ' => Some(&text[1..]),
        _ => None,
    };
    text.strip_prefix(character).into_iter().chain(escaped)
}

fn after_percent(text: &str, character: char) -> Option<&str> {
    let mut buffer = [0; 4];
    character.encode_utf8(&mut buffer).bytes().try_fold(text, |rest, byte| {
        let digits = rest.strip_prefix('%')?.get(..2)?;
        (digits.bytes().all(|b| b.is_ascii_hexdigit()) && u8::from_str_radix(digits, 16) == Ok(byte))
            .then(|| &rest[3..])
    })
}

fn after_backslash(text: &str, character: char) -> Option<&str> {
    let short = match character {
        '"' | '\\' | '/' => Some(character),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        _ => None,
    };
    let escaped = text.strip_prefix('\\')?;
    if let Some(rest) = short.and_then(|short| escaped.strip_prefix(short)) {
        return Some(rest);
    }
    let mut buffer = [0; 2];
    character.encode_utf16(&mut buffer).iter().try_fold(text, |rest, unit| {
        let digits = rest.strip_prefix("\\u")?.get(..4)?;
        let same = digits.bytes().all(|b| b.is_ascii_hexdigit()) && u16::from_str_radix(digits, 16) == Ok(*unit);
        same.then(|| &rest[6..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(secrets: &[&str]) -> Mask {
        let mut mask = Mask::new();
        secrets.iter().for_each(|secret| mask.add(secret));
        mask
    }

    #[test]
    fn secrets_are_masked_in_every_form() {
        for (secret, text, expected) in [
            ("hunter2", "password=hunter2;", "password=••••••;"),
            ("hunter2", "hunter2hunter2 hunter", "•••••••••••• hunter"),
            ("a b/c", "?p=a%20b%2Fc&p=a+b%2fc&q=a b%2Fc", "?p=••••••&p=••••••&q=••••••"),
            ("p%25q", "p%25q p%2525q", "•••••• ••••••"),
            ("a\\\\b", r"a\\b a\\\\b a%5c%5Cb", "•••••• •••••• ••••••"),
            ("q\"x\\y", r#"{"p":"q\"x\\y"} q"x\y"#, r#"{"p":"••••••"} ••••••"#),
            ("line\tend", r"line\tend line\u0009end", "•••••• ••••••"),
            ("pässwort", r"pässwort p%C3%A4sswort p\u00e4sswort", "•••••• •••••• ••••••"),
            ("k😀ey", r"k\ud83d\ude00ey k%F0%9F%98%80ey", "•••••• ••••••"),
            ("a/b/c", r"a\/b\/c", "••••••"),
            ("first line\nsecond line", "x first line\nx second line", "x ••••••\nx ••••••"),
            ("padded  ", "[padded]", "[••••••]"),
            ("abc", "abc", "abc"),
            ("", "abc", "abc"),
        ] {
            assert_eq!(mask(&[secret]).mask(text), expected, "{secret:?}");
        }
    }

    #[test]
    fn the_longest_secret_wins() {
        for secrets in [["pass", "password"], ["password", "pass"]] {
            assert_eq!(mask(&secrets).mask("password pass passive"), "•••••• •••••• ••••••ive");
        }
        assert_eq!(mask(&["abcd", "cdefgh"]).mask("abcdefgh i"), "•••••• i", "they may overlap");
    }

    #[test]
    fn basic_authentication_is_masked_whole() {
        let mut mask = Mask::new();
        mask.add_basic_auth("deploy", "hunter2");
        assert_eq!(mask.mask("Authorization: Basic ZGVwbG95Omh1bnRlcjI="), "Authorization: Basic ••••••");
        assert_eq!(mask.mask("hunter2"), "••••••");
    }

    #[test]
    fn debug_output_keeps_the_secret() {
        assert!(!format!("{:?}", mask(&["hunter2"])).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn a_secret_amid_other_bytes_is_masked_in_base64(
            secret in "[!-~é]{8,40}", before in ".{0,9}", after in ".{0,9}",
        ) {
            let mask = mask(&[&secret]);
            let both = format!("{before}{secret}{after}");
            for text in [BASE64_STANDARD.encode(&both), BASE64_URL_SAFE.encode(&both), both] {
                prop_assert!(mask.mask(&text).contains(MASKED), "{}", text);
            }
        }

        #[test]
        fn a_secret_in_json_is_masked(secret in ".{4,20}", other in "[ -~]{0,20}") {
            let json = serde_json::Value::from(secret.as_str()).to_string();
            let masked = mask(&[&secret]).mask(&format!("{other}{json}"));
            prop_assert!(masked.contains(MASKED), "{}", masked);
            prop_assert!(!masked.contains(&secret));
        }

        #[test]
        fn any_text_can_be_masked(secrets in prop::collection::vec(any::<String>(), 0..4), text in any::<String>()) {
            let refs: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let masked = mask(&refs).mask(&text);
            for secret in refs.iter().filter(|secret| secret.chars().count() >= 4 && !MASKED.contains(*secret)) {
                prop_assert!(!masked.contains(*secret));
            }
        }
    }
}
