//! One application: what is where, what a rollout would change, and the form that starts one.

use crate::components::drift;
use crate::components::{Frame, Moment, PhaseBadge, Problem};
use crate::context::{actor, engine, query, shown, take_flash, words};
use crate::flash::Flash;
use ::engine::Definition;
use ::engine::EngineError;
use ::engine::engine::{Observed, Overview, Page};
use ::engine::store::audit::Audited;
use ::engine::store::history::Filter;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use rollout::application::{MigrationKind, Stage};
use rollout::clock::Millis;
use rollout::metric::{Metric, OnBreach};
use rollout::policy::{Permission, authorize};
use rollout::slot::Slot;
use std::sync::Arc;

struct Loaded {
    overview: Overview,
    seen: Arc<Observed>,
    definition: Result<Definition, EngineError>,
    history: Page,
    audited: Vec<Audited>,
    drift: AnyView,
    flash: Flash,
}

#[component]
pub fn ApplicationPage() -> impl IntoView {
    let name = use_params_map().with_untracked(|params| params.get("name")).unwrap_or_default();
    view! {
        <Frame title=name.clone()>
            {Suspend::new(async move {
                match load(&name).await {
                    Ok(loaded) => page(loaded).into_any(),
                    Err(error) => view! { <h1>{name}</h1> <Problem message=shown(&error)/> }.into_any(),
                }
            })}
        </Frame>
    }
}

async fn load(name: &str) -> Result<Loaded, EngineError> {
    let (engine, actor) = (engine(), actor());
    let overview = engine.application(&actor, name).await?;
    let filter = Filter { application: Some(name.to_owned()), ..Filter::default() };
    let flash = take_flash().await;
    let (said, live) = (drift::said(flash.clone()), super::applications::live_drift(Some(name)).await);
    Ok(Loaded {
        seen: engine.observe(&actor, name).await?,
        definition: engine.definition(&actor, name).await,
        history: engine.history(&actor, &filter, None).await?,
        audited: engine.audited(&actor, name).await?,
        drift: view! { {said} {live} }.into_any(),
        flash: flash.filter(|flash| flash.form == "start").unwrap_or_default(),
        overview,
    })
}

fn page(loaded: Loaded) -> impl IntoView {
    let Loaded { overview, seen, definition, history, audited, drift, flash } = loaded;
    let split = super::applications::split(&overview, &seen);
    let headline = match &overview.standing.live {
        Some((slot, version)) => format!("{version} is live on {slot}"),
        None => "Nothing was released yet".to_owned(),
    };
    let recent = history.rows.into_iter().take(10).map(|row| {
        view! {
            <tr>
                <td><a href=format!("/rollouts/{}", row.id.0)>{row.id.to_string()}</a></td>
                <td><PhaseBadge phase=row.phase/></td>
                <td>{row.version}</td>
                <td>{row.started_by}</td>
                <td><Moment at=row.started_at/></td>
            </tr>
        }
    });
    let name = overview.name.clone();
    view! {
        <header class="titled">
            <h1>{name.clone()}</h1>
            <p class="quiet">{headline}</p>
        </header>
        {drift}
        <section class="card">{split}</section>
        {next(&overview, definition, flash)}
        {slots(&overview, &seen)}
        <section>
            <h2>"Latest rollouts"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Latest rollouts">
                <table>
                    <thead><tr><th>"Rollout"</th><th>"Outcome"</th><th>"Release"</th><th>"Started by"</th><th>"Started"</th></tr></thead>
                    <tbody>{recent.collect_view()}</tbody>
                </table>
            </div>
            <p><a href=format!("/history?application={name}")>"All of them"</a></p>
        </section>
        {done_to_the_router(audited)}
    }
}

/// Outside of rollouts, which have journals of their own.
fn done_to_the_router(audited: Vec<Audited>) -> Option<impl IntoView> {
    let lines = audited.iter().map(|line| {
        let (by, said) = (line.by.clone(), format!("{}: {}", line.what, line.said));
        view! { <li><Moment at=line.at/> " " <strong>{by}</strong> " " {said}</li> }
    });
    let lines = lines.collect_view();
    (!audited.is_empty()).then(|| {
        view! { <section class="audited"><h2>"Done to the router between rollouts"</h2><ul>{lines}</ul></section> }
    })
}

/// What can be done now: follow the rollout that is at work, or start one.
fn next(overview: &Overview, definition: Result<Definition, EngineError>, flash: Flash) -> impl IntoView + use<> {
    if let Some(id) = overview.standing.active {
        let headline = overview.latest.as_ref().map(|row| row.headline.clone()).unwrap_or_default();
        return view! {
            <section class="card active">
                {(!flash.message.is_empty()).then(|| view! { <Problem message=flash.message/> })}
                <h2>{format!("Rollout {id}: {headline}")}</h2>
                <a class="button primary" href=format!("/rollouts/{}", id.0)>"Open the rollout"</a>
            </section>
        }
        .into_any();
    }
    let definition = match definition {
        Ok(definition) => definition,
        Err(error) => {
            return view! {
                <section class="card">
                    <h2>"No rollout can start: the application's files have errors"</h2>
                    <Problem message=words(&error)/>
                </section>
            }
            .into_any();
        }
    };
    if let Err(refusal) = authorize(&actor(), Permission::StartRollout) {
        return view! { <section class="card"><h2>"Start a rollout"</h2><p class="notice">{refusal.to_string()}</p></section> }
            .into_any();
    }
    let wrong = !flash.message.is_empty();
    let at_hand = definition.releases_at_hand().into_iter().map(|version| version.to_string());
    let not_seen_yet = at_hand.filter(|version| !overview.releases.contains(version));
    let known = overview.releases.iter().cloned().chain(not_seen_yet);
    let known = known.map(|version| view! { <option value=version/> }).collect_view();
    let value = if flash.value.is_empty() { query("version").unwrap_or_default() } else { flash.value };
    view! {
        <section class="card" id="start">
            <h2>"Start a rollout"</h2>
            <form class="start" method="post" action="/api/start">
                <input type="hidden" name="application" value=overview.name.clone()/>
                <label for="version">"Version"</label>
                <div class="row">
                    <input
                        id="version" name="version" value=value placeholder="1.4.2" required list="versions" maxlength="128"
                        autocomplete="off" aria-invalid=wrong.to_string() aria-describedby=wrong.then_some("version-error")
                    />
                    <datalist id="versions">{known}</datalist>
                    <button class="primary">"Start"</button>
                </div>
                {wrong.then(|| view! { <div class="field-error" id="version-error" role="alert"><Problem message=flash.message/></div> })}
            </form>
            {changes(overview, &definition)}
        </section>
    }
    .into_any()
}

/// What a rollout would do, before it is started.
fn changes(overview: &Overview, definition: &Definition) -> impl IntoView + use<> {
    let to = overview.standing.live.as_ref().map_or(Slot::Blue, |(slot, _)| slot.other());
    let replaces = match (&overview.standing.live, &overview.standing.standby) {
        (None, _) => {
            "It is the first release: it is prepared and checked on blue, then gets all the traffic at once.".to_owned()
        }
        (Some((live, version)), None) => {
            format!("{version} on {live} keeps all the traffic until a stage is approved.")
        }
        (Some((live, version)), Some(warm)) => format!(
            "{version} on {live} keeps all the traffic until a stage is approved. {warm}, kept on {to} for a roll back, is replaced: \
             that roll back is no longer possible."
        ),
    };
    let application = &definition.application;
    let can = application.traffic.router.capabilities();
    let router = format!("{}: {can}.", application.traffic.router.name());
    let mut checks = vec!["preflight".to_owned(), format!("prepare on {to}")];
    checks.extend(application.migrate.as_ref().map(|migrate| match migrate.kind {
        MigrationKind::Expand => format!("migrate (`{}`)", migrate.up.join(" ")),
        MigrationKind::Contract => {
            format!(
                "migrate (`{}`: it takes something away, and rolling back is unsafe afterwards)",
                migrate.up.join(" ")
            )
        }
    }));
    checks.push(format!("{} health checks", application.health.len()));
    if !application.smoke.is_empty() {
        checks.push(format!("{} smoke tests", application.smoke.len()));
    }
    let stages = if overview.standing.live.is_some() {
        application.traffic.stages.iter().map(|each| stage(each, can.takes)).collect_view().into_any()
    } else {
        view! { <li>"100 % at once"</li> }.into_any()
    };
    let runs = definition
        .recipe(&rollout::release::Version::parse("VERSION").unwrap_or_else(|_| unreachable!("it is a version")))
        .map(|recipe| {
            let runs = recipe.runs().into_iter();
            runs.map(|(service, what)| view! { <li><code>{service}</code> " runs " <code>{what}</code></li> })
                .collect_view()
        })
        .ok();
    let what_runs = if application.runtime.is_process() { "Commands" } else { "Images" };
    let contract = application.migrate.as_ref().is_some_and(|migrate| migrate.kind == MigrationKind::Contract);
    let watched: Vec<String> = application.metrics().iter().map(|metric| watched(metric, contract)).collect();
    view! {
        <div class="changes">
            <p>{replaces}</p>
            <p><strong>"Before any traffic: "</strong> {checks.join(", ")} "."</p>
            <ol class="stages">{stages}</ol>
            <p><strong>"Router: "</strong> {router}</p>
            {(!watched.is_empty()).then(|| view! {
                <p><strong>"Watched at every weight: "</strong> {watched.join(", ")} "."</p>
            })}
            <details>
                <summary>{what_runs}</summary>
                <ul>{runs}</ul>
            </details>
        </div>
    }
}

/// A metric, and what follows when it is bad.
fn watched(metric: &Metric, contract: bool) -> String {
    let follows = match metric.on_breach {
        _ if metric.dry_run => "shown",
        _ if metric.limit.is_none() && metric.compare.is_none() => "shown",
        OnBreach::Hold => "holds",
        // Going back is unsafe after it.
        OnBreach::RollBack if contract => "holds, after the contract migration",
        OnBreach::RollBack => "rolls back",
    };
    format!("{} ({follows})", metric.name)
}

fn stage(stage: &Stage, takes: Millis) -> impl IntoView + use<> {
    let gate = match &stage.approve {
        Some(rule) if rule.count == 1 => format!("after an approval by {}", rule.role),
        Some(rule) => format!("after {} approvals by {}", rule.count, rule.role),
        None => "by itself".to_owned(),
    };
    let takes = if takes.is_zero() { String::new() } else { format!(", takes {takes}") };
    let bake = match (stage.bake.is_zero(), stage.min_requests) {
        (true, 0) => String::new(),
        (true, wanted) => format!(", then stays there for {wanted} requests"),
        (false, 0) => format!(", then stays there for {}", stage.bake),
        (false, wanted) => format!(", then stays there for {} and {wanted} requests", stage.bake),
    };
    view! { <li><strong>{stage.weight.to_string()}</strong> " " {gate}{takes}{bake}</li> }
}

/// Both slots and what they share, as the engine saw them.
fn slots(overview: &Overview, seen: &Observed) -> impl IntoView + use<> {
    let services = match &seen.services {
        Ok(services) => services,
        Err(why) => return view! { <Problem message=format!("It cannot be said what runs: {why}")/> }.into_any(),
    };
    let group = |slot: Option<Slot>| {
        services
            .iter()
            .filter(|service| service.slot == slot)
            .map(|service| {
                let (class, sign) = if service.well { ("well", "✓") } else { ("unwell", "✕") };
                view! {
                    <li class=class>
                        <span class="sign" aria-hidden="true">{sign}</span>
                        <span class="service">{service.service.clone()}</span>
                        " "
                        <span class="release">{service.release.clone()}</span>
                        " "
                        <span class="status">{service.status.clone()}</span>
                    </li>
                }
            })
            .collect::<Vec<_>>()
    };
    let column = |title: AnyView, class: &'static str, list: Vec<_>| {
        let empty = list.is_empty();
        view! {
            <div class=format!("card slot {class}")>
                <h3>{title}</h3>
                {if empty { view! { <p class="quiet">"Nothing runs here."</p> }.into_any() } else { view! { <ul>{list}</ul> }.into_any() }}
            </div>
        }
    };
    let columns = overview.slots.iter().map(|slot| {
        let role = if slot.live { "live" } else { "standby" };
        let release = slot.release.as_ref().map(|version| format!(", {version}")).unwrap_or_default();
        let class = if slot.slot == Slot::Blue { "slot-blue" } else { "slot-green" };
        let title = view! { <span class=format!("chip chip-{}", slot.slot)></span> {format!("{} · {role}{release}", slot.slot)} };
        column(title.into_any(), class, group(Some(slot.slot)))
    });
    let shared = group(None);
    view! {
        <section>
            <h2>"What runs" " " <small>"seen " <Moment at=seen.at/></small></h2>
            <div class="slots">
                {columns.collect_view()}
                {(!shared.is_empty()).then(|| column("shared by both".into_any(), "slot-shared", shared))}
            </div>
        </section>
    }
    .into_any()
}
