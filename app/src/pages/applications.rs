//! Every application with its two slots, their releases and the split of the traffic.

use crate::components::{Frame, PhaseBadge, Place, Problem, TrafficBar};
use crate::context::{actor, engine, shown};
use ::engine::engine::{Observed, Overview};
use leptos::prelude::*;
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
                    Ok(list) => list.into_iter().map(|(overview, seen)| card(overview, seen)).collect_view().into_any(),
                    Err(error) => view! { <Problem message=shown(&error)/> }.into_any(),
                }
            })}
        </Frame>
    }
}

async fn load() -> Result<Vec<(Overview, Arc<Observed>)>, ::engine::EngineError> {
    let (engine, actor) = (engine(), actor());
    let mut list = vec![];
    for overview in engine.applications(&actor).await? {
        let seen = engine.observe(&actor, &overview.name).await?;
        list.push((overview, seen));
    }
    Ok(list)
}

fn card(overview: Overview, seen: Arc<Observed>) -> impl IntoView {
    let places = places(&overview);
    let live = match &overview.standing.live {
        Some((slot, version)) => format!("{version} is live on {slot}"),
        None => "Nothing was released yet".to_owned(),
    };
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
            {match &seen.split {
                Ok(split) => view! { <TrafficBar split=*split places/> }.into_any(),
                Err(why) => view! { <Problem message=format!("The router does not say how traffic is split: {why}")/> }.into_any(),
            }}
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
