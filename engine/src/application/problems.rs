//! What is wrong with a file, and where.

use crate::compose::Problem;
use std::cell::RefCell;
use std::ops::Range;

/// More than anybody reads at once; a file that is not an application file at all can have thousands.
const SHOWN: usize = 100;

/// Collects what is wrong with one text while it is read.
pub(super) struct Problems<'a> {
    file: &'a str,
    text: &'a str,
    found: RefCell<Vec<(usize, String)>>,
}

impl<'a> Problems<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Problems { file, text, found: RefCell::default() }
    }

    /// Something is wrong at this place of the text.
    pub fn add(&self, at: Range<usize>, message: impl Into<String>) {
        self.found.borrow_mut().push((at.start.min(self.text.len()), message.into()));
    }

    /// How many there are so far.
    pub fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// The text at this place; empty when there is none.
    pub fn text_at(&self, at: Range<usize>) -> &'a str {
        self.text.get(at).unwrap_or_default()
    }

    /// The line, from 1, in which this place is.
    pub fn line(&self, at: Range<usize>) -> usize {
        let before = &self.text.as_bytes()[..at.start.min(self.text.len())];
        before.iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    /// All of them, in the order of the text. Columns count characters, from 1.
    pub fn into_vec(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        let hidden = found.len().saturating_sub(SHOWN);
        if hidden > 0 {
            found.truncate(SHOWN);
            let last = found.last().map_or(0, |(offset, _)| *offset);
            found.push((last, format!("{hidden} more problems are not shown")));
        }
        // One walk through the text for all of them: they are in its order.
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(self.text);
        let skipped = self.text.len() - text.len();
        let mut characters = text.char_indices().peekable();
        let (mut line, mut column) = (1, 1);
        let mut problems = Vec::with_capacity(found.len());
        for (offset, message) in found {
            while let Some((_, character)) = characters.next_if(|(index, _)| index + skipped < offset) {
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            problems.push(Problem { file: self.file.to_owned(), line, column, message });
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, offset: usize) -> (usize, usize) {
        let problems = Problems::new("a.toml", text);
        problems.add(offset..offset, "x");
        let found = problems.into_vec();
        assert_eq!(found.len(), 1);
        (found[0].line, found[0].column)
    }

    #[test]
    fn places_are_lines_and_characters() {
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
        assert_eq!(place("ab\r\ncd", 4), (2, 1));
        assert_eq!(place("é = 1", 3), (1, 3), "é is two bytes and one column");
        assert_eq!(place("\u{feff}a", 3), (1, 1), "the byte order mark is not seen");
        assert_eq!(place("ab", 99), (1, 3), "past the end is the end");
    }

    #[test]
    fn problems_come_in_the_order_of_the_text_and_once() {
        let problems = Problems::new("a.toml", "a\nb");
        problems.add(2..3, "second");
        problems.add(0..1, "first");
        problems.add(2..3, "second");
        let shown: Vec<String> = problems.into_vec().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a.toml:1:1: first", "a.toml:2:1: second"]);
    }

    #[test]
    fn nobody_is_shown_a_thousand_problems() {
        let text = "x".repeat(1_000);
        let problems = Problems::new("a.toml", &text);
        (0..1_000).for_each(|at| problems.add(at..at, "x"));
        let found = problems.into_vec();
        assert_eq!(found.len(), SHOWN + 1);
        assert_eq!(found[SHOWN].message, "900 more problems are not shown");
    }
}
