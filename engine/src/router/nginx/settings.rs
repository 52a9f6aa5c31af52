//! The application's name and nginx's whereabouts, checked so that nothing in them can mean anything to nginx.

use super::super::{Route, RouterError};
use rollout::application::StickyBy;
use rollout::router::{Nginx, Servers};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Longest name that goes into nginx's variables whole: theirs must fit `variables_hash_bucket_size` (64 by default).
const LONGEST_IN_VARIABLES: usize = 24;

/// How the names of snippets end.
pub(super) const SNIPPET: &str = ".server";

/// Checked settings of one application at one nginx.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub application: String,
    pub config: PathBuf,
    pub conf_d: PathBuf,
    pub pid: PathBuf,
    pub binary: String,
    pub listen: String,
    pub admin_port: u16,
    pub sticky_by: StickyBy,
    pub servers: Servers,
    /// The container that nginx runs in; on this machine when there is none.
    pub container: Option<String>,
    /// This application's folder under the dial.
    pub dial: PathBuf,
}

impl Settings {
    pub fn new(
        application: &str,
        nginx: &Nginx,
        sticky_by: &StickyBy,
        admin_port: u16,
    ) -> Result<Settings, RouterError> {
        let name_fits = (1..=63).contains(&application.len())
            && application.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !name_fits {
            return Err(invalid("the application's name", application, "1 to 63 lower-case letters, digits and `-`"));
        }
        if admin_port == 0 {
            return Err(invalid("nginx's admin port", "0", "a free port from 1 to 65535"));
        }
        if nginx.binary.is_empty() || nginx.binary.starts_with('-') {
            return Err(invalid("nginx's program", &nginx.binary, "a name like nginx or a path like /usr/sbin/nginx"));
        }
        if let StickyBy::Header(name) = sticky_by {
            let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !fits {
                // nginx drops request headers with other characters, `_` among them.
                return Err(invalid("the header to be sticky by", name, "letters, digits and `-`"));
            }
        }
        // The dial's path is written into nginx's file; the others are only opened.
        let dial_fits = nginx.dial.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        if !dial_fits {
            return Err(invalid("the dial's folder", &nginx.dial, "letters, digits, `.`, `_`, `-` and `/` only"));
        }
        check_listen(&nginx.listen)?;
        if let Some(container) = &nginx.container {
            let good = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            if container.is_empty() || container.starts_with(['-', '.']) || !container.bytes().all(good) {
                return Err(invalid("nginx's container", container, "a container's name, like nginx"));
            }
        }
        Ok(Settings {
            application: application.to_owned(),
            config: absolute("nginx's main configuration file", &nginx.config)?,
            conf_d: absolute("nginx's folder of *.conf files", &nginx.conf_d)?,
            pid: absolute("nginx's pid file", &nginx.pid)?,
            binary: nginx.binary.clone(),
            listen: nginx.listen.clone(),
            admin_port,
            sticky_by: sticky_by.clone(),
            servers: nginx.servers,
            container: nginx.container.clone(),
            dial: absolute("the dial's folder", &nginx.dial)?.join(application),
        })
    }

    /// Our one file in nginx's folder.
    pub fn file(&self) -> PathBuf {
        self.conf_d.join(format!("crossfade-{}.conf", self.application))
    }

    /// What the user's own server of this service includes. Its name does not end in `.conf`, so that it is read nowhere
    /// else.
    pub fn snippet(&self, service: &str) -> PathBuf {
        self.conf_d.join(format!("{}{service}{SNIPPET}", self.snippets()))
    }

    /// How the names of this application's snippets begin. An application's name has no dot.
    pub fn snippets(&self) -> String {
        format!("crossfade-{}.", self.application)
    }

    /// Which nginx it is: applications with the same one share its reloads.
    pub fn whose(&self) -> String {
        match &self.container {
            Some(container) => format!("container {container}"),
            None => self.pid.display().to_string(),
        }
    }

    /// A file beside it that nginx's `include *.conf` (and even `include *`) leaves out.
    pub fn beside(&self, what: &str) -> PathBuf {
        self.conf_d.join(format!(".crossfade-{}.{what}", self.application))
    }

    /// The name of the session cookie, and the first part of the upstreams' names.
    pub fn prefix(&self) -> String {
        format!("crossfade_{}", self.application.replace('-', "_"))
    }

    /// One of our variables, without `$`.
    pub fn variable(&self, what: &str) -> String {
        let name = &self.application;
        if name.len() <= LONGEST_IN_VARIABLES {
            return format!("{}_{what}", self.prefix());
        }
        let digest = Sha256::digest(name.as_bytes());
        let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("crossfade_{}_{short}_{what}", name[..15].replace('-', "_"))
    }

    /// What nginx calls the address of the public servers in its messages: `0.0.0.0:80`.
    pub fn listen_address(&self) -> String {
        match self.listen.strip_prefix("*:").unwrap_or(&self.listen) {
            port if port.parse::<u16>().is_ok() => format!("0.0.0.0:{port}"),
            address => address.to_owned(),
        }
    }
}

/// Checks the names in the routes.
pub(in crate::router) fn check_routes(routes: &[Route]) -> Result<(), RouterError> {
    if routes.is_empty() {
        return Err(RouterError::NoRoutes);
    }
    let mut services = BTreeSet::new();
    for route in routes {
        let mut bytes = route.service.bytes();
        let fits = route.service.len() <= 63
            && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !fits {
            return Err(invalid("the service", &route.service, "1 to 63 letters, digits, `.`, `_` and `-`"));
        }
        if !services.insert(route.service.to_lowercase()) {
            return Err(invalid("the service", &route.service, "each service once (case does not count)"));
        }
        if route.hosts.is_empty() {
            return Err(invalid("the host names of service", &route.service, "at least one"));
        }
        for host in &route.hosts {
            check_host(host)?;
        }
        for address in [route.blue, route.green] {
            if address.port() == 0 {
                return Err(invalid("the address", &address.to_string(), "a port from 1 to 65535"));
            }
            if address.ip().is_unspecified() {
                return Err(invalid("the address", &address.to_string(), "an address that can be connected to"));
            }
        }
        // One address for both would send the live slot's traffic to the standby unseen.
        if route.blue == route.green {
            return Err(invalid("the address", &route.blue.to_string(), "another address in each slot"));
        }
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), RouterError> {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if host.len() > 253 || !name.split('.').all(label_fits) {
        return Err(invalid(
            "the host name",
            host,
            "a name like api.example.com or *.example.com, without port or path",
        ));
    }
    Ok(())
}

fn check_listen(listen: &str) -> Result<(), RouterError> {
    let port = listen.strip_prefix("*:").unwrap_or(listen);
    // `parse` would let `+80` through.
    let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0);
    let is_address = listen.parse::<SocketAddr>().is_ok_and(|address| address.port() != 0 && !listen.contains('%'));
    if is_port || is_address {
        return Ok(());
    }
    Err(invalid("nginx's listen address", listen, "a port like 80, or an address and port like 127.0.0.1:8080"))
}

pub(in crate::router) fn absolute(what: &'static str, path: &str) -> Result<PathBuf, RouterError> {
    // The program would read `-c x` relative to its own folder, not to ours.
    if !Path::new(path).is_absolute() {
        return Err(invalid(what, path, "an absolute path"));
    }
    Ok(PathBuf::from(path))
}

pub(in crate::router) fn invalid(what: &'static str, value: &str, expected: &'static str) -> RouterError {
    RouterError::Invalid { what, value: value.escape_debug().to_string(), expected }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn nginx() -> Nginx {
        Nginx {
            config: "/etc/nginx/nginx.conf".into(),
            conf_d: "/etc/nginx/conf.d".into(),
            pid: "/run/nginx.pid".into(),
            binary: "nginx".into(),
            listen: "80".into(),
            admin_port: None,
            dial: "/var/lib/crossfade/dial".into(),
            servers: Servers::Whole,
            container: None,
        }
    }

    pub fn settings(application: &str, sticky_by: StickyBy) -> Settings {
        Settings::new(application, &nginx(), &sticky_by, 21011).unwrap()
    }

    pub fn route(service: &str, hosts: &[&str], port: u16) -> Route {
        Route {
            service: service.into(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            blue: SocketAddr::from(([127, 0, 0, 1], port)),
            green: SocketAddr::from(([127, 0, 0, 1], port + 1)),
        }
    }

    #[test]
    fn what_nginx_could_misread_is_refused() {
        let with = |change: fn(&mut Nginx)| {
            let mut nginx = nginx();
            change(&mut nginx);
            Settings::new("a", &nginx, &StickyBy::Cookie, 1)
        };
        assert!(with(|_| ()).is_ok());
        assert!(with(|n| n.dial = "/var/lib/x;}".into()).is_err());
        assert!(with(|n| n.dial = "/var/lib/a b".into()).is_err());
        assert!(with(|n| n.dial = "/var/$host".into()).is_err());
        assert!(with(|n| n.dial = "dial".into()).is_err());
        assert!(with(|n| n.config = "nginx.conf".into()).is_err());
        assert!(with(|n| n.binary = "-x".into()).is_err());
        for name in ["", "A", "a b", "a/b", "..", "a_b", "a;", "a\n"] {
            assert!(Settings::new(name, &nginx(), &StickyBy::Cookie, 1).is_err(), "{name:?}");
        }
        for header in ["", "X_User", "x y", "a;b", "a\n", "x$y"] {
            assert!(Settings::new("a", &nginx(), &StickyBy::Header(header.into()), 1).is_err(), "{header:?}");
        }
        assert!(Settings::new("a", &nginx(), &StickyBy::Header("X-User-Id".into()), 1).is_ok());
    }

    #[test]
    fn listen_addresses() {
        for (listen, address) in [
            ("80", "0.0.0.0:80"),
            ("*:80", "0.0.0.0:80"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert!(check_listen(listen).is_ok(), "{listen}");
            let mut nginx = nginx();
            nginx.listen = listen.into();
            assert_eq!(Settings::new("a", &nginx, &StickyBy::None, 1).unwrap().listen_address(), address);
        }
        for listen in
            ["", "0", "65536", "+80", "80 ssl", "80;", "localhost:80", "127.0.0.1", "127.0.0.1:0", "*:", "unix:/x"]
        {
            assert!(check_listen(listen).is_err(), "{listen:?}");
        }
    }

    #[test]
    fn host_names() {
        for host in ["a", "example.com", "*.example.com", "API.Example.com", "my_host.local", "127.0.0.1"] {
            assert!(check_host(host).is_ok(), "{host}");
        }
        for host in
            ["", ".", "a..b", "*", "a.*", "-a.com", "a b", "a;b", "a}b", "\"a\"", "a\nb", "a:80", "~a", "$host", "ä.de"]
        {
            assert!(check_host(host).is_err(), "{host:?}");
        }
    }

    #[test]
    fn routes_must_make_sense() {
        assert!(check_routes(&[route("api", &["a.b"], 3000), route("web", &["b"], 4000)]).is_ok());
        assert!(matches!(check_routes(&[]), Err(RouterError::NoRoutes)));
        for routes in [
            vec![route("a;b", &["a"], 3000)],
            vec![route("", &["a"], 3000)],
            vec![route("api", &[], 3000)],
            vec![route("api", &["a"], 3000), route("API", &["b"], 4000)],
            vec![Route { green: SocketAddr::from(([127, 0, 0, 1], 3000)), ..route("api", &["a"], 3000) }],
            vec![Route { green: SocketAddr::from(([0, 0, 0, 0], 3001)), ..route("api", &["a"], 3000) }],
        ] {
            assert!(check_routes(&routes).is_err(), "{routes:?}");
        }
    }

    #[test]
    fn variables_of_long_names_are_cut_and_stay_apart() {
        let variable = |name: &str| settings(name, StickyBy::Cookie).variable("upgrade");
        assert_eq!(variable("my-shop"), "crossfade_my_shop_upgrade");
        let long = "x".repeat(63);
        assert!(variable(&long).len() <= 46);
        assert_ne!(variable(&long), variable(&"x".repeat(62)));
    }
}
