//! What a release is made of, as its runtime takes it.

use super::process::fill::fill;
use crate::compose::Compose;
use crate::secrets;
use rollout::application::Secret;
use rollout::release::Version;
use rollout::runtime::Program;
use std::collections::BTreeMap;

/// The services of a release.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipe {
    Compose(Compose),
    Processes(Programs),
}

/// Processes by service, for one release.
#[derive(Clone, Debug, PartialEq)]
pub struct Programs {
    pub version: Version,
    pub services: BTreeMap<String, Program>,
}

impl Programs {
    /// A text with the release filled in.
    fn filled(&self, text: &str) -> String {
        fill(text, |name| (name == "version").then(|| self.version.to_string()))
    }
}

impl Recipe {
    pub(crate) fn services(&self) -> Vec<&str> {
        match self {
            Recipe::Compose(compose) => compose.services.keys().map(String::as_str).collect(),
            Recipe::Processes(programs) => programs.services.keys().map(String::as_str).collect(),
        }
    }

    /// What each service runs, as a person writes it: an image, or a command.
    pub fn runs(&self) -> Vec<(String, String)> {
        match self {
            Recipe::Compose(compose) => {
                let services = compose.services.iter();
                services.map(|(name, service)| (name.clone(), service.image.clone())).collect()
            }
            Recipe::Processes(programs) => {
                let in_folder = |folder: &String| format!(" in {}", programs.filled(folder));
                let services = programs.services.iter().map(|(name, program)| {
                    let command =
                        program.command.iter().map(|word| programs.filled(word)).collect::<Vec<_>>().join(" ");
                    let folder = program.folder.as_ref().map(in_folder).unwrap_or_default();
                    (name.clone(), format!("{command}{folder}"))
                });
                services.collect()
            }
        }
    }

    /// The environment that a service is given. A secret that is not there is left out: it is spoken of where it is used.
    pub(crate) fn environment(&self, service: &str) -> Option<BTreeMap<String, String>> {
        match self {
            Recipe::Compose(compose) => Some(compose.services.get(service)?.environment.clone()),
            Recipe::Processes(programs) => {
                let variables = programs.services.get(service)?.environment.iter();
                let filled = |value: &Secret| match value {
                    Secret::Plain(text) => Some(programs.filled(text)),
                    secret => secrets::resolve(secret).ok(),
                };
                Some(variables.filter_map(|(name, value)| Some((name.clone(), filled(value)?))).collect())
            }
        }
    }

    /// Where it is described.
    pub(crate) fn source(&self) -> &'static str {
        match self {
            Recipe::Compose(_) => "the compose file",
            Recipe::Processes(_) => "the application file",
        }
    }
}
