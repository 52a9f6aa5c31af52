//! `healthcheck`.

use super::model::HealthCheck;
use super::reader::{Reader, is_null};
use super::tree::{Node, Value};

pub(super) fn healthcheck(reader: &mut Reader, node: &Node) -> Option<HealthCheck> {
    let (mut test, mut interval, mut timeout) = (None, None, None);
    let (mut retries, mut start_period, mut start_interval) = (None, None, None);
    let mut disable = None;
    if is_null(node) {
        return None;
    }
    for (key, value) in reader.fields(node, "healthcheck") {
        let what = key.name.as_str();
        match what {
            "test" => test = self::test(reader, value),
            "interval" => interval = reader.duration(value, what),
            "timeout" => timeout = reader.duration(value, what),
            "start_period" => start_period = reader.duration(value, what),
            "start_interval" => start_interval = reader.duration(value, what),
            "retries" => retries = reader.number(value, what, "a whole number"),
            "disable" => disable = reader.flag(value, what).filter(|disable| *disable).map(|_| key.at),
            _ => reader.unknown(key, "`healthcheck`"),
        }
    }
    let never = test.as_ref().is_some_and(|test| test == &["NONE"]);
    match (disable, &test) {
        (Some(at), Some(_)) if !never => {
            reader.report(at, "`disable` and `test` contradict each other: keep one of them")
        }
        _ => {}
    }
    if never || disable.is_some() {
        return Some(HealthCheck::Disabled);
    }
    let test = test.unwrap_or_default();
    Some(HealthCheck::Check { test, interval, timeout, retries, start_period, start_interval })
}

/// A text is for the shell of the container; a list says itself what it is.
fn test(reader: &mut Reader, node: &Node) -> Option<Vec<String>> {
    let Value::List(items) = &node.value else {
        return reader.name(node, "test").map(|text| vec!["CMD-SHELL".to_owned(), text]);
    };
    let before = reader.problems.len();
    let words = reader.texts(items, "test");
    if reader.problems.len() > before {
        return None;
    }
    let right = match words.first().map(String::as_str) {
        Some("NONE") => words.len() == 1,
        Some("CMD") => words.len() > 1,
        Some("CMD-SHELL") => words.len() == 2,
        _ => false,
    };
    if !right {
        let message = "`test` must be text, [\"CMD\", program, argument, ...], [\"CMD-SHELL\", text] or [\"NONE\"]";
        reader.report(node.at, message);
    }
    right.then_some(words)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems, service};
    use super::*;
    use rollout::clock::Millis;

    #[test]
    fn tests_come_in_every_shape() {
        for (body, words) in [
            ("test: curl -f http://x || exit 1", Some(vec!["CMD-SHELL", "curl -f http://x || exit 1"])),
            ("test: [CMD, curl, -f, 'http://x']", Some(vec!["CMD", "curl", "-f", "http://x"])),
            ("test: [CMD-SHELL, 'a $$B']", Some(vec!["CMD-SHELL", "a $B"])),
            ("interval: 1s", Some(vec![])),
            ("test: [NONE]", None),
            ("disable: true", None),
            ("disable: true\n      test: [NONE]", None),
        ] {
            let check = service(&format!("healthcheck:\n      {body}")).healthcheck.unwrap();
            let found = match &check {
                HealthCheck::Disabled => None,
                HealthCheck::Check { test, .. } => Some(test.iter().map(String::as_str).collect()),
            };
            assert_eq!(found, words, "{body}");
        }
        assert_eq!(service("healthcheck:").healthcheck, None);
    }

    #[test]
    fn times_are_read() {
        let body = "healthcheck: {test: x, interval: 1m30s, timeout: 500ms, retries: 5, start_period: 40s, \
        start_interval: 1s}";
        let check = HealthCheck::Check {
            test: vec!["CMD-SHELL".to_owned(), "x".to_owned()],
            interval: Some(Millis::seconds(90)),
            timeout: Some(Millis(500)),
            retries: Some(5),
            start_period: Some(Millis::seconds(40)),
            start_interval: Some(Millis::seconds(1)),
        };
        assert_eq!(service(body).healthcheck, Some(check));
    }

    #[test]
    fn mistakes_are_told() {
        for (body, expected) in [
            ("healthcheck: {test: [curl]}", "4:25: `test` must be text, [\"CMD\""),
            ("healthcheck: {test: []}", "4:25: `test` must be text"),
            ("healthcheck: {test: [CMD-SHELL, a, b]}", "4:25: `test` must be text"),
            ("healthcheck: {test: [CMD, $NOPE]}", "4:31: NOPE is not set"),
            ("healthcheck: {test: x, disable: true}", "4:28: `disable` and `test` contradict"),
            ("healthcheck: {interval: 10}", "4:29: `interval`: `10` is not a duration"),
            ("healthcheck: {retries: -1}", "4:28: `retries`: expected a whole number, not `-1`"),
            ("healthcheck: {retires: 1}", "4:19: `retires` is not a key that Crossfade supports in `healthcheck`"),
            ("healthcheck: {disable: maybe}", "4:28: `disable`: expected true or false, not `maybe`"),
            ("healthcheck: none", "4:18: `healthcheck` must be a mapping"),
        ] {
            let found = problems(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].starts_with(expected), "{body}: {}", found[0]);
        }
    }
}
