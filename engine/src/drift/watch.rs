//! Every router, again and again. What differs in two looks in a row is drift: a shift, or a router that is just being
//! restarted, is not.

use super::look::PATIENCE;
use super::{Adrift, Left, Look, Place, look};
use crate::clock;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::store::applications::ApplicationRow;
use futures::StreamExt;
use rollout::command::Report;
use rollout::event::RolloutId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Between two looks at a router, unless it asks for more.
const PACE: Duration = Duration::from_secs(3);
/// Drift is told at most this long after it began: it just missed one look, and is seen in the next two.
const NOTICED: Duration = Duration::from_secs(10);
const _: () = assert!(2 * PACE.as_millis() + PATIENCE.as_millis() + 1_000 <= NOTICED.as_millis());
/// Routers that are looked at side by side.
const AT_ONCE: usize = 64;

/// Looks until the server stops.
pub(crate) async fn watch(shared: Arc<Shared>, stop: CancellationToken) {
    let mut watched = HashMap::new();
    let mut tick = tokio::time::interval(PACE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        // Whoever stops the server does not wait for a router.
        match stop.run_until_cancelled(round(&shared, &mut watched)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "the routers are not looked at"),
            None => return,
        }
    }
}

/// What is known of an application's router between two looks.
#[derive(Default)]
pub(super) struct Watched {
    place: Option<(Stamp, Place)>,
    due: Option<Instant>,
    /// It was adrift in the last look, and had been left like this.
    once: Option<Left>,
}

/// As long as this is the same, the application's routes and its router are.
#[derive(PartialEq, Eq)]
enum Stamp {
    Rollout(RolloutId),
    File { path: String, changed: Option<SystemTime>, length: u64 },
}

async fn round(shared: &Arc<Shared>, watched: &mut HashMap<String, Watched>) -> Result<(), EngineError> {
    let names = shared.store.adopted_applications().await?;
    watched.retain(|name, _| names.contains(name));
    if shared.drifts.keep(&names) {
        shared.feed.tell_drift();
    }
    let looks = names.into_iter().map(|name| {
        let known = watched.remove(&name).unwrap_or_default();
        async move {
            let known = look_at(shared, &name, known).await;
            (name, known)
        }
    });
    let looked: Vec<_> = futures::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    watched.extend(looked);
    Ok(())
}

async fn look_at(shared: &Arc<Shared>, name: &str, mut known: Watched) -> Watched {
    if known.due.is_some_and(|due| due > Instant::now()) {
        return known;
    }
    if let Err(error) = try_to_look_at(shared, name, &mut known).await {
        // An application file that cannot be read is for whoever starts a rollout.
        tracing::debug!(application.name = name, %error, "the router of {name} is not looked at");
    }
    known
}

pub(super) async fn try_to_look_at(shared: &Arc<Shared>, name: &str, known: &mut Watched) -> Result<(), EngineError> {
    let Some(row) = shared.store.application(name).await? else { return Ok(()) };
    let (before, _) = shared.left(&row).await?;
    if before.shifting {
        known.once = None;
        return Ok(());
    }
    let place = place(shared, &row, &before, known).await?;
    // Half a beat early is on time: ticks are not exact.
    known.due = Some(Instant::now() + place.router.look_every().unwrap_or(PACE) - PACE / 2);
    let seen = look(&place, &before).await;
    let (after, rollout) = shared.left(&row).await?;
    // It was shifted meanwhile: what was seen is of no time at all.
    if before != after {
        known.once = None;
        return Ok(());
    }
    let drift = rollout.as_ref().and_then(|rollout| rollout.drift.as_ref());
    match seen {
        Look::AsLeft => {
            known.once = None;
            if shared.drifts.put(name, None) {
                tracing::info!(application.name = name, "the router of {name} is as it was left again");
                shared.feed.tell_drift();
            }
            if let (Some(_), Some(id)) = (drift, after.rollout) {
                shared.report(id, Report::DriftEnded { how: "the router is as it was left again".to_owned() }).await?;
            }
        }
        Look::Adrift { .. } if known.once.as_ref() != Some(&before) => known.once = Some(before),
        Look::Adrift { what, seen } => {
            let Left { split: expected, rollout: id, .. } = before;
            let found = Adrift {
                application: name.to_owned(),
                since: clock::now(),
                expected,
                seen,
                what: what.clone(),
                rollout: id,
            };
            if shared.drifts.put(name, Some(found)) {
                tracing::warn!(
                    application.name = name,
                    "the router of {name} is not as it was left: {}",
                    what.join(" ")
                );
                shared.feed.tell_drift();
            }
            if let Some(id) = id.filter(|_| drift.is_none_or(|drift| drift.seen != seen)) {
                shared.report(id, Report::Drifted { expected, what: what.join(" "), seen }).await?;
            }
        }
    }
    Ok(())
}

/// As it was at the last look, unless a rollout began or ended, or the file has changed.
async fn place(shared: &Shared, row: &ApplicationRow, left: &Left, known: &mut Watched) -> Result<Place, EngineError> {
    let stamp = match left.rollout {
        Some(id) => Stamp::Rollout(id),
        None => {
            let file = tokio::fs::metadata(&row.file).await.ok();
            Stamp::File {
                path: row.file.clone(),
                changed: file.as_ref().and_then(|file| file.modified().ok()),
                length: file.map_or(0, |file| file.len()),
            }
        }
    };
    if let Some((of, place)) = &known.place
        && *of == stamp
    {
        return Ok(place.clone());
    }
    let place = shared.place(row, left).await?;
    known.place = Some((stamp, place.clone()));
    Ok(place)
}

#[cfg(test)]
mod tests;
