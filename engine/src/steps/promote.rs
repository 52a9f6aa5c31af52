//! The standby slot becomes the live one.

use super::{Context, Done, Outcome, prepare};
use crate::router::same_split;
use rollout::slot::Split;

pub(super) async fn run(cx: &Context) -> Outcome {
    let slot = cx.new_slot();
    let now = cx.router.current().await.map_err(|error| error.to_string())?;
    if !same_split(now, Split::all(slot)) {
        return Err(format!("the router says {now}, and all traffic should be on {slot}"));
    }
    prepare::stays_up(cx).await?;
    Ok(Done::new(format!("{slot} is the live slot")))
}
