//! The application's name and Traefik's whereabouts, checked so that nothing in them can mean anything to Traefik.

use super::super::RouterError;
use super::super::nginx::settings::{absolute, invalid};
use rollout::application::StickyBy;
use rollout::router::Traefik;
use std::path::PathBuf;

/// Checked settings of one application at one Traefik.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub application: String,
    pub api: String,
    pub directory: PathBuf,
    pub entry_points: Vec<String>,
    pub stick: Stick,
}

/// What makes two requests one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stick {
    Cookie,
    Address,
    Never,
}

impl Settings {
    pub fn new(application: &str, traefik: &Traefik, sticky_by: &StickyBy) -> Result<Settings, RouterError> {
        let name_fits = (1..=63).contains(&application.len())
            && application.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !name_fits {
            return Err(invalid("the application's name", application, "1 to 63 lower-case letters, digits and `-`"));
        }
        for name in &traefik.entry_points {
            // `{{` would begin a template.
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
                return Err(invalid("the entry point", name, "letters, digits, `.`, `_` and `-`, like web"));
            }
        }
        if traefik.entry_points.is_empty() {
            return Err(invalid("the list of entry points", "[]", "one at least, like web"));
        }
        let stick = match sticky_by {
            StickyBy::Cookie => Stick::Cookie,
            StickyBy::Address => Stick::Address,
            StickyBy::None => Stick::Never,
            StickyBy::Header(name) => {
                return Err(invalid("with Traefik, sticky_by header", name, "cookie, address or none"));
            }
        };
        Ok(Settings {
            application: application.to_owned(),
            api: traefik.api.clone(),
            directory: absolute("the folder that Traefik watches", &traefik.directory)?,
            entry_points: traefik.entry_points.clone(),
            stick,
        })
    }

    /// Our one file in the folder.
    pub fn file(&self) -> PathBuf {
        self.directory.join(format!("crossfade-{}.yml", self.application))
    }

    /// A file beside it that Traefik leaves out: it reads `.yml`, `.yaml` and `.toml`.
    pub fn beside(&self, what: &str) -> PathBuf {
        self.directory.join(format!("crossfade-{}.{what}", self.application))
    }

    /// The name of the session cookie, and the first part of the names of our routers and services.
    pub fn prefix(&self) -> String {
        format!("crossfade_{}", self.application.replace('-', "_"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn traefik() -> Traefik {
        Traefik {
            directory: "/etc/traefik/dynamic".into(),
            api: "localhost:8080".into(),
            entry_points: vec!["web".into()],
        }
    }

    pub fn settings(sticky_by: &StickyBy) -> Settings {
        Settings::new("my-shop", &traefik(), sticky_by).unwrap()
    }

    #[test]
    fn what_traefik_could_misread_is_refused() {
        assert_eq!(settings(&StickyBy::Address).file().to_str(), Some("/etc/traefik/dynamic/crossfade-my-shop.yml"));
        for name in ["", "A", "a_b", "a.b", "a@b"] {
            assert!(Settings::new(name, &traefik(), &StickyBy::Cookie).is_err(), "{name:?}");
        }
        for names in [vec![], vec![""], vec!["web", "a b"], vec!["{{"]] {
            let entry_points = names.into_iter().map(String::from).collect();
            assert!(Settings::new("a", &Traefik { entry_points, ..traefik() }, &StickyBy::Cookie).is_err());
        }
        assert!(Settings::new("a", &Traefik { directory: "x".into(), ..traefik() }, &StickyBy::Cookie).is_err());
        assert!(Settings::new("a", &traefik(), &StickyBy::Header("X-User".into())).is_err());
    }
}
