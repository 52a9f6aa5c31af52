//! The control socket's file.

use super::Control;
use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;

/// Whoever may write to it may move the traffic: the user that the proxy runs as, and that user's group.
const MODE: u32 = 0o660;

pub struct Socket {
    listener: UnixListener,
    /// Where it is bound, and where it belongs.
    aside: PathBuf,
    path: PathBuf,
}

impl Socket {
    /// Bound aside, to be moved: at every moment the path leads to somebody who answers.
    ///
    /// # Errors
    /// When the path cannot be used.
    pub fn bind(path: &Path) -> Result<Socket, String> {
        let wrong =
            |what: &str, why: std::io::Error| format!("cannot {what} the control socket {}: {why}", path.display());
        if fs::symlink_metadata(path).is_ok_and(|there| !there.file_type().is_socket()) {
            return Err(format!("{} is there and is no socket: give the control socket another path", path.display()));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| wrong("make the folder of", error))?;
        }
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}", std::process::id()));
        let aside = PathBuf::from(aside);
        let _ = fs::remove_file(&aside);
        let listener = UnixListener::bind(&aside).map_err(|error| wrong("make", error))?;
        fs::set_permissions(&aside, Permissions::from_mode(MODE)).map_err(|error| wrong("protect", error))?;
        Ok(Socket { listener, aside, path: path.to_owned() })
    }

    /// Takes the path over, from a process that serves no more or one that is gone.
    ///
    /// # Errors
    /// When the path cannot be used.
    pub fn put_in_place(&self) -> Result<(), String> {
        fs::rename(&self.aside, &self.path)
            .map_err(|why| format!("cannot put the control socket {} in place: {why}", self.path.display()))
    }

    /// Answers all who ask, until dropped.
    pub async fn serve(&self, control: &Arc<Control>) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(control.clone().answer(stream))),
                Err(error) => {
                    tracing::warn!("the control socket: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Gone when it was put in place. There it stays: another process may have put its own there just now, and one
        // that leads to nobody does no harm.
        let _ = fs::remove_file(&self.aside);
    }
}
