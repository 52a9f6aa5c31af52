//! Room for connections; and on the way out none for new ones, while those that are open come to their end.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Of one process.
#[derive(Debug)]
pub struct Drain {
    room: Arc<Semaphore>,
    open: Arc<watch::Sender<u64>>,
    leaving: watch::Sender<bool>,
}

/// For one more connection.
pub type Room = OwnedSemaphorePermit;

/// A connection's, from its acceptance to its end; also after it was upgraded.
#[derive(Debug)]
pub struct Place {
    _room: Room,
    open: Arc<watch::Sender<u64>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.send_modify(|open| *open -= 1);
    }
}

impl Drain {
    pub fn new(connections: usize) -> Drain {
        Drain {
            room: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            open: Arc::new(watch::Sender::new(0)),
            leaving: watch::Sender::new(false),
        }
    }

    /// Waits until there is some.
    pub async fn room(&self) -> Option<Room> {
        self.room.clone().acquire_owned().await.ok()
    }

    /// When there is some.
    pub fn try_room(&self) -> Option<Room> {
        self.room.clone().try_acquire_owned().ok()
    }

    /// A connection takes it.
    pub fn place(&self, room: Room) -> Place {
        self.open.send_modify(|open| *open += 1);
        Place { _room: room, open: self.open.clone() }
    }

    /// Places that are taken.
    pub fn connections(&self) -> u64 {
        *self.open.borrow()
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
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_empty_when_every_place_is_given_back() {
        let drain = Drain::new(2);
        let (one, two) = (drain.room().await.unwrap(), drain.try_room().unwrap());
        assert!(drain.try_room().is_none());
        assert_eq!(drain.connections(), 0);
        let (one, two) = (drain.place(one), drain.place(two));
        assert_eq!(drain.connections(), 2);
        drop(one);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), drain.empty()).await.is_err());
        drop(two);
        drain.empty().await;
        assert_eq!(drain.connections(), 0);
    }
}
