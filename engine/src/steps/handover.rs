//! All traffic has moved: background services that run in the live slot only follow it. Those of the old slot are asked to
//! end (SIGTERM, and their grace) before those of the new one begin: never two at work at once.

use super::{Context, Done, Outcome, prepare};
use rollout::slot::Slot;

pub(super) async fn run(cx: &Context) -> Outcome {
    let slot = cx.new_slot();
    let moving = cx.slot_services(slot, |name| cx.is_live_slot_only(name));
    let names = moving.keys().copied().collect::<Vec<_>>().join(", ");
    if let Some(old) = cx.rollout.old_slot() {
        stop_live_slot_only(cx, old).await?;
    }
    prepare::up(cx, moving).await?;
    prepare::stays_up(cx).await?;
    Ok(Done::new(format!("{names} runs in {slot}")))
}

/// Stops, and keeps, the services of a slot that must not run in both.
pub(super) async fn stop_live_slot_only(cx: &Context, slot: Slot) -> Result<(), String> {
    for container in cx.docker.containers(&cx.project(slot)).await.map_err(|error| error.to_string())? {
        if cx.is_live_slot_only(&container.service) && container.running {
            cx.log.info(format!("{} in {slot} is asked to end, and gets its grace", container.service));
            cx.docker.stop(&container.id).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
