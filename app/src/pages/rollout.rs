//! One rollout. The page is an island: whole without scripts, alive with them.

use crate::components::drift;
use crate::components::metrics::numbers;
use crate::components::{Frame, Problem};
use crate::context::{actor, door, engine, left, shown, take_flash};
use crate::islands::{LiveRollout, Start};
use crate::live::{Line, Router};
use ::engine::EngineError;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use rollout::event::RolloutId;
use rollout::state::Doing;

#[component]
pub fn RolloutPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    let title = format!("Rollout #{id}");
    view! {
        <Frame title>
            {Suspend::new(async move {
                match load(&id).await {
                    Ok((start, said)) => {
                        view! { <noscript>{without_scripts(&start)}</noscript> {said} <LiveRollout start/> }.into_any()
                    }
                    Err(error) => view! { <h1>{format!("Rollout #{id}")}</h1> <Problem message=shown(&error)/> }.into_any(),
                }
            })}
        </Frame>
    }
}

/// Without scripts the page looks again by itself while a step is at work; never while it may be waiting for words
/// that are being typed.
fn without_scripts(start: &Start) -> impl IntoView + use<> {
    let at_work =
        rollout::Rollout::fold(&start.entries).is_ok_and(|rollout| matches!(rollout.doing(), Doing::Running(_)));
    view! {
        {at_work.then(|| view! { <meta http-equiv="refresh" content="5"/> })}
        <p class="notice">"Scripts are off: this page does not follow along. " <a href="">"Look again"</a></p>
    }
}

/// What the page begins with, and what is to be said once of a form about the router.
async fn load(id: &str) -> Result<(Start, Option<AnyView>), EngineError> {
    let id = RolloutId(id.parse().map_err(|_| EngineError::NotFound(format!("rollout #{id}")))?);
    let (engine, actor) = (engine(), actor());
    let view = engine.rollout(&actor, id).await?;
    let board = engine.board(&actor, id).await?;
    let now = ::engine::clock::now();
    let numbers = numbers(&board, &view.rollout, &view.entries, now);
    let seen = engine.observe(&actor, &view.rollout.start.application).await?;
    let router = match &seen.split {
        Ok(split) => Router::Says(*split),
        Err(why) => Router::Silent(why.clone()),
    };
    let left = left(&engine, &actor, id).await;
    let door = door(&engine, &actor, id).await;
    let application = &view.rollout.start.application;
    let drift = match view.rollout.ended {
        // What the router does today is another rollout's business.
        Some(_) => String::new(),
        None => drift::drift_html(&engine, &actor, Some(application), &format!("/rollouts/{}", id.0)).await?,
    };
    let (router_flash, flash) = match take_flash().await {
        Some(flash) if drift::is_about(&flash) => (Some(flash), None),
        flash => (None, flash),
    };
    let start = Start {
        id: id.0,
        now,
        actor,
        entries: view.entries,
        lines: view.lines.into_iter().map(line).collect(),
        router,
        numbers,
        drift,
        door,
        left,
        flash,
    };
    Ok((start, drift::said(router_flash)))
}

/// As it travels.
fn line(line: ::engine::store::logs::Line) -> Line {
    Line { id: line.id, step: line.step, at: line.at, stream: line.stream, text: line.text }
}
