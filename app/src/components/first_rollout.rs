//! Leads a newcomer through a first rollout: where they are, and what is next. It is there until a person has brought a
//! release live.

use crate::context::actor;
use ::engine::engine::Overview;
use ::engine::store::history::RolloutRow;
use leptos::prelude::*;
use rollout::policy::{Permission, authorize};
use rollout::state::Phase;

/// How far the newcomer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    Start,
    Checks,
    Stages,
}

impl Stop {
    fn of(overview: &Overview) -> Stop {
        let at_work = overview.latest.as_ref().filter(|row| !row.phase.is_ended());
        match at_work {
            None => Stop::Start,
            // It asks for the first time when the checks have passed.
            Some(row) if row.weight == 0 && row.phase == Phase::Progressing => Stop::Checks,
            Some(_) => Stop::Stages,
        }
    }
}

/// `next` is a release that is there to be rolled out, where that is known.
pub fn first_rollout(overview: &Overview, next: Option<String>) -> impl IntoView + use<> {
    let stop = Stop::of(overview);
    let name = &overview.name;
    let live = overview.standing.live.as_ref().map(|(slot, version)| format!("{version} is live on {slot}. "));
    let latest = overview.latest.as_ref();
    let what = next.as_ref().map_or("a new release".to_owned(), |version| format!("release {version}"));
    let item = |at: Stop, title: String, text: &'static str| {
        let (class, sign, spoken) = match at.cmp(&stop) {
            std::cmp::Ordering::Less => ("guide-done", "✓", "done: "),
            std::cmp::Ordering::Equal => ("guide-now", "→", "now: "),
            std::cmp::Ordering::Greater => ("guide-later", "·", ""),
        };
        view! {
            <li class=class aria-current=(at == stop).then_some("step")>
                <span class="sign" aria-hidden="true">{sign}</span>
                <div><span class="visually-hidden">{spoken}</span><strong>{title}</strong> " " {text}</div>
            </li>
        }
    };
    view! {
        <section class="card guide" aria-labelledby="guide">
            <h2 id="guide">"Your first rollout"</h2>
            <p class="quiet">{live} "It takes a few minutes, and nobody who uses " {name.clone()} " notices. This guide goes when a rollout of yours has succeeded."</p>
            <ol>
                {item(Stop::Start, format!("Start a rollout of {what}."), "It changes nothing for users yet.")}
                {item(Stop::Checks, "Watch its checks.".to_owned(), "The release is started beside the live one, and asked whether it works. This goes by itself.")}
                {item(Stop::Stages, "Approve stage by stage.".to_owned(), "A few percent of the users are sent to it, then more. Between two stages the metrics must be well; if they are not, the traffic goes back by itself.")}
            </ol>
            {latest.and_then(unsuccessful)}
            {action(overview, stop, next)}
        </section>
    }
}

/// A bad release is a lesson, too.
fn unsuccessful(row: &RolloutRow) -> Option<impl IntoView + use<>> {
    let ended_badly = row.phase.is_ended() && row.phase != Phase::Succeeded;
    ended_badly.then(|| {
        view! {
            <p>
                <a href=format!("/rollouts/{}", row.id.0)>{format!("Rollout {} of {}", row.id, row.version)}</a>
                {format!(" has ended: {}. Users are where they were. Try a good release next.", row.headline)}
            </p>
        }
    })
}

fn action(overview: &Overview, stop: Stop, next: Option<String>) -> AnyView {
    let to_rollout = |word: &str| {
        let (id, headline) =
            overview.latest.as_ref().map_or((0, String::new()), |row| (row.id.0, row.headline.clone()));
        let word = format!("{word} {id}");
        view! {
            <p class="next">
                <a class="button primary" href=format!("/rollouts/{id}")>{word}</a>
                " "
                <span class="quiet">{headline}</span>
            </p>
        }
        .into_any()
    };
    match stop {
        Stop::Checks => to_rollout("Watch rollout"),
        Stop::Stages => to_rollout("Go on with rollout"),
        Stop::Start if authorize(&actor(), Permission::StartRollout).is_err() => view! {
            <p class="notice">"You may look, and not start one: sign in as a deployer or a release manager."</p>
        }
        .into_any(),
        Stop::Start => {
            let version = next.map(|version| format!("?version={version}")).unwrap_or_default();
            let href = format!("/applications/{}{version}#start", overview.name);
            view! { <p class="next"><a class="button primary" href=href>"Start your first rollout"</a></p> }.into_any()
        }
    }
}
