//! Files of `NAME=value` lines: `.env`, and what `env_file` names.
//!
//! The rules are compose's: comments, `export`, values in no quotes, single quotes (as they are) or double quotes
//! (escapes and variables), quoted values over several lines, `NAME` alone for "as it is outside".

use super::interpolate::interpolate;
use super::problem::{Mark, Problem};
use std::collections::BTreeMap;

/// Reads `text`. A variable in a value is looked up with `look_up` first, then among the lines above it.
///
/// # Errors
/// Every line that is not understood, and every variable that is not set. Values are never repeated in a problem.
pub(super) fn parse(
    file: &str,
    text: &str,
    look_up: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Lines { rest: text, at: Mark::START };
    let mut values = BTreeMap::new();
    let mut problems = Vec::new();
    while reader.skip_to_statement() {
        let start = reader.at;
        match statement(&mut reader, look_up, &values) {
            Ok((name, Some(value))) => drop(values.insert(name, value)),
            Ok((_, None)) => {}
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(|(at, message)| Problem::new(file, at, message)));
                // A value that was read to its end and not understood leaves the reader on the next line.
                if reader.at == start || reader.at.column > 1 {
                    reader.skip_line();
                }
            }
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

type Wrong = Vec<(Mark, String)>;

fn wrong<T>(at: Mark, message: &str) -> Result<T, Wrong> {
    Err(vec![(at, message.to_owned())])
}

/// One name and its value; no value when the name stands alone and is not set outside.
fn statement(
    reader: &mut Lines,
    look_up: &dyn Fn(&str) -> Option<String>,
    above: &BTreeMap<String, String>,
) -> Result<(String, Option<String>), Wrong> {
    let at = reader.at;
    let mut name = reader.take(is_name);
    if name == "export" && reader.peek().is_some_and(is_blank) {
        reader.take(is_blank);
        name = reader.take(is_name);
    }
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return wrong(at, "expected a line like NAME=value, with a name of letters, digits and `_`, or a # comment");
    }
    reader.take(is_blank);
    match reader.peek() {
        None | Some('\n' | '#') => {
            reader.skip_line();
            let value = look_up(&name);
            return Ok((name, value));
        }
        Some('=' | ':') => drop(reader.next()),
        Some(_) => return wrong(reader.at, &format!("expected a `=` after {name}")),
    }
    reader.take(is_blank);
    let value = match reader.peek() {
        Some('\'') => single_quoted(reader)?,
        Some('"') => {
            let text = double_quoted(reader)?;
            expand(text, look_up, above)?
        }
        _ => expand(unquoted(reader), look_up, above)?,
    };
    Ok((name, Some(value)))
}

/// Text before its variables are replaced, and where each `$` of it stands.
#[derive(Default)]
struct Raw {
    text: String,
    dollars: Vec<Mark>,
}

impl Raw {
    fn push(&mut self, c: char, at: Mark) {
        self.text.push(c);
        if c == '$' {
            self.dollars.push(at);
        }
    }
}

fn expand(
    raw: Raw,
    look_up: &dyn Fn(&str) -> Option<String>,
    above: &BTreeMap<String, String>,
) -> Result<String, Wrong> {
    let value = interpolate(&raw.text, &|name| look_up(name).or_else(|| above.get(name).cloned()));
    value.map_err(|faults| {
        let places = faults.into_iter().map(|fault| {
            let index = raw.text[..fault.offset].matches('$').count();
            let message = format!("{} (or put the value in single quotes to keep every `$`)", fault.message);
            (raw.dollars.get(index).copied().unwrap_or(Mark::START), message)
        });
        places.collect()
    })
}

/// Up to the end of the line or a ` #`, without the blanks at its end.
fn unquoted(reader: &mut Lines) -> Raw {
    let mut raw = Raw::default();
    let mut blank = true;
    while let Some(c) = reader.peek().filter(|c| *c != '\n') {
        if c == '#' && blank {
            break;
        }
        blank = is_blank(c);
        raw.push(c, reader.at);
        reader.next();
    }
    reader.skip_line();
    raw.text.truncate(raw.text.trim_end().len());
    raw
}

fn single_quoted(reader: &mut Lines) -> Result<String, Wrong> {
    let open = reader.at;
    reader.next();
    let mut value = String::new();
    loop {
        match reader.next() {
            None => return wrong(open, "this quote is never closed: a `'` is missing"),
            Some('\'') => break,
            Some('\\') if reader.peek() == Some('\'') => value.extend(reader.next()),
            Some(c) => value.push(c),
        }
    }
    end_of_line(reader)?;
    Ok(value)
}

fn double_quoted(reader: &mut Lines) -> Result<Raw, Wrong> {
    let open = reader.at;
    reader.next();
    let mut raw = Raw::default();
    loop {
        let at = reader.at;
        match reader.next() {
            None => return wrong(open, "this quote is never closed: a `\"` is missing"),
            Some('"') => break,
            Some('\\') => match reader.next() {
                Some('n') => raw.push('\n', at),
                Some('r') => raw.push('\r', at),
                Some('t') => raw.push('\t', at),
                Some(c @ ('"' | '\\')) => raw.push(c, at),
                // For the interpolation that follows, a `$` itself is `$$`.
                Some('$') => {
                    raw.push('$', at);
                    raw.push('$', at);
                }
                Some(other) => {
                    raw.push('\\', at);
                    raw.push(other, at);
                }
                None => {}
            },
            Some(c) => raw.push(c, at),
        }
    }
    end_of_line(reader)?;
    Ok(raw)
}

/// After a closing quote: nothing but blanks and a comment.
fn end_of_line(reader: &mut Lines) -> Result<(), Wrong> {
    reader.take(is_blank);
    match reader.peek() {
        None | Some('\n' | '#') => {
            reader.skip_line();
            Ok(())
        }
        Some(_) => wrong(reader.at, "expected the end of the line after the closing quote"),
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\n'
}

struct Lines<'a> {
    rest: &'a str,
    at: Mark,
}

impl Lines<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        self.at = self.at.after(c);
        Some(c)
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while self.peek().is_some_and(&wanted) {
            taken.extend(self.next());
        }
        taken
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// Goes to the next line that says something.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            match self.peek() {
                None => return false,
                Some('#') => self.skip_line(),
                Some(c) if c.is_whitespace() => drop(self.next()),
                Some(_) => return true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }

    #[test]
    fn values_are_read() {
        for (text, value) in [
            ("A=b", "b"),
            ("A=", ""),
            ("  export A = b c  ", "b c"),
            ("A=b # c", "b"),
            ("A=b#c", "b#c"),
            ("A=#c", ""),
            ("A= # c", ""),
            ("A='b # $c \\n'", "b # $c \\n"),
            ("A='it\\'s' # x", "it's"),
            ("A=\"b\\n\\\"$HOME\\\" \\$x\\\\\"", "b\n\"/root\" $x\\"),
            ("A=\"1\n2\"", "1\n2"),
            ("A=$HOME/x", "/root/x"),
            ("B=1\nA=${B}2", "12"),
            ("A=${N:-d}", "d"),
            ("A=$$x", "$x"),
            ("A=b\r\nC=d\r\n", "b"),
            ("A: b", "b"),
            ("A=x=y", "x=y"),
            ("A=1\nA=2", "2"),
            ("\u{feff}A=é", "é"),
            ("A=b\"c\"", "b\"c\""),
            ("A=postgres://u:p@db:5432/x?y=z", "postgres://u:p@db:5432/x?y=z"),
            ("A='b'\n# A=c", "b"),
        ] {
            let values = parse(".env", text, &outside).unwrap();
            assert_eq!(values.get("A").map(String::as_str), Some(value), "{text}");
        }
    }

    #[test]
    fn a_name_alone_is_taken_from_outside() {
        let values = parse(".env", "HOME\nNOPE\nexport HOME # x\n", &outside).unwrap();
        assert_eq!(values, BTreeMap::from([("HOME".to_owned(), "/root".to_owned())]));
    }

    #[test]
    fn problems_have_places_and_no_values() {
        for (text, problem) in [
            ("A=1\n 1B=2", ".env:2:2: expected a line like"),
            ("A b", ".env:1:3: expected a `=` after A"),
            ("=x", ".env:1:1: expected a line"),
            ("A='b\nC=1", ".env:1:3: this quote is never closed"),
            ("A=\"b", ".env:1:3: this quote"),
            ("A='b'c", ".env:1:6: expected the end"),
            ("A=é $N", ".env:1:5: N is not set"),
            ("A=\"\\$ ${N\"", ".env:1:7: `${` is never closed"),
            ("A=p$1", ".env:1:4: a `$` must"),
        ] {
            let problems = parse(".env", text, &outside).unwrap_err();
            assert!(problems[0].to_string().starts_with(problem), "{text}: {}", problems[0]);
        }
        assert_eq!(parse(".env", "=1\n=2\nA=$N\nB=3", &outside).unwrap_err().len(), 3);
    }
}
