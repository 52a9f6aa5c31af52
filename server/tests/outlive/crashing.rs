//! Death right after a write to the journal, and in the middle of steps.

use crate::stage::{NEW, OLD, Stage};
use rollout::Rollout;
use rollout::plan::Step;
use rollout::state::Phase;

/// Each turn is a rollout that dies some writes later than the one before, until one gets through unharmed.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_goes_on_after_a_crash_at_many_writes() {
    let stage = Stage::set("200ms", "200ms").await;
    let (mut crashes, mut version) = (0, NEW);
    for writes in (1..).step_by(5) {
        let mut first = stage.serve(Some(writes)).await;
        let id = stage.start(version).await;
        let unharmed = stage.until(Some(&mut first), id, "its end", Rollout::is_settled).await;
        first.kill();
        let second = stage.serve(None).await;
        stage.until_settled(id).await;
        second.kill();
        stage.check(id, Phase::Succeeded, version).await;
        if unharmed {
            break;
        }
        crashes += 1;
        version = if version == NEW { OLD } else { NEW };
    }
    assert!(crashes >= 4, "a rollout is written in more steps than that: {crashes} crashes");
}

/// One rollout, killed once in each step that lasts, and then rolled back over a death, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_goes_on_after_a_kill_in_its_steps_and_so_does_a_roll_back() {
    let stage = Stage::set("1s", "1h").await;
    let mut process = stage.serve(None).await;
    let id = stage.start(NEW).await;
    for step in [Step::Prepare, Step::Migrate, Step::HealthCheck, Step::Bake { stage: 0 }, Step::KeepWarm] {
        stage.until_running(id, step).await;
        process.kill();
        process = stage.serve(None).await;
    }
    stage.until_running(id, Step::KeepWarm).await;
    process.kill();
    let dying = stage.serve(Some(4)).await;
    stage.ask(id, "roll-back").await;
    let undo = stage.latest().await;
    assert_ne!(undo, id);
    dying.kill();
    let calm = stage.serve(None).await;
    stage.until_settled(undo).await;
    calm.kill();
    stage.check(undo, Phase::RolledBack, OLD).await;
}
