//! A slot has no traffic any more, and is about to be stopped or taken. What is open there may go on to its end, or until
//! the grace is over; the rollout decides which, by what is counted here.

use super::stop_new_slot::hand_back;
use super::{Context, Done, Outcome};
use crate::clock;
use rollout::open::Open;
use rollout::slot::Slot;
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// A request may be on its way to the slot while the first look finds nothing.
const SOON: Duration = Duration::from_millis(100);

pub(super) async fn run(cx: &Context, slot: Slot) -> Outcome {
    if let Some(old) = cx.rollout.old_slot().filter(|_| cx.rollout.back.is_some()) {
        hand_back(cx, old).await?;
    }
    let mut last = None;
    loop {
        let open = look(cx, slot).await;
        if last != Some(open) && !open.is_none() {
            cx.log.info(format!("{open} still open on {slot}"));
        }
        let nothing = open.is_none() && last.is_some_and(Open::is_none);
        // It may have been extended meanwhile.
        let rollout = cx.store.rollout(cx.id).await.map_err(|error| error.to_string())?;
        let is_up =
            rollout.and_then(|rollout| rollout.draining()).is_none_or(|draining| draining.until <= clock::now());
        if nothing || is_up {
            return Ok(Done { open: Some(open), ..Done::new(String::new()) });
        }
        last = Some(open);
        tokio::time::sleep(if open.is_none() { SOON } else { PAUSE }).await;
    }
}

/// What cannot be counted must not be cut: then the grace is waited for, unless nothing runs in the slot at all.
async fn look(cx: &Context, slot: Slot) -> Open {
    match cx.router.open(&cx.routes(), slot).await {
        Ok(Open::Unknown) | Err(_) if is_empty(cx, slot).await => Open::Connections(0),
        Ok(open) => open,
        Err(error) => {
            tracing::debug!(%error, "what is open on {slot} cannot be counted");
            Open::Unknown
        }
    }
}

async fn is_empty(cx: &Context, slot: Slot) -> bool {
    let instances = cx.runtime.instances(&cx.project(slot)).await;
    instances.is_ok_and(|instances| instances.iter().all(|instance| !instance.running()))
}
