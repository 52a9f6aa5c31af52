//! Small settings of a service: `command`, `image`, `restart`, `extra_hosts`, `logging`.

use super::model::{ExtraHost, Logging, Restart};
use super::reader::{Reader, is_null};
use super::tree::{Node, Value};
use super::words;
use std::net::IpAddr;

/// `command` and `entrypoint`: words, or one text to split into words.
pub(super) fn command(reader: &mut Reader, node: &Node, what: &str) -> Option<Vec<String>> {
    match &node.value {
        Value::List(items) => Some(reader.texts(items, what)),
        _ => reader.parsed(node, what, words::split),
    }
}

pub(super) fn image(reader: &mut Reader, node: &Node) -> Option<String> {
    reader.parsed(node, "image", |text| {
        let broken = text.is_empty()
            || text.contains(|c: char| c.is_whitespace() || c.is_control())
            || text.starts_with([':', '/', '@', '-'])
            || text.ends_with([':', '/', '@']);
        if broken {
            return Err(format!("expected an image such as ghcr.io/team/api:1.2.0, not `{text}`"));
        }
        Ok(text.to_owned())
    })
}

pub(super) fn restart(reader: &mut Reader, node: &Node) -> Option<Restart> {
    reader.parsed(node, "restart", |text| {
        let wrong = || format!("expected \"no\", always, unless-stopped, on-failure or on-failure:5, not `{text}`");
        match text {
            "no" => Ok(Restart::No),
            "always" => Ok(Restart::Always),
            "unless-stopped" => Ok(Restart::UnlessStopped),
            "on-failure" => Ok(Restart::OnFailure { most: None }),
            _ => {
                let most = text.strip_prefix("on-failure:").and_then(|most| most.parse().ok());
                most.map(|most| Restart::OnFailure { most: Some(most) }).ok_or_else(wrong)
            }
        }
    })
}

/// `name:address` or `name=address` in a list, or a mapping of names to addresses.
pub(super) fn extra_hosts(reader: &mut Reader, node: &Node) -> Vec<ExtraHost> {
    let mut hosts = Vec::new();
    if let Value::List(items) = &node.value {
        for item in items {
            hosts.extend(reader.parsed(item, "extra_hosts", |text| {
                // An IPv6 address has colons of its own; a name has neither sign.
                let (name, address) = text
                    .split_once(['=', ':'])
                    .filter(|(name, _)| !name.is_empty())
                    .ok_or_else(|| format!("expected name=address such as db=10.0.0.5, not `{text}`"))?;
                Ok::<_, String>(ExtraHost { name: name.to_owned(), address: self::address(address)? })
            }));
        }
    } else {
        for (key, value) in reader.entries(node, "extra_hosts") {
            for item in reader.items_or_one(value, &key.name) {
                let address = reader.parsed(item, &key.name, address);
                hosts.extend(address.map(|address| ExtraHost { name: key.name.clone(), address }));
            }
        }
    }
    hosts
}

fn address(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare == "host-gateway" || bare.parse::<IpAddr>().is_ok() {
        return Ok(bare.to_owned());
    }
    Err(format!("expected an IP address or host-gateway, not `{text}`"))
}

pub(super) fn logging(reader: &mut Reader, node: &Node) -> Option<Logging> {
    if is_null(node) {
        return None;
    }
    let mut logging = Logging::default();
    for (key, value) in reader.fields(node, "logging") {
        match key.name.as_str() {
            "driver" => logging.driver = reader.name(value, "driver"),
            "options" => logging.options = reader.pairs(value, "options"),
            _ => reader.unknown(key, "`logging`"),
        }
    }
    Some(logging)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems, service};
    use super::*;

    #[test]
    fn commands_are_read() {
        for (body, words) in [
            ("command: redis-server --save '60 1'", Some(vec!["redis-server", "--save", "60 1"])),
            ("command: [node, server.js, 3000, --x=$VERSION]", Some(vec!["node", "server.js", "3000", "--x=7"])),
            ("command: sh -c 'echo $$HOME && x'", Some(vec!["sh", "-c", "echo $HOME && x"])),
            ("command: >\n      node\n      server.js", Some(vec!["node", "server.js"])),
            ("command: []", Some(vec![])),
            ("command: ''", Some(vec![])),
            ("command:", None),
        ] {
            let words = words.map(|words| words.into_iter().map(str::to_owned).collect());
            assert_eq!(service(body).command, words, "{body}");
            assert_eq!(service(&body.replace("command", "entrypoint")).entrypoint, words, "{body}");
        }
    }

    #[test]
    fn the_rest_is_read() {
        for (text, restart) in [
            ("no", Restart::No),
            ("'no'", Restart::No),
            ("always", Restart::Always),
            ("unless-stopped", Restart::UnlessStopped),
            ("on-failure", Restart::OnFailure { most: None }),
            ("on-failure:5", Restart::OnFailure { most: Some(5) }),
        ] {
            assert_eq!(service(&format!("restart: {text}")).restart, Some(restart), "{text}");
        }
        for text in [
            "['a:1.2.3.4', 'a=::1', 'b:[::1]', b=host-gateway]",
            "{a: [1.2.3.4, '::1'], b: '[::1]', 'b ': host-gateway}",
        ] {
            let hosts = service(&format!("extra_hosts: {text}")).extra_hosts;
            let hosts: Vec<_> = hosts.iter().map(|host| (host.name.trim(), host.address.as_str())).collect();
            assert_eq!(hosts, [("a", "1.2.3.4"), ("a", "::1"), ("b", "::1"), ("b", "host-gateway")], "{text}");
        }
        let logging = service("logging: {driver: json-file, options: {max-size: 10m, max-file: 3}}").logging.unwrap();
        assert_eq!(logging.driver.as_deref(), Some("json-file"));
        assert_eq!(
            logging.options,
            [("max-file", "3"), ("max-size", "10m")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
        );
    }

    #[test]
    fn mistakes_are_told() {
        for (body, expected) in [
            ("command: a && b", "4:14: `command`: has a `&`, which only a shell understands"),
            ("command: [a, ]\n    entrypoint: [a, ~]", "5:21: an item of `entrypoint` is empty"),
            ("command: {a: b}", "4:14: `command` must be a single value, not a mapping"),
            ("command: [[a]]", "4:15: `command` must be text, not a list"),
            ("restart: false", "4:14: `restart`: expected \"no\", always"),
            ("restart: on-failure:x", "4:14: `restart`: expected"),
            ("extra_hosts: [db]", "4:19: `extra_hosts`: expected name=address"),
            (
                "extra_hosts: ['db:example.com']",
                "4:19: `extra_hosts`: expected an IP address or host-gateway, not `example.com`",
            ),
            ("extra_hosts: {db: x}", "4:23: `db`: expected an IP address"),
            ("logging: {drive: x}", "4:15: `drive` is not a key that Crossfade supports in `logging`"),
        ] {
            let found = problems(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].starts_with(expected), "{body}: {}", found[0]);
        }
    }
}
