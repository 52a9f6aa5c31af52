//! Paths to one value in a JSON document: `$.user.id`, `$.items[0]`, `$["content type"]`.
//!
//! The part of JSONPath (RFC 9535) that names exactly one value: no wildcards, slices or filters. Beyond it,
//! a name after a dot may hold `-`.

use serde_json::Value;
use std::fmt;

/// A path that was read and is well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{path}\" is not a JSON path, at character {column}: {wrong}; write it like $.user.id or $.items[0][\"a b\"]"
)]
pub struct JsonPathError {
    path: String,
    /// From 1.
    column: usize,
    wrong: &'static str,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// Where it stops being one, and what was expected there.
    pub fn parse(path: &str) -> Result<JsonPath, JsonPathError> {
        let error = |rest: &str, wrong| {
            let read = path.len() - rest.len();
            JsonPathError { path: path.to_owned(), column: path[..read].chars().count() + 1, wrong }
        };
        let mut rest = path.strip_prefix('$').ok_or_else(|| error(path, "it begins with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, tail) = step(rest).map_err(|(at, wrong)| error(at, wrong))?;
            steps.push(step);
            rest = tail;
        }
        Ok(JsonPath { steps })
    }

    /// The value at this path; `None` when the document has none there.
    pub fn get<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(document, |value, step| match step {
            Step::Key(key) => value.as_object()?.get(key),
            Step::Index(index) => value.as_array()?.get(*index),
        })
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Key(key) if name_end(key) == key.len() && !key.is_empty() => write!(f, ".{key}"),
            Step::Key(key) => write!(f, "[{}]", Value::from(key.as_str())),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

/// A failure at the beginning of the rest of a path.
type Failure<'p> = (&'p str, &'static str);

/// The first step of `rest`, and what follows it.
fn step(rest: &str) -> Result<(Step, &str), Failure<'_>> {
    if let Some(name) = rest.strip_prefix('.') {
        return match name.split_at(name_end(name)) {
            ("", tail) if tail.starts_with('.') => Err((tail, "`..` names more than one value")),
            ("", tail) if tail.starts_with('*') => Err((tail, "`*` names more than one value")),
            ("", tail) if tail.starts_with(|c: char| c.is_ascii_digit()) => {
                Err((tail, "a place in a list stands in brackets, like [0]"))
            }
            ("", tail) => Err((tail, "a name is missing after `.`")),
            (name, tail) => Ok((Step::Key(name.to_owned()), tail)),
        };
    }
    let inside = rest.strip_prefix('[').ok_or((rest, "`.` or `[` comes here"))?;
    let (step, tail) = match inside.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(inside, quote)?,
        Some('0'..='9') => {
            let end = inside.find(|c: char| !c.is_ascii_digit()).unwrap_or(inside.len());
            let (digits, tail) = inside.split_at(end);
            if digits.len() > 1 && digits.starts_with('0') {
                return Err((inside, "a number does not begin with 0"));
            }
            (Step::Index(digits.parse().map_err(|_| (inside, "this number is too large"))?), tail)
        }
        Some('-') => return Err((inside, "places in a list count from 0 upwards")),
        Some('*' | '?' | ':') => return Err((inside, "wildcards, filters and slices name more than one value")),
        _ => return Err((inside, "a number or a name in quotes comes here")),
    };
    tail.strip_prefix(']').map(|tail| (step, tail)).ok_or((tail, "`]` is missing"))
}

/// Where the name at the beginning of `text` ends.
fn name_end(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return 0;
    }
    text.find(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(text.len())
}

/// The name in quotes at the beginning of `inside`, with the escapes of JSON.
fn quoted(inside: &str, quote: char) -> Result<(Step, &str), Failure<'_>> {
    let mut escaped = false;
    let mut json = String::from("\"");
    for (index, character) in inside.char_indices().skip(1) {
        match (escaped, character) {
            (false, '\\') => escaped = true,
            (false, c) if c == quote => {
                json.push('"');
                let name = serde_json::from_str(&json);
                return name
                    .map(|name| (Step::Key(name), &inside[index + 1..]))
                    .map_err(|_| (inside, "this is not JSON text"));
            }
            (true, '\'') if quote == '\'' => {
                json.push('\'');
                escaped = false;
            }
            (false, '"') => json.push_str("\\\""),
            (_, c) => {
                if std::mem::take(&mut escaped) {
                    json.push('\\');
                }
                json.push(c);
            }
        }
    }
    Err((&inside[inside.len()..], "the closing quote is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn paths_find_their_value() {
        let document = json!({
            "a": { "b": [ { "c d": 1, "é": 2, "x-y": 3, "it's": 4, "q\"": 5, "": 6, "\n": 7 } ] }, "0": [null],
        });
        for (path, expected) in [
            ("$.a.b[0][\"c d\"]", Some(json!(1))),
            ("$.a.b[0]['c d']", Some(json!(1))),
            ("$['a'][\"b\"][0].é", Some(json!(2))),
            ("$.a.b[0].x-y", Some(json!(3))),
            ("$.a.b[0]['it\\'s']", Some(json!(4))),
            ("$.a.b[0][\"it's\"]", Some(json!(4))),
            ("$.a.b[0]['q\"']", Some(json!(5))),
            ("$.a.b[0][\"q\\\"\"]", Some(json!(5))),
            ("$.a.b[0]['']", Some(json!(6))),
            ("$.a.b[0][\"\\n\"]", Some(json!(7))),
            ("$[\"0\"][0]", Some(json!(null))),
            ("$", Some(document.clone())),
            ("$.a.b[1]", None),
            ("$.a[0]", None),
            ("$.a.b.c", None),
            ("$.a.b[0].é.f", None),
        ] {
            assert_eq!(JsonPath::parse(path).unwrap().get(&document), expected.as_ref(), "{path}");
        }
    }

    #[test]
    fn what_is_not_a_path_is_told_with_its_place() {
        for (path, column, wrong) in [
            ("", 1, "it begins with `$`"),
            ("a.b", 1, "it begins with `$`"),
            ("$a", 2, "`.` or `[`"),
            ("$.", 3, "a name is missing"),
            ("$.a.", 5, "a name is missing"),
            ("$..a", 3, "`..` names more"),
            ("$.*", 3, "`*` names more"),
            ("$.é.0", 5, "a place in a list"),
            ("$[", 3, "a number or a name"),
            ("$[a]", 3, "a number or a name"),
            ("$[-1]", 3, "places in a list count"),
            ("$[*]", 3, "wildcards"),
            ("$[01]", 3, "a number does not begin"),
            ("$[99999999999999999999999]", 3, "this number is too large"),
            ("$[0", 4, "`]` is missing"),
            ("$['a'", 6, "`]` is missing"),
            ("$['a", 5, "the closing quote"),
            ("$[\"\\q\"]", 3, "this is not JSON text"),
            ("$.a b", 4, "`.` or `[`"),
        ] {
            let error = JsonPath::parse(path).unwrap_err();
            assert_eq!(error.column, column, "{path}: {error}");
            assert!(error.wrong.starts_with(wrong), "{path}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), path in "\\$([.\\['\"\\]a0\\\\é-]){0,12}") {
            let _ = JsonPath::parse(&text);
            if let Ok(parsed) = JsonPath::parse(&path) {
                prop_assert_eq!(JsonPath::parse(&parsed.to_string()), Ok(parsed));
            }
        }

        #[test]
        fn any_key_can_be_named(key in any::<String>()) {
            let path = JsonPath::parse(&format!("$[{}]", Value::from(key.as_str()))).unwrap();
            let mut document = serde_json::Map::new();
            document.insert(key, json!(1));
            let document = Value::Object(document);
            prop_assert_eq!(path.get(&document), Some(&json!(1)));
        }
    }
}
