//! `volumes`: those at the top of the file.

use super::model::Volume;
use super::reader::{Reader, is_name, is_null};
use super::tree::{Node, Value};
use std::collections::BTreeMap;

pub(super) fn volumes(reader: &mut Reader, node: &Node) -> BTreeMap<String, Volume> {
    let mut volumes = BTreeMap::new();
    for (key, value) in reader.entries(node, "volumes") {
        if !is_name(&key.name) {
            reader
                .report(key.at, format!("`{}` cannot name a volume: use letters, digits, `_`, `.` and `-`", key.name));
        }
        volumes.insert(key.name.clone(), volume(reader, &key.name, value));
    }
    volumes
}

fn volume(reader: &mut Reader, name: &str, node: &Node) -> Volume {
    let mut volume = Volume::default();
    let mut own = None;
    for (key, value) in reader.fields(node, name) {
        let what = key.name.as_str();
        if matches!(what, "driver" | "driver_opts" | "labels") && !is_null(value) {
            own = Some(key);
        }
        match what {
            "name" => volume.name = reader.name(value, what),
            "external" => volume.external = external(reader, value, &mut volume.name),
            "driver" => volume.driver = reader.name(value, what),
            "driver_opts" => volume.driver_opts = reader.pairs(value, what),
            "labels" => volume.labels = reader.labels(value),
            _ => reader.unknown(key, "a volume"),
        }
    }
    if let (true, Some(key)) = (volume.external, own) {
        reader.report(key.at, format!("`{}` says how to make it, but `external` says it is there: keep one", key.name));
    }
    volume
}

/// `external: true`, or `external: {name: ...}` as files of old have it.
pub(super) fn external(reader: &mut Reader, node: &Node, name: &mut Option<String>) -> bool {
    if !matches!(node.value, Value::Map(_)) {
        return reader.flag(node, "external").unwrap_or(false);
    }
    for (key, value) in reader.fields(node, "external") {
        match key.name.as_str() {
            "name" => *name = reader.name(value, "name"),
            _ => reader.unknown(key, "`external`"),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compose, file_problems};
    use super::*;

    #[test]
    fn volumes_are_read() {
        let text = "services: {a: {image: b}}\nvolumes:\n  a:\n  b: {name: 'x_$VERSION', external: true}\n  \
        c: {external: {name: y}}\n  \
                    d: {driver: local, driver_opts: {type: nfs, o: 'addr=1.2.3.4', n: 1}, labels: [l=1]}\n";
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let expected = BTreeMap::from([
            ("a".to_owned(), Volume::default()),
            ("b".to_owned(), Volume { name: Some("x_7".to_owned()), external: true, ..Volume::default() }),
            ("c".to_owned(), Volume { name: Some("y".to_owned()), external: true, ..Volume::default() }),
            (
                "d".to_owned(),
                Volume {
                    driver: Some("local".to_owned()),
                    driver_opts: map(&[("type", "nfs"), ("o", "addr=1.2.3.4"), ("n", "1")]),
                    labels: map(&[("l", "1")]),
                    ..Volume::default()
                },
            ),
        ]);
        assert_eq!(compose(text).volumes, expected);
    }

    #[test]
    fn mistakes_are_told() {
        for (volumes, expected) in [
            ("volumes: [a]", "2:10: `volumes` must be a mapping"),
            ("volumes: {a: x}", "2:14: `a` must be a mapping, not a single value"),
            ("volumes: {a: {size: 1}}", "2:15: `size` is not a key that Crossfade supports in a volume"),
            ("volumes: {a/b: }", "2:11: `a/b` cannot name a volume"),
            ("volumes: {a: {external: true, driver: local}}", "2:31: `driver` says how to make it"),
            ("volumes: {a: {external: 1}}", "2:25: `external`: expected true or false"),
        ] {
            let found = file_problems(&format!("services: {{a: {{image: b}}}}\n{volumes}\n"));
            assert_eq!(found.len(), 1, "{volumes}: {found:?}");
            assert!(found[0].starts_with(expected), "{volumes}: {}", found[0]);
        }
    }
}
