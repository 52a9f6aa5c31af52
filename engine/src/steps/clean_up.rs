//! The old slot is stopped, after it was kept warm.

use super::{Context, Done, Outcome};
use crate::router::same_split;
use rollout::slot::Split;
use std::time::Duration;

pub(super) async fn run(cx: &Context) -> Outcome {
    let Some(old) = cx.rollout.old_slot() else { return Ok(Done::new("there is no old slot")) };
    // A rollout that is at work may be about to take this slot: then this step ends with it. If it gives up before that,
    // this one goes on.
    while cx.store.standing(&cx.row).await.map_err(|error| error.to_string())?.active.is_some() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // Never stop what gets requests, whatever the journal says.
    let now = cx.router.current().await.map_err(|error| error.to_string())?;
    if !same_split(now, Split::all(old.other())) {
        return Err(format!("the router says {now}: {old} still gets traffic, and is left alone"));
    }
    let count = cx.runtime.down(&cx.project(old)).await.map_err(|error| error.to_string())?;
    Ok(Done::new(format!("{} of {old} stopped and removed", cx.counted(count))))
}
