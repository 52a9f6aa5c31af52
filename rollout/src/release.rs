//! An immutable version of an application.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The name of a release. Fits where an image tag fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(String);

impl Version {
    /// # Errors
    /// Says what a version looks like: the grammar of an image tag
    /// (<https://github.com/distribution/reference>), 1 to 128 characters.
    pub fn parse(text: &str) -> Result<Version, String> {
        let text = text.trim();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let good = text.starts_with(word) && text.len() <= 128 && text.chars().all(|c| word(c) || c == '.' || c == '-');
        if good {
            return Ok(Version(text.to_owned()));
        }
        Err("a version is 1 to 128 letters, digits, `.`, `_` or `-`, and starts with a letter or a digit: 1.4.2"
            .to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Version::parse(&text)
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Service to the image it runs, by content: `registry/name@sha256:…`, or `sha256:…` for one that only this engine has.
pub type PinnedImages = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fit_an_image_tag() {
        for good in ["1.0.0", "v2", "2024-11-01_rc.1", " 1.0.0 "] {
            assert!(Version::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".1", "-1", "1 0", "1:0", "é", "1/0", &"1".repeat(129)] {
            assert!(Version::parse(bad).is_err(), "{bad}");
        }
    }
}
