//! `networks`: those at the top of the file, and a service's place on them.

use super::model::{Attachment, Network};
use super::names::Names;
use super::reader::{Reader, is_name, is_null};
use super::tree::{Node, Value};
use super::volumes::external;
use std::collections::BTreeMap;

/// The network of services that name none.
pub(super) const DEFAULT: &str = "default";

pub(super) fn networks(reader: &mut Reader, node: &Node) -> BTreeMap<String, Network> {
    let mut networks = BTreeMap::new();
    for (key, value) in reader.entries(node, "networks") {
        if !is_name(&key.name) {
            reader
                .report(key.at, format!("`{}` cannot name a network: use letters, digits, `_`, `.` and `-`", key.name));
        }
        networks.insert(key.name.clone(), network(reader, &key.name, value));
    }
    networks
}

fn network(reader: &mut Reader, name: &str, node: &Node) -> Network {
    let mut network = Network::default();
    let mut own = None;
    for (key, value) in reader.fields(node, name) {
        let what = key.name.as_str();
        if !matches!(what, "name" | "external") && !is_null(value) {
            own = Some(key);
        }
        match what {
            "name" => network.name = reader.name(value, what),
            "external" => network.external = external(reader, value, &mut network.name),
            "driver" => network.driver = reader.name(value, what),
            "driver_opts" => network.driver_opts = reader.pairs(value, what),
            "internal" => network.internal = reader.flag(value, what).unwrap_or(false),
            "attachable" => network.attachable = reader.flag(value, what).unwrap_or(false),
            "enable_ipv6" => network.enable_ipv6 = reader.flag(value, what).unwrap_or(false),
            "labels" => network.labels = reader.labels(value),
            "ipam" => {
                let advice = "both slots are there at once and cannot have the same addresses, so remove it";
                reader.unsupported(key, advice);
            }
            _ => reader.unknown(key, "a network"),
        }
    }
    if let (true, Some(key)) = (network.external, own) {
        reader.report(key.at, format!("`{}` says how to make it, but `external` says it is there: keep one", key.name));
    }
    network
}

/// The networks of a service: a list of names, or names and settings.
pub(super) fn attachments(reader: &mut Reader, node: &Node, names: &Names) -> BTreeMap<String, Attachment> {
    let mut found = BTreeMap::new();
    if let Value::List(items) = &node.value {
        for item in items {
            let Some(name) = reader.item(item, "networks") else { continue };
            check(reader, item, &name, names);
            if found.insert(name.clone(), Attachment::default()).is_some() {
                reader.report(item.at, format!("`{name}` is in `networks` twice: keep one of them"));
            }
        }
        return found;
    }
    for (key, value) in reader.entries(node, "networks") {
        let at = Node { at: key.at, ..value.clone() };
        check(reader, &at, &key.name, names);
        found.insert(key.name.clone(), attachment(reader, &key.name, value));
    }
    found
}

fn attachment(reader: &mut Reader, name: &str, node: &Node) -> Attachment {
    let mut attachment = Attachment::default();
    for (key, value) in reader.fields(node, name) {
        match key.name.as_str() {
            "aliases" => {
                let items = reader.items(value, "aliases");
                attachment.aliases = reader.texts(items, "aliases");
            }
            "ipv4_address" | "ipv6_address" | "link_local_ips" | "mac_address" => {
                let advice = "both slots are there at once and cannot have the same address, so remove it";
                reader.unsupported(key, advice);
            }
            _ => reader.unknown(key, "a service's network"),
        }
    }
    attachment
}

fn check(reader: &mut Reader, node: &Node, name: &str, names: &Names) {
    if name != DEFAULT && !names.networks.contains(name) {
        let message = format!("the network `{name}` is not declared: add it to `networks` at the top of the file");
        reader.report(node.at, message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{compose, file_problems};
    use super::*;

    #[test]
    fn services_are_on_networks() {
        let text = "services:\n  a: {image: i}\n  b: {image: i, networks: [front, back]}\n  \
        c: {image: i, networks: []}\n  \
                    d: {image: i, networks: {back: {aliases: [db, sql]}, default: }}\nnetworks: {front: , back: }\n";
        let compose = compose(text);
        let on = |name: &str| compose.services[name].networks.keys().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(
            [on("a"), on("b"), on("c"), on("d")],
            [vec!["default"], vec!["back", "front"], vec!["default"], vec!["back", "default"]]
        );
        assert_eq!(compose.services["d"].networks["back"].aliases, ["db", "sql"]);
        assert_eq!(compose.networks.keys().collect::<Vec<_>>(), ["back", "default", "front"]);
    }

    #[test]
    fn networks_are_read() {
        let text = "services: {a: {image: b, networks: [n]}}\nnetworks:\n  n: {driver: bridge, internal: true, \
        attachable: true, \
                    enable_ipv6: true, name: '${VERSION}n', driver_opts: {com.docker.network.driver.mtu: 1400}, \
                    labels: {l: x}}\n  o: {external: true}";
        let networks = compose(text).networks;
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let n = Network {
            name: Some("7n".to_owned()),
            external: false,
            driver: Some("bridge".to_owned()),
            driver_opts: map("com.docker.network.driver.mtu", "1400"),
            internal: true,
            attachable: true,
            enable_ipv6: true,
            labels: map("l", "x"),
        };
        assert_eq!(networks["n"], n);
        assert_eq!(networks["o"], Network { external: true, ..Network::default() });
        assert_eq!(networks.len(), 2, "nobody is on the default network");
    }

    #[test]
    fn mistakes_are_told() {
        let with =
            |service: &str, top: &str| format!("services: {{a: {{image: b, networks: {service}}}}}\nnetworks: {top}\n");
        for (service, top, expected) in [
            ("[green-network]", "", "1:37: the network `green-network` is not declared: add it to `networks`"),
            ("{n: }", "{m: }", "1:37: the network `n` is not declared"),
            ("[n, n]", "{n: }", "1:40: `n` is in `networks` twice"),
            ("{n: {ipv4_address: 10.0.0.2}}", "{n: }", "1:41: `ipv4_address` is not supported: both slots"),
            (
                "{n: {priority: 1}}",
                "{n: }",
                "1:41: `priority` is not a key that Crossfade supports in a service's network",
            ),
            ("n", "{n: }", "1:36: `networks` must be a mapping"),
            ("", "{n: {ipam: {config: [{subnet: 10.0.0.0/8}]}}}", "2:16: `ipam` is not supported"),
            ("", "{n: {external: true, driver: x}}", "2:32: `driver` says how to make it"),
            ("", "{n: {drivr: x}}", "2:16: `drivr` is not a key that Crossfade supports in a network"),
            ("", "{'n n': }", "2:12: `n n` cannot name a network"),
        ] {
            let found = file_problems(&with(service, top));
            assert_eq!(found.len(), 1, "{service} {top}: {found:?}");
            assert!(found[0].starts_with(expected), "{service} {top}: {}", found[0]);
        }
    }
}
