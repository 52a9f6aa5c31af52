//! The text as TOML, with the place of every key and value.

use super::problems::Problems;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, Error};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// An application file has some hundred lines. More than this is another file.
const MOST_BYTES: usize = 1 << 20;

/// The parser bounds how deep values and keys nest, but not their product, and a table is dropped by
/// recursion: without this bound, 12 KB of text could overflow the stack.
const MOST_KEY_PARTS: usize = 8;

/// The whole file as a table, unless it is not TOML; that is reported.
pub(super) fn parse<'a>(problems: &Problems, text: &'a str) -> Option<Spanned<DeTable<'a>>> {
    if text.len() > MOST_BYTES {
        problems.add(0..0, "the file is larger than 1 MiB: this is not an application file");
        return None;
    }
    if let Some(at) = too_long_key(text) {
        problems.add(at, format!("this key has more than {MOST_KEY_PARTS} parts: no key of the file is that deep"));
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().unwrap_or(0..0);
        let message = readable(error, problems.text_at(at.clone()));
        problems.add(at, message);
    }
    errors.is_empty().then_some(table)
}

/// Where the first key with too many parts begins.
fn too_long_key(text: &str) -> Option<Range<usize>> {
    let mut dots = 0;
    let mut start = 0;
    for token in Source::new(text).lex() {
        let span = token.span();
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::Atom
            | TokenKind::Whitespace
            | TokenKind::BasicString
            | TokenKind::LiteralString
            | TokenKind::MlBasicString
            | TokenKind::MlLiteralString => {}
            _ => (dots, start) = (0, span.end()),
        }
        if dots >= MOST_KEY_PARTS {
            return Some(start..span.end());
        }
    }
    None
}

/// What the parser says, in words for somebody who does not know its grammar.
fn readable(error: &Error, there: &str) -> String {
    let message = error.message();
    let said = message.split(", expected ").next().unwrap_or_default();
    let there = there.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}'));
    match said {
        "string values must be quoted" => match there {
            "" => "a value is missing after `=`".to_owned(),
            "yes" | "no" | "on" | "off" => format!("`{there}` is not a value: write true or false"),
            _ => format!("`{there}` is not a value: text stands in quotes, like \"{}\"", there.replace('"', "")),
        },
        "invalid boolean" => format!("`{there}` is not a value: write true or false, in small letters"),
        "duplicate key" => format!("`{there}` is given twice: keep one of them"),
        "key with no value" => {
            "a key is followed by `=` and its value; a section stands in brackets: [traffic]".to_owned()
        }
        "invalid unquoted key" => format!("`{there}` cannot stand in a key without quotes: write the key in quotes"),
        "unquoted keys cannot be empty" => "a key is missing before `=`".to_owned(),
        "unclosed array" => "a list is not closed: `]` is missing".to_owned(),
        "unclosed inline table" => "a table is not closed: `}` is missing".to_owned(),
        "unclosed table" => "a section's name is not closed: `]` is missing".to_owned(),
        "unclosed array table" => "a section's name is not closed: `]]` is missing".to_owned(),
        "missing comma between key-value pairs" => "a comma is missing between two keys of a table".to_owned(),
        "unexpected leading zero" => "a number does not begin with 0".to_owned(),
        "recursion limit" => "the values here are nested too deeply".to_owned(),
        "invalid basic string" | "invalid literal string" if there.is_empty() => {
            let quote = message.rsplit(", expected ").next().unwrap_or_default();
            format!("a text is not closed: {quote} is missing")
        }
        _ => format!("this is not TOML: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let problems = Problems::new("a.toml", text);
        assert!(parse(&problems, text).is_none(), "{text}");
        problems.into_vec().first().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn syntax_errors_are_readable() {
        for (text, expected) in [
            ("a = ", "a.toml:1:5: a value is missing after `=`"),
            ("a = 1\nb = 10s", "a.toml:2:5: `10s` is not a value: text stands in quotes, like \"10s\""),
            ("a = [yes]", "a.toml:1:6: `yes` is not a value: write true or false"),
            ("a = True", "a.toml:1:5: `True` is not a value: write true or false, in small letters"),
            ("[a]\nb = 1\nb = 2", "a.toml:3:1: `b` is given twice: keep one of them"),
            ("[a]\n[b]\n[a]", "a.toml:3:2: `a` is given twice: keep one of them"),
            ("a", "a.toml:1:2: a key is followed by `=` and its value"),
            ("= 1", "a.toml:1:1: a key is missing before `=`"),
            ("$.x = 1", "a.toml:1:1: `$` cannot stand in a key without quotes: write the key in quotes"),
            ("a = [1, 2", "a.toml:1:10: a list is not closed: `]` is missing"),
            ("a = {b = 1", "a.toml:1:11: a table is not closed: `}` is missing"),
            ("[a\nb = 1", "a.toml:1:3: a section's name is not closed: `]` is missing"),
            ("[[a]", "a.toml:1:5: a section's name is not closed: `]]` is missing"),
            ("a = \"x\nb = 1", "a.toml:1:7: a text is not closed: `\"` is missing"),
            ("a = 'x", "a.toml:1:7: a text is not closed: `'` is missing"),
            ("a = 1\r\nb = \r\n", "a.toml:2:5: a value is missing after `=`"),
            ("a = \"\\q\"", "a.toml:1:7: this is not TOML: missing escaped value"),
        ] {
            let problem = problem(text);
            assert!(problem.starts_with(expected), "{text}\n  is {problem}\n not {expected}");
        }
    }

    #[test]
    fn text_that_would_nest_without_end_is_refused() {
        let key = ["a"; 79].join(".");
        let text = format!("j = {}1{}", format!("{{{key} =").repeat(79), "}".repeat(79));
        assert!(problem(&text).starts_with("a.toml:1:6: this key has more than 8 parts"), "{}", problem(&text));
        assert!(problem("a = [").contains("not closed"));
        assert!(problem(&format!("a = {}", "[".repeat(10_000))).starts_with("a.toml:1:"));
        assert!(problem(&" ".repeat(MOST_BYTES + 1)).contains("larger than 1 MiB"));
        let hosts = Problems::new("a.toml", "");
        assert!(parse(&hosts, "a.b.c.d.e.f.g.h = \"a.b.c.d.e.f.g.h.i.j\" # a.b.c.d.e.f.g.h.i.j\n").is_some());
    }
}
