//! What is still open on the slot that traffic has left.

use super::Engine;
use crate::clock;
use crate::error::EngineError;
use crate::steps::context::routes;
use rollout::actor::Actor;
use rollout::clock::{Millis, Timestamp};
use rollout::event::RolloutId;
use rollout::open::Open;
use rollout::policy::{Permission, authorize};
use rollout::slot::Slot;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Of one rollout, as it was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub slot: Slot,
    /// Or why it cannot be counted.
    pub open: Result<Open, String>,
}

/// A count is good for this long: many browsers are one look.
const FRESH: Millis = Millis(500);
/// A page is not kept waiting by a router that is down.
const PATIENCE: Duration = Duration::from_millis(1_500);

#[derive(Default)]
pub(crate) struct Counts {
    last: Mutex<HashMap<RolloutId, (Timestamp, Left)>>,
}

impl Engine {
    /// `None` while no slot has lost all its traffic by this rollout, and once nothing of it is left to be stopped.
    ///
    /// # Errors
    /// When the actor may not read, or there is no such rollout.
    pub async fn left(&self, actor: &Actor, id: RolloutId) -> Result<Option<Left>, EngineError> {
        authorize(actor, Permission::Read)?;
        let rollout = self.shared.state(id).await?;
        let Some(slot) = rollout.left_slot() else {
            self.shared.counts.last.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            return Ok(None);
        };
        let known = self.shared.counts.last.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some((at, left)) = known
            && left.slot == slot
            && at <= clock::now()
            && clock::now() - at < FRESH
        {
            return Ok(Some(left));
        }
        let open = match tokio::time::timeout(PATIENCE, self.count(id, slot)).await {
            Ok(open) => open.map_err(|error| error.to_string()),
            Err(_) => Err("the router does not answer".to_owned()),
        };
        let left = Left { slot, open };
        let mut last = self.shared.counts.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(id, (clock::now(), left.clone()));
        Ok(Some(left))
    }

    async fn count(&self, id: RolloutId, slot: Slot) -> Result<Open, EngineError> {
        let definition = self.shared.store.definition(id).await?;
        let name = &definition.application.name;
        let row = self.shared.store.application(name).await?;
        let row = row.ok_or_else(|| EngineError::NotFound(format!("application {name}")))?;
        let addresses = self.shared.store.addresses(row.id).await?;
        let router = self.shared.router(&definition.application, row.admin_port)?;
        Ok(router.open(&routes(&definition, &addresses), slot).await?)
    }
}
