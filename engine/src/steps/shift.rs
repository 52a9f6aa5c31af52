//! Moves traffic to a stage's weight. The slot is looked at once more, and the router must be as it was left.
//!
//! A slot that is not fit has failed. A router that does not answer, or that somebody else has set, has not: nothing was
//! moved, so the weight stays where it is until a person tries again.

use super::{Context, Done, Outcome, Stuck, probe};
use crate::router::{same_shares, same_split};
use rollout::plan::Step;
use rollout::slot::Split;
use std::time::{Duration, Instant};

pub(super) async fn run(cx: &Context, stage: usize) -> Result<Done, Stuck> {
    let stage = cx.rollout.stage(stage).ok_or_else(|| "the plan has no such stage".to_owned())?;
    let slot = cx.new_slot();
    let wanted = Split { to: slot, weight: stage.weight };
    // The slot first: a bad release goes back, whatever the router says.
    let fit = async { probe::slot(cx, slot).await.map_err(|why| format!("{slot} is not fit for traffic: {why}")) };
    let (drift, fit) = futures::join!(no_drift(cx, wanted), fit);
    fit?;
    drift.map_err(Stuck::CannotTell)?;
    cx.log.info(format!("{slot} answers; setting {wanted}"));
    match set(cx, wanted).await {
        Ok(done) => Ok(done),
        Err(why) => Err(not_set(cx, wanted, why).await),
    }
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

/// What a shift that the router did not confirm means: traffic that is somewhere else than before and than wanted must go
/// back; traffic that is where it was, or that nobody can move, stays.
async fn not_set(cx: &Context, wanted: Split, why: String) -> Stuck {
    let (left, same) = (cx.rollout.split(), same(cx));
    match cx.router.current().await {
        Ok(now) if same(now, left) || same(now, wanted) => Stuck::CannotTell(why),
        // Another try goes on from there.
        Ok(_) if cx.router.midway(left, wanted).await.unwrap_or(false) => Stuck::CannotTell(why),
        Ok(now) => Stuck::Failed(format!("{why}. The router says {now}")),
        Err(_) => Stuck::CannotTell(why),
    }
}

/// When two splits are the same to this router.
fn same(cx: &Context) -> fn(Split, Split) -> bool {
    if cx.router.capabilities().sessions { same_split } else { same_shares }
}

/// Before the shift the router has the last weight that was confirmed; or already the new one, when the shift was
/// interrupted after it took; or none, when a way back that got stuck had come that far.
async fn no_drift(cx: &Context, wanted: Split) -> Result<(), String> {
    let left = cx.rollout.split();
    let record = cx.rollout.running().and_then(|(index, _)| cx.rollout.steps.get(index));
    let again = record.is_some_and(|record| record.attempts > 1);
    if again && cx.router.midway(left, wanted).await.map_err(|error| error.to_string())? {
        cx.log.info(format!("an earlier try was interrupted on the way from {left}: going on with it"));
        return Ok(());
    }
    let went_back = cx.rollout.steps.iter().any(|record| record.step == Step::ShiftBack && record.attempts > 0);
    let none = Split::all(cx.new_slot().other());
    let same = same(cx);
    let now =
        cx.router.current().await.map_err(|error| format!("the router does not say how traffic is split: {error}"));
    let interrupted = now
        .as_ref()
        .ok()
        .and_then(|now| [wanted, none].into_iter().find(|split| same(*now, *split) && (*split == wanted || went_back)));
    let drift = cx.router.drift(&cx.routes(), interrupted.unwrap_or(left)).await.map_err(|error| error.to_string())?;
    if !drift.is_empty() {
        let list = drift.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        return Err(format!(
            "the router is not as it was left, and nothing is shifted over that. {list} Have it put right, then retry"
        ));
    }
    now.map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::promote;
    use super::*;
    use crate::testing::{Shop, green};
    use rollout::event::RolloutId;

    const SHIFT: Step = Step::Shift { stage: 0 };

    async fn context(shop: &Shop, id: RolloutId) -> Context {
        let rollout = shop.state(id).await;
        let (index, step) = rollout.running().unwrap();
        crate::runner::context(shop.shared(), id, rollout, index, step).await.unwrap().0
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_router_must_be_as_it_was_left() {
        let shop = Shop::open().await;
        let id = shop.rollout_at(SHIFT).await;
        let cx = context(&shop, id).await;
        assert_eq!(no_drift(&cx, green(10)).await, Ok(()));
        // It was interrupted after the router had it.
        shop.set(10).await;
        assert_eq!(no_drift(&cx, green(10)).await, Ok(()));
        shop.set(20).await;
        let why = no_drift(&cx, green(10)).await.unwrap_err();
        assert!(
            why.starts_with("the router is not as it was left, and nothing is shifted over that. Traffic was left at")
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn traffic_that_did_not_move_stays_and_traffic_that_went_elsewhere_goes_back() {
        let mut shop = Shop::open().await;
        let id = shop.rollout_at(SHIFT).await;
        let cx = context(&shop, id).await;
        let stuck = async || not_set(&cx, green(10), "no answer".into()).await;
        assert_eq!(stuck().await, Stuck::CannotTell("no answer".into()));
        shop.set(10).await;
        assert_eq!(stuck().await, Stuck::CannotTell("no answer".into()));
        shop.set(77).await;
        assert!(matches!(stuck().await, Stuck::Failed(why) if why.contains("The router says green 77 %")));

        shop.kill_proxy().await;
        let stuck = not_set(&cx, green(10), "no answer".into()).await;
        assert_eq!(stuck, Stuck::CannotTell("no answer".into()));
        let why = no_drift(&cx, green(10)).await.unwrap_err();
        assert!(why.contains("The embedded proxy does not answer"), "{why}");
        assert!(matches!(promote::all_traffic_is_there(&cx).await, Err(Stuck::CannotTell(_))));
    }
}
