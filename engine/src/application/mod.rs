//! The application file: from its text to a valid [`Application`], or to every problem in it with its place.
//!
//! `docs/application-file.md` says what each key means. The text is parsed once, keeping where each key and
//! value stands; each section of the file is read by the module of its name. A value that cannot be read is
//! reported and stands in as its default, so that the rest of the file is still looked at; nothing that has
//! a problem leaves [`read`].

mod asked;
mod builtins;
mod caddy;
mod cross_check;
mod digitalocean;
mod dns;
mod embedded;
mod haproxy;
mod health;
mod item;
mod json;
mod limits;
mod lint;
mod metric;
mod migrate;
mod monitor;
mod nginx;
mod possible;
mod problems;
mod program;
mod registry;
mod requires;
mod root;
mod section;
mod series;
mod services;
mod smoke;
mod source;
mod stages;
mod suggest;
mod syntax;
mod traefik;
mod traffic;
pub mod variables;
pub(crate) mod words;

#[cfg(test)]
mod tests;

pub use cross_check::cross_check;
pub use traffic::routers;

use crate::compose::Problem;
use problems::Problems;
use rollout::application::Application;

/// Reads an application file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text. `file` is the name shown there.
pub fn read(file: &str, text: &str) -> Result<Application, Vec<Problem>> {
    let problems = Problems::new(file, text);
    let application = syntax::parse(&problems, text).map(|root| root::read(&problems, &root));
    match (application, problems.into_vec()) {
        (Some(application), found) if found.is_empty() => Ok(application),
        (_, found) => Err(found),
    }
}
