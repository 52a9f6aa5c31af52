//! The application's name and Caddy's whereabouts, checked so that nothing in them can mean anything to Caddy.

use super::super::RouterError;
use super::super::nginx::settings::{absolute, invalid};
use rollout::application::StickyBy;
use rollout::router::Caddy;
use std::path::PathBuf;

/// Checked settings of one application at one Caddy.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub application: String,
    pub admin: String,
    pub server: String,
    pub probe_port: u16,
    pub stick: Stick,
    /// This application's folder under the dial.
    pub dial: PathBuf,
}

/// What makes two requests one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stick {
    Cookie,
    Never,
}

impl Settings {
    pub fn new(
        application: &str,
        caddy: &Caddy,
        sticky_by: &StickyBy,
        probe_port: u16,
    ) -> Result<Settings, RouterError> {
        let name_fits = (1..=63).contains(&application.len())
            && application.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !name_fits {
            return Err(invalid("the application's name", application, "1 to 63 lower-case letters, digits and `-`"));
        }
        if probe_port == 0 {
            return Err(invalid("the port to ask Caddy on", "0", "a free port from 1 to 65535"));
        }
        // Caddy would fill in placeholders in braces, and look for files by patterns.
        let dial_fits = caddy.dial.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        if !dial_fits {
            return Err(invalid("the dial's folder", &caddy.dial, "letters, digits, `.`, `_`, `-` and `/` only"));
        }
        let stick = match sticky_by {
            StickyBy::Cookie => Stick::Cookie,
            StickyBy::None => Stick::Never,
            StickyBy::Header(name) => return Err(invalid("with Caddy, sticky_by header", name, "cookie or none")),
            StickyBy::Address => return Err(invalid("with Caddy, sticky_by", "address", "cookie or none")),
        };
        Ok(Settings {
            application: application.to_owned(),
            admin: caddy.admin.clone(),
            server: caddy.server.clone(),
            probe_port,
            stick,
            dial: absolute("the dial's folder", &caddy.dial)?.join(application),
        })
    }

    /// The name of the session cookie, the `@id` of our route, and the name of our server.
    pub fn id(&self) -> String {
        format!("crossfade_{}", self.application.replace('-', "_"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn caddy() -> Caddy {
        Caddy { admin: "localhost:2019".into(), server: "srv0".into(), dial: "/var/lib/crossfade/dial".into() }
    }

    pub fn settings(sticky_by: &StickyBy) -> Settings {
        Settings::new("my-shop", &caddy(), sticky_by, 21011).unwrap()
    }

    #[test]
    fn what_caddy_could_misread_is_refused() {
        assert_eq!(settings(&StickyBy::Cookie).id(), "crossfade_my_shop");
        for dial in ["dial", "/a b", "/{env.HOME}", "/a*", "/a[b]", "/a\\b"] {
            let caddy = Caddy { dial: dial.into(), ..caddy() };
            assert!(Settings::new("a", &caddy, &StickyBy::Cookie, 1).is_err(), "{dial}");
        }
        for name in ["", "A", "a_b", "a.b", "a{b}"] {
            assert!(Settings::new(name, &caddy(), &StickyBy::Cookie, 1).is_err(), "{name:?}");
        }
        assert!(Settings::new("a", &caddy(), &StickyBy::Cookie, 0).is_err());
        assert!(Settings::new("a", &caddy(), &StickyBy::Address, 1).is_err());
        let said = Settings::new("a", &caddy(), &StickyBy::Header("X-User".into()), 1).unwrap_err().to_string();
        assert_eq!(said, "with Caddy, sticky_by header `X-User` cannot be used: expected cookie or none");
    }
}
