//! Files of ours, read, written and removed whole or not at all.

use super::RouterError;
use std::io::ErrorKind;
use std::path::Path;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

/// A file's text. `None` when there is none.
pub(super) async fn read(path: &Path) -> Result<Option<String>, RouterError> {
    match fs::read(path).await {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RouterError::io("read", path)(error)),
    }
}

/// Writes aside, to the disk, and renames: nobody ever reads half a file.
pub(super) async fn write(aside: &Path, path: &Path, text: &str) -> Result<(), RouterError> {
    let written = async {
        let mut file = File::create(aside).await?;
        file.write_all(text.as_bytes()).await?;
        file.sync_all().await?;
        fs::rename(aside, path).await
    };
    if let Err(error) = written.await {
        // A full disk is the likely reason: leave nothing half written on it.
        let _ = fs::remove_file(aside).await;
        return Err(RouterError::io("write", path)(error));
    }
    match path.parent() {
        Some(folder) => sync(folder).await,
        None => Ok(()),
    }
}

pub(super) async fn remove(path: &Path) -> Result<(), RouterError> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(RouterError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

pub(super) async fn sync(folder: &Path) -> Result<(), RouterError> {
    let synced = async { File::open(folder).await?.sync_all().await };
    synced.await.map_err(RouterError::io("sync", folder))
}
