//! What is adrift now. In memory: after a restart it is seen anew.

use rollout::clock::Timestamp;
use rollout::event::RolloutId;
use rollout::slot::Split;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A router that is not as it was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adrift {
    pub application: String,
    pub since: Timestamp,
    /// How it was left.
    pub expected: Split,
    /// How it splits the traffic, by its own word; `None` when it does not say.
    pub seen: Option<Split>,
    /// What differs, in sentences.
    pub what: Vec<String>,
    /// The rollout that is under way.
    pub rollout: Option<RolloutId>,
}

/// By application.
#[derive(Default)]
pub(crate) struct Board {
    adrift: Mutex<BTreeMap<String, Adrift>>,
}

impl Board {
    pub(crate) fn get(&self, application: &str) -> Option<Adrift> {
        self.lock().get(application).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Adrift> {
        self.lock().values().cloned().collect()
    }

    /// Notes how it is now. Is that news?
    pub(crate) fn put(&self, application: &str, found: Option<Adrift>) -> bool {
        let mut adrift = self.lock();
        let Some(found) = found else { return adrift.remove(application).is_some() };
        let known = adrift.get(application);
        // It is the same drift as long as it lasts.
        let since = known.map_or(found.since, |known| known.since);
        let found = Adrift { since, ..found };
        let news = known != Some(&found);
        adrift.insert(application.to_owned(), found);
        news
    }

    /// Applications that are not there any more are forgotten. Were there any?
    pub(crate) fn keep(&self, applications: &[String]) -> bool {
        let mut adrift = self.lock();
        let before = adrift.len();
        adrift.retain(|name, _| applications.contains(name));
        adrift.len() != before
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Adrift>> {
        self.adrift.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::Slot;

    #[test]
    fn it_is_the_same_drift_as_long_as_it_lasts() {
        let board = Board::default();
        let found = |at: i64, what: &str| Adrift {
            application: "shop".into(),
            since: Timestamp(at),
            expected: Split::all(Slot::Blue),
            seen: None,
            what: vec![what.into()],
            rollout: None,
        };
        assert!(!board.put("shop", None));
        assert!(board.put("shop", Some(found(1, "a"))));
        assert!(!board.put("shop", Some(found(2, "a"))), "nothing new");
        assert!(board.put("shop", Some(found(3, "b"))));
        assert_eq!(board.get("shop").unwrap().since, Timestamp(1));
        assert!(board.put("shop", None) && board.all().is_empty());
        board.put("shop", Some(found(4, "a")));
        assert!(!board.keep(&["shop".into()]) && board.keep(&[]) && board.get("shop").is_none());
    }
}
