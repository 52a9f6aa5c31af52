//! The standby slot becomes the live one: services that run only in the live slot move over.

use super::{Context, Done, Outcome, prepare};
use crate::router::same_split;
use rollout::slot::Split;

pub(super) async fn run(cx: &Context) -> Outcome {
    let slot = cx.new_slot();
    let now = cx.router.current().await.map_err(|error| error.to_string())?;
    if !same_split(now, Split::all(slot)) {
        return Err(format!("the router says {now}, and all traffic should be on {slot}"));
    }
    let moving = cx.slot_services(slot, |name| cx.is_live_slot_only(name));
    let count = moving.len();
    if count > 0 {
        // First there, then here: never two at work at once.
        if let Some(old) = cx.rollout.old_slot() {
            stop_live_slot_only(cx, old).await?;
        }
        prepare::up(cx, moving).await?;
        prepare::stays_up(cx).await?;
    }
    let also = if count > 0 { format!("; {count} background services moved there") } else { String::new() };
    Ok(Done::new(format!("{slot} is the live slot{also}")))
}

/// Stops, and keeps, the services of a slot that must not run in both.
pub(super) async fn stop_live_slot_only(cx: &Context, slot: rollout::slot::Slot) -> Result<(), String> {
    for container in cx.docker.containers(&cx.project(slot)).await.map_err(|error| error.to_string())? {
        if cx.is_live_slot_only(&container.service) && container.running {
            cx.log.info(format!("stopping {} in {slot}", container.service));
            cx.docker.stop(&container.id).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
