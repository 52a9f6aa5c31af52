//! The text format of Prometheus, version 0.0.4, with what applications send of OpenMetrics: `# EOF`, exemplars,
//! seconds as timestamps, quoted names. Sources: <https://prometheus.io/docs/instrumenting/exposition_formats/>,
//! <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>.
//!
//! One line that cannot be read fails the whole text, and so does a series that is there twice ("the ingestion behavior
//! is undefined"): a sum over half of the samples looks like a number and is none.

use super::cursor::{Cursor, Problem, is_blank};
use rollout::clock::Timestamp;
use std::borrow::Cow;
use std::collections::HashMap;

/// One number of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'a> {
    pub name: Cow<'a, str>,
    /// In the order of their names, none of which is there twice.
    pub labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// May be no number, or infinite.
    pub value: f64,
    /// When it was so, if the text says.
    pub at: Option<Timestamp>,
    /// Where it stands, from 1.
    pub line: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column} of the metrics: {message}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
}

impl Sample<'_> {
    /// The value of a label; empty when it has none of that name, as in PromQL.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(each, _)| each == name).map_or("", |(_, value)| value)
    }
}

/// All samples, in the order of the text.
///
/// # Errors
/// The first place that cannot be read.
pub fn parse(text: &str) -> Result<Vec<Sample<'_>>, ParseError> {
    let is_open_metrics = text.trim_end().ends_with("# EOF");
    let mut samples = vec![];
    let mut ended = false;
    for (line, number) in text.split('\n').zip(1..) {
        let failed = |Problem { column, message }| ParseError { line: number, column, message };
        let mut cursor = Cursor::new(line.strip_suffix('\r').unwrap_or(line));
        cursor.skip_blanks();
        if cursor.is_at_end() {
            continue;
        }
        if ended {
            return Err(failed(cursor.expected("nothing after `# EOF`")));
        }
        match cursor.peek() {
            Some('#') => ended = cursor.rest().trim_end() == "# EOF",
            _ => samples.push(sample(&mut cursor, number, is_open_metrics).map_err(failed)?),
        }
    }
    none_twice(&samples)?;
    Ok(samples)
}

/// The names that `# TYPE` lines announce, also of those that have no samples yet.
pub(super) fn announced(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let mut words = line.trim_start().strip_prefix('#')?.split([' ', '\t']).filter(|word| !word.is_empty());
        if words.next()? == "TYPE" { words.next() } else { None }
    })
}

fn sample<'a>(cursor: &mut Cursor<'a>, line: usize, is_open_metrics: bool) -> Result<Sample<'a>, Problem> {
    let start = *cursor;
    let mut name = Some(Cow::from(cursor.word(true))).filter(|name| !name.is_empty());
    cursor.skip_blanks();
    let mut labels = vec![];
    if cursor.eat("{") {
        let quoted = read_labels(cursor, &mut labels, name.is_none())?;
        name = name.or(quoted);
        cursor.skip_blanks();
    }
    let name = name.ok_or_else(|| start.expected("the name of a series, or a comment that begins with `#`"))?;
    let value = number(cursor, "the value, a number")?;
    let mut at = None;
    cursor.skip_blanks();
    if cursor.peek().is_some_and(|c| c != '#') {
        at = Some(timestamp(cursor, is_open_metrics)?);
        cursor.skip_blanks();
    }
    if cursor.peek() == Some('#') {
        exemplar(cursor)?;
    }
    match cursor.is_at_end() {
        true => Ok(Sample { name, labels, value, at, line }),
        false => Err(cursor.expected("the end of the line")),
    }
}

type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// After `{`, and up to and with `}`. The name of the series may be among them, in quotes and without a value: it is
/// what this gives.
fn read_labels<'a>(
    cursor: &mut Cursor<'a>,
    labels: &mut Labels<'a>,
    wants_name: bool,
) -> Result<Option<Cow<'a, str>>, Problem> {
    let mut name = None;
    loop {
        cursor.skip_blanks();
        if cursor.eat("}") {
            break;
        }
        let start = *cursor;
        let is_quoted = cursor.peek() == Some('"');
        let label = if is_quoted { quoted(cursor)? } else { Cow::from(cursor.word(false)) };
        if label.is_empty() {
            return Err(start.expected("the name of a label, or `}`"));
        }
        cursor.skip_blanks();
        if is_quoted && wants_name && name.is_none() && cursor.peek() != Some('=') {
            name = Some(label);
        } else {
            if !cursor.eat("=") {
                return Err(cursor.expected("`=` after the name of the label"));
            }
            cursor.skip_blanks();
            if cursor.peek() != Some('"') {
                return Err(cursor.expected("the label's value in double quotes"));
            }
            let value = quoted(cursor)?;
            if labels.iter().any(|(each, _)| *each == label) {
                return Err(start.problem(format!("the label `{label}` is here twice")));
            }
            labels.push((label, value));
        }
        cursor.skip_blanks();
        if !cursor.eat(",") && cursor.peek() != Some('}') {
            return Err(cursor.expected("`,` or `}` after the label"));
        }
    }
    labels.sort_unstable();
    Ok(name)
}

/// A text in double quotes. An escape that is none stays as it is, as with Prometheus: `"C:\Users"` is a path.
fn quoted<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, Problem> {
    let start = *cursor;
    let unended = || start.problem("this text has no end: a `\"` is missing on this line".to_owned());
    cursor.eat("\"");
    let plain = cursor.take_while(|c| !matches!(c, '"' | '\\'));
    if cursor.eat("\"") {
        return Ok(Cow::from(plain));
    }
    let mut text = plain.to_owned();
    loop {
        match cursor.next().ok_or_else(unended)? {
            '"' => return Ok(Cow::from(text)),
            '\\' => match cursor.next().ok_or_else(unended)? {
                'n' => text.push('\n'),
                same @ ('"' | '\\') => text.push(same),
                other => text.extend(['\\', other]),
            },
            c => text.push(c),
        }
    }
}

fn number(cursor: &mut Cursor, what: &str) -> Result<f64, Problem> {
    let start = *cursor;
    let word = cursor.take_while(|c| !is_blank(c));
    word.parse().map_err(|_| start.expected(what))
}

/// Milliseconds in Prometheus' format, seconds in that of OpenMetrics.
fn timestamp(cursor: &mut Cursor, is_open_metrics: bool) -> Result<Timestamp, Problem> {
    let start = *cursor;
    let is_whole = !cursor.rest().split(is_blank).next().unwrap_or_default().contains(['.', 'e', 'E']);
    let time = number(cursor, "a timestamp, `#` and an exemplar, or the end of the line")?;
    if !time.is_finite() {
        return Err(start.expected("a timestamp"));
    }
    let in_seconds = is_open_metrics || !is_whole;
    // `as` stays within bounds: what is out of them is far from now in any case.
    Ok(Timestamp(if in_seconds { (time * 1e3).round() as i64 } else { time as i64 }))
}

/// ` # {trace_id="x"} 0.67 1520879607.789`: checked, and left out.
fn exemplar(cursor: &mut Cursor) -> Result<(), Problem> {
    cursor.eat("#");
    cursor.skip_blanks();
    if !cursor.eat("{") {
        return Err(cursor.expected("the labels of an exemplar: comments stand on lines of their own"));
    }
    read_labels(cursor, &mut vec![], false)?;
    cursor.skip_blanks();
    number(cursor, "the exemplar's value")?;
    cursor.skip_blanks();
    if !cursor.is_at_end() {
        number(cursor, "the exemplar's timestamp, or the end of the line")?;
        cursor.skip_blanks();
    }
    Ok(())
}

fn none_twice(samples: &[Sample]) -> Result<(), ParseError> {
    let mut seen = HashMap::with_capacity(samples.len());
    for sample in samples {
        if let Some(first) = seen.insert((&*sample.name, &sample.labels), sample.line) {
            let message = format!("this series of `{}` is on line {first} already", sample.name);
            return Err(ParseError { line: sample.line, column: 1, message });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Sample<'_> {
        let mut samples = parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(samples.len(), 1, "{text:?}");
        samples.remove(0)
    }

    #[test]
    fn names_labels_and_values() {
        for (text, name, labels, value) in [
            ("a 3", "a", &[][..], 3.0),
            ("a{} 3", "a", &[], 3.0),
            ("a{ } 3", "a", &[], 3.0),
            (":a_b:1 3", ":a_b:1", &[], 3.0),
            ("a{x=\"1\"} 3", "a", &[("x", "1")], 3.0),
            ("a{x=\"1\",} 3", "a", &[("x", "1")], 3.0),
            ("a{y=\"2\",x=\"1\"} 3", "a", &[("x", "1"), ("y", "2")], 3.0),
            ("\t a \t{ x \t= \"1\" , y=\"2\" }\t 3 \t", "a", &[("x", "1"), ("y", "2")], 3.0),
            ("a{x=\"1\"}3", "a", &[("x", "1")], 3.0),
            ("a{x=\"}\"} 3", "a", &[("x", "}")], 3.0),
            ("a{x=\"{y=\\\"1\\\"} 5\"} 3", "a", &[("x", "{y=\"1\"} 5")], 3.0),
            ("a{x=\"k=v,w=u\"} 3", "a", &[("x", "k=v,w=u")], 3.0),
            ("a{x=\" # {b=\\\"\\\"} \"} 3", "a", &[("x", " # {b=\"\"} ")], 3.0),
            (r#"a{x="\\n\n\"é\\"} 3"#, "a", &[("x", "\\n\n\"é\\")], 3.0),
            (r#"a{x="C:\Users"} 3"#, "a", &[("x", r"C:\Users")], 3.0),
            ("a{x=\"\"} 3", "a", &[("x", "")], 3.0),
            ("{\"a.b\",x=\"1\"} 3", "a.b", &[("x", "1")], 3.0),
            ("{\"a\"} 3", "a", &[], 3.0),
            ("a{\"x.y\"=\"1\"} 3", "a", &[("x.y", "1")], 3.0),
            ("NaN 3", "NaN", &[], 3.0),
            ("a +Inf", "a", &[], f64::INFINITY),
            ("a Inf", "a", &[], f64::INFINITY),
            ("a -Inf", "a", &[], f64::NEG_INFINITY),
            ("a 1.458255915e9", "a", &[], 1_458_255_915.0),
            ("a 1E-3", "a", &[], 0.001),
            ("a +1.5", "a", &[], 1.5),
            ("a -0.5", "a", &[], -0.5),
            ("a .5", "a", &[], 0.5),
        ] {
            let sample = only(text);
            assert_eq!((&*sample.name, sample.value), (name, value), "{text}");
            let found: Vec<_> = sample.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            assert_eq!(found, labels, "{text}");
            assert_eq!((sample.at, sample.line), (None, 1), "{text}");
        }
        assert!(only("a NaN").value.is_nan());
        assert!(only("a nan").value.is_nan());
        assert_eq!(only("a{x=\"1\"} 3").label("x"), "1");
        assert_eq!(only("a{x=\"1\"} 3").label("y"), "");
    }

    #[test]
    fn lines_and_comments() {
        for (text, names) in [
            ("", &[][..]),
            ("\n\r\n \n", &[]),
            ("# only this", &[]),
            ("#a 1\n # b 2\n", &[]),
            ("a 1\nb 2", &["a", "b"]),
            ("a 1\nb 2\n", &["a", "b"]),
            ("a 1\r\nb 2\r\n", &["a", "b"]),
            ("# HELP a Says \"}\n# TYPE a counter\n\na 1\n", &["a"]),
            ("# TYPE a counter\na_total 1\n# EOF\n", &["a_total"]),
            ("a 1\n# EOF", &["a"]),
            ("a 1\n# EOF\r\n\r\n", &["a"]),
        ] {
            let samples = parse(text).unwrap();
            assert_eq!(samples.iter().map(|sample| &*sample.name).collect::<Vec<_>>(), names, "{text:?}");
        }
        assert_eq!(parse("# a\n\nb 1").unwrap()[0].line, 3);
        let text = "# TYPE a counter\n#  TYPE\tb   gauge\n# HELP c TYPE d\n# TYPE\na 1";
        assert_eq!(announced(text).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn timestamps_and_exemplars() {
        for (text, at) in [
            ("a 1 1395066363000", Some(1_395_066_363_000)),
            ("a{x=\"1\"} 1 -3982045", Some(-3_982_045)),
            ("a 1 1520879607.789", Some(1_520_879_607_789)),
            ("a 1 1520879607\n# EOF", Some(1_520_879_607_000)),
            ("a 1 # {trace_id=\"a b # {\"} 0.67", None),
            ("a 1 # {} 0.67 1520879607.789", None),
            ("a 1 1395066363000 # {trace_id=\"K\"} 9.8e-1 1520879607.789 ", Some(1_395_066_363_000)),
        ] {
            let sample = only(text);
            assert_eq!((sample.value, sample.at), (1.0, at.map(Timestamp)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_has_a_place() {
        for (text, line, column, message) in [
            ("a", 1, 2, "expected the value, a number, found the end"),
            ("a 1\nb x\nc 2", 2, 3, "expected the value, a number, found `x`"),
            ("a 1,000", 1, 3, "expected the value, a number, found `1,000`"),
            ("a 0x10", 1, 3, "expected the value"),
            ("1a 1", 1, 1, "expected the name of a series"),
            ("é 1", 1, 1, "expected the name of a series"),
            ("<html>", 1, 1, "expected the name of a series, or a comment that begins with `#`, found `<html>`"),
            ("{x=\"1\"} 1", 1, 1, "expected the name of a series"),
            ("a-b 1", 1, 2, "expected the value, a number, found `-b 1`"),
            ("a{x=\"1\"} ", 1, 10, "found the end"),
            ("a{x=\"1\" 1", 1, 9, "expected `,` or `}` after the label, found `1`"),
            ("a{x=\"1\"y=\"2\"} 1", 1, 8, "expected `,` or `}` after the label"),
            ("a{x=\"1\",,y=\"2\"} 1", 1, 9, "expected the name of a label, or `}`"),
            ("a{,} 1", 1, 3, "expected the name of a label, or `}`"),
            ("a{1x=\"1\"} 1", 1, 3, "expected the name of a label"),
            ("a{x:y=\"1\"} 1", 1, 4, "expected `=`"),
            ("a{x=1} 1", 1, 5, "expected the label's value in double quotes"),
            ("a{x='1'} 1", 1, 5, "expected the label's value in double quotes"),
            ("a{x=\"é\",x=\"2\"} 1", 1, 9, "the label `x` is here twice"),
            ("a{\"b\"} 1", 1, 6, "expected `=`"),
            ("a{x=\"1} 1\nb{x=\"1\"} 1", 1, 5, "this text has no end"),
            ("a{x=\"1\\\"} 1", 1, 5, "this text has no end"),
            ("a{x=\"1\\", 1, 5, "this text has no end"),
            ("a 1 2 3", 1, 7, "expected the end of the line"),
            ("a 1 x", 1, 5, "expected a timestamp"),
            ("a 1 NaN", 1, 5, "expected a timestamp"),
            ("a 1 # comment", 1, 7, "comments stand on lines of their own"),
            ("a 1 # {} x", 1, 10, "expected the exemplar's value"),
            ("a 1 # {} 1 2 3", 1, 14, "expected the end of the line"),
            ("a 1\n# EOF\nb 2\n# EOF", 3, 1, "expected nothing after `# EOF`"),
            ("a{x=\"1\",y=\"2\"} 1\nb 1\na{y=\"2\",x=\"1\"} 1", 3, 1, "this series of `a` is on line 1 already"),
            ("a 1\na 1", 2, 1, "this series of `a` is on line 1 already"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
            assert!(error.message.contains(message), "{text}: {error}");
        }
        let long = format!("a {}", "é".repeat(1_000));
        assert!(parse(&long).unwrap_err().to_string().len() < 160);
        assert_eq!(
            parse("a 1\nb x").unwrap_err().to_string(),
            "line 2, column 3 of the metrics: expected the value, a number, found `x`"
        );
    }
}
