//! Our file: whose it is, what it says, and writing it so that Traefik never reads half of it.

use super::super::nginx::render::{Author, author};
use super::super::{Route, RouterError};
use super::render::{ROUTES, Written, render};
use super::running;
use super::settings::Settings;
use rollout::slot::Split;
use serde_json::Value;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

/// What lies in its place.
pub(super) enum Found {
    /// There is no such file.
    Nothing,
    /// What Crossfade wrote, with any weight.
    Ours(Ours),
    /// Crossfade wrote it, and somebody changed more than the weight.
    Edited { text: String },
    /// Somebody else's.
    Somebodys { text: String },
}

/// As Crossfade wrote it, or with another weight.
pub(super) struct Ours {
    pub text: String,
    pub routes: Vec<Route>,
    pub split: Split,
}

impl Found {
    pub fn text(&self) -> Option<&str> {
        match self {
            Found::Ours(Ours { text, .. }) | Found::Edited { text } | Found::Somebodys { text } => Some(text),
            Found::Nothing => None,
        }
    }
}

pub(super) async fn read(settings: &Settings) -> Result<Found, RouterError> {
    let path = settings.file();
    let text = match fs::read(&path).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(RouterError::io("read", &path)(error)),
    };
    Ok(judge(settings, text))
}

fn judge(settings: &Settings, text: String) -> Found {
    let author = author(&text);
    if author == Author::Somebody {
        return Found::Somebodys { text };
    }
    match understand(settings, &text) {
        Some((routes, split, as_written)) if as_written || author != Author::Edited => {
            Found::Ours(Ours { text, routes, split })
        }
        _ => Found::Edited { text },
    }
}

/// The routes and the split in it, and whether all else is as Crossfade writes it.
fn understand(settings: &Settings, text: &str) -> Option<(Vec<Route>, Split, bool)> {
    let routes = text.lines().find_map(|line| line.strip_prefix(ROUTES))?;
    let routes: Vec<Written> = serde_json::from_str(routes).ok()?;
    let routes: Vec<Route> = routes.into_iter().map(Route::from).collect();
    let body = body(text)?;
    let split = running::split_in(body.pointer("/http/services")?, settings, "").ok()?;
    let as_written = render(settings, &routes, split).is_ok_and(|rendered| rendered.body == body);
    Some((routes, split, as_written))
}

/// What it says to Traefik.
pub(super) fn body(text: &str) -> Option<Value> {
    let json: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    serde_json::from_str(&json).ok()
}

/// Written aside, synced and renamed: Traefik and a crash see the former file or the new one.
pub(super) async fn write(settings: &Settings, path: &Path, text: &str) -> Result<(), RouterError> {
    let aside = settings.beside("new");
    let written = async {
        let mut file = File::create(&aside).await?;
        file.write_all(text.as_bytes()).await?;
        file.sync_all().await?;
        drop(file);
        fs::rename(&aside, path).await?;
        File::open(&settings.directory).await?.sync_all().await
    };
    written.await.map_err(RouterError::io("write", path))
}

/// A copy of what somebody wrote in our file's place: where it is. Traefik does not read it, for its name ends otherwise.
pub(super) async fn keep(settings: &Settings, text: &str) -> Result<PathBuf, RouterError> {
    let now = crate::clock::now().utc().replace([' ', ':'], "-");
    let copy = settings.beside(&format!("edited-{now}"));
    write(settings, &copy, text).await?;
    Ok(copy)
}

pub(super) async fn remove(path: &Path) -> Result<(), RouterError> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(RouterError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::tests::{green, routes};
    use super::super::settings::tests::settings;
    use super::*;
    use rollout::application::StickyBy;

    #[test]
    fn a_file_is_known() {
        let settings = settings(&StickyBy::Cookie);
        let text = render(&settings, &routes(), green(25)).unwrap().text;
        let ours = |text: &str| match judge(&settings, text.to_owned()) {
            Found::Ours(ours) => Some((ours.routes, ours.split)),
            _ => None,
        };
        assert_eq!(ours(&text), Some((routes(), green(25))));
        // Somebody moved the weight by hand: of both services to the same one.
        let more = text.replace(
            "25\": {\"weighted\":{\"services\":[{\"name\":\"crossfade_my_shop.api:blue",
            "25\": {\"weighted\":{\"services\":[{\"name\":\"crossfade_my_shop.api:green",
        );
        assert_ne!(more, text);
        assert!(matches!(judge(&settings, more.clone()), Found::Edited { .. }));
        let more = more.replace(
            "25\": {\"weighted\":{\"services\":[{\"name\":\"crossfade_my_shop.web:blue",
            "25\": {\"weighted\":{\"services\":[{\"name\":\"crossfade_my_shop.web:green",
        );
        assert_eq!(ours(&more), Some((routes(), green(26))));
        for edited in [
            text.replace("604800", "1"),
            text.replace("Host(`a.b`)", "Host(`c.d`)"),
            text.replacen('{', "", 1),
            text.replace(ROUTES, "# "),
        ] {
            assert!(matches!(judge(&settings, edited), Found::Edited { .. }));
        }
        // The application's settings have changed since.
        let other = super::super::settings::tests::settings(&StickyBy::None);
        assert!(matches!(judge(&other, text), Found::Ours(_)));
        assert!(matches!(judge(&settings, "http: {}\n".into()), Found::Somebodys { .. }));
    }
}
