//! Lines for whoever reads the container's log. A closed pipe must not bring the service down, so unlike
//! `println!` these ignore that nobody listens.

use std::io::Write;

/// Something happened.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Something is wrong.
pub fn error(text: &str) {
    let _ = writeln!(std::io::stderr(), "error: {text}");
}
