//! A phase, to be told apart by word, sign and colour.

use leptos::prelude::*;
use rollout::state::Phase;

#[component]
pub fn PhaseBadge(phase: Phase) -> impl IntoView {
    view! {
        <span class=format!("badge badge-{}", phase.as_str())>
            <span class="sign" aria-hidden="true">{sign(phase)}</span>
            " "
            {phase_word(phase)}
        </span>
    }
}

/// As people say it.
pub fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Progressing => "Progressing",
        Phase::Paused => "Paused",
        Phase::RollingBack => "Rolling back",
        Phase::Succeeded => "Succeeded",
        Phase::RolledBack => "Rolled back",
        Phase::Aborted => "Aborted",
        Phase::Failed => "Failed",
    }
}

/// U+FE0E: phones would make coloured pictures of some of these.
fn sign(phase: Phase) -> &'static str {
    match phase {
        Phase::Progressing => "▶\u{fe0e}",
        Phase::Paused => "❚❚",
        Phase::RollingBack => "◀\u{fe0e}",
        Phase::Succeeded => "✓",
        Phase::RolledBack => "↩\u{fe0e}",
        Phase::Aborted => "■",
        Phase::Failed => "✕",
    }
}
