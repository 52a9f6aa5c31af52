//! One server a file.

use super::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

/// Holds `FILE.lock`; the system lets it go when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// # Errors
    /// [`StoreError::InUse`] when another process holds it.
    pub fn take(database: &Path) -> Result<Lock, StoreError> {
        let path = database.with_extension("lock");
        let failed = |source| StoreError::File { path: path.clone(), source };
        if let Some(folder) = database.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                // For the person who looks: who holds it.
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                Ok(Lock { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(database.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
