//! Brings together what a step needs.

use crate::compose::Compose;
use crate::engine::Shared;
use crate::runtime::Recipe;
use crate::secrets::Mask;
use crate::steps::{Context, StepLog};
use crate::store::StoreError;
use rollout::Rollout;
use rollout::event::{RolloutId, StepIndex};
use rollout::plan::Step;
use std::sync::Arc;
use tokio::task::JoinHandle;

pub(crate) async fn context(
    shared: &Shared,
    id: RolloutId,
    rollout: Rollout,
    index: StepIndex,
    step: Step,
) -> Result<(Context, JoinHandle<()>), String> {
    let said = |error: StoreError| error.to_string();
    let definition = shared.store.definition(id).await.map_err(said)?;
    let name = &definition.application.name;
    let row =
        shared.store.application(name).await.map_err(said)?.ok_or_else(|| format!("there is no application {name}"))?;
    let addresses = shared.store.addresses(row.id).await.map_err(said)?;
    let router = shared.router(&definition.application, row.admin_port).map_err(|error| error.to_string())?;
    let recipe = match definition.recipe(&rollout.start.release) {
        Ok(recipe) => recipe,
        // The way back must not depend on a variable that somebody unset meanwhile: it starts what is there.
        Err(_)
            if matches!(
                step,
                Step::CheckOldSlot
                    | Step::ShiftBack
                    | Step::Drain { .. }
                    | Step::MigrateDown
                    | Step::StopNewSlot
                    | Step::CleanUp
            ) =>
        {
            Recipe::Compose(Compose::default())
        }
        Err(problems) => {
            return Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    };
    let (log, writer) =
        StepLog::open(shared.store.clone(), shared.feed.clone(), id, index, Mask::of(&definition.application));
    let cx = Context {
        id,
        store: shared.store.clone(),
        runtime: shared.runtimes.of(&definition.application),
        router,
        http: shared.http.clone(),
        row,
        definition,
        recipe,
        addresses,
        rollout,
        log,
        checks: Arc::default(),
    };
    Ok((cx, writer))
}
