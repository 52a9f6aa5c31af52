//! Prometheus text, asked of the application's own processes: read, kept for a while, and made numbers.
//!
//! | file | what |
//! |---|---|
//! | `text` | the text format: samples, or the place of the first thing that is wrong |
//! | `selector` | `name{label="value"}`: which samples |
//! | `cursor` | where a parser stands in a line |
//! | `page` | one process' answer |
//! | `counter`, `buckets`, `level` | what is taken from a page, and what must be remembered for the next one |
//! | `track` | one series of one instance over time |
//! | `attendance` | who was asked, who answered |
//! | `series` | what all instances of a slot told: windows of it |

mod attendance;
mod buckets;
mod counter;
mod cursor;
mod level;
mod page;
pub mod selector;
pub mod series;
pub mod text;
mod track;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

pub use selector::Selector;
pub use series::Scrapes;
pub use text::{ParseError, Sample};
