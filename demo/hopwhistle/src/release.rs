//! Which release this is, and what is wrong with it. More of the sample's releases are bad than good.

use std::env::{self, VarError};

/// Version and behaviour, from the environment that the image was built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub version: String,
    pub fault: Option<Fault>,
}

/// What does not work. The first two show before any user comes; the others only under traffic: see `strain.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The API never gets healthy.
    Unhealthy,
    /// The API is healthy, but nobody can log in.
    Login,
    /// 5 % of the requests fail.
    Errors,
    /// The 95th percentile of the response times is 900 ms.
    Slow,
    /// The API keeps memory of every request.
    Memory,
    /// The API leaves jobs that are never worked off.
    Queue,
    /// POST requests fail, all but the first ones.
    Post,
    /// What comes too fast is turned away.
    Load,
}

/// Every fault with the name that `HOPWHISTLE_FAULT` calls it by, and the release that has it.
const FAULTS: [(Fault, &str, &str); 8] = [
    (Fault::Unhealthy, "unhealthy", "1.2.0"),
    (Fault::Login, "login", "1.3.0"),
    (Fault::Errors, "errors", "1.6.1"),
    (Fault::Slow, "slow", "1.6.2"),
    (Fault::Memory, "memory", "1.6.3"),
    (Fault::Queue, "queue", "1.6.4"),
    (Fault::Post, "post", "1.6.5"),
    (Fault::Load, "load", "1.6.6"),
];

impl Release {
    /// `HOPWHISTLE_VERSION` names the release. `HOPWHISTLE_FAULT` (a name of [`FAULTS`], or `none`) breaks a good one
    /// or mends a bad one.
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
            Some(name) => Some(Fault::called(name)?),
        };
        Ok(Release { version: version.to_owned(), fault })
    }
}

impl Fault {
    fn of(version: &str) -> Option<Fault> {
        FAULTS.iter().find(|(_, _, release)| *release == version).map(|(fault, ..)| *fault)
    }

    fn called(wanted: &str) -> Result<Fault, String> {
        FAULTS.iter().find(|(_, name, _)| *name == wanted).map(|(fault, ..)| *fault).ok_or_else(|| {
            let names = FAULTS.map(|(_, name, _)| name).join(", ");
            format!("HOPWHISTLE_FAULT is {wanted:?}: expected {names} or none")
        })
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
            ("1.4.0", None, None),
            ("1.5.0", None, None),
            ("1.6.0", None, None),
            ("1.6.1", None, Some(Fault::Errors)),
            ("1.6.2", None, Some(Fault::Slow)),
            ("1.6.3", None, Some(Fault::Memory)),
            ("1.6.4", None, Some(Fault::Queue)),
            ("1.6.5", None, Some(Fault::Post)),
            ("1.6.6", None, Some(Fault::Load)),
            ("1.0.0", Some("unhealthy"), Some(Fault::Unhealthy)),
            ("1.0.0", Some("login"), Some(Fault::Login)),
            ("1.4.0", Some("errors"), Some(Fault::Errors)),
            ("1.4.0", Some("slow"), Some(Fault::Slow)),
            ("1.4.0", Some("memory"), Some(Fault::Memory)),
            ("1.4.0", Some("queue"), Some(Fault::Queue)),
            ("1.4.0", Some("post"), Some(Fault::Post)),
            ("1.6.1", Some("load"), Some(Fault::Load)),
            ("1.3.0", Some("none"), None),
            ("1.6.6", Some("none"), None),
        ];
        for (version, named, expected) in cases {
            let release = Release::new(Some(version), named).unwrap();
            assert_eq!(release.fault, expected, "{version} {named:?}");
        }
    }

    #[test]
    fn a_fault_or_version_nobody_knows_is_an_error() {
        let error = Release::new(Some("1.0.0"), Some("sloow")).unwrap_err();
        let expected = "expected unhealthy, login, errors, slow, memory, queue, post, load or none";
        assert!(error.contains("\"sloow\"") && error.contains(expected), "{error}");
        assert!(Release::new(Some("1.0\r\nx"), None).unwrap_err().contains("such as 1.0.0"));
    }
}
