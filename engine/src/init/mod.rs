//! A first application file for a compose file that is there. All of it is pure: whoever calls has looked and asked.
//!
//! | file | what |
//! |---|---|
//! | `kinds` | what an image or a name tells of a service |
//! | `guess` | what the compose file tells: the answer to every question |
//! | `answers` | what was decided, and how it is read from what people type |
//! | `advice` | what is to be changed in the compose file, and what to know |
//! | `text` | the file |

mod advice;
mod answers;
mod guess;
mod kinds;
mod text;

#[cfg(test)]
mod tests;

pub use advice::advice;
pub use answers::{Answers, Migration, Part, Routed};
pub use guess::Guess;
pub use text::text;

/// The routers that a first file can name, by what they need: something else must be installed, or nothing.
pub const ROUTERS: [&str; 3] = ["nginx", "haproxy", "embedded"];

/// Those of them that Crossfade has.
pub fn routers() -> Vec<&'static str> {
    ROUTERS.into_iter().filter(|name| crate::application::routers().any(|known| known == *name)).collect()
}
