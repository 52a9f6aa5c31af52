//! A phase, to be told apart by word, sign and colour.

use leptos::prelude::*;
use rollout::state::Phase;

#[component]
pub fn PhaseBadge(phase: Phase) -> impl IntoView {
    let (sign, words) = match phase {
        Phase::Progressing => ("▶", "Progressing"),
        Phase::Paused => ("❚❚", "Paused"),
        Phase::RollingBack => ("◀", "Rolling back"),
        Phase::Succeeded => ("✓", "Succeeded"),
        Phase::RolledBack => ("↩", "Rolled back"),
        Phase::Aborted => ("■", "Aborted"),
        Phase::Failed => ("✕", "Failed"),
    };
    view! {
        <span class=format!("badge badge-{}", phase.as_str())>
            <span aria-hidden="true">{sign}</span>
            " "
            {words}
        </span>
    }
}
