//! The steps, part by part, with how long they took, what they found, and their logs as they are written.

use super::gate::GateItem;
use super::live_rollout::Live;
use super::stages::{Group, Part, groups};
use crate::components::TimeOfDay;
use leptos::prelude::*;
use rollout::Rollout;
use rollout::check::Level;
use rollout::clock::Timestamp;
use rollout::plan::Step;
use rollout::state::{StepRecord, StepStatus};

#[component]
pub(super) fn Steps(live: Live) -> impl IntoView {
    // The way back adds steps at the end; those before it stay as they are.
    let groups = Memo::new(move |_| live.rollout.with(groups));
    view! {
        <section class="steps">
            <h2>"Steps"</h2>
            <For each=move || groups.get() key=|group| group.clone() children=move |group| view! { <PartItem live group/> }/>
        </section>
    }
}

#[component]
fn PartItem(live: Live, group: Group) -> impl IntoView {
    let label = live.rollout.with_untracked(|rollout| group.label(rollout));
    let gate = live.rollout.with_untracked(|rollout| match group.part {
        Part::Stage(stage) if rollout.stage(stage).is_some_and(|stage| stage.approve.is_some()) => Some(stage),
        _ => None,
    });
    let items = group.steps.clone().map(|index| view! { <StepItem live index/> }).collect_view();
    let mark = Memo::new(move |_| live.rollout.with(|rollout| group.mark(rollout)));
    view! {
        <div class=move || format!("part part-{}", mark.get().as_str())>
            <h3>{label}</h3>
            <ol>
                {gate.map(|stage| view! { <GateItem live stage/> })}
                {items}
            </ol>
        </div>
    }
}

#[component]
fn StepItem(live: Live, index: usize) -> impl IntoView {
    let record = Memo::new(move |_| live.rollout.with(|rollout| rollout.steps.get(index).cloned()));
    let title = Memo::new(move |_| {
        live.rollout
            .with(|rollout| rollout.steps.get(index).map_or_else(String::new, |record| title(rollout, record.step)))
    });
    let lasted = move || {
        let record = record.get()?;
        // Only a running step follows the clock.
        let now = match record.status {
            StepStatus::Running { .. } => live.now.get(),
            _ => Timestamp::default(),
        };
        record.status.lasted(now).map(|lasted| lasted.to_string())
    };
    let is_preflight = record.read_untracked().as_ref().is_some_and(|record| record.step == Step::Preflight);
    view! {
        <li class=move || record.get().map_or_else(String::new, |record| format!("step step-{}", class(&record)))>
            <span class="sign" aria-hidden="true">{move || record.get().map(|record| sign(&record))}</span>
            <span class="step-name">{move || title.get()}</span>
            <span class="visually-hidden">{move || record.get().map(|record| class(&record))}</span>
            <span class="step-time">{lasted}</span>
            {move || record.get().map(|record| said(&record))}
            {is_preflight.then(|| view! { <Checks live/> })}
            <Log live index/>
        </li>
    }
}

/// What preflight found, one by one. Open when something is not well.
#[component]
fn Checks(live: Live) -> impl IntoView {
    let checks = Memo::new(move |_| live.rollout.with(|rollout| rollout.checks.clone()));
    move || {
        let checks = checks.get();
        (!checks.is_empty()).then(|| {
            let open = checks.iter().any(|check| check.level != Level::Ok);
            let items = checks.into_iter().map(|check| {
                let (level, sign) = match check.level {
                    Level::Ok => ("ok", "✓"),
                    Level::Warning => ("warning", "!"),
                    Level::Failure => ("failure", "✕"),
                };
                view! {
                    <li class=format!("check-{level}")>
                        <span class="sign" aria-hidden="true">{sign}</span>
                        <strong>{check.name}</strong>
                        <span class="visually-hidden">{level}</span>
                        <span>{check.said}</span>
                    </li>
                }
            });
            view! {
                <details class="checks" open=open>
                    <summary>"What was checked"</summary>
                    <ul>{items.collect_view()}</ul>
                </details>
            }
        })
    }
}

/// The step's lines. Open while it runs and when it failed.
#[component]
fn Log(live: Live, index: usize) -> impl IntoView {
    let lines = Memo::new(move |_| {
        live.lines.with(|lines| lines.iter().filter(|line| line.step == index).cloned().collect::<Vec<_>>())
    });
    let any = Memo::new(move |_| !lines.read().is_empty());
    let open = Memo::new(move |_| {
        live.rollout.with(|rollout| {
            rollout
                .steps
                .get(index)
                .is_some_and(|record| matches!(record.status, StepStatus::Running { .. } | StepStatus::Failed { .. }))
        })
    });
    move || {
        any.get().then(|| {
            view! {
                <details class="log" open=move || open.get()>
                    <summary>"Log"</summary>
                    // The code is one child: turned over by the style sheet, the box stays at its last line.
                    <pre tabindex="0" role="region" aria-label="Log"><code>
                        <For each=move || lines.get() key=|line| line.id children=|line| view! {
                            <span class=format!("line line-{}", line.stream)><TimeOfDay at=line.at/> " " {line.text} "\n"</span>
                        }/>
                    </code></pre>
                </details>
            }
        })
    }
}

fn title(rollout: &Rollout, step: Step) -> String {
    let weight = |stage: usize| rollout.stage(stage).map_or_else(String::new, |stage| stage.weight.to_string());
    match step {
        Step::Shift { stage } => format!("Shift to {}", weight(stage)),
        Step::Bake { stage } => format!("Bake at {}", weight(stage)),
        other => {
            let name = other.to_string();
            name[..1].to_uppercase() + &name[1..]
        }
    }
}

fn class(record: &StepRecord) -> &'static str {
    match record.status {
        StepStatus::Pending => "pending",
        StepStatus::Running { .. } => "running",
        StepStatus::Succeeded { .. } => "succeeded",
        StepStatus::Failed { .. } => "failed",
        StepStatus::Inconclusive { .. } => "inconclusive",
        StepStatus::Skipped { .. } => "skipped",
    }
}

fn sign(record: &StepRecord) -> &'static str {
    match record.status {
        StepStatus::Pending => "○",
        StepStatus::Running { .. } => "◐",
        StepStatus::Succeeded { .. } => "✓",
        StepStatus::Failed { .. } => "✕",
        StepStatus::Inconclusive { .. } => "?",
        StepStatus::Skipped { .. } => "–",
    }
}

/// What came of it.
fn said(record: &StepRecord) -> Option<impl IntoView + use<>> {
    let again = (record.attempts > 1).then(|| format!("attempt {}", record.attempts));
    let (class, text) = match &record.status {
        StepStatus::Pending | StepStatus::Running { .. } => ("quiet", String::new()),
        StepStatus::Succeeded { summary, .. } => ("quiet", summary.clone()),
        StepStatus::Failed { error, .. } => ("problem", error.clone()),
        StepStatus::Inconclusive { reason, .. } => ("problem", reason.clone()),
        StepStatus::Skipped { reason } => ("quiet", reason.clone()),
    };
    let text = match again {
        Some(again) if text.is_empty() => again,
        Some(again) => format!("{text} ({again})"),
        None => text,
    };
    let lines = text.lines().map(|line| view! { <span class="said-line">{line.to_owned()}</span> }).collect_view();
    (!text.is_empty()).then(|| view! { <p class=format!("said {class}")>{lines}</p> })
}
