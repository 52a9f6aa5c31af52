//! The way back: is the old slot fit to take the traffic? What of it was stopped is started again first.

use super::{Context, Done, Outcome, probe};
use std::time::{Duration, Instant};

/// The old slot was well when it was left: it gets a short while, not a whole health check.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(cx: &Context) -> Outcome {
    let Some(old) = cx.rollout.old_slot() else { return Err("there is no old slot to go back to".to_owned()) };
    let containers = cx.docker.containers(&cx.project(old)).await.map_err(|error| error.to_string())?;
    if containers.is_empty() {
        return Err(format!("nothing is left of the old release in {old}. Start a rollout of it instead."));
    }
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

/// As before a shift, but that what runs in the live slot only need not be up yet.
async fn well(cx: &Context, old: rollout::slot::Slot) -> Result<(), String> {
    for (service, seen) in probe::containers(cx, old).await? {
        match seen {
            probe::Seen::Well => {}
            probe::Seen::NotYet(_) | probe::Seen::Down(_) if cx.is_live_slot_only(&service) => {}
            probe::Seen::NotYet(why) | probe::Seen::Down(why) => return Err(format!("{service} in {old}: {why}")),
        }
    }
    for check in &cx.definition.application.health {
        probe::http(cx, check, old).await.map_err(|why| format!("{} {} in {old}: {why}", check.service, check.path))?;
    }
    Ok(())
}
