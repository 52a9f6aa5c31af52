//! Where a parser stands in a line.

/// A place in a text, and what was expected there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
}

/// So much of what was found is shown.
const SHOWN: usize = 30;

#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// What is not read yet.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Goes on if this comes next.
    pub fn eat(&mut self, wanted: &str) -> bool {
        let comes = self.rest().starts_with(wanted);
        if comes {
            self.at += wanted.len();
        }
        comes
    }

    pub fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !fits(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    pub fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, with colons if they are allowed; empty if something else comes.
    pub fn word(&mut self, colons: bool) -> &'a str {
        match self.peek() {
            Some(first) if !first.is_ascii_digit() => {
                self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':'))
            }
            _ => "",
        }
    }

    /// That something else was expected here.
    pub fn expected(&self, what: &str) -> Problem {
        let found = match self.rest() {
            "" => "the end".to_owned(),
            rest => {
                let shown: String = rest.chars().take(SHOWN).collect();
                let more = if shown.len() < rest.len() { ".." } else { "" };
                format!("`{}{more}`", shown.escape_debug())
            }
        };
        self.problem(format!("expected {what}, found {found}"))
    }

    pub fn problem(&self, message: String) -> Problem {
        Problem { column: self.text[..self.at].chars().count() + 1, message }
    }
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}
