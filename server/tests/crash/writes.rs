//! Death right after a write to the journal, at every write there is.

use crate::stage::{NEW, OLD, Stage, Times};
use rollout::Rollout;
use rollout::plan::Step;
use rollout::state::Phase;

/// Each turn is a rollout that dies some writes later than the one before, until one gets through unharmed. Every third
/// write, for the sake of time: each step is written twice, so that in turns one dies after a step began and after one
/// ended. The lives below end after every end of a step, and the kills of `during_steps` come after every beginning.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_rollout_goes_on_after_a_crash_at_any_write() {
    // Short clocks: there are many of these.
    let stage =
        Stage::set("crash-writes", &Times { bake: "300ms", monitor: "300ms", keep_warm: "300ms", ..Times::default() })
            .await;
    let mut crashes = 0;
    for writes in (1..).step_by(3) {
        let version = if writes % 2 == 1 { NEW } else { OLD };
        let mut first = stage.serve(Some(writes)).await;
        let id = stage.start(version).await;
        let unharmed = stage.until_or_dead(Some(&mut first), id, "its end", Rollout::is_settled).await;
        first.kill();
        let second = stage.serve(None).await;
        stage.until_settled(id).await;
        second.kill();
        stage.check(id, Phase::Succeeded, version).await;
        if unharmed {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 7, "a rollout is written in more steps than that: {crashes} crashes");
}

/// One rollout, many lives. With one write a life it would only ever begin its step again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_rollout_gets_through_by_two_writes_a_life() {
    let stage =
        Stage::set("crash-lives", &Times { bake: "300ms", monitor: "300ms", keep_warm: "300ms", ..Times::default() })
            .await;
    let mut process = stage.serve(Some(2)).await;
    let id = stage.start(NEW).await;
    let mut lives = 1;
    while !stage.until_or_dead(Some(&mut process), id, "its end", Rollout::is_settled).await {
        process = stage.serve(Some(2)).await;
        lives += 1;
        assert!(lives < 60, "it does not get on");
    }
    process.kill();
    stage.check(id, Phase::Succeeded, NEW).await;
    assert!(lives > 10, "{lives} lives");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn a_roll_back_goes_on_after_a_crash_at_any_write() {
    let stage = Stage::set("crash-back", &Times { bake: "1h", ..Times::default() }).await;
    let mut crashes = 0;
    for writes in 1.. {
        let calm = stage.serve(None).await;
        let id = stage.start(NEW).await;
        stage.until_running(id, Step::Bake { stage: 0 }).await;
        calm.kill();
        let mut first = stage.serve(Some(writes)).await;
        stage.ask(id, "roll-back").await;
        let unharmed = stage.until_or_dead(Some(&mut first), id, "its end", Rollout::is_settled).await;
        first.kill();
        let second = stage.serve(None).await;
        stage.until_settled(id).await;
        second.kill();
        stage.check(id, Phase::RolledBack, OLD).await;
        if unharmed {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 4, "a roll back is written in more steps than {crashes}");
}

/// A finished rollout whose old slot is warm is rolled back by a rollout of its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker and the images of demo/images.sh"]
async fn undoing_a_finished_rollout_goes_on_after_a_crash_at_any_write() {
    let stage =
        Stage::set("crash-undo", &Times { bake: "0s", monitor: "100ms", keep_warm: "1h", ..Times::default() }).await;
    let mut crashes = 0;
    for writes in 1.. {
        let calm = stage.serve(None).await;
        let done = stage.start(NEW).await;
        stage.until_running(done, Step::KeepWarm).await;
        calm.kill();
        let mut first = stage.serve(Some(writes)).await;
        stage.ask(done, "roll-back").await;
        let id = stage.latest().await;
        assert_ne!(id, done);
        let unharmed = stage.until_or_dead(Some(&mut first), id, "its end", Rollout::is_settled).await;
        first.kill();
        let second = stage.serve(None).await;
        stage.until_settled(id).await;
        second.kill();
        stage.check(id, Phase::RolledBack, OLD).await;
        assert!(stage.rollout(done).await.is_settled(), "what was undone keeps nothing warm any more");
        if unharmed {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 4, "a roll back is written in more steps than {crashes}");
}
