//! The name servers of this machine.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

const SYSTEM: &str = "/etc/resolv.conf";

/// Of more than these the system's own resolver asks none either (resolv.conf(5), MAXNS).
const MOST: usize = 3;

/// The port of DNS.
const PORT: u16 = 53;

/// Whom to ask first: recursive name servers, which also say who owns a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) owners_port: u16,
}

impl Resolver {
    /// The name servers that the system uses, from `/etc/resolv.conf`.
    ///
    /// # Errors
    /// When the file cannot be read or names none.
    pub fn system() -> Result<Resolver, String> {
        Resolver::from_file(Path::new(SYSTEM))
    }

    /// These, in this order: `192.0.2.53`, `127.0.0.1:5353`, `[::1]:53`.
    ///
    /// # Errors
    /// When there is none, or one is not an address.
    pub fn new<S: AsRef<str>>(name_servers: &[S]) -> Result<Resolver, String> {
        let servers = name_servers.iter().map(|text| address(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err("no name server is given, expected at least one, like 192.0.2.53".to_owned());
        }
        Ok(Resolver { servers, owners_port: PORT })
    }

    /// Asks the name servers of a zone on another port than 53. For tests: in the world there is no other.
    #[must_use]
    pub fn with_authoritative_port(self, port: u16) -> Resolver {
        Resolver { owners_port: port, ..self }
    }

    fn from_file(path: &Path) -> Result<Resolver, String> {
        let at = path.display();
        let text = std::fs::read(path).map_err(|error| format!("cannot read {at}: {error}"))?;
        // Lines that it does not understand do not keep the system from resolving, nor us.
        let (config, _) = resolv_conf::Config::parse_with_errors(&text);
        let servers: Vec<SocketAddr> =
            config.nameservers.iter().take(MOST).map(|ip| SocketAddr::new(IpAddr::from(ip), PORT)).collect();
        if servers.is_empty() {
            return Err(format!("{at} names no name server, expected a line like `nameserver 192.0.2.53`"));
        }
        Ok(Resolver { servers, owners_port: PORT })
    }
}

/// As people write it: the port only when it is not the usual one.
pub(super) fn shown(server: SocketAddr) -> String {
    match server.port() {
        PORT => server.ip().to_string(),
        _ => server.to_string(),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let alone = text.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    text.parse::<SocketAddr>().ok().filter(|address| address.port() != 0).or_else(|| alone.ok()).ok_or_else(|| {
        format!("\"{text}\" is not a name server, expected an address like 192.0.2.53, 127.0.0.1:5353 or [::1]:53")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(resolver: Resolver) -> Vec<String> {
        resolver.servers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn name_servers_are_addresses() {
        let given = ["192.0.2.53", "127.0.0.1:5353", "::1", "[::1]", "[::1]:54"];
        let expected = ["192.0.2.53:53", "127.0.0.1:5353", "[::1]:53", "[::1]:53", "[::1]:54"];
        assert_eq!(servers(Resolver::new(&given).unwrap()), expected);
        for wrong in ["", "ns1.example.com", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:99999", "192.0.2"] {
            let said = Resolver::new(&["192.0.2.53", wrong]).unwrap_err();
            assert!(said.contains(&format!("\"{wrong}\" is not a name server")), "{said}");
        }
        assert!(Resolver::new::<&str>(&[]).unwrap_err().contains("no name server is given"));
    }

    #[test]
    fn the_system_s_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resolv.conf");
        for (text, expected) in [
            ("nameserver 192.0.2.1\n", Ok(vec!["192.0.2.1:53"])),
            (
                "# a comment\nsearch lan\nnameserver 192.0.2.1 \nnameserver\t2001:db8::53\noptions edns0 trust-ad\n",
                Ok(vec!["192.0.2.1:53", "[2001:db8::53]:53"]),
            ),
            ("gibberish\nnameserver 192.0.2.1\n", Ok(vec!["192.0.2.1:53"])),
            (
                "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n",
                Ok(vec!["10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"]),
            ),
            ("search lan\n", Err("names no name server")),
            ("", Err("names no name server")),
        ] {
            std::fs::write(&path, text).unwrap();
            match (Resolver::from_file(&path), expected) {
                (Ok(read), Ok(expected)) => assert_eq!(servers(read), expected, "{text}"),
                (Err(said), Err(expected)) => assert!(said.contains(expected), "{text}: {said}"),
                (read, expected) => panic!("{text}: {read:?}, expected {expected:?}"),
            }
        }
        let said = Resolver::from_file(&folder.path().join("gone")).unwrap_err();
        assert!(said.starts_with("cannot read ") && said.contains("gone: "), "{said}");
    }
}
