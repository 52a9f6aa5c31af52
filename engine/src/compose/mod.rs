//! Compose files: text and variables in, a typed model out. Nothing here talks to Docker.
//!
//! The reader takes the part of the Compose specification that Crossfade honours, and all of it as compose does. Every
//! other key is a [`Problem`] with its line and column, never something that is silently not there: whoever deploys
//! with a file must get what the file says.
//!
//! Differences from `docker compose`, all of them stricter: a variable that is not set is a problem, not an empty text;
//! so is a plain number that YAML readers write differently (`1.10`), and a command as text that needs a shell.

mod builder;
mod depends_on;
mod deploy;
mod dotenv;
mod environment;
mod file;
mod healthcheck;
mod interpolate;
mod limits;
mod model;
mod mounts;
mod names;
mod networks;
mod order;
mod outline;
mod ports;
mod problem;
mod reader;
mod scalar;
mod service;
mod settings;
mod source;
mod tree;
mod unsupported;
mod variables;
mod volumes;
mod words;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use model::*;
pub use order::{Cycle, start_order};
pub use outline::{Outline, Sketch, outline, tag};
pub use problem::Problem;
pub use variables::Variables;
pub use words::split as split_command;

/// Reads a compose file. `file` is its name in problems; `env_files` reads what its `env_file` keys name, by the paths
/// that stand there, which are relative to the compose file's folder.
///
/// # Errors
/// Everything that is wrong, in the order of the file. Never empty.
pub fn read(
    file: &str,
    text: &str,
    variables: &Variables,
    env_files: &dyn Fn(&str) -> std::io::Result<String>,
) -> Result<Compose, Vec<Problem>> {
    let (root, problems) = tree::parse(file, text);
    let mut reader = reader::Reader { file, variables, env_files, problems };
    let compose = match root {
        Some(root) if !reader::is_null(&root) => file::compose(&mut reader, &root),
        _ => {
            if reader.problems.is_empty() {
                reader.report(problem::Mark::START, "the file is empty: a compose file has `services`");
            }
            Compose::default()
        }
    };
    let mut problems = reader.problems;
    if problems.is_empty() {
        return Ok(compose);
    }
    // What an anchor says wrongly is found wherever it is used.
    problems.sort_by(|a, b| (a.file != file, a).cmp(&(b.file != file, b)));
    problems.dedup();
    Err(problems)
}
