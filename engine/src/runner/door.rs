//! The testers' door stands as the rollout wants it: opened when the checks have passed, closed at the end or on the way
//! back. Where it stands is read from the router each time, so it is right after a crash, too.

use crate::engine::Shared;
use crate::error::EngineError;
use crate::router::door::new_key;
use rollout::Rollout;
use rollout::event::RolloutId;
use rollout::router::Door;

/// What is known of the door.
#[derive(Default)]
pub(super) struct Doorkeeper {
    /// It was seen closed, or there is none.
    closed: bool,
    /// What was said in the log last.
    told: Option<String>,
}

impl Doorkeeper {
    /// Sees to it. A door that cannot be opened is no reason to stop a rollout: it is tried again with the next turn, and
    /// the page says so.
    pub(super) async fn see_to_it(&mut self, shared: &Shared, id: RolloutId, rollout: &Rollout) {
        let wanted = rollout.wants_door();
        if self.closed && !wanted {
            return;
        }
        let why = keep(shared, id, rollout, wanted).await.err().map(|error| error.to_string());
        self.closed = why.is_none() && !wanted;
        if let Some(why) = why.as_ref().filter(|why| self.told.as_ref() != Some(why)) {
            let what = if wanted { "opened" } else { "closed" };
            tracing::warn!(rollout.id = id.0, "rollout {id}: the testers' door cannot be {what}: {why}");
        }
        self.told = why;
    }
}

async fn keep(shared: &Shared, id: RolloutId, rollout: &Rollout, wanted: bool) -> Result<(), EngineError> {
    let definition = shared.store.definition(id).await?;
    let Some(row) = shared.store.application(&definition.application.name).await? else { return Ok(()) };
    let router = shared.router(&definition.application, row.admin_port)?;
    if !router.capabilities().door {
        return Ok(());
    }
    if !wanted {
        // A rollout that has ended may be kept warm beside the next one, whose door this is.
        let of_another = rollout.ended.is_some() && shared.store.standing(&row).await?.active.is_some();
        return if of_another { Ok(()) } else { Ok(router.close_door().await?) };
    }
    // A rollout begins with a closed door: what stands open was opened by this one.
    let slot = rollout.start.slot;
    if router.door().await?.is_some_and(|door| door.slot == slot) {
        return Ok(());
    }
    let key = new_key().map_err(|error| crate::router::RouterError::NoKey { why: error.to_string() })?;
    router.open_door(&Door { slot, key }).await?;
    tracing::info!(rollout.id = id.0, "rollout {id}: the testers' door to {slot} is open");
    shared.feed.tell(id);
    Ok(())
}
