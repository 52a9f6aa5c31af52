//! The boards of the rollouts that are being watched right now, for whoever asks.

use super::board::Board;
use rollout::event::RolloutId;
use rollout::metric::Evidence;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(crate) struct Boards {
    now: Mutex<HashMap<RolloutId, Arc<Board>>>,
}

impl Boards {
    pub(crate) fn put(&self, id: RolloutId, board: Board) {
        self.lock().insert(id, Arc::new(board));
    }

    pub(crate) fn take_down(&self, id: RolloutId) {
        self.lock().remove(&id);
    }

    pub(crate) fn get(&self, id: RolloutId) -> Option<Arc<Board>> {
        self.lock().get(&id).cloned()
    }

    /// The last look at every metric.
    pub(crate) fn evidence(&self, id: RolloutId) -> Vec<Evidence> {
        self.get(id).map(|board| board.evidence.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RolloutId, Arc<Board>>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
