//! One task a rollout: asks what is next, carries it out, reports. What it needs to know is in the journal, so it
//! can be ended at any moment and started again.

mod door;
mod house;
mod prepare;

#[cfg(test)]
pub(crate) use prepare::context;

use crate::drift;
use crate::engine::Shared;
use crate::error::EngineError;
use crate::steps::{self, Done, Stuck};
use crate::telemetry;
use door::Doorkeeper;
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::check::Check;
use rollout::command::{Command, Report};
use rollout::event::{RolloutId, StepIndex};
use rollout::plan::Step;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// After the store failed: before it is asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How long a step may go on when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(20);

/// The tasks at work.
#[derive(Clone, Default)]
pub(crate) struct Runners {
    at_work: Arc<Mutex<HashSet<RolloutId>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Runners {
    /// Sees that a task works for this rollout. Fine when one does.
    pub(crate) fn ensure(&self, shared: Arc<Shared>, id: RolloutId) {
        if self.stop.is_cancelled() || !self.lock().insert(id) {
            return;
        }
        let runners = self.clone();
        self.tasks.spawn(async move {
            // A panic is a defect of ours, and no reason to leave a rollout lying: it goes on from its journal.
            while let Err(panic) = tokio::spawn(run(shared.clone(), id, runners.stop.clone())).await {
                tracing::error!(rollout.id = id.0, %panic, "rollout {id}: a step panicked; it is taken up again");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            runners.lock().remove(&id);
        });
    }

    /// What is done now and then, whatever the rollouts do.
    pub(crate) fn keep_house(&self, shared: Arc<Shared>) {
        self.tasks.spawn(house::keep(shared, self.stop.clone()));
    }

    /// Looks whether the routers are as they were left.
    pub(crate) fn watch_routers(&self, shared: Arc<Shared>) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            while let Err(panic) = tokio::spawn(drift::watch(shared.clone(), stop.clone())).await {
                tracing::error!(%panic, "a look at the routers panicked; they are watched anew");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        });
    }

    /// No step begins any more; those at work get a while to end. What is cut off is done again at the next start.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<RolloutId>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(shared: Arc<Shared>, id: RolloutId, stop: CancellationToken) {
    let watch = AbortOnDropHandle::new(tokio::spawn(watch(shared.clone(), id)));
    let mut news = shared.feed.watch(id);
    // Whoever carried out the running step is not us.
    let mut report = Report::Interrupted;
    let mut doorkeeper = Doorkeeper::default();
    while !stop.is_cancelled() {
        match go_on(&shared, id, report, &mut doorkeeper, &mut news, &stop).await {
            Ok(Next::Settled) => {
                drop(watch);
                shared.boards.take_down(id);
                return;
            }
            Ok(Next::Again) => report = Report::Advance,
            Err(error) => {
                tracing::error!(rollout.id = id.0, %error, "rollout {id} cannot go on; it is tried again");
                tokio::time::sleep(AFTER_FAILURE).await;
                report = Report::Interrupted;
            }
        }
    }
}

/// Sees that somebody watches: without looks no bake ends, and nothing goes back by itself.
async fn watch(shared: Arc<Shared>, id: RolloutId) {
    while let Err(panic) = AbortOnDropHandle::new(tokio::spawn(telemetry::watch(shared.clone(), id))).await {
        tracing::error!(rollout.id = id.0, %panic, "rollout {id}: a look at its metrics panicked; it is watched anew");
        tokio::time::sleep(AFTER_FAILURE).await;
    }
}

enum Next {
    Again,
    Settled,
}

/// One turn: what is next, then its work or the wait for it.
async fn go_on(
    shared: &Arc<Shared>,
    id: RolloutId,
    report: Report,
    doorkeeper: &mut Doorkeeper,
    news: &mut watch::Receiver<u64>,
    stop: &CancellationToken,
) -> Result<Next, EngineError> {
    news.mark_unchanged();
    let rollout = shared.report(id, report).await?;
    doorkeeper.see_to_it(shared, id, &rollout).await;
    if rollout.is_settled() {
        return Ok(Next::Settled);
    }
    match rollout.running() {
        Some((index, step)) if !step.is_clock() => {
            carry_out(shared, id, rollout, index, step, news, stop).await?;
        }
        // Something may be next at once.
        _ if !rollout
            .decide(&Actor::Engine, &Command::Engine(Report::Advance), crate::clock::now())
            .unwrap_or_default()
            .is_empty() => {}
        _ => wait(&rollout, news, stop).await,
    }
    Ok(Next::Again)
}

/// Until a clock runs out, something is written, or the server stops.
async fn wait(rollout: &Rollout, news: &mut watch::Receiver<u64>, stop: &CancellationToken) {
    let left = rollout.deadline().map(|deadline| deadline - crate::clock::now());
    // A clock whose time is up, and that goes on all the same, waits for its metrics: they tell.
    let left = left.filter(|left| !left.is_zero()).map(|left| Duration::from_millis(left.0));
    // Looked at again after a minute at the latest: the machine's clock may be set meanwhile.
    let nap = left.unwrap_or(Duration::MAX).min(Duration::from_secs(60));
    tokio::select! {
        () = tokio::time::sleep(nap) => {}
        _ = news.changed() => {}
        () = stop.cancelled() => {}
    }
}

/// The step's work, unless the rollout turns elsewhere meanwhile: then the work is dropped where it stands. Steps
/// are reconciled, so whatever comes next finds the world and goes on from there.
async fn carry_out(
    shared: &Arc<Shared>,
    id: RolloutId,
    rollout: Rollout,
    index: StepIndex,
    step: Step,
    news: &mut watch::Receiver<u64>,
    stop: &CancellationToken,
) -> Result<(), EngineError> {
    let work = async {
        let (cx, writer) = match prepare::context(shared, id, rollout, index, step).await {
            Ok(ready) => ready,
            Err(why) => return (Err(Stuck::Failed(why)), vec![]),
        };
        tracing::info!(rollout.id = id.0, step = %step, "rollout {id}: {step} begins");
        let outcome = steps::carry_out(step, &cx).await;
        let outcome = outcome.map_err(|stuck| stuck.map(|why| cx.log.mask(&why)));
        match &outcome {
            Ok(_) => {}
            Err(Stuck::Failed(error)) => cx.log.info(format!("FAILED: {error}")),
            Err(Stuck::CannotTell(why)) => cx.log.info(format!("STOPPED: {why}")),
        }
        let checks = std::mem::take(&mut *cx.checks.lock().unwrap_or_else(PoisonError::into_inner));
        let checks =
            checks.into_iter().map(|check| Check { said: cx.log.mask(&check.said), ..check }).collect::<Vec<_>>();
        // Lines first, then the event that ends the step: a reader of the event has all the lines.
        drop(cx);
        let _ = writer.await;
        (outcome, checks)
    };
    let turned = async {
        loop {
            if news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            match shared.store.rollout(id).await {
                Ok(Some(now)) if now.running() == Some((index, step)) => {}
                _ => return,
            }
        }
    };
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    let (outcome, checks) = tokio::select! {
        done = work => done,
        () = turned => return Ok(()),
        () = grace => return Ok(()),
    };
    let report = match outcome {
        Ok(Done { open: Some(open), .. }) => Report::Drained { step: index, open },
        Ok(done) => Report::Succeeded { step: index, summary: done.summary, images: done.images },
        Err(Stuck::Failed(error)) => {
            tracing::warn!(rollout.id = id.0, step = %step, %error, "rollout {id}: {step} failed");
            Report::Failed { step: index, error }
        }
        Err(Stuck::CannotTell(reason)) => {
            tracing::warn!(rollout.id = id.0, step = %step, reason, "rollout {id}: {step} cannot go on, and stays where it is");
            Report::Inconclusive { step: index, reason }
        }
    };
    let report = match checks.is_empty() {
        true => report,
        false => Report::Checked { step: index, checks, end: Box::new(report) },
    };
    match shared.report(id, report).await {
        // It was aborted in the same moment: the report came too late, and the turn is taken.
        Err(EngineError::Refused(_)) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}
