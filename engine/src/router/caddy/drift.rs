//! How Caddy can differ from how it was left.

use super::super::nginx::watch;
use super::render::Rendered;
use super::{CaddyError, Drift, Inner, place};
use rollout::slot::Split;
use std::fmt;
use std::path::PathBuf;

/// One difference. Displays as a sentence that says what is wrong; and what to do, if that is not to put the router right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaddyDrift {
    /// The admin API does not answer, or not as Caddy's.
    Silent { why: String },
    /// The server that takes the requests is gone, or a restart would lose what was put in.
    Unfit { why: String },
    /// Our part is not in the configuration.
    Missing { server: String },
    /// It is, but not as Crossfade would put it in now.
    Otherwise { server: String },
    /// Caddy does not answer for this application.
    NotAnswering { port: u16, why: String },
    /// It serves another generation of our part than the configuration has.
    OtherGeneration { running: String, expected: String },
    /// It cannot see the dial.
    DialHidden { folder: PathBuf, fix: String },
}

impl fmt::Display for CaddyDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaddyDrift::Silent { why } | CaddyDrift::Unfit { why } => write!(f, "{why}."),
            CaddyDrift::Missing { server } => write!(
                f,
                "Caddy's server `{server}` no longer has this application's route, so its requests go nowhere: \
                 Caddy was started without `--resume`, or another configuration was loaded."
            ),
            CaddyDrift::Otherwise { server } => write!(
                f,
                "What Crossfade put into Caddy's configuration (server `{server}`) was changed by hand, or by \
                 another version of Crossfade, or before the application file was changed. Putting it right keeps a \
                 changed route beside the dial."
            ),
            CaddyDrift::NotAnswering { port, why } => {
                write!(f, "Caddy does not answer for this application on 127.0.0.1:{port} ({why}).")
            }
            CaddyDrift::OtherGeneration { running, expected } => write!(
                f,
                "Caddy serves generation {running} of this application's configuration, not {expected}. Restart \
                 Caddy."
            ),
            CaddyDrift::DialHidden { folder, fix } => {
                write!(f, "Caddy cannot see the dial {}, so all traffic goes to blue: {fix}.", folder.display())
            }
        }
    }
}

/// Every difference, the causes before their effects.
pub(super) async fn drift(inner: &Inner, rendered: &Rendered, expected: Split) -> Vec<Drift> {
    let mut drifts = Vec::new();
    drifts.extend(configuration(inner, rendered).await.map(Drift::Caddy));
    drifts.extend(watch::link(&inner.dial, expected).await);
    drifts.extend(running(inner, rendered, expected).await);
    drifts
}

async fn configuration(inner: &Inner, rendered: &Rendered) -> Option<CaddyDrift> {
    let settings = &inner.settings;
    let mut config = match inner.api.config().await {
        Ok(config) => config.value,
        Err(error) => return Some(CaddyDrift::Silent { why: error.to_string() }),
    };
    let (there, before) = (place::is_there(&config, settings), config.clone());
    let server = settings.server.clone();
    match place::put_in(&mut config, settings, rendered) {
        Err(error) => Some(CaddyDrift::Unfit { why: error.to_string() }),
        Ok(()) if !there => Some(CaddyDrift::Missing { server }),
        Ok(()) if config != before => Some(CaddyDrift::Otherwise { server }),
        Ok(()) => None,
    }
}

async fn running(inner: &Inner, rendered: &Rendered, expected: Split) -> Vec<Drift> {
    let silent = |error| match inner.silent(error) {
        CaddyError::NotAnswering { port, why } => Drift::Caddy(CaddyDrift::NotAnswering { port, why }),
        other => Drift::Caddy(CaddyDrift::Silent { why: other.to_string() }),
    };
    let mut drifts = Vec::new();
    match inner.probe.generation().await {
        Ok(running) if running == rendered.generation => {}
        Ok(running) => {
            let expected = rendered.generation.clone();
            drifts.push(Drift::Caddy(CaddyDrift::OtherGeneration { running, expected }));
        }
        Err(error) => return vec![silent(error)],
    }
    match inner.probe.sees_dial().await {
        Ok(true) => {}
        Ok(false) => {
            let (folder, fix) = (inner.dial.folder().to_owned(), inner.fix());
            drifts.push(Drift::Caddy(CaddyDrift::DialHidden { folder, fix }));
        }
        Err(error) => drifts.push(silent(error)),
    }
    match inner.probe.seen(expected).await {
        Ok(seen) if seen.agrees_with(expected) => {}
        Ok(seen) => drifts.push(Drift::Split { expected, seen }),
        Err(error) => drifts.push(silent(error)),
    }
    drifts
}
