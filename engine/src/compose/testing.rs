//! For the tests of the parts: short ways to read a file, with a few variables and files around it.

use super::{Compose, Service, Variables, read};
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};

pub(super) fn variables() -> Variables {
    Variables::new([("VERSION".to_owned(), "7".to_owned())], BTreeMap::new())
}

pub(super) fn env_files(path: &str) -> Result<String> {
    match path {
        "a.env" => Ok("A=file\nB=file$VERSION\n".to_owned()),
        "b.env" => Ok("A=later\nC=$B\n".to_owned()),
        "broken.env" => Ok("A=1\nnot this\n".to_owned()),
        "secret.env" => Err(Error::from(ErrorKind::PermissionDenied)),
        _ => Err(Error::from(ErrorKind::NotFound)),
    }
}

/// A file without problems.
pub(super) fn compose(text: &str) -> Compose {
    read("f", text, &variables(), &env_files).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

/// The problems of a file: `line:column: message`, or the whole for other files.
pub(super) fn file_problems(text: &str) -> Vec<String> {
    let problems = read("f", text, &variables(), &env_files).err().unwrap_or_default();
    problems.iter().map(|problem| problem.to_string().trim_start_matches("f:").to_owned()).collect()
}

/// A service whose keys begin on line 4, column 5.
fn with(body: &str) -> String {
    format!("services:\n  s:\n    image: localhost:5000/shop:1\n    {body}\n")
}

pub(super) fn service(body: &str) -> Service {
    compose(&with(body)).services["s"].clone()
}

pub(super) fn problems(body: &str) -> Vec<String> {
    file_problems(&with(body))
}
