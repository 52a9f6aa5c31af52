//! `[[smoke]]`: requests to the standby slot, in order.

use super::health::status;
use super::item::Item;
use super::section::{Keys, Section};
use super::services::Services;
use super::{json, variables, words};
use crate::json_path::JsonPath;
use rollout::application::{Body, Expect, SmokeTest};
use rollout::clock::Millis;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const SMOKE: Keys = Keys::new(&["name", "request", "expect", "capture"]);
pub(super) const REQUEST: Keys = Keys::new(&["method", "service", "path", "headers", "json", "body", "timeout"]);
pub(super) const EXPECT: Keys = Keys::new(&["status", "headers", "body", "json"]);

const REQUEST_LIKE: &str = "a table, like { service = \"api\", path = \"/health\" }";
const HEADERS_LIKE: &str = "a table of headers, like { Accept = \"application/json\" }";
const CAPTURE_LIKE: &str = "a table of variables, like { token = \"$.token\" }";
const JSON_LIKE: &str = "a table of JSON paths in quotes, like { \"$.status\" = \"ok\" }";

pub(super) fn read<'a>(item: Item<'a>, services: &Services) -> Vec<SmokeTest> {
    let mut reader = Reader { services, names: BTreeMap::new(), captured: BTreeSet::new() };
    item.sections("[[smoke]]", &SMOKE).iter().map(|section| reader.test(section)).collect()
}

/// What is known from the tests above the one that is read.
struct Reader<'s, 'a> {
    services: &'s Services,
    /// Names, with their lines.
    names: BTreeMap<&'a str, usize>,
    captured: BTreeSet<&'a str>,
}

impl<'a> Reader<'_, 'a> {
    fn test(&mut self, section: &Section<'a>) -> SmokeTest {
        let name = section.need("name", "what it is called on the screen, like name = \"sign in\"");
        let name = name.and_then(|item| self.name(item)).unwrap_or_default();
        let request = section.need("request", &format!("what is asked: {REQUEST_LIKE}"));
        let request = request.and_then(|item| item.section("`request`", &REQUEST, REQUEST_LIKE));
        let request = request.map(|request| self.request(&request));
        let expect = section.get("expect").map(expect).unwrap_or_default();
        // Only now: a request cannot use what its own answer gives.
        let capture = section.get("capture").map(|item| self.capture(item)).unwrap_or_default();
        let test = request.unwrap_or_else(unread);
        SmokeTest { name, expect, capture, ..test }
    }

    fn name(&mut self, item: Item<'a>) -> Option<String> {
        let name = item.text_that(words::not_empty)?;
        let line = item.problems.line(item.at());
        match self.names.get(name.as_str()) {
            Some(first) => {
                item.wrong(format!("\"{name}\" is already the smoke test on line {first}: each has its own name"))
            }
            None => {
                self.names.insert(item.text()?, line);
            }
        }
        Some(name)
    }

    /// The test's request; what else belongs to the test is left empty.
    fn request(&self, section: &Section<'a>) -> SmokeTest {
        let service = section.need("service", "the routed service to ask");
        let path = section.need("path", "what is asked for, like path = \"/health\"");
        SmokeTest {
            method: section
                .get("method")
                .map_or_else(|| Some("GET".to_owned()), |item| item.text_that(words::method))
                .unwrap_or_default(),
            service: service.and_then(|item| self.services.routed(item, "a smoke test")).unwrap_or_default(),
            path: path.and_then(|item| self.filled(item, words::request_path)).unwrap_or_default(),
            headers: section
                .get("headers")
                .map(|item| headers(item, |value| self.filled(value, request_header)))
                .unwrap_or_default(),
            body: self.body(section),
            timeout: section.get("timeout").and_then(|item| item.duration_above_zero()).unwrap_or(Millis::seconds(10)),
            ..unread()
        }
    }

    fn body(&self, section: &Section<'a>) -> Body {
        match (section.get("json"), section.get("body")) {
            (None, None) => Body::None,
            (Some(json), None) => self.json(json),
            (None, Some(body)) => self.filled(body, |_| Ok(())).map_or(Body::None, Body::Text),
            (Some(json), Some(body)) => {
                let second = if json.key.span().start < body.key.span().start { body } else { json };
                second.wrong_key("a request has one body: `json` or `body`, not both");
                Body::None
            }
        }
    }

    fn json(&self, item: Item<'a>) -> Body {
        let value = json::read(item, &mut |item, text| {
            self.check_variables(item, text);
            if let Err(sentence) = reference(text) {
                item.wrong(sentence);
            }
        });
        value.map_or(Body::None, |value| Body::Json(value.to_string()))
    }

    /// Text that may hold variables.
    fn filled(&self, item: Item<'a>, check: impl FnOnce(&str) -> Result<(), String>) -> Option<String> {
        let text = item.text_that(check)?;
        self.check_variables(item, &text);
        Some(text)
    }

    fn check_variables(&self, item: Item, text: &str) {
        for name in variables::names(text).filter(|name| !self.captured.contains(name)) {
            let so_far: Vec<&str> = self.captured.iter().copied().collect();
            let known = match so_far[..] {
                [] => "none is captured so far".to_owned(),
                _ => format!("captured so far: {}", so_far.join(", ")),
            };
            item.wrong(format!(
                "{{{name}}} is used before a test above captures it ({known}). \
                 If it is no variable, write {{ {name} }} with spaces",
            ));
        }
    }

    fn capture(&mut self, item: Item<'a>) -> BTreeMap<String, String> {
        let mut capture = BTreeMap::new();
        for entry in item.entries(CAPTURE_LIKE).into_iter().flatten() {
            if !variables::is_name(entry.name()) {
                entry.wrong_key("is not the name of a variable: letters, digits and `_`, and no digit first");
            }
            self.captured.insert(entry.name());
            if let Some(path) = entry.text_that(json_path) {
                capture.insert(entry.name().to_owned(), path);
            }
        }
        capture
    }
}

/// Stands in for a request that could not be read.
fn unread() -> SmokeTest {
    SmokeTest {
        name: String::new(),
        method: String::new(),
        service: String::new(),
        path: String::new(),
        headers: BTreeMap::new(),
        body: Body::None,
        expect: Expect::default(),
        capture: BTreeMap::new(),
        timeout: Millis::ZERO,
    }
}

fn expect(item: Item) -> Expect {
    let Some(section) = item.section("`expect`", &EXPECT, "a table, like { status = 200 }") else {
        return Expect::default();
    };
    Expect {
        status: section.get("status").and_then(status),
        headers: section
            .get("headers")
            .map(|item| headers(item, |value| value.text_that(words::header_value)))
            .unwrap_or_default(),
        body: section.get("body").and_then(|item| item.text()).map(str::to_owned),
        json: section.get("json").map(expected_json).unwrap_or_default(),
    }
}

fn expected_json(item: Item) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for entry in item.entries(JSON_LIKE).into_iter().flatten() {
        if let Err(sentence) = json_path(entry.name()) {
            entry.problems.add(entry.key.span(), sentence);
        }
        if let Some(value) = json::read(entry, &mut |_, _| {}) {
            values.insert(entry.name().to_owned(), value.to_string());
        }
    }
    values
}

/// Headers by name; no name twice, for case does not tell them apart.
fn headers<'a>(item: Item<'a>, value: impl Fn(Item<'a>) -> Option<String>) -> BTreeMap<String, String> {
    let mut seen = BTreeSet::new();
    let mut headers = BTreeMap::new();
    for entry in item.entries(HEADERS_LIKE).into_iter().flatten() {
        if let Err(sentence) = words::header_name(entry.name()) {
            entry.wrong_key(sentence);
        }
        if !seen.insert(entry.name().to_ascii_lowercase()) {
            entry.wrong_key("this header is given twice: capitals do not tell headers apart");
        }
        if let Some(value) = value(entry) {
            headers.insert(entry.name().to_owned(), value);
        }
    }
    headers
}

/// A header's value may be a reference as a whole.
fn request_header(text: &str) -> Result<(), String> {
    words::header_value(text)?;
    reference(text)
}

/// What begins like a reference must be one. An empty text is no reference.
fn reference(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { words::secret(text) }
}

fn json_path(text: &str) -> Result<(), String> {
    JsonPath::parse(text).map(|_| ()).map_err(|error| error.to_string())
}
