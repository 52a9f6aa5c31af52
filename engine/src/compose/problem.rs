//! What is wrong with a file, and where.

use serde::Serialize;

/// One thing that is wrong with a compose file or a file it names, for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct Problem {
    /// As it was given to the reader.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What was expected, and what to do.
    pub message: String,
}

impl Problem {
    pub(super) fn new(file: &str, at: Mark, message: impl Into<String>) -> Problem {
        Problem { file: file.to_owned(), line: at.line, column: at.column, message: message.into() }
    }
}

/// A place in a text. Both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub line: usize,
    pub column: usize,
}

impl Mark {
    pub const START: Mark = Mark { line: 1, column: 1 };

    /// The place after `c`, which stands at this one.
    pub fn after(self, c: char) -> Mark {
        match c {
            '\n' => Mark { line: self.line + 1, column: 1 },
            _ => Mark { line: self.line, column: self.column + 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_like_a_compilers() {
        let problem = Problem::new("docker-compose.yml", Mark { line: 12, column: 5 }, "no");
        assert_eq!(problem.to_string(), "docker-compose.yml:12:5: no");
    }
}
