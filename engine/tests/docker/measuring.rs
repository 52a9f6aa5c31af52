//! Numbers that a command in a container prints.

use crate::bench::{APPLICATION, Bench, COMPOSE, approve};
use crate::support::docker::docker;
use rollout::state::{Doing, StepStatus};

/// Asked for every second, and it never ends: a server is no number.
const HANGS: &str = r#"
[[monitor.metric]]
name     = "hangs"
source   = "command"
service  = "web"
command  = ["/bin/hopwhistle", "worker"]
max      = 1
interval = "1s"
errors   = 3
"#;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_command_that_hangs_is_begun_once() {
    let bench = Bench::new("docker-hangs", COMPOSE).await;
    bench.first().await;
    bench.write("crossfade.toml", &format!("{APPLICATION}{HANGS}"));
    let id = bench.start("1.1.0").await;
    bench.until_gate(id).await;
    bench.ask(id, approve()).await;
    let view = bench.until(id, "a doubt", |rollout| matches!(rollout.doing(), Doing::Inconclusive(_))).await;
    let running = docker(&["top", "docker-hangs-green-web-1", "-o", "pid,args"]);
    let ours = running.lines().filter(|line| line.contains("/bin/hopwhistle worker")).count();
    assert_eq!(ours, 1, "{running}");
    let Doing::Inconclusive(step) = view.rollout.doing() else { unreachable!() };
    let StepStatus::Inconclusive { reason, .. } = &view.rollout.steps[step].status else { unreachable!() };
    assert!(reason.contains("`/bin/hopwhistle worker` still runs, after 1"), "{reason}");
}
