//! A file of our own, replaced whole or not at all. The one that is replaced lies beside it as `.previous` until the new
//! one is in effect; an empty one says that there was none. So a crash in between is seen, and mended by the next call.

use super::super::RouterError;
use super::super::on_disk::{read, remove, sync, write};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tokio::fs;

#[derive(Clone, Debug)]
pub(super) struct OwnFile {
    folder: PathBuf,
    name: String,
    extension: &'static str,
}

impl OwnFile {
    pub fn new(folder: &Path, name: &str, extension: &'static str) -> OwnFile {
        OwnFile { folder: folder.to_owned(), name: name.to_owned(), extension }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.{}", self.name, self.extension))
    }

    /// A hidden file beside it, which no program that reads the folder takes for one of its own.
    fn beside(&self, what: &str) -> PathBuf {
        self.folder.join(format!(".{}.{what}", self.name))
    }

    /// `None` when there is none.
    pub async fn read(&self) -> Result<Option<String>, RouterError> {
        read(&self.path()).await
    }

    /// Puts the text in place, and keeps what was there.
    pub async fn replace(&self, text: &str) -> Result<(), RouterError> {
        if self.read().await?.as_deref() == Some(text) {
            return Ok(());
        }
        let previous = self.beside("previous");
        // An interrupted call has kept what was there before it.
        if !fs::try_exists(&previous).await.map_err(RouterError::io("look for", &previous))? {
            let text = self.read().await?.unwrap_or_default();
            write(&self.beside("new"), &previous, &text).await?;
        }
        write(&self.beside("new"), &self.path(), text).await
    }

    /// Takes it away, and keeps it.
    pub async fn move_away(&self) -> Result<(), RouterError> {
        let path = self.path();
        fs::rename(&path, self.beside("previous")).await.map_err(RouterError::io("move away", &path))?;
        sync(&self.folder).await
    }

    /// What was kept goes back to its place. When nothing was kept, nothing was replaced.
    pub async fn put_back(&self) -> Result<(), RouterError> {
        let (path, previous) = (self.path(), self.beside("previous"));
        match fs::metadata(&previous).await {
            Ok(kept) if kept.len() == 0 => {
                // The file first: were it left without its mark, a bad one would stay for good.
                remove(&path).await?;
                remove(&previous).await?;
            }
            Ok(_) => fs::rename(&previous, &path).await.map_err(RouterError::io("put back", &path))?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(RouterError::io("look for", &previous)(error)),
        }
        sync(&self.folder).await
    }

    pub async fn drop_previous(&self) -> Result<(), RouterError> {
        remove(&self.beside("previous")).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_there_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = OwnFile::new(folder.path(), "ours", "cfg");
        let read = async || file.read().await.unwrap();
        file.replace("one").await.unwrap();
        file.put_back().await.unwrap();
        assert_eq!(read().await, None);
        file.replace("one").await.unwrap();
        file.drop_previous().await.unwrap();
        file.replace("two").await.unwrap();
        // As if the first call had been interrupted: what was good before both comes back.
        file.replace("three").await.unwrap();
        file.put_back().await.unwrap();
        assert_eq!(read().await.as_deref(), Some("one"));
        file.put_back().await.unwrap();
        assert_eq!(read().await.as_deref(), Some("one"));
        file.move_away().await.unwrap();
        assert_eq!(read().await, None);
        file.put_back().await.unwrap();
        assert_eq!(read().await.as_deref(), Some("one"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
