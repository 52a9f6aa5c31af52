//! Brings together what a step needs.

use crate::compose::Compose;
use crate::definition::Definition;
use crate::engine::Shared;
use crate::secrets::{self, Mask};
use crate::steps::{Context, StepLog};
use crate::store::StoreError;
use rollout::Rollout;
use rollout::application::{Body, Secret};
use rollout::event::{RolloutId, StepIndex};
use rollout::plan::Step;
use std::sync::Arc;
use tokio::task::JoinHandle;

pub(super) async fn context(
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
    let compose = match definition.compose(&rollout.start.release) {
        Ok(compose) => compose,
        // The way back must not depend on a variable that somebody unset meanwhile: it starts what is there.
        Err(_)
            if matches!(
                step,
                Step::CheckOldSlot | Step::ShiftBack | Step::MigrateDown | Step::StopNewSlot | Step::CleanUp
            ) =>
        {
            Compose::default()
        }
        Err(problems) => {
            return Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    };
    let (log, writer) = StepLog::open(shared.store.clone(), shared.feed.clone(), id, index, mask(&definition));
    let cx = Context {
        store: shared.store.clone(),
        docker: shared.docker.clone(),
        router,
        http: shared.http.clone(),
        row,
        definition,
        compose,
        addresses,
        rollout,
        log,
        checks: Arc::default(),
    };
    Ok((cx, writer))
}

/// Every secret that the application file names and that is there; one that is not is spoken of where it is used.
fn mask(definition: &Definition) -> Mask {
    let mut mask = Mask::new();
    let mut add = |secret: &Secret| {
        if !matches!(secret, Secret::Plain(_))
            && let Ok(value) = secrets::resolve(secret)
        {
            mask.add(&value);
        }
    };
    let application = &definition.application;
    if let Some(registry) = &application.registry {
        add(&registry.password);
    }
    for test in &application.smoke {
        test.headers.values().for_each(|value| add(&Secret::parse(value)));
        if let Body::Json(text) = &test.body
            && let Ok(json) = serde_json::from_str(text)
        {
            strings(&json, &mut |text| add(&Secret::parse(text)));
        }
    }
    mask
}

fn strings(json: &serde_json::Value, each: &mut impl FnMut(&str)) {
    match json {
        serde_json::Value::String(text) => each(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        serde_json::Value::Object(fields) => fields.values().for_each(|field| strings(field, each)),
        _ => {}
    }
}
