//! Moves traffic to a stage's weight. The slot is looked at once more, and the router must be as it was left.

use super::{Context, Done, Outcome, probe};
use crate::router::{same_shares, same_split};
use rollout::plan::Step;
use rollout::slot::Split;
use std::time::{Duration, Instant};

pub(super) async fn run(cx: &Context, stage: usize) -> Outcome {
    let stage = cx.rollout.stage(stage).ok_or("the plan has no such stage")?;
    let slot = cx.new_slot();
    let wanted = Split { to: slot, weight: stage.weight };
    let fit = async { probe::slot(cx, slot).await.map_err(|why| format!("{slot} is not fit for traffic: {why}")) };
    futures::future::try_join(no_drift(cx, wanted), fit).await?;
    cx.log.info(format!("{slot} answers; setting {wanted}"));
    set(cx, wanted).await
}

/// Sets a split, and says how long it took until it held.
pub(super) async fn set(cx: &Context, wanted: Split) -> Outcome {
    let takes = cx.router.capabilities().takes;
    if !takes.is_zero() {
        cx.log.info(format!("it takes this router {takes} until every client follows"));
    }
    let begun = Instant::now();
    let tell = |line: String| cx.log.info(line);
    cx.router.set_telling(wanted, &tell).await.map_err(|error| error.to_string())?;
    let took = match begun.elapsed() {
        short if short < Duration::from_secs(1) => format!("{:.1} ms", short.as_secs_f64() * 1e3),
        long => format!("{:.1} s", long.as_secs_f64()),
    };
    Ok(Done::new(format!("the router confirmed {wanted} after {took}")))
}

/// Before the shift the router has the last weight that was confirmed; or already the new one, when the shift was
/// interrupted after it took; or none, when a way back that got stuck had come that far.
async fn no_drift(cx: &Context, wanted: Split) -> Result<(), String> {
    let left = cx.rollout.split();
    let went_back = cx.rollout.steps.iter().any(|record| record.step == Step::ShiftBack && record.attempts > 0);
    let none = Split::all(cx.new_slot().other());
    let same = if cx.router.capabilities().sessions { same_split } else { same_shares };
    let now = cx.router.current().await.map_err(|error| error.to_string())?;
    let expected = [wanted, none].into_iter().find(|split| same(now, *split) && (*split == wanted || went_back));
    let expected = expected.unwrap_or(left);
    let drift = cx.router.drift(&cx.routes(), expected).await.map_err(|error| error.to_string())?;
    if drift.is_empty() {
        return Ok(());
    }
    let list = drift.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Err(format!("the router is not as it was left, and nothing is shifted over that: {list}"))
}
