//! What it is doing, in a headline; and what it waits for.

use crate::actor::{Actor, Role};
use crate::application::OnTimeout;
use crate::clock::Timestamp;
use crate::command::AskKind;
use crate::event::Outcome;
use crate::plan::Step;
use crate::policy::{Permission, least_role};
use crate::state::{Doing, Rollout, StepStatus};

impl Rollout {
    /// The state in one line, to be understood in a second.
    pub fn headline(&self) -> String {
        if let Some(ended) = &self.ended {
            return match ended.outcome {
                // Once it is settled, another release may have taken over.
                Outcome::Succeeded => {
                    let is = if self.is_settled() { "went" } else { "is" };
                    format!("{} {is} live on {}", self.start.release, self.start.slot)
                }
                Outcome::RolledBack => format!("Rolled back: all traffic is on {}", self.old_place()),
                Outcome::Aborted if self.is_roll_back() => {
                    format!("The roll back was given up: {} keeps the traffic", self.new_place())
                }
                Outcome::Aborted => format!("Aborted: {}", self.untouched()),
                Outcome::Failed => {
                    let step = self
                        .failed_step()
                        .map_or_else(|| "Failed".to_owned(), |(_, record)| format!("{} failed", record.step));
                    format!("{}: {}", capitalised(&step), self.untouched())
                }
            };
        }
        let step = |index: usize| self.steps.get(index).map(|record| record.step);
        match self.doing() {
            Doing::Ready => "Going on".to_owned(),
            Doing::Running(index) => step(index).map_or_else(String::new, |step| self.doing_words(step)),
            Doing::Baking(index) => match step(index) {
                Some(step) => self.doing_words(step),
                None => String::new(),
            },
            Doing::AwaitingApproval => {
                let to = self.gate.as_ref().and_then(|gate| self.stage(gate.stage));
                format!("Waiting for approval: {} → {}", self.weight, to.map_or(self.weight, |stage| stage.weight))
            }
            Doing::Held => format!("Held at {}", self.weight),
            Doing::Frozen => format!("Frozen at {}", self.weight),
            Doing::Inconclusive(index) => match step(index) {
                Some(Step::Bake { .. } | Step::Monitor) => format!("Inconclusive at {}", self.weight),
                Some(Step::Shift { stage }) => {
                    let to = self.stage(stage).map_or(self.weight, |stage| stage.weight);
                    format!("Not shifted to {to}: left at {}", self.weight)
                }
                other => format!("Inconclusive: {}", other.map_or_else(String::new, |step| step.to_string())),
            },
            Doing::StepFailed(index) => {
                let step = step(index).map_or_else(String::new, |step| step.to_string());
                match self.back {
                    Some(_) => format!("The roll back is stuck: {step} failed"),
                    None => format!("Failed: {step}"),
                }
            }
            Doing::Nothing => "Nothing is left to do".to_owned(),
        }
    }

    /// What the step is about, while it runs.
    fn doing_words(&self, step: Step) -> String {
        match step {
            Step::Preflight => "Checking that everything is there".to_owned(),
            Step::Prepare => format!("Preparing {}", self.new_place()),
            Step::Migrate => format!("Migrating from {}", self.new_place()),
            Step::HealthCheck => format!("Checking the health of {}", self.new_place()),
            Step::SmokeTest => format!("Smoke-testing {}", self.new_place()),
            Step::Shift { stage } => {
                let to = self.stage(stage).map_or(self.weight, |stage| stage.weight);
                format!("Shifting {} → {} to {}", self.weight, to, self.new_place())
            }
            Step::Bake { .. } => format!("Baking at {}", self.weight),
            Step::Monitor => {
                let time = self.start.plan.monitor;
                format!("All traffic is on {}; waiting {time} before it is promoted", self.new_place())
            }
            Step::Handover => format!("Handing background services over to {}", self.new_place()),
            Step::Promote => format!("Promoting {}", self.new_place()),
            Step::KeepWarm => format!("Keeping {} warm", self.old_place()),
            Step::Drain { .. } if self.back.is_some() => {
                format!("All traffic is on {}; draining {}", self.old_place(), self.new_place())
            }
            Step::Drain { slot } => format!("Draining {slot}, which has no traffic"),
            Step::CleanUp => format!("Stopping {}", self.old_place()),
            Step::CheckOldSlot => format!("Going back: checking {}", self.old_place()),
            Step::ShiftBack => format!("Going back: all traffic to {}", self.old_place()),
            Step::MigrateDown => format!("Undoing the migration of {}", self.start.release),
            Step::StopNewSlot if !self.prepared() => "Nothing was prepared, so nothing is stopped".to_owned(),
            Step::StopNewSlot => format!("Keeping the logs of {}, then stopping it", self.new_place()),
        }
    }

    /// Where the users are, when nothing came of it.
    fn untouched(&self) -> String {
        match (&self.start.from, self.moved) {
            (None, false) => format!("{} got no traffic", self.new_place()),
            (None, true) => format!("{} is stopped; nothing answers until another is started", self.new_place()),
            (Some(_), false) => format!("{} got no traffic, {} was untouched", self.new_place(), self.old_place()),
            (Some(_), true) => format!("all traffic is on {}", self.old_place()),
        }
    }

    /// What has to happen before it goes on, and what happens by itself.
    pub fn waits_for(&self, now: Timestamp) -> String {
        if self.ended.is_some() {
            return self.after_the_end(now);
        }
        let held_next = match (&self.held, &self.frozen) {
            (_, Some(pause)) => format!(" Then it stops: {} froze it.", pause.by),
            (Some(pause), None) => format!(" Then it stops: {} held it.", pause.by),
            (None, None) => String::new(),
        };
        match self.doing() {
            Doing::Ready | Doing::Nothing => String::new(),
            Doing::Running(_) if self.draining().is_some() => format!("{}{held_next}", self.drains_until(now)),
            Doing::Running(index) => {
                let takes = match self.steps.get(index).map(|record| record.step) {
                    Some(Step::Shift { .. } | Step::ShiftBack) => self.until_it_holds(),
                    _ => String::new(),
                };
                format!("{takes}Goes on by itself when the step is done.{held_next}")
            }
            Doing::Baking(index) => {
                let left = self.steps.get(index).and_then(|record| match record.status {
                    StepStatus::Running { until, .. } => until.map(|until| until - now),
                    _ => None,
                });
                let watched = self.steps.get(index).is_some_and(|record| self.is_watched(record.step));
                match (left, watched) {
                    (None, _) => String::new(),
                    (Some(left), false) => format!("{left} left, then {}.", self.after_step(index)),
                    (Some(left), true) if left.is_zero() => {
                        let wanted = match self.steps.get(index).map(|record| record.step) {
                            Some(Step::Bake { stage }) => self.stage(stage).map_or(0, |stage| stage.min_requests),
                            _ => 0,
                        };
                        let until = match wanted {
                            0 => "its metrics are well".to_owned(),
                            wanted => format!("its metrics are well and it has had {wanted} requests"),
                        };
                        format!("Time is up. Once {until}, {}.", self.after_step(index))
                    }
                    (Some(left), true) => {
                        format!("{left} left, then {} if its metrics are well.", self.after_step(index))
                    }
                }
            }
            Doing::AwaitingApproval => self.awaited(now),
            Doing::Held => self.held.as_ref().map_or_else(String::new, |pause| {
                format!(
                    "{} held it{}. The weight stays; clocks stand still until somebody {}.",
                    who(&pause.by),
                    because(&pause.reason),
                    match (&self.drift, self.held_by_breach()) {
                        (Some(_), _) => "puts the router right and resumes it",
                        (None, Some(_)) => "goes back or resumes it",
                        (None, None) => "resumes it",
                    }
                )
            }),
            Doing::Frozen => self.frozen.as_ref().map_or_else(String::new, |pause| {
                format!("{} froze it{}. The weight stays until an admin thaws it.", pause.by, because(&pause.reason))
            }),
            Doing::Inconclusive(index) => {
                let record = self.steps.get(index);
                let reason = match record.map(|record| &record.status) {
                    Some(StepStatus::Inconclusive { reason, .. }) => reason.trim_end_matches('.'),
                    _ => "it could not be told whether all is well",
                };
                let gate = record.is_some_and(|record| matches!(record.step, Step::Bake { .. } | Step::Monitor));
                let ways = match (self.back.is_none(), self.has_traffic_to_return(), gate) {
                    (true, true, true) => "retries, goes on without a verdict, or goes back",
                    (true, true, false) => "retries or goes back",
                    (true, false, true) => "retries, goes on without a verdict, or aborts",
                    (true, false, false) => "retries or aborts",
                    (false, ..) => "retries",
                };
                format!("{}. The weight stays until somebody {ways}.", capitalised(reason))
            }
            Doing::StepFailed(index) if self.steps.get(index).is_some_and(|r| r.step == Step::MigrateDown) => {
                format!(
                    "All traffic is on {}. Look at the database; then retry, or go on without undoing the migration.",
                    self.old_place()
                )
            }
            Doing::StepFailed(_) if self.back.is_some() => {
                let stuck = match self.has_traffic_to_return() {
                    true => format!("The weight stays at {}. Mend what is wrong, then retry.", self.weight),
                    false => "Mend what is wrong, then retry.".to_owned(),
                };
                stuck + &self.way_out()
            }
            Doing::StepFailed(_) if self.has_traffic_to_return() && !self.is_unsafe_to_return() => format!(
                "It did not go back by itself: it was frozen, or led out of a way back before. {} stays until somebody \
                 retries or rolls back.",
                self.weight
            ),
            Doing::StepFailed(_) if self.has_traffic_to_return() => format!(
                "It did not go back by itself, because that is unsafe: {}. Mend what is wrong and retry, or roll back all the \
                 same.",
                self.unsafe_words()
            ),
            // Only a first release stays here once traffic may have reached it: every other went back by itself.
            Doing::StepFailed(_) if self.moved => {
                format!(
                    "{} may have traffic, and there is nothing to go back to. Mend what is wrong and retry, or abort \
                     to stop it.",
                    self.new_place()
                )
            }
            Doing::StepFailed(_) if !self.prepared() => {
                "Nothing was prepared yet. Retry the step, or abort.".to_owned()
            }
            Doing::StepFailed(_) => {
                format!("{} has no traffic. Retry the step, or abort to stop it.", self.new_place())
            }
        }
    }

    /// How long what is open may still go on, and what comes then.
    fn drains_until(&self, now: Timestamp) -> String {
        let Some(draining) = self.draining() else { return String::new() };
        let then = match (&self.back, &self.ended) {
            (Some(_), _) => format!("{} is stopped", self.new_place()),
            (None, Some(_)) => format!("{} is stopped", self.old_place()),
            (None, None) => format!("{} is prepared there", self.start.release),
        };
        match draining.until - now {
            left if left.is_zero() => format!("Time is up: {then}."),
            left => format!("Once nothing is open on {}, and in {left} at the latest, {then}.", draining.slot),
        }
    }

    /// How long a change of the weight takes, with a blank behind it; empty when it holds at once.
    pub(super) fn until_it_holds(&self) -> String {
        match self.start.plan.takes {
            takes if takes.is_zero() => String::new(),
            takes => format!("The router takes {takes} until every client follows. "),
        }
    }

    /// Why going back is unsafe, as a clause.
    pub(super) fn unsafe_words(&self) -> String {
        format!("the migration of {} took away what {} may need", self.start.release, self.old_place())
    }

    /// What a person must know before anything else, in plain words; `None` when there is nothing of the kind.
    pub fn warning(&self) -> Option<String> {
        let matters = self.is_unsafe_to_return() && self.old_slot().is_some() && !self.is_settled();
        matters.then(|| {
            format!(
                "Rolling back is unsafe: {}. Nothing goes back by itself; a release manager can, and has to say why.",
                self.unsafe_words()
            )
        })
    }

    /// What else can be done when the way back is stuck, for the old slot may be gone for good.
    fn way_out(&self) -> String {
        let (new, old) = (self.new_place(), self.old_place());
        if self.may_leave_the_way_back() {
            let role = least_role(Permission::Ask(AskKind::PromoteFull));
            return format!(" If {old} is gone for good, a {role} can promote {new} in full.");
        }
        if self.is_roll_back() && self.cannot_return() {
            return format!(" If {old} is gone for good, abort the roll back: {new} stays live.");
        }
        String::new()
    }

    /// What comes when this step is done.
    fn after_step(&self, index: usize) -> String {
        match self.steps.get(index + 1).map(|record| record.step) {
            Some(Step::Shift { stage }) if !self.cleared.contains(&stage) => match self.stage(stage) {
                Some(stage) if stage.approve.is_some() => format!("{} waits for an approval", stage.weight),
                _ => "it goes on by itself".to_owned(),
            },
            _ => "it goes on by itself".to_owned(),
        }
    }

    fn awaited(&self, now: Timestamp) -> String {
        let Some(gate) = &self.gate else { return String::new() };
        let Some(rule) = self.stage(gate.stage).and_then(|stage| stage.approve.as_ref()) else { return String::new() };
        let left = (rule.count as usize).saturating_sub(gate.approved_by.len());
        let mut words = match (left, rule.count) {
            (_, 1) if rule.role == Role::Admin => format!("An {} must approve", rule.role),
            (_, 1) => format!("A {} must approve", rule.role),
            (1, _) => format!("One more {} must approve", rule.role),
            (left, _) => format!("{left} people with the role {} must approve", rule.role),
        };
        if rule.four_eyes {
            words += &format!("; {} started it and does not count", self.started_by);
        }
        words += ".";
        if !gate.approved_by.is_empty() {
            let names: Vec<&str> = gate.approved_by.iter().map(String::as_str).collect();
            words += &format!(" Approved so far by {}.", names.join(", "));
        }
        if self.drift.is_some() {
            words += " Not before the router is put right: it is not as it was left.";
        }
        if let Some(expires) = gate.expires {
            let then = match rule.on_timeout {
                OnTimeout::Reject if self.drift.is_none() => "it counts as rejected",
                OnTimeout::Reject | OnTimeout::Hold => "it is held",
            };
            words += &format!(" In {} {then}.", expires - now);
        }
        words
    }

    fn after_the_end(&self, now: Timestamp) -> String {
        match (self.current().map(|(_, record)| record), self.warm_until()) {
            (_, Some(until)) => {
                format!("{} is kept warm for another {}, ready for a roll back.", self.old_place(), until - now)
            }
            (Some(_), None) if self.draining().is_some() => self.drains_until(now),
            (Some(record), None) => match &record.status {
                StepStatus::Failed { error, .. } => format!("{} failed: {error}", record.step),
                _ => format!("Left to do: {}.", record.step),
            },
            (None, None) => self.how_it_went_back().or_else(|| self.why_no_longer_warm()).unwrap_or_default(),
        }
    }

    /// From which weight, when, and by whom.
    fn how_it_went_back(&self) -> Option<String> {
        let back = self.back.as_ref().filter(|_| self.moved && !self.is_roll_back())?;
        let before = self.steps.get(..back.first)?;
        let reached = before.iter().rev().find_map(|record| match (record.step, &record.status) {
            (Step::Shift { stage }, StepStatus::Succeeded { .. }) => self.stage(stage).map(|stage| stage.weight),
            _ => None,
        });
        let from = reached.map_or_else(String::new, |weight| format!(" from {weight}"));
        let by = match &back.by {
            Actor::Engine => "by itself".to_owned(),
            person => format!("by {person}"),
        };
        Some(format!("It went back{from} at {} UTC, {by}.", back.at.utc_time()))
    }

    fn why_no_longer_warm(&self) -> Option<String> {
        let record = self.steps.iter().rfind(|record| record.step == Step::KeepWarm)?;
        match &record.status {
            StepStatus::Succeeded { summary, .. } if self.back.is_none() && !summary.is_empty() => {
                Some(format!("{} is not kept warm any more: {summary}.", self.old_place()))
            }
            _ => None,
        }
    }
}

/// Who did it, for people.
fn who(actor: &Actor) -> String {
    match actor {
        Actor::Engine => "Crossfade".to_owned(),
        other => other.to_string(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
