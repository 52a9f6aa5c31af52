//! kill -9 in the middle of a step.

use crate::stage::{NEW, OLD, Stage, Times};
use rollout::plan::Step;
use rollout::slot::Slot;
use rollout::state::{Doing, Phase, StepStatus};
use std::time::Duration;

/// One rollout, killed once in each step that lasts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_rollout_goes_on_after_a_kill_in_each_step() {
    let times = Times { smoke: 1_000, passes: 4, keep_warm: "2s", ..Times::default() };
    let stage = Stage::set("crash-steps", &times).await;
    let mut process = stage.serve(None).await;
    let id = stage.start(NEW).await;
    let steps = [
        Step::Prepare,
        Step::Migrate,
        Step::HealthCheck,
        Step::SmokeTest,
        Step::Bake { stage: 0 },
        Step::Monitor,
        Step::Promote,
        Step::KeepWarm,
        Step::CleanUp,
    ];
    for step in steps {
        stage.until_running(id, step).await;
        // Into it, not only at its beginning.
        tokio::time::sleep(Duration::from_millis(50)).await;
        process.kill();
        process = stage.serve(None).await;
    }
    stage.until_settled(id).await;
    process.kill();
    stage.check(id, Phase::Succeeded, NEW).await;
    let rollout = stage.rollout(id).await;
    let attempts = |wanted: Step| rollout.steps.iter().find(|record| record.step == wanted).unwrap().attempts;
    for step in [Step::Prepare, Step::Migrate, Step::HealthCheck, Step::SmokeTest] {
        assert_eq!(attempts(step), 2, "{step}");
    }
    for clock in [Step::Bake { stage: 0 }, Step::Monitor, Step::KeepWarm] {
        assert_eq!(attempts(clock), 1, "{clock} goes on where it was");
    }
}

/// A migration that does not say it may run again waits for a person.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_migration_that_was_cut_off_waits_for_a_person() {
    let stage =
        Stage::set("crash-migrate", &Times { migrate_again: false, keep_warm: "300ms", ..Times::default() }).await;
    let process = stage.serve(None).await;
    let id = stage.start(NEW).await;
    stage.until_running(id, Step::Migrate).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.kill();

    let process = stage.serve(None).await;
    stage.until(id, "waiting", |rollout| matches!(rollout.doing(), Doing::StepFailed(_))).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rollout = stage.rollout(id).await;
    assert_eq!(rollout.phase(), Phase::Paused);
    let (_, failed) = rollout.failed_step().unwrap();
    assert_eq!((failed.step, failed.attempts), (Step::Migrate, 1));
    let StepStatus::Failed { error, .. } = &failed.status else { panic!("{failed:?}") };
    assert!(error.contains("Look at the database; then retry to run it again, or abort."), "{error}");
    stage.check_traffic(Slot::Blue, OLD).await;

    assert!(stage.ask(id, "retry").await);
    stage.until_settled(id).await;
    process.kill();
    stage.check(id, Phase::Succeeded, NEW).await;
}
