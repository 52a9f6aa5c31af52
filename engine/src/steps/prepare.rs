//! The release runs in the standby slot: images pulled, what is shared up, services made and started.

use super::{Context, Done, Outcome};
use crate::runtime::{Project, RuntimeError, Wanted};
use std::collections::BTreeSet;
use std::time::Duration;

/// What falls over at once shows it within this time.
const SETTLE: Duration = Duration::from_millis(500);

pub(super) async fn run(cx: &Context) -> Outcome {
    let said = |error: RuntimeError| error.to_string();
    cx.runtime
        .fetch(&cx.definition, &cx.recipe, &cx.rollout.images, &mut |line| cx.log.info(line))
        .await
        .map_err(said)?;
    shared(cx).await?;
    let slot = cx.new_slot();
    let project = cx.project(slot);
    cx.runtime.join_shared(&cx.shared(), &project, &cx.recipe).await.map_err(said)?;
    let services = cx.slot_services(|name| !cx.is_live_slot_only(name));
    let count = services.len();
    // What the release before it left here would be taken for the new one's.
    for instance in cx.runtime.instances(&project).await.map_err(said)? {
        if !services.contains(instance.service.as_str()) {
            cx.log.info(format!("{} of an earlier release is removed", instance.service));
            cx.runtime.stop(&instance).await.map_err(said)?;
            cx.runtime.remove(&instance).await.map_err(said)?;
        }
    }
    up(cx, services).await?;
    stays_up(cx).await?;
    Ok(Done::new(format!("{count} services run in {slot}")))
}

/// Nothing in the new slot falls over as soon as it is up.
pub(super) async fn stays_up(cx: &Context) -> Result<(), String> {
    tokio::time::sleep(SETTLE).await;
    let instances = cx.runtime.instances(&cx.project(cx.new_slot())).await.map_err(|error| error.to_string())?;
    for instance in instances {
        // One that is meant to end (a job) may have ended well.
        if !instance.running() && !instance.ended_well() {
            let crashes = instance.crashes.map(|crashes| format!(": {crashes}")).unwrap_or_default();
            return Err(format!(
                "{} does not stay up: it is {}{crashes}. Its last lines are below.",
                instance.service, instance.state
            ));
        }
    }
    Ok(())
}

/// Brings services of the new slot up. Also what promoting does with those that run in the live slot only.
pub(super) async fn up(cx: &Context, services: BTreeSet<&str>) -> Result<(), String> {
    let project = cx.project(cx.new_slot());
    let wanted = Wanted { keep_running: false, ..wanted(cx, &project, services) };
    cx.runtime.up(&wanted, &mut |line| cx.log.info(line)).await.map_err(|error| error.to_string())
}

/// What outlives rollouts is started when it is not there, and otherwise left alone.
async fn shared(cx: &Context) -> Result<(), String> {
    let services: BTreeSet<&str> = cx.recipe.services().into_iter().filter(|name| cx.is_shared(name)).collect();
    if services.is_empty() {
        return Ok(());
    }
    let project = cx.shared();
    let wanted = wanted(cx, &project, services);
    cx.runtime.up(&wanted, &mut |line| cx.log.info(format!("shared: {line}"))).await.map_err(|error| error.to_string())
}

/// Services of this release in a project; those that run as they should are left alone.
fn wanted<'a>(cx: &'a Context, project: &'a Project, services: BTreeSet<&'a str>) -> Wanted<'a> {
    Wanted {
        project,
        definition: &cx.definition,
        recipe: &cx.recipe,
        release: &cx.rollout.start.release,
        images: &cx.rollout.images,
        services,
        addresses: &cx.addresses,
        keep_running: true,
    }
}
