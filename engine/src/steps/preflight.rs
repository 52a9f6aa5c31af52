//! Is everything there that the rollout needs? Every check is kept with the rollout, and shown.

use super::{Context, Done, Outcome};
use crate::preflight::{self, Place, Surroundings};
use rollout::check::{Check, Level};
use rollout::slot::Split;

pub(super) async fn run(cx: &Context) -> Outcome {
    let routes = cx.routes();
    let around = Surroundings {
        runtime: cx.runtime.as_ref(),
        definition: &cx.definition,
        recipe: &cx.recipe,
        place: Some(Place {
            router: cx.router.as_ref(),
            routes: &routes,
            addresses: &cx.addresses,
            live: cx.new_slot().other(),
            is_first: cx.rollout.old_slot().is_none(),
            // Before it shifts.
            expected: Split::all(cx.new_slot().other()),
        }),
    };
    let mut checks = preflight::look(&around).await;
    let release = &cx.rollout.start.release;
    let known = cx.store.release_images(cx.row.id, release).await.map_err(|error| error.to_string())?;
    let mut tell = |line: String| cx.log.info(line);
    let (images, check) = cx.runtime.pin(&cx.definition, &cx.recipe, known.as_ref(), &mut tell).await;
    checks.push(check);
    let summary = summary(&checks);
    let failures: Vec<String> = checks
        .iter()
        .filter(|check| check.level == Level::Failure)
        .map(|check| format!("{}: {}", check.name, check.said))
        .collect();
    cx.found(checks);
    if failures.is_empty() { Ok(Done { images, ..Done::new(summary) }) } else { Err(failures.join("\n")) }
}

fn summary(checks: &[Check]) -> String {
    match checks.iter().filter(|check| check.level == Level::Warning).count() {
        0 => format!("{} checks, all well", checks.len()),
        1 => format!("{} checks, 1 warning", checks.len()),
        more => format!("{} checks, {more} warnings", checks.len()),
    }
}
