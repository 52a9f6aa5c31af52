//! Every application with its two slots, their releases and the split of the traffic.

use crate::components::drift;
use crate::components::{Frame, PhaseBadge, Place, Problem, TrafficBar, first_rollout};
use crate::context::{actor, engine, shown, take_flash};
use crate::islands::LiveDrift;
use crate::live::drift_path;
use ::engine::engine::{Observed, Overview};
use futures::future::try_join_all;
use leptos::prelude::*;
use rollout::slot::Weight;
use std::sync::Arc;

#[component]
pub fn ApplicationsPage() -> impl IntoView {
    view! {
        <Frame title="Applications">
            <h1>"Applications"</h1>
            {Suspend::new(async move {
                match load().await {
                    Ok(list) if list.is_empty() => view! {
                        <section class="card empty">
                            <p>"No application is in Crossfade's care yet. Write an application file beside its compose file, then run:"</p>
                            <pre><code>"crossfade application add path/to/crossfade.toml"</code></pre>
                        </section>
                    }.into_any(),
                    Ok(list) => {
                        let (drifts, guide) = (drifts().await, guide(&list).await);
                        let cards = list.into_iter().map(|(overview, seen)| card(overview, seen)).collect_view();
                        view! { {drifts} {guide} {cards} }.into_any()
                    }
                    Err(error) => view! { <Problem message=shown(&error)/> }.into_any(),
                }
            })}
        </Frame>
    }
}

async fn load() -> Result<Vec<(Overview, Arc<Observed>)>, ::engine::EngineError> {
    let (engine, actor) = (engine(), actor());
    let overviews = engine.applications(&actor).await?;
    // Side by side: one router that does not answer keeps nobody else waiting.
    let looks = overviews.into_iter().map(|overview| async {
        let seen = engine.observe(&actor, &overview.name).await?;
        Ok((overview, seen))
    });
    try_join_all(looks).await
}

/// Routers that are not as they were left, live; and what is to be said once of a form about one.
async fn drifts() -> AnyView {
    let (said, live) = (drift::said(take_flash().await), live_drift(None).await);
    view! { {said} {live} }.into_any()
}

/// Of one application, or of all.
pub(super) async fn live_drift(application: Option<&str>) -> AnyView {
    let from = application.map_or_else(|| "/".to_owned(), |name| format!("/applications/{name}"));
    // A rollout that cannot be read is for its own page.
    let html = drift::drift_html(&engine(), &actor(), application, &from).await.unwrap_or_default();
    view! { <LiveDrift path=drift_path(application) html/> }.into_any()
}

/// For whoever is new here: of the application that has a rollout at work, or of the first that has a release.
async fn guide(list: &[(Overview, Arc<Observed>)]) -> Option<AnyView> {
    let (engine, actor) = (engine(), actor());
    // That it cannot be said is no reason for a guide.
    if engine.has_succeeded(&actor).await.unwrap_or(true) {
        return None;
    }
    let released = || list.iter().map(|(overview, _)| overview).filter(|overview| overview.standing.live.is_some());
    let overview = released().find(|overview| overview.standing.active.is_some()).or_else(|| released().next())?;
    let definition = engine.definition(&actor, &overview.name).await.ok();
    let next = overview.standing.live.as_ref().and_then(|(_, live)| definition?.next_release(live));
    Some(first_rollout(overview, next.map(|version| version.to_string())).into_any())
}

/// The split by the router's own word, and a warning where it is not as it was left.
pub(super) fn split(overview: &Overview, seen: &Observed) -> impl IntoView + use<> {
    let split = match &seen.split {
        Ok(split) => *split,
        Err(why) => {
            let message = format!("The router does not say how traffic is split: {why}");
            return view! { <Problem message/> }.into_any();
        }
    };
    let standing = &overview.standing;
    // While a rollout is at work its own page tells.
    let astray =
        standing.live.as_ref().filter(|(live, _)| standing.active.is_none() && split.share(*live) != Weight::ALL);
    let warning = astray.map(|(live, _)| format!("All traffic was left on {live}, and the router says {split}."));
    view! {
        <TrafficBar split places=places(overview)/>
        {warning.map(|message| view! { <Problem message/> })}
    }
    .into_any()
}

fn card(overview: Overview, seen: Arc<Observed>) -> impl IntoView {
    let live = match &overview.standing.live {
        Some((slot, version)) => format!("{version} is live on {slot}"),
        None => "Nothing was released yet".to_owned(),
    };
    let split = split(&overview, &seen);
    let latest = overview.latest.map(|row| {
        let ended = row.phase.is_ended();
        view! {
            <p class="latest">
                <PhaseBadge phase=row.phase/>
                " "
                <a href=format!("/rollouts/{}", row.id.0)>{format!("Rollout {} of {}", row.id, row.version)}</a>
                " "
                {(!ended).then(|| view! { <span class="state">{row.headline}</span> })}
            </p>
        }
    });
    view! {
        <article class="card application">
            <header class="titled">
                <h2><a href=format!("/applications/{}", overview.name)>{overview.name.clone()}</a></h2>
                <p class="quiet">{live}</p>
            </header>
            {split}
            {latest}
        </article>
    }
}

/// What both slots are and hold, blue first.
pub(super) fn places(overview: &Overview) -> [Place; 2] {
    [0, 1].map(|slot: usize| {
        let slot = &overview.slots[slot];
        let role = match (slot.live, &slot.release) {
            (true, _) => "live",
            (false, Some(_)) => "standby",
            (false, None) => "",
        };
        Place { role, release: slot.release.as_ref().map(ToString::to_string) }
    })
}
