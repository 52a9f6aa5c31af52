//! Room for connections; and on the way out none for new ones, while those that are open come to their end.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Of one process.
#[derive(Debug)]
pub struct Drain {
    room: Arc<Semaphore>,
    size: u32,
    leaving: watch::Sender<bool>,
}

/// A connection's, from its acceptance to its end; also after it was upgraded.
pub type Place = OwnedSemaphorePermit;

impl Drain {
    pub fn new(connections: usize) -> Drain {
        let size = u32::try_from(connections)
            .unwrap_or(u32::MAX)
            .min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Drain { room: Arc::new(Semaphore::new(size as usize)), size, leaving: watch::Sender::new(false) }
    }

    /// Waits for one to be free.
    pub async fn place(&self) -> Option<Place> {
        self.room.clone().acquire_owned().await.ok()
    }

    /// One, when one is free.
    pub fn try_place(&self) -> Option<Place> {
        self.room.clone().try_acquire_owned().ok()
    }

    pub fn connections(&self) -> u64 {
        u64::from(self.size) - self.room.available_permits() as u64
    }

    /// Begins the way out.
    pub fn leave(&self) {
        self.leaving.send_replace(true);
    }

    pub fn leaving(&self) -> bool {
        *self.leaving.borrow()
    }

    /// Returns when the way out has begun.
    pub async fn left(&self) {
        // The sender is ours: it cannot be gone.
        let _ = self.leaving.subscribe().wait_for(|leaving| *leaving).await;
    }

    /// Returns when no connection is open.
    pub async fn empty(&self) {
        let _ = self.room.acquire_many(self.size).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_empty_when_every_place_is_given_back() {
        let drain = Drain::new(2);
        let (one, two) = (drain.place().await.unwrap(), drain.place().await.unwrap());
        assert_eq!(drain.connections(), 2);
        assert!(drain.try_place().is_none());
        drop(one);
        assert!(tokio::time::timeout(std::time::Duration::from_secs(1), drain.empty()).await.is_err());
        drop(two);
        drain.empty().await;
        assert_eq!(drain.connections(), 0);
    }
}
