//! The weight: one entry of a map, in HAProxy's memory and in the file that it reads when it starts.

use super::super::RouterError;
use super::super::on_disk;
use super::error::HaproxyError;
use super::socket::Socket;
use rollout::slot::{Slot, Split, Weight};
use std::path::{Path, PathBuf};
use tokio::fs;

/// The one key of the map.
pub(super) const KEY: &str = "split";

/// What HAProxy finds under the key: `green-25`.
pub(super) fn text(split: Split) -> String {
    format!("{}-{}", split.to, split.weight.percent())
}

/// The split that such a value stands for.
pub(super) fn value(value: &str) -> Option<Split> {
    let (to, percent) = value.split_once('-')?;
    let split = Split { to: Slot::parse(to)?, weight: Weight::new(percent.parse().ok()?)? };
    // `green-+5` and `green-05` are not ours.
    (text(split) == value).then_some(split)
}

/// The split of the whole file.
pub(super) fn parse(content: &str) -> Option<Split> {
    value(content.strip_prefix(KEY)?.strip_prefix(' ')?.strip_suffix('\n')?)
}

#[derive(Clone, Debug)]
pub(super) struct Map {
    path: PathBuf,
    socket: Socket,
}

impl Map {
    pub fn new(path: PathBuf, socket: Socket) -> Map {
        Map { path, socket }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file holds. `None` when there is none.
    pub async fn on_disk(&self) -> Result<Option<String>, RouterError> {
        on_disk::read(&self.path).await
    }

    /// What HAProxy has under the key. `None` when it has nothing.
    ///
    /// # Errors
    /// Also when it does not know the map, since our file is not loaded.
    pub async fn in_memory(&self) -> Result<Option<String>, RouterError> {
        let said = self.socket.ask(&format!("show map {}", self.path.display())).await?;
        if said.contains("Unknown map") {
            return Err(self.not_served());
        }
        // `0x559d386d49c0 split green-25`
        let mut values = said.lines().filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            (words.next() == Some(KEY)).then(|| words.collect::<Vec<_>>().join(" "))
        });
        Ok(values.next_back())
    }

    /// Has HAProxy use this split from now on.
    pub async fn tell(&self, split: Split) -> Result<(), RouterError> {
        let (path, value) = (self.path.display(), text(split));
        match self.socket.tell(&format!("set map {path} {KEY} {value}")).await {
            // Somebody has cleared it.
            Err(HaproxyError::Said { said, .. }) if said.contains("entry not found") => {
                Ok(self.socket.tell(&format!("add map {path} {KEY} {value}")).await?)
            }
            done => Ok(done?),
        }
    }

    /// Has the disk keep this split.
    pub async fn write(&self, split: Split) -> Result<(), RouterError> {
        self.put(&format!("{KEY} {}\n", text(split))).await
    }

    /// Puts back what the file held, or takes it away.
    pub async fn restore(&self, content: Option<String>) -> Result<(), RouterError> {
        match content {
            Some(content) => self.put(&content).await,
            None => on_disk::remove(&self.path).await,
        }
    }

    async fn put(&self, content: &str) -> Result<(), RouterError> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).await.map_err(RouterError::io("make", folder))?;
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        on_disk::write(&self.path.with_file_name(format!(".{name}.new")), &self.path, content).await
    }

    pub fn not_served(&self) -> RouterError {
        HaproxyError::NotServed { map: self.path.clone() }.into()
    }

    pub fn unreadable(&self, text: &str) -> RouterError {
        let text = text.trim().chars().take(100).collect::<String>().escape_debug().to_string();
        HaproxyError::Unreadable { path: self.path.clone(), text }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        for to in Slot::BOTH {
            for percent in 0..=100 {
                let split = Split { to, weight: Weight::new(percent).unwrap() };
                assert_eq!(value(&text(split)), Some(split));
                assert_eq!(parse(&format!("{KEY} {}\n", text(split))), Some(split));
            }
        }
        for bad in ["", "green", "green-", "green-05", "green-+5", "green-101", "red-5", "green-5 ", "-5"] {
            assert_eq!(value(bad), None, "{bad}");
        }
        for bad in ["", "split", "split green-5", "split green-5\n\n", "other green-5\n", "splitgreen-5\n"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
