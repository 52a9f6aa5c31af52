//! Tells whoever watches that something was written. Always after the write, never instead of it.
//!
//! Only "look again" is told: the watcher reads what is new after its own last entry, so a slow one misses
//! nothing and repeats nothing.

use rollout::event::RolloutId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

#[derive(Clone, Default)]
pub struct Feed {
    rollouts: Arc<Mutex<HashMap<RolloutId, watch::Sender<u64>>>>,
    drift: watch::Sender<u64>,
}

impl Feed {
    /// Something new is in the store about this rollout.
    pub fn tell(&self, id: RolloutId) {
        let mut rollouts = self.lock();
        if let Some(sender) = rollouts.get(&id) {
            if sender.is_closed() {
                rollouts.remove(&id);
            } else {
                sender.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }

    /// Hears of everything told after this call.
    pub fn watch(&self, id: RolloutId) -> watch::Receiver<u64> {
        self.lock().entry(id).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// A router went adrift, or is as it was left again: whose, is to be looked for.
    pub fn tell_drift(&self) {
        self.drift.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub fn watch_drift(&self) -> watch::Receiver<u64> {
        self.drift.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RolloutId, watch::Sender<u64>>> {
        // A counter cannot be left half-changed: a panic elsewhere is no reason to stop telling.
        self.rollouts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
