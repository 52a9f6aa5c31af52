//! The services' own checks and HTTP checks, until each has passed often enough in a row, or has had its tries.

use super::probe::{self, Seen};
use super::{Context, Done, Outcome};
use rollout::application::HealthCheck;
use rollout::clock::Millis;
use std::time::Duration;

/// How long the services' own checks may take: the guide's 30 tries, 10 s apart, looked at more often.
const OWN_TRIES: u32 = 300;
const OWN_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn run(cx: &Context) -> Outcome {
    let checks = &cx.definition.application.health;
    // Side by side, and the first that fails ends them all.
    let http = futures::future::try_join_all(checks.iter().map(|check| http(cx, check)));
    futures::future::try_join(instances(cx), http).await?;
    Ok(Done::new(format!("{} well, {} HTTP checks passed", cx.many(), checks.len())))
}

async fn http(cx: &Context, check: &HealthCheck) -> Result<(), String> {
    let name = format!("{} {}", check.service, check.path);
    let (mut in_a_row, mut last) = (0, String::new());
    for attempt in 1..=check.tries {
        match probe::http(cx, check, cx.new_slot()).await {
            Ok(()) => {
                in_a_row += 1;
                cx.log.info(format!(
                    "{name}: attempt {attempt} of {}: passed, {in_a_row} of {} in a row",
                    check.tries, check.passes
                ));
                if in_a_row >= check.passes {
                    return Ok(());
                }
            }
            Err(why) => {
                in_a_row = 0;
                cx.log.info(format!("{name}: attempt {attempt} of {}: {why}", check.tries));
                last = why;
            }
        }
        if attempt < check.tries {
            tokio::time::sleep(pause(check.interval)).await;
        }
    }
    if last.is_empty() {
        return Err(format!(
            "{name} passed only {in_a_row} times in a row in {} attempts; {} are wanted",
            check.tries, check.passes
        ));
    }
    Err(format!(
        "{name} did not become healthy in {} attempts, {} apart. The last answer: {last}",
        check.tries, check.interval
    ))
}

async fn instances(cx: &Context) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..OWN_TRIES {
        let mut waiting = vec![];
        for (service, seen) in probe::instances(cx, cx.new_slot()).await? {
            match seen {
                Seen::Well => {}
                Seen::NotYet(why) => waiting.push(format!("{service}: {why}")),
                Seen::Down(why) => return Err(format!("{service}: {why}")),
            }
        }
        if waiting.is_empty() {
            match probe::answers(cx, cx.new_slot()).await {
                Ok(()) => {
                    cx.log.info(format!("every {} is up, and well by its own check", cx.one()));
                    return Ok(());
                }
                Err(why) => waiting.push(why),
            }
        }
        let now = waiting.join("; ");
        if now != last {
            cx.log.info(&now);
            last = now;
        }
        tokio::time::sleep(OWN_INTERVAL).await;
    }
    Err(format!("{} did not become healthy: {last}", cx.many()))
}

fn pause(interval: Millis) -> Duration {
    Duration::from_millis(interval.0)
}
