//! The way back: is the old slot fit to take the traffic? What of it was stopped is started again first, and what is
//! gone is made anew from its release.

use super::{Context, Done, Outcome, probe};
use crate::runtime::{Instance, RuntimeError, Wanted};
use rollout::release::Version;
use rollout::slot::Slot;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The old slot was well when it was left: it gets a short while, not a whole health check.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(cx: &Context) -> Outcome {
    let (Some(old), Some(release)) = (cx.rollout.old_slot(), &cx.rollout.start.from) else {
        return Err("there is no old slot to go back to".to_owned());
    };
    let instances = cx.runtime.instances(&cx.project(old)).await.map_err(|error| error.to_string())?;
    // What runs in the live slot only comes back last, once the new slot's has ended.
    make_what_is_gone(cx, old, release, &instances, |service| !cx.is_live_slot_only(service)).await?;
    for instance in instances {
        let job_done = instance.ended_well();
        if !instance.running() && !job_done && !cx.is_live_slot_only(&instance.service) {
            cx.log.info(format!("{} in {old} is {}: starting it", instance.service, instance.state));
            cx.runtime.start(&instance).await.map_err(|error| error.to_string())?;
        }
    }
    let begun = Instant::now();
    let mut told = String::new();
    loop {
        match well(cx, old).await {
            Ok(()) => return Ok(Done::new(format!("{old} answers"))),
            Err(why) if begun.elapsed() > PATIENCE => {
                return Err(format!("{old} is not fit to take the traffic: {why}. The weight stays as it is."));
            }
            Err(why) if why != told => {
                cx.log.info(&why);
                told = why;
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Somebody removed containers or processes of the old slot: without them there would be no way back. Those that are there are not
/// touched, whatever their configuration: they served until now.
pub(super) async fn make_what_is_gone(
    cx: &Context,
    old: Slot,
    release: &Version,
    there: &[Instance],
    of_these: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let images = cx.store.release_images(cx.row.id, release).await.map_err(|error| error.to_string())?;
    let images = images.ok_or_else(|| format!("it is not known what release {release} was made of"))?;
    // What the old release had, not what the new one has.
    let gone: BTreeSet<&str> = cx.slot_services(|name| {
        images.contains_key(name) && of_these(name) && !there.iter().any(|instance| instance.service == name)
    });
    if gone.is_empty() {
        return Ok(());
    }
    let names = gone.iter().copied().collect::<Vec<_>>().join(", ");
    cx.log.info(format!("{names} of {old} is gone: making it anew from release {release}"));
    let lost = |why: String| format!("{names} of {old} is gone, and cannot be made anew from release {release}: {why}");
    let recipe = cx
        .definition
        .recipe(release)
        .map_err(|problems| lost(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let (project, shared) = (cx.project(old), cx.shared());
    let wanted = Wanted {
        project: &project,
        definition: &cx.definition,
        recipe: &recipe,
        release,
        images: &images,
        services: gone,
        addresses: &cx.addresses,
        keep_running: true,
    };
    let said = |error: RuntimeError| lost(error.to_string());
    cx.runtime.join_shared(&shared, &project, &recipe).await.map_err(said)?;
    cx.runtime.up(&wanted, &mut |line| cx.log.info(line)).await.map_err(said)
}

/// As before a shift, but that what runs in the live slot only need not be up yet.
async fn well(cx: &Context, old: Slot) -> Result<(), String> {
    for (service, seen) in probe::instances(cx, old).await? {
        match seen {
            probe::Seen::Well => {}
            probe::Seen::NotYet(_) | probe::Seen::Down(_) if cx.is_live_slot_only(&service) => {}
            probe::Seen::NotYet(why) | probe::Seen::Down(why) => return Err(format!("{service} in {old}: {why}")),
        }
    }
    probe::answers(cx, old).await?;
    for check in &cx.definition.application.health {
        probe::http(cx, check, old).await.map_err(|why| format!("{} {} in {old}: {why}", check.service, check.path))?;
    }
    Ok(())
}
