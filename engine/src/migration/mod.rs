//! The SQL of a migration, read before it runs: what it does to the release that still runs on the old schema.
//!
//! Both releases run on one database while the traffic moves, so a migration expands first (new tables, new columns
//! that may be empty) and contracts in a later release, when nobody needs the old shape any more.
//!
//! | module | what |
//! |---|---|
//! | [`files`] | the SQL files that the application file names |
//! | [`lint()`] | one file's text in, its findings out |
//! | [`finding`] | what a finding is, and why a text could not be read |
//! | `rules` | which rule is which danger, with the words for people |
//! | `own` | the few rules that squawk does not have |
//! | `known` | what a file made itself, which the old release cannot miss |
//! | `harmless` | what is found although it cannot hurt |
//! | `recreated` | what is dropped and made again in the same file |
//! | `ignores` | `-- squawk-ignore`, for the rules of `own` |
//! | `flat` | `DO` blocks, down sections and byte order marks, made readable without moving a character |
//! | `depth` | text that is nested too deeply to be read safely |
//!
//! The rules and the parser are squawk's (<https://squawkhq.com>). It reads PostgreSQL and nothing else: MySQL and
//! SQLite are refused where their grammar differs from PostgreSQL's, with the place. What was judged by a person is
//! marked in the SQL, on the line above the place that is shown: `-- squawk-ignore ban-drop-column`, or once for the
//! file: `-- squawk-ignore-file ban-drop-column`.
//!
//! What cannot be seen in SQL is not found: values that only the new release writes (an enum's new value, a NULL where
//! none was), what a function or a procedure that is called does, and what locks together hold for how long.

mod checks;
mod depth;
pub mod files;
pub mod finding;
mod flat;
mod harmless;
mod ignores;
mod known;
mod lint;
mod name;
mod own;
mod place;
mod recreated;
pub(crate) mod rules;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

pub(crate) use checks::checks;
pub use files::read_files;
pub use finding::{Danger, Finding};
pub use lint::lint;
