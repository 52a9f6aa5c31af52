//! The application's name and HAProxy's whereabouts, checked so that nothing in them can mean anything to HAProxy.

use super::super::RouterError;
use super::file::OwnFile;
use rollout::application::StickyBy;
use rollout::router::Haproxy;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Checked settings of one application at one HAProxy.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub application: String,
    pub socket: PathBuf,
    pub folder: PathBuf,
    pub binary: String,
    /// As `bind` wants it: `:80`, `127.0.0.1:8080`.
    pub bind: String,
    pub accept_proxy: bool,
    pub admin_port: u16,
    pub sticky_by: StickyBy,
    state: PathBuf,
}

impl Settings {
    pub fn new(
        application: &str,
        haproxy: &Haproxy,
        sticky_by: &StickyBy,
        admin_port: u16,
    ) -> Result<Settings, RouterError> {
        let name_fits = (1..=63).contains(&application.len())
            && application.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !name_fits {
            return Err(invalid("the application's name", application, "1 to 63 lower-case letters, digits and `-`"));
        }
        if admin_port == 0 {
            return Err(invalid("HAProxy's admin port", "0", "a free port from 1 to 65535"));
        }
        if haproxy.binary.is_empty() || haproxy.binary.starts_with('-') {
            let expected = "a name like haproxy or a path like /usr/sbin/haproxy";
            return Err(invalid("HAProxy's program", &haproxy.binary, expected));
        }
        if let StickyBy::Header(name) = sticky_by
            && (name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)))
        {
            return Err(invalid("the header to be sticky by", name, "letters, digits, `-` and `_`"));
        }
        // The map's path is written into HAProxy's file and its commands; the others are only opened.
        if !haproxy.state.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b)) {
            let expected = "letters, digits, `.`, `_`, `-` and `/` only";
            return Err(invalid("the folder of the weights", &haproxy.state, expected));
        }
        Ok(Settings {
            application: application.to_owned(),
            socket: absolute("HAProxy's runtime socket", &haproxy.socket)?,
            folder: absolute("HAProxy's folder of *.cfg files", &haproxy.folder)?,
            binary: haproxy.binary.clone(),
            bind: bind(&haproxy.listen)?,
            accept_proxy: haproxy.accept_proxy,
            admin_port,
            sticky_by: sticky_by.clone(),
            state: absolute("the folder of the weights", &haproxy.state)?,
        })
    }

    /// Our one file in HAProxy's folder.
    pub fn file(&self) -> OwnFile {
        OwnFile::new(&self.folder, &format!("crossfade-{}", self.application), "cfg")
    }

    /// The file that holds the weight.
    pub fn map(&self) -> PathBuf {
        self.state.join(format!("{}.map", self.application))
    }

    /// The name of the session cookie, and the first part of the names of frontends, backends and servers.
    pub fn prefix(&self) -> String {
        format!("crossfade_{}", self.application.replace('-', "_"))
    }
}

/// `80` and `*:80` become `:80`.
fn bind(listen: &str) -> Result<String, RouterError> {
    let port = listen.strip_prefix("*:").unwrap_or(listen);
    // `parse` would let `+80` through.
    if port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0) {
        return Ok(format!(":{port}"));
    }
    match listen.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 && !listen.contains('%') => Ok(address.to_string()),
        _ => Err(invalid(
            "HAProxy's listen address",
            listen,
            "a port like 80, or an address and port like 127.0.0.1:8080",
        )),
    }
}

fn absolute(what: &'static str, path: &str) -> Result<PathBuf, RouterError> {
    if !Path::new(path).is_absolute() {
        return Err(invalid(what, path, "an absolute path"));
    }
    Ok(PathBuf::from(path))
}

fn invalid(what: &'static str, value: &str, expected: &'static str) -> RouterError {
    RouterError::Invalid { what, value: value.escape_debug().to_string(), expected }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn haproxy() -> Haproxy {
        Haproxy {
            socket: "/run/haproxy/admin.sock".into(),
            folder: "/etc/haproxy/crossfade".into(),
            binary: "haproxy".into(),
            listen: "80".into(),
            accept_proxy: false,
            admin_port: None,
            state: "/var/lib/crossfade/haproxy".into(),
        }
    }

    pub fn settings(application: &str, sticky_by: StickyBy) -> Settings {
        Settings::new(application, &haproxy(), &sticky_by, 21011).unwrap()
    }

    #[test]
    fn what_haproxy_could_misread_is_refused() {
        let with = |change: fn(&mut Haproxy)| {
            let mut haproxy = haproxy();
            change(&mut haproxy);
            Settings::new("a", &haproxy, &StickyBy::Cookie, 1)
        };
        assert!(with(|_| ()).is_ok());
        for bad in [
            with(|h| h.state = "/var/lib/a b".into()),
            with(|h| h.state = "/var/lib/a,b".into()),
            with(|h| h.state = "/var/lib/a;b".into()),
            with(|h| h.state = "/var/lib/$HOME".into()),
            with(|h| h.state = "state".into()),
            with(|h| h.folder = "crossfade".into()),
            with(|h| h.socket = "admin.sock".into()),
            with(|h| h.binary = "-x".into()),
        ] {
            assert!(matches!(bad, Err(RouterError::Invalid { .. })), "{bad:?}");
        }
        for name in ["", "A", "a b", "a/b", "..", "a_b", "a;", "a\n"] {
            assert!(Settings::new(name, &haproxy(), &StickyBy::Cookie, 1).is_err(), "{name:?}");
        }
        for header in ["", "x y", "a,b", "a)", "a\n", "x$y"] {
            assert!(Settings::new("a", &haproxy(), &StickyBy::Header(header.into()), 1).is_err(), "{header:?}");
        }
    }

    #[test]
    fn listen_addresses() {
        for (listen, expected) in
            [("80", ":80"), ("*:80", ":80"), ("127.0.0.1:8080", "127.0.0.1:8080"), ("[::1]:80", "[::1]:80")]
        {
            assert_eq!(bind(listen).unwrap(), expected);
        }
        for listen in
            ["", "0", "65536", "+80", "80 ssl", "80;", "localhost:80", "127.0.0.1", "127.0.0.1:0", "*:", "unix@/x"]
        {
            assert!(bind(listen).is_err(), "{listen:?}");
        }
    }
}
