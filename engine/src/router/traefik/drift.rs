//! How Traefik can differ from how it was left.

use super::super::drift::Seen;
use super::super::{Route, boundary, same_split};
use super::file::{self, Found};
use super::render::{Rendered, render};
use super::{Drift, Inner, running};
use rollout::slot::Split;
use std::fmt;
use std::path::PathBuf;

/// One difference. Displays as a sentence that says what is wrong; and what to do, if that is not to put the router right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraefikDrift {
    /// Our file is gone, and the application with it.
    FileMissing { path: PathBuf },
    /// Somebody changed more in it than the weight.
    FileEdited { path: PathBuf },
    /// It says another split than the one that it was left at.
    FileMoved { path: PathBuf, split: Split, expected: Split },
    /// The API does not answer, or not as Traefik's.
    Silent { why: String },
    /// It runs something else than what the file should say.
    Otherwise { path: PathBuf, seen: String },
}

impl fmt::Display for TraefikDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TraefikDrift::FileMissing { path } => {
                write!(f, "{} is gone, so Traefik drops this application and its requests go nowhere.", path.display())
            }
            TraefikDrift::FileEdited { path } => write!(
                f,
                "{} was edited by hand since Crossfade wrote it. Putting it right keeps the edited one beside it.",
                path.display()
            ),
            TraefikDrift::FileMoved { path, split, expected } => {
                write!(f, "{} says {split}; it was left at {expected}.", path.display())
            }
            TraefikDrift::Silent { why } => write!(f, "{why}."),
            TraefikDrift::Otherwise { path, seen } => write!(
                f,
                "Traefik does not run what {} should say: {seen}. Its log says why, where it refuses a file of that \
                 folder.",
                path.display()
            ),
        }
    }
}

/// Every difference, the causes before their effects. `rendered` is the file as it should be.
pub(super) async fn drift(inner: &Inner, routes: &[Route], rendered: &Rendered, expected: Split) -> Vec<Drift> {
    let mut drifts = Vec::new();
    drifts.extend(on_disk(inner, routes, rendered, expected).await);
    drifts.extend(running(inner, routes, expected).await);
    drifts
}

async fn on_disk(inner: &Inner, routes: &[Route], rendered: &Rendered, expected: Split) -> Option<Drift> {
    let path = inner.settings.file();
    let ours = match file::read(&inner.settings).await {
        Ok(Found::Ours(ours)) => ours,
        Ok(Found::Nothing) => return Some(Drift::Traefik(TraefikDrift::FileMissing { path })),
        Ok(Found::Edited { .. }) => return Some(Drift::Traefik(TraefikDrift::FileEdited { path })),
        Ok(Found::Somebodys { .. }) => return Some(Drift::FileNotOurs { path }),
        Err(error) => return Some(Drift::Unreadable { path, why: error.to_string() }),
    };
    if !same_split(ours.split, expected) {
        return Some(Drift::Traefik(TraefikDrift::FileMoved { path, split: ours.split, expected }));
    }
    let outdated = ours.routes != routes || file::body(&ours.text).as_ref() != Some(&rendered.body);
    outdated.then_some(Drift::FileOutdated { path })
}

async fn running(inner: &Inner, routes: &[Route], expected: Split) -> Option<Drift> {
    let raw = match inner.api.raw().await {
        Ok(raw) => raw,
        Err(error) => return Some(Drift::Traefik(TraefikDrift::Silent { why: error.to_string() })),
    };
    let otherwise = |seen| Some(Drift::Traefik(TraefikDrift::Otherwise { path: inner.settings.file(), seen }));
    let split = match running::split(&raw, &inner.settings) {
        Ok(split) => split,
        Err(error) => return otherwise(error.to_string()),
    };
    if !same_split(split, expected) {
        let seen = Seen(boundary(expected).into_iter().map(|session| (session, split.slot_of(session))).collect());
        return Some(Drift::Split { expected, seen });
    }
    let wanted = render(&inner.settings, routes, split).ok()?;
    running::difference(&raw, &wanted.body).and_then(otherwise)
}
