//! Which release this is, and what is wrong with it. Two of the four releases of the sample are bad ones.

use std::env::{self, VarError};

/// Version and behaviour, from the environment that the image was built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub version: String,
    pub fault: Option<Fault>,
}

/// What does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The API never gets healthy.
    Unhealthy,
    /// The API is healthy, but nobody can log in.
    Login,
}

impl Release {
    /// `HOPWHISTLE_VERSION` names the release. `HOPWHISTLE_FAULT` (`unhealthy`, `login`, `none`) breaks a good
    /// one or mends a bad one.
    pub fn from_env() -> Result<Release, String> {
        Release::new(variable("HOPWHISTLE_VERSION")?.as_deref(), variable("HOPWHISTLE_FAULT")?.as_deref())
    }

    fn new(version: Option<&str>, fault: Option<&str>) -> Result<Release, String> {
        let version = version.unwrap_or("0.0.0-development");
        if version.is_empty() || !version.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+".contains(&b)) {
            return Err(format!("HOPWHISTLE_VERSION is {version:?}: expected a version such as 1.0.0"));
        }
        let fault = match fault {
            None => Fault::of(version),
            Some("none") => None,
            Some("unhealthy") => Some(Fault::Unhealthy),
            Some("login") => Some(Fault::Login),
            Some(other) => {
                return Err(format!("HOPWHISTLE_FAULT is {other:?}: expected unhealthy, login or none"));
            }
        };
        Ok(Release { version: version.to_owned(), fault })
    }
}

impl Fault {
    fn of(version: &str) -> Option<Fault> {
        match version {
            "1.2.0" => Some(Fault::Unhealthy),
            "1.3.0" => Some(Fault::Login),
            _ => None,
        }
    }
}

/// A variable that is not there or empty counts as not set: compose writes `NAME=` for one it does not know.
pub fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is not UTF-8 text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_decides_unless_the_fault_is_named() {
        let cases = [
            ("1.0.0", None, None),
            ("1.1.0", None, None),
            ("1.2.0", None, Some(Fault::Unhealthy)),
            ("1.3.0", None, Some(Fault::Login)),
            ("1.0.0", Some("unhealthy"), Some(Fault::Unhealthy)),
            ("1.0.0", Some("login"), Some(Fault::Login)),
            ("1.3.0", Some("none"), None),
        ];
        for (version, named, expected) in cases {
            let release = Release::new(Some(version), named).unwrap();
            assert_eq!(release.fault, expected, "{version} {named:?}");
        }
    }

    #[test]
    fn a_fault_or_version_nobody_knows_is_an_error() {
        assert!(Release::new(Some("1.0.0"), Some("slow")).unwrap_err().contains("unhealthy, login or none"));
        assert!(Release::new(Some("1.0\r\nx"), None).unwrap_err().contains("such as 1.0.0"));
    }
}
