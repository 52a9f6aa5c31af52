//! A rollout as it happens. The browser folds the same events with the same `Rollout::apply` as the engine.

use super::actions::Actions;
use super::journal::{Decisions, Journal};
use super::link::{self, Link};
use super::steps::Steps;
use crate::components::{Moment, PhaseBadge, TrafficBar};
use crate::flash::Flash;
use crate::live::{Line, Router};
use leptos::prelude::*;
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::clock::Timestamp;
use rollout::event::{Entry, Kind};
use rollout::slot::{Slot, Split};
use serde::{Deserialize, Serialize};

/// What the page begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    pub id: i64,
    /// The server's time: countdowns go by its clock.
    pub now: Timestamp,
    pub actor: Actor,
    pub entries: Vec<Entry>,
    pub lines: Vec<Line>,
    pub router: Router,
    pub flash: Option<Flash>,
}

/// All that changes while one looks.
#[derive(Clone, Copy)]
pub(super) struct Live {
    pub(super) id: i64,
    pub(super) actor: StoredValue<Actor>,
    pub(super) rollout: RwSignal<Rollout>,
    pub(super) entries: RwSignal<Vec<Entry>>,
    pub(super) lines: RwSignal<Vec<Line>>,
    pub(super) router: RwSignal<Router>,
    pub(super) now: RwSignal<Timestamp>,
    pub(super) link: RwSignal<Link>,
}

#[island]
pub fn LiveRollout(start: Start) -> impl IntoView {
    let Start { id, now, actor, entries, lines, router, flash } = start;
    let rollout = match Rollout::fold(&entries) {
        Ok(rollout) => rollout,
        Err(error) => return view! { <div class="problem" role="alert">{error.to_string()}</div> }.into_any(),
    };
    let live = Live {
        id,
        actor: StoredValue::new(actor),
        rollout: RwSignal::new(rollout),
        entries: RwSignal::new(entries),
        lines: RwSignal::new(lines),
        router: RwSignal::new(router),
        now: RwSignal::new(now),
        link: RwSignal::new(Link::default()),
    };
    link::follow(live);
    view! {
        <div class="rollout">
            {move || lost(live.link.get())}
            <Headline live/>
            <Actions live flash/>
            <div class="columns">
                <Steps live/>
                <div>
                    <Decisions live/>
                    <Journal live/>
                </div>
            </div>
        </div>
    }
    .into_any()
}

/// The state, to be understood in a second.
#[component]
fn Headline(live: Live) -> impl IntoView {
    let state = Memo::new(move |_| live.rollout.with(|rollout| (rollout.phase(), rollout.headline())));
    let waits = Memo::new(move |_| live.rollout.with(|rollout| rollout.waits_for(live.now.get())));
    let what = live.rollout.with_untracked(|rollout| {
        let start = &rollout.start;
        match (&start.kind, &start.from) {
            (Kind::RollBack { of }, Some(from)) => format!("back from {} to {from}, undoing {of}", start.release),
            (_, Some(from)) => format!("{from} → {}", start.release),
            (_, None) => start.release.to_string(),
        }
    });
    let (application, by, at) = live.rollout.with_untracked(|rollout| {
        (rollout.start.application.clone(), rollout.started_by.to_string(), rollout.started_at)
    });
    let lasted = move || live.rollout.with(|rollout| rollout.lasted(live.now.get()).to_string());
    view! {
        <header class="headline">
            <p class="crumbs">
                <a href=format!("/applications/{application}")>{application.clone()}</a>
                " · #" {live.id} " · " {what}
            </p>
            <div aria-live="polite">
                <h1>
                    {move || { let (phase, _) = state.get(); view! { <PhaseBadge phase/> } }}
                    " "
                    <span class="state">{move || state.get().1}</span>
                </h1>
            </div>
            <p class="waits">{move || waits.get()}</p>
            {move || why_back(&live.rollout.read())}
            <Split live/>
            <p class="quiet">"Started by " {by} " at " <Moment at/> " · " {lasted}</p>
        </header>
    }
}

/// The router's own split, and a warning where it is not what the journal says.
#[component]
fn Split(live: Live) -> impl IntoView {
    let wanted = Memo::new(move |_| live.rollout.with(Rollout::split));
    let shifting =
        Memo::new(move |_| live.rollout.with(|rollout| rollout.ended.is_some() || rollout.running().is_some()));
    let releases = live.rollout.with_untracked(|rollout| {
        let (new, old) =
            (Some(rollout.start.release.to_string()), rollout.start.from.as_ref().map(ToString::to_string));
        match rollout.start.slot {
            Slot::Blue => [new, old],
            Slot::Green => [old, new],
        }
    });
    let marks = live.rollout.with_untracked(|rollout| {
        rollout.start.plan.stages.iter().map(|stage| stage.weight.percent()).collect::<Vec<_>>()
    });
    move || {
        let wanted = wanted.get();
        let (split, note) = match live.router.get() {
            Router::Says(seen) => {
                // The same direction as the rollout's, so that the marks fit.
                let seen = Split { to: wanted.to, weight: seen.share(wanted.to) };
                let differs = seen != wanted && !shifting.get();
                let note = if differs {
                    format!("The router says {seen}. Crossfade left it at {wanted}.")
                } else {
                    "By the router's own word.".to_owned()
                };
                (seen, (differs, note))
            }
            Router::Silent(why) => (wanted, (true, format!("The router does not say how traffic is split: {why}"))),
        };
        let (wrong, note) = note;
        view! {
            <TrafficBar split releases=releases.clone() marks=marks.clone()/>
            <p class=if wrong { "problem" } else { "quiet" }>{note}</p>
        }
    }
}

/// Why it went, or goes, back.
fn why_back(rollout: &Rollout) -> Option<impl IntoView + use<>> {
    let back = rollout.back.as_ref()?;
    Some(view! { <p class="why"><strong>"Why: "</strong>{back.reason.clone()}</p> })
}

fn lost(link: Link) -> Option<impl IntoView> {
    let words = match link {
        Link::Starting | Link::Open => return None,
        Link::Lost { .. } => "The connection is lost. What you see may be old; it is being mended.",
    };
    Some(view! { <p class="problem lost" role="status">{words}</p> })
}
