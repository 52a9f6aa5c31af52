//! What an answer must be, and what is taken from it.

use super::Answer;
use crate::json_path::JsonPath;
use rollout::application::Expect;
use serde_json::Value;

/// Every expectation that does not hold, in words; empty when all do.
pub(super) fn unmet(expect: &Expect, answer: &Answer) -> Vec<String> {
    let mut unmet = vec![];
    let status_holds = expect.status.map_or((200..300).contains(&answer.status), |status| status == answer.status);
    if !status_holds {
        let wanted = expect.status.map_or("2xx".to_owned(), |status| status.to_string());
        unmet.push(format!("expected status {wanted}, got {}", answer.status));
    }
    for (name, wanted) in &expect.headers {
        let got = answer.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match got {
            Some(got) if got == *wanted => {}
            Some(got) => unmet.push(format!("expected header {name}: {wanted}, got {got}")),
            None => unmet.push(format!("expected header {name}: {wanted}, got none")),
        }
    }
    if let Some(text) = &expect.body
        && !answer.body.contains(text.as_str())
    {
        unmet.push(format!("expected the body to hold `{text}`"));
    }
    for (path, wanted) in &expect.json {
        match at(path, answer) {
            Ok(got) if serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| same(&got, &wanted)) => {}
            Ok(got) => unmet.push(format!("expected {path} to be {wanted}, got {got}")),
            Err(why) => unmet.push(why),
        }
    }
    unmet
}

/// As JSON sees it: `1` and `1.0` are one number, and the order of keys says nothing.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// The value at a path: strings as they are, anything else as JSON.
pub(super) fn capture(path: &str, answer: &Answer) -> Result<String, String> {
    Ok(match at(path, answer)? {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

fn at(path: &str, answer: &Answer) -> Result<Value, String> {
    let parsed = JsonPath::parse(path).map_err(|error| error.to_string())?;
    let json: Value =
        serde_json::from_str(&answer.body).map_err(|_| format!("expected JSON with {path}, got something else"))?;
    parsed.get(&json).cloned().ok_or_else(|| format!("the answer has nothing at {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn answer(status: u16, body: &str) -> Answer {
        let headers = [("x-version", "1.0.0")].map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Answer { status, headers: headers.into_iter().collect(), body: body.to_owned() }
    }

    #[test]
    fn what_is_expected_must_hold() {
        let json = |path: &str, value: &str| BTreeMap::from([(path.to_owned(), value.to_owned())]);
        let table: [(Expect, u16, &str, Option<&str>); 10] = [
            (Expect::default(), 204, "", None),
            (Expect::default(), 301, "", Some("expected status 2xx, got 301")),
            (Expect { status: Some(401), ..Expect::default() }, 401, "", None),
            (Expect { headers: json("x-version", "1.0.0"), ..Expect::default() }, 200, "", None),
            (
                Expect { headers: json("x-version", "2"), ..Expect::default() },
                200,
                "",
                Some("expected header x-version: 2, got 1.0.0"),
            ),
            (
                Expect { body: Some("Hop".to_owned()), ..Expect::default() },
                200,
                "hop",
                Some("expected the body to hold `Hop`"),
            ),
            (Expect { json: json("$.a", "1"), ..Expect::default() }, 200, r#"{"a":1}"#, None),
            (Expect { json: json("$.a", "1"), ..Expect::default() }, 200, r#"{"a":1.0}"#, None),
            (
                Expect { json: json("$.a", "1"), ..Expect::default() },
                200,
                r#"{"a":"1"}"#,
                Some(r#"expected $.a to be 1, got "1""#),
            ),
            (
                Expect { json: json("$.a", "1"), ..Expect::default() },
                200,
                "<html>",
                Some("expected JSON with $.a, got something else"),
            ),
        ];
        for (expect, status, body, wrong) in table {
            let unmet = unmet(&expect, &answer(status, body));
            assert_eq!(unmet, wrong.map(str::to_owned).into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn strings_are_captured_without_quotes() {
        assert_eq!(capture("$.token", &answer(200, r#"{"token":"abc"}"#)), Ok("abc".to_owned()));
        assert_eq!(capture("$.id", &answer(200, r#"{"id":7}"#)), Ok("7".to_owned()));
        assert!(capture("$.none", &answer(200, "{}")).is_err());
    }
}
