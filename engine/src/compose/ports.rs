//! `ports` and `expose`.

use super::model::{Port, Protocol};
use super::problem::Mark;
use super::reader::Reader;
use super::tree::{Node, Value};
use std::net::IpAddr;

pub(super) fn ports(reader: &mut Reader, node: &Node) -> Vec<Port> {
    let mut found: Vec<(Mark, Port)> = Vec::new();
    for item in reader.items(node, "ports") {
        match &item.value {
            Value::Map(_) => found.extend(long(reader, item).map(|port| (item.at, port))),
            _ => {
                let ports = reader.parsed(item, "ports", short);
                found.extend(ports.unwrap_or_default().into_iter().map(|port| (item.at, port)));
            }
        }
    }
    reader.no_twins(found.iter().map(|(at, port)| (*at, *port, format!("port {}", port.target))));
    found.into_iter().map(|(_, port)| port).collect()
}

/// Ports that other containers reach. Any port can be reached on a common network, so this informs only.
pub(super) fn expose(reader: &mut Reader, node: &Node) -> Vec<u16> {
    let mut found = Vec::new();
    for item in reader.items(node, "expose") {
        let ports = reader.parsed(item, "expose", |text| range(text.strip_suffix("/tcp").unwrap_or(text)));
        found.extend(ports.unwrap_or_default());
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// `[[ip:][host]:]container[/protocol]`, where host and container may be ranges of one length.
fn short(text: &str) -> Result<Vec<Port>, String> {
    let expected = || format!("expected [[address:]host:]container[/protocol] such as 8080:80, not `{text}`");
    let (numbers, protocol) = match text.rsplit_once('/') {
        Some((numbers, protocol)) => (numbers, self::protocol(protocol)?),
        None => (text, Protocol::Tcp),
    };
    let (before, target) = match numbers.rsplit_once(':') {
        Some((before, target)) => (Some(before), target),
        None => (None, numbers),
    };
    let targets = range(target)?;
    let (address, host) = match before {
        None => (None, None),
        Some(before) => match before.rsplit_once(':') {
            Some((address, host)) => (Some(address), Some(host).filter(|host| !host.is_empty())),
            None if before.is_empty() => return Err(expected()),
            None => (None, Some(before)),
        },
    };
    let host_ip = address.map(self::address).transpose()?;
    let published: Vec<Option<u16>> = match host {
        Some(host) => range(host)?.into_iter().map(Some).collect(),
        None => vec![None; targets.len()],
    };
    if published.len() != targets.len() {
        return Err(format!(
            "`{text}` has {} ports outside for {} inside: make them equal",
            published.len(),
            targets.len()
        ));
    }
    let pairs = published.into_iter().zip(targets);
    Ok(pairs.map(|(published, target)| Port { host_ip, published, target, protocol }).collect())
}

fn long(reader: &mut Reader, node: &Node) -> Option<Port> {
    let (mut target, mut published, mut host_ip, mut kind) = (None, None, None, Protocol::Tcp);
    let before = reader.problems.len();
    for (key, value) in reader.fields(node, "ports") {
        let what = key.name.as_str();
        match what {
            "target" => target = reader.parsed(value, what, one),
            "published" => published = reader.parsed(value, what, one),
            "host_ip" => host_ip = reader.parsed(value, what, address),
            "protocol" => kind = reader.parsed(value, what, protocol).unwrap_or(kind),
            // One machine: both modes come to the same.
            "mode" => {
                reader.parsed(value, what, |text| match text {
                    "host" | "ingress" => Ok(()),
                    _ => Err(format!("expected host or ingress, not `{text}`")),
                });
            }
            // For readers: they change nothing.
            "name" | "app_protocol" => drop(reader.text(value, what)),
            _ => reader.unknown(key, "`ports`"),
        }
    }
    if target.is_none() && before == reader.problems.len() {
        reader.report(node.at, "an item of `ports` has no `target`, the port in the container: add it");
    }
    Some(Port { host_ip, published, target: target?, protocol: kind })
}

fn one(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port != 0 && text.bytes().all(|b| b.is_ascii_digit()));
    port.ok_or_else(|| format!("expected a port from 1 to 65535, not `{text}`"))
}

fn range(text: &str) -> Result<Vec<u16>, String> {
    match text.split_once('-') {
        None => Ok(vec![one(text)?]),
        Some((first, last)) => {
            let (first, last) = (one(first)?, one(last)?);
            if first > last {
                return Err(format!("the range `{text}` ends before it begins"));
            }
            Ok((first..=last).collect())
        }
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| format!("expected an IP address such as 127.0.0.1 or [::1], not `{text}`"))
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "sctp" => Ok(Protocol::Sctp),
        _ => Err(format!("expected tcp, udp or sctp, not `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems, service};

    fn shown(body: &str) -> Vec<String> {
        let ports = service(body).ports.into_iter().map(|port| {
            let ip = port.host_ip.map(|ip| format!("{ip} ")).unwrap_or_default();
            let published = port.published.map_or("?".to_owned(), |port| port.to_string());
            format!("{ip}{published}>{}/{:?}", port.target, port.protocol)
        });
        ports.collect()
    }

    #[test]
    fn ports_are_read() {
        for (body, expected) in [
            ("ports: [80]", vec!["?>80/Tcp"]),
            (
                "ports: ['80', 8080:81, '443:443/tcp', '53:53/udp']",
                vec!["?>80/Tcp", "8080>81/Tcp", "443>443/Tcp", "53>53/Udp"],
            ),
            (
                "ports: ['127.0.0.1:8080:80', '127.0.0.1::80', '[::1]:1:2']",
                vec!["127.0.0.1 8080>80/Tcp", "127.0.0.1 ?>80/Tcp", "::1 1>2/Tcp"],
            ),
            ("ports: [3000-3002:4000-4002]", vec!["3000>4000/Tcp", "3001>4001/Tcp", "3002>4002/Tcp"]),
            ("ports: [3000-3001]", vec!["?>3000/Tcp", "?>3001/Tcp"]),
            ("ports: ['${PORT:-3000}:80']", vec!["3000>80/Tcp"]),
            (
                "ports:\n      - 22:22\n      - target: 80\n        published: \"8080\"\n        \
                 protocol: udp\n        host_ip: 0.0.0.0\n        \
                 mode: host\n        name: web\n        app_protocol: http\n      - target: 9",
                vec!["22>22/Tcp", "0.0.0.0 8080>80/Udp", "?>9/Tcp"],
            ),
            ("ports:", vec![]),
        ] {
            assert_eq!(shown(body), expected, "{body}");
        }
        assert_eq!(service("expose: [3000, '3002-3003', 3000/tcp]").expose, [3000, 3002, 3003]);
    }

    #[test]
    fn mistakes_are_told() {
        for (body, expected) in [
            ("ports: [0]", "4:13: `ports`: expected a port from 1 to 65535, not `0`"),
            ("ports: ['70000:80']", "4:13: `ports`: expected a port"),
            ("ports: ['a:80']", "4:13: `ports`: expected a port from 1 to 65535, not `a`"),
            ("ports: [':80']", "4:13: `ports`: expected [[address:]host:]container"),
            ("ports: ['']", "4:13: `ports`: expected a port"),
            ("ports: ['80/http']", "4:13: `ports`: expected tcp, udp or sctp, not `http`"),
            ("ports: ['localhost:80:80']", "4:13: `ports`: expected an IP address"),
            ("ports: ['1-3:1-2']", "4:13: `ports`: `1-3:1-2` has 3 ports outside for 2 inside"),
            ("ports: ['3-1']", "4:13: `ports`: the range `3-1` ends before"),
            ("ports: ['80:80', 80:80]", "4:22: port 80 is here twice"),
            ("ports: [{published: 80}]", "4:13: an item of `ports` has no `target`"),
            ("ports: [{target: 80, published: 1-2}]", "4:37: `published`: expected a port"),
            ("ports: [{target: 80, publish: 1}]", "4:26: `publish` is not a key that Crossfade supports in `ports`"),
            ("ports: [{target: 80, mode: x}]", "4:32: `mode`: expected host or ingress"),
            ("ports: 80", "4:12: `ports` must be a list"),
            ("expose: [53/udp]", "4:14: `expose`: expected a port"),
        ] {
            let found = problems(body);
            assert_eq!(found.len(), 1, "{body}: {found:?}");
            assert!(found[0].starts_with(expected), "{body}: {}", found[0]);
        }
    }
}
