//! Our files in nginx's folder, written so that a crash in between is seen and mended.
//!
//! A file that is replaced lies beside it as `.previous` until nginx has confirmed the new one; an empty one says that
//! there was none. The next call puts back, or drops, what an interrupted one left.

use super::super::RouterError;
use super::super::on_disk::{read, remove, sync, write};
use super::render::Rendered;
use super::settings::{SNIPPET, Settings};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tokio::fs;

/// The files of this application that lie there or were kept, each with where it is kept. Ours for `http` comes first,
/// there or not.
pub(super) async fn ours(settings: &Settings) -> Result<Vec<(PathBuf, PathBuf)>, RouterError> {
    let folder = &settings.conf_d;
    let mut names = BTreeSet::new();
    let mut entries = fs::read_dir(folder).await.map_err(RouterError::io("look into", folder))?;
    while let Some(entry) = entries.next_entry().await.map_err(RouterError::io("look into", folder))? {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kept = name.strip_prefix('.').and_then(|name| name.strip_suffix(".previous"));
        let name = kept.unwrap_or(&name);
        if name.starts_with(&settings.snippets()) && name.ends_with(SNIPPET) {
            names.insert(name.to_owned());
        }
    }
    let snippets = names.into_iter().map(|name| folder.join(name));
    let files = std::iter::once(settings.file()).chain(snippets);
    Ok(files.map(|file| (file.clone(), previous(settings, &file))).collect())
}

/// Whether every file says what was rendered, and no other one of this application lies there.
pub(super) async fn are_as(settings: &Settings, rendered: &Rendered) -> Result<bool, RouterError> {
    let wanted = rendered.files(settings);
    for (file, text) in &wanted {
        if read(file).await?.as_deref() != Some(*text) {
            return Ok(false);
        }
    }
    let others = ours(settings).await?;
    Ok(others.iter().all(|(file, _)| wanted.iter().any(|(path, _)| path == file)))
}

/// Writes what was rendered, keeps what was there, and takes away what is not wanted any more.
pub(super) async fn place(settings: &Settings, rendered: &Rendered) -> Result<(), RouterError> {
    let wanted = rendered.files(settings);
    for (file, text) in &wanted {
        if read(file).await?.as_deref() != Some(*text) {
            keep(settings, file).await?;
            write(&settings.beside("new"), file, text).await?;
        }
    }
    for (file, _) in ours(settings).await? {
        if !wanted.iter().any(|(path, _)| *path == file) {
            keep(settings, &file).await?;
            remove(&file).await?;
        }
    }
    sync(&settings.conf_d).await
}

/// Moves all files aside.
pub(super) async fn take_away(settings: &Settings) -> Result<(), RouterError> {
    for (file, previous) in ours(settings).await? {
        match fs::rename(&file, &previous).await {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(RouterError::io("move away", &file)(error));
            }
            _ => {}
        }
    }
    sync(&settings.conf_d).await
}

/// What was kept goes back to its place. When nothing was kept, nothing was replaced.
pub(super) async fn put_back(settings: &Settings) -> Result<(), RouterError> {
    for (file, previous) in ours(settings).await? {
        let kept = match fs::metadata(&previous).await {
            Ok(kept) => kept,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(RouterError::io("look for", &previous)(error)),
        };
        if kept.len() == 0 {
            // The file first: were it left without its mark, a bad one would stay for good.
            remove(&file).await?;
            remove(&previous).await?;
        } else {
            fs::rename(&previous, &file).await.map_err(RouterError::io("put back", &file))?;
        }
    }
    sync(&settings.conf_d).await
}

pub(super) async fn drop_previous(settings: &Settings) -> Result<(), RouterError> {
    for (_, previous) in ours(settings).await? {
        remove(&previous).await?;
    }
    Ok(())
}

/// A copy of what somebody wrote into a file of ours: where it is. nginx does not read it, for its name ends otherwise.
pub(super) async fn keep_edited(settings: &Settings, file: &Path, text: &str) -> Result<PathBuf, RouterError> {
    let now = crate::clock::now().utc().replace([' ', ':'], "-");
    let name = |end: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".edited-{now}{end}"));
        PathBuf::from(name)
    };
    // Twice in a second is possible; a hundred times is not.
    let ends = std::iter::once(String::new()).chain((1..100).map(|again| format!("-{again}")));
    for copy in ends.map(|end| name(&end)) {
        if !fs::try_exists(&copy).await.map_err(RouterError::io("look for", &copy))? {
            write(&settings.beside("new"), &copy, text).await?;
            return Ok(copy);
        }
    }
    Err(RouterError::io("keep", file)(ErrorKind::AlreadyExists.into()))
}

/// Keeps what lies on the disk, unless an interrupted call has kept what was there before it.
async fn keep(settings: &Settings, file: &Path) -> Result<(), RouterError> {
    let previous = previous(settings, file);
    if fs::try_exists(&previous).await.map_err(RouterError::io("look for", &previous))? {
        return Ok(());
    }
    let text = read(file).await?.unwrap_or_default();
    write(&settings.beside("new"), &previous, &text).await
}

/// Where a file of ours is kept.
fn previous(settings: &Settings, file: &Path) -> PathBuf {
    match file.file_name() {
        Some(name) if file != settings.file() => settings.conf_d.join(format!(".{}.previous", name.to_string_lossy())),
        _ => settings.beside("previous"),
    }
}
