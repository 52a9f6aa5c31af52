//! Which samples: `name{label="v",other!="x",status=~"5..",path!~"/health.*"}`, as in PromQL. A label that a sample
//! does not have counts as empty, and a regular expression must match the whole value.
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/basics/#time-series-selectors>.

use super::cursor::{Cursor, Problem};
use super::text::Sample;
use regex::{Regex, RegexBuilder};

#[derive(Clone, Debug)]
pub struct Selector {
    name: String,
    matchers: Vec<Matcher>,
}

#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Is(String),
    IsNot(String),
    Like(Regex),
    Unlike(Regex),
}

/// A compiled expression larger than this was not meant for a label, in bytes.
const LARGEST: usize = 1 << 20;

/// # Errors
/// Where in the text, what was expected there, and what was found.
pub fn parse(text: &str) -> Result<Selector, String> {
    read(text).map_err(|Problem { column, message }| format!("column {column}: {message}"))
}

impl Selector {
    /// The name of the series that it selects.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn matches(&self, sample: &Sample) -> bool {
        sample.name == self.name && self.matchers.iter().all(|matcher| matcher.fits(sample.label(&matcher.label)))
    }

    /// The same labels of series with a name that goes on so: `seconds` and `_bucket`.
    pub(super) fn with_suffix(mut self, suffix: &str) -> Selector {
        self.name.push_str(suffix);
        self
    }

    /// The labels without which no sample is selected.
    pub(super) fn needed_labels(&self) -> impl Iterator<Item = &str> {
        self.matchers.iter().filter(|matcher| !matcher.fits("")).map(|matcher| &*matcher.label)
    }
}

impl Matcher {
    fn fits(&self, value: &str) -> bool {
        match &self.test {
            Test::Is(wanted) => value == wanted,
            Test::IsNot(unwanted) => value != unwanted,
            Test::Like(wanted) => wanted.is_match(value),
            Test::Unlike(unwanted) => !unwanted.is_match(value),
        }
    }
}

fn read(text: &str) -> Result<Selector, Problem> {
    let mut cursor = Cursor::new(text);
    skip_space(&mut cursor);
    let start = cursor;
    let name = cursor.word(true).to_owned();
    if name.is_empty() {
        return Err(start.expected("the name of a series, like requests_total"));
    }
    skip_space(&mut cursor);
    let mut matchers = vec![];
    if cursor.eat("{") {
        read_matchers(&mut cursor, &mut matchers)?;
        skip_space(&mut cursor);
    } else if !cursor.is_at_end() {
        return Err(cursor.expected("`{` and labels, or the end: no functions and no ranges"));
    }
    match cursor.is_at_end() {
        true => Ok(Selector { name, matchers }),
        false => Err(cursor.expected("the end after `}`: no functions and no ranges")),
    }
}

fn read_matchers(cursor: &mut Cursor, matchers: &mut Vec<Matcher>) -> Result<(), Problem> {
    loop {
        skip_space(cursor);
        if cursor.eat("}") {
            return Ok(());
        }
        let start = *cursor;
        let label = cursor.word(false).to_owned();
        match &*label {
            "" => return Err(start.expected("the name of a label, or `}`")),
            "__name__" => {
                return Err(start.problem("the name stands before the `{`, and is not a label here".to_owned()));
            }
            _ => {}
        }
        skip_space(cursor);
        let test = test(cursor)?;
        matchers.push(Matcher { label, test });
        skip_space(cursor);
        if !cursor.eat(",") && cursor.peek() != Some('}') {
            return Err(cursor.expected("`,` or `}` after the label's value"));
        }
    }
}

fn test(cursor: &mut Cursor) -> Result<Test, Problem> {
    let operator = ["=~", "!~", "!=", "="].into_iter().find(|operator| cursor.eat(operator));
    let Some(operator) = operator else {
        return Err(cursor.expected("`=`, `!=`, `=~` or `!~` after the name of the label"));
    };
    skip_space(cursor);
    let start = *cursor;
    let value = value(cursor)?;
    Ok(match operator {
        "=" => Test::Is(value),
        "!=" => Test::IsNot(value),
        "=~" => Test::Like(whole(&value, &start)?),
        _ => Test::Unlike(whole(&value, &start)?),
    })
}

/// A regular expression that must match from the first character to the last.
fn whole(pattern: &str, start: &Cursor) -> Result<Regex, Problem> {
    // By itself first: `a)(b` becomes valid only inside of a group.
    let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(LARGEST).build();
    let compiled = compile(pattern).and_then(|_| compile(&format!(r"\A(?s:{pattern})\z")));
    compiled.map_err(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
        start.problem(format!("this is no regular expression: {why}"))
    })
}

/// In double or single quotes with the escapes of PromQL, or in backticks without any.
fn value(cursor: &mut Cursor) -> Result<String, Problem> {
    let start = *cursor;
    let Some(quote) = cursor.peek().filter(|c| matches!(c, '"' | '\'' | '`')) else {
        return Err(cursor.expected("the label's value in quotes"));
    };
    cursor.next();
    let mut text = String::new();
    loop {
        let at = *cursor;
        match cursor.next() {
            Some(c) if c == quote => return Ok(text),
            Some('\\') if quote != '`' => text.push(escaped(cursor, at, quote)?),
            Some('\n') if quote != '`' => return Err(at.problem("a line ends inside of the quotes".to_owned())),
            Some(c) => text.push(c),
            None => return Err(start.problem(format!("this text has no end: a {quote} is missing"))),
        }
    }
}

/// What comes after a backslash, which is at `at`.
/// Source: <https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals>.
fn escaped(cursor: &mut Cursor, at: Cursor, quote: char) -> Result<char, Problem> {
    let code = |cursor: &mut Cursor, digits: usize, radix: u32, begun: u32| {
        let code = (0..digits).try_fold(begun, |code, _| {
            let digit = cursor.next()?.to_digit(radix)?;
            code.checked_mul(radix)?.checked_add(digit)
        });
        code.and_then(char::from_u32).ok_or_else(|| at.expected("the number of a character after the backslash"))
    };
    match cursor.next() {
        Some(c) if c == quote || c == '\\' => Ok(c),
        Some('a') => Ok('\u{7}'),
        Some('b') => Ok('\u{8}'),
        Some('f') => Ok('\u{c}'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('v') => Ok('\u{b}'),
        // Bytes beyond ASCII would have to be put together to characters: `\u` says them whole.
        Some('x') => code(cursor, 2, 16, 0).and_then(|c| ascii(c, at)),
        Some('u') => code(cursor, 4, 16, 0),
        Some('U') => code(cursor, 8, 16, 0),
        Some(octal) if octal.is_digit(8) => {
            code(cursor, 2, 8, octal.to_digit(8).unwrap_or_default()).and_then(|c| ascii(c, at))
        }
        _ => Err(
            at.problem("the escape is not known: write a backslash of a regular expression twice, `\\\\d`".to_owned())
        ),
    }
}

fn ascii(c: char, at: Cursor) -> Result<char, Problem> {
    match c.is_ascii() {
        true => Ok(c),
        false => Err(at.problem("a character beyond 127 is written with \\u and four digits".to_owned())),
    }
}

fn skip_space(cursor: &mut Cursor) {
    cursor.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;

    #[test]
    fn samples_are_selected_as_by_promql() {
        let sample = "http_requests_total{method=\"GET\",path=\"/a\\\"b\\\\\\nc\",status=\"503\",empty=\"\"} 1";
        for (selector, fits) in [
            ("http_requests_total", true),
            ("http_requests", false),
            ("http_requests_total{}", true),
            (" http_requests_total { method = \"GET\" , } ", true),
            ("http_requests_total{method=\"GET\",status=\"503\"}", true),
            ("http_requests_total{method=\"GET\",status=\"500\"}", false),
            ("http_requests_total{method='GET'}", true),
            ("http_requests_total{method=`GET`}", true),
            ("http_requests_total{method!=\"GET\"}", false),
            ("http_requests_total{method!=\"POST\"}", true),
            ("http_requests_total{status=~\"5..\"}", true),
            ("http_requests_total{status!~\"5..\"}", false),
            // The whole value, not a part of it.
            ("http_requests_total{status=~\"5\"}", false),
            ("http_requests_total{status=~\"50|503\"}", true),
            ("http_requests_total{status=~\"5|50\"}", false),
            ("http_requests_total{status!~\"5\"}", true),
            ("http_requests_total{status=~\"(?i)5.*\"}", true),
            // A label that is not there is empty.
            ("http_requests_total{other=\"\"}", true),
            ("http_requests_total{empty=\"\"}", true),
            ("http_requests_total{other!=\"x\"}", true),
            ("http_requests_total{other!=\"\"}", false),
            ("http_requests_total{other=~\".*\"}", true),
            ("http_requests_total{other=~\".+\"}", false),
            ("http_requests_total{other!~\".+\"}", true),
            // Escapes.
            (r#"http_requests_total{path="/a\"b\\\nc"}"#, true),
            (r#"http_requests_total{path='/a"b\\\nc'}"#, true),
            (r#"http_requests_total{path="\x2fa\042b\u005c\U0000000ac"}"#, true),
            (r#"http_requests_total{status=~"\\d+"}"#, true),
            (r"http_requests_total{status=~`\d+`}", true),
            ("http_requests_total{path=~\"/a.*\"}", true),
            ("http_requests_total{path=\"}\"}", false),
        ] {
            let selector = parse(selector).unwrap_or_else(|why| panic!("{selector}: {why}"));
            let samples = text::parse(sample).unwrap();
            assert_eq!(selector.matches(&samples[0]), fits, "{selector:?}");
        }
        let needed = parse("a{b=\"1\",c=\"\",d=~\".+\",e!=\"1\",f!~\"\"}").unwrap();
        assert_eq!(needed.needed_labels().collect::<Vec<_>>(), ["b", "d", "f"]);
    }

    #[test]
    fn what_is_no_selector_has_a_place() {
        for (text, column, message) in [
            ("", 1, "expected the name of a series, like requests_total, found the end"),
            ("{a=\"b\"}", 1, "expected the name of a series"),
            ("1a", 1, "expected the name of a series"),
            ("é", 1, "expected the name of a series"),
            ("rate(up[1m])", 5, "no functions and no ranges, found `(up[1m])`"),
            ("up[1m]", 3, "no functions and no ranges"),
            ("up{}[1m]", 5, "no functions and no ranges"),
            ("up == 1", 4, "no functions and no ranges"),
            ("up{", 4, "expected the name of a label, or `}`, found the end"),
            ("up{a", 5, "expected `=`, `!=`, `=~` or `!~`"),
            ("up{a<\"1\"}", 5, "expected `=`, `!=`, `=~` or `!~` after the name of the label, found `<"),
            ("up{a=}", 6, "expected the label's value in quotes"),
            ("up{a=1}", 6, "expected the label's value in quotes"),
            ("up{a=\"é\" b=\"2\"}", 10, "expected `,` or `}` after the label's value"),
            ("up{a=\"1\"", 9, "expected `,` or `}`"),
            ("up{a=\"1}", 6, "this text has no end: a \" is missing"),
            ("up{a=\"1\\", 8, "the escape is not known"),
            ("up{a=\"1\n\"}", 8, "a line ends inside of the quotes"),
            ("up{a=~\"\\d\"}", 8, "write a backslash of a regular expression twice"),
            ("up{a=\"\\'\"}", 7, "the escape is not known"),
            ("up{a=\"\\xff\"}", 7, "beyond 127"),
            ("up{a=\"\\ud800\"}", 7, "the number of a character"),
            ("up{a=\"\\x1\"}", 7, "the number of a character"),
            ("up{a=~\"(\"}", 7, "this is no regular expression: unclosed group"),
            ("up{a=~\"a)(b\"}", 7, "this is no regular expression: unopened group"),
            ("up{a=~\"(?=a)\"}", 7, "this is no regular expression: look-around"),
            ("up{a=~\"(.{99}){99}\"}", 7, "this is no regular expression"),
            ("up{__name__=\"x\"}", 4, "the name stands before the `{`"),
            ("up{a=\"1\",,}", 10, "expected the name of a label, or `}`"),
        ] {
            let why = parse(text).expect_err(text);
            assert!(why.starts_with(&format!("column {column}: ")), "{text}: {why}");
            assert!(why.contains(message), "{text}: {why}");
        }
    }
}
