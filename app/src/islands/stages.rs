//! The plan in parts: the checks, each stage with its gate and its bake, the end, the old slot, the way back.
//! As a ladder on top of the page; the list of steps is grouped by them too.

use super::live_rollout::Live;
use leptos::prelude::*;
use rollout::Rollout;
use rollout::plan::Step;
use rollout::state::StepStatus;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Checks,
    Stage(usize),
    Finish,
    OldSlot,
    WayBack,
}

/// A part and its steps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) part: Part,
    pub(super) steps: Range<usize>,
}

/// How a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Pending,
    Now,
    Succeeded,
    Failed,
    Inconclusive,
    Skipped,
}

pub(super) fn groups(rollout: &Rollout) -> Vec<Group> {
    let mut groups: Vec<Group> = vec![];
    for (index, record) in rollout.steps.iter().enumerate() {
        // What is handed over belongs to the stage that moved the last of the traffic.
        let part = match (record.step, groups.last()) {
            // And what is drained, to whatever it is drained for.
            (Step::Handover | Step::Drain { .. }, Some(group)) => group.part,
            (step, _) => part(step),
        };
        match groups.last_mut() {
            Some(group) if group.part == part => group.steps.end = index + 1,
            _ => groups.push(Group { part, steps: index..index + 1 }),
        }
    }
    groups
}

fn part(step: Step) -> Part {
    match step {
        Step::Preflight | Step::Prepare | Step::Migrate | Step::HealthCheck | Step::SmokeTest => Part::Checks,
        Step::Shift { stage } | Step::Bake { stage } => Part::Stage(stage),
        Step::Handover | Step::Monitor | Step::Promote => Part::Finish,
        Step::KeepWarm | Step::CleanUp | Step::Drain { .. } => Part::OldSlot,
        Step::CheckOldSlot | Step::ShiftBack | Step::MigrateDown | Step::StopNewSlot => Part::WayBack,
    }
}

impl Group {
    /// In a word or a number.
    pub(super) fn label(&self, rollout: &Rollout) -> String {
        match self.part {
            Part::Checks => "Checks".to_owned(),
            Part::Stage(stage) => rollout.stage(stage).map_or_else(String::new, |stage| stage.weight.to_string()),
            Part::Finish => "Finish".to_owned(),
            Part::OldSlot => "Old slot".to_owned(),
            Part::WayBack => "The way back".to_owned(),
        }
    }

    pub(super) fn mark(&self, rollout: &Rollout) -> Mark {
        let Some(records) = rollout.steps.get(self.steps.clone()) else { return Mark::Pending };
        let any = |wanted: fn(&StepStatus) -> bool| records.iter().any(|record| wanted(&record.status));
        let all = |wanted: fn(&StepStatus) -> bool| records.iter().all(|record| wanted(&record.status));
        let is_succeeded = |status: &StepStatus| matches!(status, StepStatus::Succeeded { .. });
        if any(|status| matches!(status, StepStatus::Failed { .. })) {
            Mark::Failed
        } else if any(|status| matches!(status, StepStatus::Inconclusive { .. })) {
            Mark::Inconclusive
        } else if rollout.current().is_some_and(|(index, _)| self.steps.contains(&index)) {
            Mark::Now
        } else if any(|status| matches!(status, StepStatus::Pending)) {
            Mark::Pending
        } else if all(is_succeeded) || (rollout.promoted_full.is_some() && any(is_succeeded)) {
            Mark::Succeeded
        } else {
            Mark::Skipped
        }
    }
}

impl Mark {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Mark::Pending => "pending",
            Mark::Now => "now",
            Mark::Succeeded => "succeeded",
            Mark::Failed => "failed",
            Mark::Inconclusive => "inconclusive",
            Mark::Skipped => "skipped",
        }
    }

    pub(super) fn sign(self) -> &'static str {
        match self {
            Mark::Pending => "○",
            Mark::Now => "●",
            Mark::Succeeded => "✓",
            Mark::Failed => "✕",
            Mark::Inconclusive => "?",
            Mark::Skipped => "–",
        }
    }
}

/// Where the rollout is between its checks and its end, at a glance.
#[component]
pub(super) fn Ladder(live: Live) -> impl IntoView {
    // The plan is frozen; only the way back is added, and it is no rung.
    let rungs = live.rollout.with_untracked(|rollout| {
        let mut groups = groups(rollout);
        groups.retain(|group| !matches!(group.part, Part::OldSlot | Part::WayBack));
        groups.into_iter().map(|group| (group.label(rollout), group)).collect::<Vec<_>>()
    });
    let any = !rungs.is_empty();
    let rungs = rungs.into_iter().map(|(label, group)| {
        let mark = Memo::new(move |_| live.rollout.with(|rollout| group.mark(rollout)));
        view! {
            <li
                class=move || format!("rung rung-{}", mark.get().as_str())
                aria-current=move || (mark.get() == Mark::Now).then_some("step")
            >
                <span class="sign" aria-hidden="true">{move || mark.get().sign()}</span>
                <span class="rung-label">{label}</span>
                <span class="visually-hidden">{move || mark.get().as_str()}</span>
            </li>
        }
    });
    any.then(|| view! { <ol class="ladder" aria-label="Stages">{rungs.collect_view()}</ol> })
}
