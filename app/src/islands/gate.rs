//! The gate of a stage, as a line among its steps: who must say yes, who did, who did not.

use super::live_rollout::Live;
use leptos::prelude::*;
use rollout::Rollout;

#[component]
pub(super) fn GateItem(live: Live, stage: usize) -> impl IntoView {
    let shown = Memo::new(move |_| live.rollout.with(|rollout| look(rollout, stage)));
    view! {
        <li class=move || format!("step step-{}", shown.read().class)>
            <span class="sign" aria-hidden="true">{move || shown.read().sign}</span>
            <span class="step-name">"Approval"</span>
            <span class="visually-hidden">{move || shown.read().class}</span>
            <p class="said quiet">{move || shown.read().words.clone()}</p>
        </li>
    }
}

#[derive(Clone, PartialEq)]
struct Look {
    class: &'static str,
    sign: &'static str,
    words: String,
}

fn look(rollout: &Rollout, stage: usize) -> Look {
    let look = |class, sign, words| Look { class, sign, words };
    let by = |approved: bool| {
        let names =
            rollout.decisions.iter().filter(|decision| decision.stage == stage && decision.approved == approved);
        names.map(|decision| decision.by.to_string()).collect::<Vec<_>>().join(", ")
    };
    let (yes, no) = (by(true), by(false));
    let rule = rollout.stage(stage).and_then(|stage| stage.approve.as_ref());
    let needed = rule.map_or_else(String::new, |rule| match rule.count {
        1 => format!("by a {}", rule.role),
        count => format!("by {count} with the role {}", rule.role),
    });
    let over = rollout.back.is_some() || rollout.ended.is_some();
    let is_open = rollout.gate.as_ref().is_some_and(|gate| gate.stage == stage);
    if !no.is_empty() {
        look("failed", "✕", format!("rejected by {no}"))
    } else if rollout.cleared.contains(&stage) && !yes.is_empty() {
        look("succeeded", "✓", format!("by {yes}"))
    } else if rollout.cleared.contains(&stage) {
        let who = rollout.promoted_full.as_ref().map(|pause| format!(" by {}, who promoted in full", pause.by));
        look("skipped", "–", format!("skipped{}", who.unwrap_or_default()))
    } else if over {
        look("skipped", "–", "not asked for any more".to_owned())
    } else if is_open && yes.is_empty() {
        look("waiting", "◆", format!("waits for a yes {needed}"))
    } else if is_open {
        look("waiting", "◆", format!("waits for a yes {needed}; so far by {yes}"))
    } else {
        look("pending", "○", needed)
    }
}
