//! The way back: is the old slot fit to take the traffic? What of it was stopped is started again first, and what is
//! gone is made anew from its release.

use super::{Context, Done, Outcome, probe};
use crate::runtime::docker::{ContainerState, Publish, Wanted};
use rollout::release::Version;
use rollout::slot::Slot;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The old slot was well when it was left: it gets a short while, not a whole health check.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(cx: &Context) -> Outcome {
    let (Some(old), Some(release)) = (cx.rollout.old_slot(), &cx.rollout.start.from) else {
        return Err("there is no old slot to go back to".to_owned());
    };
    let containers = cx.docker.containers(&cx.project(old)).await.map_err(|error| error.to_string())?;
    // What runs in the live slot only comes back last, once the new slot's has ended.
    make_what_is_gone(cx, old, release, &containers, |service| !cx.is_live_slot_only(service)).await?;
    for container in containers {
        let job_done = container.status == "exited (0)";
        if !container.running && !job_done && !cx.is_live_slot_only(&container.service) {
            cx.log.info(format!("{} in {old} is {}: starting it", container.service, container.status));
            cx.docker.start(&container.id, &container.name).await.map_err(|error| error.to_string())?;
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

/// Somebody removed containers of the old slot: without them there would be no way back. Those that are there are not
/// touched, whatever their configuration: they served until now.
pub(super) async fn make_what_is_gone(
    cx: &Context,
    old: Slot,
    release: &Version,
    there: &[ContainerState],
    of_these: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let images = cx.store.release_images(cx.row.id, release).await.map_err(|error| error.to_string())?;
    let images = images.ok_or_else(|| format!("it is not known what release {release} was made of"))?;
    // What the old release had, not what the new one has.
    let gone: BTreeMap<&str, Publish> = cx.slot_services(old, |name| {
        images.contains_key(name) && of_these(name) && !there.iter().any(|container| container.service == name)
    });
    if gone.is_empty() {
        return Ok(());
    }
    let names = gone.keys().copied().collect::<Vec<_>>().join(", ");
    cx.log.info(format!("{names} of {old} is gone: making it anew from release {release}"));
    let lost = |why: String| format!("{names} of {old} is gone, and cannot be made anew from release {release}: {why}");
    let compose = cx
        .definition
        .compose(release)
        .map_err(|problems| lost(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    let (project, shared) = (cx.project(old), cx.shared());
    let wanted = Wanted {
        project: &project,
        compose: &compose,
        compose_file: &cx.definition.compose_file,
        services: gone,
        images: &images,
        release: release.as_str(),
        elsewhere: &shared,
        keep_running: true,
    };
    let said = |error: crate::runtime::docker::DockerError| lost(error.to_string());
    cx.docker.make_networks(&project, &compose).await.map_err(said)?;
    cx.docker.connect_shared(&shared, &project, &compose).await.map_err(said)?;
    cx.docker.up(&wanted, &mut |line| cx.log.info(line)).await.map_err(said)
}

/// As before a shift, but that what runs in the live slot only need not be up yet.
async fn well(cx: &Context, old: Slot) -> Result<(), String> {
    for (service, seen) in probe::containers(cx, old).await? {
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
