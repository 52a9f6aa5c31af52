//! A rollout as it happens. The browser folds the same events with the same `Rollout::apply` as the engine.

use super::actions::{Asks, Decide, More};
use super::door::DoorBox;
use super::drain::DrainBox;
use super::journal::{Decisions, Journal};
use super::link::{self, Link};
use super::stages::Ladder;
use super::steps::Steps;
use crate::components::{Moment, PhaseBadge, Place, TrafficBar};
use crate::flash::Flash;
use crate::live::{Door, Left, Line, Numbers, Router};
use leptos::either::Either;
use leptos::prelude::*;
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::clock::Timestamp;
use rollout::event::{Entry, Kind};
use rollout::plan::Step;
use rollout::slot::{Slot, Split};
use rollout::state::{Doing, Phase, StepStatus};
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
    pub numbers: Numbers,
    /// The box about a router that is adrift, drawn.
    pub drift: String,
    pub door: Option<Door>,
    pub left: Option<Left>,
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
    pub(super) numbers: RwSignal<Numbers>,
    pub(super) drift: RwSignal<String>,
    pub(super) door: RwSignal<Option<Door>>,
    pub(super) left: RwSignal<Option<Left>>,
    pub(super) now: RwSignal<Timestamp>,
    pub(super) link: RwSignal<Link>,
}

#[island]
pub fn LiveRollout(start: Start) -> impl IntoView {
    let Start { id, now, actor, entries, lines, router, numbers, drift, door, left, flash } = start;
    let rollout = match Rollout::fold(&entries) {
        Ok(rollout) => rollout,
        Err(error) => return Either::Left(view! { <div class="problem" role="alert">{error.to_string()}</div> }),
    };
    let live = Live {
        id,
        actor: StoredValue::new(actor),
        rollout: RwSignal::new(rollout),
        entries: RwSignal::new(entries),
        lines: RwSignal::new(lines),
        router: RwSignal::new(router),
        numbers: RwSignal::new(numbers),
        drift: RwSignal::new(drift),
        door: RwSignal::new(door),
        left: RwSignal::new(left),
        now: RwSignal::new(now),
        link: RwSignal::new(Link::default()),
    };
    link::follow(live);
    let asks = Asks::new(live, flash);
    // Not `into_any`: it would bring a second, asynchronous way of waking everything below, a third of the module.
    Either::Right(view! {
        <div class="rollout">
            {move || lost(live.link.get())}
            <div class="columns">
                <div class="now">
                    <Headline live/>
                    <div class="adrift" aria-live="polite" inner_html=move || live.drift.get()></div>
                    <Decide asks/>
                    <DrainBox asks/>
                    <DoorBox live/>
                </div>
                <More asks/>
                <div class="past">
                    // Drawn by the server, every name in it escaped there.
                    <div class="board" inner_html=move || live.numbers.read().board.clone()></div>
                    <Steps live/>
                    <Decisions live/>
                    <Journal live/>
                </div>
            </div>
        </div>
    })
}

/// The state, to be understood in a second.
#[component]
fn Headline(live: Live) -> impl IntoView {
    let state = Memo::new(move |_| live.rollout.with(|rollout| (rollout.phase(), rollout.headline())));
    let tone = Memo::new(move |_| live.rollout.with(tone));
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
        <header class=move || format!("headline card tone-{}", tone.get())>
            <p class="crumbs">
                <a href=format!("/applications/{application}")>{application.clone()}</a>
                " · rollout #" {live.id} " · " <strong>{what}</strong>
            </p>
            <div aria-live="polite">
                {move || { let (phase, _) = state.get(); view! { <PhaseBadge phase/> } }}
                <h1 class="state">{move || state.get().1}</h1>
            </div>
            // While it is at work the line keeps its place, so that nothing below it jumps.
            <p class="waits" hidden=move || waits.read().is_empty() && state.read().0.is_ended()>{move || waits.get()}</p>
            {move || live.rollout.with(Rollout::warning).map(|warning| view! { <p class="problem" role="alert">{warning}</p> })}
            {move || why(&live.rollout.read())}
            <Split live/>
            <Ladder live/>
            <p class="quiet small">"Started by " {by} " at " <Moment at/> " · " {lasted}</p>
        </header>
    }
}

/// The router's own split, and a warning where it is not what the journal says.
#[component]
fn Split(live: Live) -> impl IntoView {
    let wanted = Memo::new(move |_| live.rollout.with(Rollout::split));
    // While it shifts, the router is somewhere on the way.
    let shifting = move || {
        let running = live.rollout.with(|rollout| rollout.running().map(|(_, step)| step));
        matches!(running, Some(Step::Shift { .. } | Step::ShiftBack))
    };
    let over = Memo::new(move |_| live.rollout.with(Rollout::is_settled));
    let places = live.rollout.with_untracked(|rollout| {
        // To undo a rollout is to leave its slot: neither of the two is new then.
        let role = |role| if rollout.is_roll_back() { "" } else { role };
        let new = Place { role: role("new"), release: Some(rollout.start.release.to_string()) };
        let old = match &rollout.start.from {
            Some(version) => Place { role: role("old"), release: Some(version.to_string()) },
            None => Place::default(),
        };
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
            // What the router does today is another rollout's business.
            _ if over.get() => (wanted, (false, "As this rollout left it.".to_owned())),
            Router::Says(seen) => {
                // The same direction as the rollout's, so that the marks fit.
                let seen = Split { to: wanted.to, weight: seen.share(wanted.to) };
                let differs = seen != wanted && !shifting();
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
            <TrafficBar split places=places.clone() marks=marks.clone()/>
            <p class=if wrong { "problem" } else { "quiet" }>{note}</p>
        }
    }
}

/// The colour of the whole: at work, waiting for a person, something is wrong, going back, well, over.
fn tone(rollout: &Rollout) -> &'static str {
    match (rollout.phase(), rollout.doing()) {
        (Phase::Failed, _) | (_, Doing::StepFailed(_) | Doing::Inconclusive(_)) => "bad",
        (Phase::RollingBack, _) => "back",
        (Phase::Paused, _) => "wait",
        (Phase::Progressing, _) => "work",
        (Phase::Succeeded, _) => "good",
        (Phase::RolledBack | Phase::Aborted, _) => "over",
    }
}

/// What failed, and why it went, or goes, back. On top, where it is looked for.
fn why(rollout: &Rollout) -> Option<impl IntoView + use<>> {
    let failed = rollout.failed_step().map(|(_, record)| &record.status);
    let unsure = rollout.current().map(|(_, record)| &record.status);
    let mut reasons: Vec<String> = vec![];
    reasons.extend(failed.or(unsure).and_then(|status| match status {
        StepStatus::Failed { error, .. } => Some(error.clone()),
        StepStatus::Inconclusive { reason, .. } => Some(reason.clone()),
        _ => None,
    }));
    // The machine turns back with the error for its reason: once is enough.
    reasons.extend(rollout.back.as_ref().map(|back| back.reason.clone()).filter(|reason| {
        !reason.is_empty()
            && reasons.iter().all(|error| !reason.contains(error.as_str()) && !error.contains(reason.as_str()))
    }));
    (!reasons.is_empty()).then(|| {
        let lines = reasons.into_iter().map(|reason| view! { <p>{reason}</p> }).collect_view();
        view! { <div class="why"><strong>"Why"</strong>{lines}</div> }
    })
}

fn lost(link: Link) -> Option<impl IntoView> {
    let words = match link {
        Link::Starting | Link::Open => return None,
        Link::Lost { .. } => "The connection is lost. What you see may be old; it is being mended.",
    };
    Some(view! { <p class="lost" role="status">{words}</p> })
}
