//! `$NAME` and `${NAME...}` in text, as compose writes them.
//!
//! One rule is stricter than compose's: a variable that is not set is a fault. Compose warns and goes on with
//! nothing in its place, and `image: api:` or `postgres://:@/` is what gets deployed.

/// Something wrong at a `$`.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    /// Bytes before the `$` it is about.
    pub offset: usize,
    pub message: String,
}

/// Replaces every variable in `text` by its value; `$$` is a `$`.
///
/// # Errors
/// Every variable that is needed and not set, and the first place that is not written right.
pub(super) fn interpolate(text: &str, look_up: &dyn Fn(&str) -> Option<String>) -> Result<String, Vec<Fault>> {
    let mut interpolation = Interpolation { text, at: 0, look_up, faults: Vec::new() };
    let result = interpolation.words(None, true);
    interpolation.faults.extend(result.as_ref().err().map(|fault| Fault { offset: fault.0, message: fault.1.clone() }));
    match result {
        Ok(value) if interpolation.faults.is_empty() => Ok(value),
        _ => Err(interpolation.faults),
    }
}

/// Defaults in defaults, deeper than anybody reads: the limit keeps hostile text off the stack.
const DEEPEST: usize = 16;

/// A place that is not written right: nothing after it can be understood.
type Malformed = (usize, String);

struct Interpolation<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
    look_up: &'a dyn Fn(&str) -> Option<String>,
    /// Variables that are not set.
    faults: Vec<Fault>,
}

/// Inside which braces: where their `$` is, and how many are open.
#[derive(Clone, Copy)]
struct Braces {
    offset: usize,
    depth: usize,
}

impl Interpolation<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let found = self.text[self.at..].starts_with(prefix);
        self.at += if found { prefix.len() } else { 0 };
        found
    }

    /// Text up to the end, or up to the `}` that closes `braces`. What is not `live` is checked, not looked up.
    fn words(&mut self, braces: Option<Braces>, live: bool) -> Result<String, Malformed> {
        let mut value = String::new();
        loop {
            match (self.peek(), braces) {
                (None, None) => return Ok(value),
                (None, Some(open)) => return Err((open.offset, "`${` is never closed: a `}` is missing".to_owned())),
                (Some('}'), Some(_)) => return Ok(value),
                (Some('$'), _) => value.push_str(&self.dollar(braces.map_or(0, |open| open.depth), live)?),
                (Some(c), _) => {
                    value.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn dollar(&mut self, depth: usize, live: bool) -> Result<String, Malformed> {
        let offset = self.at;
        self.at += 1;
        if self.skip("$") {
            return Ok("$".to_owned());
        }
        if self.skip("{") {
            return self.braced(Braces { offset, depth: depth + 1 }, live);
        }
        let name = self.name();
        if name.is_empty() {
            return Err((offset, "a `$` must be followed by a name: for the character itself write `$$`".to_owned()));
        }
        Ok(self.needed(&name, offset, live))
    }

    fn braced(&mut self, braces: Braces, live: bool) -> Result<String, Malformed> {
        if braces.depth > DEEPEST {
            return Err((braces.offset, format!("more than {DEEPEST} variables inside each other")));
        }
        let name = self.name();
        if name.is_empty() {
            let message =
                "`${` must be followed by a name, as in ${VERSION}: for the characters themselves write `$${`";
            return Err((braces.offset, message.to_owned()));
        }
        if self.skip("}") {
            return Ok(self.needed(&name, braces.offset, live));
        }
        // With a colon, an empty value counts as none.
        let colon = self.skip(":");
        let value = (self.look_up)(&name).filter(|value| !(colon && value.is_empty()));
        let result = match self.peek() {
            Some('-') => {
                self.at += 1;
                let default = self.words(Some(braces), live && value.is_none())?;
                value.unwrap_or(default)
            }
            Some('+') => {
                self.at += 1;
                let other = self.words(Some(braces), live && value.is_some())?;
                value.map(|_| other).unwrap_or_default()
            }
            Some('?') => {
                self.at += 1;
                let reason = self.words(Some(braces), live && value.is_none())?;
                if live && value.is_none() {
                    let state = if colon { "not set, or empty" } else { "not set" };
                    let colon = if reason.is_empty() { "" } else { ": " };
                    self.fault(braces.offset, format!("{name} is {state}, and the file requires it{colon}{reason}"));
                }
                value.unwrap_or_default()
            }
            None => return Err((braces.offset, "`${` is never closed: a `}` is missing".to_owned())),
            Some(other) => {
                let message = format!(
                    "`{other}` cannot follow `${{{name}{}`: expected }}, or one of :- - :? ? :+ + and a text",
                    if colon { ":" } else { "" }
                );
                return Err((braces.offset, message));
            }
        };
        // `words` came back at the brace that closes this one.
        self.at += 1;
        Ok(result)
    }

    /// Letters, digits and `_`, no digit first; may be empty.
    fn name(&mut self) -> String {
        let rest = &self.text[self.at..];
        let length = if rest.starts_with(|c: char| c.is_ascii_digit()) {
            0
        } else {
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())
        };
        self.at += length;
        rest[..length].to_owned()
    }

    fn needed(&mut self, name: &str, offset: usize, live: bool) -> String {
        if !live {
            return String::new();
        }
        (self.look_up)(name).unwrap_or_else(|| {
            let message = format!(
                "{name} is not set: set it in the environment or in .env, or write ${{{name}:-}} for an empty value"
            );
            self.fault(offset, message);
            String::new()
        })
    }

    fn fault(&mut self, offset: usize, message: String) {
        self.faults.push(Fault { offset, message });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(name: &str) -> Option<String> {
        match name {
            "V" => Some("1.2".to_owned()),
            "E" => Some(String::new()),
            "_a9" => Some("x".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced() {
        for (text, value) in [
            ("", ""),
            ("plain", "plain"),
            ("$V", "1.2"),
            ("a:$V!", "a:1.2!"),
            ("${V}", "1.2"),
            ("$V$V", "1.21.2"),
            ("$$V", "$V"),
            ("$${V}", "${V}"),
            ("$$$V", "$1.2"),
            ("$_a9-", "x-"),
            ("é${V}é", "é1.2é"),
            ("$E", ""),
            ("}{", "}{"),
            ("${V:-d}", "1.2"),
            ("${E:-d}", "d"),
            ("${E-d}", ""),
            ("${N:-d}", "d"),
            ("${N-d}", "d"),
            ("${N:-}", ""),
            ("${V:?e}", "1.2"),
            ("${V?e}", "1.2"),
            ("${E?e}", ""),
            ("${V:+a}", "a"),
            ("${E:+a}", ""),
            ("${E+a}", "a"),
            ("${N+a}", ""),
            ("${N:+a}", ""),
            ("${N:-${M:-$V}}", "1.2"),
            ("${N:-a ${V} b}", "a 1.2 b"),
            ("${N:-$$}", "$"),
            ("${V:-$N}", "1.2"),
            ("${N:+$M}", ""),
            ("${N:-http://h:1/?a=b}", "http://h:1/?a=b"),
            ("${N:-{a}}", "{a}"),
        ] {
            assert_eq!(interpolate(text, &look_up), Ok(value.to_owned()), "{text}");
        }
    }

    #[test]
    fn faults_say_where_and_what() {
        for (text, faults) in [
            ("ab $N", vec![(3, "N is not set: set it in")]),
            ("${N}${V}é${M}", vec![(0, "N is not set"), (10, "M is not set")]),
            ("x${N:-$M}", vec![(6, "M is not set")]),
            ("${N:?say it}", vec![(0, "N is not set, or empty, and the file requires it: say it")]),
            ("${E:?}", vec![(0, "E is not set, or empty, and the file requires it")]),
            ("${N?${M}}", vec![(4, "M is not set"), (0, "N is not set, and the file requires it")]),
            ("a$", vec![(1, "a `$` must be followed by a name")]),
            ("a$1", vec![(1, "a `$` must be")]),
            ("cost $ 5", vec![(5, "a `$` must be")]),
            ("a${", vec![(1, "`${` must be followed by a name")]),
            ("a${}", vec![(1, "`${` must be followed")]),
            ("a${1A}", vec![(1, "`${` must be followed")]),
            ("a${V", vec![(1, "`${` is never closed")]),
            ("a${V:-b", vec![(1, "`${` is never closed")]),
            ("a${V:-${N:-b}", vec![(1, "`${` is never closed")]),
            ("${V:-${N:-b}", vec![(0, "`${` is never closed")]),
            ("${V/a/b}", vec![(0, "`/` cannot follow `${V`")]),
            ("${V:x}", vec![(0, "`x` cannot follow `${V:`")]),
            ("${V:-$}", vec![(5, "a `$` must be")]),
            ("$N ${", vec![(0, "N is not set"), (3, "`${` must be")]),
        ] {
            let found = interpolate(text, &look_up).unwrap_err();
            assert_eq!(found.len(), faults.len(), "{text}: {found:?}");
            for (found, (offset, message)) in found.iter().zip(faults) {
                assert_eq!(found.offset, offset, "{text}");
                assert!(found.message.starts_with(message), "{text}: {}", found.message);
            }
        }
    }

    #[test]
    fn depth_has_an_end() {
        let text = "${A:-".repeat(100_000);
        assert!(interpolate(&text, &look_up).unwrap_err()[0].message.contains("inside each other"));
    }
}
