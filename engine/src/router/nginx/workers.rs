//! Workers of an older generation: after a reload they end what they have begun. One that stays keeps memory, and every
//! connection that it holds is answered by the configuration of before.

use super::process;
use super::settings::Settings;
use rollout::clock::Millis;
use std::time::Duration;
use tokio::fs;
use tokio::time::sleep;

/// So long they may stay where the main file sets no limit, before somebody is told.
const USUAL: Duration = Duration::from_secs(60);
/// And so much longer where it does: ending takes a moment.
const MARGIN: Duration = Duration::from_secs(5);
/// Clock ticks a second in `/proc`: fixed for programs, whatever the kernel counts in. `man 5 proc`, `USER_HZ`.
const TICKS: u64 = 100;

/// What is to be said of workers that stay too long; nothing when none does. nginx in a container is not looked into.
pub(super) async fn concern(settings: &Settings) -> Option<String> {
    if settings.container.is_some() {
        return None;
    }
    let master = process::master(settings).await.ok()?;
    let (old, age) = old(master).await?;
    let limit = limit(settings).await;
    let patience = limit.map_or(USUAL, |limit| limit + MARGIN);
    (age > patience).then(|| sentence(&old, age, limit))
}

/// After a reload: looks again when the old workers should be gone, and says so in the log if they are not.
pub(super) fn watch(settings: &Settings) {
    let settings = settings.clone();
    tokio::spawn(async move {
        let patience = limit(&settings).await.map_or(USUAL, |limit| limit + MARGIN);
        sleep(patience + Duration::from_secs(1)).await;
        if let Some(concern) = concern(&settings).await {
            tracing::warn!("{concern}");
        }
    });
}

fn sentence(old: &[u32], age: Duration, limit: Option<Duration>) -> String {
    let pids = old.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let workers = if old.len() == 1 { "worker" } else { "workers" };
    let why = match limit {
        None => String::from(
            "an open websocket keeps one for ever; `worker_shutdown_timeout 60s;` at the top of its main file ends those \
             that are started with it",
        ),
        Some(limit) => format!(
            "longer than `worker_shutdown_timeout` ({} s), which counts only for workers that were started with it",
            limit.as_secs()
        ),
    };
    format!(
        "{} old {workers} of nginx (process {pids}) still serve what they had, {} s after a reload: {why}. `kill` ends them",
        old.len(),
        age.as_secs()
    )
}

/// The workers that shut down, and how long ago their successors came.
async fn old(master: u32) -> Option<(Vec<u32>, Duration)> {
    let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).await.ok()?;
    let mut old = Vec::new();
    let mut since: Option<Duration> = None;
    for pid in children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()) {
        let title = fs::read_to_string(format!("/proc/{pid}/cmdline")).await.unwrap_or_default();
        if title.contains("worker process is shutting down") {
            old.push(pid);
        } else if title.contains("worker process") {
            // The oldest of the present ones: a worker that died has been replaced since.
            since = since.max(age(pid).await);
        }
    }
    (!old.is_empty()).then_some((old, since?))
}

async fn age(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).await.ok()?;
    let uptime = fs::read_to_string("/proc/uptime").await.ok()?;
    age_of(&stat, &uptime)
}

/// From the 22nd field of `/proc/PID/stat`, the ticks from boot to its start, and the seconds of `/proc/uptime`.
fn age_of(stat: &str, uptime: &str) -> Option<Duration> {
    // A program's name may hold spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let up = Duration::try_from_secs_f64(uptime).ok()?;
    Some(up.saturating_sub(Duration::from_millis(ticks * 1_000 / TICKS)))
}

/// `worker_shutdown_timeout` of the main file.
async fn limit(settings: &Settings) -> Option<Duration> {
    let config = fs::read_to_string(&settings.config).await.ok()?;
    let said = process::directive(&config, "worker_shutdown_timeout")?;
    let said = if said.bytes().all(|b| b.is_ascii_digit()) { format!("{said}s") } else { said.to_owned() };
    let limit = Millis::parse(&said).ok()?;
    // Zero is no limit.
    Some(limit.0).filter(|limit| *limit > 0).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        let stat = "7 (ngi (x) nx) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5000 1 1";
        assert_eq!(age_of(stat, "61.50 100.0\n"), Some(Duration::from_millis(11_500)));
        assert_eq!(age_of(stat, "1.0 1.0"), Some(Duration::ZERO));
        assert_eq!(age_of("7 (nginx) S 1", "1.0 1.0"), None);
    }

    #[test]
    fn those_that_stay_are_named() {
        let said = sentence(&[7], Duration::from_secs(70), None);
        assert!(
            said.starts_with(
                "1 old worker of nginx (process 7) still serve what they had, 70 s after a reload: an open"
            ),
            "{said}"
        );
        let said = sentence(&[7, 8], Duration::from_secs(70), Some(Duration::from_secs(30)));
        assert!(said.contains("2 old workers of nginx (process 7, 8)") && said.contains("(30 s)"), "{said}");
    }
}
