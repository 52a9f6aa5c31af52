//! What numbers say of a release: which are watched, what they must be, and the verdict.
//!
//! | file | what |
//! |---|---|
//! | `definition` | a metric as the application file describes it |
//! | `amount` | numbers with a unit, exact and written for people |
//! | `window` | what one slot showed over a window of time |
//! | `histogram` | quantiles of many observations |
//! | `statistics` | is it chance? |
//! | `judge` | from two windows to a verdict |
//! | `watch` | verdicts in a row, and what follows from them |
//! | `evidence` | what is shown to people and kept in the journal |

pub mod amount;
pub mod definition;
pub mod evidence;
pub mod histogram;
mod judge;
mod statistics;
pub mod watch;
pub mod window;

pub use amount::{Amount, Unit};
pub use definition::{Aggregate, Compare, Limit, Metric, OnBreach, Scrape, Series, Signal, Source};
pub use evidence::{Act, Evidence, Figure, Verdict};
pub use histogram::Histogram;
pub use judge::{Judgement, judge};
pub use watch::Watch;
pub use window::Window;
