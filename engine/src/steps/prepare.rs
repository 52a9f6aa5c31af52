//! The release runs in the standby slot: images pulled, what is shared up, containers made and started.

use super::{Context, Done, Outcome};
use crate::runtime::docker::{Project, Publish, Wanted};
use std::collections::BTreeMap;
use std::time::Duration;

/// A container that falls over at once shows it within this time.
const SETTLE: Duration = Duration::from_millis(500);

pub(super) async fn run(cx: &Context) -> Outcome {
    pull(cx).await?;
    shared(cx).await?;
    let slot = cx.new_slot();
    let project = cx.project(slot);
    let said = |error: crate::runtime::docker::DockerError| error.to_string();
    cx.docker.make_networks(&project, &cx.compose).await.map_err(said)?;
    cx.docker.connect_shared(&cx.shared(), &project, &cx.compose).await.map_err(said)?;
    let services = cx.slot_services(slot, |name| !cx.is_live_slot_only(name));
    let count = services.len();
    // What the release before it left here would be taken for the new one's.
    for container in cx.docker.containers(&project).await.map_err(said)? {
        if !services.contains_key(container.service.as_str()) {
            cx.log.info(format!("{} of an earlier release is removed", container.service));
            cx.docker.stop(&container.id).await.map_err(said)?;
            cx.docker.remove(&container.id).await.map_err(said)?;
        }
    }
    up(cx, services).await?;
    stays_up(cx).await?;
    Ok(Done::new(format!("{count} services run in {slot}")))
}

/// Nothing in the new slot falls over as soon as it is up.
pub(super) async fn stays_up(cx: &Context) -> Result<(), String> {
    tokio::time::sleep(SETTLE).await;
    let containers = cx.docker.containers(&cx.project(cx.new_slot())).await.map_err(|error| error.to_string())?;
    for container in containers {
        // One that is meant to end (a job) may have ended well.
        if !container.running && container.status != "exited (0)" {
            return Err(format!(
                "{} does not stay up: it is {}. Its last lines are below.",
                container.service, container.status
            ));
        }
    }
    Ok(())
}

/// Brings services of the new slot up. Also what promoting does with those that run in the live slot only.
pub(super) async fn up(cx: &Context, services: BTreeMap<&str, Publish>) -> Result<(), String> {
    let (project, shared) = (cx.project(cx.new_slot()), cx.shared());
    let wanted = Wanted { keep_running: false, ..wanted(cx, &project, &shared, services) };
    cx.docker.up(&wanted, &mut |line| cx.log.info(line)).await.map_err(|error| error.to_string())
}

async fn pull(cx: &Context) -> Result<(), String> {
    for (name, service) in &cx.compose.services {
        let pinned = cx.rollout.images.get(name).ok_or_else(|| format!("no image is pinned for {name}"))?;
        if cx.docker.has_image(pinned).await {
            cx.log.info(format!("{name}: the image is here"));
            continue;
        }
        let credentials = cx.credentials(&service.image)?;
        let mut tell = |progress: String| cx.log.info(format!("{name}: pulling: {progress}"));
        cx.docker.pull(pinned, credentials.as_ref(), &mut tell).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// What outlives rollouts is started when it is not there, and otherwise left alone.
async fn shared(cx: &Context) -> Result<(), String> {
    let names = cx.compose.services.keys().map(String::as_str);
    let services: BTreeMap<&str, Publish> =
        names.filter(|name| cx.is_shared(name)).map(|name| (name, Publish::AsWritten)).collect();
    if services.is_empty() {
        return Ok(());
    }
    let project = cx.shared();
    let wanted = wanted(cx, &project, &project, services);
    cx.docker.up(&wanted, &mut |line| cx.log.info(format!("shared: {line}"))).await.map_err(|error| error.to_string())
}

/// Services of this release in a project; those that run as they should are left alone.
fn wanted<'a>(
    cx: &'a Context,
    project: &'a Project,
    elsewhere: &'a Project,
    services: BTreeMap<&'a str, Publish>,
) -> Wanted<'a> {
    Wanted {
        project,
        compose: &cx.compose,
        compose_file: &cx.definition.compose_file,
        services,
        images: &cx.rollout.images,
        release: cx.rollout.start.release.as_str(),
        elsewhere,
        keep_running: true,
    }
}
