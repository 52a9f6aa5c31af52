//! The standby slot becomes the live one.

use super::{Context, Done, Outcome, handover, prepare};
use crate::router::same_split;
use rollout::plan::Step;
use rollout::slot::Split;

pub(super) async fn run(cx: &Context) -> Outcome {
    let slot = cx.new_slot();
    let now = cx.router.current().await.map_err(|error| error.to_string())?;
    if !same_split(now, Split::all(slot)) {
        return Err(format!("the router says {now}, and all traffic should be on {slot}"));
    }
    // A plan of an earlier Crossfade has no step of its own for it.
    let moves = cx.compose.services.keys().any(|name| cx.is_live_slot_only(name));
    if moves && !cx.rollout.start.plan.steps.contains(&Step::Handover) {
        handover::run(cx).await?;
    }
    prepare::stays_up(cx).await?;
    Ok(Done::new(format!("{slot} is the live slot")))
}
