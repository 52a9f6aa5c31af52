//! The way back: all traffic to the old slot, at once.
//!
//! Drift does not stop it: whatever happened to the router, the old slot is where traffic is safe, and the router's own
//! answer says whether it took.

use super::{Context, Outcome};
use rollout::slot::Split;

pub(super) async fn run(cx: &Context) -> Outcome {
    let Some(old) = cx.rollout.old_slot() else { return Err("there is no old slot to go back to".to_owned()) };
    // Written as "none to the new slot": sessions go back the way they came.
    let wanted = Split { to: old.other(), weight: rollout::slot::Weight::NONE };
    super::shift::set(cx, wanted).await
}
