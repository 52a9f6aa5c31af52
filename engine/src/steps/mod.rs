//! One file a step. A step reads the world, changes the difference, and checks that it took; run twice, it does
//! no harm. Clocks (bake, monitor, keep warm) have no file: nobody carries them out.

mod check_old_slot;
mod clean_up;
pub(crate) mod context;
mod drain;
mod handover;
mod health_check;
mod log;
mod migrate;
mod migrate_down;
mod preflight;
mod prepare;
mod probe;
mod promote;
mod shift;
mod shift_back;
mod smoke_test;
mod stop_new_slot;

pub(crate) use context::Context;
pub(crate) use log::StepLog;
pub(crate) use probe::deepest;

use rollout::open::Open;
use rollout::plan::Step;
use rollout::release::PinnedImages;

/// What a step did, in a line; and what preflight pinned.
pub(crate) struct Done {
    pub(crate) summary: String,
    pub(crate) images: PinnedImages,
    /// What was open at the end of a drain.
    pub(crate) open: Option<Open>,
}

impl Done {
    fn new(summary: impl Into<String>) -> Done {
        Done { summary: summary.into(), images: PinnedImages::new(), open: None }
    }
}

/// A step's end. The error is for people: what, where, what to do.
pub(crate) type Outcome = Result<Done, String>;

/// Why a step is not done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// It failed: after traffic has moved, it goes back.
    Failed(String),
    /// The router did not answer, or is not as it was left. To go back would take the same router: the weight stays where
    /// it is, and a person tries again.
    CannotTell(String),
}

impl Stuck {
    pub(crate) fn map(self, change: impl FnOnce(String) -> String) -> Stuck {
        match self {
            Stuck::Failed(error) => Stuck::Failed(change(error)),
            Stuck::CannotTell(why) => Stuck::CannotTell(change(why)),
        }
    }
}

impl From<String> for Stuck {
    fn from(error: String) -> Stuck {
        Stuck::Failed(error)
    }
}

/// Carries out one step.
pub(crate) async fn carry_out(step: Step, cx: &Context) -> Result<Done, Stuck> {
    let outcome = match step {
        Step::Preflight => preflight::run(cx).await,
        Step::Prepare => cx.keeping_logs(prepare::run(cx)).await,
        Step::Migrate => cx.keeping_logs(migrate::run(cx)).await,
        Step::HealthCheck => cx.keeping_logs(health_check::run(cx)).await,
        Step::SmokeTest => cx.keeping_logs(smoke_test::run(cx)).await,
        Step::Shift { stage } => return shift::run(cx, stage).await,
        Step::Handover => cx.keeping_logs(handover::run(cx)).await,
        Step::Promote => {
            promote::all_traffic_is_there(cx).await?;
            cx.keeping_logs(promote::run(cx)).await
        }
        Step::Drain { slot } => drain::run(cx, slot).await,
        Step::CleanUp => clean_up::run(cx).await,
        Step::CheckOldSlot => check_old_slot::run(cx).await,
        Step::ShiftBack => shift_back::run(cx).await,
        Step::MigrateDown => migrate_down::run(cx).await,
        Step::StopNewSlot => stop_new_slot::run(cx).await,
        Step::Bake { .. } | Step::Monitor | Step::KeepWarm => Err(format!("{step} is a clock; nobody carries it out")),
    };
    outcome.map_err(Stuck::Failed)
}
