//! The standby slot becomes the live one.

use super::{Context, Done, Outcome, Stuck, handover, prepare};
use crate::router::same_split;
use rollout::plan::Step;
use rollout::slot::Split;

/// A slot that does not have all the traffic does not become the live one. That is no reason to go back, either.
pub(super) async fn all_traffic_is_there(cx: &Context) -> Result<(), Stuck> {
    let slot = cx.new_slot();
    match cx.router.current().await {
        Ok(now) if same_split(now, Split::all(slot)) => Ok(()),
        Ok(now) => Err(Stuck::CannotTell(format!("the router says {now}, and all traffic should be on {slot}"))),
        Err(error) => Err(Stuck::CannotTell(error.to_string())),
    }
}

pub(super) async fn run(cx: &Context) -> Outcome {
    let slot = cx.new_slot();
    // A plan of an earlier Crossfade has no step of its own for it.
    let moves = cx.recipe.services().into_iter().any(|name| cx.is_live_slot_only(name));
    if moves && !cx.rollout.start.plan.steps.contains(&Step::Handover) {
        handover::run(cx).await?;
    }
    prepare::stays_up(cx).await?;
    Ok(Done::new(format!("{slot} is the live slot")))
}
