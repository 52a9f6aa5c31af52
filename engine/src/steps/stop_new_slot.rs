//! The way back: what the new slot's containers said last is kept, then it is stopped; what runs in the live slot
//! only goes on in the old one.

use super::check_old_slot::make_what_is_gone;
use super::{Context, Done, Outcome, handover};
use crate::router::same_split;
use crate::runtime::RuntimeError;
use rollout::slot::{Slot, Split};

pub(super) async fn run(cx: &Context) -> Outcome {
    let new = cx.new_slot();
    if !cx.rollout.prepared() {
        return Ok(Done::new(format!("nothing was prepared in {new}: it is left as it is")));
    }
    // Nobody comes to what is stopped by a key either.
    cx.router.close_door().await.map_err(|error| error.to_string())?;
    let said = |error: RuntimeError| error.to_string();
    if cx.rollout.old_slot().is_none() {
        // The only release goes: traffic goes where nothing is, as before it came, so that the next one is not reached
        // before it is checked.
        cx.router.set(Split::all(new.other())).await.map_err(|error| error.to_string())?;
    }
    if let Some(old) = cx.rollout.old_slot() {
        hand_back(cx, old).await?;
    }
    cx.keep_last_lines(new).await;
    let count = cx.runtime.down(&cx.project(new)).await.map_err(said)?;
    Ok(Done::new(format!("{} of {new} stopped and removed; their last lines are kept", cx.counted(count))))
}

/// What runs in the live slot only goes on in the old one. Before anything is waited for: a bad release's workers are not
/// to work any longer than they must.
pub(super) async fn hand_back(cx: &Context, old: Slot) -> Result<(), String> {
    let new = cx.new_slot();
    let said = |error: RuntimeError| error.to_string();
    // Never stop what gets requests, whatever the journal says.
    let now = cx.router.current().await.map_err(|error| error.to_string())?;
    if !same_split(now, Split::all(old)) {
        return Err(format!("the router says {now}: {new} still gets traffic, and is left alone"));
    }
    handover::stop_live_slot_only(cx, new).await?;
    let there = cx.runtime.instances(&cx.project(old)).await.map_err(said)?;
    if let Some(release) = &cx.rollout.start.from {
        make_what_is_gone(cx, old, release, &there, |service| cx.is_live_slot_only(service)).await?;
    }
    for instance in there {
        if cx.is_live_slot_only(&instance.service) && !instance.running() {
            cx.log.info(format!("starting {} in {old} again", instance.service));
            cx.runtime.start(&instance).await.map_err(said)?;
        }
    }
    Ok(())
}
