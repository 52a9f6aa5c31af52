//! A smoke test's request: references resolved, variables filled in.

use super::Answer;
use crate::secrets;
use crate::steps::{Context, probe};
use rollout::application::{Body, Secret, SmokeTest};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) struct Request {
    method: String,
    base: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    timeout: Duration,
}

impl Request {
    pub(super) fn build(
        cx: &Context,
        test: &SmokeTest,
        variables: &BTreeMap<String, String>,
    ) -> Result<Request, String> {
        let fill = |text: &str| filled(text, variables);
        let mut headers = vec![];
        let own_host = test.headers.keys().any(|name| name.eq_ignore_ascii_case("host"));
        if let Some(host) = cx.host(&test.service).filter(|_| !own_host) {
            headers.push(("host".to_owned(), host));
        }
        for (name, value) in &test.headers {
            headers.push((name.to_ascii_lowercase(), fill(&resolved(value)?)));
        }
        let body = match &test.body {
            Body::None => None,
            Body::Text(text) => Some(fill(text)),
            Body::Json(text) => {
                let mut json: Value = serde_json::from_str(text).map_err(|error| format!("its json: {error}"))?;
                fill_json(&mut json, variables)?;
                if !headers.iter().any(|(name, _)| name == "content-type") {
                    headers.push(("content-type".to_owned(), "application/json".to_owned()));
                }
                Some(json.to_string())
            }
        };
        Ok(Request {
            method: test.method.clone(),
            base: cx.base_url(&test.service, cx.new_slot())?,
            path: fill(&test.path),
            headers,
            body,
            timeout: Duration::from_millis(test.timeout.0),
        })
    }

    pub(super) async fn send(&self, cx: &Context) -> Result<Answer, String> {
        let method = self.method.parse().map_err(|_| format!("{} is not a method", self.method))?;
        let mut request = cx.http.request(method, format!("{}{}", self.base, self.path)).timeout(self.timeout);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let said = |error: reqwest::Error| match error.is_timeout() {
            true => format!("no answer within {} s", self.timeout.as_secs_f64()),
            false => format!("no answer: {}", probe::deepest(&error)),
        };
        let answer = request.send().await.map_err(said)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, body: answer.text().await.map_err(said)? })
    }

    pub(super) fn first_line(&self) -> String {
        format!("{} {}{}", self.method, self.base, self.path)
    }

    pub(super) fn shown_headers(&self) -> impl Iterator<Item = String> {
        self.headers.iter().map(|(name, value)| format!("{name}: {value}"))
    }

    pub(super) fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}

fn resolved(value: &str) -> Result<String, String> {
    secrets::resolve(&Secret::parse(value)).map_err(|error| error.to_string())
}

/// `{name}` becomes the variable's value; what is no variable stays as it is, and so does what a value holds.
fn filled(text: &str, variables: &BTreeMap<String, String>) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        rest = &rest[open..];
        let value = rest.find('}').and_then(|close| Some((close, variables.get(&rest[1..close])?)));
        match value {
            Some((close, value)) => {
                filled.push_str(value);
                rest = &rest[close + 1..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled + rest
}

fn fill_json(json: &mut Value, variables: &BTreeMap<String, String>) -> Result<(), String> {
    match json {
        Value::String(text) => *text = filled(&resolved(text)?, variables),
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill_json(item, variables))?,
        Value::Object(fields) => fields.values_mut().try_for_each(|field| fill_json(field, variables))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_filled_in_again() {
        let variables = BTreeMap::from([("a".to_owned(), "{b}".to_owned()), ("b".to_owned(), "2".to_owned())]);
        for (text, wanted) in [("{a} {b}", "{b} 2"), ("{{b}}", "{2}"), ("{c} {", "{c} {"), ("", "")] {
            assert_eq!(filled(text, &variables), wanted);
        }
    }

    #[test]
    fn variables_are_filled_in_everywhere_in_json() {
        let variables = BTreeMap::from([("token".to_owned(), "abc".to_owned())]);
        let mut json = serde_json::json!({"a": ["Bearer {token}", 1], "b": {"c": "{other}"}});
        fill_json(&mut json, &variables).unwrap();
        assert_eq!(json, serde_json::json!({"a": ["Bearer abc", 1], "b": {"c": "{other}"}}));
    }
}
