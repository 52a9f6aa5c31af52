//! The slot that traffic has left: what is still open there, how long it may go on, and what can be done about it.

use super::actions::{Ask, Asks};
use super::live_rollout::Live;
use leptos::prelude::*;
use rollout::command::AskKind;
use rollout::open::Open;

const ASKS: [AskKind; 2] = [AskKind::ExtendDrain, AskKind::DrainNow];

#[component]
pub(super) fn DrainBox(asks: Asks) -> impl IntoView {
    let live = asks.live;
    let keys = asks.offered(|_| ASKS.to_vec());
    let title = Memo::new(move |_| title(live));
    let nothing = Memo::new(move |_| title.read().is_none() && keys.read().is_empty());
    view! {
        <section class="drain card" aria-label="Draining" hidden=move || nothing.get()>
            <h2>{move || title.get()}</h2>
            <p class="left">{move || sentence(live)}</p>
            <For each=move || keys.get() key=|key| *key children=move |key| view! { <Ask asks key main=false/> }/>
        </section>
    }
}

fn title(live: Live) -> Option<String> {
    if let Some(draining) = live.rollout.with(rollout::Rollout::draining) {
        return Some(format!("Draining {}", draining.slot));
    }
    let left = live.left.get()?;
    // Once nothing is open, there is nothing to say.
    let open = left.open.as_ref().is_ok_and(|open| !open.is_none());
    open.then(|| format!("Still open on {}", left.slot))
}

fn sentence(live: Live) -> String {
    let left = live.left.get();
    let counted = match left.as_ref().map(|left| &left.open) {
        Some(Ok(Open::Unknown)) | None => "What is open cannot be counted with this router.".to_owned(),
        Some(Err(why)) => format!("What is open cannot be counted: {why}."),
        Some(Ok(open)) if open.is_none() => "Nothing is open any more.".to_owned(),
        Some(Ok(open)) => format!("{}.", capitalised(&open.to_string())),
    };
    let Some(draining) = live.rollout.with(rollout::Rollout::draining) else {
        return format!("{counted} What is open goes on there, and nothing new comes.");
    };
    let time = match draining.until - live.now.get() {
        left if left.is_zero() => "time is up".to_owned(),
        left => format!("{left} left, and nothing is cut before"),
    };
    format!("{counted} Waiting since {} UTC; {time}.", draining.since.utc_time())
}

fn capitalised(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}
