//! Since when the records are as they are: kept in a small file, so that a wait goes on where it was after a crash.

use super::error::DnsError;
use rollout::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is known of the last change. Without it, a wait begins anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// As they were to be, in words.
    pub records: String,
    /// For how long others keep the former ones, from when every name server had the new ones. Seconds.
    pub kept: u32,
    /// When every name server had them. `None`: not yet seen.
    pub seen: Option<Timestamp>,
    /// Until when others may keep what they heard when the TTL was a longer one.
    #[serde(default)]
    pub longer_until: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(super) struct File(PathBuf);

impl File {
    pub fn new(folder: &str, application: &str) -> File {
        File(PathBuf::from(folder).join(format!("{application}.json")))
    }

    /// `None` when there is none, or it cannot be read: then nothing is known.
    pub async fn read(&self) -> Option<Memory> {
        let bytes = tokio::fs::read(&self.0).await.ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(memory) => Some(memory),
            Err(error) => {
                tracing::warn!("{} cannot be read, so a wait may begin anew: {error}", self.0.display());
                None
            }
        }
    }

    /// # Errors
    /// When it cannot be written.
    pub async fn write(&self, memory: &Memory) -> Result<(), DnsError> {
        let failed = |error: std::io::Error| DnsError::State { path: self.0.clone(), why: error.to_string() };
        let bytes = serde_json::to_vec(memory).map_err(|error| failed(error.into()))?;
        if let Some(folder) = self.0.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        }
        // Whole or not at all.
        let beside = self.0.with_extension("new");
        tokio::fs::write(&beside, bytes).await.map_err(failed)?;
        tokio::fs::rename(&beside, &self.0).await.map_err(failed)
    }

    pub async fn remove(&self) {
        let _ = tokio::fs::remove_file(&self.0).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_and_what_is_damaged_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b").display().to_string();
        let file = File::new(&below, "shop");
        assert_eq!(file.read().await, None);
        let memory = Memory { records: "x".into(), kept: 60, seen: Some(Timestamp(7)), longer_until: None };
        file.write(&memory).await.unwrap();
        assert_eq!(file.read().await, Some(memory));
        std::fs::write(folder.path().join("a/b/shop.json"), "{").unwrap();
        assert_eq!(file.read().await, None);
        let said = File::new("/dev/null/x", "shop").write(&Memory::default()).await.unwrap_err().to_string();
        assert!(said.starts_with("/dev/null/x/shop.json cannot be written: "), "{said}");
    }
}
