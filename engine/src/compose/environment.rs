//! `environment` and `env_file`.

use super::dotenv;
use super::problem::Problem;
use super::reader::{Reader, is_null};
use super::tree::{Node, Value};
use std::collections::BTreeMap;
use std::io::ErrorKind;

/// What `environment` says. `None`: a name alone that is not set outside, so not set in the container either.
pub(super) type Said = BTreeMap<String, Option<String>>;

/// `NAME: value`, `- NAME=value`, or a name alone, which takes its value from the variables of the file.
pub(super) fn environment(reader: &mut Reader, node: &Node) -> Said {
    let mut said = Said::new();
    if let Value::List(items) = &node.value {
        for item in items {
            let Some(text) = reader.item(item, "environment") else { continue };
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (text.as_str(), reader.variables.get(&text).map(str::to_owned)),
            };
            if name.trim().is_empty() {
                reader.report(item.at, "a variable has no name: write NAME=value");
            } else if said.insert(name.to_owned(), value).is_some() {
                reader.report(item.at, format!("`{name}` is in `environment` twice: keep one of them"));
            }
        }
        return said;
    }
    for (key, value) in reader.entries(node, "environment") {
        if key.name.trim().is_empty() || key.name.contains(['=', '$']) {
            let message = format!("`{}` cannot name a variable: names are taken as they are written", key.name);
            reader.report(key.at, message);
        } else if is_null(value) {
            said.insert(key.name.clone(), reader.variables.get(&key.name).map(str::to_owned));
        } else if let Some(text) = reader.text(value, &key.name) {
            said.insert(key.name.clone(), Some(text));
        }
    }
    said
}

/// The variables of every file that `env_file` names; a later file wins.
pub(super) fn env_files(reader: &mut Reader, node: &Node) -> BTreeMap<String, String> {
    let entries = match &node.value {
        Value::Map(_) => std::slice::from_ref(node),
        _ => reader.items_or_one(node, "env_file"),
    };
    let mut values = BTreeMap::new();
    for entry in entries {
        let (path, required) = match &entry.value {
            Value::Map(_) => long(reader, entry),
            _ => (reader.item(entry, "env_file"), true),
        };
        if let Some(path) = path {
            one(reader, entry, &path, required, &mut values);
        }
    }
    values
}

fn long(reader: &mut Reader, node: &Node) -> (Option<String>, bool) {
    let (mut path, mut required) = (None, true);
    let before = reader.problems.len();
    for (key, value) in reader.fields(node, "env_file") {
        match key.name.as_str() {
            "path" => path = reader.name(value, "path"),
            "required" => required = reader.flag(value, "required").unwrap_or(true),
            "format" => reader.unsupported(key, "files are read as compose reads them by default, so remove it"),
            _ => reader.unknown(key, "`env_file`"),
        }
    }
    if path.is_none() && before == reader.problems.len() {
        reader.report(node.at, "an item of `env_file` has no `path`: add it");
    }
    (path, required)
}

fn one(reader: &mut Reader, node: &Node, path: &str, required: bool, values: &mut BTreeMap<String, String>) {
    match (reader.env_files)(path) {
        Ok(text) => {
            let variables = reader.variables;
            let look_up = |name: &str| values.get(name).cloned().or_else(|| variables.get(name).map(str::to_owned));
            match dotenv::parse(path, &text, &look_up) {
                Ok(more) => values.extend(more),
                Err(problems) => reader.problems.extend(problems),
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound && !required => {}
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::NotFound => ": create it, or write {path: ..., required: false}",
                _ => "",
            };
            let problem = Problem::new(reader.file, node.at, format!("`env_file` {path}: {error}{advice}"));
            reader.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems, service};

    fn values(body: &str) -> Vec<(String, String)> {
        service(body).environment.into_iter().collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn values_come_in_every_shape() {
        for (body, pairs) in [
            (
                "environment: [A=1, 'B=x=y', C=, VERSION, NOPE]",
                vec![("A", "1"), ("B", "x=y"), ("C", ""), ("VERSION", "7")],
            ),
            (
                "environment: {A: 1, B: 0.5, C: true, D: 'null', E: '', VERSION: , NOPE: ~, F: yes, G: \"1.10\"}",
                vec![
                    ("A", "1"),
                    ("B", "0.5"),
                    ("C", "true"),
                    ("D", "null"),
                    ("E", ""),
                    ("F", "yes"),
                    ("G", "1.10"),
                    ("VERSION", "7"),
                ],
            ),
            ("environment: {A: $VERSION, B: '${NOPE:-x}', C: a$$b}", vec![("A", "7"), ("B", "x"), ("C", "a$b")]),
            ("environment: ['A=v$VERSION']", vec![("A", "v7")]),
            ("environment:", vec![]),
            ("env_file: a.env", vec![("A", "file"), ("B", "file7")]),
            ("env_file: [a.env, b.env]", vec![("A", "later"), ("B", "file7"), ("C", "file7")]),
            ("env_file: [{path: nope.env, required: false}, {path: a.env}]", vec![("A", "file"), ("B", "file7")]),
            ("env_file: a.env\n    environment: {A: said, C: c}", vec![("A", "said"), ("B", "file7"), ("C", "c")]),
            ("environment: [A]\n    env_file: a.env", vec![("B", "file7")]),
        ] {
            assert_eq!(values(body), expected(&pairs), "{body}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (body, expected) in [
            (
                "environment: {A: 1.10}",
                "4:22: `1.10` is a number that YAML readers write differently: put it in quotes",
            ),
            ("environment: {A: [x]}", "4:22: `A` must be text, not a list"),
            ("environment: {A: $NOPE}", "4:22: NOPE is not set"),
            ("environment: ['A=x$NOPE']", "4:23: NOPE is not set"),
            ("environment: [A=1, A=2]", "4:24: `A` is in `environment` twice"),
            ("environment: [=1]", "4:19: a variable has no name"),
            ("environment: {$VERSION: 1}", "4:19: `$VERSION` cannot name a variable"),
            ("environment: A=1", "4:18: `environment` must be a mapping, not a single value"),
            ("env_file: nope.env", "4:15: `env_file` nope.env: "),
            ("env_file: [secret.env]", "4:16: `env_file` secret.env: "),
            ("env_file: [{path: secret.env, required: false}]", "4:16: `env_file` secret.env: "),
            ("env_file: [{required: false}]", "4:16: an item of `env_file` has no `path`"),
            ("env_file: [{path: a.env, format: raw}]", "4:30: `format` is not supported"),
            ("env_file: {path: a.env, pat: b}", "4:29: `pat` is not a key"),
            ("env_file: broken.env", "broken.env:2:5: expected a `=` after not"),
        ] {
            let found = problems(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].starts_with(expected), "{body}: {}", found[0]);
        }
    }
}
