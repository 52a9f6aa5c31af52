//! Who decided what, and everything that happened, newest first.

use super::live_rollout::Live;
use crate::components::TimeOfDay;
use leptos::prelude::*;
use rollout::Rollout;
use rollout::event::{Entry, Event};
use rollout::metric::Evidence;

#[component]
pub(super) fn Decisions(live: Live) -> impl IntoView {
    let decisions = Memo::new(move |_| live.rollout.with(|rollout| rollout.decisions.clone()));
    let notes = Memo::new(move |_| live.rollout.with(|rollout| rollout.notes.clone()));
    let weight = move |stage: usize| {
        live.rollout
            .with_untracked(|rollout| rollout.stage(stage).map_or_else(String::new, |stage| stage.weight.to_string()))
    };
    let anything = move || !decisions.read().is_empty() || !notes.read().is_empty();
    move || {
        anything().then(|| {
            let decided = decisions.get().into_iter().map(|decision| {
                let (class, verb) = if decision.approved { ("yes", "approved") } else { ("no", "rejected") };
                let comment = (!decision.comment.is_empty()).then(|| view! { <q>{decision.comment}</q> });
                view! {
                    <li class=class>
                        <strong>{decision.by.to_string()}</strong> " " {verb} " " {weight(decision.stage)} " " {comment} " "
                        <TimeOfDay at=decision.at/>
                        <span class="quiet small">{seeing(&decision.evidence)}</span>
                    </li>
                }
            });
            let noted = notes.get().into_iter().map(|note| view! {
                <li class="note"><strong>{note.by.to_string()}</strong> " noted " <q>{note.text}</q> " " <TimeOfDay at=note.at/></li>
            });
            view! {
                <section class="decisions">
                    <h2>"Decisions"</h2>
                    <ul>{decided.collect_view()} {noted.collect_view()}</ul>
                </section>
            }
        })
    }
}

#[component]
pub(super) fn Journal(live: Live) -> impl IntoView {
    let newest_first = move || live.entries.get().into_iter().rev();
    view! {
        <section class="journal">
            <details>
                <summary><h2>"Journal"</h2></summary>
                <ol reversed>
                    <For each=newest_first key=|entry| entry.seq children=move |entry| {
                        let words = live.rollout.with_untracked(|rollout| words(rollout, &entry));
                        view! { <li><TimeOfDay at=entry.at/> " " <strong>{entry.by.to_string()}</strong> " " {words}</li> }
                    }/>
                </ol>
            </details>
        </section>
    }
}

/// What the metrics said at that moment.
fn seeing(evidence: &[Evidence]) -> String {
    if evidence.is_empty() {
        return String::new();
    }
    let said = evidence.iter().map(|seen| format!("{}: {}", seen.verdict, seen.sentence())).collect::<Vec<_>>();
    format!(". Seen then: {}", said.join("; "))
}

/// An event in a line.
fn words(rollout: &Rollout, entry: &Entry) -> String {
    let step =
        |index: &usize| rollout.steps.get(*index).map_or_else(|| "a step".to_owned(), |record| record.step.to_string());
    let weight = |stage: &usize| rollout.stage(*stage).map_or_else(String::new, |stage| stage.weight.to_string());
    let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {reason}") };
    match &entry.event {
        Event::Started(start) => format!("started the rollout of {}", start.release),
        Event::StepStarted { step: index, .. } => format!("began {}", step(index)),
        Event::StepSucceeded { step: index, summary, .. } => format!("{} done{}", step(index), because(summary)),
        Event::StepFailed { step: index, error } => format!("{} failed{}", step(index), because(error)),
        Event::StepInconclusive { step: index, reason } => {
            format!("{} was inconclusive{}", step(index), because(reason))
        }
        Event::ApprovalRequested { stage, .. } => format!("asks for an approval of {}", weight(stage)),
        Event::Checked { checks, .. } => format!("looked at {} things", checks.len()),
        Event::StepSkipped { step: index, reason } => format!("went on without {}{}", step(index), because(reason)),
        Event::Breached { evidence } => format!("saw a breach: {}", evidence.sentence()),
        Event::Approved { stage, comment, evidence } => {
            format!("approved {}{}{}", weight(stage), because(comment), seeing(evidence))
        }
        Event::Rejected { stage, comment, evidence } => {
            format!("rejected {}{}{}", weight(stage), because(comment), seeing(evidence))
        }
        Event::ApprovalTimedOut { stage } => format!("waited too long for an approval of {}", weight(stage)),
        Event::Held { reason } => format!("held{}", because(reason)),
        Event::Resumed => "resumed".to_owned(),
        Event::Frozen { reason } => format!("froze{}", because(reason)),
        Event::Thawed => "thawed".to_owned(),
        Event::Retried { step: index } => format!("wants {} tried again", step(index)),
        Event::TurnedBack { reason, .. } => format!("turned back{}", because(reason)),
        Event::PromotedFull { reason } => format!("promoted in full{}", because(reason)),
        Event::KeepWarmExtended { until } => format!("extended keep warm until {} UTC", until.utc()),
        Event::KeepWarmEnded { reason, .. } => format!("ended keep warm{}", because(reason)),
        Event::Drifted { what, .. } => format!("saw that the router is not as it was left: {what}"),
        Event::DriftEnded { how } => format!("sees no drift any more{}", because(how)),
        Event::PutRight { reason } => format!("has the router put right{}", because(reason)),
        Event::NotPutRight { why } => format!("could not put the router right{}", because(why)),
        Event::Adopted { weight, reason } => format!("adopted the router's own {weight}{}", because(reason)),
        Event::DrainExtended { until, .. } => format!("extended the drain until {} UTC", until.utc()),
        Event::DrainEnded { cut: Some(cut), .. } if !cut.is_none() => {
            format!("did not wait for the drain: {cut} may be cut")
        }
        Event::DrainEnded { .. } => "did not wait for the drain".to_owned(),
        Event::NoteAdded { text } => format!("noted: {text}"),
        Event::Ended { outcome } => format!("ended it: {}", outcome.as_str()),
    }
}
