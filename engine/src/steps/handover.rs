//! All traffic has moved: background services that run in the live slot only follow it. Those of the old slot are asked to
//! end (SIGTERM, and their grace) before those of the new one begin: never two at work at once.

use super::{Context, Done, Outcome, prepare};
use crate::runtime::State;
use rollout::slot::Slot;

pub(super) async fn run(cx: &Context) -> Outcome {
    let slot = cx.new_slot();
    let moving = cx.slot_services(|name| cx.is_live_slot_only(name));
    let names = moving.iter().copied().collect::<Vec<_>>().join(", ");
    if let Some(old) = cx.rollout.old_slot() {
        stop_live_slot_only(cx, old).await?;
    }
    prepare::up(cx, moving).await?;
    prepare::stays_up(cx).await?;
    Ok(Done::new(format!("{names} runs in {slot}")))
}

/// Stops, and keeps, the services of a slot that must not run in both.
pub(super) async fn stop_live_slot_only(cx: &Context, slot: Slot) -> Result<(), String> {
    for instance in cx.runtime.instances(&cx.project(slot)).await.map_err(|error| error.to_string())? {
        // One that restarts again and again is up, too.
        let is_up = instance.running() || instance.state == State::Restarting;
        if cx.is_live_slot_only(&instance.service) && is_up {
            cx.log.info(format!("{} in {slot} is asked to end, and gets its grace", instance.service));
            cx.runtime.stop(&instance).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
