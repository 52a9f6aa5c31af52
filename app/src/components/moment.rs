//! Moments, in UTC: one incident, one clock.

use leptos::prelude::*;
use rollout::clock::Timestamp;

/// `2026-11-22 20:14:03 UTC`.
#[component]
pub fn Moment(at: Timestamp) -> impl IntoView {
    let text = at.utc();
    view! { <time datetime=iso(&text)>{text.clone()} " UTC"</time> }
}

/// `20:14:03`, with the date behind it.
#[component]
pub fn TimeOfDay(at: Timestamp) -> impl IntoView {
    let text = at.utc();
    view! { <time datetime=iso(&text) title=format!("{text} UTC")>{at.utc_time()}</time> }
}

fn iso(text: &str) -> String {
    format!("{}Z", text.replace(' ', "T"))
}
