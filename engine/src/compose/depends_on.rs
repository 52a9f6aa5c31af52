//! `depends_on`.

use super::model::Condition;
use super::names::Names;
use super::problem::Mark;
use super::reader::{Reader, is_null};
use super::tree::{Key, Node, Value};
use std::collections::BTreeMap;

/// What a service waits for, and where the file says so.
pub(super) type Waits = BTreeMap<String, (Condition, Mark)>;

pub(super) fn depends_on(reader: &mut Reader, node: &Node, names: &Names) -> Waits {
    let mut waits = Waits::new();
    if let Value::List(items) = &node.value {
        for item in items {
            let Some(name) = reader.item(item, "depends_on") else { continue };
            if check(reader, item.at, &name, true, names)
                && waits.insert(name.clone(), (Condition::Started, item.at)).is_some()
            {
                reader.report(item.at, format!("`{name}` is in `depends_on` twice: keep one of them"));
            }
        }
        return waits;
    }
    for (key, value) in reader.entries(node, "depends_on") {
        let (condition, required) = long(reader, key, value);
        if check(reader, key.at, &key.name, required, names)
            && let Some(condition) = condition
        {
            waits.insert(key.name.clone(), (condition, key.at));
        }
    }
    waits
}

fn long(reader: &mut Reader, name: &Key, node: &Node) -> (Option<Condition>, bool) {
    let (mut condition, mut required) = (None, true);
    let before = reader.problems.len();
    for (key, value) in reader.fields(node, &name.name) {
        match key.name.as_str() {
            "condition" => {
                condition = reader.parsed(value, "condition", |text| match text {
                    "service_started" => Ok(Condition::Started),
                    "service_healthy" => Ok(Condition::Healthy),
                    "service_completed_successfully" => Ok(Condition::CompletedSuccessfully),
                    _ => Err(format!(
                        "expected service_started, service_healthy or service_completed_successfully, not `{text}`"
                    )),
                });
            }
            "required" => required = reader.flag(value, "required").unwrap_or(true),
            // False is what happens anyway.
            "restart" if is_null(value) => {}
            "restart" => {
                if reader.flag(value, "restart") == Some(true) {
                    reader.unsupported(key, "a slot is started as a whole, so remove it");
                }
            }
            _ => reader.unknown(key, "`depends_on`"),
        }
    }
    if condition.is_none() && before == reader.problems.len() {
        reader.report(name.at, format!("`{}` needs a `condition`: add one, such as service_started", name.name));
    }
    (condition, required)
}

/// Whether the service is one to wait for. One that is not required may be missing.
fn check(reader: &mut Reader, at: Mark, name: &str, required: bool, names: &Names) -> bool {
    let problem = if names.left_out.contains(name) {
        format!("the service `{name}` is left out because it has `profiles`: remove one or the other")
    } else if !names.services.contains(name) {
        format!("there is no service `{name}`: add it, or correct the name")
    } else {
        return true;
    };
    if required {
        reader.report(at, problem);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compose, file_problems};
    use super::*;

    fn with(depends_on: &str) -> String {
        format!(
            "services:\n  a:\n    image: i\n    depends_on: {depends_on}\n  b: {{image: i}}\n  \
             c: {{image: i}}\n  p: {{image: i, profiles: [x]}}\n"
        )
    }

    #[test]
    fn conditions_are_read() {
        for (depends_on, expected) in [
            ("[b, c]", vec![("b", Condition::Started), ("c", Condition::Started)]),
            ("{b: {condition: service_healthy, restart: false}}", vec![("b", Condition::Healthy)]),
            (
                "{b: {condition: service_started}, c: {condition: service_completed_successfully, required: false}}",
                vec![("b", Condition::Started), ("c", Condition::CompletedSuccessfully)],
            ),
            ("{p: {condition: service_started, required: false}}", vec![]),
            ("{nope: {condition: service_started, required: false}}", vec![]),
            ("", vec![]),
        ] {
            let found = compose(&with(depends_on)).services["a"].depends_on.clone();
            assert_eq!(
                found,
                expected.into_iter().map(|(name, condition)| (name.to_owned(), condition)).collect(),
                "{depends_on}"
            );
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (depends_on, expected) in [
            ("[nope]", "4:18: there is no service `nope`"),
            ("[p]", "4:18: the service `p` is left out because it has `profiles`"),
            ("[b, b]", "4:21: `b` is in `depends_on` twice"),
            ("[b: {}]", "4:18: `depends_on` must be text, not a mapping"),
            ("{b: }", "4:18: `b` needs a `condition`"),
            ("{b: {condition: healthy}}", "4:33: `condition`: expected service_started, service_healthy"),
            ("{b: {condition: service_started, restart: true}}", "4:50: `restart` is not supported: a slot is started"),
            ("{b: {cond: x, condition: service_started}}", "4:22: `cond` is not a key"),
            ("b", "4:17: `depends_on` must be a mapping"),
        ] {
            let found = file_problems(&with(depends_on));
            assert_eq!(found.len(), 1, "{depends_on}: {found:?}");
            assert!(found[0].starts_with(expected), "{depends_on}: {}", found[0]);
        }
    }
}
